//! What must hold for every incident.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{find, findings};
use crate::{Finding, Owed, RulePack};

fn places() -> Vec<String> {
    let members = RulePack::shipped().books.iter().flat_map(|book| &book.members);
    let books = RulePack::shipped().books.iter().map(|book| &book.jurisdiction);
    let mut places: Vec<String> = members.chain(books).map(ToString::to_string).collect();
    places.extend(["AQ", "DE-BY", "CA-ON"].map(str::to_owned));
    places
}

fn arbitrary_facts() -> impl Strategy<Value = Value> {
    let data =
        prop::sample::subsequence(vec!["name", "email", "ssn", "password", "health", "pan", "odd"], 0..5);
    let sectors = prop::sample::subsequence(
        vec![
            "hipaa-covered-entity",
            "nis2-important",
            "dora-financial-entity",
            "glba-safeguards",
            "sec-registrant",
        ],
        0..3,
    );
    let affected = prop::collection::btree_map(prop::sample::select(places()), 0_u64..12_000, 0..6);
    let optional = || prop::option::of(any::<bool>());
    let risk = prop::option::of(prop::sample::select(vec!["none", "risk", "high"]));
    let seat = prop::sample::select(vec![None, Some("DE"), Some("US"), Some("JP"), Some("GB")]);
    let zone =
        prop::sample::select(vec!["America/New_York", "Europe/Berlin", "Asia/Tokyo", "Pacific/Auckland"]);
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), optional(), optional(), optional());
    ((data, sectors, affected, risk, seat, zone), (clocks(), hold(), cards()), flags).prop_map(
        |((data, sectors, affected, risk, seat, zone), (clocks, hold, cards), flags)| {
            let (encrypted, key, processor, harm, improper, backup) = flags;
            json!({
                "clocks": clocks,
                "controller": {"time_zone": zone, "country": seat, "sectors": sectors},
                "affected": affected, "data": data, "risk": risk, "encrypted": encrypted, "key_compromised": key,
                "significant_harm": harm, "improper_purpose": improper, "backup": backup, "processor": processor,
                "law_enforcement_hold": hold, "payment_cards": cards,
            })
        },
    )
}

fn start() -> jiff::Timestamp {
    "2026-03-01T00:00:00Z".parse().expect("an instant")
}

/// Some of the clocks, each after those that it cannot lie before; some of them at one instant.
fn clocks() -> impl Strategy<Value = BTreeMap<&'static str, String>> {
    let in_order = vec![
        "occurrence",
        "suspicion",
        "processor_awareness",
        "awareness",
        "discovery",
        "confirmation",
        "determination",
        "classification",
        "individual_notice_sent",
    ];
    let named = prop::sample::subsequence(in_order, 1..6);
    let steps = prop::collection::vec(prop_oneof![Just(0), 0_i64..200_000], 6);
    (named, 0_i64..63_072_000, steps).prop_map(|(named, first, steps)| {
        let mut at = start() + jiff::SignedDuration::from_secs(first);
        let mut clocks = BTreeMap::new();
        for (clock, step) in named.into_iter().zip(steps) {
            at += jiff::SignedDuration::from_secs(step);
            clocks.insert(clock, at.to_string());
        }
        clocks
    })
}

fn hold() -> impl Strategy<Value = Value> {
    let at = |second: i64| (start() + jiff::SignedDuration::from_secs(second)).to_string();
    let hold = (0_i64..63_072_000, prop::option::of(0_i64..20_000_000)).prop_map(
        move |(from, lasts)| json!({"from": at(from), "lifted": lasts.map(|lasts| at(from + lasts))}),
    );
    prop_oneof![2 => Just(Value::Null), 1 => hold]
}

fn cards() -> impl Strategy<Value = Value> {
    let brands =
        prop::collection::btree_map(prop::sample::select(vec!["visa", "amex", "elo"]), 0_u64..50, 0..3);
    let cards =
        (0_u64..100, brands).prop_map(|(accounts, brands)| json!({"accounts": accounts, "brands": brands}));
    prop_oneof![2 => Just(Value::Null), 1 => cards]
}

/// Less is owed: from owed to a question or to nothing, or from a question to nothing.
fn weaker(before: Owed, after: Owed) -> bool {
    let weight = |owed: Owed| match owed {
        Owed::No => 0,
        Owed::AskCounsel => 1,
        Owed::Yes => 2,
    };
    weight(after) < weight(before)
}

