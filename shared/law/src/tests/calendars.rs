//! The shipped calendars against days that were published, and counts made by hand.

use jiff::civil::{Date, date};
use serde_json::json;

use super::{facts, find, findings};
use crate::{Calendar, RulePack, Source, evaluate};

fn calendar(name: &str) -> &'static Calendar {
    RulePack::shipped().calendar(name).unwrap_or_else(|| panic!("{name} is shipped"))
}

/// Days by calendar, as (year, month, day).
type Days = &'static [(&'static str, &'static [(i16, i8, i8)])];

/// Days that are free for a reason, each on a day that is no weekend.
const FREE: Days = &[
    (
        "br-national",
        &[(2025, 4, 18), (2025, 4, 21), (2025, 11, 20), (2026, 9, 7), (2026, 11, 2), (2027, 10, 12)],
    ),
    // Radunitsa on 14 May 2024, 29 April 2025, 21 April 2026 and 11 May 2027; Mondays and Fridays that were made up.
    (
        "by-national",
        &[
            (2024, 5, 13),
            (2024, 5, 14),
            (2025, 1, 6),
            (2025, 4, 29),
            (2025, 12, 26),
            (2026, 4, 20),
            (2026, 4, 21),
            (2027, 5, 11),
        ],
    ),
    // Epiphany, Saint Joseph, Sacred Heart with Saint Peter, Chiquinquira, All Saints, Cartagena: on Mondays.
    (
        "co-national",
        &[
            (2024, 3, 28),
            (2025, 6, 30),
            (2025, 11, 3),
            (2025, 11, 17),
            (2026, 1, 12),
            (2026, 3, 23),
            (2026, 5, 18),
            (2026, 7, 13),
        ],
    ),
    (
        "cr-national",
        &[
            (2024, 4, 15),
            (2024, 7, 25),
            (2024, 8, 15),
            (2025, 4, 17),
            (2025, 8, 15),
            (2026, 4, 3),
            (2026, 12, 1),
        ],
    ),
    (
        "ec-national",
        &[
            (2024, 11, 1),
            (2024, 11, 4),
            (2025, 1, 3),
            (2025, 5, 2),
            (2025, 8, 11),
            (2025, 11, 4),
            (2026, 1, 2),
            (2026, 2, 17),
            (2026, 5, 25),
            (2027, 11, 1),
            (2029, 11, 1),
        ],
    ),
    (
        "eg-national",
        &[
            (2024, 6, 18),
            (2025, 4, 24),
            (2025, 7, 3),
            (2025, 10, 9),
            (2026, 1, 29),
            (2026, 3, 23),
            (2026, 4, 13),
        ],
    ),
    ("eu-common", &[(2025, 1, 1), (2025, 12, 25), (2026, 1, 1), (2026, 12, 25), (2027, 1, 1)]),
    (
        "jp-national",
        &[(2025, 5, 6), (2026, 5, 6), (2026, 9, 22), (2026, 12, 29), (2027, 3, 22), (2028, 1, 3)],
    ),
    // The calendars that the government published, with the days in lieu.
    (
        "kz-national",
        &[
            (2024, 5, 8),
            (2025, 1, 3),
            (2025, 3, 10),
            (2025, 9, 1),
            (2026, 3, 24),
            (2026, 3, 25),
            (2026, 5, 11),
            (2026, 5, 27),
            (2026, 10, 26),
            (2027, 3, 15),
        ],
    ),
    ("us-ca", &[(2025, 6, 19), (2026, 10, 12), (2027, 7, 5), (2028, 11, 10), (2028, 12, 25)]),
    (
        "us-federal",
        &[(2025, 1, 20), (2026, 7, 3), (2027, 6, 18), (2027, 12, 24), (2027, 12, 31), (2028, 11, 10)],
    ),
    ("us-ia", &[(2025, 2, 17), (2026, 7, 3), (2026, 11, 26), (2027, 7, 5), (2027, 12, 31)]),
    ("us-il", &[(2025, 6, 19), (2025, 11, 11), (2026, 10, 12), (2027, 7, 5), (2028, 5, 29)]),
    ("us-me", &[(2025, 6, 19), (2026, 10, 12), (2027, 5, 31), (2027, 7, 5), (2028, 5, 29)]),
    ("us-ny", &[(2025, 1, 20), (2026, 2, 16), (2026, 11, 26), (2027, 7, 5), (2028, 10, 9)]),
    ("us-vt", &[(2025, 6, 19), (2026, 7, 3), (2026, 10, 12), (2027, 6, 18), (2027, 7, 5)]),
];

