//! Incidents. A change names the version it started from; whoever was overtaken looks again.

use jiff::Timestamp;
use tocsin_audit::Leaf;
use tocsin_domain::alert::Alert;
use tocsin_domain::id::IncidentId;
use tocsin_domain::incident::Incident;
use tocsin_domain::outcome::Halt;

use super::wake::{self, Kind, waking};
use super::{all, doc, leaves, missing, outbox, overtaken, read_doc, unreadable};
use crate::scope::TenantScope;
use crate::table::{Attributes, Condition, Item, Key, ReadHome, Test, Value, Write, WriteHome};

const OPENED: &str = "opened";

/// An incident and the version of its record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned {
    pub incident: Incident,
    /// Whether `watch` looks at it at each tick. From its opening on, until it is over; and again after each change.
    pub is_watched: bool,
    version: i64,
}

/// A tenant's incidents as somebody read them who may open another.
#[derive(Debug, Clone)]
pub struct Listed {
    pub incidents: Vec<Incident>,
    /// How many were opened before they were read.
    opened: i64,
}

/// Reads the incidents before deciding whether to open one. Two that decide at once cannot both open.
pub async fn list_to_open(ports: &impl ReadHome, scope: &TenantScope) -> Result<Listed, Halt> {
    let opened = match ports.get(&door(scope)).await? {
        Some(item) => item.number(OPENED).ok_or_else(|| unreadable(&item))?,
        None => 0,
    };
    Ok(Listed { incidents: list(ports, scope).await?, opened })
}

