//! What is going to happen, before anything goes wrong: findings, webhooks, ticks, and what people have in mind.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tocsin_ports::Queue;

use super::story::seconds;
use super::{Happening, State, TENANTS, people};
use crate::{bucket, guardduty_finding};

/// How long faults are on.
pub(super) const STORM: SignedDuration = SignedDuration::from_hours(6);

/// How long everything may take to settle after that.
const CALM: SignedDuration = SignedDuration::from_hours(26);

/// In some stories nobody approves before this: the first deadlines press.
const SLEEP: SignedDuration = SignedDuration::from_hours(72);

/// In some stories the tenant's clocks change on the first day: back to winter, or on to summer.
pub(super) fn start(seed: u64) -> Timestamp {
    let start = match seed % 3 {
        0 => "2026-10-31T20:00:00Z",
        1 => "2026-11-23T09:00:00Z",
        _ => "2027-03-13T20:00:00Z",
    };
    start.parse().expect("an instant")
}

pub(super) fn lay(state: &mut State, start: Timestamp) {
    state.story.begin("the agenda", "");
    findings(state, start);
    for hours in [0, 2, 5] {
        let at = start + SignedDuration::from_hours(hours) + state.story.seconds(0, 7200);
        state.at(at, Happening::Webhook);
    }
    let asleep = state.story.goes_wrong(60, "nobody approves for days").is_some();
    let awake = start + if asleep { SLEEP } else { SignedDuration::ZERO };
    let end = awake + STORM + CALM;
    // Then faults are on again, or still, when the first deadlines press.
    let storm_ends = if asleep && state.story.below(2) == 0 { awake + STORM } else { start + STORM };
    ticks(state, (start, storm_ends, end));
    people::lay_agenda(state, (start, awake, storm_ends, end));
    for region in ["eu-central-1", "us-east-1"] {
        if let Some(mut dice) = state.story.goes_wrong(150, &format!("{region} is lost")) {
            let at = start + seconds(&mut dice, 0, (STORM - SignedDuration::from_hours(1)).as_secs());
            state.at(at, Happening::RegionLost(region.to_owned()));
        }
    }
    poison(state, start);
    state.at(storm_ends, Happening::FaultsStop);
    for hours in [-4, -1, 1, 2, 4] {
        state.at(storm_ends + SignedDuration::from_hours(hours), Happening::Redrive);
    }
}

/// One leak, of which findings come again, and others beside them, at once or later.
fn findings(state: &mut State, start: Timestamp) {
    for tenant in TENANTS {
        let leaks = tenant == TENANTS[0] || state.story.below(1000) < 400;
        let finding = guardduty_finding(&bucket(tenant), 8.0);
        let another = finding.replace("16afba5c", "26afba5c");
        let first = start + state.story.seconds(0, 3600);
        if !leaks {
            continue;
        }
        state.at(first, Happening::Siem(finding.clone()));
        for (finding, at_most) in [(&another, 3), (&finding, 5), (&another, 3600)] {
            if let Some(mut dice) = state.story.goes_wrong(400, &format!("another finding of {tenant}")) {
                state.at(first + seconds(&mut dice, 0, at_most), Happening::Siem(finding.clone()));
            }
        }
    }
}

/// What no function can read comes upon any queue: it is no JSON, nothing of what a job is, or a job of nobody.
fn poison(state: &mut State, start: Timestamp) {
    let region = "eu-central-1".to_owned();
    let queues = [
        Queue::Siem,
        Queue::Signals,
        Queue::Scope,
        Queue::Plan,
        Queue::Notices(region.clone()),
        Queue::Receipts(region),
    ];
    for (number, queue) in (1..).zip(queues) {
        let Some(mut dice) = state.story.goes_wrong(200, &format!("poison on {queue:?}")) else {
            continue;
        };
        let bodies = [
            format!("{{ poison {number}"),
            json!({ "v": 1, "poison": number }).to_string(),
            json!({ "v": 1, "tenant": "nobody", "poison": number }).to_string(),
        ];
        let body = dice.choice(bodies).expect("some");
        state.poison.insert(body.clone());
        let at = start + seconds(&mut dice, 0, STORM.as_secs());
        state.at(at, Happening::message(queue, body));
    }
}

/// A schedule sometimes fires late, and sometimes not at all. Half of the real one's ticks are enough.
fn ticks(state: &mut State, (start, storm_ends, end): (Timestamp, Timestamp, Timestamp)) {
    let mut minute = start;
    while minute < end {
        let last_hours = storm_ends - STORM..storm_ends + SignedDuration::from_hours(1);
        let stormy = minute < start + STORM + SignedDuration::from_hours(1) || last_hours.contains(&minute);
        minute += SignedDuration::from_mins(if stormy { 2 } else { 20 });
        for happening in [Happening::Dispatch, Happening::Watch] {
            let at = minute + state.story.seconds(0, 20);
            if !(stormy && state.story.goes_wrong(50, &format!("no {happening:?} at {minute:.0}")).is_some())
            {
                state.at(at, happening);
            }
        }
    }
}
