//! Two days of an installation from one seed: all real steps over the world in memory, with everything going wrong that
//! may go wrong, and people who act at any moment. What is checked stands in the mailbox and in the audit log, never in
//! our own tables.
//!
//! While faults are on: processes die before or after any call, calls fail with or without effect, messages come twice,
//! late and out of order, die in the dead-letter queue and are redriven hours later, the provider throttles, refuses
//! and is silent, its events are lost, doubled and late, and other workers and people act between any two calls of a
//! step. Then faults stop, and everything has to settle.

mod checks;
mod people;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use tocsin_domain::pause::Limits;
use tocsin_ports::memory::{Call, Fault, Verdict, World};
use tocsin_ports::{Clock, Queue, Settings};

use crate::{
    Customer, Town, bucket, deliver, guardduty_finding, run, ses_event, settle_in, shopify_webhook,
    take_in_event, tick,
};

/// How long faults are on.
const STORM: SignedDuration = SignedDuration::from_hours(8);

/// How long everything may take to settle after that.
const CALM: SignedDuration = SignedDuration::from_hours(30);

/// After this many deliveries a message lies in the dead-letter queue.
const RECEIVES: u32 = 5;

pub const TENANTS: [&str; 2] = ["shop", "other"];

/// How one seed ended.
#[derive(Debug, Clone, Default)]
pub struct Report {
    pub notices: usize,
    pub faults: u64,
    pub violations: Vec<String>,
}

/// Something that is going to happen.
#[derive(Debug, Clone)]
pub(crate) enum Happening {
    Siem(String),
    Webhook,
    Message {
        queue: Queue,
        body: String,
        received: u32,
    },
    Event {
        body: String,
        received: u32,
    },
    Dispatch,
    Watch,
    Person(people::Deed),
    /// An operator redrives what lies in the dead-letter queues.
    Redrive,
    FaultsStop,
}

/// The agenda, the dice, and what people were told.
pub(crate) struct State {
    dice: Rng,
    agenda: BTreeMap<(Timestamp, u64), Happening>,
    sequence: u64,
    storm: bool,
    faults: u64,
    dead: Vec<Happening>,
    /// How many of the provider's mails were given their events.
    told: usize,
    /// By chunk and index: how many mails there were when the first event of the notice was acknowledged.
    pub known: BTreeMap<(String, String), usize>,
    pub stops: Vec<people::Stop>,
    /// How often somebody asked for a release.
    pub releases: u64,
    /// By incident: who has asked to approve.
    pub asked: BTreeMap<String, BTreeSet<&'static str>>,
    /// By incident: how many mails there were when the first approval was acknowledged or could have taken effect.
    pub approved: BTreeMap<String, usize>,
}

impl State {
    fn chance(&mut self, per_mille: u32) -> bool {
        self.dice.u32(0..1000) < per_mille
    }

    fn seconds(&mut self, from: i64, to: i64) -> SignedDuration {
        SignedDuration::from_secs(self.dice.i64(from..=to))
    }

    /// `receipts` has acknowledged an event: from now on its notice is known to have gone out.
    fn heard(&mut self, event: &str, mails: usize) {
        let event: serde_json::Value = serde_json::from_str(event).unwrap_or_default();
        let tag = |name: &str| event["mail"]["tags"][name][0].as_str().unwrap_or_default().to_owned();
        self.known.entry((tag("chunk"), tag("index"))).or_insert(mails);
    }

    fn at(&mut self, at: Timestamp, happening: Happening) {
        self.sequence += 1;
        self.agenda.insert((at, self.sequence), happening);
    }
}

type Shared = Rc<RefCell<State>>;

/// Runs one seed to its end.
pub fn seed(seed: u64) -> Report {
    // Waves are of a few people here: the share of bounces is reckoned of them.
    let pause = Limits { bounces_per_mille: 50, complaints_per_mille: 1, sample: 1 };
    let town = Town::with(Settings { pause, ..World::settings_for_tests() });
    let world = &town.world;
    let people: BTreeMap<&str, Vec<Customer>> = TENANTS
        .map(|tenant| {
            let people = people::of(tenant, 7 + (seed % 5) as u32);
            settle_in(&town, tenant, &people);
            let mut settings = crate::tenant(tenant);
            settings["approvals_needed"] = people::approvals_needed(tenant).into();
            let body = serde_json::json!({ "tenant": settings });
            let put = town.console(crate::ADMINISTRATOR, "PUT", &format!("/console/tenants/{tenant}"), &body);
            assert_eq!(put.status, 200, "{}", put.body);
            (tenant, people)
        })
        .into();
    let state = Rc::new(RefCell::new(State {
        dice: Rng::with_seed(seed),
        agenda: BTreeMap::new(),
        sequence: 0,
        storm: true,
        faults: 0,
        dead: Vec::new(),
        told: 0,
        known: BTreeMap::new(),
        stops: Vec::new(),
        releases: 0,
        asked: BTreeMap::new(),
        approved: BTreeMap::new(),
    }));
    lay_agenda(&state, world.now());
    weather(world, &state);
    go_on(world, &state);
    let mut report = checks::all(world, &state.borrow(), &people);
    report.faults = state.borrow().faults;
    report
}

