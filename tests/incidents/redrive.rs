//! A redrive is safe at any later time: every message of an incident comes again weeks after it ended, whatever its
//! end was, and changes nothing and sends nothing. And who may redrive, and what stands in the log of it.

use jiff::SignedDuration;
use serde_json::{Value, json};
use tocsin_ports::memory::World;
use tocsin_ports::{Clock, Queue};
use tocsin_tests::*;

const WEEKS: SignedDuration = SignedDuration::from_hours(6 * 7 * 24);

/// A message, and the queue that it was on.
type Sent = (Queue, String);

fn take(world: &World, queue: &Queue) -> Option<String> {
    Some(world.take(queue)?.body)
}

/// Lets every queue run empty, and keeps what was on them.
fn drain(world: &World, kept: &mut Vec<Sent>) {
    while let Some(queue) = world.busy_queues().into_iter().next() {
        while let Some(body) = take(world, &queue) {
            assert!(deliver(world, &queue, &body), "{queue}: {body}");
            kept.push((queue.clone(), body));
        }
    }
}

/// One minute in which every message is kept, the provider's events among them.
fn minute(town: &Town, told: &mut usize, kept: &mut Vec<Sent>) {
    let world = &town.world;
    world.advance_to(world.now() + SignedDuration::from_mins(1));
    tick(async { dispatch::step(world, world.now()).await });
    drain(world, kept);
    for mail in world.mails_since(*told) {
        *told += 1;
        let event = ses_event(&mail, world.now()).to_string();
        assert!(take_in_event(world, &event));
        kept.push((Queue::Receipts("eu-central-1".to_owned()), event));
    }
    tick(async { watch::step(world, world.now()).await });
    drain(world, kept);
}

/// A leak up to the plan that waits, with every message so far.
fn leaked_with_messages(customers: &[Customer]) -> (Town, String, Vec<Sent>) {
    let town = Town::new();
    settle_in(&town, "shop", customers);
    let mut kept = Vec::new();
    let finding = guardduty_finding(&bucket("shop"), 8.0);
    assert!(town.siem(&finding));
    kept.push((Queue::Siem, finding));
    drain(&town.world, &mut kept);
    let incident = only_incident(&town);
    (town, incident, kept)
}

/// What there is to see of an incident, but for the states that time alone changes.
fn seen(town: &Town, incident: &str) -> Value {
    let mut shown = show(town, incident);
    for duty in shown["duties"].as_array_mut().into_iter().flatten() {
        duty["state"].take();
    }
    shown
}

/// Every message once more, in both orders, each twice.
fn redrive_weeks_later(town: &Town, kept: &[Sent]) {
    let world = &town.world;
    world.advance_to(world.now() + WEEKS);
    for (queue, body) in kept.iter().chain(kept.iter().rev()) {
        assert!(deliver(world, queue, body), "{queue}: {body} comes back without end");
        while let Some(next) = world.busy_queues().into_iter().next() {
            let body = take(world, &next).expect("a message");
            assert!(deliver(world, &next, &body), "{next}: {body} comes back without end");
        }
    }
}

fn nothing_happens(town: &Town, incident: &str, kept: &[Sent]) {
    let before = (seen(town, incident), town.world.mails().len(), town.world.texts(), town.world.inboxed());
    redrive_weeks_later(town, kept);
    let after = (seen(town, incident), town.world.mails().len(), town.world.texts(), town.world.inboxed());
    assert_eq!(before, after);
    assert_eq!(only_incident(town), incident);
    assert_eq!(town.world.parked(), Vec::<String>::new());
}

fn kinds(kept: &[Sent]) -> Vec<String> {
    let mut kinds: Vec<String> = kept
        .iter()
        .map(|(queue, _)| queue.to_string().split('-').next().unwrap_or_default().to_owned())
        .collect();
    kinds.sort();
    kinds.dedup();
    kinds
}

