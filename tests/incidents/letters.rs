//! Letters that a print house posts, and what comes back.

use jiff::Timestamp;
use serde_json::json;
use tocsin_ports::Clock;
use tocsin_stage::http::Request;
use tocsin_tests::*;

/// Seven people in seven places; the Texan, customer 4, and the Briton, customer 2, have a street and no mailbox.
fn with_streets() -> Vec<Customer> {
    let mut people = customers(7);
    for place in [2, 4] {
        people[place].email = String::new();
        people[place].post = Some(("7 Secret Street", "Hidden Town"));
    }
    people
}

pub fn letters(
    town: &Town,
    incident: &str,
    what: &str,
    body: &serde_json::Value,
) -> tocsin_stage::http::Response {
    let path = format!("/console/tenants/shop/incidents/{incident}/letters/{what}");
    town.console(RESPONDER, "POST", &path, body)
}

/// The letters of an incident that were not exported before, as the print house gets them.
pub fn printed(town: &Town, incident: &str) -> Vec<serde_json::Value> {
    exported(town, incident, &letters(town, incident, "export", &json!({})).body)
}

/// The letters of a batch.
fn exported(town: &Town, incident: &str, answer: &serde_json::Value) -> Vec<serde_json::Value> {
    let of_file = |file: &serde_json::Value| {
        let (batch, file) = (&answer["batch"], file.as_str().expect("a file"));
        let path = format!("/console/tenants/shop/incidents/{incident}/letters/{batch}/{file}");
        let file = town.console(RESPONDER, "GET", &path, &json!(null)).body;
        let lines = file["lines"].as_str().expect("lines").to_owned();
        lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect::<Vec<_>>()
    };
    answer["files"].as_array().expect("files").iter().flat_map(of_file).collect()
}

#[test]
fn a_letter_ends_with_the_proof_of_posting_or_with_what_came_back() {
    let (mut town, incident) = leaked(&with_streets());
    approve(&town, &incident);
    town.minute();
    let printed = printed(&town, &incident);
    assert_eq!(printed.len(), 2);
    let reference = |country: &str| {
        let letter = printed.iter().find(|letter| letter["address"]["country"] == country).expect("a letter");
        assert_eq!(letter["address"]["line1"], "7 Secret Street");
        assert!(letter["text"].as_str().is_some_and(|text| text.contains("Somebody copied a file")));
        letter["reference"].clone()
    };
    let (briton, texan) = (reference("GB"), reference("US"));
    let states = |town: &Town| {
        let shown = show(town, &incident);
        let of = |regime, place| duty(&shown, regime, place)["state"].as_str().unwrap_or_default().to_owned();
        (of("gb-ukgdpr-individual", "GB"), of("us-tx-individual", "US-TX"))
    };
    assert_eq!(states(&town), ("open".to_owned(), "open".to_owned()));
    let now = town.world.now();
    let posted = json!({ "letters": [
        { "reference": briton, "at": now }, { "reference": texan, "at": now },
        { "reference": "SHOP-NOBODYS234", "at": now },
    ] });
    let answer = letters(&town, &incident, "posted", &posted).body;
    assert_eq!(answer, json!({ "recorded": 2, "unknown": ["SHOP-NOBODYS234"], "refused": [] }));
    assert_eq!(states(&town), ("met".to_owned(), "met".to_owned()));
    let returned = json!({ "letters": [{ "reference": texan, "at": now, "detail": "moved away" }] });
    assert_eq!(letters(&town, &incident, "returned", &returned).body["recorded"], 1);
    assert_eq!(states(&town), ("met".to_owned(), "at-risk".to_owned()));
}

