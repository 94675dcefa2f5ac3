//! What would make it fit: the same question with one thing changed, until the smallest change is found.

use std::collections::BTreeMap;

use super::instance::{Class, DAY, Instance, Model};
use super::solve::solve;

/// What a question with one thing changed comes to.
enum Verdict {
    Fits,
    /// So many messages are lacking at least.
    Lacks(i64),
}

fn verdict(model: &Model, start: i64) -> Verdict {
    let instance = Instance::new(model, start);
    let solution = solve(&instance);
    if solution.fits() { Verdict::Fits } else { Verdict::Lacks(solution.at_least) }
}

/// The smallest number with which it fits, above one with which it does not, and up to one with which it does.
///
/// `gain` is how many messages the next number brings at most, where that is known: what is lacking then tells how many
/// numbers need not be tried. By turns the first and the middle one of those that are left is tried.
fn smallest(too_small: i64, enough: i64, gain: Option<i64>, verdict: impl Fn(i64) -> Verdict) -> i64 {
    let (mut low, mut high, mut first) = (too_small, enough, gain.is_some());
    while high - low > 1 {
        let tried = if first { low + 1 } else { low + (high - low) / 2 };
        first = gain.is_some() && !first;
        match verdict(tried) {
            Verdict::Fits => high = tried,
            Verdict::Lacks(messages) => {
                let useless = gain.map_or(0, |gain| (messages - 1).max(0) / gain.max(1));
                low = (tried + useless).min(high - 1);
            }
        }
    }
    high
}

/// The latest start with which it is safe, while one second later it is not: after the one that was asked for if that
/// is safe, else before it.
fn latest(model: &Model, asked: i64, end: i64, verdict: impl Fn(i64) -> Verdict) -> Option<i64> {
    let safe = |start| matches!(verdict(start), Verdict::Fits);
    let (safe_start, too_late) =
        if safe(asked) { (asked, end.max(asked) + 1) } else { (earliest(model), asked) };
    if safe_start >= too_late || (safe_start != asked && !safe(safe_start)) {
        return None;
    }
    let gain = gain_of_a_second(model, safe_start);
    Some(-smallest(-too_late, -safe_start, gain, |earlier| verdict(-earlier)))
}

/// What a start that is a second earlier brings at most. Where that start may lie in the past, what was sent before moves
/// with it, and nothing is known.
fn gain_of_a_second(model: &Model, earliest: i64) -> Option<i64> {
    let capacities = || model.lanes.iter().flat_map(|lane| &lane.capacities).map(|(_, capacity)| capacity);
    let unlimited = capacities().all(|capacity| capacity.quota.is_none());
    let rate = capacities().map(|capacity| capacity.rate).max()?;
    i64::try_from(rate).ok().filter(|_| unlimited || earliest >= model.now)
}

/// The latest safe start of one class, by its place in the model. Those whose deadline is not later come first, and are
/// told even when they are late: they leave enough for it if no more of them are untold at its deadline than without it.
pub(super) fn latest_start_of(model: &Model, place: usize, asked: i64) -> Option<i64> {
    let class = &model.classes[place];
    let before =
        |other: &Class| other.demand != class.demand && other.last.is_some() && other.last <= class.last;
    let mut without = model.only(|other| other.lanes == class.lanes && before(other));
    without.classes = without.classes.into_iter().map(|other| other.due(class.last)).collect();
    let mut with = without.clone();
    with.classes.push(class.clone());
    latest(&with, asked, class.last.unwrap_or(asked), |start| {
        let instance = Instance::new(&with, start);
        let solution = solve(&instance);
        if solution.fits() {
            return Verdict::Fits;
        }
        let late_without = solve(&Instance::new(&without, start)).ledger.late();
        if solution.ledger.late() <= late_without {
            Verdict::Fits
        } else {
            Verdict::Lacks(solution.at_least - late_without)
        }
    })
}

/// The latest start with which everything in a lane fits.
pub(super) fn latest_start(lane: &Model, asked: i64) -> Option<i64> {
    let end = lane.classes.iter().filter_map(|class| class.last).max().unwrap_or(asked);
    latest(lane, asked, end, |start| verdict(lane, start))
}

