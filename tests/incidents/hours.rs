//! Whether everybody can be told in time, and that nobody is woken.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tocsin_ports::{Clock, Quota};
use tocsin_tests::*;

const PHONE: &str = "+4915112345678";

/// Seven people, the first of whom, in Germany, has a phone alone.
fn one_with_a_phone() -> Vec<Customer> {
    let mut customers = customers(7);
    customers[0].email = String::new();
    customers[0].phone = PHONE.to_owned();
    customers
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

#[test]
fn a_text_waits_for_the_morning_of_whom_it_is_for() {
    let (mut town, incident) = leaked(&one_with_a_phone());
    // In Berlin it is half past nine in the evening.
    town.world.advance_to(at("2026-11-23T20:30:00Z"));
    approve(&town, &incident);
    while town.world.now() < at("2026-11-24T06:30:00Z") {
        town.world.advance_to(town.world.now() + SignedDuration::from_mins(19));
        town.minute();
    }
    assert_eq!(town.world.texts().len(), 0, "a text at night");
    assert!(!town.world.mails().is_empty(), "mails go at any hour");
    town.world.advance_to(at("2026-11-24T07:00:00Z"));
    for _ in 0..3 {
        town.minute();
    }
    assert_eq!(town.world.texts().len(), 1);
}

#[test]
fn a_text_that_lay_on_its_queue_until_night_is_not_sent() {
    let (town, incident) = leaked(&one_with_a_phone());
    town.world.advance_to(at("2026-11-23T19:58:00Z"));
    approve(&town, &incident);
    let now = town.world.now();
    tick(async { dispatch::step(&town.world, now).await });
    town.world.advance_to(at("2026-11-23T20:01:00Z"));
    town.drain();
    assert_eq!(town.world.texts().len(), 0, "a text at night");
}

#[test]
fn a_plan_that_cannot_be_carried_out_in_time_says_so_at_once() {
    let town = Town::new();
    town.world.set_quota(Quota { a_second: 1, a_day: Some(2), sent: 2 });
    settle_in(&town, "shop", &customers(70));
    let shown = show(&town, &leak(&town));
    let attention = shown["incident"]["attention"].to_string();
    assert!(attention.contains("late"), "{attention}");
    assert!(!shown["outlook"]["shortfalls"].as_array().expect("shortfalls").is_empty());
}

#[test]
fn a_plan_that_can_has_a_latest_safe_start_and_is_watched() {
    let (mut town, incident) = leaked(&customers(70));
    let shown = show(&town, &incident);
    assert_eq!(shown["outlook"]["shortfalls"], json!([]), "{}", shown["incident"]["attention"]);
    let filing = |shown: &serde_json::Value| {
        let outlooks = shown["outlook"]["outlooks"].as_array().expect("outlooks").clone();
        outlooks.into_iter().find(|outlook| outlook["regime"] == "eu-gdpr-authority").expect("a filing")
    };
    let latest: Timestamp = at(filing(&shown)["latest_start"]["at"].as_str().expect("the latest safe start"));
    let needed = "waits for an approval that is needed now";
    let asked = |town: &Town| show(town, &incident)["incident"]["attention"].to_string().contains(needed);
    // Approvals take two hours by the tenant's word.
    for (before, expected) in [(130, false), (110, true)] {
        let until = latest - SignedDuration::from_mins(before);
        town.world.advance_to(until - SignedDuration::from_mins(16));
        for _ in 0..15 {
            town.minute();
        }
        assert_eq!(asked(&town), expected, "{before} minutes before {latest}");
    }
}

#[test]
fn a_canarys_pause_is_taken_off_the_time_for_an_approval() {
    let latest = |above: u32| {
        let mut people = customers(70);
        for customer in &mut people {
            (customer.country, customer.province, customer.locale) = ("BR", "", "pt-BR");
        }
        let mut settings = tenant("shop");
        settings["canary"] = json!({ "above": above, "share_per_mille": 100, "minutes": 30 });
        let (town, incident) = leaked_of(&people, &settings, &json!({}));
        let outlooks = show(&town, &incident)["outlook"]["outlooks"].as_array().expect("outlooks").clone();
        let of_the_people = outlooks.iter().filter(|outlook| outlook["regime"] == "br-lgpd-individual");
        of_the_people
            .map(|outlook| at(outlook["latest_start"]["at"].as_str().expect("a start")))
            .min()
            .expect("one")
    };
    let (with, without) = (latest(50), latest(1000));
    let earlier = without.duration_since(with);
    assert!(earlier >= SignedDuration::from_mins(30) && earlier < SignedDuration::from_mins(31), "{earlier}");
}
