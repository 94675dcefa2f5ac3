//! What people do in the simulation: they approve, hold, release, cancel, settle, at any moment, and note what they
//! were answered.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tocsin_ports::Clock;
use tocsin_ports::memory::World;
use tocsin_stage::http::{Request, Response};

use super::{Happening, Shared, State, TENANTS, quietly};
use crate::{APPROVER, Customer, RESPONDER, SECOND_APPROVER, customers, run};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    Approve,
    ApproveToo,
    Hold,
    Release,
    Cancel,
    Settle,
    Resume,
}

/// A stop that was acknowledged: from here on no mail of the incident, but of the chunks that had been handed over.
#[derive(Debug, Clone)]
pub(crate) struct Stop {
    pub incident: String,
    pub from: usize,
    /// How many mails there were when somebody asked for the release.
    pub until: Option<usize>,
    pub handed_over: BTreeSet<String>,
}

/// The people of a tenant: most with a mailbox, one with a phone, one with neither, one whose mailbox bounces and who has a phone. The two
/// tenants share addresses.
pub(crate) fn of(tenant: &str, count: u32) -> Vec<Customer> {
    let mut people = customers(count);
    for customer in people.iter_mut().skip(4) {
        customer.email = format!("{tenant}-{}", customer.email);
    }
    // The one who bounces shares a chunk with another: what is throttled beside a bounce waits, and its wave may be paused.
    if let [bounced, texted, in_app, ..] = people.as_mut_slice() {
        let digit = if tenant == "shop" { 1 } else { 2 };
        *texted = Customer { email: String::new(), phone: format!("+4477009001{digit}"), ..texted.clone() };
        in_app.email = String::new();
        bounced.email = format!("bounce-{tenant}@example.com");
        bounced.phone = format!("+4477009002{digit}");
    }
    people
}

pub(crate) fn lay_agenda(state: &mut State, start: Timestamp, storm: SignedDuration, calm: SignedDuration) {
    let plan = |state: &mut State, deed: Deed, from: i64, to: i64| {
        let at = start + state.seconds(from, to);
        state.at(at, Happening::Person(deed));
    };
    let end = (storm + calm).as_secs();
    for hour in 0..(end / 3600) {
        plan(state, Deed::Approve, hour * 3600, hour * 3600 + 3599);
        plan(state, Deed::ApproveToo, hour * 3600, hour * 3600 + 3599);
        plan(state, Deed::Settle, hour * 3600, hour * 3600 + 3599);
        plan(state, Deed::Resume, hour * 3600, hour * 3600 + 3599);
    }
    for _ in 0..state.dice.u32(0..=3) {
        plan(state, Deed::Hold, 0, storm.as_secs());
        plan(state, Deed::Release, 0, storm.as_secs());
    }
    if state.chance(150) {
        plan(state, Deed::Cancel, 0, storm.as_secs());
    }
    // Whoever held an incident lets it go in the end.
    plan(state, Deed::Release, storm.as_secs() + 1, storm.as_secs() + 3600);
    plan(state, Deed::Release, storm.as_secs() + 3600, storm.as_secs() + 7200);
}

