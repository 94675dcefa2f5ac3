//! Who is woken: everything that waits for a person is told to everybody whom the tenant's settings name, once a share
//! of the time left, and at least once each.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tocsin_audit::Action;
use tocsin_domain::alert::AlertMessage;
use tocsin_ports::memory::Fault;
use tocsin_ports::{Clock, Proof, TenantScope};
use tocsin_tests::*;

const HOOK: &str = "https://hooks.example/tocsin";

fn place(message: &AlertMessage) -> &str {
    match message {
        AlertMessage::Topic { topic: place, .. }
        | AlertMessage::Mail { to: place, .. }
        | AlertMessage::Post { url: place, .. } => place,
    }
}

fn text(message: &AlertMessage) -> &str {
    match message {
        AlertMessage::Topic { text, .. } | AlertMessage::Mail { text, .. } => text,
        AlertMessage::Post { body, .. } => body,
    }
}

/// The alerts that one place got with this in their text.
fn told(town: &Town, at: &str, with: &str) -> usize {
    town.world.alerts().iter().filter(|alert| place(alert) == at && text(alert).contains(with)).count()
}

fn look_at(town: &Town, at: Timestamp) {
    town.world.advance_to(at);
    tick(async { watch::step(&town.world, town.world.now()).await });
}

fn actions(town: &Town, of: Action) -> usize {
    let scope = TenantScope::proven("shop".parse().expect("a tenant"), Proof::Sweep);
    let (tiles, head) = run(tocsin_ports::store::leaves::log(&town.world, &scope)).expect("a log");
    let verified = tocsin_audit::verify(tocsin_audit::export(&tiles, &head).as_bytes()).expect("a whole log");
    verified.leaves.iter().filter(|leaf| leaf.action == of).count()
}

/// When the filing to the German authority is due, and when its plan was made.
fn filing_time(town: &Town, incident: &str) -> (Timestamp, Timestamp) {
    let shown = show(town, incident);
    let due = duty(&shown, "eu-gdpr-authority", "DE")["duty"]["due"].as_str().expect("an instant").parse();
    let made = shown["plan"]["made_at"].as_str().expect("an instant").parse();
    (due.expect("an instant"), made.expect("an instant"))
}

#[test]
fn each_share_is_told_once_to_each_target_with_what_to_do() {
    let (town, incident) = leaked(&customers(7));
    let (due, made) = filing_time(&town, &incident);
    let whole = due.duration_since(made).as_secs();
    let left = |percent: i64| due - SignedDuration::from_secs(whole * percent / 100);
    look_at(&town, left(50) - SignedDuration::from_secs(61));
    let before = town.world.alerts().len();
    for share in [50, 25, 10] {
        for minute in 0..3 {
            look_at(&town, left(share) + SignedDuration::from_mins(minute));
        }
        let with = format!("due {due}: {share} % of its time is left, or less; it is ");
        for at in [ALERT_TOPIC, ALERT_ADDRESS] {
            assert_eq!(told(&town, at, &with), 1, "{share} {at}");
        }
    }
    look_at(&town, due + SignedDuration::from_secs(1));
    assert_eq!(told(&town, ALERT_TOPIC, &format!("due {due}: its time is over")), 1);
    let alerts = town.world.alerts();
    let first = text(&alerts[before]);
    for part in [
        incident.as_str(),
        "shop",
        "To do: the plan waits for approval",
        &format!("tocsin incident show --tenant shop {incident}"),
    ] {
        assert!(first.contains(part), "{part}: {first}");
    }
    let attention = show(&town, &incident)["incident"]["attention"].clone();
    let of_this = |task: &&Value| task.as_str().is_some_and(|task| task.contains(&format!("due {due}: ")));
    let lines: Vec<&Value> = attention.as_array().expect("tasks").iter().filter(of_this).collect();
    assert!(lines.iter().all(|task| task.to_string().contains("its time is over")), "{lines:?}");
    assert!(actions(&town, Action::DeadlineEscalated) >= 4 && actions(&town, Action::AlertTold) >= 4);
}

