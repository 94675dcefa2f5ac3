//! Which versions of rules counsel has confirmed, for a tenant. A confirmation is never changed and never taken back.

use std::collections::BTreeSet;

use tocsin_audit::Leaf;
use tocsin_domain::obligation::{Confirmation, RuleVersion};
use tocsin_domain::outcome::Halt;

use super::{all, leaves, overtaken, read_doc, with_doc};
use crate::scope::TenantScope;
use crate::table::{Condition, ReadHome, Write, WriteHome};

/// A transaction takes 100 writes, and each confirmation is two.
const AT_ONCE: usize = 50;

/// Keeps confirmations, each with its leaf. Of a rule that was confirmed before the first word stays, and nothing is
/// written. Many are written one part after the other: whoever is interrupted asks again.
pub async fn put(
    ports: &(impl ReadHome + WriteHome),
    scope: &TenantScope,
    confirmations: &[(Confirmation, Leaf)],
) -> Result<(), Halt> {
    let known = rules(ports, scope).await?;
    let new: Vec<_> = confirmations.iter().filter(|(word, _)| !known.contains(&word.rule)).collect();
    for some in new.chunks(AT_ONCE) {
        let mut writes = Vec::new();
        for (word, leaf) in some {
            let key = scope.key(&["law"], word.rule.to_string());
            writes.push(Write::Put { key, attributes: with_doc(word)?, only_if: Condition::Absent });
            writes.push(leaves::leaf(scope, leaf));
        }
        ports.write(writes).await.map_err(overtaken)?;
    }
    Ok(())
}

/// All that was confirmed for the tenant, by rule.
pub async fn list(ports: &impl ReadHome, scope: &TenantScope) -> Result<Vec<Confirmation>, Halt> {
    all(ports, scope.partition(&["law"]), "").await?.iter().map(read_doc).collect()
}

pub async fn rules(ports: &impl ReadHome, scope: &TenantScope) -> Result<BTreeSet<RuleVersion>, Halt> {
    Ok(list(ports, scope).await?.into_iter().map(|word| word.rule).collect())
}
