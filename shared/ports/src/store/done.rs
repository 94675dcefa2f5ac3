//! What people say that they did for duties by other ways than notices.

use tocsin_audit::Leaf;
use tocsin_domain::id::{IncidentId, digest};
use tocsin_domain::obligation::Done;
use tocsin_domain::outcome::Halt;

use super::{all, leaves, read_doc, with_doc};
use crate::scope::TenantScope;
use crate::table::{Condition, ReadHome, Value, Write, WriteError, WriteHome};

const DONE: &str = "done#";

/// Keeps a person's word, with its leaf. The same word again changes nothing, and leaves no second leaf.
pub async fn put(
    ports: &impl WriteHome,
    scope: &TenantScope,
    incident: IncidentId,
    done: &Done,
    leaf: &Leaf,
) -> Result<(), Halt> {
    let writes = vec![write(scope, incident, done)?, leaves::leaf(scope, leaf)];
    match ports.write(writes).await {
        Ok(()) | Err(WriteError::Refused(0)) => Ok(()),
        Err(error) => Err(super::overtaken(error)),
    }
}

/// A person's word, for the transaction of what else it changes.
pub fn write(scope: &TenantScope, incident: IncidentId, done: &Done) -> Result<Write, Halt> {
    let attributes = with_doc(done)?;
    let said = digest("done", &[attributes.get("doc").and_then(Value::text).unwrap_or_default().as_bytes()]);
    let sort = format!("{DONE}{}#{}", done.obligation, hex::encode(&said[..12]));
    let key = scope.key(&[&incident.to_string()], sort);
    Ok(Write::Put { key, attributes, only_if: Condition::Absent })
}

/// Everything that was said for an incident's duties.
pub async fn list(
    ports: &impl ReadHome,
    scope: &TenantScope,
    incident: IncidentId,
) -> Result<Vec<Done>, Halt> {
    all(ports, scope.partition(&[&incident.to_string()]), DONE).await?.iter().map(read_doc).collect()
}