#[test]
fn a_letter_is_exported_once_and_again_by_its_batchs_number_alone() {
    let (mut town, incident) = leaked(&with_streets());
    approve(&town, &incident);
    town.minute();
    let asks =
        |town: &Town| show(town, &incident)["incident"]["attention"].to_string().contains("letters wait");
    assert!(asks(&town), "somebody has to hear that letters wait");
    let first = letters(&town, &incident, "export", &json!({})).body;
    assert!(!asks(&town));
    assert_eq!((&first["batch"], &first["letters"], &first["left"]), (&json!(1), &json!(2), &json!(0)));
    let nothing = json!({ "batch": null, "files": [], "letters": 0, "left": 0 });
    assert_eq!(letters(&town, &incident, "export", &json!({})).body, nothing);
    let again = letters(&town, &incident, "export", &json!({ "batch": 1 })).body;
    assert_eq!((&again, exported(&town, &incident, &again).len()), (&first, 2));
    assert_eq!(letters(&town, &incident, "export", &json!({ "batch": 2 })).status, 409);
    assert_eq!(
        town.world.home_as_text().matches("letter-file-read").count(),
        again["files"].as_array().map_or(0, Vec::len)
    );
    // No file is read but as a part of its batch.
    let file = first["files"][0].as_str().expect("a file");
    let path = format!("/console/tenants/shop/incidents/{incident}/letters/2/{file}");
    assert_eq!(town.console(RESPONDER, "GET", &path, &json!(null)).status, 404);
    assert_eq!(town.world.home_as_text().matches("letters-exported").count(), 2);
}

#[test]
fn nothing_is_exported_of_an_incident_that_is_held_not_even_by_whoever_looked_before() {
    use std::cell::Cell;
    use std::rc::Rc;
    let (mut town, incident) = leaked(&with_streets());
    approve(&town, &incident);
    town.minute();
    // The hold comes between any two calls of the export.
    let hold = Request {
        method: "POST".to_owned(),
        path: format!("/console/tenants/shop/incidents/{incident}/hold"),
        body: json!({ "reason": "counsel asks" }).to_string().into_bytes(),
        principal: Some(RESPONDER.to_owned()),
        ..Request::default()
    };
    for at in 1..40 {
        let town = town.copy();
        let (calls, in_time, hold) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(false)), hold.clone());
        let (counted, held_in_time) = (Rc::clone(&calls), Rc::clone(&in_time));
        town.world.set_fate(Some(Rc::new(move |world, _| {
            counted.set(counted.get() + 1);
            if counted.get() == at {
                held_in_time.set(!world.home_as_text().contains("letters-exported"));
                assert_eq!(run(console::step(world, hold.clone(), world.now())).status, 200);
            }
            None
        })));
        let answer = letters(&town, &incident, "export", &json!({}));
        let was_held = in_time.get();
        assert_eq!(answer.status, if was_held { 409 } else { 200 }, "{at}: {}", answer.body);
        town.world.set_fate(None);
        assert_eq!(town.world.home_as_text().contains("letters-exported"), !was_held);
    }
    let batch = letters(&town, &incident, "export", &json!({})).body;
    assert_eq!(act(&town, RESPONDER, &incident, "hold", &json!({ "reason": "counsel asks" })).status, 200);
    assert_eq!(letters(&town, &incident, "export", &json!({ "batch": 1 })).status, 409);
    let file = batch["files"][0].as_str().expect("a file");
    let path = format!("/console/tenants/shop/incidents/{incident}/letters/1/{file}");
    assert_eq!(town.console(RESPONDER, "GET", &path, &json!(null)).status, 409);
    assert_eq!(
        act(&town, RESPONDER, &incident, "release", &json!({ "reason": "counsel agrees" })).status,
        200
    );
    assert_eq!(town.console(RESPONDER, "GET", &path, &json!(null)).status, 200);
}

