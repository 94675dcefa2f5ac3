//! Two days of an installation from one seed: all real steps over the world in memory, with everything going wrong that
//! may go wrong, and people who act at any moment. What is checked stands in the mailbox and in the audit log, and in
//! what people are shown, measured by what the simulated provider did; never in our own tables.
//!
//! While faults are on: processes die before or after any call, calls fail with or without effect, messages come twice,
//! late and out of order, die in the dead-letter queue and are redriven hours later, messages come that nobody can read,
//! the provider throttles, refuses and is silent, its events are lost, doubled and late, clocks are off, a region is
//! lost for an hour, and other workers and people act between any two calls of a step. Then faults stop, and everything
//! has to settle.

mod agenda;
mod changes;
mod checks;
mod people;
mod shrink;
mod story;
mod weather;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tocsin_domain::pause::Limits;
use tocsin_ports::memory::{Crashed, World};
use tocsin_ports::{Clock, Metered, Queue, Settings};

pub use self::shrink::{Shrunk, shrink};
use self::story::Story;
use crate::{Customer, Town, deliver, run, settle_in, shopify_webhook, take_in_event, tick};

/// After this many deliveries a message lies in the dead-letter queue.
const RECEIVES: u32 = 5;

/// More than any seed needs: whoever goes on longer never settles.
const MOST_ACTS: u32 = 50_000;

pub const TENANTS: [&str; 2] = ["shop", "other"];

/// How one seed ended.
#[derive(Debug, Clone, Default)]
pub struct Report {
    pub notices: usize,
    pub violations: Vec<String>,
    /// What went wrong, by name, in its order.
    pub went_wrong: Vec<String>,
    /// What happened, a line an act.
    pub story: Vec<String>,
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
        of: Told,
        body: String,
        received: u32,
    },
    Dispatch,
    Watch,
    Person(people::Deed),
    /// An operator redrives what lies in the dead-letter queues.
    Redrive,
    /// For an hour nothing of this region answers.
    RegionLost(String),
    RegionBack,
    FaultsStop,
}

impl Happening {
    fn message(queue: Queue, body: String) -> Self {
        Happening::Message { queue, body, received: 0 }
    }
}

/// What a provider tells of a notice: its chunk and index, and the kind of the event.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub notice: (String, String),
    pub kind: &'static str,
}

/// How much had gone out at some moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SoFar {
    pub mails: usize,
    pub texts: usize,
    pub hooks: usize,
    pub inboxed: usize,
}

impl SoFar {
    pub const NEVER: SoFar =
        SoFar { mails: usize::MAX, texts: usize::MAX, hooks: usize::MAX, inboxed: usize::MAX };
    pub const NOTHING: SoFar = SoFar { mails: 0, texts: 0, hooks: 0, inboxed: 0 };

    pub fn in_the(world: &World) -> Self {
        Self {
            mails: world.mail_count(),
            texts: world.text_count(),
            hooks: world.hooks().len(),
            inboxed: world.inboxed().len(),
        }
    }
}

/// The agenda, the story so far, and what the world itself knows of what the product should know.
pub(crate) struct State {
    story: Story,
    agenda: BTreeMap<(Timestamp, u64), Happening>,
    sequence: u64,
    storm: bool,
    lost_region: Option<String>,
    /// When the act began within which others may act.
    began: Timestamp,
    /// The region whose senders act.
    sends_from: Option<String>,
    /// The message whose worker is at work.
    at_work: Option<Happening>,
    dead: Vec<Happening>,
    /// How much of what the providers took was given its events.
    told: SoFar,
    /// With which of the shop's secrets its platform signs.
    signing: usize,
    /// By chunk and index: how many mails there were when the first event of the notice was acknowledged.
    pub known: BTreeMap<(String, String), usize>,
    /// By kind of event, the notices (chunk and index) of which one was acknowledged.
    pub events: BTreeMap<&'static str, BTreeSet<(String, String)>>,
    pub stops: Vec<people::Stop>,
    /// How often somebody asked for a release.
    pub releases: u64,
    /// By incident and plan: who has asked to approve.
    pub asked: BTreeMap<(String, u64), BTreeSet<&'static str>>,
    /// By incident and plan: how much had gone out when the last approval needed was asked for.
    pub approved: BTreeMap<(String, u64), SoFar>,
    /// The plans that somebody read.
    pub plans: Plans,
    pub erased: Vec<changes::Erased>,
    /// The incidents of which somebody found out that nobody was concerned, whether or not that was answered.
    pub withdrawn: BTreeSet<String>,
    /// The amendments, by incident, that were asked for and not answered.
    pub unanswered: BTreeMap<String, Value>,
    /// By tenant: how often its words were changed.
    pub wording: BTreeMap<String, u32>,
    /// Acts of people that were acknowledged: each has to stand in the log.
    pub acknowledged: BTreeSet<people::Acknowledged>,
    /// What no function can read, and was put on a queue all the same.
    pub poison: BTreeSet<String>,
    /// What was seen on the way and may not be.
    pub seen: Vec<String>,
}

