//! What people do in the simulation: they approve, hold, release, cancel, settle, change the webhooks' secret, at any
//! moment, and note what they were answered.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tocsin_audit::Action;
use tocsin_ports::Clock;
use tocsin_ports::memory::World;
use tocsin_stage::http::{Request, Response};

use super::agenda::STORM;
use super::changes::{self, approvals_needed};
use super::story::seconds;
use super::weather::{BOUNCES_ALONE, LATE_BOUNCE};
use super::{Happening, Plans, Shared, SoFar, State, TENANTS, quietly};
use crate::{APPROVER, Customer, RESPONDER, SECOND_APPROVER, customers, paused_waves, run};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    Approve,
    ApproveToo,
    Hold,
    Release,
    Cancel,
    Settle,
    Resume,
    /// Words change, and a plan that goes out with them.
    Amend,
    /// Somebody has themselves erased while the notices go out.
    Erase,
    /// The administrator brings in the next secret beside the one in force.
    RotateSecret,
    /// The old secret goes.
    RetireSecret,
}

impl Deed {
    /// Whether nothing that was planned may go out after it.
    pub fn stops(self) -> bool {
        match self {
            Deed::Hold | Deed::Cancel | Deed::Amend => true,
            Deed::Approve
            | Deed::ApproveToo
            | Deed::Release
            | Deed::Settle
            | Deed::Resume
            | Deed::Erase
            | Deed::RotateSecret
            | Deed::RetireSecret => false,
        }
    }
}

/// A stop that was acknowledged: from here on nothing of the incident, but of the chunks that had been handed over.
#[derive(Debug, Clone)]
pub(crate) struct Stop {
    pub incident: String,
    /// An amendment stops what was planned before it; a hold or a cancel stops all.
    pub up_to_plan: Option<u64>,
    pub from: SoFar,
    /// How much had gone out when somebody asked for the release.
    pub until: Option<SoFar>,
    pub handed_over: BTreeSet<String>,
}

impl Stop {
    /// The chunks that its answer names.
    pub fn named_in(answer: &Response) -> BTreeSet<String> {
        let chunks = answer.body["handed_over"].as_array().into_iter().flatten();
        chunks.filter_map(|chunk| chunk.as_str().map(str::to_owned)).collect()
    }

    /// Whether the chunk may not go out after this stop unless it is named.
    pub fn concerns(&self, chunk: &str) -> bool {
        chunk.starts_with(&self.incident)
            && self.up_to_plan.is_none_or(|last| plan_of(chunk).is_some_and(|plan| plan <= last))
    }
}

/// An act that the product acknowledged: it stands in the log.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Acknowledged {
    pub incident: String,
    pub who: &'static str,
    /// The name of the leaf's action.
    pub action: String,
    /// The chunk, where it was about one.
    pub chunk: Option<String>,
}

/// So many more are reached by a text alone in some stories: the chunks of one wave pass every gate.
const TEXTED: u32 = 9;

/// So many more share a chunk in some stories: part of it is taken, part is throttled. In half of these stories they are
/// more than one call carries: one call is answered, and the next is not.
const TOGETHER: u32 = 5;
const IN_SEVERAL_CALLS: u32 = 14;

/// The providers take fewer a second than a chunk holds.
pub(super) const SLOW: u32 = 12;

pub(super) fn go_in_several_calls(seed: u64) -> bool {
    seed.is_multiple_of(6)
}

/// The people of a tenant: most with a mailbox, some with a phone, one with neither, one whose mailbox bounces and who
/// has a phone, one whose mailbox bounces and whose law knows the letter alone, one whose mailbox bounces late. The two tenants share addresses.
pub(crate) fn of(tenant: &str, seed: u64) -> Vec<Customer> {
    let count = 7 + (seed % 5) as u32;
    let digit = if tenant == TENANTS[0] { 1 } else { 2 };
    let mut people = customers(count);
    let first = people[0].clone();
    for customer in people.iter_mut().skip(4) {
        customer.email = format!("{tenant}-{}", customer.email);
    }
    // The one who bounces shares a chunk with another: what is throttled beside a bounce waits, and its wave may be paused.
    if let [bounced, texted, in_app, alone, _, late, ..] = people.as_mut_slice() {
        bounced.email = format!("bounce-{tenant}@example.com");
        bounced.phone = format!("+44770090{digit}900");
        *texted = Customer { email: String::new(), phone: format!("+44770090{digit}000"), ..texted.clone() };
        in_app.email = String::new();
        alone.email = format!("{BOUNCES_ALONE}{tenant}@example.com");
        late.email = format!("{LATE_BOUNCE}{tenant}@example.com");
    }
    let texted = people[1].clone();
    if seed.is_multiple_of(4) {
        people.extend((1..=TEXTED).map(|place| Customer {
            id: 100 + place,
            phone: format!("+44770090{digit}{place:03}"),
            ..texted.clone()
        }));
    }
    if seed.is_multiple_of(3) {
        let together = if go_in_several_calls(seed) { IN_SEVERAL_CALLS } else { TOGETHER };
        people.extend((1..=together).map(|place| Customer {
            id: 200 + place,
            email: format!("{tenant}-together{place}@example.com"),
            ..first.clone()
        }));
    }
    people
}

