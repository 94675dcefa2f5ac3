//! Filings with authorities, from the answers to the authority's number.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tocsin_stage::http::Response;
use tocsin_tests::*;

/// The German authority's duty of an incident that is approved; nothing is sent to it by mail.
fn on_the_desk() -> (Town, String, String) {
    let mut settings = tenant("shop");
    settings["contacts"] = json!([]);
    let (mut town, incident) = leaked_of(&customers(7), &settings, &json!({}));
    approve(&town, &incident);
    town.each_minute_of(3);
    let duty = duty(&show(&town, &incident), "eu-gdpr-authority", "DE")["duty"]["id"].clone();
    (town, incident, duty.as_str().expect("an id").to_owned())
}

fn path(incident: &str, rest: &str) -> String {
    format!("/console/tenants/shop/incidents/{incident}/{rest}")
}

fn post(town: &Town, who: &str, incident: &str, rest: &str, body: &Value) -> Response {
    town.console(who, "POST", &path(incident, rest), body)
}

fn get(town: &Town, incident: &str, rest: &str) -> Value {
    let answer = town.console(RESPONDER, "GET", &path(incident, rest), &Value::Null);
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body
}

fn prepared(town: &Town, incident: &str, duty: &str, completeness: &str) -> Value {
    let body = json!({ "form": "edpb-art33", "completeness": completeness, "reason": "what we know" });
    let answer = post(town, RESPONDER, incident, &format!("duties/{duty}/filings"), &body);
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body["filing"].clone()
}

fn step(town: &Town, who: &str, incident: &str, of: &Value, step: &str, body: &Value) -> Response {
    let (duty, number) = (of["obligation"].as_str().expect("an id"), &of["number"]);
    post(town, who, incident, &format!("duties/{duty}/filings/{number}/{step}"), body)
}

fn approved(town: &Town, incident: &str, filing: &Value) {
    let answer = step(town, APPROVER, incident, filing, "approve", &json!({ "hash": filing["hash"] }));
    assert_eq!(answer.status, 200, "{}", answer.body);
}

fn filed(town: &Town, incident: &str, filing: &Value) -> Value {
    let body = json!({ "at": town.world.time(), "how": "the authority's portal" });
    let answer = step(town, RESPONDER, incident, filing, "submit", &body);
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body["filing"].clone()
}

fn answer_of<'a>(filled: &'a Value, question: &str) -> &'a Value {
    let answers = filled["answers"].as_array().expect("answers");
    answers
        .iter()
        .find(|answer| answer["question"] == question)
        .unwrap_or_else(|| panic!("no question {question}"))
}

#[test]
fn every_value_of_a_filing_is_known_by_a_leaf_of_the_log() {
    let (mut town, incident, duty) = on_the_desk();
    let told =
        json!({ "answers": { "60": "g", "61": "d" }, "form": "edpb-art33", "reason": "the forensic report" });
    let answered = post(&town, RESPONDER, &incident, &format!("duties/{duty}/filings/answers"), &told);
    assert_eq!(answered.status, 200, "{}", answered.body);
    let risk = json!({ "facts": { "risk": "high" }, "reason": "assessed" });
    assert_eq!(act(&town, RESPONDER, &incident, "facts", &risk).status, 200);
    let filing = prepared(&town, &incident, &duty, "incomplete");
    town.each_minute_of(3);
    let log = exported_log(&town);
    let mut traced = 0;
    for answer in filing["filled"]["answers"].as_array().expect("answers") {
        match answer["source"]["leaf"].as_str() {
            Some(leaf) => {
                assert!(log.contains(leaf), "{answer}");
                traced += 1;
            }
            // What nobody knows yet, and what the filing says of itself.
            None => assert!(
                answer["value"].is_null()
                    || ["3", "4", "6"].contains(&answer["question"].as_str().expect("an id")),
                "{answer}"
            ),
        }
    }
    assert!(traced > 25, "{traced}");
    let filled = &filing["filled"];
    assert_eq!(
        answer_of(filled, "48")["value"]["instant"],
        show(&town, &incident)["incident"]["clocks"]["awareness"]
    );
    assert_eq!(answer_of(filled, "68")["value"], json!({ "number": 7 }));
    assert_eq!(answer_of(filled, "60")["value"], json!({ "words": ["g"] }));
    assert_eq!(answer_of(filled, "89")["value"], json!({ "words": ["a"] }));
    // The three of the Union were told, each by mail.
    assert_eq!(answer_of(filled, "97")["value"], json!({ "words": ["a"] }));
    assert_eq!(answer_of(filled, "102")["value"], json!({ "words": ["a"] }));
    assert!(answer_of(filled, "106")["value"]["text"].as_str().is_some_and(|text| text.contains("SAMPLE")));
    assert_eq!(answer_of(filled, "122")["value"], json!({ "places": { "DE": 1, "FR": 1 } }));
    assert!(
        !filing.to_string().contains("customer0@example.com")
            && !filing.to_string().contains("Customer Number")
    );
}

