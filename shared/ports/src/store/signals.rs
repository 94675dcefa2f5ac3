//! Signals as they came in.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tocsin_audit::{Action, Actor, Leaf};
use tocsin_domain::id::{SignalId, digest};
use tocsin_domain::outcome::Halt;
use tocsin_domain::signal::Signal;

use super::{leaves, missing, overtaken, read_doc, unreadable, with_doc};
use crate::jobs;
use crate::ports::{Enqueue, WriteVault};
use crate::scope::TenantScope;
use crate::table::{Attributes, Condition, Key, ReadHome, Test, Value, Write, WriteError, WriteHome};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredSignal {
    pub signal: Signal,
    /// When we received it first: from this instant we know.
    pub received_at: Timestamp,
    /// The folder of the vault that holds its raw bytes, a file for each form in which it came.
    pub raw: String,
}

/// Something that came in, and what it says.
#[derive(Debug, Clone, Copy)]
pub struct Arrival<'a> {
    pub signal: &'a Signal,
    pub body: &'a [u8],
    /// In whose part of the vault the body is kept: a body that speaks of several tenants is none's own.
    pub keeper: &'a TenantScope,
    pub received_at: Timestamp,
    /// The function that took it in, and by which way it came.
    pub by: &'static str,
    pub way: &'static str,
}

/// Keeps the raw bytes, then the signal with its leaf, then tells `triage`.
///
/// A finding has one signal, however often it comes and is updated. `triage` is told each time: the message before
/// this one may have died on its way.
pub async fn take_in(
    ports: &(impl ReadHome + WriteHome + WriteVault + Enqueue),
    scope: &TenantScope,
    arrival: Arrival<'_>,
    now: Timestamp,
) -> Result<(), Halt> {
    let Arrival { signal, body, keeper, received_at, by, way } = arrival;
    let id = SignalId::of(scope.tenant(), &signal.source, &signal.external_id);
    let raw = keeper.vault_key(&["signals", &id.to_string()]);
    let file = format!("{raw}/{}", hex::encode(digest("body", &[body])));
    ports.put_file(&file, body.to_vec()).await?;
    let stored = StoredSignal { signal: signal.clone(), received_at, raw };
    let leaf = |action| {
        let subject = [("signal", id.to_string()), ("source", signal.source.clone())];
        Leaf::new(scope.tenant(), None, now, Actor::Function(by.to_owned()), action, way, subject)
    };
    if !put(ports, scope, id, &stored, &leaf(Action::SignalReceived)).await? {
        update(ports, scope, id, signal, &leaf(Action::SignalUpdated)).await?;
    }
    jobs::triage(ports, scope, id).await
}

/// Puts a new signal. `false` when it is there already.
async fn put(
    ports: &impl WriteHome,
    scope: &TenantScope,
    id: SignalId,
    signal: &StoredSignal,
    leaf: &Leaf,
) -> Result<bool, Halt> {
    let writes = vec![
        Write::Put { key: key(scope, id), attributes: attributes(signal, 1)?, only_if: Condition::Absent },
        leaves::leaf(scope, leaf),
    ];
    match ports.write(writes).await {
        Ok(()) => Ok(true),
        Err(WriteError::Refused(_)) => Ok(false),
        Err(WriteError::Port(error)) => Err(error.into()),
    }
}

/// Changes the signal where the newer form of it says more.
async fn update(
    ports: &(impl ReadHome + WriteHome),
    scope: &TenantScope,
    id: SignalId,
    newer: &Signal,
    leaf: &Leaf,
) -> Result<(), Halt> {
    let item = ports.get(&key(scope, id)).await?.ok_or_else(|| missing(format!("the signal {id}")))?;
    let version = item.number("version").ok_or_else(|| unreadable(&item))?;
    let was: StoredSignal = read_doc(&item)?;
    let signal = was.signal.updated_by(newer);
    if signal == was.signal {
        return Ok(());
    }
    let writes = vec![
        Write::Put {
            key: key(scope, id),
            attributes: attributes(&StoredSignal { signal, ..was }, version + 1)?,
            only_if: Condition::Present(vec![Test::Is("version", version.into())]),
        },
        leaves::leaf(scope, leaf),
    ];
    ports.write(writes).await.map_err(overtaken)
}

pub async fn get(ports: &impl ReadHome, scope: &TenantScope, id: SignalId) -> Result<StoredSignal, Halt> {
    match ports.get(&key(scope, id)).await? {
        Some(item) => read_doc(&item),
        None => Err(missing(format!("the signal {id}"))),
    }
}

fn attributes(signal: &StoredSignal, version: i64) -> Result<Attributes, Halt> {
    let mut attributes = with_doc(signal)?;
    attributes.insert("version", Value::Number(version));
    Ok(attributes)
}

fn key(scope: &TenantScope, id: SignalId) -> Key {
    scope.key(&["signals"], id.to_string())
}
