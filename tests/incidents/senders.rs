//! Whoever approves sees where mail would go out that nobody signs.

use serde_json::Value;
use tocsin_ports::SenderStanding;
use tocsin_tests::*;

const HERE: &str = "eu-central-1";
const THERE: &str = "us-east-1";

/// People of two regions.
fn settled() -> Town {
    let town = Town::new();
    settle_in(&town, "shop", &customers(20));
    town
}

/// What is said of signatures to whoever approves.
fn said(town: &Town, incident: &str) -> Vec<String> {
    let shown = show(town, incident);
    let regions: Vec<&Value> =
        shown["plan"]["waves"].as_array().expect("waves").iter().map(|wave| &wave["region"]).collect();
    assert!(regions.iter().any(|region| *region == HERE) && regions.iter().any(|region| *region == THERE));
    let attention = shown["incident"]["attention"].as_array().expect("lines");
    let lines = attention.iter().filter_map(Value::as_str).filter(|line| line.contains("senders.email_from"));
    lines.map(str::to_owned).collect()
}

#[test]
fn of_a_sender_who_is_signed_for_nothing_is_said() {
    let town = settled();
    let incident = leak(&town);
    assert_eq!(said(&town, &incident), Vec::<String>::new());
}

#[test]
fn the_region_that_does_not_sign_is_named_and_the_plan_goes_out_all_the_same() {
    for (standing, words) in [
        (SenderStanding::Unsigned, "is not signed (DKIM)"),
        (SenderStanding::Unverified, "takes no mail from the sender"),
    ] {
        let mut town = settled();
        town.world.set_senders_of(THERE, Some(standing));
        let incident = leak(&town);
        let said = said(&town, &incident);
        let [line] = &said[..] else { panic!("{said:?}") };
        assert!(line.starts_with(&format!("{THERE}: ")) && line.contains(words), "{line}");
        assert!(!line.contains('@'), "{line}");
        approve(&town, &incident);
        town.each_minute_of(5);
        assert!(!town.world.mails().is_empty());
    }
}

#[test]
fn where_it_cannot_be_asked_it_is_said_that_it_is_not_known() {
    let town = settled();
    town.world.set_senders_of(THERE, None);
    let incident = leak(&town);
    let said = said(&town, &incident);
    let [line] = &said[..] else { panic!("{said:?}") };
    assert!(line.starts_with(&format!("{THERE}: it is not known")), "{line}");
}
