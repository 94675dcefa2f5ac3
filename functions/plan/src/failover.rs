//! Who is sent from another region: people whose own region cannot carry them, where the tenant's residency policy names
//! others for it. Everybody stays at rest where they are.

use std::collections::BTreeMap;

use tocsin_domain::feasibility::{self, Answer, BadQuestion, Demand, Question};
use tocsin_domain::id::ObligationId;
use tocsin_domain::pace::Lane;
use tocsin_domain::plan::{Channel, Failover, Lack};
use tocsin_domain::tenant::Residency;

use crate::seats::Group;

/// What is sent from elsewhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Failovers {
    /// Lanes that take nothing: whoever is in them is sent from this region.
    lanes: BTreeMap<Lane, String>,
    /// Of lanes that are too slow: so many people of a demand are sent from these regions.
    people: BTreeMap<Share, Vec<(String, u64)>>,
}

/// People of one lane of whom some may be sent from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Share {
    obligation: ObligationId,
    lane: Lane,
    residence: String,
}

impl Failovers {
    pub fn is_empty(&self) -> bool {
        self.lanes.is_empty() && self.people.is_empty()
    }

    /// The group of the next one who would sit in this one, wherever that is sent from. What stands by waits in its own
    /// region, unless that takes nothing.
    pub fn place(&mut self, group: Group) -> Group {
        let Some(lane) = Lane::of(&group.region, group.channel) else {
            return group;
        };
        if let Some(region) = self.lanes.get(&lane) {
            return elsewhere(group, region.clone(), Lack::Capacity);
        }
        let residence = group.residence.as_ref().map(ToString::to_string).unwrap_or_default();
        let share = Share { obligation: group.obligation, lane, residence };
        let places = self.people.get_mut(&share).filter(|_| !group.stands_by);
        match places.and_then(|places| places.iter_mut().find(|(_, people)| *people > 0)) {
            Some((region, people)) => {
                *people -= 1;
                elsewhere(group, region.clone(), Lack::Time)
            }
            None => group,
        }
    }
}

fn elsewhere(group: Group, region: String, why: Lack) -> Group {
    Group { failover: Some(Failover { from: group.region, why }), region, ..group }
}

/// Decides it from what is asked of each lane and what each takes.
///
/// A lane that takes nothing is sent from the first region of the policy that takes anything. Of one that is too slow
/// those go who would be late, to the first region that takes them, as far as nobody else becomes late there; the rest
/// are asked of the next. What the policy does not name, or what helps nobody, stays.
pub fn decide(residency: &Residency, question: Question) -> Result<Failovers, BadQuestion> {
    let mut failovers = Failovers { lanes: dead_lanes(residency, &question), people: BTreeMap::new() };
    let mut ground = Ground::of(question, &failovers.lanes)?;
    for lane in ground.short() {
        for region in residency.may_send_from(&lane.region) {
            for (share, people) in ground.relieve(&lane, region)? {
                failovers.people.entry(share).or_default().push((region.clone(), people));
            }
        }
    }
    Ok(failovers)
}

fn dead_lanes(residency: &Residency, question: &Question) -> BTreeMap<Lane, String> {
    let takes_something = |region: &String, channel: Channel| {
        let of_it =
            question.supplies.iter().find(|supply| supply.region == *region && supply.channel == channel);
        of_it.is_some_and(|supply| !supply.takes_nothing())
    };
    let mut lanes = BTreeMap::new();
    for dead in question.supplies.iter().filter(|supply| supply.takes_nothing()) {
        let others = residency.may_send_from(&dead.region);
        if let Some(region) = others.iter().find(|region| takes_something(region, dead.channel)) {
            lanes.insert(Lane { region: dead.region.clone(), channel: dead.channel }, region.clone());
        }
    }
    lanes
}

/// What is asked as far as it is decided, and what comes of it.
struct Ground {
    question: Question,
    /// Whether each demand is sent from elsewhere already: nobody is sent on.
    placed: Vec<bool>,
    answer: Answer,
}

impl Ground {
    fn of(mut question: Question, lanes: &BTreeMap<Lane, String>) -> Result<Self, BadQuestion> {
        let mut placed = Vec::with_capacity(question.demands.len());
        for demand in &mut question.demands {
            let region = lanes.get(&lane_of(demand));
            placed.push(region.is_some());
            if let Some(region) = region {
                demand.region.clone_from(region);
            }
        }
        let answer = feasibility::answer(&question)?;
        Ok(Self { question, placed, answer })
    }

