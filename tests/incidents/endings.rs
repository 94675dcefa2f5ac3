//! Incidents that are over cost nothing, until something happens to them.

use jiff::SignedDuration;
use serde_json::json;
use tocsin_ports::Clock;
use tocsin_tests::*;

/// How many calls one tick of `watch` makes.
fn calls(town: &Town) -> u64 {
    let before = town.world.calls();
    tick(async { watch::step(&town.world, town.world.now()).await });
    town.world.calls() - before
}

fn logged(town: &Town, action: &str) -> usize {
    town.world.home_as_text().matches(action).count()
}

fn enter_all_on_the_desk(town: &Town, incident: &str) {
    let now = town.world.now();
    for duty in show(town, incident)["duties"].as_array().expect("duties") {
        if !duty["desk"].is_null() && duty["duty"]["owed"] == "yes" {
            let proof = json!({ "what": "done by hand", "at": now, "place": "https://portal.example/1" });
            let obligation = duty["duty"]["id"].as_str().expect("an id");
            assert_eq!(
                act(town, RESPONDER, incident, &format!("duties/{obligation}/done"), &proof).status,
                200
            );
        }
    }
}

/// A town in which an incident is over, and how many calls a tick made before there was one.
fn over() -> (Town, String, u64) {
    let mut town = Town::new();
    settle_in(&town, "shop", &customers(7));
    put_settings(&town, &without_an_inbox(), &json!({}));
    town.each_minute_of(3);
    let quiet = calls(&town);
    let incident = leak(&town);
    approve(&town, &incident);
    town.each_minute_of(5);
    enter_all_on_the_desk(&town, &incident);
    assert!(calls(&town) > quiet);
    town.each_minute_of(20);
    assert_eq!(logged(&town, "incident-ended"), 1);
    (town, incident, quiet)
}

#[test]
fn an_incident_whose_duties_are_all_met_costs_a_tick_nothing() {
    let (mut town, _, quiet) = over();
    for _ in 0..20 {
        town.minute();
        assert_eq!(calls(&town), quiet);
    }
    assert_eq!(logged(&town, "incident-ended"), 1);
}

#[test]
fn a_late_bounce_has_it_watched_again_until_people_know_that_the_duty_is_owed() {
    let (mut town, incident, quiet) = over();
    let mail =
        town.world.mails().into_iter().find(|mail| mail.to == "filings@authority.example").expect("a mail");
    town.world.advance_to(town.world.now() + SignedDuration::from_hours(365 * 24));
    town.tell(&ses_bounce(&mail, town.world.now()));
    town.each_minute_of(2);
    assert_eq!(logged(&town, "incident-taken-up"), 1);
    let attention = show(&town, &incident)["incident"]["attention"].to_string();
    assert!(attention.contains("its time is over; it is late"), "{attention}");
    town.each_minute_of(20);
    assert_eq!(logged(&town, "incident-ended"), 2, "what is past and said to be so is over");
    town.each_minute_of(2);
    assert_eq!(calls(&town), quiet);
}

#[test]
fn an_amendment_has_it_watched_again_and_a_cancel_ends_it_for_good() {
    let (mut town, incident, quiet) = over();
    let amendment =
        json!({ "to_those_told": "correction", "read_anew": false, "reason": "the facts were wrong" });
    assert_eq!(act(&town, RESPONDER, &incident, "amend", &amendment).status, 200);
    town.each_minute_of(20);
    assert!(calls(&town) > quiet, "a plan waits for its approval");
    assert_eq!(logged(&town, "incident-ended"), 1);
    assert_eq!(act(&town, RESPONDER, &incident, "cancel", &json!({ "reason": "a false alarm" })).status, 200);
    town.each_minute_of(20);
    assert_eq!((logged(&town, "incident-ended"), calls(&town)), (2, quiet));
}