impl State {
    fn new(story: Story) -> Self {
        Self {
            story,
            agenda: BTreeMap::new(),
            sequence: 0,
            storm: true,
            lost_region: None,
            began: Timestamp::MIN,
            sends_from: None,
            at_work: None,
            dead: Vec::new(),
            told: SoFar::NOTHING,
            signing: 0,
            known: BTreeMap::new(),
            events: BTreeMap::new(),
            stops: Vec::new(),
            releases: 0,
            asked: BTreeMap::new(),
            approved: BTreeMap::new(),
            plans: Plans::new(),
            erased: Vec::new(),
            withdrawn: BTreeSet::new(),
            unanswered: BTreeMap::new(),
            wording: BTreeMap::new(),
            acknowledged: BTreeSet::new(),
            poison: BTreeSet::new(),
            seen: Vec::new(),
        }
    }

    /// `receipts` has acknowledged an event: from now on its notice is known to have gone out.
    fn heard(&mut self, Told { notice, kind }: Told, mails: usize) {
        self.known.entry(notice.clone()).or_insert(mails);
        self.events.entry(kind).or_default().insert(notice);
    }

    fn at(&mut self, at: Timestamp, happening: Happening) {
        self.sequence += 1;
        self.agenda.insert((at, self.sequence), happening);
    }
}

/// By incident and version: the waves.
type Plans = BTreeMap<(String, u64), Vec<Value>>;

type Shared = Rc<RefCell<State>>;

/// Runs one seed to its end.
pub fn seed(seed: u64) -> Report {
    tell(seed, None)
}

/// Runs one seed to its end, in which only that goes wrong which is named. A simulation that dies is a violation too.
fn tell(seed: u64, only: Option<BTreeSet<String>>) -> Report {
    quietly(|| tell_whole(seed, only)).unwrap_or_else(|| Report {
        violations: vec!["the simulation came upon what cannot be".to_owned()],
        ..Report::default()
    })
}

fn tell_whole(seed: u64, only: Option<BTreeSet<String>>) -> Report {
    // Waves are of a few people here: the share of bounces is reckoned of them. In the stories with a canary it is so of the
    // canary alone, as it is everywhere.
    let settings = World::settings_for_tests();
    let sample = if changes::has_a_canary(seed) { settings.pause.sample } else { 1 };
    let pause = Limits { sample, ..settings.pause };
    let send_rate = if people::go_in_several_calls(seed) { people::SLOW } else { settings.send_rate };
    let town = Town::starting(agenda::start(seed), Settings { pause, send_rate, ..settings });
    let world = &town.world;
    let state = Rc::new(RefCell::new(State::new(Story::new(seed, only))));
    let people: BTreeMap<&str, Vec<Customer>> = TENANTS
        .map(|tenant| {
            let people = people::of(tenant, seed);
            settle_in(&town, tenant, &people);
            let put = changes::put_settings(world, &state, tenant, &changes::SECRETS[..1]);
            assert_eq!(put.map(|answer| answer.status), Some(200));
            (tenant, people)
        })
        .into();
    if changes::is_paused(seed) {
        world.set_quota_of(changes::PAUSED, changes::NOTHING);
    }
    agenda::lay(&mut state.borrow_mut(), world.time());
    weather::set(world, &state);
    go_on(world, &state);
    world.set_fate(None);
    world.set_provider(None);
    world.set_endpoints(None);
    let state = Rc::into_inner(state).expect("nobody else knows the story").into_inner();
    checks::all(world, state, &people)
}

