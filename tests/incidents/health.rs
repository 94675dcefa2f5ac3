//! How channels do: what is counted of them, what it costs, and that nothing of a notice is decided by it.

use serde_json::{Value, json};
use tocsin_domain::wire::Message;
use tocsin_ports::{Clock, Metered};
use tocsin_tests::*;

fn counts(town: &Town, region: &str, channel: &str) -> Value {
    let answer = town.console(ADMINISTRATOR, "GET", "/console/health/24", &Value::Null);
    assert_eq!(answer.status, 200, "{}", answer.body);
    let channels = answer.body["channels"].as_array().expect("channels").clone();
    let of = |one: &Value| one["region"] == region && one["channel"] == channel;
    channels.into_iter().find(of).expect("a channel")["counts"].clone()
}

#[test]
fn hand_overs_are_counted_where_they_happen_and_receipts_where_they_arrive() {
    let mut people = customers(14);
    people[0].email = "bounce@example.com".to_owned();
    people[1] = Customer { email: String::new(), phone: "+447700900123".to_owned(), ..people[1].clone() };
    let (mut town, incident) = leaked(&people);
    approve(&town, &incident);
    town.minute();
    let home = counts(&town, "eu-central-1", "email");
    // Germany, France and the United Kingdom, and the filing; the person with a phone got a text.
    assert_eq!((&home["handed_over"], &home["accepted"]), (&json!(6), &json!(6)));
    assert_eq!(counts(&town, "us-east-1", "email")["accepted"], 6);
    assert_eq!(counts(&town, "eu-central-1", "sms")["accepted"], 1);
    // In memory every event arrives in one region.
    assert_eq!((&home["delivered"], &home["bounced"]), (&json!(13), &json!(1)));
    assert_eq!((&home["complained"], &home["took_0"]), (&json!(0), &json!(13)));
}

#[test]
fn an_event_that_comes_twice_may_count_twice_and_covers_once() {
    let (mut town, incident) = leaked(&customers(7));
    approve(&town, &incident);
    town.minute();
    let before = show(&town, &incident)["duties"].clone();
    let mail = town.world.mails()[0].clone();
    town.tell(&ses_event(&mail, town.world.now()));
    assert_eq!(counts(&town, "eu-central-1", "email")["delivered"], 9);
    assert_eq!(show(&town, &incident)["duties"], before);
}

#[test]
fn a_full_batch_costs_one_write_for_its_channel() {
    let (mut town, incident) = leaked(&customers(105));
    approve(&town, &incident);
    let now = town.world.now();
    run(dispatch::step(&town.world, now));
    town.drain();
    let mails = town.world.mails();
    let mut found = Vec::new();
    for mail in mails.iter().take(100) {
        let body = ses_event(mail, now).to_string();
        found.extend(
            run(receipts::read(&town.world, Message { body: &body, sent_at: now }, now)).expect("an event"),
        );
    }
    let waves: std::collections::BTreeSet<&str> = mails
        .iter()
        .take(100)
        .filter_map(|mail| mail.tags["chunk"].rsplit_once('-'))
        .map(|(wave, _)| wave)
        .collect();
    let before = town.world.usage().write_units;
    run(receipts::append(&town.world, found)).expect("a store");
    let units = town.world.usage().write_units - before;
    // Two to three units a wave for its receipts, which are one item, and one for all counts.
    assert!(units <= 3.0 * waves.len() as f64 + 1.0, "{units} units, {} waves", waves.len());
    town.minute();
}

#[test]
fn health_is_for_administrators() {
    let town = Town::new();
    settle_in(&town, "shop", &customers(1));
    assert_eq!(town.console(RESPONDER, "GET", "/console/health/24", &Value::Null).status, 403);
    assert_eq!(town.console(ADMINISTRATOR, "GET", "/console/health/-1", &Value::Null).status, 404);
}
