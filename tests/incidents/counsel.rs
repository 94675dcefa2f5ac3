//! No plan is approved that rests on a rule whose text is not verified, until counsel has confirmed it.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde_json::{Value, json};
use tocsin_audit::{Action, Leaf};
use tocsin_ports::memory::Fault;
use tocsin_ports::store::leaves;
use tocsin_ports::{Clock, Proof, TenantScope};
use tocsin_stage::http::Response;
use tocsin_tests::*;

/// A town whose counsel has confirmed nothing yet. Of Egypt's rule there are two versions that nobody verified.
fn unconfirmed() -> Town {
    let town = Town::new();
    let mut people = customers(9);
    (people[7].country, people[8].country) = ("EG", "CA");
    put_settings(&town, &tenant("shop"), &json!({}));
    put_manifest(&town, "shop", manifest(&people).into_bytes());
    town
}

fn as_rule(duty: &Value) -> Value {
    json!({ "id": duty["duty"]["regime"], "from": duty["duty"]["rule_from"] })
}

/// The rules that the incident's duties wait for, each once.
fn waiting(town: &Town, incident: &str) -> Vec<Value> {
    let shown = show(town, incident);
    let duties = shown["duties"].as_array().expect("duties");
    let waits = duties.iter().filter(|duty| duty["waits_for_counsel"] == true);
    let by_text: BTreeSet<String> = waits.map(|duty| as_rule(duty).to_string()).collect();
    by_text.iter().map(|text| serde_json::from_str(text).expect("a rule")).collect()
}

fn ask_to_confirm(town: &Town, who: &str, rules: &[Value]) -> Response {
    let body = json!({ "rules": rules, "reason": "read in the official journal" });
    town.console(who, "POST", "/console/tenants/shop/law/confirm", &body)
}

fn ask_to_approve(town: &Town, incident: &str) -> Response {
    let hash = show(town, incident)["plan"]["hash"].clone();
    act(town, APPROVER, incident, "approve", &json!({ "hash": hash }))
}

fn task(town: &Town, incident: &str) -> Vec<String> {
    let shown = show(town, incident);
    let tasks = shown["incident"]["attention"].as_array().expect("tasks");
    let tasks = tasks.iter().map(|task| task.as_str().expect("a task").to_owned());
    tasks.filter(|task| task.contains("wait for counsel")).collect()
}

fn confirmed(town: &Town) -> Vec<Value> {
    let answer = town.console(APPROVER, "GET", "/console/tenants/shop/law/confirmed", &Value::Null);
    answer.body["confirmed"].as_array().expect("confirmations").clone()
}

fn leaves_of_confirmations(town: &mut Town) -> Vec<Leaf> {
    town.minute();
    let scope = TenantScope::proven("shop".parse().expect("a tenant"), Proof::Sweep);
    let (tiles, head) = run(leaves::log(&town.world, &scope)).expect("a log");
    let file = tocsin_audit::export(&tiles, &head).into_bytes();
    let log = tocsin_audit::verify(&file).expect("a whole log");
    log.leaves.into_iter().filter(|leaf| leaf.action == Action::RuleConfirmed).collect()
}

#[test]
fn a_plan_is_approved_once_counsel_has_confirmed_each_rule_that_it_rests_on() {
    let town = unconfirmed();
    let incident = leak(&town);
    let rules = waiting(&town, &incident);
    assert!(rules.len() > 5, "{rules:?}");
    assert!(task(&town, &incident)[0].starts_with(&format!("{} of the rules", rules.len())));
    for (place, rule) in rules.iter().enumerate() {
        let left = rules.len() - place;
        let refused = ask_to_approve(&town, &incident);
        let said = refused.body["error"].as_str().expect("why");
        assert_eq!(refused.status, 409, "{said}");
        assert!(said.starts_with(&format!("{left} of the rules")), "{said}");
        assert_eq!(said.matches('@').count(), left.min(5), "{said}");
        assert!(said.contains(&format!("tocsin law confirm --tenant shop --incident {incident}")), "{said}");
        confirm(&town, "shop", std::slice::from_ref(rule));
    }
    assert_eq!(waiting(&town, &incident), Vec::<Value>::new());
    assert_eq!(ask_to_approve(&town, &incident).status, 200);
    assert_eq!(task(&town, &incident), Vec::<String>::new());
    assert_eq!(show(&town, &incident)["incident"]["stage"], "sending");
}

#[test]
fn neither_another_version_nor_another_tenant_is_this_one() {
    let town = unconfirmed();
    let incident = leak(&town);
    let rules = waiting(&town, &incident);
    settle_in(&town, "other", &customers(7));
    let others: Vec<Value> = rules_to_confirm().into_iter().filter(|rule| !rules.contains(rule)).collect();
    let is_another_version = |other: &&Value| rules.iter().any(|rule| rule["id"] == other["id"]);
    assert!(others.iter().find(is_another_version).is_some(), "{rules:?}");
    confirm(&town, "shop", &others);
    let refused = ask_to_approve(&town, &incident);
    let said = refused.body["error"].as_str().expect("why");
    assert!(said.starts_with(&format!("{} of the rules", rules.len())), "{said}");
    assert_eq!(waiting(&town, &incident), rules);
}

