//! Small questions: their time is counted in seconds from one instant.

use std::collections::BTreeSet;

use jiff::Timestamp;
use tocsin_domain::feasibility::{Capacity, Demand, Question, Supply};
use tocsin_domain::id::{IncidentId, ObligationId, SignalId, TenantId};
use tocsin_domain::plan::Channel;
use tocsin_domain::window::Interval;

/// 2026-11-26T00:00:00Z.
pub const ZERO: i64 = 1_795_651_200;

pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(ZERO + second).unwrap()
}

pub fn second(at: Timestamp) -> i64 {
    at.as_second() - ZERO
}

pub fn obligation(name: &str) -> ObligationId {
    let tenant: TenantId = "shop".parse().unwrap();
    ObligationId::of(IncidentId::of(&tenant, SignalId::of(&tenant, "a", "b")), name, "", "")
}

pub fn demand(region: &str, people: u64, last: Option<i64>, open: &[(i64, i64)]) -> Demand {
    Demand {
        obligation: obligation(region),
        regime: "us-ca-individual".to_owned(),
        residence: "US-CA".to_owned(),
        channel: Channel::Email,
        region: region.to_owned(),
        elsewhere: BTreeSet::new(),
        people,
        earliest: at(-1_000_000),
        last: last.map(at),
        open: open.iter().map(|&(from, until)| Interval::new(at(from), at(until)).unwrap()).collect(),
    }
}

pub fn lane(region: &str, rate: u64, quota: Option<u64>) -> Supply {
    Supply {
        region: region.to_owned(),
        channel: Channel::Email,
        sent: 0,
        capacity: Capacity { rate, quota },
        changes: Vec::new(),
    }
}

pub fn question(demands: Vec<Demand>, lanes: Vec<Supply>) -> Question {
    Question { now: at(0), start: at(0), demands, supplies: lanes }
}

/// The part of a question that one lane is.
pub fn part(question: &Question, lane: usize) -> Question {
    let lane = &question.supplies[lane];
    let demands = question.demands.iter().filter(|demand| demand.region == lane.region);
    Question { demands: demands.cloned().collect(), supplies: vec![lane.clone()], ..question.clone() }
}
