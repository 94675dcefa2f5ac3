//! People state facts, and what changes by them is shown and waits for approval.

use jiff::Timestamp;
use serde_json::{Value, json};
use tocsin_ports::memory::Fault;
use tocsin_stage::http::Response;
use tocsin_tests::*;

fn state(town: &Town, who: &str, incident: &str, facts: &Value) -> Response {
    act(town, who, incident, "facts", &json!({ "facts": facts, "reason": "found out" }))
}

fn stated(town: &Town, incident: &str, facts: &Value) -> Value {
    let answer = state(town, RESPONDER, incident, facts);
    assert_eq!(answer.status, 200, "{}", answer.body);
    town.drain();
    show(town, incident)
}

fn changes(shown: &Value) -> Vec<(&str, &str)> {
    let duties = shown["plan"]["changes"]["duties"].as_object().expect("changes");
    let kind = |change: &Value| match (change["was"].is_null(), change["now"].is_null()) {
        (true, false) => "new",
        (false, true) => "withdrawn",
        (false, false) => "changed",
        (true, true) => "nothing",
    };
    let mut changes: Vec<(&str, &str)> =
        duties.values().map(|change| (kind(change), change["regime"].as_str().expect("a regime"))).collect();
    changes.sort_unstable();
    changes
}

fn people_in(province: &'static str, count: u32) -> Vec<Customer> {
    let mut people = customers(count);
    for person in &mut people {
        (person.country, person.province, person.locale) = ("US", province, "en-US");
    }
    people
}

/// Everything in the shop's exports is encrypted, as its settings say.
fn leaked_encrypted(customers: &[Customer]) -> (Town, String) {
    let mut settings = tenant("shop");
    settings["datasets"][0]["encrypted"] = json!(true);
    leaked_of(customers, &settings, &json!({}))
}

#[test]
fn a_stolen_key_brings_duties_back() {
    let (mut town, incident) = leaked_encrypted(&people_in("CA", 3));
    let before = show(&town, &incident);
    assert_eq!(duty(&before, "us-ca-individual", "US-CA")["state"], "not-owed");
    assert_eq!(before["plan"]["changes"], Value::Null);
    let shown = stated(&town, &incident, &json!({ "key_compromised": true }));
    assert_eq!(duty(&shown, "us-ca-individual", "US-CA")["duty"]["owed"], "yes");
    assert!(changes(&shown).contains(&("new", "us-ca-individual")), "{:?}", changes(&shown));
    assert_eq!(shown["plan"]["changes"]["since"], before["plan"]["version"]);
    assert_eq!(shown["incident"]["stage"], "awaiting-approval");
    let old = json!({ "hash": before["plan"]["hash"] });
    assert_eq!(act(&town, APPROVER, &incident, "approve", &old).status, 409);
    approve(&town, &incident);
    town.each_minute_of(3);
    assert_eq!(town.mails_by_address().keys().filter(|to| to.starts_with("customer")).count(), 3);
    let log = town.world.home_as_text();
    assert!(log.contains("facts-stated") && log.contains("duties-changed"));
}

#[test]
fn a_lifted_hold_sets_the_tail() {
    let (town, incident) = leaked(&people_in("MD", 3));
    let due = |shown: &Value| duty(shown, "us-md-individual", "US-MD")["duty"]["due"].clone();
    let from = "2026-11-23T09:00:00Z";
    assert!(due(&show(&town, &incident)).is_string());
    let held = stated(&town, &incident, &json!({ "law_enforcement_hold": { "from": from } }));
    assert_eq!(due(&held), Value::Null);
    assert!(changes(&held).contains(&("changed", "us-md-individual")), "{:?}", changes(&held));
    // Later than the 45 days would have ended: seven more from then.
    let lifted: Timestamp = "2027-01-20T15:00:00Z".parse().expect("an instant");
    town.world.advance_to(lifted);
    let hold = json!({ "law_enforcement_hold": { "from": from, "lifted": lifted } });
    let lifted = stated(&town, &incident, &hold);
    let is_day = |due: &str| due.starts_with("2027-01-28T04:59:59");
    assert!(due(&lifted).as_str().is_some_and(is_day), "{}", due(&lifted));
}

#[test]
fn a_count_over_a_threshold_adds_a_duty() {
    let (town, incident) = leaked(&people_in("TX", 249));
    assert_eq!(duty(&show(&town, &incident), "us-tx-ag", "US-TX")["state"], "not-owed");
    put_manifest(&town, "shop", manifest(&people_in("TX", 250)).into_bytes());
    act(&town, RESPONDER, &incident, "rescope", &json!({ "reason": "one more" }));
    town.drain();
    assert_eq!(changes(&show(&town, &incident)), [("new", "us-tx-ag")]);
}

#[test]
fn a_withdrawal_is_shown_and_waits_for_approval() {
    let (mut town, incident) = leaked(&people_in("TX", 60));
    approve(&town, &incident);
    town.minute();
    let sent = town.world.mail_count();
    // What was approved goes on, and a person is asked.
    let shown = stated(&town, &incident, &json!({ "encrypted": true }));
    let asks = |shown: &Value| shown["incident"]["attention"].to_string().contains("facts were stated");
    assert_eq!((&shown["incident"]["stage"], asks(&shown)), (&json!("sending"), true));
    assert_eq!(shown["plan"]["version"], 1);
    let amend = json!({ "to_those_told": "withdrawal", "read_anew": false, "reason": "it was encrypted" });
    assert_eq!(act(&town, RESPONDER, &incident, "amend", &amend).status, 200);
    town.each_minute_of(3);
    let shown = show(&town, &incident);
    assert_eq!((&shown["incident"]["stage"], asks(&shown)), (&json!("awaiting-approval"), false));
    assert_eq!(shown["plan"]["changes"]["since"], 1);
    assert!(changes(&shown).contains(&("withdrawn", "us-tx-individual")), "{:?}", changes(&shown));
    assert_eq!(town.world.mail_count(), sent);
    let id = duty(&shown, "us-tx-individual", "US-TX")["duty"]["id"].clone();
    let change = &shown["plan"]["changes"]["duties"][id.as_str().expect("an id")];
    assert_eq!((&change["was"]["owed"], &change["now"]), (&json!("yes"), &Value::Null));
    approve(&town, &incident);
    town.each_minute_of(3);
    assert!(town.world.mail_count() > sent, "those who were told hear of the withdrawal");
}

