//! A small incident, once for every call that a step makes and every way in which that call can fail, and once for
//! every two of them: nobody is missed, nobody is told twice.
//!
//! Two failures are tried where something goes out and is known: from the approval on, in `dispatch`, `send`, `receipts`
//! and `watch`, each call with each later one. Left out are pairs of which one or both come before the approval: until
//! then nothing leaves, every step writes what it would write again, and the single failures and the random seeds pass
//! there.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tocsin_ports::memory::{Fault, World};

use crate::*;

/// What was tried, and what did not hold.
#[derive(Debug, Default)]
pub struct Tried {
    pub times: usize,
    pub failed: Vec<String>,
}

const FAULTS: [Fault; 4] = [Fault::CrashBefore, Fault::CrashAfter, Fault::ErrorBefore, Fault::ErrorAfter];

/// Minutes until everything has settled, whatever failed: a lease, a settling time, and a lost message; twice, because
/// a copy may fail too.
const MINUTES: i64 = 90;

/// Between two ticks, where two calls fail: fewer ticks find nothing to do, and fewer pairs are alike.
const MINUTES_BETWEEN: i64 = 5;

const PHONE: &str = "+447700900123";

/// Five with a mailbox, one with a phone alone, one with neither.
fn people() -> Vec<Customer> {
    let mut people = customers(7);
    people[1] = Customer { email: String::new(), phone: PHONE.to_owned(), ..people[1].clone() };
    people[2] = Customer { email: String::new(), ..people[2].clone() };
    people
}

/// Two with a mailbox, in one chunk, and one with a phone alone.
fn few() -> Vec<Customer> {
    let mut people = customers(2);
    people[1] = Customer { email: String::new(), phone: PHONE.to_owned(), ..people[1].clone() };
    people.push(Customer { id: 7, email: "customer7@example.com".to_owned(), ..people[0].clone() });
    people
}

/// A call by its number, and how it fails.
type Failure = (u64, Fault);

/// From the finding to the end, with one failure. Answers how many calls were made.
fn incident(failure: Option<Failure>) -> (Town, u64) {
    let town = Town::new();
    settle_in(&town, "shop", &people());
    let before = town.world.calls();
    if let Some((call, fault)) = failure {
        town.world.fail_at(before + call, fault);
    }
    let finding = guardduty_finding(&bucket("shop"), 8.0);
    while !town.siem(&finding) {}
    town.drain();
    // A person who gets no answer asks again.
    for _ in 0..3 {
        ask_to_approve(&town);
    }
    let (town, _) = go_on(town, 1);
    let calls = town.world.calls() - before;
    (town, calls)
}

/// From the approval to the end, with a tick every `minutes`. Answers how many calls were made.
fn go_on(mut town: Town, minutes: i64) -> (Town, u64) {
    let before = town.world.calls();
    for _ in 0..MINUTES / minutes {
        town.minutes(minutes);
        if has_settled(&town) {
            break;
        }
    }
    // Whatever would still go out by itself would do so now; and of three ticks two may have died before they sealed.
    town.minutes(minutes);
    town.minutes(minutes);
    let calls = town.world.calls() - before;
    (town, calls)
}

/// Every chunk has its end; that one has not settled may be a fault of this very question.
fn has_settled(town: &Town) -> bool {
    let asked = catch_unwind(AssertUnwindSafe(|| {
        let list = town.console(APPROVER, "GET", "/console/tenants/shop/incidents", &Value::Null);
        let id = list.body["incidents"][0]["id"].as_str().unwrap_or_default().to_owned();
        let path = format!("/console/tenants/shop/incidents/{id}");
        let chunks = town.console(APPROVER, "GET", &path, &Value::Null).body["chunks"].clone();
        let ended = |state: &String| state == "accepted" || state == "standing-by";
        chunks.as_object().is_some_and(|states| !states.is_empty() && states.keys().all(ended))
    }));
    asked.unwrap_or(false)
}

fn ask_to_approve(town: &Town) {
    let asked = catch_unwind(AssertUnwindSafe(|| {
        let list = town.console(APPROVER, "GET", "/console/tenants/shop/incidents", &Value::Null);
        let incident = list.body["incidents"][0].clone();
        let path = format!(
            "/console/tenants/shop/incidents/{}/approve",
            incident["id"].as_str().unwrap_or_default()
        );
        town.console(APPROVER, "POST", &path, &json!({ "hash": incident["plan"]["hash"] }));
    }));
    drop(asked);
}

