//! A whole platform's people, at the size of the real thing: many merchants whose data leaked at one processor, one after
//! the other and several at a time, in installations of two regions each, one installation a thread.
//!
//! Everything goes the real way: manifests are read, plans are made and approved, chunks are laid out at the pace of the
//! lanes, claimed, composed, compared and handed over, events read and stored, doubts settled, the log sealed. Faults are
//! as rare as they are in a real installation. Once an incident is over, what was promised is checked, by what its people
//! found in their mailboxes, by its log and by what people are shown; then it is archived, so that memory stays flat.

mod clockwork;
mod incident;
mod mailbox;
mod weather;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use self::clockwork::Installation;

/// The installations of a run, each with the region of its home and of European people, and that of all others.
const INSTALLATIONS: [[&str; 2]; 2] = [["eu-central-1", "us-east-1"], ["eu-west-1", "ap-southeast-2"]];

/// How large a run is.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    pub people: u64,
    /// How many people one incident affects.
    pub incident: u32,
    /// How many messages a second each of the four lanes takes.
    pub rate: u32,
    pub seed: u64,
}

/// What a run came to.
#[derive(Debug, Clone, Default)]
pub struct Report {
    pub people: u64,
    pub incidents: u64,
    pub chunks: u64,
    /// Hand-overs of a provider.
    pub calls: u64,
    /// Those that a provider refused because they were too fast.
    pub throttled: u64,
    pub notices: u64,
    /// Notices that went again, marked as copies.
    pub copies: u64,
    /// How often a chunk's doubt was settled, by evidence, by policy or by a person.
    pub settlements: u64,
    pub leaves: u64,
    /// What went wrong, and how often.
    pub faults: BTreeMap<String, u64>,
    pub violations: Vec<String>,
    /// By region.
    pub lanes: BTreeMap<String, Lane>,
    /// From the first signal to the last settled incident.
    pub lasted: SignedDuration,
    /// How many incidents of one installation were open at once.
    pub most_open: usize,
    /// How long each function ran, and the provider and the checks beside them, in real time.
    pub spent: BTreeMap<&'static str, Duration>,
}

/// What one region's mail provider took.
#[derive(Debug, Clone, Copy)]
pub struct Lane {
    pub messages: u64,
    pub a_second: u32,
    pub first: Timestamp,
    /// When the last notice went that no fault had put back.
    pub last: Timestamp,
}

impl Lane {
    pub fn makespan(&self) -> SignedDuration {
        self.last.duration_since(self.first)
    }

    /// The shortest time in which the provider would have taken all of it.
    pub fn bound(&self) -> SignedDuration {
        tocsin_domain::pace::span(self.messages, self.a_second)
    }

    /// How much longer it took than it had to, in thousandths.
    pub fn above_per_mille(&self) -> i64 {
        let bound = self.bound().as_millis().max(1);
        i64::try_from((self.makespan().as_millis() - bound) * 1000 / bound).unwrap_or(i64::MAX)
    }
}

impl Report {
    fn and(mut self, other: Report) -> Self {
        self.people += other.people;
        self.incidents += other.incidents;
        self.chunks += other.chunks;
        self.calls += other.calls;
        self.throttled += other.throttled;
        self.notices += other.notices;
        self.copies += other.copies;
        self.settlements += other.settlements;
        self.leaves += other.leaves;
        self.lasted = self.lasted.max(other.lasted);
        self.most_open = self.most_open.max(other.most_open);
        for (name, times) in other.faults {
            *self.faults.entry(name).or_default() += times;
        }
        for (name, time) in other.spent {
            *self.spent.entry(name).or_default() += time;
        }
        self.violations.extend(other.violations);
        self.lanes.extend(other.lanes);
        self
    }
}

/// A lane that has less to do than this is not held to its bound: canaries and settlements take as long however few the
/// people are.
const LONG_ENOUGH: SignedDuration = SignedDuration::from_hours(24);

