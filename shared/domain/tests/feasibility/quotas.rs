//! With rolling quotas: against every way of sending, over three days of four seconds.

use std::cell::Cell;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tocsin_domain::feasibility::{Capacity, CapacityChange, Demand, Question, Supply, answer};

use crate::check::check;
use crate::oracle::fewest_late;
use crate::sample::{at, demand, lane, question, second};

const DAY: i64 = 86_400;
const DAYS: i64 = 3;
const LONG: i64 = 4;

fn seconds() -> Vec<i64> {
    (0..DAYS).flat_map(|day| (0..LONG).map(move |second| day * DAY + second)).collect()
}

fn opens() -> impl Strategy<Value = Vec<(i64, i64)>> {
    let one = (0..DAYS, 0..LONG, 1..=LONG)
        .prop_map(|(day, from, length)| (day * DAY + from, day * DAY + (from + length).min(LONG)));
    prop::collection::vec(one, 1..5)
}

fn demands() -> impl Strategy<Value = Demand> {
    (1..5_u64, opens(), 0..DAYS, 1..=LONG)
        .prop_map(|(people, open, day, second)| demand("a", people, Some(day * DAY + second), &open))
}

fn capacities() -> impl Strategy<Value = Capacity> {
    (1..3_u64, 1..5_u64).prop_map(|(rate, quota)| Capacity { rate, quota: Some(quota) })
}

fn lanes() -> impl Strategy<Value = Supply> {
    let change = prop::option::of((prop::sample::select(seconds()), capacities()));
    (capacities(), change, 0..4_u64).prop_map(|(capacity, change, sent)| {
        let changes = change.map(|(second, capacity)| CapacityChange { at: at(second), capacity });
        Supply { capacity, sent, changes: changes.into_iter().collect(), ..lane("a", 1, None) }
    })
}

fn questions(demands: impl Strategy<Value = Vec<Demand>>) -> impl Strategy<Value = Question> {
    (demands, lanes(), -2 * LONG..1, 0..LONG).prop_map(|(demands, lane, now, start)| Question {
        now: at(now),
        start: at(start),
        ..question(demands, vec![lane])
    })
}

/// One window for everybody.
fn alike() -> impl Strategy<Value = Vec<Demand>> {
    (opens(), prop::collection::vec(demands(), 1..4)).prop_map(|(open, mut demands)| {
        let shared = demand("a", 0, None, &open).open;
        demands.iter_mut().for_each(|demand| demand.open.clone_from(&shared));
        demands
    })
}

fn run(cases: u32, questions: impl Strategy<Value = Question>, test: impl Fn(&Question)) {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let ran = TestRunner::new(config).run(&questions, |question| {
        test(&question);
        Ok(())
    });
    ran.unwrap();
}

#[test]
fn where_all_share_their_windows_the_number_of_late_people_is_exact() {
    run(400, questions(alike()), |question| {
        let answer = answer(question).unwrap();
        check(question, &answer);
        let fewest = fewest_late(question, &seconds());
        assert_eq!(answer.fits(), fewest == 0);
        for shortfall in &answer.shortfalls {
            assert_eq!((shortfall.at_least, shortfall.late), (fewest, fewest));
        }
    });
}

#[test]
fn where_windows_differ_the_fewest_late_people_lie_between_the_proof_and_the_schedule() {
    let (asked, apart) = (Cell::new(0), Cell::new(0));
    run(600, questions(prop::collection::vec(demands(), 1..4)), |question| {
        let answer = answer(question).unwrap();
        check(question, &answer);
        let fewest = fewest_late(question, &seconds());
        let (at_least, late) =
            answer.shortfalls.first().map_or((0, 0), |shortfall| (shortfall.at_least, shortfall.late));
        assert!(at_least <= fewest && fewest <= late, "{at_least} <= {fewest} <= {late}");
        asked.set(asked.get() + 1);
        apart.set(apart.get() + u32::from(at_least < late));
    });
    assert!(
        apart.get() * 100 <= asked.get(),
        "proof and schedule differ {} times of {}",
        apart.get(),
        asked.get()
    );
}

#[test]
fn the_quota_and_the_start_that_buy_back_do_and_one_less_or_later_does_not() {
    run(200, questions(alike()), |question| {
        let answer = answer(question).unwrap();
        let Some(shortfall) = answer.shortfalls.first() else { return };
        let fits = |change: &dyn Fn(&mut Question)| {
            let mut changed = question.clone();
            change(&mut changed);
            fewest_late(&changed, &seconds()) == 0
        };
        let with = |quota: u64| {
            move |question: &mut Question| {
                let lane = &mut question.supplies[0];
                let capacities = lane.changes.iter_mut().map(|change| &mut change.capacity);
                for capacity in capacities.chain([&mut lane.capacity]) {
                    capacity.quota = capacity.quota.map(|had| had.max(quota));
                }
            }
        };
        let smallest = (1..20).find(|&quota| fits(&with(quota)));
        assert_eq!(shortfall.buys_back.quota, smallest);
        if let Some(start) = shortfall.buys_back.start {
            assert!(fits(&|question| question.start = start));
            assert!(!fits(&|question| question.start = at(second(start) + 1)));
        }
    });
}
