//! Alerts that wait to be told. What is asked of a person is written here in the transaction that puts it on the
//! incident (`incidents::change`), so nothing is asked of nobody. `watch` tells the targets, and takes out what was told
//! to all of them.
//!
//! A target is told at least once: a crash between the telling and its note tells it again, under the same id.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tocsin_audit::Leaf;
use tocsin_domain::alert::Alert;
use tocsin_domain::outcome::Halt;

use super::{all, leaves, overtaken, read_doc, read_json, with_doc};
use crate::scope::TenantScope;
use crate::table::{Attributes, Condition, Key, ReadHome, Write, WriteHome};

/// An alert, and whom it was told already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    pub alert: Alert,
    /// By the target's name.
    pub telling: BTreeMap<String, Telling>,
}

/// How far one target is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Telling {
    pub told: bool,
    /// How often it failed.
    pub failures: u32,
    /// Not before this instant is it tried again.
    pub next: Option<Timestamp>,
}

/// An alert as a write, for the transaction of the change that it is about.
pub fn ask(scope: &TenantScope, alert: &Alert) -> Result<Write, Halt> {
    Ok(Write::Put { key: key(scope, alert), attributes: with_doc(alert)?, only_if: Condition::Absent })
}

/// Everything that waits.
pub async fn waiting(ports: &impl ReadHome, scope: &TenantScope) -> Result<Vec<Waiting>, Halt> {
    let items = all(ports, scope.partition(&["outbox"]), "").await?;
    items
        .iter()
        .map(|item| {
            let telling =
                if item.text("telling").is_some() { read_json(item, "telling")? } else { BTreeMap::new() };
            Ok(Waiting { alert: read_doc(item)?, telling })
        })
        .collect()
}

/// Keeps how far the targets are, with the leaves of those that cannot be reached.
pub async fn keep(
    ports: &impl WriteHome,
    scope: &TenantScope,
    waiting: &Waiting,
    of: &[Leaf],
) -> Result<(), Halt> {
    let mut writes = vec![Write::Update {
        key: key(scope, &waiting.alert),
        set: Attributes::from([("telling", super::doc(&waiting.telling)?)]),
        remove: Vec::new(),
        only_if: Condition::Present(Vec::new()),
    }];
    writes.extend(of.iter().map(|leaf| leaves::leaf(scope, leaf)));
    ports.write(writes).await.map_err(overtaken)
}

/// Takes out an alert that every target was told of.
pub async fn end(
    ports: &impl WriteHome,
    scope: &TenantScope,
    alert: &Alert,
    leaf: &Leaf,
) -> Result<(), Halt> {
    let writes = vec![
        Write::Delete { key: key(scope, alert), only_if: Condition::Present(Vec::new()) },
        leaves::leaf(scope, leaf),
    ];
    ports.write(writes).await.map_err(overtaken)
}

fn key(scope: &TenantScope, alert: &Alert) -> Key {
    scope.key(&["outbox"], alert.id.clone())
}
