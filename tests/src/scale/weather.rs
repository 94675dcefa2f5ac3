//! What goes wrong in a run of size, as rarely as in a real installation: each kind at about one chunk in a thousand.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use tocsin_ports::memory::{Call, Fault, Verdict, World};
use tocsin_ports::{Clock, Mail};

const FAULTS: [Fault; 4] = [Fault::CrashBefore, Fault::CrashAfter, Fault::ErrorBefore, Fault::ErrorAfter];

/// Of so many chunks, events or people something goes wrong with one.
const ONE_IN: u32 = 1000;

/// A chunk takes about so many calls of ports.
const CALLS_A_CHUNK: u32 = 20;

/// Of so many calls that keep to the rate the provider throttles one all the same.
const THROTTLED_ONE_IN: u32 = 50_000;

pub(super) type Shared = Rc<RefCell<Weather>>;

pub(super) struct Weather {
    dice: Rng,
    /// Nothing goes wrong while people look at what became of an incident.
    pub calm: bool,
    a_second: u32,
    buckets: BTreeMap<String, Bucket>,
    /// The region whose senders act, and for how long the world's steps had waited when this one began.
    pub sends_from: Option<String>,
    pub waited: SignedDuration,
    call_at: Timestamp,
    pub calls: u64,
    pub throttled: u64,
    pub faults: BTreeMap<String, u64>,
}

/// What a provider still takes at once, as `tests/pacing.rs` has it: a second's worth, and one call more.
struct Bucket {
    messages: f64,
    at: Timestamp,
}

impl Bucket {
    fn takes(&mut self, now: Timestamp, messages: usize, a_second: u32) -> bool {
        let seconds = now.duration_since(self.at).max(SignedDuration::ZERO).as_secs_f64();
        let full = f64::from(a_second) + tocsin_domain::chunk::CHUNK_SIZE as f64;
        self.messages = (self.messages + seconds * f64::from(a_second)).min(full);
        self.at = self.at.max(now);
        let takes = self.messages >= messages as f64;
        if takes {
            self.messages -= messages as f64;
        }
        takes
    }
}

impl Weather {
    pub fn new(seed: u64, a_second: u32) -> Self {
        Self {
            dice: Rng::with_seed(seed),
            calm: false,
            a_second,
            buckets: BTreeMap::new(),
            sends_from: None,
            waited: SignedDuration::ZERO,
            call_at: Timestamp::MIN,
            calls: 0,
            throttled: 0,
            faults: BTreeMap::new(),
        }
    }

    /// Whether this goes wrong, this once.
    pub fn goes_wrong(&mut self, what: &str) -> bool {
        self.one_in(ONE_IN, what)
    }

    fn one_in(&mut self, times: u32, what: &str) -> bool {
        let wrong = !self.calm && self.dice.u32(0..times) == 0;
        if wrong {
            self.note(what);
        }
        wrong
    }

    fn note(&mut self, what: &str) {
        *self.faults.entry(what.to_owned()).or_default() += 1;
    }

    pub fn seconds(&mut self, from: i64, to: i64) -> SignedDuration {
        SignedDuration::from_secs(self.dice.i64(from..=to))
    }

    pub fn milliseconds(&mut self, from: i64, to: i64) -> SignedDuration {
        SignedDuration::from_millis(self.dice.i64(from..=to))
    }

    fn fate(&mut self, world: &World, call: Call<'_>) -> Option<Fault> {
        // Whoever waits for a turn finds it later when it has come.
        world.set_clock_off(world.paused() - self.waited);
        let one_in = match call {
            Call::Mail | Call::Text => {
                self.call_at = world.now() + self.milliseconds(0, 100);
                ONE_IN / FAULTS.len() as u32
            }
            Call::Regional(_) | Call::Other => CALLS_A_CHUNK * ONE_IN / FAULTS.len() as u32,
        };
        if self.calm || self.dice.u32(0..one_in) != 0 {
            return None;
        }
        let fault = self.dice.choice(FAULTS)?;
        let of = if matches!(call, Call::Mail | Call::Text) { "a hand-over" } else { "a call" };
        self.note(&format!("{of}: {fault:?}"));
        Some(fault)
    }

    /// What the provider says of each mail of a call.
    fn verdicts(&mut self, mails: usize) -> Option<Vec<Verdict>> {
        self.calls += 1;
        let (now, a_second) = (self.call_at, self.a_second);
        let region = self.sends_from.clone().unwrap_or_default();
        let bucket = self.buckets.entry(region).or_insert(Bucket { messages: f64::MAX, at: now });
        let too_fast = !bucket.takes(now, mails, a_second);
        if too_fast {
            self.note("the rate was passed");
        }
        if too_fast || self.one_in(THROTTLED_ONE_IN, "the provider throttles a call that kept to the rate") {
            self.throttled += 1;
            return None;
        }
        let mut verdicts = vec![Verdict::Take; mails];
        for (what, verdict) in
            [("a mail is refused", Verdict::Refuse), ("a call is refused for one mail", Verdict::Unfit)]
        {
            if self.goes_wrong(what) {
                let place = self.dice.usize(0..mails);
                verdicts[place] = verdict;
            }
        }
        Some(verdicts)
    }
}

pub(super) fn set(world: &World, weather: &Shared) {
    let of = Rc::clone(weather);
    world.set_fate(Some(Rc::new(move |world, call| of.borrow_mut().fate(world, call))));
    let of = Rc::clone(weather);
    world.set_provider(Some(Box::new(move |mails: &[Mail]| of.borrow_mut().verdicts(mails.len()))));
}
