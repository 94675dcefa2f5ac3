//! The files of letters, in the vault: one for those of a chunk that were handed over together.

use std::collections::BTreeSet;

use tocsin_domain::chunk::{ChunkRef, Entry};
use tocsin_domain::id::digest;
use tocsin_domain::outcome::Halt;

use super::missing;
use crate::ports::ReadVault;
use crate::scope::TenantScope;

/// Who speaks of letters: the provider's id of their receipts.
pub const PRINT_HOUSE: &str = "print-house";

/// The name of the file with the letters of these places.
pub fn name(places: &[String]) -> String {
    hex::encode(&digest("letters", &[places.join(",").as_bytes()])[..8])
}

/// Where it lies.
pub fn file(scope: &TenantScope, chunk: &ChunkRef, name: &str) -> String {
    scope.vault_key(&["letters", &chunk.incident.to_string(), &format!("{chunk}-{name}.jsonl")])
}

/// All letters of a chunk that were handed over, one a line.
pub async fn read(
    ports: &impl ReadVault,
    scope: &TenantScope,
    chunk: &ChunkRef,
    entries: &[Entry],
) -> Result<Vec<u8>, Halt> {
    let names = entries.iter().filter_map(|entry| match entry {
        // Its posting ended a doubt about it: it is in the post, and its file is not needed any more.
        Entry::Accepted(name) if name == PRINT_HOUSE => None,
        Entry::Accepted(name) => Some(name),
        Entry::Waiting
        | Entry::StandsBy
        | Entry::Throttled(_)
        | Entry::Refused(_)
        | Entry::Withheld(_)
        | Entry::InDoubt
        | Entry::Repeat
        | Entry::Vouched => None,
    });
    let mut letters = Vec::new();
    for name in names.collect::<BTreeSet<&String>>() {
        let key = file(scope, chunk, name);
        let gone = || missing(format!("a file of letters of {chunk}"));
        let file = ports.look(&key).await?.ok_or_else(gone)?;
        letters.extend(ports.range(&key, &file.tag, 0, file.size).await?.ok_or_else(gone)?);
    }
    Ok(letters)
}