/// Days that look free and are worked.
const WORKED: Days = &[
    ("br-national", &[(2026, 2, 17), (2026, 6, 4)]), // Carnival and Corpus Christi are optional
    ("by-national", &[(2024, 11, 16), (2025, 12, 20), (2026, 4, 25), (2026, 3, 9)]),
    ("co-national", &[(2025, 7, 14), (2026, 1, 6), (2026, 3, 19), (2026, 7, 9)]),
    ("cr-national", &[(2024, 4, 11), (2024, 7, 29), (2024, 8, 19), (2026, 10, 12)]),
    ("ec-national", &[(2024, 10, 31), (2025, 5, 1), (2027, 11, 3), (2028, 5, 24)]),
    ("eg-national", &[(2025, 6, 30), (2025, 7, 23), (2026, 1, 25), (2027, 5, 16)]), // the last hangs on the moon
    ("eu-common", &[(2026, 4, 6), (2026, 5, 1)]),
    ("jp-national", &[(2026, 12, 28), (2027, 1, 4)]),
    ("kz-national", &[(2024, 5, 4), (2025, 1, 5), (2025, 1, 8), (2026, 8, 31), (2027, 8, 30)]),
    ("us-ca", &[(2026, 3, 31), (2026, 7, 3), (2026, 11, 27)]),
    ("us-federal", &[(2026, 2, 12), (2026, 11, 27)]),
    ("us-ia", &[(2026, 2, 12), (2026, 6, 19), (2026, 10, 12), (2026, 11, 27)]),
    // Lincoln's Birthday, Good Friday, Election Day and the day after Thanksgiving are on one list alone.
    ("us-il", &[(2026, 2, 12), (2026, 3, 2), (2026, 4, 3), (2026, 11, 3), (2026, 11, 27)]),
    ("us-me", &[(2026, 4, 20), (2026, 7, 3)]),
    ("us-ny", &[(2026, 2, 12), (2026, 7, 3), (2026, 11, 3), (2026, 11, 27)]),
    ("us-vt", &[(2026, 3, 3), (2027, 8, 16)]),
];

#[test]
fn the_shipped_calendars_keep_the_published_days() {
    let days = |table: Days| {
        table.iter().flat_map(|(name, days)| days.iter().map(|&(y, m, d)| (*name, date(y, m, d))))
    };
    for (name, day) in days(FREE) {
        assert!(!calendar(name).is_business_day(day), "{name}: {day} is free");
    }
    for (name, day) in days(WORKED) {
        assert!(calendar(name).is_business_day(day), "{name}: {day} is worked");
    }
    for name in RulePack::shipped().calendars.keys() {
        let listed = |table: Days| table.iter().find(|(known, _)| known == name).map(|row| row.1.len());
        assert!(
            listed(FREE).is_some_and(|days| days >= 5) && listed(WORKED).is_some(),
            "{name} has no table"
        );
        assert!((2024..=2032).all(|year| calendar(name).knows(date(year, 6, 1))), "{name} has a gap");
    }
}

#[test]
fn business_days_are_counted_over_moved_holidays_and_year_ends() {
    let cases: &[(&str, Date, u32, Date)] = &[
        ("br-national", date(2026, 11, 19), 1, date(2026, 11, 23)),
        ("br-national", date(2026, 12, 23), 3, date(2026, 12, 29)),
        ("by-national", date(2026, 4, 17), 3, date(2026, 4, 24)), // over Radunitsa
        ("by-national", date(2026, 4, 22), 3, date(2026, 4, 25)), // to the Saturday that makes up for it
        ("by-national", date(2026, 12, 31), 3, date(2027, 1, 6)),
        ("co-national", date(2025, 12, 19), 15, date(2026, 1, 14)),
        ("co-national", date(2026, 6, 26), 15, date(2026, 7, 22)), // 29 June, 13 and 20 July
        ("cr-national", date(2026, 3, 31), 5, date(2026, 4, 9)),
        ("cr-national", date(2026, 12, 24), 5, date(2027, 1, 4)),
        ("ec-national", date(2025, 10, 8), 3, date(2025, 10, 15)),
        ("ec-national", date(2026, 10, 30), 5, date(2026, 11, 10)),
        ("ec-national", date(2027, 12, 23), 5, date(2028, 1, 3)), // 24 and 31 December are free
        ("eg-national", date(2026, 1, 28), 3, date(2026, 2, 3)),
        ("eg-national", date(2026, 3, 18), 1, date(2026, 3, 24)),
        ("jp-national", date(2026, 12, 28), 1, date(2027, 1, 4)),
        ("kz-national", date(2025, 1, 2), 1, date(2025, 1, 5)), // a Sunday that was worked
        ("kz-national", date(2026, 3, 20), 1, date(2026, 3, 26)),
        ("kz-national", date(2026, 12, 31), 1, date(2027, 1, 5)), // 2 January is a Saturday
        ("us-ca", date(2026, 10, 5), 15, date(2026, 10, 27)),
        ("us-ia", date(2026, 10, 8), 5, date(2026, 10, 15)),
        ("us-me", date(2026, 3, 16), 7, date(2026, 3, 25)),
        ("us-me", date(2026, 7, 1), 2, date(2026, 7, 3)),
        ("us-vt", date(2026, 12, 14), 14, date(2027, 1, 5)),
        ("us-vt", date(2027, 2, 26), 3, date(2027, 3, 3)),
    ];
    for &(name, from, n, want) in cases {
        assert_eq!(calendar(name).after(from, n), Some(want), "{name}: {from} + {n}");
    }
}

