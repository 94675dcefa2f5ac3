//! A tenant's own letters: nothing goes out by one that is unlawful or not approved, and what was approved stays as it was.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tocsin_notices::shipped_parts;
use tocsin_stage::http::Response;
use tocsin_tests::*;

const PATH: &str = "/console/tenants/shop/templates";
const ENGLISH: &str = "gdpr/individual/en";

/// The shipped letter with another greeting and a version of its own.
fn own_letter(version: u32, greeting: &str) -> BTreeMap<String, String> {
    let parts = shipped_parts().into_iter().find(|parts| parts.folder == ENGLISH).expect("it ships");
    let sources = parts.sources.into_iter().map(|(part, text)| (part.file_name().to_owned(), text));
    let header: Vec<String> = parts
        .header
        .lines()
        .map(|line| match line.split(" = ").next() {
            Some("version") => format!("version = {version}"),
            Some("effective_from") => "effective_from = \"2026-11-01\"".to_owned(),
            Some(_) | None => line.to_owned(),
        })
        .collect();
    let mut files: BTreeMap<String, String> =
        sources.chain([("notice.toml".to_owned(), header.join("\n"))]).collect();
    for name in ["body.txt.j2", "body.html.j2"] {
        let text = files.get_mut(name).expect("the letter has it");
        assert!(text.contains("Hello "), "{name}");
        *text = text.replace("Hello ", greeting);
    }
    files
}

fn irish() -> Vec<Customer> {
    let mut people = customers(4);
    for customer in &mut people {
        (customer.country, customer.province, customer.locale) = ("IE", "", "en");
    }
    people
}

fn town() -> Town {
    let town = Town::new();
    settle_in(&town, "shop", &irish());
    town
}

fn put(town: &Town, who: &str, files: &BTreeMap<String, String>) -> Response {
    town.console(who, "POST", PATH, &json!({ "files": files, "reason": "counsel's own words" }))
}

fn step(town: &Town, who: &str, version: u32, step: &str, body: &Value) -> Response {
    town.console(who, "POST", &format!("{PATH}/{ENGLISH}/{version}/{step}"), body)
}

fn put_and_approve(town: &Town, version: u32, greeting: &str) {
    put_and_approve_files(town, version, &own_letter(version, greeting));
}

fn put_and_approve_files(town: &Town, version: u32, files: &BTreeMap<String, String>) {
    let answer = put(town, COUNSEL, files);
    assert_eq!(answer.status, 200, "{}", answer.body);
    let hash = json!({ "hash": answer.body["template"]["hash"] });
    for approver in [APPROVER, SECOND_APPROVER] {
        assert_eq!(step(town, approver, version, "approve", &hash).status, 200);
    }
}

/// The text that each customer got last.
fn told(town: &Town) -> Vec<String> {
    let mails = town.world.mails().into_iter();
    mails.filter(|mail| mail.to.starts_with("customer")).map(|mail| mail.text).collect()
}

fn versions(town: &Town, incident: &str) -> Vec<String> {
    let waves = show(town, incident)["plan"]["waves"].clone();
    let waves = waves.as_array().expect("waves").iter();
    let english = waves.filter(|wave| wave["template"]["id"] == ENGLISH);
    english.map(|wave| wave["template"]["version"].as_str().expect("a version").to_owned()).collect()
}

#[test]
fn an_own_letter_goes_out_once_it_is_approved() {
    let mut town = town();
    put_and_approve(&town, 1, "Good day, ");
    let incident = leak(&town);
    let versions = versions(&town, &incident);
    assert!(!versions.is_empty() && versions.iter().all(|version| version == "own-1"), "{versions:?}");
    approve(&town, &incident);
    town.each_minute_of(3);
    let told = told(&town);
    assert_eq!(told.len(), 4);
    assert!(told.iter().all(|text| text.contains("Good day, ")), "{told:?}");
    let listed = town.console(RESPONDER, "GET", "/console/tenants/shop/verification", &Value::Null).body;
    let subject =
        town.world.mails().into_iter().find(|mail| mail.to.starts_with("customer")).expect("one").subject;
    assert!(listed["notices"].to_string().contains(&subject), "readers can check it: {listed}");
    let log = exported_log(&town);
    assert!(log.contains("template-put") && log.contains("template-approved"));
    assert!(log.contains("gdpr/individual/en@own-1"), "a claim names the very letter");
}