    /// Lanes that are too slow.
    fn short(&self) -> Vec<Lane> {
        let lane = |region: &String, channel| Lane { region: region.clone(), channel };
        self.answer.shortfalls.iter().map(|short| lane(&short.region, short.channel)).collect()
    }

    fn late_in(&self, region: &str, channel: Channel) -> u64 {
        let in_it = |short: &&feasibility::Shortfall| short.region == region && short.channel == channel;
        self.answer.shortfalls.iter().filter(in_it).map(|short| short.late).sum()
    }

    fn late(&self) -> u64 {
        self.answer.shortfalls.iter().map(|short| short.late).sum()
    }

    /// Places those who are late in a lane into another region, and says who they are.
    fn relieve(&mut self, lane: &Lane, region: &str) -> Result<Vec<(Share, u64)>, BadQuestion> {
        let supplied =
            |supply: &feasibility::Supply| supply.region == region && supply.channel == lane.channel;
        if !self.question.supplies.iter().any(supplied) {
            return Ok(Vec::new());
        }
        let mut late = self.late_of(lane);
        let before = self.late_in(region, lane.channel);
        let mut tried = self.with(&late, region)?;
        let too_many = tried.late_in(region, lane.channel).saturating_sub(before);
        if too_many > 0 {
            fewer(&mut late, too_many);
            tried = self.with(&late, region)?;
        }
        if tried.late_in(region, lane.channel) > before || tried.late() >= self.late() {
            return Ok(Vec::new());
        }
        let shares = late.into_iter().map(|(place, people)| (share(&self.question.demands[place]), people));
        let shares = shares.collect();
        *self = tried;
        Ok(shares)
    }

    /// Who is late in a lane, by the place of their demand, those whose deadline is last at the end.
    fn late_of(&self, lane: &Lane) -> Vec<(usize, u64)> {
        let outlooks = self.answer.outlooks.iter().enumerate();
        let of_lane = outlooks
            .filter(|(place, _)| lane_of(&self.question.demands[*place]) == *lane && !self.placed[*place]);
        let mut late: Vec<(usize, u64)> = of_lane
            .map(|(place, outlook)| (place, outlook.late()))
            .filter(|(_, people)| *people > 0)
            .collect();
        late.sort_by_key(|(place, _)| self.question.demands[*place].last);
        late
    }

    fn with(&self, late: &[(usize, u64)], region: &str) -> Result<Self, BadQuestion> {
        let (mut question, mut placed) = (self.question.clone(), self.placed.clone());
        for (place, people) in late {
            let rest = &mut question.demands[*place];
            rest.people -= people;
            let away = Demand { region: region.to_owned(), people: *people, ..rest.clone() };
            question.demands.push(away);
            placed.push(true);
        }
        let answer = feasibility::answer(&question)?;
        Ok(Self { question, placed, answer })
    }
}

/// Takes so many away, from the end.
fn fewer(late: &mut Vec<(usize, u64)>, mut too_many: u64) {
    for (_, people) in late.iter_mut().rev() {
        let taken = too_many.min(*people);
        *people -= taken;
        too_many -= taken;
    }
    late.retain(|(_, people)| *people > 0);
}

fn lane_of(demand: &Demand) -> Lane {
    Lane { region: demand.region.clone(), channel: demand.channel }
}