#[test]
fn a_filing_is_approved_by_its_hash_submitted_acknowledged_and_supplemented() {
    let (town, incident, duty) = on_the_desk();
    let complete = json!({ "form": "edpb-art33", "completeness": "complete", "reason": "all" });
    let refused = post(&town, RESPONDER, &incident, &format!("duties/{duty}/filings"), &complete);
    assert!(
        refused.status == 409 && refused.body["error"].to_string().contains("is not answered yet"),
        "{}",
        refused.body
    );
    let first = prepared(&town, &incident, &duty, "incomplete");
    assert_eq!((&first["kind"], &first["number"]), (&json!("new"), &json!(1)));
    let submit = json!({ "at": town.world.time(), "how": "portal" });
    assert_eq!(
        step(&town, RESPONDER, &incident, &first, "submit", &submit).status,
        409,
        "nobody approved it"
    );
    let hash = json!({ "hash": first["hash"] });
    assert_eq!(step(&town, RESPONDER, &incident, &first, "approve", &hash).status, 403);
    assert_eq!(step(&town, APPROVER, &incident, &first, "approve", &json!({ "hash": "0" })).status, 409);
    approved(&town, &incident, &first);
    filed(&town, &incident, &first);
    let shown = show(&town, &incident);
    assert_eq!(tocsin_tests::duty(&shown, "eu-gdpr-authority", "DE")["state"], "met-by-word");
    let asks =
        |shown: &Value| shown["incident"]["attention"].to_string().contains("is incomplete: supplement it");
    assert!(asks(&shown));
    let number = json!({ "number": "LDA-2026/1742" });
    assert_eq!(step(&town, RESPONDER, &incident, &first, "acknowledge", &number).status, 200);
    assert_eq!(step(&town, RESPONDER, &incident, &first, "acknowledge", &number).status, 200, "said twice");
    let other = json!({ "number": "LDA-2026/1743" });
    assert_eq!(step(&town, RESPONDER, &incident, &first, "acknowledge", &other).status, 409);
    let second = prepared(&town, &incident, &duty, "withdrawal");
    assert_eq!((&second["kind"], &second["follows"]), (&json!("follow-up"), &json!("LDA-2026/1742")));
    assert_eq!(answer_of(&second["filled"], "6")["value"], json!({ "text": "LDA-2026/1742" }));
    approved(&town, &incident, &second);
    filed(&town, &incident, &second);
    assert!(!asks(&show(&town, &incident)));
    let all = get(&town, &incident, "filings");
    assert_eq!(all["filings"].as_array().map(Vec::len), Some(2));
    let log = town.world.home_as_text();
    for action in ["filing-prepared", "filing-approved", "filing-submitted", "filing-acknowledged"] {
        assert!(log.contains(action), "{action}");
    }
}

