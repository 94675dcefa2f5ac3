//! Oracles: people matched one by one to the places of each second, and every way of sending tried.

use std::collections::BTreeMap;

use tocsin_domain::feasibility::{Capacity, Demand, Question, Supply};

use crate::sample::second;

const DAY: i64 = 86_400;

fn capacity(lane: &Supply, at: i64) -> Capacity {
    let changes = lane.changes.iter().take_while(|change| second(change.at) <= at);
    changes.last().map_or(lane.capacity, |change| change.capacity)
}

fn may_send(demand: &Demand, start: i64, at: i64) -> bool {
    at >= start
        && at >= second(demand.earliest)
        && demand.last.is_none_or(|last| at < second(last))
        && demand.open.iter().any(|open| second(open.from()) <= at && at < second(open.until()))
}

/// People of each demand who find no place, when each person is matched in turn to a place in a second of a lane:
/// `regions` are those of a demand. Quotas are left out.
pub fn unmatched(
    question: &Question,
    start: i64,
    order: &[usize],
    seconds: std::ops::Range<i64>,
    regions: impl Fn(&Demand) -> Vec<String>,
) -> Vec<u64> {
    let mut places: Vec<(&Supply, i64)> = Vec::new();
    for lane in &question.supplies {
        for at in seconds.clone() {
            places.extend((0..capacity(lane, at).rate).map(|_| (lane, at)));
        }
    }
    let mut holder: Vec<Option<usize>> = vec![None; places.len()];
    let mut left = vec![0; question.demands.len()];
    for &number in order {
        for _ in 0..question.demands[number].people {
            let fits = |demand: usize, place: usize| {
                let (lane, at) = places[place];
                let demand = &question.demands[demand];
                regions(demand).contains(&lane.region) && may_send(demand, start, at)
            };
            if !place(number, &fits, &mut holder, &mut vec![false; places.len()]) {
                left[number] += 1;
            }
        }
    }
    left
}

/// Finds a place for one person, if need be by moving others (Kuhn 1955).
fn place(
    demand: usize,
    fits: &impl Fn(usize, usize) -> bool,
    holder: &mut [Option<usize>],
    tried: &mut [bool],
) -> bool {
    for at in 0..holder.len() {
        if tried[at] || !fits(demand, at) {
            continue;
        }
        tried[at] = true;
        let moved = match holder[at] {
            None => true,
            Some(other) => place(other, fits, holder, tried),
        };
        if moved {
            holder[at] = Some(demand);
            return true;
        }
    }
    false
}

pub fn own_region(demand: &Demand) -> Vec<String> {
    vec![demand.region.clone()]
}

/// The fewest people whom any schedule of a one-lane question leaves late: every number of messages is tried in every
/// one of the given seconds, which have to be all in which anything can be sent, and all at which the quota changes.
pub fn fewest_late(question: &Question, seconds: &[i64]) -> u64 {
    let waiting: Vec<u64> = question.demands.iter().map(|demand| demand.people).collect();
    let people: u64 = waiting.iter().sum();
    people - Tried { question, seconds, best: BTreeMap::new() }.most_from(0, &waiting, &[])
}

type State = (usize, Vec<u64>, Vec<(i64, u64)>);

struct Tried<'a> {
    question: &'a Question,
    seconds: &'a [i64],
    best: BTreeMap<State, u64>,
}

impl Tried<'_> {
    /// The most people who can still be told from a second on.
    fn most_from(&mut self, number: usize, waiting: &[u64], sent: &[(i64, u64)]) -> u64 {
        let Some(&now) = self.seconds.get(number) else { return 0 };
        let held: Vec<(i64, u64)> = sent.iter().copied().filter(|&(at, _)| at >= now - DAY).collect();
        let state = (number, waiting.to_vec(), held.clone());
        if let Some(&known) = self.best.get(&state) {
            return known;
        }
        let lane = &self.question.supplies[0];
        let Capacity { rate, quota } = capacity(lane, now);
        let (read, start) = (second(self.question.now), second(self.question.start));
        let before = if now < read.min(start) + DAY { lane.sent } else { 0 };
        let quota = quota.unwrap_or(u64::MAX).saturating_sub(before);
        let sum = |held: &[(i64, u64)]| held.iter().map(|(_, messages)| messages).sum::<u64>();
        let open = self.question.demands.iter().any(|demand| may_send(demand, start, now));
        // Until this second begins, what was sent in the one a day before still counts.
        let best = if open && sum(&held) > quota {
            None
        } else {
            let counted: Vec<(i64, u64)> = held.iter().copied().filter(|&(at, _)| at > now - DAY).collect();
            let most = rate.min(quota.saturating_sub(sum(&counted)));
            self.ways(now, waiting, most)
                .into_iter()
                .filter_map(|after| {
                    let messages = sum_of(waiting) - sum_of(&after);
                    let mut sent = counted.clone();
                    if messages > 0 {
                        sent.push((now, messages));
                    }
                    let rest = self.most_from(number + 1, &after, &sent);
                    (rest < u64::MAX / 2).then_some(messages + rest)
                })
                .max()
        };
        // What broke a quota that had sunk is no schedule.
        let best = best.unwrap_or(u64::MAX / 2);
        self.best.insert(state, best);
        best
    }

    /// All that may be left waiting after a second.
    fn ways(&self, now: i64, waiting: &[u64], most: u64) -> Vec<Vec<u64>> {
        let mut ways = vec![(Vec::new(), most)];
        for (demand, &people) in self.question.demands.iter().zip(waiting) {
            let open = may_send(demand, second(self.question.start), now);
            ways = ways
                .into_iter()
                .flat_map(|(left, most)| {
                    (0..=if open { people.min(most) } else { 0 }).map(move |told| {
                        let mut left = left.clone();
                        left.push(people - told);
                        (left, most - told)
                    })
                })
                .collect();
        }
        ways.into_iter().map(|(left, _)| left).collect()
    }
}

fn sum_of(people: &[u64]) -> u64 {
    people.iter().sum()
}
