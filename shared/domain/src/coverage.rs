//! Coverage of an obligation, computed from receipts, and its state, computed from coverage and time.
//! Nobody can type either.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::obligation::{Audience, Obligation, Owed};
use crate::receipt::{Reach, Unreachable};

/// How many of those to whom a notice is owed were reached.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    pub reached: u64,
    pub unreachable: BTreeMap<Unreachable, u64>,
    pub pending: u64,
    pub undecided: u64,
    /// How many of them are tried by another channel, because the first one did not reach them.
    #[serde(default)]
    pub moved: u64,
}

impl Coverage {
    pub fn add(&mut self, reach: &Reach) {
        match reach {
            Reach::Reached => self.reached += 1,
            Reach::Unreachable(why) => *self.unreachable.entry(*why).or_default() += 1,
            Reach::Pending => self.pending += 1,
            Reach::Undecided => self.undecided += 1,
        }
    }

    pub fn merge(&mut self, other: &Coverage) {
        self.reached += other.reached;
        self.pending += other.pending;
        self.undecided += other.undecided;
        self.moved += other.moved;
        for (why, count) in &other.unreachable {
            *self.unreachable.entry(*why).or_default() += count;
        }
    }

    pub fn unreachable_total(&self) -> u64 {
        self.unreachable.values().sum()
    }

    /// How many are left whom no notice reaches, once nothing is on its way any more.
    pub fn nobody_else_to_try(&self) -> u64 {
        if self.pending + self.undecided > 0 { 0 } else { self.unreachable_total() }
    }

    pub fn total(&self) -> u64 {
        self.reached + self.unreachable_total() + self.pending + self.undecided
    }
}

/// The state of a duty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DutyState {
    /// Nothing is owed, with reasons.
    NotOwed,
    /// No rule is known for the jurisdiction: counsel decides.
    AskCounsel,
    /// Owed by a way that a person walks: a portal, a letter, a filing.
    OnDesk,
    /// Under way within its time.
    Open,
    /// Everybody was reached.
    Met,
    /// No notice could fulfil it; a person says that it was done, with proof.
    MetByWord,
    /// Within its time, but somebody cannot be reached the way it was tried.
    AtRisk,
    /// Not met at its due instant. Still owed.
    Late,
    /// Somebody may have been told, and nobody knows.
    Undecided,
}

impl DutyState {
    pub fn as_str(self) -> &'static str {
        match self {
            DutyState::NotOwed => "not owed",
            DutyState::AskCounsel => "ask counsel",
            DutyState::OnDesk => "on desk",
            DutyState::Open => "open",
            DutyState::Met => "met",
            DutyState::MetByWord => "met by a person's word",
            DutyState::AtRisk => "at risk",
            DutyState::Late => "late",
            DutyState::Undecided => "undecided",
        }
    }
}

/// The state of a duty. `on_desk`: whether a person says that it was done, where no notice can fulfil it.
pub fn state_of(duty: &Obligation, coverage: &Coverage, on_desk: Option<bool>, now: Timestamp) -> DutyState {
    match duty.owed {
        Owed::No => DutyState::NotOwed,
        Owed::AskCounsel => DutyState::AskCounsel,
        // The log that holds the plan is the register.
        Owed::Yes if duty.audience == Audience::Register => DutyState::Met,
        Owed::Yes => match on_desk {
            Some(is_done) => desk_state(is_done, duty.due, now),
            None => duty_state(coverage, duty.due, now),
        },
    }
}

/// The state of a duty that notices fulfil. `due` is `None` where the law sets no number.
pub fn duty_state(coverage: &Coverage, due: Option<Timestamp>, now: Timestamp) -> DutyState {
    if coverage.undecided > 0 {
        return DutyState::Undecided;
    }
    let all_reached = coverage.total() > 0 && coverage.reached == coverage.total();
    match (all_reached, due) {
        (true, _) => DutyState::Met,
        (false, Some(due)) if now > due => DutyState::Late,
        (false, _) if coverage.unreachable_total() > 0 => DutyState::AtRisk,
        (false, _) => DutyState::Open,
    }
}

/// The state of a duty that no notice can fulfil.
pub fn desk_state(is_done: bool, due: Option<Timestamp>, now: Timestamp) -> DutyState {
    match due {
        _ if is_done => DutyState::MetByWord,
        Some(due) if now > due => DutyState::Late,
        Some(_) | None => DutyState::OnDesk,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coverage(reached: u64, bounced: u64, pending: u64, undecided: u64) -> Coverage {
        let unreachable =
            if bounced > 0 { BTreeMap::from([(Unreachable::Bounced, bounced)]) } else { BTreeMap::new() };
        Coverage { reached, unreachable, pending, undecided, moved: 0 }
    }

    #[test]
    fn the_state_is_a_function_of_coverage_and_time() {
        let due: Timestamp = "2026-11-30T16:40:00Z".parse().unwrap();
        let before: Timestamp = "2026-11-30T16:40:00Z".parse().unwrap();
        let after: Timestamp = "2026-11-30T16:40:01Z".parse().unwrap();
        for (coverage, now, expected) in [
            (coverage(0, 0, 0, 0), before, DutyState::Open),
            (coverage(1, 0, 1, 0), before, DutyState::Open),
            (coverage(2, 0, 0, 0), after, DutyState::Met),
            (coverage(1, 1, 0, 0), before, DutyState::AtRisk),
            (coverage(1, 1, 0, 0), after, DutyState::Late),
            (coverage(1, 0, 1, 0), after, DutyState::Late),
            (coverage(1, 0, 0, 1), after, DutyState::Undecided),
        ] {
            assert_eq!(duty_state(&coverage, Some(due), now), expected, "{coverage:?} {now}");
        }
        assert_eq!(duty_state(&coverage(1, 0, 1, 0), None, after), DutyState::Open);
        for (done, due, now, expected) in [
            (false, Some(due), before, DutyState::OnDesk),
            (false, Some(due), after, DutyState::Late),
            (false, None, after, DutyState::OnDesk),
            (true, Some(due), after, DutyState::MetByWord),
        ] {
            assert_eq!(desk_state(done, due, now), expected, "{done} {now}");
        }
    }
}
