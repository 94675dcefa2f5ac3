//! A small incident, once for every call that a step makes and every way in which that call can fail:
//! nobody is missed, nobody is told twice.

use serde_json::{Value, json};
use tocsin_ports::memory::{Fault, World};
use tocsin_tests::*;

const FAULTS: [Fault; 4] = [Fault::CrashBefore, Fault::CrashAfter, Fault::ErrorBefore, Fault::ErrorAfter];

/// Minutes until everything has settled, whatever failed: a lease, a settling time, and a lost message.
const MINUTES: usize = 45;

const PHONE: &str = "+447700900123";

/// Five with a mailbox, one with a phone alone, one with neither.
fn people() -> Vec<Customer> {
    let mut people = customers(7);
    people[1] = Customer { email: String::new(), phone: PHONE.to_owned(), ..people[1].clone() };
    people[2] = Customer { email: String::new(), ..people[2].clone() };
    people
}

/// From the finding to the end, with one fault at the call of this number. Answers how many calls were made.
fn incident(fault: Option<(u64, Fault)>) -> (Town, u64) {
    let mut town = Town::new();
    settle_in(&town, "shop", &people());
    let before = town.world.calls();
    if let Some((call, fault)) = fault {
        town.world.fail_at(before + call, fault);
    }
    let finding = guardduty_finding(&bucket("shop"), 8.0);
    while !town.siem(&finding) {}
    town.drain();
    // A person who gets no answer asks again.
    for _ in 0..3 {
        approve(&town);
    }
    for _ in 0..MINUTES {
        town.minute();
        if has_settled(&town) {
            break;
        }
    }
    // Whatever would still go out by itself would do so now.
    town.minute();
    let calls = town.world.calls() - before;
    (town, calls)
}

/// Every chunk has its end; that one has not settled may be a fault of this very question.
fn has_settled(town: &Town) -> bool {
    let asked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let list = town.console(APPROVER, "GET", "/console/tenants/shop/incidents", &Value::Null);
        let id = list.body["incidents"][0]["id"].as_str().unwrap_or_default().to_owned();
        let path = format!("/console/tenants/shop/incidents/{id}");
        let chunks = town.console(APPROVER, "GET", &path, &Value::Null).body["chunks"].clone();
        let ended = |state: &String| state == "accepted" || state == "standing-by";
        chunks.as_object().is_some_and(|states| !states.is_empty() && states.keys().all(ended))
    }));
    asked.unwrap_or(false)
}

fn approve(town: &Town) {
    let asked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
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

fn check(town: &Town, fault: (u64, Fault)) {
    let by_address = town.mails_by_address();
    for customer in people().iter().filter(|customer| !customer.email.is_empty()) {
        assert_eq!(by_address.get(&customer.email), Some(&1), "{} at {fault:?}", customer.email);
    }
    assert_eq!(town.world.inboxes(), 1, "{fault:?}");
    let list = town.console(APPROVER, "GET", "/console/tenants/shop/incidents", &Value::Null);
    assert_eq!(list.body["incidents"].as_array().map(Vec::len), Some(1), "{fault:?}");
    let id = list.body["incidents"][0]["id"].as_str().unwrap_or_default().to_owned();
    let shown =
        town.console(APPROVER, "GET", &format!("/console/tenants/shop/incidents/{id}"), &Value::Null).body;
    // A filing or a text is never sent twice: one whose claim died around the call waits for a person, who is told so.
    let attention = &shown["incident"]["attention"];
    let asked = |regime: &str, channel: &str| {
        let waves = shown["plan"]["waves"].as_array().expect("waves");
        let wave =
            waves.iter().find(|wave| wave["regime"] == regime && wave["channel"] == channel).expect("a wave");
        let chunk = format!("{id}-1-{}-0 may or may not", wave["number"]);
        attention.to_string().contains(&chunk)
    };
    let filings = by_address.get("filings@authority.example").copied().unwrap_or(0);
    assert_eq!(
        filings,
        usize::from(!asked("eu-gdpr-authority", "email")),
        "the filing at {fault:?}: {attention}"
    );
    let texts = town.world.texts().iter().filter(|text| text.to == PHONE).count();
    assert!(
        texts == 1 || (texts == 0 && asked("eu-gdpr-individual", "sms")),
        "{texts} texts at {fault:?}: {attention}"
    );
    for duty in shown["duties"].as_array().expect("duties") {
        let by_mail_alone = !matches!(duty["duty"]["jurisdiction"].as_str(), Some("FR" | "GB"));
        if duty["duty"]["audience"] == "individual" && duty["duty"]["owed"] == "yes" && by_mail_alone {
            assert_eq!(duty["state"], "met", "{fault:?} {duty:#}");
        }
    }
    assert!(town.world.parked().is_empty(), "{fault:?} {:?}", town.world.parked());
    check_log(&town.world, fault);
}

/// Every hand-over has its claim's leaf and its end's leaf, and the log is whole.
fn check_log(world: &World, fault: (u64, Fault)) {
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
    assert_eq!(claimed, ended, "{fault:?}");
}

fn failures(calls: impl Iterator<Item = u64>) -> Vec<String> {
    let mut failed = Vec::new();
    for call in calls {
        for fault in FAULTS {
            let outcome = std::panic::catch_unwind(|| check(&incident(Some((call, fault))).0, (call, fault)));
            if let Err(panic) = outcome {
                let text = panic.downcast_ref::<String>().cloned().unwrap_or_else(|| "a panic".to_owned());
                failed.push(format!("call {call} {fault:?}: {text}"));
            }
        }
    }
    failed
}

#[test]
fn every_single_failure_leaves_everybody_told_once() {
    // The crashes are part of the test; their text is not.
    std::panic::set_hook(Box::new(|_| {}));
    let (town, calls) = incident(None);
    check(&town, (0, Fault::ErrorBefore));
    assert!(calls > 100, "{calls} calls");
    let failed: Vec<String> = std::thread::scope(|threads| {
        let halves =
            [0, 1].map(|half| threads.spawn(move || failures((1..=calls).filter(|call| call % 2 == half))));
        halves.into_iter().flat_map(|half| half.join().expect("a half")).collect()
    });
    let _ = std::panic::take_hook();
    assert!(
        failed.is_empty(),
        "{} of {} failed:\n{}",
        failed.len(),
        calls * 4,
        failed[..failed.len().min(5)].join("\n")
    );
}