#[test]
fn a_target_that_cannot_be_reached_stops_no_other_and_is_told_when_it_is_back() {
    let (mut town, incident) = leaked(&customers(7));
    town.world.refuse_alerts_to(&[ALERT_TOPIC]);
    put_manifest(&town, "shop", b"no manifest at all".to_vec());
    act(&town, RESPONDER, &incident, "rescope", &json!({ "reason": "a newer export" }));
    town.drain();
    assert_eq!(show(&town, &incident)["incident"]["stage"], "blocked");
    town.minute();
    assert_eq!(told(&town, ALERT_ADDRESS, "exports"), 1, "{:?}", town.world.alerts());
    for _ in 0..30 {
        town.minute();
    }
    assert_eq!((told(&town, ALERT_ADDRESS, "exports"), told(&town, ALERT_TOPIC, "")), (1, 0));
    assert_eq!(actions(&town, Action::AlertUndelivered), 1);
    assert_eq!(actions(&town, Action::AlertTold), 0);
    town.world.refuse_alerts_to(&[]);
    for _ in 0..16 {
        town.minute();
    }
    assert_eq!((told(&town, ALERT_ADDRESS, "exports"), told(&town, ALERT_TOPIC, "exports")), (1, 1));
    assert_eq!(actions(&town, Action::AlertTold), 1);
    assert!(!town.world.home_as_text().contains("#outbox"), "nothing waits any more");
}

#[test]
fn a_doubt_that_a_person_has_to_settle_wakes_one() {
    let (mut town, incident) = leaked(&customers(7));
    approve(&town, &incident);
    town.world.crash_at_mail_to("filings@authority.example", Fault::CrashBefore);
    for _ in 0..20 {
        town.minute();
    }
    assert_eq!(told(&town, ALERT_TOPIC, "may or may not"), 1);
    assert_eq!(told(&town, ALERT_ADDRESS, "may or may not"), 1);
}

#[test]
fn an_incident_without_a_plan_after_a_day_wakes_somebody() {
    let town = Town::new();
    settle_in(&town, "shop", &customers(7));
    town.siem(&guardduty_finding(&bucket("shop"), 8.0));
    let signal = town.world.take(&tocsin_ports::Queue::Signals).expect("a signal");
    assert!(deliver(&town.world, &tocsin_ports::Queue::Signals, &signal.body));
    look_at(&town, town.world.now() + SignedDuration::from_hours(23));
    assert_eq!(told(&town, ALERT_TOPIC, "no plan to approve"), 0);
    look_at(&town, town.world.now() + SignedDuration::from_hours(1));
    assert_eq!(told(&town, ALERT_TOPIC, "no plan to approve"), 1);
}

#[test]
fn whatever_call_of_a_tick_fails_everybody_is_told_in_the_end() {
    let faults = [Fault::CrashBefore, Fault::CrashAfter, Fault::ErrorBefore, Fault::ErrorAfter];
    for (number, fault) in (1..40).flat_map(|number| faults.map(|fault| (number, fault))) {
        let (town, incident) = leaked(&customers(1));
        let (due, _) = filing_time(&town, &incident);
        let calls = town.world.calls();
        town.world.fail_at(calls + number, fault);
        for minute in 0..8 {
            look_at(&town, due + SignedDuration::from_mins(minute) + SignedDuration::from_secs(1));
        }
        let with = format!("due {due}: its time is over");
        let topic = told(&town, ALERT_TOPIC, &with);
        assert!((1..=2).contains(&topic), "{fault:?} at {number}: {topic} times");
        assert!(told(&town, ALERT_ADDRESS, &with) >= 1, "{fault:?} at {number}");
        assert!(!town.world.home_as_text().contains("#outbox"), "{fault:?} at {number}");
    }
}

