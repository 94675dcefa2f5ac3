//! How a step ends. There is no silent fifth end.

use serde::{Deserialize, Serialize};

/// The four ends of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The work is in the store; the message may be acknowledged.
    Done,
    /// Not now: the message comes back. When, the harness decides by how often it came.
    Again { why: String },
    /// It can never succeed as it stands: parked with its reason for a person, then acknowledged.
    Park { why: Parked },
    /// It was done before.
    Skip { why: &'static str },
}

/// Why something can never succeed as it stands. The texts reach an operator: they say what to do,
/// and hold no personal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "reason", rename_all = "kebab-case")]
pub enum Parked {
    #[error("the message cannot be read: {detail}")]
    Unreadable { detail: String },
    #[error("no tenant is known for {detail}; add the route to the tenant it belongs to, then redrive")]
    UnknownTenant { detail: String },
    #[error(
        "{what} is not in the store; if it was written by a newer version, deploy that version, then redrive"
    )]
    Missing { what: String },
    #[error("the tenant's settings do not allow it: {detail}")]
    Settings { detail: String },
    #[error("the manifest cannot be used: {detail}")]
    Manifest { detail: String },
    #[error("the notice may not be sent: {detail}")]
    Notice { detail: String },
    #[error("the function failed in an unforeseen way at {place}; this is a defect of the product")]
    Defect { place: String },
}

impl Parked {
    /// One word for metrics and for the leaf.
    pub fn reason(&self) -> &'static str {
        match self {
            Parked::Unreadable { .. } => "unreadable",
            Parked::UnknownTenant { .. } => "unknown-tenant",
            Parked::Missing { .. } => "missing",
            Parked::Settings { .. } => "settings",
            Parked::Manifest { .. } => "manifest",
            Parked::Notice { .. } => "notice",
            Parked::Defect { .. } => "defect",
        }
    }
}

/// What ends a step early; `?` carries it out of the step's helpers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Halt {
    Again(String),
    Park(Parked),
}

impl From<Parked> for Halt {
    fn from(why: Parked) -> Self {
        Halt::Park(why)
    }
}

impl From<Halt> for Outcome {
    fn from(halt: Halt) -> Self {
        match halt {
            Halt::Again(why) => Outcome::Again { why },
            Halt::Park(why) => Outcome::Park { why },
        }
    }
}

/// A step's helpers answer with this; [`settle`] makes the outcome of it.
pub type Progress = Result<Outcome, Halt>;

pub fn settle(progress: Progress) -> Outcome {
    progress.unwrap_or_else(Outcome::from)
}
