//! Incidents. A change names the version it started from; whoever was overtaken looks again.

use tocsin_audit::Leaf;
use tocsin_domain::id::IncidentId;
use tocsin_domain::incident::Incident;
use tocsin_domain::outcome::Halt;

use super::{all, doc, leaves, missing, overtaken, read_doc, unreadable};
use crate::scope::TenantScope;
use crate::table::{Attributes, Condition, Item, Key, ReadHome, Test, Value, Write, WriteError, WriteHome};

/// An incident and the version of its record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned {
    pub incident: Incident,
    version: i64,
}

/// Puts a new incident. `false` when it is there already.
pub async fn open(
    ports: &impl WriteHome,
    scope: &TenantScope,
    incident: &Incident,
    leaf: &Leaf,
) -> Result<bool, Halt> {
    let writes = vec![
        Write::Put {
            key: key(scope, incident.id),
            attributes: attributes(incident, 1)?,
            only_if: Condition::Absent,
        },
        leaves::leaf(scope, leaf),
    ];
    match ports.write(writes).await {
        Ok(()) => Ok(true),
        Err(WriteError::Refused(_)) => Ok(false),
        Err(WriteError::Port(error)) => Err(error.into()),
    }
}

pub async fn get(ports: &impl ReadHome, scope: &TenantScope, id: IncidentId) -> Result<Versioned, Halt> {
    match ports.get(&key(scope, id)).await? {
        Some(item) => versioned(&item),
        None => Err(missing(format!("the incident {id}"))),
    }
}

pub async fn list(ports: &impl ReadHome, scope: &TenantScope) -> Result<Vec<Incident>, Halt> {
    let items = all(ports, scope.partition(&["incidents"]), "").await?;
    let mut incidents = items.iter().map(read_doc).collect::<Result<Vec<Incident>, Halt>>()?;
    incidents.sort_by_key(|incident| (incident.opened_at, incident.id));
    Ok(incidents)
}

/// Writes the changed incident, the leaves of the change, and what else belongs to it, in one transaction.
pub async fn change(
    ports: &impl WriteHome,
    scope: &TenantScope,
    was: &Versioned,
    now_is: &Incident,
    leaves: &[Leaf],
    mut with: Vec<Write>,
) -> Result<(), Halt> {
    with.push(changed(scope, was, now_is)?);
    with.extend(leaves.iter().map(|leaf| leaves::leaf(scope, leaf)));
    ports.write(with).await.map_err(overtaken)
}

fn changed(scope: &TenantScope, was: &Versioned, now_is: &Incident) -> Result<Write, Halt> {
    Ok(Write::Put {
        key: key(scope, now_is.id),
        attributes: attributes(now_is, was.version + 1)?,
        only_if: Condition::Present(vec![Test::Is("version", was.version.into())]),
    })
}

fn attributes(incident: &Incident, version: i64) -> Result<Attributes, Halt> {
    Ok(Attributes::from([("doc".to_owned(), doc(incident)?), ("version".to_owned(), Value::Number(version))]))
}

fn versioned(item: &Item) -> Result<Versioned, Halt> {
    let version = item.number("version").ok_or_else(|| unreadable(item))?;
    Ok(Versioned { incident: read_doc(item)?, version })
}

fn key(scope: &TenantScope, id: IncidentId) -> Key {
    scope.key(&["incidents"], id.to_string())
}