#[test]
fn a_late_filing_says_why() {
    let (town, incident, duty) = on_the_desk();
    let filing = prepared(&town, &incident, &duty, "incomplete");
    approved(&town, &incident, &filing);
    let due: Timestamp =
        tocsin_tests::duty(&show(&town, &incident), "eu-gdpr-authority", "DE")["duty"]["due"]
            .as_str()
            .expect("an instant")
            .parse()
            .expect("an instant");
    town.world.advance_to(due + SignedDuration::from_secs(1));
    let late = json!({ "at": town.world.time(), "how": "portal" });
    let refused = step(&town, RESPONDER, &incident, &filing, "submit", &late);
    assert!(
        refused.status == 409 && refused.body["error"].to_string().contains("say why"),
        "{}",
        refused.body
    );
    let ahead = json!({ "at": due + SignedDuration::from_hours(9), "how": "portal", "late_because": "-" });
    assert_eq!(step(&town, RESPONDER, &incident, &filing, "submit", &ahead).status, 400);
    let said = json!({ "at": town.world.time(), "how": "portal", "late_because": "the portal was down" });
    assert_eq!(step(&town, RESPONDER, &incident, &filing, "submit", &said).status, 200);
    assert!(town.world.home_as_text().contains("the portal was down"));
    assert_eq!(
        tocsin_tests::duty(&show(&town, &incident), "eu-gdpr-authority", "DE")["state"],
        "met-by-word-late"
    );
}

#[test]
fn answers_that_fit_no_question_are_refused_and_a_draft_keeps_nothing() {
    let (town, incident, duty) = on_the_desk();
    let answers = format!("duties/{duty}/filings/answers");
    for (given, why) in [
        (json!({ "60": "zz" }), "has no option zz"),
        (json!({ "60": ["a", "b"] }), "takes one option"),
        (json!({ "999": "a" }), "no question 999"),
    ] {
        let body = json!({ "form": "edpb-art33", "answers": given, "reason": "so" });
        let refused = post(&town, COUNSEL, &incident, &answers, &body);
        assert!(refused.status == 400 && refused.body["error"].to_string().contains(why), "{}", refused.body);
    }
    let body = |answer: Value| json!({ "form": "edpb-art33", "answers": { "60": answer }, "reason": "so" });
    assert_eq!(post(&town, APPROVER, &incident, &answers, &body(json!("a"))).status, 403);
    let none = json!({ "form": "no-such", "answers": {}, "reason": "so" });
    assert_eq!(post(&town, COUNSEL, &incident, &answers, &none).status, 400);
    let draft = |town: &Town| get(town, &incident, &format!("duties/{duty}/filings/draft/edpb-art33"));
    assert_eq!(answer_of(&draft(&town)["filled"], "60")["value"], Value::Null);
    assert_eq!(post(&town, COUNSEL, &incident, &answers, &body(json!("a"))).status, 200);
    assert_eq!(answer_of(&draft(&town)["filled"], "60")["value"], json!({ "words": ["a"] }));
    assert_eq!(post(&town, COUNSEL, &incident, &answers, &body(Value::Null)).status, 200);
    assert_eq!(answer_of(&draft(&town)["filled"], "60")["value"], Value::Null);
    assert!(!draft(&town)["lacks"].as_array().expect("lacks").is_empty());
    assert_eq!(get(&town, &incident, "filings")["filings"], json!([]));
    let other = json!({ "form": "us-ca", "completeness": "incomplete", "reason": "so" });
    let refused = post(&town, RESPONDER, &incident, &format!("duties/{duty}/filings"), &other);
    assert!(
        refused.status == 400 && refused.body["error"].to_string().contains("meets no duty"),
        "{}",
        refused.body
    );
}

#[test]
fn whoever_is_interrupted_while_submitting_asks_again_and_the_duty_is_met() {
    for faulty in 1..40 {
        let (town, incident, duty) = on_the_desk();
        let filing = prepared(&town, &incident, &duty, "incomplete");
        approved(&town, &incident, &filing);
        let body = json!({ "at": town.world.time(), "how": "portal" });
        town.world.fail_at(town.world.calls() + faulty, tocsin_ports::memory::Fault::ErrorAfter);
        let answer = step(&town, RESPONDER, &incident, &filing, "submit", &body);
        if answer.status == 200 {
            // The fault waits for whoever asks next.
            assert!(faulty > 4, "{faulty} calls");
            return;
        }
        // Either it was taken in, whole, or it can be said again.
        step(&town, RESPONDER, &incident, &filing, "submit", &body);
        let shown = show(&town, &incident);
        let state = &tocsin_tests::duty(&shown, "eu-gdpr-authority", "DE")["state"];
        assert_eq!(state, "met-by-word", "call {faulty}");
    }
    panic!("no submission without a fault");
}

