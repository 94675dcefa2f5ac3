//! The files of letters, in the vault: one for those of a chunk that were handed over together; and the batches in which
//! they go to the print house.
//!
//! A file is in one batch, and a batch is written once. Whoever needs its letters again asks for it by its number.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tocsin_audit::Leaf;
use tocsin_domain::chunk::{ChunkRef, Entry};
use tocsin_domain::id::{BadId, IncidentId, digest};
use tocsin_domain::outcome::Halt;

use super::plans::not_halted;
use super::{all, leaves, missing, read_doc, with_doc};
use crate::ports::ReadVault;
use crate::scope::TenantScope;
use crate::table::{Condition, Key, ReadHome, Write, WriteError, WriteHome};

/// Who speaks of letters: the provider's id of their receipts.
pub const PRINT_HOUSE: &str = "print-house";

const BATCH: &str = "letters#";

/// The letters of a chunk that were handed over together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LetterFile {
    pub chunk: ChunkRef,
    /// See [`name`].
    pub name: String,
}

impl fmt::Display for LetterFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.chunk, self.name)
    }
}

impl FromStr for LetterFile {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        const BAD: BadId = BadId("file of letters");
        let (chunk, name) = text.rsplit_once('-').ok_or(BAD)?;
        if name.len() != 16 || !name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(BAD);
        }
        Ok(Self { chunk: chunk.parse()?, name: name.to_owned() })
    }
}

impl Serialize for LetterFile {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for LetterFile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The name of the file with the letters of these places.
pub fn name(places: &[String]) -> String {
    hex::encode(&digest("letters", &[places.join(",").as_bytes()])[..8])
}

/// Where it lies.
pub fn key(scope: &TenantScope, file: &LetterFile) -> String {
    scope.vault_key(&["letters", &file.chunk.incident.to_string(), &format!("{file}.jsonl")])
}

/// By which the print house and the post name a letter: its incident, plan, wave, chunk and place.
pub fn reference(chunk: &ChunkRef, index: usize) -> String {
    format!("{chunk}-{index}")
}

/// The letter that a reference names.
pub fn letter_of(reference: &str) -> Option<(ChunkRef, u32)> {
    let (chunk, index) = reference.rsplit_once('-')?;
    let (chunk, index): (ChunkRef, u32) = (chunk.parse().ok()?, index.parse().ok()?);
    (self::reference(&chunk, index as usize) == reference).then_some((chunk, index))
}

/// The file that an entry of a chunk of letters says that its letter lies in.
pub fn name_in(entry: &Entry) -> Option<&str> {
    match entry {
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
        | Entry::Vouched
        | Entry::FoundUnsent => None,
    }
}

/// How many letters each file of a chunk holds.
pub fn files(chunk: ChunkRef, entries: &[Entry]) -> BTreeMap<LetterFile, u64> {
    let mut files: BTreeMap<LetterFile, u64> = BTreeMap::new();
    for name in entries.iter().filter_map(name_in) {
        *files.entry(LetterFile { chunk, name: name.to_owned() }).or_default() += 1;
    }
    files
}

/// The letters of a file, one a line.
pub async fn read(ports: &impl ReadVault, scope: &TenantScope, file: &LetterFile) -> Result<Vec<u8>, Halt> {
    let key = key(scope, file);
    let gone = || missing(format!("the file of letters {file}"));
    let found = ports.look(&key).await?.ok_or_else(gone)?;
    ports.range(&key, &found.tag, 0, found.size).await?.ok_or_else(gone)
}

/// What went to the print house at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// From 1 within an incident.
    pub number: u32,
    pub at: Timestamp,
    /// The principal who took it out.
    pub by: String,
    pub letters: u64,
    pub files: BTreeSet<LetterFile>,
}

/// How a write about an export ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exported {
    Written,
    /// The incident is held or cancelled: its letters stay where they are.
    Halted,
    /// Somebody else made the batch of this number.
    Overtaken,
}

/// Puts a batch with its leaf. The condition checks that nobody halted the incident, as a claim's does.
pub async fn put(
    ports: &impl WriteHome,
    scope: &TenantScope,
    incident: IncidentId,
    batch: &Batch,
    leaf: &Leaf,
) -> Result<Exported, Halt> {
    let put = Write::Put {
        key: batch_key(scope, incident, batch.number),
        attributes: with_doc(batch)?,
        only_if: Condition::Absent,
    };
    export(ports, scope, incident, vec![put], leaf).await
}

/// Records that a batch is taken out once more, under the same condition.
pub async fn take_again(
    ports: &impl WriteHome,
    scope: &TenantScope,
    incident: IncidentId,
    leaf: &Leaf,
) -> Result<Exported, Halt> {
    export(ports, scope, incident, Vec::new(), leaf).await
}

async fn export(
    ports: &impl WriteHome,
    scope: &TenantScope,
    incident: IncidentId,
    put: Vec<Write>,
    leaf: &Leaf,
) -> Result<Exported, Halt> {
    let mut writes = vec![not_halted(scope, incident)];
    writes.extend(put);
    writes.push(leaves::leaf(scope, leaf));
    match ports.write(writes).await {
        Ok(()) => Ok(Exported::Written),
        Err(WriteError::Refused(0)) => Ok(Exported::Halted),
        Err(WriteError::Refused(_)) => Ok(Exported::Overtaken),
        Err(WriteError::Port(error)) => Err(error.into()),
    }
}

/// Every batch of an incident, in order.
pub async fn batches(
    ports: &impl ReadHome,
    scope: &TenantScope,
    incident: IncidentId,
) -> Result<Vec<Batch>, Halt> {
    all(ports, scope.partition(&[&incident.to_string()]), BATCH).await?.iter().map(read_doc).collect()
}

pub async fn batch(
    ports: &impl ReadHome,
    scope: &TenantScope,
    incident: IncidentId,
    number: u32,
) -> Result<Option<Batch>, Halt> {
    ports.get(&batch_key(scope, incident, number)).await?.as_ref().map(read_doc).transpose()
}

fn batch_key(scope: &TenantScope, incident: IncidentId, number: u32) -> Key {
    scope.key(&[&incident.to_string()], format!("{BATCH}{number:06}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHUNK: &str = "0123456789abcdef0123456789abcdef-1-2-30";

    #[test]
    fn a_reference_names_one_letter_and_nothing_else_is_one() {
        let chunk: ChunkRef = CHUNK.parse().unwrap();
        assert_eq!(letter_of(&reference(&chunk, 49)), Some((chunk, 49)));
        for bad in [CHUNK, "", "SHOP-ABCD", &format!("{CHUNK}-049"), &format!("{CHUNK}--1")] {
            assert_eq!(letter_of(bad), None, "{bad}");
        }
    }

    #[test]
    fn files_read_back_what_they_print() {
        let file = LetterFile { chunk: CHUNK.parse().unwrap(), name: name(&["0".to_owned()]) };
        assert_eq!(file.to_string().parse(), Ok(file));
        for bad in [CHUNK, "", &format!("{CHUNK}-..%2F"), &format!("{CHUNK}-0123456789ABCDEF")] {
            assert!(bad.parse::<LetterFile>().is_err(), "{bad}");
        }
    }
}
