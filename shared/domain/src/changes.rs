//! How the duties of a plan differ from those of an earlier one.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::ObligationId;
use crate::obligation::{Obligation, Owed};

/// The difference to the version that was approved last, or, before any was, to the one made last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DutyChanges {
    /// That version.
    pub since: u32,
    /// Duties that are new, are withdrawn, or ask something else, by their ids.
    pub duties: BTreeMap<ObligationId, DutyChange>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DutyChange {
    pub regime: String,
    pub jurisdiction: String,
    /// `None` where nothing was owed there.
    pub was: Option<Terms>,
    /// `None` where nothing is owed there any more.
    pub now: Option<Terms>,
}

/// What a duty asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    pub owed: Owed,
    pub due: Option<Timestamp>,
    pub due_rule: String,
    /// The earliest end by any reading.
    pub alarm: Option<Timestamp>,
    /// What the notice has to say and must not, by what means, under what conditions.
    pub contents: Contents,
}

/// What a duty asks of its notice, in the rule's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    pub required: Vec<String>,
    pub forbidden: Vec<String>,
    pub methods: Vec<String>,
    pub conditions: Vec<String>,
}

/// What became of a duty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    New,
    Withdrawn,
    /// Another answer, another due instant or alarm, another deadline in words, or another content or means of its notice.
    Changed,
}

impl Change {
    pub const ALL: [Self; 3] = [Self::New, Self::Withdrawn, Self::Changed];

    pub fn as_str(self) -> &'static str {
        match self {
            Change::New => "new",
            Change::Withdrawn => "withdrawn",
            Change::Changed => "changed",
        }
    }
}

impl DutyChange {
    /// `None` where nothing was owed and nothing is.
    pub fn kind(&self) -> Option<Change> {
        match (&self.was, &self.now) {
            (None, Some(_)) => Some(Change::New),
            (Some(_), None) => Some(Change::Withdrawn),
            (Some(was), Some(now)) => (was != now).then_some(Change::Changed),
            (None, None) => None,
        }
    }
}

impl DutyChanges {
    /// Holds the duties of a plan against those of an earlier version.
    pub fn between(since: u32, before: &[Obligation], now: &[Obligation]) -> Self {
        let mut duties: BTreeMap<ObligationId, DutyChange> = BTreeMap::new();
        for duty in before {
            duties.entry(duty.id).or_insert_with(|| unchanged(duty)).was = terms(duty);
        }
        for duty in now {
            duties.entry(duty.id).or_insert_with(|| unchanged(duty)).now = terms(duty);
        }
        duties.retain(|_, change| change.kind().is_some());
        Self { since, duties }
    }

    /// `1 new, 0 withdrawn, 2 changed`.
    pub fn counts(&self) -> String {
        let counts = Change::ALL.map(|kind| format!("{} {}", self.of(kind).count(), kind.as_str()));
        counts.join(", ")
    }

    /// The duties that this became of.
    pub fn of(&self, kind: Change) -> impl Iterator<Item = (&ObligationId, &DutyChange)> {
        self.duties.iter().filter(move |(_, change)| change.kind() == Some(kind))
    }
}

fn unchanged(duty: &Obligation) -> DutyChange {
    let Obligation { regime, jurisdiction, .. } = duty;
    DutyChange { regime: regime.clone(), jurisdiction: jurisdiction.clone(), was: None, now: None }
}

fn terms(duty: &Obligation) -> Option<Terms> {
    match duty.owed {
        Owed::Yes | Owed::AskCounsel => {
            let Obligation { owed, due, alarm, .. } = *duty;
            let contents = Contents {
                required: duty.required.clone(),
                forbidden: duty.forbidden.clone(),
                methods: duty.methods.clone(),
                conditions: duty.conditions.clone(),
            };
            Some(Terms { owed, due, due_rule: duty.due_rule.clone(), alarm, contents })
        }
        Owed::No => None,
    }
}

/// `owed, due 2026-11-26T09:00:00Z`.
impl fmt::Display for Terms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let owed = match self.owed {
            Owed::Yes => "owed",
            Owed::No => "not owed",
            Owed::AskCounsel => "ask counsel",
        };
        match self.due {
            Some(due) => write!(f, "{owed}, due {due}"),
            None => write!(f, "{owed}, due {}", self.due_rule),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{IncidentId, SignalId, TenantId};
    use crate::obligation::Audience;

    /// Nothing where `terms` is `None`; else the answer and the due second.
    fn duties(terms: Option<(Owed, Option<i64>)>) -> Vec<Obligation> {
        let tenant: TenantId = "shop".parse().unwrap();
        let incident = IncidentId::of(&tenant, SignalId::of(&tenant, "a", "b"));
        let duty = |(owed, due): (Owed, Option<i64>)| Obligation {
            id: ObligationId::of(incident, "us-tx-ag", "US-TX", "the attorney general"),
            regime: "us-tx-ag".to_owned(),
            rule_from: None,
            jurisdiction: "US-TX".to_owned(),
            audience: Audience::AttorneyGeneral,
            recipient: "the attorney general".to_owned(),
            owed,
            due: due.map(|second| Timestamp::from_second(second).unwrap()),
            due_rule: "P30D".to_owned(),
            alarm: None,
            readings: Vec::new(),
            further_filings: Vec::new(),
            reasons: Vec::new(),
            citation: String::new(),
            filing: None,
            confidence: "verified".to_owned(),
            required: Vec::new(),
            forbidden: Vec::new(),
            methods: Vec::new(),
            conditions: Vec::new(),
        };
        terms.map(duty).into_iter().collect()
    }

    #[test]
    fn what_is_not_owed_and_what_is_not_there_are_the_same() {
        let nothing = [None, Some((Owed::No, None))];
        let something =
            [(Owed::Yes, Some(1)), (Owed::Yes, Some(2)), (Owed::Yes, None), (Owed::AskCounsel, Some(1))];
        let kind = |before, now| {
            let changes = DutyChanges::between(1, &duties(before), &duties(now));
            changes.duties.values().map(DutyChange::kind).next().flatten()
        };
        for (place, terms) in something.into_iter().enumerate() {
            for nothing in nothing {
                assert_eq!(kind(nothing, Some(terms)), Some(Change::New), "{terms:?}");
                assert_eq!(kind(Some(terms), nothing), Some(Change::Withdrawn), "{terms:?}");
            }
            for (other, terms_now) in something.into_iter().enumerate() {
                let expected = (place != other).then_some(Change::Changed);
                assert_eq!(kind(Some(terms), Some(terms_now)), expected, "{terms:?} {terms_now:?}");
            }
        }
        // A hold that is lifted gives back a deadline without a number.
        let before = duties(Some((Owed::Yes, None)));
        let mut now = before.clone();
        now.iter_mut().for_each(|duty| duty.due_rule = "without-undue-delay".to_owned());
        assert_eq!(DutyChanges::between(1, &before, &now).of(Change::Changed).count(), 1);
        for (before, now) in nothing.into_iter().zip(nothing.into_iter().rev()) {
            assert_eq!(kind(before, now), None);
        }
    }
}