fn go_on(world: &World, shared: &Shared) {
    for _ in 0..MOST_ACTS {
        let next = shared.borrow_mut().agenda.pop_first();
        let Some(((at, _), happening)) = next else {
            return;
        };
        world.advance_to(at);
        shared.borrow_mut().began = world.time();
        perform(world, shared, at, happening);
        weather::take_up_messages(world, shared);
        weather::give_events(world, shared);
    }
    shared.borrow_mut().seen.push("it never settles".to_owned());
}

/// One act, told as a line of the story. `planned` is when it was to be; others may have let it come sooner.
fn perform(world: &World, shared: &Shared, planned: Timestamp, happening: Happening) {
    let (who, what) = named(&happening, planned);
    let (interrupted, line, off_by) = {
        let mut state = shared.borrow_mut();
        let interrupted = state.story.begin(who, &what);
        let off_by = weather::clock_off(&mut state);
        (interrupted, state.story.open_line(), off_by)
    };
    let (at, before, true_before) = (world.time(), world.usage(), world.set_clock_off(off_by));
    let end = act(world, shared, happening);
    world.set_clock_off(true_before);
    let mut state = shared.borrow_mut();
    state.story.close_line(line, at, &end, world.usage() != before);
    state.story.act = interrupted;
}

/// Who acts, and on what, in words that are the same each time the story is told.
fn named(happening: &Happening, planned: Timestamp) -> (&'static str, String) {
    match happening {
        Happening::Siem(finding) => ("intake-siem", format!("finding {}", finding_of(finding))),
        Happening::Webhook => ("intake-webhook", format!("of {planned:.0}")),
        Happening::Message { queue, body, received } => {
            let who = match queue {
                Queue::Signals => "triage",
                Queue::Scope => "scope",
                Queue::Plan => "plan",
                Queue::Notices(_) => "send",
                Queue::Siem => "intake-siem",
                Queue::Receipts(_) => "receipts",
                Queue::Parked(_) => "nobody",
            };
            (who, format!("{}, received {} times before", subject_of(body), received))
        }
        Happening::Event { of: Told { notice: (chunk, index), kind }, .. } => {
            ("receipts", format!("{kind} of {chunk} {index}"))
        }
        Happening::Dispatch => ("dispatch", format!("of {planned:.0}")),
        Happening::Watch => ("watch", format!("of {planned:.0}")),
        Happening::Person(deed) => ("a person", format!("{deed:?} of {planned:.0}")),
        Happening::Redrive => ("an operator", "redrives".to_owned()),
        Happening::RegionLost(region) => ("the cloud", format!("loses {region}")),
        Happening::RegionBack => ("the cloud", "is whole again".to_owned()),
        Happening::FaultsStop => ("the storm", "is over".to_owned()),
    }
}