/// How much longer than its bound a lane may take, in thousandths.
const MOST_ABOVE_PER_MILLE: i64 = 10;

/// Of so many calls one may be throttled.
const CALLS_A_THROTTLE: u64 = 10_000;

impl Report {
    /// What of the pace was promised and did not hold.
    fn pace(&self) -> Vec<String> {
        let slow = self
            .lanes
            .iter()
            .filter(|(_, lane)| lane.bound() >= LONG_ENOUGH && lane.above_per_mille() > MOST_ABOVE_PER_MILLE);
        let slow = slow.map(|(region, lane)| format!("{region} took {} ‰ too long", lane.above_per_mille()));
        let mut violations: Vec<String> = slow.collect();
        if self.calls >= CALLS_A_THROTTLE && self.throttled * CALLS_A_THROTTLE > self.calls {
            violations.push(format!("{} of {} calls were throttled", self.throttled, self.calls));
        }
        violations
    }
}

/// Carries a run out, an installation a thread.
pub fn carry_out(scale: Scale) -> Report {
    let installations = (0_u64..).zip(INSTALLATIONS);
    std::thread::scope(|threads| {
        let running: Vec<_> = installations
            .map(|(number, regions)| {
                let people = scale.people / 2 + if number == 0 { scale.people % 2 } else { 0 };
                let own = Scale { people, seed: scale.seed * 2 + number, ..scale };
                threads.spawn(move || Installation::of(regions, own).carry_out())
            })
            .collect();
        let reports = running.into_iter().map(|thread| thread.join().expect("an installation"));
        let mut report = reports.fold(Report::default(), Report::and);
        report.violations.extend(report.pace());
        report
    })
}

#[cfg(test)]
mod tests {
    use super::clockwork::Tampering;
    use super::*;
    use crate::simulation::hush;

    const SMALL: Scale = Scale { people: 240, incident: 80, rate: 60, seed: 1 };

    #[test]
    fn a_small_platform_holds_what_is_promised() {
        hush();
        let report = carry_out(SMALL);
        assert_eq!(report.violations, Vec::<String>::new());
        assert_eq!((report.people, report.incidents), (240, 4));
        // One filing an incident beside them.
        assert_eq!(report.notices - report.copies, 244);
        assert!(report.leaves > 0 && report.chunks > 0);
    }

    /// The checks find what is planted into the mailboxes.
    #[test]
    fn whoever_is_told_twice_or_missed_is_found() {
        hush();
        let cases: [(Tampering, &str); 3] = [
            (|mails| mails.extend(mails.first().cloned()), "went out again and does not say so"),
            (|mails| drop(mails.pop()), "were not told"),
            (
                |mails| {
                    mails.iter_mut().take(1).for_each(|mail| mail.to = "customer.1@other.example".to_owned())
                },
                "went to a stranger",
            ),
        ];
        for (tampering, expected) in cases {
            let own = Scale { people: 40, incident: 40, ..SMALL };
            let violations =
                Installation::of(INSTALLATIONS[0], own).tampered(tampering).carry_out().violations;
            assert!(
                violations.iter().any(|violation| violation.contains(expected)),
                "{expected}: {violations:?}"
            );
        }
    }

    #[test]
    fn a_lane_that_has_enough_to_do_keeps_to_its_bound() {
        let first: Timestamp = "2026-11-23T09:00:00Z".parse().unwrap();
        let messages = 60 * 3600 * 30;
        for (hours, violations) in [(30, 0), (31, 1)] {
            let last = first + SignedDuration::from_hours(hours);
            let lane = Lane { messages, a_second: 60, first, last };
            let report = Report { lanes: [("eu".to_owned(), lane)].into(), ..Report::default() };
            assert_eq!(report.pace().len(), violations, "{hours}");
        }
        for (throttled, violations) in [(2, 0), (3, 1)] {
            let report = Report { calls: 20_000, throttled, ..Report::default() };
            assert_eq!(report.pace().len(), violations, "{throttled}");
        }
    }
}