#[test]
fn nothing_is_planned_by_a_letter_that_is_not_approved_or_was_taken_back_or_begins_later() {
    let town = town();
    let mut settings = tenant("shop");
    settings["approvals_needed"] = json!(2);
    put_settings(&town, &settings, &json!({}));
    let answer = put(&town, COUNSEL, &own_letter(1, "Good day, "));
    let hash = json!({ "hash": answer.body["template"]["hash"] });
    assert_eq!(step(&town, APPROVER, 1, "approve", &hash).status, 200);
    let half = town.console(RESPONDER, "GET", PATH, &Value::Null).body;
    assert_eq!(half["templates"][0]["approved"], Value::Null, "one of two approvals: {half}");
    put_and_approve(&town, 2, "Welcome ");
    let reason = json!({ "reason": "a misprint" });
    assert_eq!(step(&town, COUNSEL, 2, "withdraw", &reason).status, 200);
    let mut ahead = own_letter(3, "Later ");
    let header = ahead["notice.toml"].replace("2026-11-01", "2027-01-01");
    ahead.insert("notice.toml".to_owned(), header);
    put_and_approve_files(&town, 3, &ahead);
    let incident = leak(&town);
    let versions = versions(&town, &incident);
    assert!(
        !versions.is_empty() && versions.iter().all(|version| !version.starts_with("own-")),
        "{versions:?}"
    );
}

#[test]
fn a_letter_that_changes_after_an_approval_changes_nothing_of_what_was_approved() {
    let mut town = town();
    put_and_approve(&town, 1, "Good day, ");
    let incident = leak(&town);
    approve(&town, &incident);
    put_and_approve(&town, 2, "Welcome ");
    let reason = json!({ "reason": "better words" });
    assert_eq!(step(&town, COUNSEL, 1, "withdraw", &reason).status, 200);
    town.each_minute_of(3);
    let told = told(&town);
    assert!(told.len() == 4 && told.iter().all(|text| text.contains("Good day, ")), "{told:?}");
}

#[test]
fn an_unlawful_letter_is_refused_with_what_it_lacks() {
    let town = town();
    let mut files = own_letter(1, "Hello ");
    let header = files["notice.toml"].replace("  \"likely-consequences\",\n", "");
    files.insert("notice.toml".to_owned(), header);
    let answer = put(&town, COUNSEL, &files);
    assert_eq!(answer.status, 400);
    assert!(answer.body.to_string().contains("likely-consequences"), "{}", answer.body);
    assert_eq!(put(&town, SECOND_APPROVER, &own_letter(1, "Hello ")).status, 403, "approvers do not write");
}

#[test]
fn a_version_is_put_in_once_and_read_by_somebody_else() {
    let town = town();
    let both = json!(["counsel", "approver"]);
    let mut settings = tenant("shop");
    settings["roles"][COUNSEL] = both;
    put_settings(&town, &settings, &json!({}));
    let first = put(&town, COUNSEL, &own_letter(3, "Good day, "));
    let hash = json!({ "hash": first.body["template"]["hash"] });
    assert_eq!(put(&town, COUNSEL, &own_letter(3, "Welcome ")).status, 409);
    assert_eq!(put(&town, COUNSEL, &own_letter(2, "Welcome ")).status, 409);
    assert_eq!(
        step(&town, COUNSEL, 3, "approve", &hash).status,
        409,
        "the author approves nothing of theirs"
    );
    assert_eq!(step(&town, APPROVER, 3, "approve", &json!({ "hash": "0000" })).status, 409);
    assert_eq!(step(&town, RESPONDER, 3, "approve", &hash).status, 403);
    let shown = town.console(RESPONDER, "GET", &format!("{PATH}/{ENGLISH}/3"), &Value::Null);
    assert!(shown.body["letter"].to_string().contains("Good day, "));
    assert_eq!(town.console(RESPONDER, "GET", &format!("{PATH}/{ENGLISH}/4"), &Value::Null).status, 404);
}

#[test]
fn whoever_approves_reads_where_words_hedge_and_whose_number_is_not_sure() {
    let mut people = irish();
    (people[0].country, people[0].province) = ("US", "NE");
    let mut settings = tenant("shop");
    settings["wording"]["en"]["what_happened"] = json!("Your data may have been copied.");
    let (town, incident) = leaked_of(&people, &settings, &json!({}));
    let attention = show(&town, &incident)["incident"]["attention"].to_string();
    for words in ["`what_happened` in en hedges", "may have been", "Nebraska", "look them up"] {
        assert!(attention.contains(words), "{words}: {attention}");
    }
}

/// Two letters for one regime in one language would block every plan.
#[test]
fn no_two_letters_serve_a_regime_in_one_language() {
    let town = town();
    put_and_approve(&town, 1, "Good day, ");
    let mut other = own_letter(1, "Welcome ");
    let header = other["notice.toml"].replace("family = \"gdpr\"", "family = \"ours\"");
    other.insert("notice.toml".to_owned(), header);
    let refused = put(&town, COUNSEL, &other);
    assert_eq!(refused.status, 409, "{}", refused.body);
    assert!(refused.body.to_string().contains(ENGLISH), "{}", refused.body);
    let reason = json!({ "reason": "replaced" });
    assert_eq!(step(&town, COUNSEL, 1, "withdraw", &reason).status, 200);
    assert_eq!(put(&town, COUNSEL, &other).status, 200);
    leak(&town);
}