#[test]
fn a_webhook_is_signed_with_the_secret_that_was_put() {
    let mut settings = tenant("shop");
    settings["escalation"]["targets"] = json!([{
        "kind": "webhook", "name": "hook", "url": HOOK, "secret": "alert-hook", "format": "standard",
    }]);
    let town = Town::new();
    settle_in(&town, "shop", &customers(7));
    let put = |secrets: Value| {
        let body = json!({ "tenant": settings, "secrets": secrets });
        town.console(ADMINISTRATOR, "PUT", "/console/tenants/shop", &body).status
    };
    assert_eq!(put(json!({ "identity-key": "{}" })), 400, "no other secret can be put, nor sent");
    assert_eq!(put(json!({})), 200);
    put_manifest(&town, "shop", b"no manifest at all".to_vec());
    town.siem(&guardduty_finding(&bucket("shop"), 8.0));
    town.drain();
    look_at(&town, town.world.now());
    assert_eq!(town.world.alerts(), [], "without its key nothing is sent");
    assert_eq!(put(json!({ "alert-hook": json!({ "keys": ["whsec_AAAA"] }).to_string() })), 200);
    look_at(&town, town.world.now() + SignedDuration::from_mins(1));
    let [AlertMessage::Post { headers, .. }] = &town.world.alerts()[..] else {
        panic!("{:?}", town.world.alerts());
    };
    let header =
        |name: &str| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
    assert!(header("webhook-signature").is_some_and(|signature| signature.starts_with("v1,")));
}

#[test]
fn settings_without_anybody_to_tell_are_refused() {
    let town = Town::new();
    let mut nobody = tenant("shop");
    nobody["escalation"]["targets"] = json!([]);
    let put = |settings: &Value| {
        town.console(ADMINISTRATOR, "PUT", "/console/tenants/shop", &json!({ "tenant": settings })).status
    };
    assert_eq!(put(&nobody), 400);
    nobody.as_object_mut().expect("settings").remove("escalation");
    assert_eq!(put(&nobody), 400);
    assert_eq!(put(&tenant("shop")), 200);
}

/// One person, whose mailbox is gone and whom no other channel reaches, was to be told.
fn one_whom_nobody_reaches(living_in: impl Fn(&mut Customer)) -> (Town, String) {
    let mut people = customers(1);
    people[0].email = "bounce@example.com".to_owned();
    living_in(&mut people[0]);
    let mut settings = tenant("shop");
    settings["senders"]["in_app"] = json!(false);
    let (mut town, incident) = leaked_of(&people, &settings, &json!({}));
    approve(&town, &incident);
    town.each_minute_of(5);
    (town, incident)
}

#[test]
fn whom_no_channel_is_left_for_are_asked_about_as_their_time_runs() {
    let (town, incident) = one_whom_nobody_reaches(|person| {
        (person.country, person.province, person.locale) = ("BR", "", "pt-BR");
    });
    let shown = show(&town, &incident);
    let brazil = duty(&shown, "br-lgpd-individual", "BR");
    assert_eq!(brazil["state"], "at-risk");
    let due: Timestamp = brazil["duty"]["due"].as_str().expect("an instant").parse().expect("an instant");
    look_at(&town, due - SignedDuration::from_mins(30));
    let attention = show(&town, &incident)["incident"]["attention"].to_string();
    assert!(attention.contains("1 people cannot be reached by any channel that is left"), "{attention}");
}

#[test]
fn a_deadline_wakes_people_though_the_plan_is_being_made_anew() {
    let (town, incident) = leaked(&customers(7));
    let (due, _) = filing_time(&town, &incident);
    approve(&town, &incident);
    put_manifest(&town, "shop", b"no header at all".to_vec());
    let body = json!({ "to_those_told": "follow-up", "read_anew": true, "reason": "there are more" });
    assert_eq!(act(&town, RESPONDER, &incident, "amend", &body).status, 200);
    town.drain();
    assert_eq!(show(&town, &incident)["incident"]["stage"], "blocked");
    let before = actions(&town, Action::DeadlineEscalated);
    look_at(&town, due + SignedDuration::from_secs(61));
    assert!(actions(&town, Action::DeadlineEscalated) > before);
    let attention = show(&town, &incident)["incident"]["attention"].to_string();
    assert!(
        attention.contains("its time is over; it is late") && attention.contains("is being made anew"),
        "{attention}"
    );
}

#[test]
fn whom_nobody_reaches_is_asked_about_at_once_where_the_law_sets_no_number_too() {
    let (town, incident) = one_whom_nobody_reaches(|_| {});
    let shown = show(&town, &incident);
    let told = duty(&shown, "eu-gdpr-individual", "DE");
    assert_eq!((&told["state"], &told["duty"]["due"]), (&json!("at-risk"), &Value::Null));
    let attention = shown["incident"]["attention"].to_string();
    assert!(attention.contains("somebody cannot be reached by any channel that is left"), "{attention}");
}
