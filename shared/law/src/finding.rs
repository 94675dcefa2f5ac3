//! The answer for one duty.

use std::borrow::Cow;
use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use crate::clock::Clock;
use crate::element::Element;
use crate::filing::FurtherFiling;
use crate::keyed::keyed;
use crate::reading::Reading;
use crate::words::{Audience, Condition, Confidence, Jurisdiction, Method};

keyed! {
    /// Whether a duty is owed.
    Owed, "answer" {
        Yes = "yes",
        No = "no",
        /// The facts, or the law as known here, do not decide: a lawyer must. Never to be read as "no".
        AskCounsel = "ask-counsel",
    }
}

/// One duty of one jurisdiction toward one audience, decided. The reasons say why, whatever the answer is.
///
/// What the law says stays in the pack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Finding<'pack> {
    /// The id of the rule, or `unknown-…` where no rule is known.
    pub regime: Cow<'pack, str>,
    pub jurisdiction: Jurisdiction,
    pub law: &'pack str,
    pub citation: &'pack str,
    /// The version of the rule that was applied; none where no rule is known.
    pub effective_from: Option<Date>,
    pub confidence: Confidence,
    pub audience: Audience,
    /// Who is to be told, by name.
    pub recipient: Cow<'pack, str>,
    /// Where a filing goes: a portal or an address.
    pub filing: Option<&'pack str>,
    pub owed: Owed,
    /// The last instant that is in time; none where the law sets no number, or while its event has not happened.
    pub due: Option<Timestamp>,
    /// The deadline in words: `PT72H`, `without-undue-delay`, `P15D-after-individual-notice`; `none` when not owed.
    pub due_rule: String,
    /// Where the deadline ends by other readings that somebody may be right to hold.
    pub readings: Vec<Reading>,
    /// IANA name of the zone that days are counted in.
    pub zone: Cow<'pack, str>,
    /// The clock that was used and its instant, when a number was counted.
    pub counted_from: Option<(Clock, Timestamp)>,
    /// The affected people that this duty counts.
    pub people: u64,
    /// Where those people live: whoever lives there is owed a notice under a duty toward individuals.
    pub residences: BTreeSet<Jurisdiction>,
    pub reasons: Vec<String>,
    /// Filings beside the duty itself: its later phases, and what opens an exception.
    pub further_filings: Vec<FurtherFiling>,
    /// What the notice must say.
    pub required: Cow<'pack, BTreeSet<Element>>,
    /// What the notice must not say.
    pub forbidden: Cow<'pack, BTreeSet<Element>>,
    /// The lawful ways to give it, in the order of the rule.
    pub methods: &'pack [Method],
    pub conditions: Cow<'pack, BTreeSet<Condition>>,
    /// Language codes that the recipient reads.
    pub languages: &'pack [String],
}

impl Finding<'_> {
    /// When to be alarmed: at the earliest instant at which the deadline could end, by any reading.
    pub fn alarm(&self) -> Option<Timestamp> {
        self.readings.iter().map(|reading| reading.due).chain(self.due).min()
    }
}
