//! What is known of a person's notice is the same in whatever order its events come in.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tocsin_ports::Clock;
use tocsin_tests::*;

const KINDS: [&str; 6] = ["Send", "Delivery", "Complaint", "Bounce", "DeliveryDelay", "Reject"];

/// Every order of every subset of the kinds.
fn orders() -> Vec<Vec<&'static str>> {
    let mut orders: Vec<Vec<&str>> = vec![Vec::new()];
    let mut from = 0;
    while from < orders.len() {
        let longer: Vec<Vec<&str>> = KINDS
            .into_iter()
            .filter(|kind| !orders[from].contains(kind))
            .map(|kind| orders[from].iter().copied().chain([kind]).collect())
            .collect();
        orders.extend(longer);
        from += 1;
    }
    orders
}

/// A complaint proves that somebody saw the mail. Else a bounce outweighs a delivery, and so does a mail that was never sent.
fn state(kinds: &[&str]) -> &'static str {
    let has = |kind| kinds.contains(&kind);
    match (has("Complaint"), has("Bounce"), has("Reject"), has("Delivery")) {
        (true, _, _, _) | (false, false, false, true) => "reached",
        (false, true, _, _) => "bounced",
        (false, false, true, _) => "never-sent",
        (false, false, false, false) => "pending",
    }
}

#[test]
fn events_in_every_order_of_every_subset_come_to_the_same() {
    let orders = orders();
    assert_eq!(orders.len(), 1957);
    let mut people = customers(orders.len() as u32);
    for customer in &mut people {
        (customer.country, customer.province, customer.locale) = ("IE", "", "en");
    }
    let mut settings = without_an_inbox();
    settings["canary"]["above"] = json!(people.len());
    let (mut town, incident) = leaked_of(&people, &settings, &json!({}));
    approve(&town, &incident);
    town.silence_providers();
    for _ in 0..5 {
        town.minute();
    }
    let mails: BTreeMap<String, _> =
        town.world.mails().into_iter().map(|mail| (mail.to.clone(), mail)).collect();
    let mut expected: BTreeMap<&str, u64> = BTreeMap::new();
    for (customer, order) in people.iter().zip(&orders) {
        *expected.entry(state(order)).or_default() += 1;
        for kind in order {
            let mail = &mails[&customer.email];
            town.tell(&ses_event_of(kind, mail, town.world.now()));
        }
    }
    let coverage = duty(&show(&town, &incident), "eu-gdpr-individual", "IE")["coverage"].clone();
    let unreachable = &coverage["unreachable"];
    let shown: BTreeMap<&str, &Value> = [
        ("reached", &coverage["reached"]),
        ("pending", &coverage["pending"]),
        ("bounced", &unreachable["bounced"]),
        ("never-sent", &unreachable["never-sent"]),
    ]
    .into();
    let expected: BTreeMap<&str, Value> =
        expected.into_iter().map(|(state, people)| (state, json!(people))).collect();
    assert_eq!(shown, expected.iter().map(|(state, people)| (*state, people)).collect());
}
