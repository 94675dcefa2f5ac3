//! The channels beyond e-mail, each from the plan to the receipt that ends it.

use jiff::Timestamp;
use serde_json::json;
use tocsin_ports::{Clock, Queue};
use tocsin_stage::http::Request;
use tocsin_tests::*;

const PHONE: &str = "+447700900123";

/// Seven people in seven places; the Frenchman has no mailbox but a phone.
fn with_a_phone() -> Vec<Customer> {
    let mut people = customers(7);
    people[1] = Customer { email: String::new(), phone: PHONE.to_owned(), ..people[1].clone() };
    people
}

#[test]
fn a_text_ends_with_the_providers_log() {
    let (mut town, incident) = leaked(&with_a_phone());
    approve(&town, &incident);
    town.minute();
    let shown = show(&town, &incident);
    let france = duty(&shown, "eu-gdpr-individual", "FR");
    assert_eq!((&france["state"], &france["coverage"]["reached"]), (&json!("met"), &json!(1)), "{france:#}");
}

#[test]
fn a_text_is_tried_until_its_duty_is_due() {
    let (mut town, incident) = leaked(&with_a_phone());
    approve(&town, &incident);
    town.minute();
    let [text] = town.world.texts().try_into().expect("one text");
    let shown = show(&town, &incident);
    let due = duty(&shown, "eu-gdpr-individual", "FR")["duty"]["due"].as_str().map(str::to_owned);
    assert_eq!(due, None, "the GDPR sets no number toward people");
    assert_eq!(text.valid_for.as_hours(), 72);
    assert!(
        ["tenant", "chunk", "index", "attempt"].iter().all(|tag| text.tags.contains_key(tag)),
        "{text:?}"
    );
}

#[test]
fn a_report_that_comes_before_the_answer_is_kept_and_joined() {
    let (town, incident) = leaked(&with_a_phone());
    approve(&town, &incident);
    run(dispatch::step(&town.world, town.world.now()));
    let region = Queue::Notices("eu-central-1".to_owned());
    // Whatever the number of the provider's next id is, somebody reported it before we know that it is ours.
    for number in 0..10 {
        let text = tocsin_ports::memory::Texted {
            to: PHONE.to_owned(),
            body: String::new(),
            valid_for: jiff::SignedDuration::ZERO,
            tags: std::collections::BTreeMap::new(),
            provider_id: format!("memory-{number}"),
        };
        town.tell(&sns_text_log(&text, town.world.now()));
    }
    assert!(town.world.busy_queues().contains(&region));
    town.drain();
    assert_eq!(town.world.texts().len(), 1);
    assert_eq!(town.world.parked(), Vec::<String>::new());
    let shown = show(&town, &incident);
    assert_eq!(duty(&shown, "eu-gdpr-individual", "FR")["coverage"]["reached"], 1);
}

#[test]
fn an_event_with_our_context_ends_a_doubt_about_a_text() {
    let (mut town, incident) = leaked(&with_a_phone());
    approve(&town, &incident);
    run(dispatch::step(&town.world, town.world.now()));
    lose_the_answer_to_a_text(&town);
    let texts = town.world.texts();
    let [text] = texts.as_slice() else { panic!("one text, not {}", texts.len()) };
    assert_eq!(duty(&show(&town, &incident), "eu-gdpr-individual", "FR")["coverage"]["undecided"], 1);
    town.tell(&sms_voice_event(text, town.world.now()));
    for _ in 0..20 {
        town.minute();
    }
    assert_eq!(town.world.texts().len(), 1, "a text never goes twice");
    let shown = show(&town, &incident);
    let france = duty(&shown, "eu-gdpr-individual", "FR");
    assert_eq!((&france["state"], &france["coverage"]["undecided"]), (&json!("met"), &json!(0)));
    assert!(!shown["incident"]["attention"].to_string().contains("may or may not"));
}

/// The provider takes the text, and the process that sent it never learns so.
fn lose_the_answer_to_a_text(town: &Town) {
    use tocsin_ports::memory::{Call, Fault};
    town.world.set_fate(Some(std::rc::Rc::new(|_, call| (call == Call::Text).then_some(Fault::ErrorAfter))));
    town.drain();
    town.world.set_fate(None);
}

/// Seven people in seven places; the Frenchman, customer 1, is known by his account in the shop alone.
fn with_an_account() -> Vec<Customer> {
    let mut people = customers(7);
    people[1].email = String::new();
    people
}

