//! A small share of a large wave goes first; the rest goes when its receipts had time to come, and not when they are bad.

use std::rc::Rc;

use jiff::SignedDuration;
use serde_json::{Value, json};
use tocsin_ports::memory::{Call, Fault, Verdict, World};
use tocsin_ports::{Clock, Mail};
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

/// What people are asked about the wave behind the canary, with its number.
fn asked(town: &Town, incident: &str) -> Option<(u32, String)> {
    let attention = show(town, incident)["incident"]["attention"].as_array().cloned().expect("tasks");
    let task = attention.iter().filter_map(Value::as_str).find(|task| task.contains(" of its canary"))?;
    Some((task.split(' ').nth(1)?.parse().ok()?, task.to_owned()))
}

fn resume(town: &Town, incident: &str, wave: u32) {
    let body = json!({ "reason": "we found out" });
    let resumed = act(town, RESPONDER, incident, &format!("waves/{wave}/resume"), &body);
    assert_eq!(resumed.status, 200, "{}", resumed.body);
}

/// How often the log has a leaf of this action.
fn leaves(town: &Town, action: &str) -> usize {
    town.world.home_as_text().matches(action).count()
}

/// A person is asked with these words, once and not before the pause is over; nothing but the canary goes until they let
/// the rest go, which then does.
fn the_rest_waits_for_a_person(town: &mut Town, incident: &str, canary: usize, words: &str) {
    town.each_minute_of(25);
    assert_eq!((asked(town, incident), to_people(town)), (None, canary));
    town.each_minute_of(65);
    let (wave, task) = asked(town, incident).expect("a person is asked");
    assert!(task.contains(words) && task.contains("incident resume --tenant shop"), "{task}");
    assert_eq!((leaves(town, "wave-paused"), leaves(town, "wave-resumed")), (1, 0));
    let canary = to_people(town);
    town.each_minute_of(180);
    assert_eq!(to_people(town), canary, "by itself it goes no more");
    resume(town, incident, wave);
    town.each_minute_of(10);
    assert_eq!((to_people(town), asked(town, incident)), (canary + 108, None));
    assert_eq!((leaves(town, "wave-paused"), leaves(town, "wave-resumed")), (1, 1));
}

#[test]
fn where_no_receipt_of_the_canary_comes_the_rest_waits_for_a_person() {
    let (mut town, incident) = with_a_canary(|id| format!("person{id}@example.com"));
    town.silence_providers();
    the_rest_waits_for_a_person(&mut town, &incident, 12, "of 0 of the 12 notices of its canary alone");
}

#[test]
fn half_of_the_canary_is_enough_and_less_is_not() {
    for (told, goes) in [(6, true), (5, false)] {
        let (mut town, incident) = with_a_canary(|id| format!("person{id}@example.com"));
        town.silence_providers();
        town.each_minute_of(5);
        for mail in town.world.mails().iter().filter(|mail| !mail.to.starts_with("filings")).take(told) {
            town.tell(&ses_event(mail, town.world.now()));
        }
        town.each_minute_of(60);
        assert_eq!((to_people(&town) == 120, asked(&town, &incident).is_none()), (goes, goes), "{told}");
    }
}

fn to_a_person(mail: &Mail) -> bool {
    mail.to.personal().expose().starts_with("person")
}

#[test]
fn where_the_canarys_call_is_refused_as_a_whole_the_rest_waits_for_a_person() {
    let (mut town, incident) = with_a_canary(|id| format!("person{id}@example.com"));
    let refuses = |mails: &[Mail]| (!mails.iter().any(to_a_person)).then(|| vec![Verdict::Take; mails.len()]);
    town.world.set_provider(Some(Box::new(refuses)));
    town.each_minute_of(25);
    assert_eq!(asked(&town, &incident), None);
    town.each_minute_of(65);
    let (wave, task) = asked(&town, &incident).expect("a person is asked");
    assert!(task.contains("1 of the 1 chunks of its canary have no end"), "{task}");
    town.world.set_provider(None);
    town.each_minute_of(180);
    assert_eq!(to_people(&town), 12, "the canary went at last, and the rest does not by itself");
    resume(&town, &incident, wave);
    town.each_minute_of(10);
    assert_eq!(to_people(&town), 120);
}

#[test]
fn where_nobody_knows_whether_the_canary_went_the_rest_waits_for_a_person() {
    let (mut town, incident) = with_a_canary(|id| format!("person{id}@example.com"));
    let fails = |_: &World, call: Call<'_>| (call == Call::Mail).then_some(Fault::ErrorAfter);
    town.world.set_fate(Some(Rc::new(fails)));
    town.silence_providers();
    town.each_minute_of(90);
    let (_, task) = asked(&town, &incident).expect("a person is asked");
    assert!(task.contains("1 of the 1 chunks of its canary have no end"), "{task}");
}

#[test]
fn a_canary_that_is_refused_notice_by_notice_stops_the_rest() {
    let (mut town, incident) = with_a_canary(|id| format!("person{id}@example.com"));
    town.world.set_provider(Some(Box::new(|mails| {
        let verdict = |mail| if to_a_person(mail) { Verdict::Refuse } else { Verdict::Take };
        Some(mails.iter().map(verdict).collect())
    })));
    town.each_minute_of(90);
    let attention = show(&town, &incident)["incident"]["attention"].to_string();
    assert!(attention.contains("its canary: of 0 notices that the provider took"), "{attention}");
    assert!(attention.contains("12 more it refused"), "{attention}");
    town.world.set_provider(None);
    town.each_minute_of(60);
    assert_eq!((to_people(&town), leaves(&town, "wave-paused")), (0, 1));
}

#[test]
fn of_a_canary_half_of_which_bounces_the_rest_waits() {
    let (mut town, incident) = with_a_canary(|id| {
        let kind = if id % 2 == 0 { "bounce" } else { "person" };
        format!("{kind}{id}@example.com")
    });
    town.each_minute_of(90);
    let sent = town.mails_by_address();
    let bounced = sent.keys().filter(|to| to.starts_with("bounce")).count();
    assert!((4..=8).contains(&bounced) && to_people(&town) == 12, "{sent:?}");
    let attention = show(&town, &incident)["incident"]["attention"].to_string();
    assert!(attention.contains("its canary: of 12 notices that the provider took"), "{attention}");
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
