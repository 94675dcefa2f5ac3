//! The obligation: one regime applied to one incident and one recipient, its terms frozen when it arose.

use std::collections::BTreeSet;
use std::fmt;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::id::ObligationId;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Obligation {
    pub id: ObligationId,
    /// The rule's id: `us-ca-individual`.
    pub regime: String,
    /// The first day on which the version of the rule is law that was applied; `None` where no rule is known.
    pub rule_from: Option<Date>,
    pub jurisdiction: String,
    pub audience: Audience,
    /// The authority or body; for people, "affected people".
    pub recipient: String,
    pub owed: Owed,
    /// `None` where the law sets no number; then `due_rule` says what it says instead.
    pub due: Option<Timestamp>,
    pub due_rule: String,
    /// The earliest instant at which the deadline could end, by any reading: people are alarmed by it.
    pub alarm: Option<Timestamp>,
    /// Where the deadline ends by other readings that somebody may be right to hold.
    pub readings: Vec<Reading>,
    /// Filings beside the duty itself: its later phases, and what opens an exception of the law.
    pub further_filings: Vec<FurtherFiling>,
    /// Why it is owed or not, and which clock stood in for which.
    pub reasons: Vec<String>,
    pub citation: String,
    /// Where a filing goes, where the rule says it.
    pub filing: Option<String>,
    /// How sure the rule's text is: `verified`, `well-known`, `uncertain`.
    pub confidence: String,
    /// What the notice has to carry and may not carry, in the rule's words.
    pub required: Vec<String>,
    pub forbidden: Vec<String>,
    pub methods: Vec<String>,
    /// Under what conditions a method is lawful, in the rule's words.
    pub conditions: Vec<String>,
}

impl Obligation {
    /// When it has to be met, or would have to be if counsel finds that it is owed; `None` where the law sets no number.
    pub fn owed_by(&self) -> Option<Timestamp> {
        self.due.filter(|_| self.may_be_owed())
    }

    /// The instant by which people are alarmed: never after [`Obligation::owed_by`], and also where only somebody's reading
    /// gives a number.
    pub fn alarm_by(&self) -> Option<Timestamp> {
        self.alarm.into_iter().chain(self.due).min().filter(|_| self.may_be_owed())
    }

    /// What follows the duty itself: a supplement, a final report.
    pub fn phases(&self) -> impl Iterator<Item = &FurtherFiling> {
        let all = self.further_filings.iter().filter(|filing| !filing.opens_exception);
        all.filter(|_| self.may_be_owed())
    }

    /// The first instant by which people are alarmed, for the duty or for a phase of it.
    pub fn first_alarm(&self) -> Option<Timestamp> {
        self.phases().filter_map(|phase| phase.due).chain(self.alarm_by()).min()
    }

    /// A question to counsel is no excuse: the time runs until it is answered.
    fn may_be_owed(&self) -> bool {
        match self.owed {
            Owed::Yes | Owed::AskCounsel => true,
            Owed::No => false,
        }
    }

    /// The version of its rule that counsel has to confirm before a plan with this duty is approved: the text is not
    /// verified, and the duty is owed or asks counsel. Where no rule is known there is none to confirm.
    pub fn asks_to_confirm(&self) -> Option<RuleVersion> {
        let counts = match self.owed {
            Owed::Yes | Owed::AskCounsel => self.confidence != VERIFIED,
            Owed::No => false,
        };
        let from = self.rule_from.filter(|_| counts)?;
        Some(RuleVersion { id: self.regime.clone(), from })
    }
}

/// The confidence of a rule whose text was read at its source.
const VERIFIED: &str = "verified";

/// One version of a rule: its id, and the first day on which this version is law.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleVersion {
    pub id: String,
    pub from: Date,
}

/// `us-tx-ag@2023-09-01`.
impl fmt::Display for RuleVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.id, self.from)
    }
}

/// Counsel's word that a version of a rule whose text is not verified says what the law says. It stands for the tenant, and
/// for no other version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation {
    pub rule: RuleVersion,
    /// How sure the rule's text was when it was confirmed: `well-known`, `uncertain`.
    pub confidence: String,
    /// The principal who says so.
    pub by: String,
    pub at: Timestamp,
    pub reason: String,
}

