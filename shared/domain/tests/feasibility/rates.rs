//! Without quotas everything is exact: who is late, what buys it back, the latest starts.

use std::collections::BTreeMap;

use jiff::Timestamp;
use proptest::prelude::*;
use tocsin_domain::feasibility::{
    Answer, Capacity, CapacityChange, Demand, LatestStart, Question, Supply, answer,
};
use tocsin_domain::window::Interval;

use crate::check::check;
use crate::oracle::{own_region, unmatched};
use crate::sample::{at, demand, lane, part, question, second};

const END: i64 = 12;
const SECONDS: std::ops::Range<i64> = -3..END;

fn demands() -> impl Strategy<Value = Demand> {
    let open = prop::collection::vec((-3..END - 1, 1..4_i64), 0..4);
    let last = prop_oneof![1 => Just(None), 5 => (1..END + 3).prop_map(Some)];
    (0..2_usize, 0..6_u64, last, open, -3..4_i64, any::<bool>()).prop_map(
        |(region, people, last, open, earliest, elsewhere)| {
            let open: Vec<(i64, i64)> =
                open.iter().map(|&(from, length)| (from, (from + length).min(END))).collect();
            let mut demand = demand(["a", "b"][region], people, last, &open);
            demand.earliest = at(earliest);
            if elsewhere {
                demand.elsewhere = ["a".to_owned(), "b".to_owned()].into();
            }
            demand
        },
    )
}

fn lanes() -> impl Strategy<Value = Supply> {
    let change = prop::option::of((-2..END, 0..4_u64));
    (0..4_u64, change).prop_map(|(rate, change)| {
        let changes = change.map(|(second, rate)| CapacityChange {
            at: at(second),
            capacity: Capacity { rate, quota: None },
        });
        Supply { changes: changes.into_iter().collect(), ..lane("a", rate, None) }
    })
}

fn questions() -> impl Strategy<Value = Question> {
    (prop::collection::vec(demands(), 1..6), lanes(), lanes(), -1..5_i64).prop_map(
        |(demands, a, b, start)| {
            let b = Supply { region: "b".to_owned(), ..b };
            Question { start: at(start), ..question(demands, vec![a, b]) }
        },
    )
}

/// Those with a deadline, the earliest first; of equal ones `at_end` comes last.
fn by_deadline(question: &Question, at_end: Option<usize>) -> Vec<usize> {
    let demands = &question.demands;
    let mut order: Vec<usize> = (0..demands.len()).filter(|&number| demands[number].last.is_some()).collect();
    order.sort_by_key(|&number| (demands[number].last, Some(number) == at_end));
    order
}

fn late(question: &Question, start: i64) -> Vec<u64> {
    unmatched(question, start, &by_deadline(question, None), SECONDS, own_region)
}

fn late_by_deadline(question: &Question, late: impl Fn(usize) -> u64) -> BTreeMap<(String, Timestamp), u64> {
    let mut by_deadline = BTreeMap::new();
    for (number, demand) in question.demands.iter().enumerate() {
        if let Some(last) = demand.last {
            *by_deadline.entry((demand.region.clone(), last)).or_default() += late(number);
        }
    }
    by_deadline
}

/// The last of the starts with which it is so, all of them tried.
fn last_start(from: i64, holds: impl Fn(i64) -> bool) -> Option<i64> {
    (from..END + 4).filter(|&start| holds(start)).max()
}

fn first_open(demands: &[&Demand]) -> Option<i64> {
    let open = |demand: &&Demand| {
        let last = demand.last.map_or(i64::MAX, second);
        let opens = |open: &Interval| second(open.from()).max(second(demand.earliest));
        demand.open.iter().filter(|open| opens(open) < second(open.until()).min(last)).map(opens).min()
    };
    demands.iter().filter_map(open).min()
}

