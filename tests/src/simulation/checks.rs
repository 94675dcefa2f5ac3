//! What has to hold at the end of a seed, by the mailbox and by the audit log.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tocsin_audit::{Action, Leaf};
use tocsin_domain::alert::AlertMessage;
use tocsin_ports::memory::{Delivered, World};
use tocsin_ports::{Proof, TenantScope};

use super::{Report, State, TENANTS, people};
use crate::{Customer, run};

pub(super) fn all(world: &World, state: &State, people: &BTreeMap<&str, Vec<Customer>>) -> Report {
    world.set_fate(None);
    let mails = world.mails();
    let mut violations = Vec::new();
    for tenant in TENANTS {
        walls(&mails, tenant, &people[tenant], &mut violations);
        let leaves = match log(world, tenant) {
            Ok(leaves) => leaves,
            Err(broken) => {
                violations.push(format!("{tenant}: the audit log is broken: {broken}"));
                continue;
            }
        };
        every_claim_ended(&leaves, &mut violations);
        texts_once(world, &leaves, &mut violations);
        nothing_is_claimed_while_paused(&leaves, &mut violations);
        let incidents = people::incidents(world, tenant);
        let cancelled = incidents.iter().filter(|incident| incident["halt"] == "cancelled").count();
        if incidents.len() > 1 + cancelled {
            violations.push(format!("{tenant}: {} incidents of one leak", incidents.len()));
        }
        for incident in incidents {
            let id = incident["id"].as_str().unwrap_or_default();
            approved_and_not_stopped(&mails, state, id, &mut violations);
            let Some(shown) = people::shown(world, tenant, id) else {
                violations.push(format!("{tenant} {id} cannot be shown"));
                continue;
            };
            once_each(&mails, state, &leaves, &shown, &mut violations);
            settled(&shown, &mut violations);
            somebody_was_told(world, &shown, &mut violations);
        }
    }
    violations.extend(world.parked().iter().map(|note| format!("parked: {note}")));
    if !state.dead.is_empty() {
        violations.push(format!("{} messages lie in dead-letter queues", state.dead.len()));
    }
    Report { notices: mails.len() + world.texts().len() + world.inboxes(), faults: 0, violations }
}

/// Nobody of another tenant got anything, and nothing of a tenant's went to people who are not its own.
fn walls(mails: &[Delivered], tenant: &str, people: &[Customer], violations: &mut Vec<String>) {
    let own: BTreeSet<&str> = people.iter().map(|customer| customer.email.as_str()).collect();
    for mail in mails.iter().filter(|mail| mail.tags.get("tenant").is_some_and(|tagged| tagged == tenant)) {
        if !own.contains(mail.to.as_str()) && mail.to != "filings@authority.example" {
            violations.push(format!("a mail of {tenant} went to a stranger"));
        }
    }
}

fn log(world: &World, tenant: &str) -> Result<Vec<Leaf>, String> {
    let scope = TenantScope::proven(tenant.parse().expect("a tenant"), Proof::Sweep);
    let (tiles, head) =
        run(tocsin_ports::store::leaves::log(world, &scope)).map_err(|halt| format!("{halt:?}"))?;
    let exported = tocsin_audit::export(&tiles, &head);
    tocsin_audit::verify(exported.as_bytes())
        .map(|verified| verified.leaves)
        .map_err(|error| error.to_string())
}

/// Between the pause of a wave and its resumption none of its chunks is claimed. What happens at one instant may have
/// happened in either order.
fn nothing_is_claimed_while_paused(leaves: &[Leaf], violations: &mut Vec<String>) {
    let of = |action: Action| leaves.iter().filter(move |leaf| leaf.action == action);
    for pause in of(Action::WavePaused) {
        let Some((incident, wave)) = pause.incident.zip(pause.subject.get("wave")) else {
            violations.push("a pause names no wave".to_owned());
            continue;
        };
        let same = |leaf: &&Leaf| leaf.incident == pause.incident && leaf.subject.get("wave") == Some(wave);
        let resumed =
            of(Action::WaveResumed).filter(same).map(|leaf| leaf.at).filter(|at| *at >= pause.at).min();
        let chunks = format!("{incident}-{wave}-");
        let claimed = of(Action::ChunkClaimed)
            .filter(|leaf| leaf.subject.get("chunk").is_some_and(|chunk| chunk.starts_with(&chunks)))
            .filter(|leaf| leaf.at > pause.at && resumed.is_none_or(|resumed| leaf.at < resumed));
        violations
            .extend(claimed.map(|leaf| format!("claimed while paused: {:?}", leaf.subject.get("chunk"))));
    }
}

