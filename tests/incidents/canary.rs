//! A small share of a large wave goes first; the rest goes when its receipts had time to come, and not when they are bad.

use jiff::SignedDuration;
use serde_json::json;
use tocsin_ports::Clock;
use tocsin_tests::*;

/// A hundred and twenty people of one duty, of whom a tenth goes first.
fn with_a_canary(email: impl Fn(u32) -> String) -> (Town, String) {
    let mut people = customers(120);
    for customer in &mut people {
        (customer.country, customer.province, customer.locale) = ("IE", "", "en");
        customer.email = email(customer.id);
    }
    let mut settings = tenant("shop");
    settings["canary"] = json!({ "above": 100, "share_per_mille": 100, "minutes": 30 });
    let (town, incident) = leaked_of(&people, &settings, &json!({}));
    approve(&town, &incident);
    (town, incident)
}

fn to_people(town: &Town) -> usize {
    town.world.mails().iter().filter(|mail| !mail.to.starts_with("filings")).count()
}

#[test]
fn the_rest_follows_when_the_canary_has_gone_and_its_pause_is_over() {
    let (mut town, incident) = with_a_canary(|id| format!("person{id}@example.com"));
    let start = town.world.now();
    let mut counts = Vec::new();
    while town.world.now() < start + SignedDuration::from_mins(70) {
        town.minute();
        counts.push(to_people(&town));
    }
    let first = counts.iter().position(|count| *count == 12).expect("the canary alone");
    let rest = counts.iter().position(|count| *count == 120).expect("everybody");
    assert!(rest >= first + 30, "{counts:?}");
    assert!(counts.iter().all(|count| [0, 12, 120].contains(count)), "{counts:?}");
    let shown = show(&town, &incident);
    let duty = duty(&shown, "eu-gdpr-individual", "IE");
    assert_eq!((&duty["coverage"]["reached"], &duty["state"]), (&json!(120), &json!("met")), "{duty}");
}

#[test]
fn a_canary_that_bounces_stops_the_wave_behind_it_until_a_person_lets_it_go() {
    let (mut town, incident) = with_a_canary(|id| format!("bounce{id}@example.com"));
    for _ in 0..90 {
        town.minute();
    }
    assert_eq!(to_people(&town), 12);
    let attention = show(&town, &incident)["incident"]["attention"].as_array().cloned().expect("tasks");
    let paused = attention.iter().filter_map(|task| task.as_str()).find(|task| task.contains("--wave"));
    let paused = paused.expect("a person is asked");
    let wave: u32 =
        paused.split("--wave ").nth(1).and_then(|rest| rest.split(' ').next()?.parse().ok()).expect("N");
    let body = json!({ "reason": "the addresses are old, and owed a notice" });
    let resumed = town.console(
        RESPONDER,
        "POST",
        &format!("/console/tenants/shop/incidents/{incident}/waves/{wave}/resume"),
        &body,
    );
    assert_eq!(resumed.status, 200, "{}", resumed.body);
    for _ in 0..40 {
        town.minute();
    }
    assert!(to_people(&town) > 12);
}