/// Everybody is told once. A text or a filing whose claim died around the call waits for a person, who is told so; and
/// so does a letter whose copy died as well.
fn check(town: &Town, people: &[Customer], failures: &[Failure]) {
    let id = only_incident(town);
    let shown = show(town, &id);
    let attention = shown["incident"]["attention"].to_string();
    let asked = |regime: &str, channel: &str| {
        let mut waves = shown["plan"]["waves"].as_array().expect("waves").iter();
        let wave = waves.find(|wave| wave["regime"] == regime && wave["channel"] == channel);
        let number = &wave.expect("a wave")["number"];
        attention.contains(&format!("{id}-1-{number}-0 may or may not"))
    };
    let by_address = town.mails_by_address();
    let told = |address: &str| by_address.get(address).copied().unwrap_or(0);
    let in_doubt = failures.len() > 1 && asked("eu-gdpr-individual", "email");
    for customer in people.iter().filter(|customer| !customer.email.is_empty()) {
        let told = told(&customer.email);
        assert!(told == 1 || (told == 0 && in_doubt), "{} letters to {}: {attention}", told, customer.email);
    }
    let filings = told("filings@authority.example");
    assert_eq!(filings, usize::from(!asked("eu-gdpr-authority", "email")), "filings: {attention}");
    let texts = town.world.texts().iter().filter(|text| text.to == PHONE).count();
    assert!(texts == 1 || (texts == 0 && asked("eu-gdpr-individual", "sms")), "{texts} texts: {attention}");
    let in_app = people.iter().filter(|customer| customer.email.is_empty() && customer.phone.is_empty());
    assert_eq!(town.world.inboxed().len(), in_app.count());
    for duty in shown["duties"].as_array().expect("duties") {
        let by_mail_alone = !matches!(duty["duty"]["jurisdiction"].as_str(), Some("FR" | "GB"));
        let is_owed = duty["duty"]["audience"] == "individual" && duty["duty"]["owed"] == "yes";
        if is_owed && by_mail_alone && !in_doubt {
            assert_eq!(duty["state"], "met", "{duty:#}");
        }
    }
    assert!(town.world.parked().is_empty(), "{:?}", town.world.parked());
    check_log(&town.world);
}

/// Every hand-over has its claim's leaf and its end's leaf, and the log is whole.
fn check_log(world: &World) {
    use tocsin_audit::Action;
    let scope =
        tocsin_ports::TenantScope::proven("shop".parse().expect("a tenant"), tocsin_ports::Proof::Sweep);
    let (tiles, head) = run(tocsin_ports::store::leaves::log(world, &scope)).expect("a log");
    let verified = tocsin_audit::verify(tocsin_audit::export(&tiles, &head).as_bytes()).expect("a whole log");
    let chunks = |actions: &[Action]| -> std::collections::BTreeSet<String> {
        let of = verified.leaves.iter().filter(|leaf| actions.contains(&leaf.action));
        of.filter_map(|leaf| leaf.subject.get("chunk").cloned()).collect()
    };
    let claimed = chunks(&[Action::ChunkClaimed]);
    let ended = chunks(&[Action::ChunkAccepted, Action::ChunkSettled, Action::PersonAsked]);
    assert!(!claimed.is_empty());
    assert_eq!(claimed, ended);
}

/// Every call of the whole incident, in every way.
pub fn singles() -> Tried {
    let (town, calls) = incident(None);
    check(&town, &people(), &[]);
    let points = every_failure_of(1..=calls);
    in_two_threads(points.len(), Town::new, |_, place| {
        let failure = points[place];
        vec![outcome(&people(), &[failure], || incident(Some(failure)).0)]
    })
}

/// Every two calls from the approval on, each pair in one of the sixteen ways, in turn.
pub fn pairs() -> Tried {
    let (town, calls) = go_on(approved(), MINUTES_BETWEEN);
    check(&town, &few(), &[]);
    in_two_threads(calls as usize, approved, |approved, place| {
        let first = place as u64 + 1;
        let with = |failures: &[Failure]| {
            let town = approved.copy();
            let before = town.world.calls();
            failures.iter().for_each(|(call, fault)| town.world.fail_at(before + call, *fault));
            go_on(town, MINUTES_BETWEEN)
        };
        // How long it goes on after the first failure is known when it was tried.
        let calls = FAULTS.map(|fault| with(&[(first, fault)]).1);
        let last = calls.into_iter().max().unwrap_or(first);
        let pairs = (first + 1..=last).filter_map(|second| {
            let turn = (first + second) as usize;
            let (way, other) = (turn % FAULTS.len(), turn / FAULTS.len() % FAULTS.len());
            (second <= calls[way]).then_some([(first, FAULTS[way]), (second, FAULTS[other])])
        });
        pairs.map(|pair| outcome(&few(), &pair, || with(&pair).0)).collect()
    })
}

fn approved() -> Town {
    let (town, incident) = leaked(&few());
    approve(&town, &incident);
    town
}

fn every_failure_of(calls: impl Iterator<Item = u64>) -> Vec<Failure> {
    calls.flat_map(|call| FAULTS.map(|fault| (call, fault))).collect()
}

/// What did not hold, where something did not.
fn outcome(people: &[Customer], failures: &[Failure], run: impl Fn() -> Town) -> Option<String> {
    // What did not come to its turn to fail does not fail while it is looked at.
    let checked = catch_unwind(AssertUnwindSafe(|| check(&run().copy(), people, failures)));
    let panic = checked.err()?;
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    let text = text.unwrap_or_else(|| "a panic".to_owned());
    Some(format!("{failures:?}: {text}"))
}

fn in_two_threads(
    count: usize,
    start: impl Fn() -> Town + Sync,
    try_one: impl Fn(&Town, usize) -> Vec<Option<String>> + Sync,
) -> Tried {
    let next = AtomicUsize::new(0);
    let work = &|| {
        let (start, mut tried) = (start(), Tried::default());
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            if place >= count {
                return tried;
            }
            let outcomes = try_one(&start, place);
            tried.times += outcomes.len();
            tried.failed.extend(outcomes.into_iter().flatten());
        }
    };
    std::thread::scope(|threads| {
        let workers = [threads.spawn(work), threads.spawn(work)];
        workers.into_iter().fold(Tried::default(), |mut all, worker| {
            let tried = worker.join().expect("a worker");
            all.times += tried.times;
            all.failed.extend(tried.failed);
            all
        })
    })
}
