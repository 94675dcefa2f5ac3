//! Filings beside a duty: its later phases, and those without which an exception stays shut.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::deadline::Deadline;
use crate::due;
use crate::engine::Inquiry;
use crate::facts::Facts;
use crate::finding::Owed;
use crate::keyed::keyed;
use crate::reach::Target;
use crate::rule::{Rule, Test};
use crate::trigger;
use crate::words::{Jurisdiction, Risk};

keyed! {
    /// What a further filing is to its duty.
    FilingRole, "role of a filing" {
        /// It follows where the duty is owed: a supplement, a final report, a declaration.
        Phase = "phase",
        /// Whoever holds that no harm is likely, and so gives no notice, files this.
        Exception = "exception",
    }
}

/// A further filing, as a rule states it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RawFiling {
    pub role: FilingRole,
    /// What is filed, and with whom.
    pub what: String,
    /// All of these must be met.
    #[serde(default)]
    pub when: Vec<Test>,
    pub clock: Clock,
    /// Whose authority's clock is meant; that of the duty's own place where it is not said.
    #[serde(default)]
    pub of: Option<Jurisdiction>,
    pub deadline: Deadline,
}

/// A further filing of a duty, decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct FurtherFiling {
    pub role: FilingRole,
    /// What is filed, and with whom.
    pub what: String,
    /// The last instant that is in time; none where the law sets no number, or while its clock is not given.
    pub due: Option<Timestamp>,
    /// The deadline in words: `P20BD-after-authority-notice`.
    pub due_rule: String,
}

/// The further filings of a rule at one of its places. A phase follows a duty that is, or may be, owed; an exception is
/// filed for where the assessed risk alone speaks against the duty.
pub(crate) fn further(
    inquiry: &Inquiry<'_, '_>,
    rule: &Rule,
    target: &Target,
    owed: Owed,
) -> Vec<FurtherFiling> {
    let facts = inquiry.facts;
    let follows = |filing: &&RawFiling| match filing.role {
        FilingRole::Phase => owed != Owed::No,
        FilingRole::Exception => {
            let unassessed = Facts { risk: None, ..facts.clone() };
            facts.risk == Some(Risk::None) && inquiry.verdict(rule, target, &unassessed).owed != Owed::No
        }
    };
    let circumstances = inquiry.circumstances(target, facts);
    let is_met = |filing: &&RawFiling| trigger::all(&filing.when, &circumstances).owed != Owed::No;
    let decided = |filing: &RawFiling| decided(inquiry, rule, filing, target.jurisdiction);
    rule.further_filings.iter().filter(is_met).filter(follows).map(decided).collect()
}

fn decided(inquiry: &Inquiry<'_, '_>, rule: &Rule, filing: &RawFiling, place: Jurisdiction) -> FurtherFiling {
    let (role, what) = (filing.role, filing.what.clone());
    let place = filing.of.unwrap_or(place);
    let given = |clock: Clock| inquiry.facts.clocks.get(clock, &place);
    let from = given(filing.clock).or_else(|| filing.clock.nearest().into_iter().find_map(given));
    let code = filing.deadline.code();
    let (due, due_rule) = match from {
        Some(from) => (due::plain_end(inquiry, rule, filing.deadline, from), code),
        None => (None, format!("{code}-after-{}", filing.clock.event_name().unwrap_or(filing.clock.key()))),
    };
    FurtherFiling { role, what, due, due_rule }
}
