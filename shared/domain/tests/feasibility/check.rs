//! Whether a schedule keeps every limit of its question.

use tocsin_domain::feasibility::{Answer, Capacity, Question, Sending, Supply};

use crate::sample::second;

const DAY: i64 = 86_400;
const NANOS: i64 = 1_000_000_000;

pub fn check(question: &Question, answer: &Answer) {
    for (number, demand) in question.demands.iter().enumerate() {
        let own = || answer.schedule.iter().filter(|sending| sending.demand == number);
        let outlook = &answer.outlooks[number];
        assert_eq!(own().map(|sending| sending.messages).sum::<u64>() + outlook.unplanned, demand.people);
        assert_eq!(outlook.finishes.is_some(), outlook.unplanned == 0 && demand.people > 0);
        for sending in own() {
            assert!(sending.messages > 0 && sending.from < sending.until);
            assert!(sending.from >= question.start && sending.from >= demand.earliest);
            assert!(demand.last.is_none_or(|last| sending.until <= last));
            assert!(sending.region == demand.region);
            for second in seconds(sending) {
                let open = |open: &tocsin_domain::window::Interval| {
                    crate::sample::second(open.from()) <= second
                        && second < crate::sample::second(open.until())
                };
                assert!(demand.open.iter().any(open), "{second} is not open to {demand:?}");
            }
        }
        let last = own().map(|sending| sending.until).max();
        assert!(outlook.finishes.is_none_or(|finishes| Some(finishes) <= last));
    }
    for lane in &question.supplies {
        check_lane(question, answer, lane);
    }
}

/// The ends are enough for what lasts for hours.
fn seconds(sending: &Sending) -> impl Iterator<Item = i64> {
    let (from, until) = (second(sending.from), second(sending.until));
    (from..until).take(100).chain([until - 1])
}

fn check_lane(question: &Question, answer: &Answer, lane: &Supply) {
    let mut cells = std::collections::BTreeMap::new();
    let own = |sending: &&Sending| {
        sending.region == lane.region && question.demands[sending.demand].channel == lane.channel
    };
    for sending in answer.schedule.iter().filter(own) {
        *cells.entry((second(sending.from), second(sending.until))).or_insert(0) += sending.messages;
    }
    let quotas = lane.changes.iter().map(|change| change.capacity).chain([lane.capacity]);
    let limited = quotas.filter_map(|capacity| capacity.quota).count() > 0;
    let mut sent: Vec<i128> = Vec::new();
    let mut past = i64::MIN;
    for (&(from, until), &messages) in &cells {
        assert!(past <= from, "stretches of one lane overlap");
        past = until;
        let rate = capacity(lane, from).rate;
        assert_eq!(rate, capacity(lane, until - 1).rate, "the rate changes within a stretch");
        assert!(
            messages <= rate * (until - from).unsigned_abs(),
            "{messages} from {from} to {until} at {rate}"
        );
        if !limited {
            continue;
        }
        let length = i128::from(until - from) * i128::from(NANOS);
        sent.extend(
            (1..=i128::from(messages))
                .map(|k| i128::from(from) * i128::from(NANOS) + k * length / i128::from(messages)),
        );
    }
    let day = i128::from(DAY) * i128::from(NANOS);
    let now = i128::from(second(question.now).min(second(question.start))) * i128::from(NANOS);
    for (number, &end) in sent.iter().enumerate() {
        let held = sent[..=number].iter().filter(|&&at| at > end - day).count() as u64;
        let before = if end < now + day { lane.sent } else { 0 };
        // A message at the border between two capacities belongs to the one that ends there.
        let quota = capacity(lane, ((end - 1).div_euclid(i128::from(NANOS))) as i64).quota;
        assert!(
            quota.is_none_or(|quota| held + before <= quota),
            "{held} and {before} in the 24 hours to {end}"
        );
    }
}

fn capacity(lane: &Supply, at: i64) -> Capacity {
    let changes = lane.changes.iter().take_while(|change| second(change.at) <= at);
    changes.last().map_or(lane.capacity, |change| change.capacity)
}