#[test]
fn after_everything_was_sent() {
    let mut people = customers(21);
    people[0].email = "bounce@example.com".to_owned();
    people[1] = Customer { email: String::new(), phone: "+447700900123".to_owned(), ..people[1].clone() };
    people[2].email = String::new();
    let (town, incident, mut kept) = leaked_with_messages(&people);
    approve(&town, &incident);
    let mut told = 0;
    for _ in 0..3 {
        minute(&town, &mut told, &mut kept);
    }
    assert_eq!(kinds(&kept), ["notices", "plan", "receipts", "scope", "siem", "signals"]);
    assert!(!town.world.texts().is_empty() && !town.world.inboxed().is_empty());
    nothing_happens(&town, &incident, &kept);
}

/// Lays chunks on their queues, and takes the messages from them before anybody gets them.
fn dispatched(town: &Town, kept: &mut Vec<Sent>) {
    run(dispatch::step(&town.world, town.world.now()));
    for queue in town.world.busy_queues() {
        while let Some(body) = take(&town.world, &queue) {
            kept.push((queue.clone(), body));
        }
    }
}

#[test]
fn after_it_was_cancelled_while_chunks_lay_on_their_queues() {
    let (town, incident, mut kept) = leaked_with_messages(&customers(14));
    approve(&town, &incident);
    dispatched(&town, &mut kept);
    act(&town, RESPONDER, &incident, "cancel", &json!({ "reason": "a false alarm" }));
    assert_eq!(town.world.mails().len(), 0);
    nothing_happens(&town, &incident, &kept);
    assert_eq!(town.world.mails().len(), 0);
}

#[test]
fn after_it_was_cancelled_before_anybody_was_found() {
    let town = Town::new();
    settle_in(&town, "shop", &customers(14));
    assert!(town.siem(&guardduty_finding(&bucket("shop"), 8.0)));
    let signal = take(&town.world, &Queue::Signals).expect("a signal");
    assert!(deliver(&town.world, &Queue::Signals, &signal));
    let cut = take(&town.world, &Queue::Scope).expect("a message to cut");
    let incident = only_incident(&town);
    act(&town, RESPONDER, &incident, "cancel", &json!({ "reason": "a false alarm" }));
    nothing_happens(&town, &incident, &[(Queue::Signals, signal), (Queue::Scope, cut)]);
    assert_eq!(show(&town, &incident)["incident"]["stage"], "scoping");
}

#[test]
fn after_its_plan_was_superseded() {
    let (town, incident, mut kept) = leaked_with_messages(&customers(14));
    put_manifest(&town, "shop", manifest(&customers(7)).into_bytes());
    act(&town, RESPONDER, &incident, "rescope", &json!({ "reason": "a newer export" }));
    drain(&town.world, &mut kept);
    // Somebody's chunk messages of the plan that is not in force any more.
    let first = tocsin_domain::chunk::ChunkRef {
        incident: incident.parse().expect("an id"),
        plan: 1,
        wave: 1,
        number: 0,
    };
    let job = json!({ "v": 1, "tenant": "shop", "chunk": first }).to_string();
    kept.push((Queue::Notices("eu-central-1".to_owned()), job));
    approve(&town, &incident);
    let mut told = 0;
    for _ in 0..3 {
        minute(&town, &mut told, &mut kept);
    }
    assert_eq!(town.world.mails().len(), 8);
    nothing_happens(&town, &incident, &kept);
}

#[test]
fn after_its_people_were_erased() {
    let (town, incident, mut kept) = leaked_with_messages(&customers(14));
    approve(&town, &incident);
    dispatched(&town, &mut kept);
    town.world.forget_people("");
    redrive_weeks_later(&town, &kept);
    let mails = town.mails_by_address();
    assert_eq!(mails.into_iter().collect::<Vec<_>>(), [("filings@authority.example".to_owned(), 1)]);
    let shown = show(&town, &incident);
    let germany = duty(&shown, "eu-gdpr-individual", "DE");
    assert_eq!(germany["coverage"]["unreachable"]["withheld"], 2, "{germany:#}");
    nothing_happens(&town, &incident, &kept);
}