fn check_latest_starts(question: &Question, answer: &Answer) {
    for (number, demand) in question.demands.iter().enumerate() {
        let Some(last) = demand.last.map(second) else {
            assert_eq!(answer.outlooks[number].latest_start, LatestStart::NoNumber);
            continue;
        };
        let mut overdue = question.clone();
        for other in
            overdue.demands.iter_mut().filter(|other| other.last.is_some_and(|other| other <= at(last)))
        {
            other.last = demand.last;
        }
        let safe = |start: i64| {
            unmatched(&overdue, start, &by_deadline(&overdue, Some(number)), SECONDS, own_region)[number] == 0
        };
        let LatestStart::At(found) = answer.outlooks[number].latest_start else {
            assert!((-3..END).all(|start| !safe(start)), "some start is safe for {demand:?}");
            continue;
        };
        let found = second(found);
        assert!(safe(found), "{found} is not safe for {demand:?}");
        assert!(demand.people == 0 || !safe(found + 1), "{} is safe for {demand:?}", found + 1);
        assert!(demand.people > 0 || found == last.max(second(question.start)));
    }
}

fn check_buy_back(question: &Question, answer: &Answer) {
    for shortfall in &answer.shortfalls {
        let lane = usize::from(shortfall.region == "b");
        let own = part(question, lane);
        let start = second(question.start);
        let fits = |question: &Question, start| late(question, start).iter().sum::<u64>() == 0;

        let people: u64 = own.demands.iter().map(|demand| demand.people).sum();
        let rate = (1..=people).find(|&rate| {
            let mut faster = own.clone();
            let lane = &mut faster.supplies[0];
            lane.capacity.rate = lane.capacity.rate.max(rate);
            lane.changes.iter_mut().for_each(|change| change.capacity.rate = change.capacity.rate.max(rate));
            fits(&faster, start)
        });
        assert_eq!(shortfall.buys_back.rate, rate);
        assert_eq!(shortfall.buys_back.quota, None);

        let mut always = own.clone();
        for demand in &mut always.demands {
            demand.open = vec![Interval::new(at(-1000), at(1000)).unwrap()];
        }
        let all = unmatched(&always, start, &by_deadline(&always, None), -3..END + 3, own_region);
        assert_eq!(shortfall.buys_back.window, all.iter().sum::<u64>() == 0);

        let dated: Vec<&Demand> = own.demands.iter().filter(|demand| demand.last.is_some()).collect();
        let earlier = first_open(&dated).and_then(|first| last_start(first, |start| fits(&own, start)));
        assert_eq!(shortfall.buys_back.start.map(second), earlier.filter(|earlier| *earlier < start));

        let elsewhere = |demand: &Demand| {
            let own = demand.region == shortfall.region;
            if own {
                [demand.region.clone()].into_iter().chain(demand.elsewhere.clone()).collect()
            } else {
                own_region(demand)
            }
        };
        let others: u64 = late(&part(question, 1 - lane), start).iter().sum();
        let joined: u64 =
            unmatched(question, start, &by_deadline(question, None), SECONDS, elsewhere).iter().sum();
        assert_eq!(shortfall.buys_back.regions.is_some(), joined == others);
        if let Some(regions) = &shortfall.buys_back.regions {
            assert_eq!(regions.values().sum::<u64>(), dated.iter().map(|demand| demand.people).sum::<u64>());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn who_is_late_by_which_deadline_agrees_with_a_matching_of_every_person(question in questions()) {
        let answer = answer(&question).unwrap();
        check(&question, &answer);
        let expected = late(&question, second(question.start));
        prop_assert_eq!(
            late_by_deadline(&question, |number| answer.outlooks[number].late()),
            late_by_deadline(&question, |number| expected[number])
        );
        prop_assert_eq!(answer.fits(), expected.iter().sum::<u64>() == 0);
        for shortfall in &answer.shortfalls {
            let late = late(&part(&question, usize::from(shortfall.region == "b")), second(question.start));
            prop_assert_eq!(shortfall.late, late.iter().sum::<u64>());
            prop_assert_eq!(shortfall.at_least, shortfall.late);
        }
    }

    #[test]
    fn latest_starts_and_what_buys_back_agree_with_trying_everything(question in questions()) {
        let answer = answer(&question).unwrap();
        check_latest_starts(&question, &answer);
        check_buy_back(&question, &answer);
    }
}
