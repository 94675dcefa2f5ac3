//! Notices of which a report says that they did not arrive: somebody has to see whether another channel is left. Written
//! by whoever hears of it, looked at and removed by `watch`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use tocsin_domain::chunk::ChunkRef;
use tocsin_domain::outcome::Halt;

use super::wake::{self, Kind, waking};
use crate::scope::TenantScope;
use crate::table::{Condition, Item, Key, ReadHome, Write, WriteError, WriteHome};

const UNREACHED: &str = "unreached#";

/// How many writes go in one transaction.
const AT_ONCE: usize = 100;

/// A chunk with the places of its notices that did not arrive.
pub type Unreached = (ChunkRef, Vec<u32>);

/// Remembers notices, whosever they are, each from the instant of its report on. The same notice again is the same item.
pub async fn put(
    ports: &impl WriteHome,
    found: impl Iterator<Item = (&TenantScope, ChunkRef, u32, Timestamp)>,
) -> Result<(), Halt> {
    let items: Vec<Item> = found
        .map(|(scope, chunk, index, at)| Item {
            key: key(scope, &chunk, index),
            attributes: waking(scope, Kind::Unreached, at),
        })
        .collect();
    if items.is_empty() {
        return Ok(());
    }
    Ok(ports.put_all(items).await?)
}

/// Chunk by chunk, whichever has waited longest first.
pub async fn to_look_at(
    ports: &impl ReadHome,
    scope: &TenantScope,
    now: Timestamp,
) -> Result<Vec<Unreached>, Halt> {
    let mut by_chunk: BTreeMap<ChunkRef, (Timestamp, Vec<u32>)> = BTreeMap::new();
    for woken in wake::woken(ports, scope, Kind::Unreached, now).await? {
        if let Some((chunk, index)) = notice_of(&woken.key) {
            by_chunk.entry(chunk).or_insert((woken.wake, Vec::new())).1.push(index);
        }
    }
    let mut unreached: Vec<(ChunkRef, (Timestamp, Vec<u32>))> = by_chunk.into_iter().collect();
    unreached.sort_by_key(|(_, (since, _))| *since);
    Ok(unreached.into_iter().map(|(chunk, (_, indices))| (chunk, indices)).collect())
}

/// They were looked at and still wait: at the next looks they come behind those that were not looked at since. What was
/// seen to meanwhile stays away.
pub async fn put_off(
    ports: &impl WriteHome,
    scope: &TenantScope,
    chunk: &ChunkRef,
    indices: &[u32],
    until: Timestamp,
) -> Result<(), Halt> {
    for some in indices.chunks(AT_ONCE) {
        let write = |index: &u32| Write::Update {
            key: key(scope, chunk, *index),
            set: waking(scope, Kind::Unreached, until),
            remove: Vec::new(),
            only_if: Condition::Present(Vec::new()),
        };
        match ports.write(some.iter().map(write).collect()).await {
            Ok(()) | Err(WriteError::Refused(_)) => {}
            Err(WriteError::Port(error)) => return Err(error.into()),
        }
    }
    Ok(())
}

/// They were seen to.
pub async fn remove(
    ports: &impl WriteHome,
    scope: &TenantScope,
    chunk: &ChunkRef,
    indices: &[u32],
) -> Result<(), Halt> {
    Ok(ports.delete_all(indices.iter().map(|index| key(scope, chunk, *index)).collect()).await?)
}

fn key(scope: &TenantScope, chunk: &ChunkRef, index: u32) -> Key {
    scope.key(&[&chunk.incident.to_string()], format!("{UNREACHED}{chunk}#{index}"))
}

fn notice_of(key: &Key) -> Option<(ChunkRef, u32)> {
    let (chunk, index) = key.sort().strip_prefix(UNREACHED)?.split_once('#')?;
    Some((chunk.parse().ok()?, index.parse().ok()?))
}