#[test]
fn a_message_of_another_version_is_parked_and_not_guessed_at() {
    let (town, incident, kept) = leaked_with_messages(&customers(7));
    let of_ours = |queue: &Queue| !matches!(queue, Queue::Siem | Queue::Receipts(_));
    let mut parked = 0;
    for (queue, body) in kept.iter().filter(|(queue, _)| of_ours(queue)) {
        let mut message: Value = serde_json::from_str(body).expect("JSON");
        message["v"] = json!(99);
        assert!(deliver(&town.world, queue, &message.to_string()));
        parked += 1;
        assert_eq!(town.world.parked().len(), parked, "{queue}");
    }
    assert!(parked >= 4, "signals, scope twice, plan");
    assert_eq!(show(&town, &incident)["incident"]["stage"], "awaiting-approval");
}

#[test]
fn an_administrator_sees_what_died_and_redrives_it_with_a_reason() {
    let (mut town, incident, _) = leaked_with_messages(&customers(7));
    approve(&town, &incident);
    run(dispatch::step(&town.world, town.world.now()));
    let queue = Queue::Notices("eu-central-1".to_owned());
    let mut dead = 0;
    while let Some(body) = take(&town.world, &queue) {
        town.world.bury(&queue, body);
        dead += 1;
    }
    town.world.bury(&Queue::Siem, r#"{"who": "eve@example.com"}"#.to_owned());
    let ask = |who: &str, method: &str, path: &str, body: &Value| {
        town.console(who, method, &format!("/console/queues{path}"), body)
    };
    let reason = json!({ "reason": "the senders were down" });
    for who in [APPROVER, RESPONDER] {
        assert_eq!(ask(who, "GET", "", &Value::Null).status, 403);
        assert_eq!(ask(who, "GET", "/siem/dead-letters/5", &Value::Null).status, 403);
        assert_eq!(ask(who, "POST", "/siem/redrive", &reason).status, 403);
    }
    let listed = ask(ADMINISTRATOR, "GET", "", &Value::Null).body;
    let of = |name: &str| {
        let queues = listed["queues"].as_array().expect("queues");
        queues.iter().find(|queue| queue["queue"] == name).expect(name).clone()
    };
    assert_eq!(of("notices-eu-central-1")["standing"]["dead"], dead);
    assert_eq!(of("notices-eu-central-1")["oldest_dead"], town.world.now().to_string());
    assert_eq!(of("parked-us-east-1")["standing"]["dead"], Value::Null);

    let shown = ask(ADMINISTRATOR, "GET", "/notices-eu-central-1/dead-letters/1", &Value::Null).body;
    assert_eq!(shown["dead_letters"].as_array().map(Vec::len), Some(1));
    assert_eq!(shown["dead_letters"][0]["body"]["tenant"], "shop");
    let finding = ask(ADMINISTRATOR, "GET", "/siem/dead-letters/5", &Value::Null).body;
    assert!(!finding.to_string().contains("eve@"), "{finding}");
    assert_eq!(finding["dead_letters"][0]["body"], Value::Null);
    assert!(finding["dead_letters"][0]["fault"].is_string(), "{finding}");

    let redrive = |body: &Value| ask(ADMINISTRATOR, "POST", "/notices-eu-central-1/redrive", body).status;
    assert_eq!(redrive(&json!({ "reason": " " })), 400);
    assert_eq!(redrive(&json!({ "reason": "x", "rate": 501 })), 400);
    assert_eq!(ask(ADMINISTRATOR, "POST", "/parked-us-east-1/redrive", &reason).status, 409);
    assert_eq!(ask(ADMINISTRATOR, "POST", "/notices-mars-north-1/redrive", &reason).status, 404);
    assert!(!town.world.home_as_text().contains("redrive-asked"));
    assert_eq!(redrive(&reason), 200);
    assert_eq!(redrive(&reason), 409, "one runs");
    let log = town.world.home_as_text();
    assert!(log.contains("redrive-asked") && log.contains("the senders were down"), "the leaf");
    assert_eq!(log.matches("redrive-asked").count(), 1, "what was refused left none");
    town.world.end_redrives();
    town.minute();
    assert_eq!(town.world.mails().len(), 8, "everybody was told once");
}