#[test]
fn what_is_approved_is_what_later_plans_are_held_against() {
    let (town, incident) = leaked(&people_in("TX", 3));
    approve(&town, &incident);
    stated(&town, &incident, &json!({ "encrypted": true }));
    let amend = json!({ "to_those_told": "correction", "read_anew": false, "reason": "encrypted" });
    act(&town, RESPONDER, &incident, "amend", &amend);
    town.drain();
    let withdrawn = show(&town, &incident);
    assert_eq!((&withdrawn["plan"]["version"], changes(&withdrawn).is_empty()), (&json!(2), false));
    let again = stated(&town, &incident, &json!({ "encrypted": null }));
    assert_eq!((&again["plan"]["version"], &again["plan"]["changes"]["since"]), (&json!(3), &json!(1)));
    assert_eq!(changes(&again), []);
}

#[test]
fn facts_that_contradict_each_other_or_are_none_are_refused() {
    let (town, incident) = leaked(&customers(7));
    let (early, ahead) = ("2026-11-01T00:00:00Z", "2026-12-24T00:00:00Z");
    for (facts, names) in [
        (json!({ "clocks": { "determination": early } }), ["`determination`", "`occurrence`"]),
        (json!({ "clocks": { "occurrence": "2026-11-23T09:00:01Z" } }), ["lies ahead", ""]),
        (json!({ "clocks": { "determination": ahead } }), ["lies ahead", ""]),
        (json!({ "clocks": { "determinaton": early } }), ["`determinaton`", "unknown"]),
        (json!({ "clocks": { "determinaton": null } }), ["`determinaton`", "unknown"]),
        (json!({ "clocks": { "authority_notified": early } }), ["`authority_notified`", "shape"]),
        (json!({ "authority_notified": { "Malaysia": early } }), ["authority_notified", "jurisdiction"]),
        (
            json!({ "law_enforcement_hold": { "from": "2026-11-02T00:00:00Z", "lifted": early } }),
            ["lifted", "begins"],
        ),
        (json!({ "law_enforcement_hold": { "from": ahead } }), ["lies ahead", ""]),
        (json!({ "risk": "low" }), ["send {", ""]),
        (json!({ "rsk": null }), ["send {", ""]),
    ] {
        let refused = state(&town, RESPONDER, &incident, &facts);
        let said = refused.body["error"].as_str().unwrap_or_default();
        assert_eq!(refused.status, 400, "{facts}: {}", refused.body);
        assert!(names.iter().all(|name| said.contains(name)), "{facts}: {said}");
    }
    let mute = json!({ "facts": { "risk": "risk" }, "reason": "" });
    assert_eq!(act(&town, RESPONDER, &incident, "facts", &mute).status, 400);
    assert_eq!(state(&town, APPROVER, &incident, &json!({ "risk": "risk" })).status, 403);
    let shown = show(&town, &incident);
    assert_eq!((&shown["incident"]["stated"]["risk"], &shown["plan"]["version"]), (&Value::Null, &json!(1)));
    assert_eq!(state(&town, COUNSEL, &incident, &json!({ "risk": "risk" })).status, 200);
}

#[test]
fn a_blocked_incident_gets_its_plan_from_the_people_already_read() {
    let mut settings = tenant("shop");
    settings["reject_limit_per_mille"] = json!(0);
    let town = Town::new();
    settle_in(&town, "shop", &[]);
    put_settings(&town, &settings, &json!({}));
    let bad = format!("{}9,Customer Number 9,nobody,,DE,,de,,\n", manifest(&customers(7)));
    put_manifest(&town, "shop", bad.into_bytes());
    let incident = leak(&town);
    assert_eq!(show(&town, &incident)["incident"]["stage"], "blocked");
    settings["reject_limit_per_mille"] = json!(1000);
    put_settings(&town, &settings, &json!({}));
    let shown = stated(&town, &incident, &json!({ "backup": true }));
    assert_eq!(shown["incident"]["stage"], "awaiting-approval", "{}", shown["incident"]["attention"]);
    assert_eq!(shown["incident"]["scope_version"], 1);
}

#[test]
fn whoever_is_interrupted_asks_again_and_the_plan_is_made() {
    for faulty in 1..40 {
        let (town, incident) = leaked(&customers(7));
        let facts = json!({ "risk": "risk" });
        town.world.fail_at(town.world.calls() + faulty, Fault::ErrorAfter);
        let answer = state(&town, RESPONDER, &incident, &facts);
        if answer.status != 200 {
            assert_eq!(state(&town, RESPONDER, &incident, &facts).status, 200);
        }
        town.drain();
        let shown = show(&town, &incident);
        assert_eq!(shown["incident"]["stage"], "awaiting-approval", "call {faulty}");
        assert!(shown["plan"]["version"].as_u64() >= Some(2), "call {faulty}");
        if answer.status == 200 {
            assert!(faulty > 4, "{faulty} calls");
            return;
        }
    }
    panic!("no statement without a fault");
}