/// The versions of rules on which these duties rest and that counsel has not confirmed yet.
pub fn unconfirmed(duties: &[Obligation], confirmed: &BTreeSet<RuleVersion>) -> BTreeSet<RuleVersion> {
    let asked = duties.iter().filter_map(Obligation::asks_to_confirm);
    asked.filter(|rule| !confirmed.contains(rule)).collect()
}

/// Another reading of a deadline, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    pub due: Timestamp,
    pub why: String,
}

/// A filing beside a duty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FurtherFiling {
    /// What is filed, and with whom.
    pub what: String,
    /// Filed by whoever holds that no harm is likely and gives no notice; else a later phase of the duty.
    pub opens_exception: bool,
    /// `None` where the law sets no number, and while what it counts from has not happened.
    pub due: Option<Timestamp>,
    pub due_rule: String,
}

/// A person's word that something was done for a duty by other ways than notices, with what proves it: a portal's filing,
/// a page, a list of media, a call. Facts in a set: a later one takes no earlier one back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    pub obligation: ObligationId,
    /// The principal who says so.
    pub by: String,
    pub what: String,
    /// When it was done.
    pub at: Timestamp,
    /// Where it can be looked up: an address on the web, or the acknowledgement's number.
    pub place: String,
    /// SHA-256 in hex of a file that shows it, which people keep elsewhere.
    pub sha256: Option<String>,
    /// The later phase that it was, in the words of the duty's [`FurtherFiling::what`]; `None` where it was the duty itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
}

impl Done {
    /// Whether it was done for the duty itself.
    pub fn is_for(&self, duty: ObligationId) -> bool {
        self.obligation == duty && self.phase.is_none()
    }

    /// Whether it was done for a later phase of the duty.
    pub fn is_for_phase(&self, duty: ObligationId, phase: &FurtherFiling) -> bool {
        self.obligation == duty && self.phase.as_deref() == Some(phase.what.as_str())
    }
}

/// The instant from which on `percent` of the time until `due` is left, or less, with the time reckoned from `since`. To
/// the second. Of two duties, for the one that is due first it does not come later.
pub fn left_from(due: Timestamp, since: Timestamp, percent: u32) -> Timestamp {
    let whole = due.duration_since(since).max(SignedDuration::ZERO).as_secs();
    due - SignedDuration::from_secs(whole.saturating_mul(percent.into()) / 100)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Owed {
    Yes,
    No,
    /// No rule is known for people who live there: never silence.
    AskCounsel,
}

/// To whom a law owes a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Audience {
    Authority,
    Individual,
    AttorneyGeneral,
    CreditAgency,
    /// Card brand or acquirer.
    Card,
    /// Processor to controller.
    Controller,
    Media,
    /// A record that is kept and not sent, such as the register of GDPR Article 33(5).
    Register,
    /// Another duty without a recipient, such as an assessment within a term.
    Other,
}

impl Audience {
    pub fn as_str(self) -> &'static str {
        match self {
            Audience::Authority => "authority",
            Audience::Individual => "individual",
            Audience::AttorneyGeneral => "attorney-general",
            Audience::CreditAgency => "credit-agency",
            Audience::Card => "card",
            Audience::Controller => "controller",
            Audience::Media => "media",
            Audience::Register => "register",
            Audience::Other => "other",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    proptest! {
        #[test]
        fn whose_time_ends_first_is_never_short_of_it_later(
            since in 0_i64..2_000_000_000, first in 0_i64..100_000_000, more in 0_i64..100_000_000, percent in 1_u32..=99,
        ) {
            let of = |due: i64| left_from(at(since + due), at(since), percent);
            prop_assert!(of(first) <= of(first + more));
        }

        #[test]
        fn a_smaller_share_is_reached_later_and_none_after_the_end(
            since in 0_i64..2_000_000_000, whole in 0_i64..100_000_000, percent in 1_u32..99,
        ) {
            let of = |percent: u32| left_from(at(since + whole), at(since), percent);
            prop_assert!(of(percent + 1) <= of(percent));
            prop_assert!(at(since) <= of(percent) && of(percent) <= at(since + whole));
        }
    }

    #[test]
    fn a_quarter_of_four_days_is_a_day() {
        assert_eq!(left_from(at(4 * 86_400), at(0), 25), at(3 * 86_400));
        assert_eq!(left_from(at(0), at(86_400), 25), at(0), "a term that was over before it began");
    }
}