pub(crate) fn does(world: &World, shared: &Shared, deed: Deed) {
    for tenant in TENANTS {
        for incident in incidents(world, tenant) {
            let id = incident["id"].as_str().unwrap_or_default().to_owned();
            match deed {
                Deed::Approve => approve(world, shared, tenant, &incident, &id, APPROVER),
                Deed::ApproveToo => approve(world, shared, tenant, &incident, &id, SECOND_APPROVER),
                Deed::Hold | Deed::Cancel => stop(world, shared, tenant, &incident, &id, deed),
                Deed::Release => release(world, shared, tenant, &incident, &id),
                Deed::Settle => settle(world, tenant, &id),
                Deed::Resume => resume(world, tenant, &incident, &id),
            }
        }
    }
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

fn ask(world: &World, who: &str, method: &str, path: &str, body: &Value) -> Option<Response> {
    let request = Request {
        method: method.to_owned(),
        path: path.to_owned(),
        body: body.to_string().into_bytes(),
        principal: Some(who.to_owned()),
        ..Request::default()
    };
    quietly(|| run(console::step(world, request, world.now())))
}

fn post(world: &World, who: &str, tenant: &str, id: &str, act: &str, body: &Value) -> Option<Response> {
    ask(world, who, "POST", &format!("/console/tenants/{tenant}/incidents/{id}/{act}"), body)
}

/// The second tenant wants two people.
pub(crate) fn approvals_needed(tenant: &str) -> usize {
    if tenant == TENANTS[1] { 2 } else { 1 }
}

/// It may take effect though nobody hears of it: from the moment of asking on, mails are lawful.
fn approve(world: &World, shared: &Shared, tenant: &str, incident: &Value, id: &str, who: &'static str) {
    if incident["stage"] != "awaiting-approval" {
        return;
    }
    let mails = world.mail_count();
    {
        let mut state = shared.borrow_mut();
        let asked = state.asked.entry(id.to_owned()).or_default();
        asked.insert(who);
        if asked.len() >= approvals_needed(tenant) {
            state.approved.entry(id.to_owned()).or_insert(mails);
        }
    }
    post(world, who, tenant, id, "approve", &json!({ "hash": incident["plan"]["hash"] }));
    // Second thoughts come while the first chunks are on their way.
    let mut state = shared.borrow_mut();
    if state.storm && state.chance(400) {
        let deed = if state.chance(250) { Deed::Cancel } else { Deed::Hold };
        let at = world.now() + state.seconds(0, 180);
        state.at(at, Happening::Person(deed));
    }
}

fn stop(world: &World, shared: &Shared, tenant: &str, incident: &Value, id: &str, deed: Deed) {
    if !incident["halt"].is_null() {
        return;
    }
    let act = if deed == Deed::Hold { "hold" } else { "cancel" };
    let releases = shared.borrow().releases;
    let answer = post(world, RESPONDER, tenant, id, act, &json!({ "reason": "a person's reason" }));
    // Somebody may have released it while the stop was still being answered.
    let stands = shared.borrow().releases == releases;
    if let Some(answer) = answer.filter(|answer| answer.status == 200 && stands) {
        let chunks = answer.body["handed_over"].as_array().into_iter().flatten();
        let handed_over = chunks.filter_map(|chunk| chunk.as_str().map(str::to_owned)).collect();
        let from = world.mail_count();
        shared.borrow_mut().stops.push(Stop { incident: id.to_owned(), from, until: None, handed_over });
    }
}

fn release(world: &World, shared: &Shared, tenant: &str, incident: &Value, id: &str) {
    // What is cancelled stays so, whoever asks: its stop stays open.
    if incident["halt"].is_null() {
        return;
    }
    shared.borrow_mut().releases += 1;
    let mails = if incident["halt"] == "held" { world.mail_count() } else { usize::MAX };
    for stop in
        shared.borrow_mut().stops.iter_mut().filter(|stop| stop.incident == id && stop.until.is_none())
    {
        stop.until = Some(mails);
    }
    post(world, RESPONDER, tenant, id, "release", &json!({ "reason": "a person's reason" }));
}

/// Lets every wave go on that is paused.
fn resume(world: &World, tenant: &str, incident: &Value, id: &str) {
    for (wave, pause) in incident["pauses"].as_object().into_iter().flatten() {
        if pause["lifted"] == false {
            let body = json!({ "reason": "a person's reason" });
            post(world, RESPONDER, tenant, id, &format!("waves/{wave}/resume"), &body);
        }
    }
}

/// Finds out in the provider's log what became of the chunks that a person is asked about.
fn settle(world: &World, tenant: &str, id: &str) {
    let Some(shown) = shown(world, tenant, id) else {
        return;
    };
    let attention = shown["incident"]["attention"].as_array().cloned().unwrap_or_default();
    let asked = attention.iter().filter_map(Value::as_str).filter(|task| task.contains("may or may not"));
    for chunk in asked.filter_map(|task| task.split(' ').nth(1)) {
        let Some(wave) = wave_of(&shown, chunk) else {
            continue;
        };
        let finding = if wave["channel"] == "sms" {
            // One text a chunk, and one person of each tenant who is texted.
            let digit = if tenant == "shop" { "1" } else { "2" };
            if world.texts().iter().any(|text| text.to.ends_with(digit)) { "sent" } else { "not-sent" }
        } else {
            let mails = world.mails();
            let told: BTreeSet<&String> = mails
                .iter()
                .filter(|mail| mail.tags.get("chunk").is_some_and(|tagged| tagged == chunk))
                .filter_map(|mail| mail.tags.get("index"))
                .collect();
            let recipients = wave["recipients"].as_u64().unwrap_or(0) as usize;
            match told.len() {
                0 => "not-sent",
                told if told == recipients => "sent",
                _ => "again",
            }
        };
        let body = json!({ "as": finding, "reason": "the provider's log" });
        post(world, RESPONDER, tenant, id, &format!("chunks/{chunk}/settle"), &body);
    }
}

pub(crate) fn wave_of<'a>(shown: &'a Value, chunk: &str) -> Option<&'a Value> {
    let number: u64 = chunk.split('-').nth(2)?.parse().ok()?;
    shown["plan"]["waves"].as_array()?.iter().find(|wave| wave["number"].as_u64() == Some(number))
}