#[test]
fn a_letter_of_a_plan_that_was_amended_ends_as_what_is_said_of_it() {
    let (mut town, incident) = leaked(&with_streets());
    approve(&town, &incident);
    town.minute();
    let old = printed(&town, &incident);
    let by_place = |letters: &[serde_json::Value], country: &str| {
        letters.iter().find(|letter| letter["address"]["country"] == country).expect("a letter")["reference"]
            .clone()
    };
    let (briton, texan) = (by_place(&old, "GB"), by_place(&old, "US"));
    assert!(briton.as_str().is_some_and(|text| text.starts_with(&format!("{incident}-1-"))), "{briton}");
    // A new wording: the plan is made anew, and its letters are others.
    let mut settings = tenant("shop");
    for language in ["en", "de", "fr"] {
        if settings["wording"][language].is_object() {
            settings["wording"][language]["what_happened"] = json!("Somebody copied another file.");
        }
    }
    put_settings(&town, &settings, &json!({}));
    let amendment =
        json!({ "to_those_told": "correction", "read_anew": false, "reason": "the facts were wrong" });
    assert_eq!(act(&town, RESPONDER, &incident, "amend", &amendment).status, 200);
    town.drain();
    approve(&town, &incident);
    town.minute();
    town.minute();
    let new = printed(&town, &incident);
    assert_eq!(new.len(), 2, "the corrections alone");
    assert_ne!(by_place(&new, "GB"), briton);
    let now = town.world.now();
    let said = |references: &[&serde_json::Value], at: Timestamp| {
        let letters: Vec<_> =
            references.iter().map(|at_place| json!({ "reference": at_place, "at": at })).collect();
        json!({ "letters": letters })
    };
    let posted = letters(&town, &incident, "posted", &said(&[&briton, &texan], now)).body;
    assert_eq!(posted, json!({ "recorded": 2, "unknown": [], "refused": [] }));
    let earlier = now - jiff::SignedDuration::from_hours(1);
    for (what, at, why) in [
        ("posted", earlier, format!("it is said to have been posted at another instant: {now}")),
        ("returned", earlier, format!("it is said to have been posted only later: {now}")),
    ] {
        let answer = letters(&town, &incident, what, &said(&[&texan], at)).body;
        let refused = json!([{ "reference": texan, "why": why }]);
        assert_eq!(answer, json!({ "recorded": 0, "unknown": [], "refused": refused }));
    }
    assert_eq!(letters(&town, &incident, "returned", &said(&[&texan], now)).body["recorded"], 1);
    assert_eq!(
        letters(&town, &incident, "returned", &said(&[&texan], now)).body["recorded"],
        1,
        "the same again"
    );
}

#[test]
fn nothing_is_said_of_a_letter_that_was_never_exported() {
    let (mut town, incident) = leaked(&with_streets());
    approve(&town, &incident);
    town.minute();
    let copy = town.copy();
    let reference = printed(&copy, &incident)[0]["reference"].clone();
    let now = town.world.now();
    let posted = json!({ "letters": [{ "reference": reference, "at": now }] });
    let answer = letters(&town, &incident, "posted", &posted).body;
    let refused = json!([{ "reference": reference, "why": "it was never exported: no batch holds it" }]);
    assert_eq!(answer, json!({ "recorded": 0, "unknown": [], "refused": refused }));
    let beyond =
        reference.as_str().and_then(|text| text.rsplit_once('-')).map(|(chunk, _)| format!("{chunk}-70"));
    let posted = json!({ "letters": [{ "reference": beyond, "at": now }] });
    assert_eq!(letters(&town, &incident, "posted", &posted).body["unknown"], json!([beyond]));
}

#[test]
fn letters_are_for_responders_and_their_import_holds_no_address() {
    let (mut town, incident) = leaked(&with_streets());
    approve(&town, &incident);
    town.minute();
    let path = format!("/console/tenants/shop/incidents/{incident}/letters/export");
    assert_eq!(town.console(APPROVER, "POST", &path, &json!({})).status, 403);
    let now = town.world.now();
    for bad in [
        json!({ "reference": "SHOP-A", "at": now, "detail": "7 Secret Street" }),
        json!({ "reference": "SHOP-A", "at": now + jiff::SignedDuration::from_hours(1) }),
        json!({ "reference": "SHOP-A", "at": "soon" }),
    ] {
        assert_eq!(letters(&town, &incident, "returned", &json!({ "letters": [bad] })).status, 400);
    }
    assert_eq!(town.world.files().iter().filter(|file| file.contains("/letters/")).count(), 2);
    let home = town.world.home_as_text();
    assert!(!home.contains("Secret Street") && !home.contains("Hidden Town"));
}