#[test]
fn a_notice_in_the_inbox_ends_when_it_is_read() {
    let (mut town, incident) = leaked(&with_an_account());
    approve(&town, &incident);
    town.minute();
    let now = town.world.now();
    let france = |town: &Town| {
        let shown = show(town, &incident);
        let duty = duty(&shown, "eu-gdpr-individual", "FR");
        (duty["state"].clone(), duty["coverage"]["reached"].clone())
    };
    assert_eq!(france(&town), (json!("open"), json!(0)));
    let asked = town.storefront(proxied("shop", "1", now));
    assert_eq!(asked.status, 200);
    let notices = asked.body["notices"].as_array().expect("notices");
    let [notice] = notices.as_slice() else { panic!("one notice, not {}", notices.len()) };
    assert!(notice["text"].as_str().is_some_and(|text| text.contains("https://shop.example/notice")));
    assert_eq!(notice["date"], "2026-11-23");
    let reference = notice["reference"].as_str().expect("a reference");
    assert!(reference.starts_with("SHOP-"));
    for _ in 0..2 {
        assert_eq!(town.storefront(read_by(section("shop", "1", now), reference)).status, 200);
        assert_eq!(town.world.home_as_text().matches("read in the shop").count(), 1);
    }
    assert_eq!(france(&town), (json!("met"), json!(1)));
}

#[test]
fn nobody_sees_anothers_notice_and_a_stranger_learns_nothing() {
    let (mut town, incident) = leaked(&with_an_account());
    settle_in(&town, "other", &customers(7));
    approve(&town, &incident);
    town.minute();
    let now = town.world.now();
    let own = town.storefront(proxied("shop", "1", now));
    let reference = own.body["notices"][0]["reference"].as_str().expect("a reference").to_owned();
    for asked in [
        proxied("shop", "", now),
        proxied("shop", "2", now),
        proxied("shop", "999", now),
        section("shop", "2", now),
        proxied("other", "1", now),
    ] {
        let answer = town.storefront(asked.clone());
        assert_eq!((answer.status, answer.body), (200, json!({ "notices": [] })), "{asked:?}");
        assert_eq!(town.storefront(read_by(asked, &reference)).status, 404);
    }
    let mut of_another_shop = proxied("other", "1", now);
    of_another_shop.path = "/inbox/shop/shopify".to_owned();
    let mut changed = proxied("shop", "2", now);
    changed.query = changed.query.replace("customer_id=2", "customer_id=1");
    let old = proxied("shop", "1", now - jiff::SignedDuration::from_mins(6));
    let nowhere = Request { path: "/inbox/nowhere/shopify".to_owned(), ..proxied("shop", "1", now) };
    for asked in [of_another_shop, changed, old, nowhere] {
        let answer = town.storefront(asked.clone());
        assert_eq!(answer.status, 401, "{asked:?}");
        assert!(answer.body.get("notices").is_none());
    }
    assert!(!town.world.home_as_text().contains("read in the shop"));
}

const PARTNER: &str = "dpa-germany";

/// A town whose contact takes webhooks, at the point where the plan waits.
fn with_a_partner() -> (Town, String) {
    told_by_webhook(&customers(7))
}

/// These people's exports leaked; the authority takes webhooks; the plan is approved.
fn told_by_webhook(people: &[Customer]) -> (Town, String) {
    let mut settings = tenant("shop");
    settings["contacts"][0]["webhook"] = json!("https://hooks.authority.example/breaches");
    let secrets = json!({ format!("partner-{PARTNER}"): json!({ "keys": [SECTION_SECRET] }).to_string() });
    let (town, incident) = leaked_of(people, &settings, &secrets);
    approve(&town, &incident);
    (town, incident)
}

fn minutes(town: &mut Town, count: u32) {
    for _ in 0..count {
        town.minute();
    }
}