/// The answer to the same duty afterwards: no less is owed, and no later.
fn no_weaker<'a>(
    old: &Finding<'_>,
    after: &'a [Finding<'static>],
) -> Result<&'a Finding<'static>, TestCaseError> {
    let new = after.iter().find(|new| new.regime == old.regime && new.jurisdiction == old.jurisdiction);
    let Some(new) = new else {
        return Err(TestCaseError::fail(format!("{} of {} is gone", old.regime, old.jurisdiction)));
    };
    prop_assert!(!weaker(old.owed, new.owed), "{}: {} then {}", old.regime, old.owed, new.owed);
    if let Some(due) = old.due {
        let in_time = new.due.is_some_and(|later| later <= due);
        prop_assert!(in_time, "{}: {:?} then {:?}", old.regime, old.due, new.due);
    }
    Ok(new)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn more_people_never_owe_less_nor_later(given in arbitrary_facts(), place in prop::sample::select(places()), more in 1_u64..2_000_000) {
        let before = findings(given.clone());
        let mut grown = given;
        let old = grown["affected"][&place].as_u64().unwrap_or(0);
        grown["affected"][&place] = json!(old + more);
        let after = findings(grown);
        for old in before.iter().filter(|finding| finding.owed != Owed::No) {
            // The yearly log of small breaches gives way to the notice of a large one, which is due earlier.
            if old.regime == "us-hipaa-hhs-annual" && find(&after, "us-hipaa-hhs-500").owed == Owed::Yes {
                continue;
            }
            no_weaker(old, &after)?;
        }
    }

    #[test]
    fn more_kinds_of_data_never_owe_less_nor_later(
        given in arbitrary_facts(),
        word in prop::sample::select(vec!["phone", "orders", "ssn", "password", "medical", "iban", "gps", "minors", "odd too"]),
    ) {
        // While no kind is stated, the data could be of any: the first word may narrow that.
        prop_assume!(given["data"].as_array().is_some_and(|words| !words.is_empty()));
        let before = findings(given.clone());
        let mut grown = given;
        grown["data"].as_array_mut().expect("a list").push(json!(word));
        let after = findings(grown);
        for old in before.iter().filter(|finding| finding.owed != Owed::No) {
            let new = no_weaker(old, &after)?;
            prop_assert!(new.required.is_superset(&old.required), "{} requires less", old.regime);
        }
    }

    #[test]
    fn a_lost_key_never_owes_less(given in arbitrary_facts()) {
        let mut safe = given.clone();
        safe["key_compromised"] = json!(false);
        let mut lost = given;
        lost["key_compromised"] = json!(true);
        let lost = findings(lost);
        for old in findings(safe) {
            let new = lost.iter().find(|new| new.regime == old.regime && new.jurisdiction == old.jurisdiction);
            let still = new.map_or(Owed::No, |new| new.owed);
            prop_assert!(!weaker(old.owed, still), "{}: {} then {}", old.regime, old.owed, still);
        }
    }

    #[test]
    fn every_answer_has_a_reason_and_every_place_an_answer(given in arbitrary_facts()) {
        let all = findings(given.clone());
        for finding in &all {
            prop_assert!(!finding.reasons.is_empty(), "{}", finding.regime);
            prop_assert!(!finding.citation.is_empty() && !finding.recipient.is_empty(), "{}", finding.regime);
            prop_assert!(finding.owed != Owed::No || finding.due.is_none(), "{}", finding.regime);
            prop_assert!(finding.due.is_none_or(|due| finding.counted_from.is_some_and(|(_, from)| due >= from)), "{}", finding.regime);
        }
        let affected = given["affected"].as_object().expect("a map");
        for place in affected.iter().filter(|(_, people)| people.as_u64() > Some(0)).map(|(place, _)| place) {
            let country = place.split('-').next().unwrap_or(place);
            let answered = all.iter().any(|finding| [place.as_str(), country].contains(&finding.jurisdiction.as_str()));
            prop_assert!(answered, "{place}");
        }
    }

    #[test]
    fn the_same_facts_give_the_same_answer(given in arbitrary_facts()) {
        prop_assert_eq!(findings(given.clone()), findings(given));
    }
}
