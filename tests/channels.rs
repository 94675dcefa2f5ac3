//! The channels beyond e-mail, each from the plan to the receipt that ends it.

use serde_json::json;
use tocsin_ports::{Clock, Queue};
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
    town.world.set_fate(Some(Box::new(|_, call| (call == Call::Text).then_some(Fault::ErrorAfter))));
    town.drain();
    town.world.set_fate(None);
}
