//! Coverage of an obligation, computed from receipts, and its state, computed from coverage and time.
//! Nobody can type either.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::obligation::{Audience, Done, Obligation, Owed};
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
    /// How many of those whom their newest notice does not reach, or not yet, are owed nothing by this duty any more: an
    /// earlier notice reached them, and what is open is a correction or what follows; or it is a withdrawal.
    #[serde(default)]
    pub owed_no_more: u64,
    /// When the last of those reached first was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_reached: Option<Timestamp>,
}

impl Coverage {
    pub fn add(&mut self, reach: &Reach) {
        match reach {
            Reach::Reached(at) => {
                self.reached += 1;
                self.last_reached = self.last_reached.max(Some(*at));
            }
            Reach::Unreachable(why) => *self.unreachable.entry(*why).or_default() += 1,
            Reach::Pending => self.pending += 1,
            Reach::Undecided => self.undecided += 1,
        }
    }

    /// Somebody whom an earlier notice of the duty may have reached: it fulfilled the duty when it did.
    pub fn add_again(&mut self, before: Option<Timestamp>, reach: &Reach) {
        let Some(before) = before else {
            return self.add(reach);
        };
        match reach {
            Reach::Reached(at) => self.add(&Reach::Reached(before.min(*at))),
            Reach::Unreachable(_) | Reach::Pending | Reach::Undecided => {
                self.add(reach);
                self.owed_no_more += 1;
                self.last_reached = self.last_reached.max(Some(before));
            }
        }
    }

    /// Somebody whom the duty does not concern after all, and who is told so.
    pub fn add_withdrawal(&mut self, reach: &Reach) {
        match reach {
            Reach::Reached(_) => self.reached += 1,
            Reach::Unreachable(_) | Reach::Pending | Reach::Undecided => {
                self.add(reach);
                self.owed_no_more += 1;
            }
        }
    }

    pub fn merge(&mut self, other: &Coverage) {
        self.reached += other.reached;
        self.pending += other.pending;
        self.undecided += other.undecided;
        self.moved += other.moved;
        self.owed_no_more += other.owed_no_more;
        self.last_reached = self.last_reached.max(other.last_reached);
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
    /// Everybody was reached, and the last of them after its due instant.
    MetLate,
    /// No notice could fulfil it; a person says that it was done, with proof.
    MetByWord,
    /// The same, and that it was done after its due instant.
    MetByWordLate,
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
            DutyState::MetLate => "met late",
            DutyState::MetByWord => "met by a person's word",
            DutyState::MetByWordLate => "met late by a person's word",
            DutyState::AtRisk => "at risk",
            DutyState::Late => "late",
            DutyState::Undecided => "undecided",
        }
    }
}

impl DutyState {
    /// Whether nothing of it is owed any more, in time or not.
    pub fn is_met(self) -> bool {
        match self {
            DutyState::Met | DutyState::MetLate | DutyState::MetByWord | DutyState::MetByWordLate => true,
            DutyState::NotOwed
            | DutyState::AskCounsel
            | DutyState::OnDesk
            | DutyState::Open
            | DutyState::AtRisk
            | DutyState::Late
            | DutyState::Undecided => false,
        }
    }
}

/// How a duty stands that no notice can fulfil.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Desk {
    /// Nobody says that it was done.
    Waits,
    /// When it was done, as a person says.
    Done(Timestamp),
}

impl Desk {
    /// By what people say of the duty: it was done when the first of them says so.
    pub fn of<'said>(words: impl IntoIterator<Item = &'said Done>) -> Self {
        words.into_iter().map(|done| done.at).min().map_or(Desk::Waits, Desk::Done)
    }
}

/// The state of a duty. `on_desk` where no notice can fulfil it.
pub fn state_of(duty: &Obligation, coverage: &Coverage, on_desk: Option<Desk>, now: Timestamp) -> DutyState {
    match duty.owed {
        Owed::No => DutyState::NotOwed,
        Owed::AskCounsel => DutyState::AskCounsel,
        // The log that holds the plan is the register.
        Owed::Yes if duty.audience == Audience::Register => DutyState::Met,
        Owed::Yes => match on_desk {
            Some(desk) => desk_state(desk, duty.due, now),
            None => duty_state(coverage, duty.due, now),
        },
    }
}

/// The state of a duty that notices fulfil: in time when everybody's first notice was. `due` is `None` where the law sets no
/// number.
pub fn duty_state(coverage: &Coverage, due: Option<Timestamp>, now: Timestamp) -> DutyState {
    let is_met = coverage.total() > 0 && coverage.reached + coverage.owed_no_more == coverage.total();
    match (is_met, due) {
        (true, Some(due)) if coverage.last_reached.is_some_and(|last| last > due) => DutyState::MetLate,
        (true, _) => DutyState::Met,
        (false, _) if coverage.undecided > 0 => DutyState::Undecided,
        (false, Some(due)) if now > due => DutyState::Late,
        (false, _) if coverage.unreachable_total() > 0 => DutyState::AtRisk,
        (false, _) => DutyState::Open,
    }
}

