//! The pace that senders share, over the store that they share it through: how many calls a provider throttles, and how
//! long a campaign takes.
//!
//! The provider is taken to be a token bucket at the granted rate that holds a second's worth, and one call more: SES
//! allows short bursts, and does not say how short.

#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use std::collections::BTreeMap;

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use tocsin_domain::pace::{Lane, Spread, span};
use tocsin_domain::plan::Channel;
use tocsin_ports::memory::World;
use tocsin_ports::store::pace::{self, Turn};
use tocsin_ports::{Clock, Quota};
use tocsin_tests::run;

const CHUNK: u64 = 50;
const MINUTE: SignedDuration = SignedDuration::from_mins(1);
const AHEAD: SignedDuration = SignedDuration::from_mins(2);

/// What one sends, how fast, and with whom.
struct Campaign {
    chunks: u64,
    workers: usize,
    /// From how many seconds after the start on the provider grants how many messages a second.
    grants: Vec<(i64, u32)>,
    /// A worker dies at so many chunks in ten thousand, with its turn taken.
    deaths: u32,
    seed: u64,
}

#[derive(Debug)]
struct Outcome {
    calls: u64,
    throttled: u64,
    makespan: SignedDuration,
    /// The shortest time in which the provider would have taken everything.
    bound: SignedDuration,
}

/// What the provider still takes at once.
struct Bucket {
    tokens: f64,
    at: Timestamp,
}