/// The chunk, slice, incident or signal that a message names.
fn subject_of(body: &str) -> String {
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let named = ["tenant", "chunk", "incident", "slice", "signal"].into_iter().filter_map(|name| {
        let value = &body[name];
        (!value.is_null()).then(|| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    });
    named.collect::<Vec<_>>().join(" ")
}

fn finding_of(body: &str) -> String {
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let bucket = &body["detail"]["resource"]["s3BucketDetails"][0]["name"];
    format!("{} of {bucket}", body["detail"]["id"])
}

/// Answers how it ended.
fn act(world: &World, shared: &Shared, happening: Happening) -> String {
    match happening {
        Happening::Siem(finding) => {
            let taken = quietly(|| crate::take_in_finding(world, &finding)).unwrap_or(false);
            if !taken {
                let later = world.time() + SignedDuration::from_mins(6);
                shared.borrow_mut().at(later, Happening::Siem(finding));
            }
            ended(taken)
        }
        Happening::Webhook => webhook(world, shared),
        Happening::Message { queue, body, received } => {
            let taken = message(world, shared, &queue, &body);
            if !taken {
                comes_back(
                    world,
                    shared,
                    Happening::Message { queue, body, received: received + 1 },
                    received + 1,
                );
            }
            ended(taken)
        }
        Happening::Event { of, body, received } => {
            let taken = quietly(|| take_in_event(world, &body)).unwrap_or(false);
            if taken {
                shared.borrow_mut().heard(of, world.mail_count());
            } else {
                let received = received + 1;
                comes_back(world, shared, Happening::Event { of, body, received }, received);
            }
            ended(taken)
        }
        Happening::Dispatch => {
            tick(async { dispatch::step(world, world.now()).await });
            "ended".to_owned()
        }
        Happening::Watch => {
            tick(async { watch::step(world, world.now()).await });
            "ended".to_owned()
        }
        Happening::Person(deed) => people::does(world, shared, deed),
        Happening::Redrive => redrive(world, shared),
        Happening::RegionLost(region) => {
            let mut state = shared.borrow_mut();
            state.lost_region = Some(region);
            state.at(world.time() + SignedDuration::from_hours(1), Happening::RegionBack);
            "nothing of it answers".to_owned()
        }
        Happening::RegionBack => {
            shared.borrow_mut().lost_region = None;
            "all regions answer".to_owned()
        }
        Happening::FaultsStop => {
            world.set_quota_of(changes::PAUSED, changes::PLENTY);
            let mut state = shared.borrow_mut();
            (state.storm, state.lost_region) = (false, None);
            "nothing goes wrong any more".to_owned()
        }
    }
}

fn ended(taken: bool) -> String {
    if taken { "acknowledged".to_owned() } else { "comes back".to_owned() }
}

fn message(world: &World, shared: &Shared, queue: &Queue, body: &str) -> bool {
    let region = match queue {
        Queue::Notices(region) => Some(region.clone()),
        Queue::Siem | Queue::Signals | Queue::Scope | Queue::Plan | Queue::Receipts(_) | Queue::Parked(_) => {
            None
        }
    };
    let at_work = Some(Happening::message(queue.clone(), body.to_owned()));
    let interrupted = {
        let mut state = shared.borrow_mut();
        let State { sends_from, at_work: was_at_work, .. } = &mut *state;
        (std::mem::replace(sends_from, region), std::mem::replace(was_at_work, at_work))
    };
    let taken = quietly(|| deliver(world, queue, body)).unwrap_or(false);
    let mut state = shared.borrow_mut();
    (state.sends_from, state.at_work) = interrupted;
    taken
}

/// Signed with the secret that the shop's platform signs with. Whoever signs so is never refused.
fn webhook(world: &World, shared: &Shared) -> String {
    let body =
        br#"{"id": 1, "admin_graphql_api_id": "gid://shopify/BulkOperation/1", "status": "completed"}"#;
    let secret = changes::SECRETS[shared.borrow().signing];
    let request = shopify_webhook("shop", "bulk_operations/finish", body, secret);
    let answered = quietly(|| run(intake_webhook::step(world, request, world.now())).status);
    let mut state = shared.borrow_mut();
    if answered == Some(401) {
        state.seen.push("a webhook with a good signature was refused".to_owned());
    }
    // The vendor tries again when nobody answered, or with 5xx.
    if answered.is_none_or(|status| status >= 500) {
        state.at(world.time() + SignedDuration::from_mins(30), Happening::Webhook);
    }
    answered.map_or_else(|| "no answer".to_owned(), |status| status.to_string())
}

fn redrive(world: &World, shared: &Shared) -> String {
    let mut state = shared.borrow_mut();
    let dead = std::mem::take(&mut state.dead);
    let end = format!("{} messages", dead.len());
    for mut happening in dead {
        if let Happening::Message { received, .. } | Happening::Event { received, .. } = &mut happening {
            *received = 0;
        }
        let at = world.time() + state.story.seconds(1, 600);
        state.at(at, happening);
    }
    end
}

fn comes_back(world: &World, shared: &Shared, again: Happening, received: u32) {
    let mut state = shared.borrow_mut();
    if received >= RECEIVES {
        state.dead.push(again);
        return;
    }
    let soon = state.story.below(2) == 0;
    let wait = if soon { SignedDuration::from_secs(5) } else { SignedDuration::from_mins(6) };
    state.at(world.time() + wait, again);
}

/// `None` when the process died.
pub(crate) fn quietly<T>(act: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(act)).ok()
}

/// Keeps the deaths of simulated processes off the screen, and no other.
pub fn hush() {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !panic.payload().is::<Crashed>() {
            tell(panic);
        }
    }));
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
        let twice = [seed(4), seed(4)]
            .map(|report| (report.notices, report.went_wrong, report.violations, report.story));
        let _ = std::panic::take_hook();
        assert_eq!(twice[0], twice[1]);
        assert!(twice[0].0 > 0 && !twice[0].1.is_empty(), "something was sent, something went wrong");
    }
}