/// The state of a duty that no notice can fulfil.
pub fn desk_state(desk: Desk, due: Option<Timestamp>, now: Timestamp) -> DutyState {
    let is_over = |at: Timestamp| due.is_some_and(|due| at > due);
    match desk {
        Desk::Done(at) if is_over(at) => DutyState::MetByWordLate,
        Desk::Done(_) => DutyState::MetByWord,
        Desk::Waits if is_over(now) => DutyState::Late,
        Desk::Waits => DutyState::OnDesk,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coverage(reached: u64, bounced: u64, pending: u64, undecided: u64) -> Coverage {
        let unreachable =
            if bounced > 0 { BTreeMap::from([(Unreachable::Bounced, bounced)]) } else { BTreeMap::new() };
        Coverage { reached, unreachable, pending, undecided, ..Coverage::default() }
    }

    fn reached_at(last: Timestamp) -> Coverage {
        Coverage { last_reached: Some(last), ..coverage(2, 0, 0, 0) }
    }

    #[test]
    fn the_state_is_a_function_of_coverage_and_time() {
        let due: Timestamp = "2026-11-30T16:40:00Z".parse().unwrap();
        let before: Timestamp = "2026-11-30T16:40:00Z".parse().unwrap();
        let after: Timestamp = "2026-11-30T16:40:01Z".parse().unwrap();
        for (coverage, now, expected) in [
            (coverage(0, 0, 0, 0), before, DutyState::Open),
            (coverage(1, 0, 1, 0), before, DutyState::Open),
            (reached_at(before), after, DutyState::Met),
            (reached_at(after), after, DutyState::MetLate),
            (coverage(1, 1, 0, 0), before, DutyState::AtRisk),
            (coverage(1, 1, 0, 0), after, DutyState::Late),
            (coverage(1, 0, 1, 0), after, DutyState::Late),
            (coverage(1, 0, 0, 1), after, DutyState::Undecided),
        ] {
            assert_eq!(duty_state(&coverage, Some(due), now), expected, "{coverage:?} {now}");
        }
        assert_eq!(duty_state(&coverage(1, 0, 1, 0), None, after), DutyState::Open);
        assert_eq!(duty_state(&reached_at(after), None, after), DutyState::Met);
        for (desk, due, now, expected) in [
            (Desk::Waits, Some(due), before, DutyState::OnDesk),
            (Desk::Waits, Some(due), after, DutyState::Late),
            (Desk::Waits, None, after, DutyState::OnDesk),
            (Desk::Done(before), Some(due), after, DutyState::MetByWord),
            (Desk::Done(after), Some(due), after, DutyState::MetByWordLate),
            (Desk::Done(after), None, after, DutyState::MetByWord),
        ] {
            assert_eq!(desk_state(desk, due, now), expected, "{desk:?} {now}");
        }
    }

    #[test]
    fn a_duty_is_met_when_everybodys_first_notice_was_whatever_becomes_of_a_correction() {
        let [told, due, corrected] = [10, 20, 30].map(|second| Timestamp::from_second(second).unwrap());
        let of = |before: Option<Timestamp>, reach: &Reach| {
            let mut coverage = Coverage::default();
            coverage.add_again(Some(told), &Reach::Reached(corrected));
            coverage.add_again(before, reach);
            coverage
        };
        let bounced = Reach::Unreachable(Unreachable::Bounced);
        for (before, reach, now, expected) in [
            (Some(told), Reach::Pending, told, DutyState::Met),
            (Some(told), Reach::Pending, corrected, DutyState::Met),
            (Some(told), bounced.clone(), corrected, DutyState::Met),
            (Some(told), Reach::Undecided, corrected, DutyState::Met),
            (Some(told), Reach::Reached(corrected), corrected, DutyState::Met),
            (Some(corrected), Reach::Reached(corrected), corrected, DutyState::MetLate),
            (Some(corrected), Reach::Pending, corrected, DutyState::MetLate),
            (Some(corrected), bounced.clone(), corrected, DutyState::MetLate),
            (None, bounced.clone(), told, DutyState::AtRisk),
            (None, bounced, corrected, DutyState::Late),
            (None, Reach::Undecided, corrected, DutyState::Undecided),
            (None, Reach::Pending, corrected, DutyState::Late),
            (None, Reach::Reached(corrected), corrected, DutyState::MetLate),
        ] {
            let coverage = of(before, &reach);
            assert_eq!(duty_state(&coverage, Some(due), now), expected, "{before:?} {reach:?} at {now}");
            assert_eq!(coverage.total(), 2);
        }
    }

    #[test]
    fn a_withdrawal_is_counted_and_fulfils_nothing() {
        let [told, due, later] = [10, 20, 30].map(|second| Timestamp::from_second(second).unwrap());
        for reach in [Reach::Reached(later), Reach::Pending, Reach::Unreachable(Unreachable::Bounced)] {
            let mut coverage = Coverage::default();
            coverage.add_withdrawal(&reach);
            assert_eq!((coverage.total(), coverage.last_reached), (1, None));
            coverage.add(&Reach::Reached(told));
            assert_eq!(duty_state(&coverage, Some(due), later), DutyState::Met, "{reach:?}");
            coverage.add(&Reach::Pending);
            assert_eq!(duty_state(&coverage, Some(due), later), DutyState::Late, "{reach:?}");
        }
    }

    #[test]
    fn the_last_who_was_reached_counts_in_whatever_order() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let of = |seconds: &[i64]| {
            let mut coverage = Coverage::default();
            seconds.iter().for_each(|second| coverage.add(&Reach::Reached(at(*second))));
            coverage
        };
        let mut both = of(&[3, 9, 4]);
        both.merge(&of(&[5]));
        let mut other_way = of(&[5]);
        other_way.merge(&of(&[9, 4, 3]));
        assert_eq!((both.reached, both.last_reached), (4, Some(at(9))));
        assert_eq!(both, other_way);
    }
}