#[test]
fn a_file_of_letters_whose_answer_was_lost_is_the_same_file() {
    use tocsin_ports::memory::{Call, Fault};
    let (mut town, incident) = leaked(&with_streets());
    approve(&town, &incident);
    run(dispatch::step(&town.world, town.world.now()));
    let calls = std::cell::Cell::new(0);
    town.world.set_fate(Some(std::rc::Rc::new(move |_, call| {
        calls.set(calls.get() + 1);
        (call == Call::Other && calls.get() < 120 && calls.get() % 7 == 0).then_some(Fault::ErrorAfter)
    })));
    town.drain();
    town.world.set_fate(None);
    town.each_minute_of(30);
    let references: Vec<String> =
        printed(&town, &incident).iter().map(|letter| letter["reference"].to_string()).collect();
    assert_eq!(references.len(), 2, "{references:?}");
    assert_ne!(references[0], references[1]);
}

#[test]
fn letters_that_are_called_up_later_lie_beside_those_that_went_before() {
    let mut people = customers(7);
    for (id, place) in [(7, 2), (9, 2)] {
        let street = Some(("7 Secret Street", "Hidden Town"));
        let email = format!("bounce{id}@example.com");
        people.push(Customer { id, email, post: street, ..people[place].clone() });
    }
    let (town, incident) = leaked(&people);
    approve(&town, &incident);
    run(dispatch::step(&town.world, town.world.now()));
    town.drain();
    let mails = town.world.mails();
    let mut references = std::collections::BTreeSet::new();
    for (address, expected) in [("bounce7@example.com", 1), ("bounce9@example.com", 2)] {
        let mail = mails.iter().find(|mail| mail.to == address).expect("a mail");
        town.tell(&ses_event(mail, town.world.now()));
        for _ in 0..5 {
            let now = town.world.now() + jiff::SignedDuration::from_mins(1);
            town.world.advance_to(now);
            tick(async { watch::step(&town.world, now).await });
            tick(async { dispatch::step(&town.world, now).await });
            town.drain();
        }
        references.extend(printed(&town, &incident).iter().map(|letter| letter["reference"].to_string()));
        assert_eq!(references.len(), expected, "{address}");
    }
}

#[test]
fn letters_that_wait_are_asked_about_though_another_plan_is_made_or_cannot_be() {
    let (mut town, incident) = leaked(&with_streets());
    approve(&town, &incident);
    town.minute();
    let attention = |town: &Town| show(town, &incident)["incident"]["attention"].to_string();
    assert!(attention(&town).contains("letters wait for the print house"));
    let anew = json!({ "to_those_told": "correction", "read_anew": true, "reason": "the export was mended" });
    put_manifest(&town, "shop", b"not a manifest".to_vec());
    assert_eq!(act(&town, RESPONDER, &incident, "amend", &anew).status, 200);
    town.drain();
    assert_eq!(show(&town, &incident)["incident"]["stage"], "blocked");
    assert!(attention(&town).contains("letters wait for the print house"), "{}", attention(&town));
    put_manifest(&town, "shop", manifest(&with_streets()).into_bytes());
    assert_eq!(act(&town, RESPONDER, &incident, "rescope", &json!({ "reason": "it is whole" })).status, 200);
    town.drain();
    let asked = attention(&town);
    assert!(asked.contains("letters wait") && !asked.contains("manifest"), "{asked}");
}
