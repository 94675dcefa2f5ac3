//! Notices of which a report says that they did not arrive: somebody has to see whether another channel is left. Written
//! by whoever hears of it, looked at and removed by `watch`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use tocsin_domain::chunk::ChunkRef;
use tocsin_domain::outcome::Halt;

use super::plans::{wake_partition, waking};
use crate::scope::TenantScope;
use crate::table::{Item, Key, ReadHome, WriteHome};

const UNREACHED: &str = "unreached#";

/// By chunk, the places of its notices.
pub type Unreached = BTreeMap<ChunkRef, Vec<u32>>;

/// Remembers notices, whosever they are, each from the instant of its report on. The same notice again is the same item.
pub async fn put(
    ports: &impl WriteHome,
    found: impl Iterator<Item = (&TenantScope, ChunkRef, u32, Timestamp)>,
) -> Result<(), Halt> {
    let items: Vec<Item> = found
        .map(|(scope, chunk, index, at)| Item {
            key: key(scope, &chunk, index),
            attributes: waking(scope, at),
        })
        .collect();
    if items.is_empty() {
        return Ok(());
    }
    Ok(ports.put_all(items).await?)
}

pub async fn to_look_at(
    ports: &impl ReadHome,
    scope: &TenantScope,
    now: Timestamp,
) -> Result<Unreached, Halt> {
    let mut unreached = Unreached::new();
    for woken in ports.woken(&wake_partition(scope), now, super::WOKEN).await? {
        if let Some((chunk, index)) = notice_of(&woken.key) {
            unreached.entry(chunk).or_default().push(index);
        }
    }
    Ok(unreached)
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