fn germany(town: &Town, incident: &str) -> String {
    let shown = show(town, incident);
    duty(&shown, "eu-gdpr-authority", "DE")["state"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_partner_gets_a_signed_webhook_and_their_answer_is_the_receipt() {
    use tocsin_sources::webhook::{Headers, HmacKey, Request, Secrets, Tolerance, Verdict, verify};
    let (mut town, incident) = with_a_partner();
    town.minute();
    let [hook] = town.world.hooks().try_into().expect("one webhook");
    assert_eq!(hook.to.as_str(), "https://hooks.authority.example/breaches");
    let second = hook.second.to_string();
    let headers: Headers = [
        ("webhook-id", hook.id.as_str()),
        ("webhook-timestamp", second.as_str()),
        ("webhook-signature", hook.signature.as_str()),
        ("content-type", "application/json"),
    ]
    .into_iter()
    .collect();
    let request = Request { method: "POST", headers: &headers, body: hook.body.as_bytes() };
    let keys = vec![HmacKey::from_standard(SECTION_SECRET).expect("a key")];
    let secrets = Secrets::Standard { keys, tolerance: Tolerance::USUAL };
    assert!(matches!(verify(request, &secrets, town.world.now()), Verdict::Authentic(_)));
    let body: serde_json::Value = serde_json::from_str(&hook.body).expect("JSON");
    assert_eq!(body["type"], "breach.notice");
    assert!(body["data"]["text"].as_str().is_some_and(|text| text.contains("Article 33")), "{body:#}");
    assert_eq!(germany(&town, &incident), "met");
    assert!(!town.mails_by_address().contains_key("filings@authority.example"));
}

#[test]
fn an_endpoint_that_is_ill_gets_the_same_notice_again_and_a_person_hears_of_it() {
    use tocsin_ports::memory::World;
    use tocsin_ports::{Hook, Posted};
    let (mut town, incident) = with_a_partner();
    let mut tries = 0;
    let world: &World = &town.world;
    world.set_endpoints(Some(Box::new(move |_: &Hook| {
        tries += 1;
        match tries {
            1 => Posted::Silence("no answer in time".to_owned()),
            2..=6 => Posted::Status(503),
            _ => Posted::Status(200),
        }
    })));
    minutes(&mut town, 60 * 24);
    let hooks = town.world.hooks();
    assert_eq!(hooks.len(), 7);
    let first = hooks.first().expect("a webhook");
    assert!(hooks.iter().all(|hook| (&hook.id, &hook.body) == (&first.id, &first.body)));
    let waits: Vec<i64> = hooks.windows(2).map(|pair| (pair[1].second - pair[0].second) / 60).collect();
    // To the minute in which `dispatch` looks: five seconds, five minutes, half an hour, two, five and ten hours.
    assert_eq!(waits, [1, 5, 30, 120, 300, 600]);
    let shown = show(&town, &incident);
    assert!(shown["incident"]["attention"].to_string().contains("failed 5 times in a row"), "{shown:#}");
    assert_eq!(shown["partners"][0]["failures"], 0);
    assert_eq!(germany(&town, &incident), "met");
}

#[test]
fn a_partner_who_may_have_a_notice_gets_what_follows_it_under_a_later_plan() {
    use tocsin_ports::{Hook, Posted};
    let (mut town, incident) = with_a_partner();
    town.world.set_endpoints(Some(Box::new(|_: &Hook| Posted::Silence("no answer in time".to_owned()))));
    town.minute();
    let body = json!({ "to_those_told": "follow-up", "read_anew": false, "reason": "nobody knows" });
    let answer = act(&town, RESPONDER, &incident, "amend", &body);
    assert_eq!(answer.status, 200, "{}", answer.body);
    town.world.set_endpoints(None);
    minutes(&mut town, 2);
    approve(&town, &incident);
    minutes(&mut town, 5);
    let hooks = town.world.hooks();
    let [first, next] = &hooks[..] else { panic!("{hooks:?}") };
    assert!(first.id != next.id && first.body.contains("Phase: first notification"), "{}", first.body);
    assert!(next.body.contains("Phase: following notification"), "{}", next.body);
    assert_eq!(germany(&town, &incident), "met");
}

#[test]
fn an_endpoint_that_is_gone_ends_it_and_a_resend_begins_anew() {
    use tocsin_ports::{Hook, Posted};
    let (mut town, incident) = with_a_partner();
    let begun = town.world.now();
    town.world.set_endpoints(Some(Box::new(|_: &Hook| Posted::Status(410))));
    minutes(&mut town, 60);
    assert_eq!(town.world.hooks().len(), 1);
    assert_eq!(germany(&town, &incident), "at-risk");
    let attention = show(&town, &incident)["incident"]["attention"].to_string();
    assert!(attention.contains("is gone"), "{attention}");
    town.world.set_endpoints(None);
    let resend = |town: &Town, who: &str, contact: &str, from: Timestamp, to: Timestamp| {
        let body = json!({ "contact": contact, "from": from, "to": to, "reason": "they put it back" });
        town.console(who, "POST", "/console/tenants/shop/partners/resend", &body)
    };
    let now = town.world.now();
    assert_eq!(resend(&town, APPROVER, PARTNER, begun, now).status, 403);
    assert_eq!(resend(&town, RESPONDER, PARTNER, now, begun).status, 400);
    assert_eq!(resend(&town, RESPONDER, "nobody", begun, now).body["resent"], json!([]));
    assert_eq!(
        resend(&town, RESPONDER, PARTNER, begun, now).body["resent"].as_array().map(Vec::len),
        Some(1)
    );
    minutes(&mut town, 2);
    assert_eq!(germany(&town, &incident), "met");
    // They lost it: what was taken within the range goes again, under the same id, and nothing else does.
    let later = town.world.now();
    assert_eq!(resend(&town, RESPONDER, PARTNER, begun, now).body["resent"], json!([]));
    assert_eq!(
        resend(&town, RESPONDER, PARTNER, begun, later).body["resent"].as_array().map(Vec::len),
        Some(1)
    );
    minutes(&mut town, 2);
    let hooks = town.world.hooks();
    assert_eq!(hooks.len(), 3);
    assert!(hooks.iter().all(|hook| hook.id == hooks[0].id));
    assert_eq!(germany(&town, &incident), "met");
}

/// Seven people in seven places; the Texan, customer 4, and the Briton, customer 2, have a street and no mailbox.
fn with_streets() -> Vec<Customer> {
    let mut people = customers(7);
    for place in [2, 4] {
        people[place].email = String::new();
        people[place].post = Some(("7 Secret Street", "Hidden Town"));
    }
    people
}

fn letters(
    town: &Town,
    incident: &str,
    what: &str,
    body: &serde_json::Value,
) -> tocsin_stage::http::Response {
    let path = format!("/console/tenants/shop/incidents/{incident}/letters/{what}");
    town.console(RESPONDER, "POST", &path, body)
}

/// The letters of an incident that were not exported before, as the print house gets them.
fn printed(town: &Town, incident: &str) -> Vec<serde_json::Value> {
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
    let first = letters(&town, &incident, "export", &json!({})).body;
    assert_eq!((&first["batch"], &first["letters"], &first["left"]), (&json!(1), &json!(2), &json!(0)));
    let nothing = json!({ "batch": null, "files": [], "letters": 0, "left": 0 });
    assert_eq!(letters(&town, &incident, "export", &json!({})).body, nothing);
    let again = letters(&town, &incident, "export", &json!({ "batch": 1 })).body;
    assert_eq!((&again, exported(&town, &incident, &again).len()), (&first, 2));
    assert_eq!(letters(&town, &incident, "export", &json!({ "batch": 2 })).status, 409);
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
        let (calls, hold) = (Rc::new(Cell::new(0)), hold.clone());
        let counted = Rc::clone(&calls);
        town.world.set_fate(Some(Rc::new(move |world, _| {
            counted.set(counted.get() + 1);
            if counted.get() == at {
                assert_eq!(run(console::step(world, hold.clone(), world.now())).status, 200);
            }
            None
        })));
        let answer = letters(&town, &incident, "export", &json!({}));
        let was_held = calls.get() >= at;
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
    minutes(&mut town, 30);
    let references: Vec<String> =
        printed(&town, &incident).iter().map(|letter| letter["reference"].to_string()).collect();
    assert_eq!(references.len(), 2, "{references:?}");
    assert_ne!(references[0], references[1]);
}

fn enter_done(
    town: &Town,
    who: &str,
    incident: &str,
    duty: &serde_json::Value,
    body: &serde_json::Value,
) -> tocsin_stage::http::Response {
    let obligation = duty["duty"]["id"].as_str().expect("an id");
    town.console(
        who,
        "POST",
        &format!("/console/tenants/shop/incidents/{incident}/duties/{obligation}/done"),
        body,
    )
}

#[test]
fn a_duty_on_the_desk_is_met_by_a_persons_word_with_proof_and_no_other_is() {
    let (mut town, incident) = leaked(&customers(7));
    approve(&town, &incident);
    let shown = show(&town, &incident);
    let duties = shown["duties"].as_array().expect("duties");
    let on_desk = duties
        .iter()
        .find(|duty| {
            !duty["desk"].is_null() && duty["duty"]["owed"] == "yes" && !duty["duty"]["due"].is_null()
        })
        .expect("a duty on the desk");
    assert_eq!(on_desk["state"], "on-desk");
    let now = town.world.now();
    let proof = json!({
        "what": "filed in the portal", "at": now, "place": "BN-2026-0815", "sha256": "ab".repeat(32),
    });
    assert_eq!(enter_done(&town, APPROVER, &incident, on_desk, &proof).status, 403);
    for (name, bad) in [
        ("what", json!(" ")),
        ("place", json!("")),
        ("at", json!(now + jiff::SignedDuration::from_secs(1))),
        ("sha256", json!("ab")),
    ] {
        let mut wrong = proof.clone();
        wrong[name] = bad;
        assert_eq!(enter_done(&town, RESPONDER, &incident, on_desk, &wrong).status, 400, "{name}");
    }
    for _ in 0..2 {
        assert_eq!(enter_done(&town, RESPONDER, &incident, on_desk, &proof).status, 200);
    }
    let same = |shown: &serde_json::Value, id: &serde_json::Value| {
        let duties = shown["duties"].as_array().expect("duties");
        duties.iter().find(|duty| duty["duty"]["id"] == *id).expect("the duty").clone()
    };
    let met = same(&show(&town, &incident), &on_desk["duty"]["id"]);
    assert_eq!(met["state"], "met-by-word");
    assert_eq!(met["done"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        (&met["done"][0]["place"], &met["done"][0]["by"]),
        (&json!("BN-2026-0815"), &json!(RESPONDER))
    );
    // What notices fulfil is met by their receipts alone.
    let by_notice = duty(&show(&town, &incident), "eu-gdpr-individual", "DE").clone();
    assert_eq!(enter_done(&town, RESPONDER, &incident, &by_notice, &proof).body["on_desk"], false);
    let beside = same(&show(&town, &incident), &by_notice["duty"]["id"]);
    assert_eq!((&beside["state"], beside["done"].as_array().map(Vec::len)), (&json!("open"), Some(1)));
    // Its time comes and goes, and nobody is told of it; of others they are.
    town.world
        .advance_to(on_desk["duty"]["due"].as_str().expect("due").parse::<Timestamp>().expect("an instant"));
    minutes(&mut town, 2);
    let attention = show(&town, &incident)["incident"]["attention"].to_string();
    let of_it = format!(
        "{} ({}) is past",
        on_desk["duty"]["regime"].as_str().expect("a regime"),
        on_desk["duty"]["recipient"].as_str().expect("a recipient")
    );
    assert!(!attention.contains(&of_it), "{attention}");
    assert!(!attention.is_empty());
}

#[test]
fn an_incident_with_people_of_every_channel_ends_with_all_duties_met() {
    let mut people = customers(7);
    let unmailed = |customer: &Customer| Customer { email: String::new(), ..customer.clone() };
    people[0] = Customer { phone: PHONE.to_owned(), ..unmailed(&people[0]) };
    people[1] = unmailed(&people[1]);
    people[2] = Customer { post: Some(("7 Secret Street", "Hidden Town")), ..unmailed(&people[2]) };
    let (mut town, incident) = told_by_webhook(&people);
    minutes(&mut town, 2);
    let now = town.world.now();
    let inbox = town.storefront(proxied("shop", "1", now));
    let reference = inbox.body["notices"][0]["reference"].as_str().expect("a notice").to_owned();
    assert_eq!(town.storefront(read_by(proxied("shop", "1", now), &reference)).status, 200);
    let posted: Vec<_> = printed(&town, &incident)
        .iter()
        .map(|letter| json!({ "reference": letter["reference"], "at": now }))
        .collect();
    letters(&town, &incident, "posted", &json!({ "letters": posted }));
    for duty in show(&town, &incident)["duties"].as_array().expect("duties") {
        if !duty["desk"].is_null() && duty["duty"]["owed"] == "yes" {
            let proof = json!({ "what": "done by hand", "at": now, "place": "https://portal.example/1" });
            assert_eq!(enter_done(&town, RESPONDER, &incident, duty, &proof).status, 200);
        }
    }
    let shown = show(&town, &incident);
    let channels: std::collections::BTreeSet<&str> = shown["plan"]["waves"]
        .as_array()
        .expect("waves")
        .iter()
        .filter_map(|wave| wave["channel"].as_str())
        .collect();
    assert_eq!(channels, ["email", "in-app", "letter", "partner", "sms"].into());
    for duty in shown["duties"].as_array().expect("duties") {
        if duty["duty"]["owed"] == "yes" {
            let state = duty["state"].as_str().unwrap_or_default();
            assert!(matches!(state, "met" | "met-by-word"), "{state}: {:#}", duty["duty"]);
        }
    }
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