/// Of each tenant somebody whom nothing else befalls: they have a mailbox, and an inbox in the shop.
pub(super) fn one_who_is_erased(tenant: &str) -> String {
    format!("{tenant}-{}", customers(5)[4].email)
}

/// The story goes from `start` to `end`; nobody approves before `awake`.
pub(crate) fn lay_agenda(
    state: &mut State,
    (start, awake, storm_ends, end): (Timestamp, Timestamp, Timestamp, Timestamp),
) {
    let hour = |number: i64| SignedDuration::from_hours(number);
    let hours = end.duration_since(start).as_hours();
    for number in 0..hours {
        for deed in [Deed::Approve, Deed::ApproveToo, Deed::Settle, Deed::Resume] {
            let at = start + hour(number) + state.story.seconds(0, 3599);
            if !matches!(deed, Deed::Approve | Deed::ApproveToo) || at >= awake {
                state.at(at, Happening::Person(deed));
            }
        }
    }
    let in_storm = [
        (Deed::Hold, 500),
        (Deed::Release, 500),
        (Deed::Hold, 500),
        (Deed::Release, 500),
        (Deed::Hold, 500),
        (Deed::Release, 500),
        (Deed::Cancel, 150),
        (Deed::RotateSecret, 400),
        (Deed::Amend, 400),
        (Deed::Erase, 300),
    ];
    for (deed, per_mille) in in_storm {
        if let Some(mut dice) = state.story.goes_wrong(per_mille, &format!("{deed:?} in the storm")) {
            let before_its_end = seconds(&mut dice, 0, STORM.as_secs());
            state.at(storm_ends - before_its_end, Happening::Person(deed));
        }
    }
    // Whoever held an incident lets it go in the end.
    for number in [0, 1] {
        let at = storm_ends + hour(number) + state.story.seconds(1, 3600);
        state.at(at, Happening::Person(Deed::Release));
    }
}

/// Answers what was answered.
pub(crate) fn does(world: &World, shared: &Shared, deed: Deed) -> String {
    match deed {
        Deed::RotateSecret => return changes::rotate(world, shared),
        Deed::RetireSecret => return changes::retire(world, shared),
        Deed::Approve
        | Deed::ApproveToo
        | Deed::Hold
        | Deed::Release
        | Deed::Cancel
        | Deed::Settle
        | Deed::Resume
        | Deed::Amend
        | Deed::Erase => {}
    }
    let mut answers = Vec::new();
    for tenant in TENANTS {
        for incident in incidents(world, tenant) {
            let id = incident["id"].as_str().unwrap_or_default().to_owned();
            let of = Of { world, shared, tenant, incident: &incident, id: &id };
            answers.extend(match deed {
                Deed::Approve => of.approve(APPROVER),
                Deed::ApproveToo => of.approve(SECOND_APPROVER),
                Deed::Hold | Deed::Cancel => of.stop(deed),
                Deed::Release => of.release(),
                Deed::Settle => of.settle(),
                Deed::Resume => of.resume(),
                Deed::Amend => of.amend(),
                Deed::Erase => of.erase(),
                Deed::RotateSecret | Deed::RetireSecret => Vec::new(),
            });
        }
    }
    if answers.is_empty() { "nothing to do".to_owned() } else { answers.join(", ") }
}

pub(crate) fn incidents(world: &World, tenant: &str) -> Vec<Value> {
    let answer = ask(world, APPROVER, "GET", &format!("/console/tenants/{tenant}/incidents"), &Value::Null);
    answer.and_then(|answer| answer.body["incidents"].as_array().cloned()).unwrap_or_default()
}

pub(crate) fn shown(world: &World, tenant: &str, id: &str) -> Option<Value> {
    let path = format!("/console/tenants/{tenant}/incidents/{id}");
    ask(world, APPROVER, "GET", &path, &Value::Null)
        .filter(|answer| answer.status == 200)
        .map(|answer| answer.body)
}

pub(super) fn ask(world: &World, who: &str, method: &str, path: &str, body: &Value) -> Option<Response> {
    let request = Request {
        method: method.to_owned(),
        path: path.to_owned(),
        body: body.to_string().into_bytes(),
        principal: Some(who.to_owned()),
        ..Request::default()
    };
    quietly(|| run(console::step(world, request, world.now())))
}

