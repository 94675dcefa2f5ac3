//! The channels beyond e-mail, each from the plan to the receipt that ends it.

use jiff::Timestamp;
use serde_json::json;
use tocsin_ports::{Clock, Queue};
use tocsin_stage::http::Request;
use tocsin_tests::*;

use crate::letters::{letters, printed};
use crate::partners::told_by_webhook;

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
fn a_line_that_cannot_be_read_keeps_no_other_of_its_pack_back() {
    let (mut town, incident) = leaked(&with_a_phone());
    approve(&town, &incident);
    town.minute();
    let [text] = town.world.texts().try_into().expect("one text");
    let line = sns_text_line(&text, town.world.now());
    town.tell(&packed_lines(&[json!({ "status": "of another kind" }), line]));
    let shown = show(&town, &incident);
    assert_eq!(duty(&shown, "eu-gdpr-individual", "FR")["coverage"]["reached"], 1);
    let [parked] = town.world.parked().try_into().expect("the pack is kept");
    assert!(parked.contains("1 of its 2 events"), "{parked}");
    assert!(!parked.contains(PHONE));
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
    town.each_minute_of(2);
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
    town.each_minute_of(2);
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