/// The reasons of one duty for five residents of one state.
fn reasons(regime: &str, state: &str, clocks: serde_json::Value, hold: serde_json::Value) -> Vec<String> {
    let findings = findings(json!({
        "clocks": clocks,
        "controller": {"time_zone": "America/New_York"},
        "affected": {state: 5},
        "data": ["name", "ssn"],
        "risk": "high",
        "law_enforcement_hold": hold,
    }));
    find(&findings, regime).reasons.clone()
}

#[test]
fn a_doubtful_day_within_the_count_is_named() {
    let named = |reasons: &[String], day: &str| {
        reasons.iter().any(|reason| reason.starts_with(&format!("{day} may be")))
    };
    // Town Meeting Day, before, within and after the fourteen business days.
    for (discovery, within) in [("2027-03-02T09:00:00-05:00", false), ("2027-03-01T09:00:00-05:00", true)] {
        let found = reasons("us-vt-ag", "US-VT", json!({"discovery": discovery}), json!(null));
        assert_eq!(named(&found, "2027-03-02"), within, "{found:?}");
    }
    for (discovery, within) in [("2027-02-09T09:00:00-05:00", true), ("2027-02-08T09:00:00-05:00", false)] {
        let found = reasons("us-vt-ag", "US-VT", json!({"discovery": discovery}), json!(null));
        assert_eq!(named(&found, "2027-03-02"), within, "{found:?}");
    }
    // Patriot's Day: the last of thirty calendar days in Maine, which counts business days after a hold alone.
    let clocks =
        json!({"discovery": "2027-03-20T09:00:00-04:00", "scope_identified": "2027-03-20T09:00:00-04:00"});
    let found = reasons("us-me-individual", "US-ME", clocks.clone(), json!(null));
    assert!(!named(&found, "2027-04-19"), "{found:?}");
    let hold = json!({"from": "2027-03-23", "lifted": "2027-04-16T10:00:00-04:00"});
    let found = reasons("us-me-individual", "US-ME", clocks, hold);
    assert!(named(&found, "2027-04-19"), "{found:?}");
}

#[test]
fn a_doubtful_day_does_not_roll_and_is_named() {
    let rule = r#"
        jurisdiction = "ZZ"
        name = "Nowhere"
        zone = "UTC"
        languages = ["en"]
        [[rule]]
        id = "zz-authority"
        law = "Law"
        citation = "s. 1"
        audience = "authority"
        effective-from = "2026-01-01"
        source = "unverified"
        confidence = "uncertain"
        status = "in-force"
        trigger = [{ people-at-least = 1 }]
        clocks = ["awareness"]
        deadline = { days = 3 }
        calendar = "zz"
        roll = { to = "next-business-day" }
        [[rule.case]]
        name = "nobody"
        facts.clocks = { awareness = "2026-06-01T09:00:00Z" }
        facts.controller = { time_zone = "UTC" }
        facts.affected = { "ZZ" = 0 }
        owed = "no"
    "#;
    let calendar = r#"
        name = "zz"
        source = "s. 2"
        version = "1"
        weekend = ["saturday", "sunday"]
        first-year = 2026
        last-year = 2026
        holidays = ["2026-06-01"]
        doubtful = ["2026-06-04", "2026-06-08"]
    "#;
    let source = |file: &str, text: &str| Source { file: file.to_owned(), text: text.to_owned() };
    let (rules, calendars) = ([source("zz.toml", rule)], [source("calendar.toml", calendar)]);
    let pack = RulePack::load(&rules, &calendars, &source("categories.toml", "")).expect("a pack");
    let cases = [
        ("2026-06-01T09:00:00Z", "2026-06-04T23:59:59Z", vec!["2026-06-04"]), // a doubtful last day
        ("2026-06-02T09:00:00Z", "2026-06-05T23:59:59Z", vec![]), // one on the way: days are calendar days
        ("2026-06-04T09:00:00Z", "2026-06-08T23:59:59Z", vec!["2026-06-08"]), // Sunday rolls to a doubtful Monday
    ];
    for (awareness, due, doubtful) in cases {
        let facts = facts(json!({
            "clocks": {"awareness": awareness}, "controller": {"time_zone": "UTC"}, "affected": {"ZZ": 1},
        }));
        let findings = evaluate(&pack, &facts).expect("facts that can be");
        let finding = find(&findings, "zz-authority");
        assert_eq!(finding.due.map(|at| at.to_string()).as_deref(), Some(due));
        let named: Vec<&str> = finding
            .reasons
            .iter()
            .filter(|reason| reason.contains("may be a holiday"))
            .map(|reason| &reason[..10])
            .collect();
        assert_eq!(named, doubtful, "{:?}", finding.reasons);
    }
}