pub(super) fn said(act: &str, answer: Option<&Response>) -> String {
    answer.map_or_else(|| format!("{act}: no answer"), |answer| format!("{act}: {}", answer.status))
}

/// An incident as somebody sees it who is about to act on it.
pub(super) struct Of<'a> {
    pub world: &'a World,
    pub shared: &'a Shared,
    pub tenant: &'static str,
    pub incident: &'a Value,
    pub id: &'a str,
}

impl Of<'_> {
    /// It may take effect though nobody hears of it: from the moment of asking on, notices are lawful.
    fn approve(&self, who: &'static str) -> Vec<String> {
        if self.incident["stage"] != "awaiting-approval" {
            return Vec::new();
        }
        let hash = self.incident["plan"]["hash"].as_str().unwrap_or_default();
        let plan = (self.id.to_owned(), self.incident["plan"]["version"].as_u64().unwrap_or(0));
        if !self.read_plan(&plan) {
            return Vec::new();
        }
        self.approve_another(who, hash);
        let so_far = SoFar::in_the(self.world);
        {
            let mut state = self.shared.borrow_mut();
            let asked = state.asked.entry(plan.clone()).or_default();
            asked.insert(who);
            if asked.len() >= approvals_needed(self.tenant) {
                state.approved.entry(plan).or_insert(so_far);
            }
        }
        let answer = self.post(who, "approve", &json!({ "hash": hash }));
        self.note(answer.as_ref(), who, Action::PlanApproved, None);
        self.think_again();
        let mut answers = vec![said("approves", answer.as_ref())];
        if answer.is_some_and(|answer| answer.body.to_string().contains("have expired")) {
            answers.push(self.plan_anew());
        }
        answers
    }

    /// Nobody approves what they have not read.
    fn read_plan(&self, plan: &(String, u64)) -> bool {
        let known = self.shared.borrow().plans.contains_key(plan);
        if !known {
            let Some(shown) = shown(self.world, self.tenant, self.id) else {
                return false;
            };
            if shown["plan"]["version"].as_u64() != Some(plan.1) {
                return false;
            }
            let waves = shown["plan"]["waves"].as_array().cloned().unwrap_or_default();
            self.shared.borrow_mut().plans.insert(plan.clone(), waves);
        }
        true
    }

    /// What was read is not what is planned by now. It may never be approved so.
    fn approve_another(&self, who: &'static str, hash: &str) {
        let wrong = self.shared.borrow_mut().story.goes_wrong(100, "another hash is approved first");
        if wrong.is_none() {
            return;
        }
        let another: String = hash.chars().rev().collect();
        let answer = self.post(who, "approve", &json!({ "hash": another }));
        if answer.is_some_and(|answer| answer.status == 200) {
            let seen = format!("{} was approved by a hash that is not its plan's", self.id);
            self.shared.borrow_mut().seen.push(seen);
        }
    }

    /// Second thoughts come while the first chunks are on their way.
    fn think_again(&self) {
        let mut state = self.shared.borrow_mut();
        if !state.storm {
            return;
        }
        if let Some(mut dice) = state.story.goes_wrong(400, "second thoughts") {
            let deed = match dice.u32(0..5) {
                0 => Deed::Cancel,
                1 | 2 => Deed::Amend,
                _ => Deed::Hold,
            };
            let at = self.world.time() + seconds(&mut dice, 0, 180);
            state.at(at, Happening::Person(deed));
        }
    }

    fn stop(&self, deed: Deed) -> Vec<String> {
        if !self.incident["halt"].is_null() {
            return Vec::new();
        }
        let (act, action) = if deed == Deed::Hold {
            ("hold", Action::IncidentHeld)
        } else {
            ("cancel", Action::IncidentCancelled)
        };
        let releases = self.shared.borrow().releases;
        let answer = self.post(RESPONDER, act, &json!({ "reason": "a person's reason" }));
        // Somebody may have released it while the stop was still being answered.
        let stands = deed == Deed::Cancel || self.shared.borrow().releases == releases;
        if let Some(answer) = answer.as_ref().filter(|answer| answer.status == 200 && stands) {
            let (from, handed_over) = (SoFar::in_the(self.world), Stop::named_in(answer));
            let stop =
                Stop { incident: self.id.to_owned(), up_to_plan: None, from, until: None, handed_over };
            self.shared.borrow_mut().stops.push(stop);
        }
        self.note(answer.as_ref(), RESPONDER, action, None);
        vec![said(act, answer.as_ref())]
    }

    fn release(&self) -> Vec<String> {
        // What is cancelled stays so, whoever asks: its stop stays open.
        if self.incident["halt"].is_null() {
            return Vec::new();
        }
        let is_held = self.incident["halt"] == "held";
        let until = if is_held { SoFar::in_the(self.world) } else { SoFar::NEVER };
        {
            let mut state = self.shared.borrow_mut();
            state.releases += 1;
            let open = |stop: &&mut Stop| {
                stop.incident == self.id && stop.up_to_plan.is_none() && stop.until.is_none()
            };
            state.stops.iter_mut().filter(open).for_each(|stop| stop.until = Some(until));
        }
        let answer = self.post(RESPONDER, "release", &json!({ "reason": "a person's reason" }));
        if is_held {
            self.note(answer.as_ref(), RESPONDER, Action::IncidentReleased, None);
        }
        vec![said("release", answer.as_ref())]
    }

    /// Lets every wave go on that is paused.
    fn resume(&self) -> Vec<String> {
        let body = json!({ "reason": "a person's reason" });
        let resumed = paused_waves(self.incident).into_iter().map(|wave| {
            let answer = self.post(RESPONDER, &format!("waves/{wave}/resume"), &body);
            said(&format!("resumes wave {wave}"), answer.as_ref())
        });
        resumed.collect()
    }

    /// Finds out in the provider's log what became of the chunks that a person is asked about.
    fn settle(&self) -> Vec<String> {
        let attention = self.incident["attention"].as_array().into_iter().flatten();
        let tasks = attention.filter_map(Value::as_str).filter(|task| task.contains("may or may not"));
        let asked: Vec<&str> = tasks.filter_map(|task| task.split(' ').nth(1)).collect();
        let mut answers = Vec::new();
        for chunk in asked {
            let Some(wave) = wave_of(&self.shared.borrow().plans, chunk).cloned() else {
                continue;
            };
            let found = self.find_out(chunk, &wave);
            let answer = self.post(RESPONDER, &format!("chunks/{chunk}/settle"), &found);
            self.note(answer.as_ref(), RESPONDER, Action::ChunkSettled, Some(chunk));
            answers.push(said(&format!("settles {chunk} as {found}"), answer.as_ref()));
        }
        answers.extend(self.amend_once_more().or_else(|| self.amend_as_asked()));
        answers
    }

    /// Where the log has some of a chunk and not the others, somebody says so of each; or lets all go again, where that can
    /// be.
    fn find_out(&self, chunk: &str, wave: &Value) -> Value {
        let found = |finding: &str| json!({ "as": finding, "reason": "the provider's log" });
        if wave["channel"] == "sms" {
            let texts = self.world.texts();
            let went = texts.iter().any(|text| text.tags.get("chunk").is_some_and(|tagged| tagged == chunk));
            return found(if went { "sent" } else { "not-sent" });
        }
        let mails = self.world.mails();
        let told: BTreeSet<u32> = mails
            .iter()
            .filter(|mail| mail.tags.get("chunk").is_some_and(|tagged| tagged == chunk))
            .filter_map(|mail| mail.tags.get("index")?.parse().ok())
            .collect();
        let recipients = wave["recipients"].as_u64().unwrap_or(0) as usize;
        let goes_on = plan_of(chunk) == self.incident["plan"]["version"].as_u64();
        match told.len() {
            0 => found("not-sent"),
            all if all == recipients => found("sent"),
            _ if goes_on && self.shared.borrow_mut().story.below(2) == 0 => found("again"),
            _ => json!({ "as": "sent", "only": told, "reason": "the provider's log" }),
        }
    }

    pub(super) fn post(&self, who: &str, act: &str, body: &Value) -> Option<Response> {
        let path = format!("/console/tenants/{}/incidents/{}/{act}", self.tenant, self.id);
        ask(self.world, who, "POST", &path, body)
    }

    pub(super) fn note(
        &self,
        answer: Option<&Response>,
        who: &'static str,
        action: Action,
        chunk: Option<&str>,
    ) {
        if answer.is_some_and(|answer| answer.status == 200) {
            let chunk = chunk.map(str::to_owned);
            let acknowledged =
                Acknowledged { incident: self.id.to_owned(), who, action: format!("{action:?}"), chunk };
            self.shared.borrow_mut().acknowledged.insert(acknowledged);
        }
    }
}

/// The version of the plan that a chunk is of.
pub(super) fn plan_of(chunk: &str) -> Option<u64> {
    chunk.split('-').nth(1)?.parse().ok()
}

pub(super) fn wave_of<'a>(plans: &'a Plans, chunk: &str) -> Option<&'a Value> {
    let incident = chunk.split('-').next()?.to_owned();
    let number: u64 = chunk.split('-').nth(2)?.parse().ok()?;
    plans.get(&(incident, plan_of(chunk)?))?.iter().find(|wave| wave["number"].as_u64() == Some(number))
}
