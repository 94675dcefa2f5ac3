//! Feasibility at hour 0: whether everybody can be told in time, and if not, which deadline breaks, when, by how many
//! people, and what buys it back.
//!
//! # The question as numbers
//!
//! A *lane* is a channel in a region: one account of one provider, with a rate and a rolling quota. A *demand* is people
//! who may be told within some intervals until a last instant. Time is cut into *cells*, in which nobody's interval
//! begins or ends and no capacity changes. How many of a demand's people are told in which cell is then all there is to
//! decide, in whole messages, such that
//! 1. a demand sends in cells in which its people may be reached, and no more messages than it has people;
//! 2. a cell sends no more than its rate in its seconds;
//! 3. no 24 hours send more than the quota.
//!
//! Instants are rounded to whole seconds so that less can be sent, never more.
//!
//! # Why looking at cells is enough for a rolling quota
//!
//! Where a quota may bind, each day is cut at the times of day at which any day is cut. So the 24 hours that end within
//! a cell begin within another of the same length, and take the rest of that one and the first part of this. A cell's
//! messages are spread evenly over it, the k-th when k of them are due. When the share `s` of the cell has passed, and it
//! sends `b` messages and the one a day before `a`, these 24 hours hold `a - floor(s a) + floor(s b)` of the two: no more
//! than the greater of `a` and `b`. So they hold no more than the 24 hours that end where the cell begins, or those that
//! end where it ends, and limit 3 needs to hold for those alone. They are some of all 24 hours, so nothing is asked too
//! much either.
//!
//! Of what was sent before, the provider says how much, and not when. The worst is assumed: all of it a moment ago, so
//! that it counts for 24 hours more. For a start in the past it is taken to lie just before that start.
//!
//! # Why the answer is exact
//!
//! *Without a quota that may bind* this is a flow of people through cells. The greatest flow leaves the fewest late, in
//! whole messages, and a smallest cut proves it. Deadlines come in one after the other, the earliest first, and none
//! takes anything away from an earlier one; a flow that is grown like this still is a greatest one. So the deadlines
//! that break are the first that cannot be kept beside all earlier ones. Sending by deadlines alone, without looking
//! ahead, would not do: who may be reached at 9 only has to go before who may be reached at 9 and at 15, though their
//! deadline is later. It is tried first, because mostly it fits, and then nothing is left to prove.
//!
//! *With a quota* limit 3 runs over cells in a row and is no flow: a message takes its place for 24 hours. With as many
//! places as the quota has messages this is scheduling jobs of equal length on machines, and where jobs have several
//! intervals each, whole jobs are NP-complete (Simons and Sipser 1984, "On scheduling unit-length jobs with multiple
//! release time/deadline intervals"). What can be had is this:
//! - A schedule that was found, in whole messages, leaves `late` people late. Everything is checked on it.
//! - A proof that none leaves fewer than `at_least`. Any set of demands can be told only in the cells that they share;
//!   the most that rate and quota allow in these cells is a shortest way through differences of sums, in whole messages.
//!   Where all people of a lane share their windows, sending as early as possible is the most at every instant, sets by
//!   deadlines prove it, and both numbers are one. That is every lane without windows.
//! - Where they differ, the schedule in parts of messages is found exactly (`simplex.rs`, in whole numbers). Its number
//!   of late people, rounded up, is a proof, and its sums over cells, rounded down, are a schedule, because limits over
//!   runs of cells are kept by rounding sums. That costs less than one message for each run of cells in which a set of
//!   demands may be told. So `late` and `at_least` are some messages apart at most, and mostly they are equal.
//!
//! A plan is said to fit only with a schedule at hand. A schedule in parts is not sought where it would take a table of
//! more than three million entries, as with a thousand cells under a quota that binds, and windows that differ; the
//! schedule is then one by deadlines, `at_least` rests on the sets alone, and the two numbers show it.
//!
//! # What is found by asking again
//!
//! The smallest rate and quota, and the latest starts, are found by bisection. Each is a number with which it fits, while
//! with one less, or one second later, no schedule was found. More capacity or time never hurts, so without a quota there
//! is one such border only; with one, up to the messages that `late` and `at_least` are apart.
//!
//! Everything here is a function of the question. No number is a float.

mod answer;
mod flow;
mod instance;
mod ledger;
mod question;
mod search;
mod simplex;
mod solve;
mod waves;

use jiff::Timestamp;

pub use answer::{Answer, BuyBack, LatestStart, Outlook, Sending, Shortfall};
pub use question::{BadQuestion, Capacity, CapacityChange, Demand, Question, Supply};
pub use waves::of_waves;

use instance::{Instance, Model, ceiling};
use ledger::Ledger;

