//! Cases that can be reckoned by hand.

use jiff::Timestamp;
use tocsin_domain::feasibility::{Answer, Capacity, CapacityChange, LatestStart, Question, answer};
use tocsin_domain::plan::Channel;

use crate::check::check;
use crate::oracle::fewest_late;
use crate::sample::{at, demand, lane, obligation, question};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

fn checked(question: &Question) -> Answer {
    let answer = answer(question).unwrap();
    check(question, &answer);
    answer
}

#[test]
fn what_sending_by_deadlines_alone_would_miss_is_found() {
    // The first may be told in either second, the second with its later deadline in the first alone.
    let demands = vec![demand("a", 1, Some(3), &[(0, 1), (2, 3)]), demand("a", 1, Some(4), &[(0, 1)])];
    let answer = checked(&question(demands, vec![lane("a", 1, None)]));
    assert!(answer.fits());
    assert_eq!(answer.schedule.iter().map(|sending| sending.demand).collect::<Vec<_>>(), [1, 0]);
}

#[test]
fn what_sends_early_for_late_deadlines_may_eat_the_quota_of_early_ones() {
    // Who may be told at once has two days; who may be told an hour later has to be told then, and the quota is one.
    let early = demand("a", 1, Some(2 * DAY), &[(0, HOUR), (DAY + HOUR + 60, DAY + HOUR + 61)]);
    let urgent = demand("a", 1, Some(2 * HOUR), &[(HOUR, HOUR + 60)]);
    let answer = checked(&question(vec![early, urgent], vec![lane("a", 1, Some(1))]));
    assert!(answer.fits());
}

#[test]
fn where_only_parts_of_messages_could_do_more_both_numbers_show_it() {
    // With a quota of one, who may be told at noon is in the way of both instants of the other. In halves, three of four
    // half people are told on each occasion; whole, one of two.
    let occasion = |from: i64| {
        let second = |at: i64| (from + at, from + at + 1);
        [
            demand("a", 1, Some(9 * DAY), &[second(0), second(DAY + 1)]),
            demand("a", 1, Some(9 * DAY), &[second(12 * HOUR)]),
        ]
    };
    let demands = [occasion(0), occasion(4 * DAY)].concat();
    let question = question(demands, vec![lane("a", 1, Some(1))]);
    let shortfall = &checked(&question).shortfalls[0];
    assert_eq!((shortfall.at_least, shortfall.late), (1, 2));
    let seconds = [0, 12 * HOUR, DAY + 1, 4 * DAY, 4 * DAY + 12 * HOUR, 5 * DAY + 1];
    assert_eq!(fewest_late(&question, &seconds), 2);
    assert_eq!(shortfall.buys_back.quota, Some(2));
}

#[test]
fn what_was_sent_before_counts_for_a_whole_day_and_the_quota_rolls() {
    let mut lane = lane("a", 1000, Some(100));
    lane.sent = 40;
    let ask = |people| {
        let open = [(0, 4 * DAY)];
        checked(&question(vec![demand("a", people, Some(2 * DAY), &open)], vec![lane.clone()]))
    };
    let answer = ask(160);
    assert!(answer.fits());
    assert!(answer.outlooks[0].finishes > Some(at(DAY)));
    let late = &ask(161).shortfalls[0];
    assert_eq!((late.late, late.at_least), (1, 1));
    assert_eq!(late.buys_back.quota, Some(101));
    assert_eq!(late.buys_back.rate, None);
    assert_eq!(late.buys_back.start, None);
}

#[test]
fn a_planned_rise_of_the_quota_counts_from_its_instant() {
    let mut lane = lane("a", 1000, Some(10));
    lane.changes = vec![CapacityChange { at: at(HOUR), capacity: Capacity { rate: 1000, quota: Some(50) } }];
    let ask = |people| {
        checked(&question(vec![demand("a", people, Some(2 * HOUR), &[(0, 2 * HOUR)])], vec![lane.clone()]))
    };
    assert!(ask(50).fits());
    assert_eq!(ask(51).shortfalls[0].late, 1);
}

#[test]
fn who_has_no_number_comes_after_all_others_and_is_never_late() {
    let demands = vec![demand("a", 10, None, &[(0, 12)]), demand("a", 10, Some(12), &[(0, 12)])];
    let answer = checked(&question(demands, vec![lane("a", 1, None)]));
    assert!(answer.fits());
    assert_eq!((answer.outlooks[0].unplanned, answer.outlooks[0].late()), (8, 0));
    assert_eq!(answer.outlooks[0].latest_start, LatestStart::NoNumber);
    assert_eq!(answer.outlooks[1].finishes, Some(at(10)));
}