fn lay_agenda(shared: &Shared, start: Timestamp) {
    let mut state = shared.borrow_mut();
    let state = &mut *state;
    let leaks: Vec<&str> = if state.chance(400) { TENANTS.to_vec() } else { vec!["shop"] };
    for tenant in leaks {
        let finding = guardduty_finding(&bucket(tenant), 8.0);
        let another = finding.replace("16afba5c", "26afba5c");
        let first = start + state.seconds(0, 3600);
        for _ in 0..state.dice.u32(1..=3) {
            let finding = if state.chance(500) { &finding } else { &another };
            let apart = if state.chance(500) { state.seconds(0, 5) } else { state.seconds(0, 3600) };
            state.at(first + apart, Happening::Siem(finding.clone()));
        }
    }
    let at = start + state.seconds(0, 7200);
    state.at(at, Happening::Webhook);
    let end = start + STORM + CALM;
    let mut minute = start;
    while minute < end {
        let stormy = minute < start + STORM + SignedDuration::from_hours(1);
        minute += SignedDuration::from_mins(if stormy { 1 } else { 10 });
        for happening in [Happening::Dispatch, Happening::Watch] {
            // A schedule sometimes fires late, and sometimes not at all.
            if !(stormy && state.chance(50)) {
                let at = minute + state.seconds(0, 20);
                state.at(at, happening);
            }
        }
    }
    people::lay_agenda(state, start, STORM, CALM);
    state.at(start + STORM, Happening::FaultsStop);
    for hours in [3, 7, 9, 10, 12] {
        state.at(start + SignedDuration::from_hours(hours), Happening::Redrive);
    }
}

/// What goes wrong with calls and with the provider.
fn weather(world: &World, shared: &Shared) {
    let state = Rc::clone(shared);
    world.let_index_lag();
    world.set_fate(Some(Box::new(move |world, call| {
        if !state.borrow().storm {
            return None;
        }
        // A hand-over is where it hurts.
        let (others, faulty) = match call {
            Call::Mail | Call::Text => (150, 200),
            Call::Other => (15, 6),
        };
        let between = state.borrow_mut().chance(others);
        if between {
            somebody_acts(world, &state);
        }
        let mut state = state.borrow_mut();
        if !state.chance(faulty) {
            return None;
        }
        state.faults += 1;
        state.dice.choice([Fault::CrashBefore, Fault::CrashAfter, Fault::ErrorBefore, Fault::ErrorAfter])
    })));
    let state = Rc::clone(shared);
    world.set_provider(Some(Box::new(move |mails| {
        let mut state = state.borrow_mut();
        if !state.storm {
            return Some(vec![Verdict::Take; mails.len()]);
        }
        if state.chance(60) {
            return None;
        }
        let verdict = |state: &mut State| match state.dice.u32(0..100) {
            0..4 => Verdict::Throttle,
            4 => Verdict::Refuse,
            5 => Verdict::Unfit,
            _ => Verdict::Take,
        };
        Some(mails.iter().map(|_| verdict(&mut state)).collect())
    })));
}

/// Between two calls of a step another worker or a person does something, whole.
fn somebody_acts(world: &World, shared: &Shared) {
    let soon = world.now() + SignedDuration::from_hours(1);
    let chosen = {
        let mut state = shared.borrow_mut();
        // Other workers and people matter more here than one more tick.
        let ticks_too = state.chance(300);
        let keys: Vec<_> = state
            .agenda
            .iter()
            .take_while(|((at, _), _)| *at <= soon)
            .filter(|(_, happening)| match happening {
                Happening::Message { .. } | Happening::Person(_) => true,
                Happening::Dispatch | Happening::Watch => ticks_too,
                Happening::Siem(_)
                | Happening::Webhook
                | Happening::Event { .. }
                | Happening::Redrive
                | Happening::FaultsStop => false,
            })
            .map(|(key, _)| *key)
            .collect();
        state.dice.choice(&keys).copied().and_then(|key| state.agenda.remove(&key))
    };
    if let Some(happening) = chosen {
        perform(world, shared, happening);
    }
}

fn go_on(world: &World, shared: &Shared) {
    loop {
        let next = shared.borrow_mut().agenda.pop_first();
        let Some(((at, _), happening)) = next else {
            return;
        };
        world.advance_to(at);
        perform(world, shared, happening);
        take_up_messages(world, shared);
        give_events(world, shared);
    }
}