/// Whether everybody can be told in time.
pub fn answer(question: &Question) -> Result<Answer, BadQuestion> {
    question.check()?;
    let model = Model::of(question);
    let start = ceiling(question.start);
    let mut answer = Answer {
        start: question.start,
        outlooks: outlooks(question, &model, start),
        schedule: Vec::new(),
        shortfalls: Vec::new(),
    };
    let lanes: Vec<Model> = (0..question.supplies.len())
        .map(|lane| model.only(|class| class.lanes.first() == Some(&lane)))
        .collect();
    let mut late = Vec::new();
    for (lane, of_lane) in lanes.iter().enumerate() {
        let instance = Instance::new(of_lane, start);
        let mut solution = solve::solve(&instance);
        late.push(solution.ledger.late());
        if !solution.fits() {
            answer.shortfalls.push(shortfall(question, lane, of_lane, &solution));
        }
        solution.ledger.send_without_deadline();
        put_down(question, &instance, &solution.ledger, &mut answer);
    }
    buy_back(question, &model, &lanes, &late, &mut answer.shortfalls);
    answer.schedule.sort_by_key(|sending| (sending.from, sending.demand));
    Ok(answer)
}

/// Before anything is scheduled.
fn outlooks(question: &Question, model: &Model, start: i64) -> Vec<Outlook> {
    let mut latest_starts = vec![LatestStart::NoNumber; question.demands.len()];
    for (place, class) in model.classes.iter().enumerate().filter(|(_, class)| class.last.is_some()) {
        let latest = search::latest_start_of(model, place, start).and_then(instant);
        latest_starts[class.demand] = latest.map_or(LatestStart::Never, LatestStart::At);
    }
    let outlook = |(demand, latest_start): (&Demand, LatestStart)| Outlook {
        obligation: demand.obligation,
        regime: demand.regime.clone(),
        residence: demand.residence.clone(),
        region: demand.region.clone(),
        channel: demand.channel,
        people: demand.people,
        last: demand.last,
        unplanned: demand.people,
        finishes: None,
        latest_start,
    };
    question.demands.iter().zip(latest_starts).map(outlook).collect()
}

fn shortfall(question: &Question, lane: usize, model: &Model, solution: &solve::Solution<'_>) -> Shortfall {
    let Supply { region, channel, .. } = &question.supplies[lane];
    let capacity = model.lanes[lane].capacity_at(ceiling(question.start));
    Shortfall {
        region: region.clone(),
        channel: *channel,
        rate: capacity.rate,
        quota: capacity.quota,
        late: solution.ledger.late().unsigned_abs(),
        at_least: solution.at_least.unsigned_abs(),
        buys_back: BuyBack { rate: None, quota: None, regions: None, window: false, start: None },
    }
}

fn buy_back(question: &Question, model: &Model, lanes: &[Model], late: &[i64], shortfalls: &mut [Shortfall]) {
    let start = ceiling(question.start);
    let short = (0..lanes.len()).filter(|&lane| late[lane] > 0);
    for (lane, shortfall) in short.zip(shortfalls) {
        let dated = lanes[lane].only(|class| class.last.is_some());
        let named =
            |(lane, people): (usize, i64)| (question.supplies[lane].region.clone(), people.unsigned_abs());
        shortfall.buys_back = BuyBack {
            rate: search::rate(&dated, lane, start).map(i64::unsigned_abs),
            quota: search::quota(&dated, lane, start).map(i64::unsigned_abs),
            regions: search::regions(model, lane, start, late)
                .map(|regions| regions.into_iter().map(named).collect()),
            window: search::window(&dated, start),
            start: search::latest_start(&dated, start).and_then(instant),
        };
    }
}

/// Writes down what is planned in a lane: who goes when, and when each demand is through.
fn put_down(question: &Question, instance: &Instance<'_>, ledger: &Ledger<'_>, answer: &mut Answer) {
    let by_cell = ledger.by_cell();
    let mut gone = vec![0; instance.cells.len()];
    for (number, class) in instance.classes.iter().enumerate() {
        let outlook = &mut answer.outlooks[class.demand];
        outlook.unplanned = ledger.waiting(number).unsigned_abs();
        let mut finishes = None;
        let sent = instance.cells_of[number].iter().zip(ledger.sent_in(number));
        for (&cell, &messages) in sent.filter(|(_, messages)| **messages > 0) {
            gone[cell] += messages;
            let Some((from, until)) =
                instant(instance.cells[cell].from).zip(instant(instance.cells[cell].until))
            else {
                continue;
            };
            let region = question.supplies[instance.cells[cell].lane].region.clone();
            let messages = messages.unsigned_abs();
            answer.schedule.push(Sending { demand: class.demand, region, from, until, messages });
            finishes = finishes.max(instant(instance.cells[cell].sent_by(gone[cell], by_cell[cell])));
        }
        outlook.finishes = finishes.filter(|_| outlook.unplanned == 0);
    }
}

fn instant(second: i64) -> Option<Timestamp> {
    Timestamp::from_second(second).ok()
}