#[test]
fn of_two_first_filings_one_is_filed() {
    let (town, incident, duty) = on_the_desk();
    let [first, second] = [(); 2].map(|()| prepared(&town, &incident, &duty, "incomplete"));
    assert_eq!((&first["kind"], &second["kind"]), (&json!("new"), &json!("new")));
    approved(&town, &incident, &first);
    approved(&town, &incident, &second);
    filed(&town, &incident, &first);
    let body = json!({ "at": town.world.time(), "how": "portal" });
    let refused = step(&town, RESPONDER, &incident, &second, "submit", &body);
    assert!(
        refused.status == 409 && refused.body["error"].to_string().contains("second first"),
        "{}",
        refused.body
    );
}

fn tasks(town: &Town, incident: &str) -> Vec<String> {
    let attention = show(town, incident)["incident"]["attention"].clone();
    serde_json::from_value(attention).expect("tasks")
}

#[test]
fn a_supplement_is_asked_for_again_each_week_until_it_is_filed() {
    let (mut town, incident, duty) = on_the_desk();
    let filing = prepared(&town, &incident, &duty, "incomplete");
    approved(&town, &incident, &filing);
    filed(&town, &incident, &filing);
    let asked = |town: &Town| {
        let tasks = tasks(town, &incident).into_iter();
        tasks.filter(|task| task.contains("is incomplete")).collect::<Vec<_>>()
    };
    for weeks in 1..=2 {
        town.minutes(7 * 24 * 60 + 1);
        let asked = asked(&town);
        let again = format!("weeks gone by since: {weeks}");
        assert!(asked.len() == 1 && asked[0].ends_with(&again), "{asked:?}");
    }
    let withdrawal = prepared(&town, &incident, &duty, "withdrawal");
    approved(&town, &incident, &withdrawal);
    filed(&town, &incident, &withdrawal);
    town.minutes(7 * 24 * 60 + 1);
    assert_eq!(asked(&town), Vec::<String>::new());
}

/// Brazil wants a supplement twenty business days after the first communication.
fn in_brazil(facts: &Value) -> (Town, String, String) {
    let mut people = customers(3);
    for customer in &mut people {
        (customer.country, customer.province, customer.locale) = ("BR", "", "pt");
    }
    let mut settings = tenant("shop");
    settings["contacts"] = json!([]);
    let (mut town, incident) = leaked_of(&people, &settings, &json!({}));
    let facts = json!({ "facts": facts, "reason": "assessed" });
    let answer = act(&town, RESPONDER, &incident, "facts", &facts);
    assert_eq!(answer.status, 200, "{}", answer.body);
    town.drain();
    approve(&town, &incident);
    town.each_minute_of(3);
    let id = duty(&show(&town, &incident), "br-lgpd-authority", "BR")["duty"]["id"].clone();
    (town, incident, id.as_str().expect("an id").to_owned())
}

#[test]
fn a_later_phase_without_an_instant_is_asked_for_once_its_filing_is_in() {
    let (town, incident, duty) = in_brazil(&json!({ "risk": "high" }));
    let body = json!({ "form": "br-anpd", "completeness": "incomplete", "reason": "what we know" });
    let answer = post(&town, RESPONDER, &incident, &format!("duties/{duty}/filings"), &body);
    let first = answer.body["filing"].clone();
    approved(&town, &incident, &first);
    filed(&town, &incident, &first);
    let asked =
        |town: &Town| tasks(town, &incident).iter().any(|task| task.contains("supplement to the comm"));
    assert!(asked(&town), "{:?}", tasks(&town, &incident));
    let path = format!("duties/{duty}/done");
    let word = |phase: &str| json!({ "what": "supplemented", "at": town.world.time(), "place": "portal 17", "phase": phase });
    assert_eq!(post(&town, RESPONDER, &incident, &path, &word("another")).status, 400);
    assert_eq!(post(&town, RESPONDER, &incident, &path, &word("supplement")).status, 200);
    assert!(!asked(&town), "{:?}", tasks(&town, &incident));
}

