//! Duties of which neither the facts nor the law as known here say whether they are owed: counsel does, and time runs.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tocsin_tests::*;

fn state(town: &Town, who: &str, incident: &str, facts: &Value) -> u16 {
    act(town, who, incident, "facts", &json!({ "facts": facts, "reason": "counsel looked at it" })).status
}

fn one_in(country: &'static str, province: &'static str) -> Vec<Customer> {
    let mut people = customers(1);
    (people[0].country, people[0].province, people[0].locale) = (country, province, "en");
    people
}

fn attention(town: &Town, incident: &str) -> String {
    show(town, incident)["incident"]["attention"].to_string()
}

#[test]
fn counsel_alone_answers_by_the_id_of_a_rule() {
    let (town, incident) = leaked(&one_in("CN", ""));
    let asked = |shown: &Value| duty(shown, "cn-incident-4h", "CN")["state"].clone();
    assert_eq!(asked(&show(&town, &incident)), "ask-counsel");
    let answer = |rule: &str| json!({ "counsel": { rule: false } });
    assert_eq!(state(&town, RESPONDER, &incident, &answer("cn-incident-4h")), 403);
    assert_eq!(state(&town, COUNSEL, &incident, &answer("cn-incident-5h")), 400);
    assert_eq!(state(&town, COUNSEL, &incident, &answer("cn-incident-4h")), 200);
    town.drain();
    let shown = show(&town, &incident);
    let reasons = duty(&shown, "cn-incident-4h", "CN")["duty"]["reasons"].to_string();
    assert_eq!(
        (asked(&shown), reasons.contains("counsel was asked")),
        (json!("not-owed"), true),
        "{reasons}"
    );
}

#[test]
fn the_time_of_a_question_runs() {
    let (town, incident) = leaked(&one_in("CN", ""));
    let due = duty(&show(&town, &incident), "cn-incident-4h", "CN")["duty"]["due"].clone();
    let due: Timestamp = due.as_str().expect("an instant").parse().expect("an instant");
    town.world.advance_to(due - SignedDuration::from_mins(20));
    tick(async { watch::step(&town.world, town.world.time()).await });
    let asked = attention(&town, &incident);
    assert!(asked.contains("incident facts --counsel cn-incident-4h=yes, or =no"), "{asked}");
}

#[test]
fn an_incident_does_not_end_before_its_questions_are_answered() {
    let mut settings = without_an_inbox();
    settings["contacts"] = json!([]);
    let (mut town, incident) = leaked_of(&one_in("AQ", ""), &settings, &json!({}));
    approve(&town, &incident);
    town.each_minute_of(30);
    let ended = |town: &Town| town.world.home_as_text().matches("incident-ended").count();
    assert_eq!(ended(&town), 0);
    assert_eq!(state(&town, COUNSEL, &incident, &json!({ "counsel": { "unknown-aq": false } })), 200);
    let amend = json!({ "to_those_told": "follow-up", "read_anew": false, "reason": "counsel answered" });
    assert_eq!(act(&town, RESPONDER, &incident, "amend", &amend).status, 200);
    town.each_minute_of(2);
    approve(&town, &incident);
    town.each_minute_of(30);
    assert_eq!(ended(&town), 1, "{}", attention(&town, &incident));
}

#[test]
fn an_exception_is_open_once_its_filing_was_made() {
    let (town, incident) = leaked(&one_in("US", "FL"));
    let of = |facts: Value| {
        assert_eq!(state(&town, RESPONDER, &incident, &facts), 200);
        town.drain();
        let shown = show(&town, &incident);
        let duty = duty(&shown, "us-fl-individual", "US-FL").clone();
        let filings = duty["duty"]["further_filings"].as_array().expect("filings").len();
        (duty["state"].clone(), filings)
    };
    assert_eq!(of(json!({ "risk": "none" })), (json!("ask-counsel"), 1));
    let opened = json!({ "exceptions_opened": { "US-FL": town.world.time() } });
    assert_eq!(of(opened), (json!("not-owed"), 1));
    let ahead = json!({ "exceptions_opened": { "US-FL": "2027-01-01T00:00:00Z" } });
    assert_eq!(state(&town, RESPONDER, &incident, &ahead), 400);
    let nowhere = json!({ "exceptions_opened": { "Florida": town.world.time() } });
    assert_eq!(state(&town, RESPONDER, &incident, &nowhere), 400);
}

#[test]
fn no_notice_goes_to_a_mailbox_whose_password_leaked() {
    for (domains, data, mails) in [
        (json!([]), json!(["name", "password"]), 1),
        (json!(["Example.com"]), json!(["name", "password"]), 0),
        (json!(["example.com"]), json!(["name", "order_history", "iban"]), 1),
        (json!(["example.org"]), json!(["name", "password"]), 1),
    ] {
        let mut settings = tenant("shop");
        settings["senders"]["mailbox_domains"] = domains.clone();
        settings["datasets"][0]["data"] = data.clone();
        let (mut town, incident) = leaked_of(&one_in("US", "CA"), &settings, &json!({}));
        approve(&town, &incident);
        town.each_minute_of(3);
        let sent = town.world.mails().iter().filter(|mail| mail.to == "customer0@example.com").count();
        assert_eq!(sent, mails, "{domains} {data}");
    }
}

#[test]
fn a_sector_that_no_rule_knows_is_refused() {
    let town = Town::new();
    let mut settings = tenant("shop");
    for (sectors, status) in [(json!(["hippa-covered-entity"]), 400), (json!(["hipaa-covered-entity"]), 200)]
    {
        settings["controller"]["sectors"] = sectors;
        let body = json!({ "tenant": settings, "secrets": {} });
        let answer = town.console(ADMINISTRATOR, "PUT", "/console/tenants/shop", &body);
        assert_eq!(answer.status, status, "{}", answer.body);
        if status == 400 {
            let said = answer.body["error"].as_str().expect("why");
            assert!(said.contains("hippa-covered-entity") && said.contains("phr-vendor"), "{said}");
        }
    }
}
