//! What is asked: how many people have to be told by when, and what the lanes carry.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::id::ObligationId;
use crate::plan::Channel;
use crate::window::Interval;

/// How far ahead is looked.
const FURTHEST: SignedDuration = SignedDuration::from_hours(400 * 24);

/// More people than this are not counted: sums of them have to stay numbers.
const MOST_PEOPLE: u64 = 1 << 40;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// When it was read how much the lanes have sent.
    pub now: Timestamp,
    /// From when on sending may begin: the approval, as it is expected.
    pub start: Timestamp,
    pub demands: Vec<Demand>,
    pub supplies: Vec<Supply>,
}

/// People who share obligation, channel, region, sending window and zones. They are told one by one, in any order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Demand {
    pub obligation: ObligationId,
    pub regime: String,
    /// Where these people live, for whoever reads the answer.
    pub residence: String,
    pub channel: Channel,
    /// The region that serves them.
    pub region: String,
    /// Where else they could be served from.
    pub elsewhere: BTreeSet<String>,
    pub people: u64,
    /// Nothing goes out before, whatever is approved when.
    pub earliest: Timestamp,
    /// Until when handing over still counts: the due instant less what delivery and settling take. `None` where the
    /// law sets no number.
    pub last: Option<Timestamp>,
    /// When they may be reached. What lies before `Question::start` serves to say how much earlier an approval would
    /// have had to come; what lies after `last`, to tell them late, which leaves less for those after them.
    pub open: Vec<Interval>,
}

/// What a lane takes, a channel in a region: one account of a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Supply {
    pub region: String,
    pub channel: Channel,
    /// In the 24 hours before `Question::now`, for whatever purpose.
    pub sent: u64,
    pub capacity: Capacity,
    /// Planned, in order: each holds from its instant on.
    pub changes: Vec<CapacityChange>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capacity {
    /// Messages a second.
    pub rate: u64,
    /// Messages in any 24 hours; `None` where there is no such limit. Where a planned change lowers it, the lower one
    /// holds at once over the 24 hours past, as long as the lane has somebody to tell.
    pub quota: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapacityChange {
    pub at: Timestamp,
    pub capacity: Capacity,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadQuestion {
    #[error("no capacity is given for {channel} in {region}, which {regime} needs: read its quota first", channel = .channel.as_str())]
    NoLane { regime: String, region: String, channel: Channel },
    #[error("{channel} in {region} is given twice: one account has one quota", channel = .channel.as_str())]
    LaneTwice { region: String, channel: Channel },
    #[error("the planned changes of {channel} in {region} have to be in order of time", channel = .channel.as_str())]
    ChangesOutOfOrder { region: String, channel: Channel },
    #[error("more than {MOST_PEOPLE} people: the counts are wrong")]
    TooManyPeople,
    #[error("{0} lies more than 400 days from now: ask about what is nearer")]
    TooFar(Timestamp),
}

impl Supply {
    /// Whether nothing goes through it now, at whatever hour.
    pub fn takes_nothing(&self) -> bool {
        self.capacity.rate == 0 || self.capacity.quota == Some(0)
    }
}

impl Question {
    pub(super) fn check(&self) -> Result<(), BadQuestion> {
        let mut lanes = BTreeSet::new();
        for Supply { region, channel, changes, .. } in &self.supplies {
            if !lanes.insert((region, *channel)) {
                return Err(BadQuestion::LaneTwice { region: region.clone(), channel: *channel });
            }
            if !changes.is_sorted_by(|one, next| one.at < next.at) {
                return Err(BadQuestion::ChangesOutOfOrder { region: region.clone(), channel: *channel });
            }
        }
        let mut people = 0_u64;
        for demand in &self.demands {
            let Demand { regime, region, channel, .. } = demand;
            if !lanes.contains(&(region, *channel)) {
                return Err(BadQuestion::NoLane {
                    regime: regime.clone(),
                    region: region.clone(),
                    channel: *channel,
                });
            }
            people = people.saturating_add(demand.people);
        }
        if people > MOST_PEOPLE {
            return Err(BadQuestion::TooManyPeople);
        }
        self.instants()
            .find(|at| at.duration_since(self.now).abs() > FURTHEST)
            .map_or(Ok(()), |at| Err(BadQuestion::TooFar(at)))
    }

    fn instants(&self) -> impl Iterator<Item = Timestamp> {
        let of_demand = |demand: &Demand| {
            let ends = demand.open.iter().flat_map(|open| [open.from(), open.until()]);
            ends.chain(demand.last.filter(|last| *last > self.now)).collect::<Vec<_>>()
        };
        std::iter::once(self.start).chain(self.demands.iter().flat_map(of_demand))
    }
}
