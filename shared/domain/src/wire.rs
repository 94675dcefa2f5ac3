//! The messages between functions. They carry ids, never personal data.
//!
//! Each has a version tag; a version that this build does not know is not read, but parked.
//! A sample of every version ever sent stands in `tests/fixtures/wire`: old ones are never edited.

use jiff::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::canary::CanaryId;
use crate::chunk::ChunkRef;
use crate::id::{IncidentId, SignalId, TenantId};
use crate::outcome::Parked;

/// What a queue hands to a function.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    pub body: &'a str,
    /// When it reached the queue, by the queue itself.
    pub sent_at: Timestamp,
}

/// From the intakes to `triage`: a signal stands in the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignalJob {
    pub v: Version<1>,
    pub tenant: TenantId,
    pub signal: SignalId,
}

/// To `scope`: find out who is affected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScopeJob {
    pub v: Version<2, 1>,
    pub tenant: TenantId,
    pub incident: IncidentId,
    /// The incident's scope version that this belongs to. In version 1 of the message there was one alone.
    #[serde(default = "first")]
    pub scope: u32,
    /// `None` asks for the slices to be cut; a number for that slice to be read.
    pub slice: Option<u32>,
}

/// To `plan`: everybody who is affected stands in the people tables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanJob {
    pub v: Version<2, 1>,
    pub tenant: TenantId,
    pub incident: IncidentId,
    /// The incident's scope version that was read to its end. In version 1 of the message there was one alone.
    #[serde(default = "first")]
    pub scope: u32,
}

/// From `dispatch` to a region's `send`: this chunk is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SendJob {
    pub v: Version<1>,
    pub tenant: TenantId,
    pub chunk: ChunkRef,
}

/// From `watch` to a region's `send`: this canary is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CanaryJob {
    pub v: Version<1>,
    pub canary: CanaryId,
}

/// What lies on a notices queue. The fields tell the two apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum NoticesJob {
    Chunk(SendJob),
    Canary(CanaryJob),
}

fn first() -> u32 {
    1
}

/// Reads a message of ours.
pub fn read<'a, T: Deserialize<'a>>(message: Message<'a>) -> Result<T, Parked> {
    // The text of the error may quote the body; its place in it does not.
    serde_json::from_str(message.body)
        .map_err(|error| Parked::Unreadable { detail: format!("{}{}", category(&error), place(&error)) })
}

/// Empty where a message is none of several kinds, and so wrong at no place of its own.
fn place(error: &serde_json::Error) -> String {
    match error.line() {
        0 => String::new(),
        line => format!(" at line {line} column {}", error.column()),
    }
}

fn category(error: &serde_json::Error) -> &'static str {
    match error.classify() {
        serde_json::error::Category::Io => "input broke off",
        serde_json::error::Category::Syntax => "not JSON",
        serde_json::error::Category::Data => "not a message of this queue, or of another version",
        serde_json::error::Category::Eof => "the text ends too early",
    }
}

/// A version number. It is written as `N`, and read from `OLDEST` to `N`: a field that came later has a default which
/// says what older messages meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Version<const N: u32, const OLDEST: u32 = N>;

impl<const N: u32, const OLDEST: u32> Serialize for Version<N, OLDEST> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(N)
    }
}

impl<'de, const N: u32, const OLDEST: u32> Deserialize<'de> for Version<N, OLDEST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let found = u32::deserialize(deserializer)?;
        if !(OLDEST..=N).contains(&found) {
            return Err(D::Error::custom(format_args!("version {found}, not {OLDEST} to {N}")));
        }
        Ok(Self)
    }
}