impl Bucket {
    fn takes(&mut self, now: Timestamp, rate: u32) -> bool {
        let seconds = now.duration_since(self.at).max(SignedDuration::ZERO).as_secs_f64();
        let full = f64::from(rate) + CHUNK as f64;
        self.tokens = (self.tokens + seconds * f64::from(rate)).min(full);
        self.at = self.at.max(now);
        if self.tokens < CHUNK as f64 {
            return false;
        }
        self.tokens -= CHUNK as f64;
        true
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Happening {
    Dispatch,
    /// A worker asks for a message.
    Free(usize),
    /// A worker's call reaches the provider.
    Call(usize),
}

fn carry_out(campaign: &Campaign) -> Outcome {
    let world = World::new("2026-11-23T08:00:00Z".parse().unwrap(), World::settings_for_tests());
    let start = world.now();
    let lane = Lane::of("eu-central-1", Channel::Email).unwrap();
    let mut dice = Rng::with_seed(campaign.seed);
    let granted = |now: Timestamp| {
        let second = now.duration_since(start).as_secs();
        campaign.grants.iter().take_while(|(from, _)| *from <= second).last().unwrap().1
    };
    // Nobody sent before.
    let mut bucket = Bucket { tokens: f64::MAX, at: start };
    let mut agenda: BTreeMap<(Timestamp, u64), Happening> = BTreeMap::new();
    let mut sequence = 0;
    let mut at = |agenda: &mut BTreeMap<_, _>, when: Timestamp, what| {
        sequence += 1;
        agenda.insert((when, sequence), what);
    };
    at(&mut agenda, start, Happening::Dispatch);
    // When each chunk on the queue shows itself.
    let mut queue: BTreeMap<(Timestamp, u64), ()> = BTreeMap::new();
    let (mut laid, mut taken, mut last) = (0, 0, start);
    let mut waiting: Vec<usize> = (0..campaign.workers).collect();
    let mut paces = vec![None; campaign.workers];
    let mut outcome =
        Outcome { calls: 0, throttled: 0, makespan: SignedDuration::ZERO, bound: bound(campaign) };
    while taken < campaign.chunks {
        let ((now, _), happening) = agenda.pop_first().unwrap();
        world.advance_to(now);
        world.set_quota(Quota { a_second: granted(now), a_day: None, sent: 0 });
        match happening {
            Happening::Dispatch => {
                let pace = run(pace::grant(&world, &lane, granted(now), now)).unwrap();
                let mut spread = Spread::new(now, AHEAD, pace.laid_until, pace.a_second, None);
                while laid < campaign.chunks
                    && let Some(after) = spread.take(CHUNK)
                {
                    // SQS counts in whole seconds.
                    queue.insert((now + SignedDuration::from_secs(after.as_secs()), laid), ());
                    laid += 1;
                }
                run(pace::laid(&world, &lane, spread.next)).unwrap();
                at(
                    &mut agenda,
                    now + MINUTE + SignedDuration::from_secs(dice.i64(0..20)),
                    Happening::Dispatch,
                );
                for worker in waiting.drain(..) {
                    at(&mut agenda, now, Happening::Free(worker));
                }
            }
            Happening::Free(worker) => {
                let Some((when, number)) = queue.keys().next().copied() else {
                    waiting.push(worker);
                    continue;
                };
                if when > now {
                    at(&mut agenda, when, Happening::Free(worker));
                    continue;
                }
                queue.remove(&(when, number));
                let pace = run(pace::get(&world, &lane)).unwrap().unwrap();
                match run(pace::take(&world, &lane, &pace, CHUNK, now)).unwrap() {
                    Turn::At(turn) => {
                        paces[worker] = Some(pace);
                        let late = SignedDuration::from_millis(dice.i64(0..100));
                        at(&mut agenda, turn.max(now) + late, Happening::Call(worker));
                    }
                    Turn::Full => {
                        queue.insert((now + SignedDuration::from_secs(5), number), ());
                        at(&mut agenda, now, Happening::Free(worker));
                    }
                }
            }
            Happening::Call(worker) => {
                if dice.u32(0..10_000) < campaign.deaths {
                    // Its message shows itself again when the queue's own time is over; another process comes sooner.
                    queue.insert((now + MINUTE * 6, campaign.chunks + taken + outcome.calls), ());
                    at(&mut agenda, now + SignedDuration::from_secs(1), Happening::Free(worker));
                    continue;
                }
                outcome.calls += 1;
                let answered = now + SignedDuration::from_millis(dice.i64(100..500));
                if bucket.takes(now, granted(now)) {
                    taken += 1;
                    last = now;
                } else {
                    outcome.throttled += 1;
                    queue.insert((now + MINUTE, campaign.chunks + taken + outcome.calls), ());
                    let pace = paces[worker].unwrap();
                    run(pace::slow_down(&world, &lane, &pace, Some(granted(now)))).unwrap();
                }
                at(&mut agenda, answered, Happening::Free(worker));
            }
        }
    }
    outcome.makespan = last.duration_since(start);
    outcome
}

fn bound(campaign: &Campaign) -> SignedDuration {
    let (mut left, mut time) = (campaign.chunks * CHUNK, SignedDuration::ZERO);
    for (place, (from, rate)) in campaign.grants.iter().enumerate() {
        let needed = span(left, *rate);
        let room = campaign.grants.get(place + 1).map(|(until, _)| SignedDuration::from_secs(until - from));
        match room.filter(|room| *room < needed) {
            Some(room) => {
                left -= room.as_secs().unsigned_abs() * u64::from(*rate);
                time += room;
            }
            None => return time + needed,
        }
    }
    time
}

/// At most one call in ten thousand is throttled, and the campaign takes at most a hundredth longer than it must.
#[track_caller]
fn holds(campaign: &Campaign) {
    let outcome = carry_out(campaign);
    let workers = campaign.workers;
    assert!(outcome.throttled * 10_000 <= outcome.calls, "{workers} workers: {outcome:?}");
    assert!(outcome.makespan * 100 <= outcome.bound * 101, "{workers} workers: {outcome:?}");
    assert!(
        outcome.makespan >= outcome.bound - SignedDuration::from_secs(2),
        "{workers} workers: {outcome:?}"
    );
    println!("{workers} workers: {outcome:?}");
}

#[test]
fn one_worker_to_fifty_keep_to_the_rate_and_use_it() {
    for (workers, rate) in [(1, 50), (2, 100), (10, 300), (50, 1000), (50, 300)] {
        let chunks = u64::from(rate) * 8 * 3600 / CHUNK / 4;
        holds(&Campaign { chunks, workers, grants: vec![(0, rate)], deaths: 0, seed: workers as u64 });
    }
}

#[test]
fn workers_that_die_lose_their_turn_and_nothing_else() {
    // Twenty hours: a message whose worker died shows itself again after six minutes, also the last one.
    holds(&Campaign { chunks: 430_000, workers: 20, grants: vec![(0, 300)], deaths: 10, seed: 3 });
}

#[test]
fn a_quota_that_changes_is_followed() {
    let grants = vec![(0, 300), (5000, 100), (12_000, 500), (20_000, 250)];
    for workers in [5, 50] {
        holds(&Campaign { chunks: 120_000, workers, grants: grants.clone(), deaths: 0, seed: 5 });
    }
}