/// Every hand-over has its claim's leaf, and its end's.
fn every_claim_ended(leaves: &[Leaf], violations: &mut Vec<String>) {
    let attempts = |actions: &[Action]| -> BTreeSet<(String, String)> {
        let of = leaves.iter().filter(|leaf| actions.contains(&leaf.action));
        of.filter_map(|leaf| Some((leaf.subject.get("chunk")?.clone(), leaf.subject.get("attempt")?.clone())))
            .collect()
    };
    let claimed = attempts(&[Action::ChunkClaimed]);
    let ended = attempts(&[
        Action::ChunkAccepted,
        Action::ChunkRefused,
        Action::ChunkSettled,
        Action::ChunkUndecided,
        Action::ChunkWithheld,
    ]);
    violations
        .extend(claimed.difference(&ended).map(|(chunk, attempt)| format!("no end of {chunk} {attempt}")));
    violations
        .extend(ended.difference(&claimed).map(|(chunk, attempt)| format!("no claim of {chunk} {attempt}")));
}

fn approved_and_not_stopped(
    mails: &[Delivered],
    state: &State,
    incident: &str,
    violations: &mut Vec<String>,
) {
    let approved = state.approved.get(incident).copied();
    for (number, mail) in mails.iter().enumerate() {
        let chunk = mail.tags.get("chunk").map(String::as_str).unwrap_or_default();
        if !chunk.starts_with(incident) {
            continue;
        }
        if approved.is_none_or(|approved| number < approved) {
            violations.push(format!("{chunk} went out before anybody approved it"));
        }
        let stopped = state.stops.iter().any(|stop| {
            let within = number >= stop.from && stop.until.is_none_or(|until| number < until);
            stop.incident == incident && within && !stop.handed_over.contains(chunk)
        });
        if stopped {
            violations.push(format!("{chunk} went out after a stop was acknowledged that did not name it"));
        }
    }
}

/// Each notice once; again only where a settlement says so. None is missing but where the provider refused it.
fn once_each(
    mails: &[Delivered],
    state: &State,
    leaves: &[Leaf],
    shown: &Value,
    violations: &mut Vec<String>,
) {
    let mut sent: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (number, mail) in mails.iter().enumerate() {
        let tag = |name| mail.tags.get(name).map(String::as_str).unwrap_or_default();
        let notice = (tag("chunk"), tag("index"));
        let known = state.known.get(&(notice.0.to_owned(), notice.1.to_owned()));
        if known.is_some_and(|known| *known <= number) {
            violations.push(format!("{} {} went out again though its event was known", notice.0, notice.1));
        }
        *sent.entry(notice).or_default() += 1;
    }
    let settled = |chunk: &str, by: &dyn Fn(&Leaf) -> bool| {
        let of = leaves.iter().filter(|leaf| leaf.action == Action::ChunkSettled && by(leaf));
        of.filter(|leaf| leaf.subject.get("chunk").is_some_and(|named| named == chunk)).count()
    };
    let by_policy = |chunk: &str| settled(chunk, &|leaf| leaf.why.contains("send again"));
    let by_person = |chunk: &str| {
        settled(chunk, &|leaf| leaf.subject.get("as").is_some_and(|finding| finding == "again"))
    };
    let repeats = |chunk: &str| by_policy(chunk) + by_person(chunk);
    for chunk in sent.keys().map(|(chunk, _)| *chunk).collect::<BTreeSet<&str>>() {
        if by_policy(chunk) > 1 {
            violations.push(format!("{chunk} was sent again by policy {} times", by_policy(chunk)));
        }
        let filing = people::wave_of(shown, chunk).is_some_and(|wave| wave["regime"] == "eu-gdpr-authority");
        if by_policy(chunk) > 0
            && filing
            && chunk.starts_with(shown["incident"]["id"].as_str().unwrap_or("-"))
        {
            violations.push(format!("{chunk} is a filing, and a policy sent it again"));
        }
    }
    let incident = shown["incident"]["id"].as_str().unwrap_or_default();
    for ((chunk, index), count) in sent.iter().filter(|((chunk, _), _)| chunk.starts_with(incident)) {
        if *count > 1 + repeats(chunk) {
            violations.push(format!(
                "{chunk} {index} went out {count} times, and {} were allowed",
                1 + repeats(chunk)
            ));
        }
    }
    if !shown["incident"]["halt"].is_null() {
        return;
    }
    for duty in shown["duties"].as_array().into_iter().flatten() {
        let coverage = &duty["coverage"];
        if coverage["undecided"].as_u64() != Some(0) {
            violations.push(format!("{} is undecided at the end", duty["duty"]["regime"]));
        }
        if coverage["unreachable"].get("withheld").is_some() {
            violations.push(format!("{} was withheld", duty["duty"]["regime"]));
        }
    }
    let told: usize = sent.keys().filter(|(chunk, _)| chunk.starts_with(incident)).count();
    let by_mail = shown["plan"]["waves"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|wave| wave["channel"] == "email" && wave["stands_by"] == false);
    let planned: u64 = by_mail.filter_map(|wave| wave["recipients"].as_u64()).sum();
    let refused: u64 = shown["duties"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|duty| duty["coverage"]["unreachable"]["refused-by-provider"].as_u64())
        .sum();
    let refused = refused + refused_and_called_up(leaves, incident);
    if told as u64 + refused < planned {
        violations.push(format!("{planned} notices were planned, {told} went out, {refused} were refused"));
    }
}