fn share(demand: &Demand) -> Share {
    Share { obligation: demand.obligation, lane: lane_of(demand), residence: demand.residence.clone() }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use jiff::{SignedDuration, Timestamp};
    use tocsin_domain::feasibility::{Capacity, Supply};
    use tocsin_domain::id::{IncidentId, SignalId, TenantId};
    use tocsin_domain::window::Interval;

    use super::*;

    const HOME: &str = "eu-central-1";

    fn residency(others: &[&str]) -> Residency {
        let others = others.iter().map(|other| (*other).to_owned()).collect();
        Residency {
            regions: BTreeMap::new(),
            otherwise: HOME.to_owned(),
            may_send_from: BTreeMap::from([(HOME.to_owned(), others)]),
        }
    }

    fn obligation(number: u8) -> ObligationId {
        let tenant: TenantId = "shop".parse().unwrap();
        let incident = IncidentId::of(&tenant, SignalId::of(&tenant, "a", "b"));
        ObligationId::of(incident, "eu-gdpr-individual", &number.to_string(), "")
    }

    /// So many people of a region to be told within the next ten seconds; `number` names their duty.
    fn demand(number: u8, region: &str, people: u64) -> Demand {
        let now = Timestamp::UNIX_EPOCH;
        let last = now + SignedDuration::from_secs(10);
        Demand {
            obligation: obligation(number),
            regime: "eu-gdpr-individual".to_owned(),
            residence: String::new(),
            channel: Channel::Email,
            region: region.to_owned(),
            elsewhere: BTreeSet::new(),
            people,
            earliest: now,
            last: Some(last),
            open: vec![Interval::new(now, last).unwrap()],
        }
    }

    /// Each region with what it takes in a second, and whether it takes anything at all.
    fn question(lanes: &[(&str, u64, bool)], demands: Vec<Demand>) -> Question {
        let supply = |(region, rate, takes): &(&str, u64, bool)| Supply {
            region: (*region).to_owned(),
            channel: Channel::Email,
            sent: 0,
            capacity: Capacity { rate: *rate, quota: (!takes).then_some(0) },
            changes: Vec::new(),
        };
        let supplies = lanes.iter().map(supply).collect();
        Question { now: Timestamp::UNIX_EPOCH, start: Timestamp::UNIX_EPOCH, demands, supplies }
    }

    /// How many of duty 1 go where, and which region stands in for the whole lane.
    fn decided(others: &[&str], question: Question) -> (Vec<(String, u64)>, Option<String>) {
        let failovers = decide(&residency(others), question).unwrap();
        let lane = Lane { region: HOME.to_owned(), channel: Channel::Email };
        let share = Share { obligation: obligation(1), lane: lane.clone(), residence: String::new() };
        (failovers.people.get(&share).cloned().unwrap_or_default(), failovers.lanes.get(&lane).cloned())
    }

    #[test]
    fn those_who_would_be_late_go_where_the_policy_says_and_there_is_room() {
        let lanes = [(HOME, 10, true), ("eu-west-1", 3, true), ("eu-north-1", 10, true)];
        let of = |people| question(&lanes, vec![demand(1, HOME, people), demand(2, "eu-north-1", 95)]);
        let sent = |list: &[(&str, u64)]| {
            list.iter().map(|(region, people)| ((*region).to_owned(), *people)).collect::<Vec<_>>()
        };
        for (others, people, expected) in [
            (&["eu-west-1"][..], 100, vec![]),
            (&["eu-west-1"], 120, sent(&[("eu-west-1", 20)])),
            (&["eu-west-1", "eu-north-1"], 134, sent(&[("eu-west-1", 30), ("eu-north-1", 4)])),
            // Nobody there becomes late for them.
            (&["eu-north-1"], 134, sent(&[("eu-north-1", 5)])),
            // What is not enough for all still helps some.
            (&["eu-west-1"], 200, sent(&[("eu-west-1", 30)])),
            // The policy names nothing, or what this installation does not have.
            (&[], 200, vec![]),
            (&["us-east-1"], 200, vec![]),
        ] {
            assert_eq!(decided(others, of(people)), (expected, None), "{others:?} {people}");
        }
    }

    #[test]
    fn a_region_that_takes_nothing_is_sent_from_the_first_that_takes_anything() {
        let lanes = [(HOME, 10, false), ("eu-west-1", 10, false), ("eu-north-1", 1, true)];
        let of = |others: &[&str]| decided(others, question(&lanes, vec![demand(1, HOME, 5)])).1;
        assert_eq!(of(&["eu-west-1", "eu-north-1"]).as_deref(), Some("eu-north-1"));
        assert_eq!(of(&["eu-west-1"]), None);
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn whoever_is_sent_from_elsewhere_is_not_sent_on() {
        let lanes = [(HOME, 10, false), ("eu-west-1", 1, true), ("eu-north-1", 10, true)];
        let mut policy = residency(&["eu-west-1"]);
        policy.may_send_from.insert("eu-west-1".to_owned(), vec!["eu-north-1".to_owned()]);
        let failovers = decide(&policy, question(&lanes, vec![demand(1, HOME, 50)])).unwrap();
        assert!(failovers.people.is_empty() && failovers.lanes.len() == 1, "{failovers:?}");
    }
}
