//! Signals as they came in.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tocsin_audit::Leaf;
use tocsin_domain::id::SignalId;
use tocsin_domain::outcome::Halt;
use tocsin_domain::signal::Signal;

use super::{leaves, missing, read_doc, with_doc};
use crate::scope::TenantScope;
use crate::table::{Condition, Key, ReadHome, Write, WriteError, WriteHome};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredSignal {
    pub signal: Signal,
    /// When we received it: from this instant we know.
    pub received_at: Timestamp,
    /// Where its raw bytes lie in the vault.
    pub raw: String,
}

/// Whether a finding is new to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Novelty {
    New,
    Seen,
}

/// Puts a signal once: a redelivered or updated finding is the same signal.
pub async fn put(
    ports: &impl WriteHome,
    scope: &TenantScope,
    id: SignalId,
    signal: &StoredSignal,
    leaf: &Leaf,
) -> Result<Novelty, Halt> {
    let writes = vec![
        Write::Put { key: key(scope, id), attributes: with_doc(signal)?, only_if: Condition::Absent },
        leaves::leaf(scope, leaf),
    ];
    match ports.write(writes).await {
        Ok(()) => Ok(Novelty::New),
        Err(WriteError::Refused(_)) => Ok(Novelty::Seen),
        Err(WriteError::Port(error)) => Err(error.into()),
    }
}

pub async fn get(ports: &impl ReadHome, scope: &TenantScope, id: SignalId) -> Result<StoredSignal, Halt> {
    match ports.get(&key(scope, id)).await? {
        Some(item) => read_doc(&item),
        None => Err(missing(format!("the signal {id}"))),
    }
}

fn key(scope: &TenantScope, id: SignalId) -> Key {
    scope.key(&["signals"], id.to_string())
}
