//! The files of letters: one a chunk, in the vault.

use tocsin_domain::chunk::ChunkRef;
use tocsin_domain::outcome::Halt;

use super::missing;
use crate::ports::ReadVault;
use crate::scope::TenantScope;

/// Where a chunk's letters lie, one a line.
pub fn file(scope: &TenantScope, chunk: &ChunkRef) -> String {
    scope.vault_key(&["letters", &chunk.incident.to_string(), &format!("{chunk}.jsonl")])
}

/// The letters of a chunk.
pub async fn read(ports: &impl ReadVault, scope: &TenantScope, chunk: &ChunkRef) -> Result<Vec<u8>, Halt> {
    let key = file(scope, chunk);
    let gone = || missing(format!("the letters of {chunk}"));
    let file = ports.look(&key).await?.ok_or_else(gone)?;
    ports.range(&key, &file.tag, 0, file.size).await?.ok_or_else(gone)
}