#[test]
fn a_later_phase_with_an_instant_alarms_before_it_and_keeps_the_incident_open() {
    let told = json!({ "risk": "high", "authority_notified": { "BR": "2026-11-23T09:00:00Z" } });
    let (mut town, incident, duty) = in_brazil(&told);
    let word = |phase: Option<&str>| json!({ "what": "filed", "at": town.world.time(), "place": "portal", "phase": phase });
    let path = format!("duties/{duty}/done");
    assert_eq!(post(&town, RESPONDER, &incident, &path, &word(None)).status, 200);
    let about = |town: &Town, words: &str| {
        let tasks = tasks(town, &incident).into_iter();
        tasks.filter(|task| task.contains("supplement to the comm") && task.contains(words)).count()
    };
    assert_eq!(about(&town, ""), 0, "{:?}", tasks(&town, &incident));
    town.minutes(28 * 24 * 60);
    assert_eq!(about(&town, "% of its time is left"), 1, "{:?}", tasks(&town, &incident));
    town.minutes(5 * 24 * 60);
    assert_eq!(about(&town, "its time is over"), 1, "{:?}", tasks(&town, &incident));
    let word = json!({ "what": "filed", "at": town.world.time(), "place": "portal", "phase": "supplement" });
    assert_eq!(post(&town, RESPONDER, &incident, &path, &word).status, 200);
    town.minutes(24 * 60);
    assert_eq!(about(&town, ""), 0, "{:?}", tasks(&town, &incident));
}

fn entry(town: &Town, incident: &str) -> Value {
    get(town, incident, "register")["entry"].clone()
}

#[test]
fn the_register_holds_a_breach_with_what_was_decided_and_filed() {
    let (town, incident, duty) = on_the_desk();
    let filing = prepared(&town, &incident, &duty, "incomplete");
    approved(&town, &incident, &filing);
    filed(&town, &incident, &filing);
    let given = json!({ "number": "2026/17" });
    assert_eq!(step(&town, RESPONDER, &incident, &filing, "acknowledge", &given).status, 200);
    let entry = entry(&town, &incident);
    let fact = |what: &str| {
        let facts = entry["facts"].as_array().expect("facts");
        facts.iter().find(|line| line["what"] == what).unwrap_or_else(|| panic!("no {what}")).clone()
    };
    assert_eq!(fact("People concerned")["value"], json!({ "number": 7 }));
    for what in ["What happened", "Likely consequences", "Measures taken and planned"] {
        assert!(fact(what)["value"]["text"].is_string() && fact(what)["leaf"].is_string(), "{what}");
    }
    let decided = |regime: &str| {
        let decisions = entry["decisions"].as_array().expect("decisions").iter();
        decisions.filter(|decision| decision["regime"] == regime).cloned().collect::<Vec<_>>()
    };
    assert_eq!(decided("eu-gdpr-authority")[0]["state"], "met by a person's word");
    assert_eq!(entry["filed"][0]["number"], "2026/17");
    assert_eq!(entry["filed"][0]["hash"], filing["hash"]);
    assert!(!entry.to_string().contains("customer0@example.com"));
}

#[test]
fn the_register_says_why_nobody_was_told_and_what_is_not_known_yet() {
    let (town, incident) = leaked(&customers(7));
    let no_risk = json!({ "facts": { "risk": "none" }, "reason": "the key was never out" });
    assert_eq!(act(&town, RESPONDER, &incident, "facts", &no_risk).status, 200);
    town.drain();
    let entry = entry(&town, &incident);
    let decisions = entry["decisions"].as_array().expect("decisions");
    let authority = decisions.iter().find(|decision| decision["regime"] == "eu-gdpr-authority");
    let authority = authority.expect("the duty is decided");
    assert_eq!(authority["owed"], "no");
    assert!(authority["reasons"].to_string().contains("risk"), "{authority}");
    let unknown = entry["facts"].as_array().expect("facts").iter().filter(|line| line["value"].is_null());
    assert_eq!(unknown.map(|line| line["what"].clone()).collect::<Vec<_>>(), [json!("Cause")]);
}
