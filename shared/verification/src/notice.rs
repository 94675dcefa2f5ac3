//! What is published of notices.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tocsin_domain::plan::{Channel, Phase};

/// Who sends the notices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issuer {
    /// The legal entity that owes them.
    pub name: String,
    /// The one host that its notices lead to.
    pub host: String,
    /// The page on it where the full notice stands.
    pub page: String,
    pub contact: Contact,
}

/// Where a reader asks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    pub email: String,
    pub phone: Option<String>,
}

/// What all readers of some notices have in common, as far as it tells real ones from false ones.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// The date that it bears.
    pub date: Date,
    /// What its references begin with.
    pub prefix: String,
    pub phase: Phase,
    pub channel: Channel,
    /// BCP 47.
    pub language: String,
    /// A text message has none; nor has a letter that this version does not ship any more.
    pub subject: Option<String>,
    /// As the notice gives it.
    pub contact: Contact,
}

/// A notice, and how many references stand in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    #[serde(flatten)]
    pub notice: Notice,
    pub references: u64,
}
