//! What is known of an incident when a filing is prepared.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use tocsin_domain::id::LeafId;

use crate::known::Fact;

/// Everything that is known, by what it is. What is not there is not known yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dossier {
    /// Where days are reckoned: at the enterprise's.
    pub zone: TimeZone,
    known: BTreeMap<Fact, Known>,
}

/// A value with where it is recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    pub value: Value,
    pub source: Source,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Value {
    Text(String),
    Instant(Timestamp),
    Day(Date),
    Number(u64),
    /// Words of a closed list, such as kinds of data; one word for what is one of several cases.
    Words(Vec<String>),
    /// Codes of places with numbers.
    Places(BTreeMap<String, u64>),
}

impl Value {
    pub fn word(word: &str) -> Self {
        Value::Words(vec![word.to_owned()])
    }

    pub fn yes_or_no(yes: bool) -> Self {
        Value::word(if yes { "yes" } else { "no" })
    }
}

/// Where a value comes from, for whoever checks the filing against the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// The leaf that records it; of what many leaves record, the last.
    Leaf(LeafId),
    /// The filing says it of itself: which one it is, and what is not known yet.
    Filing,
}

impl Dossier {
    pub fn new(zone: TimeZone) -> Self {
        Self { zone, known: BTreeMap::new() }
    }

    pub fn put(&mut self, fact: Fact, value: Value, leaf: LeafId) {
        self.known.insert(fact, Known { value, source: Source::Leaf(leaf) });
    }

    /// What the filing says of itself.
    pub fn say(&mut self, fact: Fact, value: Value) {
        self.known.insert(fact, Known { value, source: Source::Filing });
    }

    /// As [`Dossier::put`], where there is a value.
    pub fn put_known(&mut self, fact: Fact, value: Option<Value>, leaf: LeafId) {
        if let Some(value) = value {
            self.put(fact, value, leaf);
        }
    }

    pub fn get(&self, fact: Fact) -> Option<&Known> {
        self.known.get(&fact)
    }
}