fn earliest(model: &Model) -> i64 {
    let first = model.classes.iter().filter_map(|class| class.open.first());
    first.map(|&(from, _)| from).min().unwrap_or(i64::MAX)
}

/// The smallest rate of a lane with which it fits.
pub(super) fn rate(model: &Model, lane: usize, start: i64) -> Option<i64> {
    let least = model.lanes[lane].capacities.iter().map(|(_, capacity)| capacity.rate).min()?;
    let end = model.classes.iter().filter_map(|class| class.last).max()?;
    changed(i64::try_from(least).ok()?, people(model), Some(end - start), |rate| {
        let mut faster = model.clone();
        for (_, capacity) in &mut faster.lanes[lane].capacities {
            capacity.rate = capacity.rate.max(rate.unsigned_abs());
        }
        verdict(&faster, start)
    })
}

/// The smallest quota of a lane with which it fits.
pub(super) fn quota(model: &Model, lane: usize, start: i64) -> Option<i64> {
    let least = model.lanes[lane].capacities.iter().filter_map(|(_, capacity)| capacity.quota).min()?;
    let end = model.classes.iter().filter_map(|class| class.last).max()?;
    let unlimited = people(model) + model.lanes[lane].sent;
    // Messages that are a day apart can share one place of the quota, as long as it stays the same.
    let gain = (model.lanes[lane].capacities.len() == 1).then_some((end - start) / DAY + 1);
    changed(i64::try_from(least).ok()?, unlimited, gain, |quota| {
        let mut wider = model.clone();
        for (_, capacity) in &mut wider.lanes[lane].capacities {
            capacity.quota = capacity.quota.map(|had| had.max(quota.unsigned_abs()));
        }
        verdict(&wider, start)
    })
}

/// The smallest number above what there is, if any does.
fn changed(least: i64, most: i64, gain: Option<i64>, verdict: impl Fn(i64) -> Verdict) -> Option<i64> {
    let does = least < most && matches!(verdict(most), Verdict::Fits);
    does.then(|| smallest(least, most, gain, verdict))
}

fn people(model: &Model) -> i64 {
    model.classes.iter().map(|class| class.people).sum()
}

/// Whether it fits when people may be reached at any hour.
pub(super) fn window(model: &Model, start: i64) -> bool {
    let mut always = model.clone();
    for class in &mut always.classes {
        let end = class.last.unwrap_or(class.earliest);
        class.open = if class.earliest < end { vec![(class.earliest, end)] } else { Vec::new() };
    }
    matches!(verdict(&always, start), Verdict::Fits)
}

/// Whether the people of a lane fit when they may be served elsewhere, and how many each lane then carries. `late` are
/// those who are late in each lane as it is: nobody else may become so.
pub(super) fn regions(model: &Model, lane: usize, start: i64, late: &[i64]) -> Option<BTreeMap<usize, i64>> {
    let mut joined = model.only(|class| class.last.is_some());
    let mut lanes = vec![lane];
    for class in joined.classes.iter_mut().filter(|class| class.lanes.first() == Some(&lane)) {
        lanes.extend(&class.elsewhere);
        class.lanes.extend(&class.elsewhere);
    }
    joined.classes.retain(|class| class.lanes.first().is_some_and(|own| lanes.contains(own)));
    lanes.retain(|other| *other != lane);
    lanes.sort_unstable();
    lanes.dedup();
    let instance = Instance::new(&joined, start);
    let ledger = solve(&instance).ledger;
    let late_elsewhere: i64 = lanes.iter().map(|&other| late[other]).sum();
    if lanes.is_empty() || ledger.late() > late_elsewhere {
        return None;
    }
    let mut carried = BTreeMap::new();
    for (class, _) in
        joined.classes.iter().enumerate().filter(|(_, class)| class.lanes.first() == Some(&lane))
    {
        for (&cell, &messages) in instance.cells_of[class].iter().zip(ledger.sent_in(class)) {
            *carried.entry(instance.cells[cell].lane).or_insert(0) += messages;
        }
    }
    carried.retain(|_, messages| *messages > 0);
    Some(carried)
}