fn perform(world: &World, shared: &Shared, happening: Happening) {
    match happening {
        Happening::Siem(finding) => {
            let town_takes = || crate::take_in_finding(world, &finding);
            if !quietly(town_takes).unwrap_or(false) {
                let later = world.now() + SignedDuration::from_mins(6);
                shared.borrow_mut().at(later, Happening::Siem(finding));
            }
        }
        Happening::Webhook => {
            let body = br#"{"id": 1, "admin_graphql_api_id": "gid://shopify/BulkOperation/1", "status": "completed"}"#;
            let request = shopify_webhook("shop", "bulk_operations/finish", body, crate::SHOP_SECRET);
            let answered = quietly(|| run(intake_webhook::step(world, request, world.now())).status);
            // The vendor tries again when nobody answered, or with 5xx.
            if answered.is_none_or(|status| status >= 500) {
                let later = world.now() + SignedDuration::from_mins(30);
                shared.borrow_mut().at(later, Happening::Webhook);
            }
        }
        Happening::Message { queue, body, received } => {
            if !quietly(|| deliver(world, &queue, &body)).unwrap_or(false) {
                comes_back(
                    world,
                    shared,
                    Happening::Message { queue, body, received: received + 1 },
                    received + 1,
                );
            }
        }
        Happening::Event { body, received } => {
            if quietly(|| take_in_event(world, &body)).unwrap_or(false) {
                shared.borrow_mut().heard(&body, world.mail_count());
            } else {
                comes_back(world, shared, Happening::Event { body, received: received + 1 }, received + 1);
            }
        }
        Happening::Dispatch => tick(async { dispatch::step(world, world.now()).await }),
        Happening::Watch => tick(async { watch::step(world, world.now()).await }),
        Happening::Person(deed) => people::does(world, shared, deed),
        Happening::Redrive => {
            let mut state = shared.borrow_mut();
            for mut happening in std::mem::take(&mut state.dead) {
                if let Happening::Message { received, .. } | Happening::Event { received, .. } =
                    &mut happening
                {
                    *received = 0;
                }
                let at = world.now() + state.seconds(1, 600);
                state.at(at, happening);
            }
        }
        Happening::FaultsStop => shared.borrow_mut().storm = false,
    }
}

fn comes_back(world: &World, shared: &Shared, again: Happening, received: u32) {
    let mut state = shared.borrow_mut();
    if received >= RECEIVES {
        state.dead.push(again);
        return;
    }
    let wait = if state.chance(500) { SignedDuration::from_secs(5) } else { SignedDuration::from_mins(6) };
    state.at(world.now() + wait, again);
}

/// New messages come late, twice, and in another order; one to the senders may be lost.
fn take_up_messages(world: &World, shared: &Shared) {
    let mut state = shared.borrow_mut();
    for queue in world.busy_queues() {
        while let Some(message) = world.take(&queue) {
            if state.storm && matches!(queue, Queue::Notices(_)) && state.chance(20) {
                continue;
            }
            let copies = if state.storm && state.chance(150) { 2 } else { 1 };
            for _ in 0..copies {
                let late = state.storm && state.chance(50);
                let wait = if late { state.seconds(60, 3600) } else { state.seconds(0, 5) };
                let body = message.body.clone();
                let happening = Happening::Message { queue: queue.clone(), body, received: 0 };
                state.at(world.now() + message.after + wait, happening);
            }
        }
    }
}

/// What the provider says of the mails that it took: late, twice, or never.
fn give_events(world: &World, shared: &Shared) {
    let mut state = shared.borrow_mut();
    let mails = world.mails_since(state.told);
    for mail in &mails {
        if state.storm && state.chance(40) {
            continue;
        }
        let body = ses_event(mail, mail.at).to_string();
        let copies = if state.chance(100) { 2 } else { 1 };
        for _ in 0..copies {
            let late = state.storm && state.chance(100);
            let wait = if late { state.seconds(600, 18_000) } else { state.seconds(1, 120) };
            state.at(world.now() + wait, Happening::Event { body: body.clone(), received: 0 });
        }
    }
    state.told += mails.len();
}

/// `None` when the process died.
pub(crate) fn quietly<T>(act: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(act)).ok()
}

/// Keeps the deaths of simulated processes off the screen.
pub fn hush() {
    std::panic::set_hook(Box::new(|_| {}));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// CI runs a thousand by `cargo sim`; these few run with every `cargo test`.
    #[test]
    fn a_few_seeds_hold_what_is_promised() {
        hush();
        let failed: Vec<String> = (1..=12)
            .flat_map(|number| {
                let report = seed(number);
                report.violations.into_iter().map(move |violation| format!("seed {number}: {violation}"))
            })
            .collect();
        let _ = std::panic::take_hook();
        assert_eq!(failed, Vec::<String>::new());
    }

    #[test]
    fn a_seed_replays_exactly() {
        hush();
        let twice = [seed(3), seed(3)].map(|report| (report.notices, report.faults, report.violations));
        let _ = std::panic::take_hook();
        assert_eq!(twice[0], twice[1]);
        assert!(twice[0].0 > 0 && twice[0].1 > 0, "something was sent, something went wrong");
    }
}