#[test]
fn the_latest_start_of_an_obligation_is_that_of_its_most_pressing_demand() {
    let demands = vec![demand("a", 10, Some(20), &[(0, 30)]), demand("a", 5, Some(30), &[(0, 30)])];
    let answer = checked(&question(demands, vec![lane("a", 1, None)]));
    let starts: Vec<LatestStart> = answer.outlooks.iter().map(|outlook| outlook.latest_start).collect();
    assert_eq!(starts, [LatestStart::At(at(10)), LatestStart::At(at(15))]);
    assert_eq!(answer.latest_start(obligation("a")), Some(LatestStart::At(at(10))));
    assert_eq!(answer.latest_start(obligation("b")), None);
}

#[test]
fn what_cannot_be_asked_is_refused() {
    let asked =
        |people: u64, last: i64, lanes| question(vec![demand("a", people, Some(last), &[(0, 10)])], lanes);
    let mut out_of_order = lane("a", 1, None);
    let change = CapacityChange { at: at(0), capacity: out_of_order.capacity };
    out_of_order.changes = vec![change, change];
    for (question, expected) in [
        (asked(1, 10, vec![lane("b", 1, None)]), "no capacity is given for email in a"),
        (asked(1, 10, vec![lane("a", 1, None), lane("a", 1, None)]), "email in a is given twice"),
        (asked(1, 10, vec![out_of_order]), "have to be in order of time"),
        (asked(u64::MAX, 10, vec![lane("a", 1, None)]), "the counts are wrong"),
        (asked(1, 401 * DAY, vec![lane("a", 1, None)]), "more than 400 days from now"),
    ] {
        let error = answer(&question).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn numbers_without_bounds_do_no_harm() {
    let mut lane = lane("a", u64::MAX, Some(u64::MAX));
    lane.sent = u64::MAX;
    let answer = checked(&question(vec![demand("a", 5, Some(10), &[(0, 10)])], vec![lane]));
    assert!(!answer.fits() || answer.outlooks[0].finishes.is_some());
}

#[test]
fn instants_between_seconds_are_rounded_so_that_less_is_sent() {
    let half = |second: i64| Timestamp::from_millisecond(at(second).as_millisecond() + 500).unwrap();
    let mut question = question(vec![demand("a", 3, Some(3), &[(0, 10)])], vec![lane("a", 1, None)]);
    assert!(checked(&question).fits());
    question.start = half(0);
    assert_eq!(checked(&question).shortfalls[0].late, 1);
    question.demands[0].last = Some(half(3));
    assert_eq!(checked(&question).shortfalls[0].late, 1);
}

#[test]
fn an_answer_is_kept_and_read_again() {
    let demands = vec![demand("a", 50, Some(20), &[(-20, 30)]), demand("a", 5, None, &[(0, 30)])];
    let answer = checked(&question(demands, vec![lane("a", 1, Some(40))]));
    let kept = serde_json::to_string(&answer).unwrap();
    assert_eq!(serde_json::from_str::<Answer>(&kept).unwrap(), answer);
}

#[test]
fn a_responder_reads_what_breaks_and_what_buys_it_back() {
    let mut texts = demand("us-east-1", 10, Some(48 * HOUR), &[(0, 10)]);
    texts.channel = Channel::Sms;
    let mut late = demand("us-east-1", 281_200, Some(10_000), &[(-5_000, 5_000)]);
    late.elsewhere = ["us-west-2".to_owned()].into();
    let mut carries = lane("us-east-1", 50, Some(300_000));
    carries.channel = Channel::Sms;
    let lanes = vec![lane("us-east-1", 50, None), lane("us-west-2", 50, None), carries];
    let question = question(vec![late, texts], lanes);
    let text = checked(&question).to_string();
    insta::assert_snapshot!(text, @"
    us-ca-individual for US-CA in us-east-1 by e-mail: 31,200 of 281,200 people would be late by 2026-11-26T02:46:40Z.
    us-east-1 by e-mail is short of 31,200 people. It fits at 57 messages a second instead of 50, or with 250,000 through us-east-1 and 31,200 through us-west-2, or if people are reached at any hour, or with approval by 2026-11-25T23:49:36Z.
    us-ca-individual for US-CA in us-east-1 by e-mail has to be approved by 2026-11-25T23:49:36Z.
    us-ca-individual for US-CA in us-east-1 by text message has to be approved by 2026-11-26T00:00:09Z.
    ");
}

#[test]
fn a_plan_that_fits_says_so() {
    let answer = checked(&question(vec![demand("a", 3, Some(3), &[(0, 10)])], vec![lane("a", 1, None)]));
    insta::assert_snapshot!(answer.to_string(), @"
    With approval by 2026-11-26T00:00:00Z every deadline is met.
    us-ca-individual for US-CA in a by e-mail has to be approved by 2026-11-26T00:00:00Z.
    ");
}