#[test]
fn where_no_rule_is_known_there_is_none_to_confirm() {
    let mut people = customers(2);
    people[1].country = "AQ";
    let (town, incident) = leaked(&people);
    let shown = show(&town, &incident);
    let unknown = duty(&shown, "unknown-aq", "AQ");
    assert_eq!((&unknown["duty"]["rule_from"], &unknown["state"]), (&Value::Null, &json!("ask-counsel")));
    assert_eq!(ask_to_approve(&town, &incident).status, 200);
}

#[test]
fn counsel_alone_confirms_and_only_what_is_shipped_and_not_verified() {
    let town = unconfirmed();
    let good = json!({ "id": "us-ca-individual", "from": "2003-07-01" });
    for who in [RESPONDER, APPROVER, ADMINISTRATOR] {
        assert_eq!(ask_to_confirm(&town, who, std::slice::from_ref(&good)).status, 403, "{who}");
    }
    for (rule, status, names) in [
        (json!({ "id": "no-such-rule", "from": "2003-07-01" }), 400, "no-such-rule"),
        (json!({ "id": "us-ca-individual", "from": "2003-07-02" }), 400, "it has 2003-07-01, 2026-01-01"),
        (json!({ "id": "us-ca-individual", "from": "2026-01-01" }), 409, "us-ca-individual@2026-01-01"),
        (json!({ "id": "us-ca-individual", "from": "soon" }), 400, "send {"),
        (json!({ "id": "us-ca-individual" }), 400, "send {"),
    ] {
        let refused = ask_to_confirm(&town, COUNSEL, &[good.clone(), rule]);
        let said = refused.body["error"].as_str().expect("why");
        assert_eq!(refused.status, status, "{said}");
        assert!(said.contains(names), "{said}");
    }
    assert_eq!(ask_to_confirm(&town, COUNSEL, &[]).status, 400);
    let mute = json!({ "rules": [good], "reason": " " });
    assert_eq!(town.console(COUNSEL, "POST", "/console/tenants/shop/law/confirm", &mute).status, 400);
    assert_eq!(confirmed(&town), Vec::<Value>::new());
}

#[test]
fn a_confirmation_asked_again_keeps_its_first_word_and_its_one_leaf() {
    let mut town = unconfirmed();
    let rule = json!({ "id": "us-ca-individual", "from": "2003-07-01" });
    confirm(&town, "shop", std::slice::from_ref(&rule));
    town.minute();
    assert_eq!(ask_to_confirm(&town, COUNSEL, std::slice::from_ref(&rule)).status, 200);
    let words = confirmed(&town);
    assert_eq!(words.len(), 1, "{words:?}");
    assert_eq!((&words[0]["rule"], &words[0]["confidence"]), (&rule, &json!("well-known")));
    assert_eq!((&words[0]["by"], &words[0]["reason"]), (&json!(COUNSEL), &json!("read at its source")));
    let leaves = leaves_of_confirmations(&mut town);
    let [leaf] = leaves.as_slice() else {
        panic!("{leaves:?}");
    };
    let subject = ["rule", "from", "confidence"].map(|name| leaf.subject[name].as_str());
    assert_eq!(subject, ["us-ca-individual", "2003-07-01", "well-known"]);
    assert_eq!(leaf.why, "read at its source");
}

#[test]
fn whoever_is_interrupted_asks_again_and_each_rule_has_one_leaf() {
    for faulty in 1..40 {
        let mut town = unconfirmed();
        let rules = rules_to_confirm();
        town.world.fail_at(town.world.calls() + faulty, Fault::ErrorAfter);
        let answer = ask_to_confirm(&town, COUNSEL, &rules);
        if answer.status == 200 {
            assert!(faulty > 5, "{faulty} calls");
            return;
        }
        town.world.advance_to(town.world.now() + SignedDuration::from_secs(1));
        assert_eq!(ask_to_confirm(&town, COUNSEL, &rules).status, 200);
        assert_eq!(confirmed(&town).len(), rules.len());
        assert_eq!(leaves_of_confirmations(&mut town).len(), rules.len(), "call {faulty}");
    }
    panic!("no confirmation without a fault");
}

/// An item of the table takes 400 KB.
#[test]
fn a_long_reason_for_many_rules_fits_into_tiles() {
    let mut town = unconfirmed();
    let body = json!({ "rules": rules_to_confirm(), "reason": "\"".repeat(1000) });
    assert_eq!(town.console(COUNSEL, "POST", "/console/tenants/shop/law/confirm", &body).status, 200);
    assert_eq!(leaves_of_confirmations(&mut town).len(), rules_to_confirm().len());
    let scope = TenantScope::proven("shop".parse().expect("a tenant"), Proof::Sweep);
    let (tiles, _) = run(leaves::log(&town.world, &scope)).expect("a log");
    for tile in tiles {
        let bytes = serde_json::to_string(&tile).expect("JSON").len();
        assert!(bytes < 400_000, "tile {}: {bytes} bytes", tile.number);
    }
}

#[test]
fn another_plan_asks_anew_for_what_is_left() {
    let town = unconfirmed();
    let incident = leak(&town);
    let rules = waiting(&town, &incident);
    let again = || {
        act(&town, RESPONDER, &incident, "rescope", &json!({ "reason": "a new manifest" }));
        town.drain();
        task(&town, &incident)
    };
    confirm(&town, "shop", &rules[1..]);
    let tasks = again();
    assert!(tasks.len() == 1 && tasks[0].starts_with("1 of the rules"), "{tasks:?}");
    confirm(&town, "shop", &rules);
    assert_eq!(again(), Vec::<String>::new());
}
