//! The slices of a scope: byte ranges of manifests, each read by one message.

use serde::{Deserialize, Serialize};
use tocsin_domain::incident::RosterRef;
use tocsin_domain::outcome::Halt;

use super::{all, doc, missing, overtaken, read_doc};
use crate::ports::PortError;
use crate::scope::TenantScope;
use crate::table::{Attributes, Condition, Item, Key, ReadHome, Write, WriteError, WriteHome};

/// Whole lines of a dataset's manifest: the bytes from `from` up to but not including `to`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slice {
    pub number: u32,
    pub dataset: String,
    pub from: u64,
    pub to: u64,
    /// The line number at `from`, counted from 1.
    pub first_line: u64,
    /// Of the very file that was cut: of another one no byte is read.
    pub tag: String,
    /// What it held; `None` until it was read to its end.
    pub counted: Option<SliceCount>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SliceCount {
    pub rows: u64,
    pub rejected: u64,
    pub reject_file: Option<String>,
}

/// Puts newly cut slices, in order. Cut again after a crash they come out the same; those that were read already stay.
/// `false` when a slice stands there that was cut from another file: then none is put, for what was read of the old file
/// would stand beside the rest of the new one.
pub async fn cut(
    ports: &(impl ReadHome + WriteHome),
    scope: &TenantScope,
    roster: RosterRef,
    slices: &[Slice],
) -> Result<bool, Halt> {
    for slice in slices {
        let write = Write::Put {
            key: key(scope, roster, slice.number),
            attributes: Attributes::from([("doc", doc(slice)?)]),
            only_if: Condition::Absent,
        };
        match ports.write(vec![write]).await {
            Ok(()) => {}
            Err(WriteError::Refused(_))
                if get(ports, scope, roster, slice.number).await?.tag == slice.tag => {}
            Err(WriteError::Refused(_)) => return Ok(false),
            Err(WriteError::Port(error)) => return Err(error.into()),
        }
    }
    Ok(true)
}

pub async fn get(
    ports: &impl ReadHome,
    scope: &TenantScope,
    roster: RosterRef,
    number: u32,
) -> Result<Slice, Halt> {
    match ports.get(&key(scope, roster, number)).await? {
        Some(item) => read_doc(&item),
        None => Err(missing(format!("slice {number} of the roster {roster}"))),
    }
}

/// Marks a slice as read to its end.
pub async fn finish(
    ports: &impl WriteHome,
    scope: &TenantScope,
    roster: RosterRef,
    slice: &Slice,
) -> Result<(), Halt> {
    let write = Write::Put {
        key: key(scope, roster, slice.number),
        attributes: Attributes::from([("doc", doc(slice)?)]),
        only_if: Condition::Present(Vec::new()),
    };
    ports.write(vec![write]).await.map_err(overtaken)
}

pub async fn list(ports: &impl ReadHome, scope: &TenantScope, roster: RosterRef) -> Result<Vec<Slice>, Halt> {
    let items: Result<Vec<Item>, PortError> =
        all(ports, scope.partition(&[&roster.incident.to_string()]), &prefix(roster)).await;
    items?.iter().map(read_doc).collect()
}

/// Whether these are all slices of the datasets, each read to its end.
pub fn are_read(slices: &[Slice], datasets: &[String]) -> bool {
    let is_cut = |dataset: &String| slices.iter().any(|slice| slice.dataset == *dataset);
    slices.iter().all(|slice| slice.counted.is_some()) && datasets.iter().all(is_cut)
}

fn prefix(roster: RosterRef) -> String {
    format!("slice#{:04}-", roster.scope)
}

fn key(scope: &TenantScope, roster: RosterRef, number: u32) -> Key {
    scope.key(&[&roster.incident.to_string()], format!("{}{number:08}", prefix(roster)))
}