/// How many notices the provider refused for good and another channel took over.
fn refused_and_called_up(leaves: &[Leaf], incident: &str) -> u64 {
    let called = leaves.iter().filter(|leaf| leaf.action == Action::NoticeCalledUp);
    let of = called.filter(|leaf| leaf.subject.get("chunk").is_some_and(|chunk| chunk.starts_with(incident)));
    of.filter(|leaf| leaf.why.contains("refused by the provider"))
        .filter_map(|leaf| leaf.subject.get("indices"))
        .map(|indices| indices.split(' ').count() as u64)
        .sum()
}

/// The same text twice to one phone only where a person said so.
fn texts_once(world: &World, leaves: &[Leaf], violations: &mut Vec<String>) {
    let again = |leaf: &&Leaf| leaf.subject.get("as").is_some_and(|finding| finding == "again");
    let allowed = 1 + leaves.iter().filter(again).count();
    let mut texts: BTreeMap<(String, String), usize> = BTreeMap::new();
    for text in world.texts() {
        *texts.entry((text.to, text.body)).or_default() += 1;
    }
    let twice = texts.values().filter(|count| **count > allowed).count();
    if twice > 0 {
        violations.push(format!("{twice} texts went out more often than {allowed} times"));
    }
}

/// Whatever an incident asks of people was told to each of the targets that its tenant names.
fn somebody_was_told(world: &World, shown: &Value, violations: &mut Vec<String>) {
    let alerts = world.alerts();
    let told = |by_mail: bool, task: &str| {
        alerts.iter().any(|alert| match alert {
            AlertMessage::Topic { text, .. } => !by_mail && text.contains(task),
            AlertMessage::Mail { text, .. } => by_mail && text.contains(task),
            AlertMessage::Post { .. } => false,
        })
    };
    let tasks = shown["incident"]["attention"].as_array().into_iter().flatten().filter_map(Value::as_str);
    for task in tasks {
        if !told(false, task) || !told(true, task) {
            violations.push(format!("nobody was told: {task}"));
        }
    }
}

/// After the storm every incident is decided and every chunk has its end.
fn settled(shown: &Value, violations: &mut Vec<String>) {
    if shown["incident"]["halt"] == "cancelled" {
        return;
    }
    if shown["incident"]["stage"] != "sending" {
        violations.push(format!(
            "the incident is still {}: {}",
            shown["incident"]["stage"], shown["incident"]["attention"]
        ));
        return;
    }
    let states = shown["chunks"].as_object().cloned().unwrap_or_default();
    if states.keys().any(|state| state != "accepted" && state != "standing-by") {
        violations.push(format!("chunks have no end: {}", shown["chunks"]));
    }
}