/// Puts a new incident. When another was opened since `listed` was read, nothing is written: look again, decide again.
pub async fn open(
    ports: &impl WriteHome,
    scope: &TenantScope,
    listed: &Listed,
    incident: &Incident,
    leaf: &Leaf,
) -> Result<(), Halt> {
    let as_read = vec![Test::Is(OPENED, listed.opened.into())];
    let writes = vec![
        Write::Put {
            key: key(scope, incident.id),
            attributes: attributes(scope, incident, 1)?,
            only_if: Condition::Absent,
        },
        Write::Update {
            key: door(scope),
            set: Attributes::from([(OPENED, Value::Number(listed.opened + 1))]),
            remove: Vec::new(),
            only_if: if listed.opened == 0 { Condition::Absent } else { Condition::Present(as_read) },
        },
        leaves::leaf(scope, leaf),
    ];
    ports.write(writes).await.map_err(overtaken)
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

/// The incidents that are watched, oldest first. One that was opened a moment ago may not be among them yet.
pub async fn watched(
    ports: &impl ReadHome,
    scope: &TenantScope,
    now: Timestamp,
) -> Result<Vec<Incident>, Halt> {
    let mut watched = Vec::new();
    for woken in wake::woken(ports, scope, Kind::Incidents, now).await? {
        let item = ports.get(&woken.key).await?;
        let known = item.as_ref().map(versioned).transpose()?;
        watched.extend(known.filter(|known| known.is_watched).map(|known| known.incident));
    }
    Ok(watched)
}

/// Nothing is left to watch of an incident: `watch` looks at it no more until it changes, or is taken up.
pub async fn end(
    ports: &impl WriteHome,
    scope: &TenantScope,
    was: &Versioned,
    leaf: &Leaf,
) -> Result<(), Halt> {
    mark(ports, scope, was, Attributes::new(), wake::ATTRIBUTES.to_vec(), leaf).await
}

/// Has an incident watched again: something happened to one that was over. Of one that is watched nothing is written.
pub async fn take_up(
    ports: &impl WriteHome,
    scope: &TenantScope,
    was: &Versioned,
    leaf: &Leaf,
) -> Result<(), Halt> {
    if was.is_watched {
        return Ok(());
    }
    let set = waking(scope, Kind::Incidents, was.incident.opened_at);
    mark(ports, scope, was, set, Vec::new(), leaf).await
}

async fn mark(
    ports: &impl WriteHome,
    scope: &TenantScope,
    was: &Versioned,
    mut set: Attributes,
    remove: Vec<&'static str>,
    leaf: &Leaf,
) -> Result<(), Halt> {
    set.insert("version", Value::Number(was.version + 1));
    let only_if = Condition::Present(vec![Test::Is("version", was.version.into())]);
    let update = Write::Update { key: key(scope, was.incident.id), set, remove, only_if };
    ports.write(vec![update, leaves::leaf(scope, leaf)]).await.map_err(overtaken)
}

/// Writes the changed incident, the leaves of the change, the alert of what it newly asks of people, and what else
/// belongs to it, in one transaction.
pub async fn change(
    ports: &impl WriteHome,
    scope: &TenantScope,
    was: &Versioned,
    now_is: &Incident,
    leaves: &[Leaf],
    mut with: Vec<Write>,
) -> Result<(), Halt> {
    with.push(changed(scope, was, now_is)?);
    with.extend(alert(scope, was, now_is).map(|alert| outbox::ask(scope, &alert)).transpose()?);
    with.extend(leaves.iter().map(|leaf| leaves::leaf(scope, leaf)));
    ports.write(with).await.map_err(overtaken)
}

/// How often a change of a few words is tried when somebody else is faster.
const TRIES: u32 = 5;

/// Changes an incident as `change` says, looking again when somebody else was faster. What changes nothing is not
/// written, and leaves no leaf.
pub async fn amend(
    ports: &(impl ReadHome + WriteHome),
    scope: &TenantScope,
    id: IncidentId,
    change: impl Fn(&mut Incident),
    leaves: &[Leaf],
) -> Result<(), Halt> {
    let mut last = Ok(());
    for _ in 0..TRIES {
        let was = get(ports, scope, id).await?;
        let mut incident = was.incident.clone();
        change(&mut incident);
        if incident == was.incident {
            return Ok(());
        }
        last = self::change(ports, scope, &was, &incident, leaves, Vec::new()).await;
        if last.is_ok() {
            return Ok(());
        }
    }
    last
}

/// Puts a task for a person on an incident, once.
pub async fn ask(
    ports: &(impl ReadHome + WriteHome),
    scope: &TenantScope,
    id: IncidentId,
    task: String,
    leaves: &[Leaf],
) -> Result<(), Halt> {
    amend(ports, scope, id, |incident| incident.ask(task.clone()), leaves).await
}

/// What the incident asks of people that it did not ask before.
fn alert(scope: &TenantScope, was: &Versioned, now_is: &Incident) -> Option<Alert> {
    let known = &was.incident.attention;
    let tasks: Vec<String> = now_is.attention.iter().filter(|task| !known.contains(task)).cloned().collect();
    let id = format!("{}-{:010}", now_is.id, was.version + 1);
    (!tasks.is_empty()).then(|| Alert { id, tenant: scope.tenant().clone(), incident: now_is.id, tasks })
}

fn changed(scope: &TenantScope, was: &Versioned, now_is: &Incident) -> Result<Write, Halt> {
    Ok(Write::Put {
        key: key(scope, now_is.id),
        attributes: attributes(scope, now_is, was.version + 1)?,
        only_if: Condition::Present(vec![Test::Is("version", was.version.into())]),
    })
}

/// Whatever is written of an incident has it watched.
fn attributes(scope: &TenantScope, incident: &Incident, version: i64) -> Result<Attributes, Halt> {
    let mut attributes = waking(scope, Kind::Incidents, incident.opened_at);
    attributes.insert("doc", doc(incident)?);
    attributes.insert("version", Value::Number(version));
    Ok(attributes)
}

fn versioned(item: &Item) -> Result<Versioned, Halt> {
    let version = item.number("version").ok_or_else(|| unreadable(item))?;
    let is_watched = wake::ATTRIBUTES.iter().all(|name| item.text(name).is_some());
    Ok(Versioned { incident: read_doc(item)?, is_watched, version })
}

/// How many incidents the tenant ever had: who opens one counts on, so that of two at once one looks again.
fn door(scope: &TenantScope) -> Key {
    scope.key(&[], "incidents")
}

fn key(scope: &TenantScope, id: IncidentId) -> Key {
    scope.key(&["incidents"], id.to_string())
}
