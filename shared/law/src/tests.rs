//! The shipped law against its own cases and its thresholds, and what each part of the engine owes.

mod calendars;
mod filings;
mod properties;
mod questions;
mod readings;
mod schema;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::load::Source;
use crate::rule::Test;
use crate::words::Status;
use crate::{Facts, FactsError, Finding, Owed, RulePack, evaluate};

fn facts(value: Value) -> Facts {
    serde_json::from_value(value).expect("readable facts")
}

fn findings(value: Value) -> Vec<Finding<'static>> {
    evaluate(RulePack::shipped(), &facts(value)).expect("facts that can be")
}

fn find<'a, 'pack>(findings: &'a [Finding<'pack>], regime: &str) -> &'a Finding<'pack> {
    findings
        .iter()
        .find(|finding| finding.regime == regime)
        .unwrap_or_else(|| panic!("no answer for {regime}"))
}

/// The law as it stands in the folders, with its cases.
fn written() -> RulePack {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |file: String| Source {
        text: std::fs::read_to_string(root.join(&file)).expect("a file of the law"),
        file,
    };
    let folder = |name: &str| -> Vec<Source> {
        let entries = std::fs::read_dir(root.join(name)).expect("a folder of the law");
        let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
        let files: BTreeSet<String> = names.filter(|file| file.ends_with(".toml")).collect();
        files.into_iter().map(|file| read(format!("{name}/{file}"))).collect()
    };
    RulePack::load(&folder("rules"), &folder("calendars"), &read("data-categories.toml".to_owned()))
        .expect("law that loads")
}

#[test]
fn the_law_that_is_shipped_is_the_law_that_is_written() {
    let mut written = written();
    written.books.iter_mut().flat_map(|book| &mut book.rules).for_each(|rule| rule.cases.clear());
    assert_eq!(format!("{:?}", RulePack::shipped()), format!("{written:?}"));
}

#[test]
fn every_rule_passes_its_own_cases() {
    let pack = &written();
    let lint = pack.lint();
    assert!(lint.is_empty(), "{lint:#?}");
    let run: usize = pack.rules().map(|rule| rule.cases.len()).sum();
    assert!(run > 500, "only {run} cases were found");
}

#[test]
fn the_shipped_law_has_no_lint() {
    assert_eq!(RulePack::shipped().lint(), []);
}

/// The thresholds of the statutes by hand: the smallest number of residents with which each duty arises.
const LEAST: &[(&str, u64)] = &[
    ("us-al-ag", 1001),
    ("us-al-cra", 1001),
    ("us-ak-cra", 1001),
    ("us-az-ag", 1001),
    ("us-az-cra", 1001),
    ("us-ar-ag", 1000),
    ("us-ca-ag", 501),
    ("us-co-ag", 500),
    ("us-co-cra", 1001),
    ("us-ct-ag", 1),
    ("us-de-ag", 501),
    ("us-dc-ag", 50),
    ("us-dc-cra", 1001),
    ("us-fl-ag", 500),
    ("us-fl-cra", 1001),
    ("us-ga-cra", 10001),
    ("us-hi-ag", 1001),
    ("us-hi-cra", 1001),
    ("us-il-ag", 501),
    ("us-in-ag", 1),
    ("us-in-cra", 1001),
    ("us-ia-ag", 501),
    ("us-ks-cra", 1001),
    ("us-ky-cra", 1001),
    ("us-la-ag", 1),
    ("us-me-ag", 1),
    ("us-me-cra", 1001),
    ("us-md-ag", 1),
    ("us-md-cra", 1000),
    ("us-ma-ag", 1),
    ("us-ma-cra", 1),
    ("us-mi-cra", 1001),
    ("us-mn-cra", 501),
    ("us-mo-ag", 1001),
    ("us-mo-cra", 1001),
    ("us-mt-ag", 1),
    ("us-mt-cra", 1),
    ("us-ne-ag", 1),
    ("us-nv-cra", 1001),
    ("us-nh-ag", 1),
    ("us-nh-cra", 1001),
    ("us-nj-ag", 1),
    ("us-nj-cra", 1001),
    ("us-nm-ag", 1001),
    ("us-nm-cra", 1001),
    ("us-ny-ag", 1),
    ("us-ny-cra", 5001),
    ("us-nc-ag", 1),
    ("us-nc-cra", 1001),
    ("us-nd-ag", 251),
    ("us-oh-cra", 1001),
    ("us-ok-ag", 500),
    ("us-or-ag", 251),
    ("us-or-cra", 1001),
    ("us-pa-ag", 501),
    ("us-pa-cra", 501),
    ("us-pr-ag", 1),
    ("us-ri-ag", 501),
    ("us-ri-cra", 501),
    ("us-sc-ag", 1001),
    ("us-sc-cra", 1001),
    ("us-sd-ag", 251),
    ("us-sd-cra", 1),
    ("us-tn-cra", 1001),
    ("us-tx-ag", 250),
    ("us-tx-cra", 10001),
    ("us-ut-ag", 500),
    ("us-ut-cra", 1000),
    ("us-vt-ag", 1),
    ("us-vt-cra", 1001),
    ("us-va-ag", 1),
    ("us-va-cra", 1001),
    ("us-wa-ag", 501),
    ("us-wv-cra", 1001),
    ("us-wi-cra", 1000),
    ("us-hipaa-hhs-500", 500),
    ("us-hipaa-media", 501),
    ("us-ftc-safeguards", 500),
    ("sg-pdpa-authority", 500),
    ("my-pdpa-authority", 1001),
    ("kr-pipa-authority", 1000),
    ("jp-appi-preliminary", 1001),
    ("jp-appi-final", 1001),
    ("jp-appi-individual", 1001),
    ("cn-incident-4h", 1_000_000),
];

#[test]
fn every_threshold_holds_below_at_and_above_its_number() {
    for &(regime, least) in LEAST {
        let place = match regime.split('-').next() {
            Some("us") if matches!(regime.split('-').nth(1), Some("hipaa" | "ftc")) => "US-OH".to_owned(),
            Some("us") => regime.get(..5).expect("a state").to_uppercase(),
            Some(country) => country.to_uppercase(),
            None => unreachable!("a regime has a place"),
        };
        let owed = |people: u64| {
            let all = findings(json!({
                "clocks": {"discovery": "2026-09-15T11:00:00Z"},
                "controller": {"time_zone": "UTC", "sectors": [
                    "information-broker", "phr-vendor",
                    if regime.contains("hipaa") { "hipaa-covered-entity" } else { "none" },
                    if regime.contains("safeguards") { "glba-safeguards" } else { "none" },
                ]},
                "affected": {place.clone(): people},
                "data": if place.starts_with("US") { json!(["name", "ssn"]) } else { json!(["name"]) },
                "risk": if place.starts_with("US") { "high" } else { "none" },
                "improper_purpose": false,
            }));
            find(&all, regime).owed
        };
        // China's measures know other grounds too, which no fact states.
        let below = if regime == "cn-incident-4h" { Owed::AskCounsel } else { Owed::No };
        let want = [below, Owed::Yes, Owed::Yes];
        assert_eq!([least - 1, least, least + 1].map(owed), want, "{regime} from {least}");
    }
}

#[test]
fn no_count_rule_is_missing_from_the_table_of_thresholds() {
    fn counts(test: &Test) -> bool {
        match test {
            Test::PeopleAtLeast(n) => *n > 1,
            Test::PeopleMoreThan(_) => true,
            Test::Any(tests) | Test::All(tests) => tests.iter().any(counts),
            Test::PeopleFewerThan(_)
            | Test::RiskAtLeast(_)
            | Test::SignificantHarm
            | Test::DataAnyOf(_)
            | Test::DataOtherThan(_)
            | Test::SectorAnyOf(_)
            | Test::SectorNoneOf(_)
            | Test::Processor
            | Test::ImproperPurpose
            | Test::SignificantIncident
            | Test::ClockGiven(_)
            | Test::CardBrand(_)
            | Test::Ordered
            | Test::ExceptionOpenedBy(_)
            | Test::AskCounsel(_) => false,
        }
    }
    // A rule out of scope owes nothing at any number.
    let in_scope = RulePack::shipped().rules().filter(|rule| rule.status != Status::OutOfScope);
    let counted = in_scope.filter(|rule| rule.trigger.iter().any(counts));
    for rule in counted {
        assert!(LEAST.iter().any(|(id, _)| *id == rule.id), "{} has a threshold that no test knows", rule.id);
    }
}

#[test]
fn a_place_without_a_rule_is_an_answer_that_asks_for_counsel() {
    let all = findings(json!({
        "clocks": {"awareness": "2026-03-01T00:00:00Z"},
        "controller": {"time_zone": "UTC"},
        "affected": {"AQ": 3, "US": 2, "DE-BY": 1, "VU": 0},
        "payment_cards": {"accounts": 9, "brands": {"unionpay": 9}},
    }));
    for (regime, people) in [("unknown-aq", 3), ("unknown-us", 2), ("unknown-card-unionpay", 9)] {
        let finding = find(&all, regime);
        assert_eq!((finding.owed, finding.people, finding.due), (Owed::AskCounsel, people, None), "{regime}");
        assert!(finding.reasons.iter().any(|reason| reason.contains("ask counsel")), "{regime}");
    }
    assert!(
        !all.iter().any(|finding| finding.regime.starts_with("unknown-de") || finding.regime == "unknown-vu")
    );
    assert_eq!(find(&all, "eu-gdpr-authority").jurisdiction.as_str(), "DE");
}

#[test]
fn a_clock_that_is_missing_is_named_with_the_one_that_stands_in() {
    let all = findings(json!({
        "clocks": {"discovery": "2026-09-09T10:00:00-05:00"},
        "controller": {"time_zone": "America/Chicago"},
        "affected": {"US-TX": 300}, "data": ["name", "dl"], "risk": "high",
    }));
    let individual = find(&all, "us-tx-individual");
    assert_eq!(individual.due.map(|due| due.to_string()).as_deref(), Some("2026-11-09T05:59:59Z"));
    let named =
        |reason: &String| reason.contains("`determination` is not given") && reason.contains("`discovery`");
    assert!(individual.reasons.iter().any(named), "{:?}", individual.reasons);
}

#[test]
fn a_hold_suspends_and_leaves_the_tail_of_the_statute() {
    let owed = |hold: Value| {
        let all = findings(json!({
            "clocks": {"discovery": "2026-01-05T09:00:00-05:00"},
            "controller": {"time_zone": "America/New_York", "country": "DE"},
            "affected": {"US-MD": 1, "US-NY": 1}, "data": ["name", "ssn"], "risk": "high",
            "law_enforcement_hold": hold,
        }));
        let of = |regime: &str| {
            let finding = find(&all, regime);
            (finding.due.map(|due| due.to_string()), finding.due_rule.clone())
        };
        (of("us-md-individual"), of("us-ny-individual"), of("eu-gdpr-authority").0)
    };
    let at = |due: &str, rule: &str| (Some(due.to_owned()), rule.to_owned());
    let open = |rule: &str| (None, rule.to_owned());
    let gdpr = Some("2026-01-08T14:00:00Z".to_owned());
    let suspended = "suspended-by-law-enforcement-hold";
    let cases = [
        (json!({"from": "2026-01-06"}), open(suspended), open(suspended)),
        (
            json!({"from": "2026-01-06", "lifted": "2026-03-16T10:00:00-04:00"}),
            at("2026-03-24T03:59:59Z", "P7D-after-law-enforcement-hold"),
            open("without-undue-delay"),
        ),
        (
            json!({"from": "2026-01-06", "lifted": "2026-01-20"}),
            at("2026-02-20T04:59:59Z", "P45D"),
            at("2026-02-05T04:59:59Z", "P30D"),
        ),
        (
            json!({"from": "2026-05-01"}),
            at("2026-02-20T04:59:59Z", "P45D"),
            at("2026-02-05T04:59:59Z", "P30D"),
        ),
    ];
    for (hold, maryland, new_york) in cases {
        assert_eq!(owed(hold.clone()), (maryland, new_york, gdpr.clone()), "{hold}");
    }
}

#[test]
fn the_law_is_that_of_the_day_on_which_its_clock_starts() {
    let of = |discovery: &str, as_of: Option<&str>| {
        let mut given = json!({
            "clocks": {"discovery": discovery},
            "controller": {"time_zone": "America/Los_Angeles"},
            "affected": {"US-CA": 1}, "data": ["name", "ssn"], "risk": "high",
        });
        if let Some(day) = as_of {
            given["law_as_of"] = json!(day);
        }
        find(&findings(given), "us-ca-individual").due_rule.clone()
    };
    assert_eq!(of("2026-01-01T07:59:59Z", None), "without-undue-delay"); // still 2025 in California
    assert_eq!(of("2026-01-01T08:00:00Z", None), "P30D");
    assert_eq!(of("2026-01-01T07:59:59Z", Some("2026-01-01")), "P30D");
}

/// Its cases cannot tell its versions apart: none of them owes anything.
#[test]
fn a_rule_out_of_scope_has_versions_too() {
    let of = |day: &str| {
        let day = day.parse().expect("a day");
        let in_force = RulePack::shipped().versions("gb-pecr-authority").find(|rule| rule.in_force(day));
        in_force.map(|rule| rule.deadline.code())
    };
    assert_eq!(of("2025-08-19").as_deref(), Some("PT24H"));
    assert_eq!(of("2025-08-20").as_deref(), Some("PT72H"));
}

#[test]
fn a_law_that_is_to_come_binds_nobody_and_an_unknown_past_is_a_question() {
    let of = |awareness: &str, place: &str, regime: &str| {
        let all = findings(json!({
            "clocks": {"awareness": awareness}, "controller": {"time_zone": "UTC"},
            "affected": {place: 1}, "risk": "high",
        }));
        find(&all, regime).owed
    };
    assert_eq!(of("2027-05-12T12:00:00Z", "IN", "in-dpdp-individual"), Owed::No);
    assert_eq!(of("2027-05-13T12:00:00Z", "IN", "in-dpdp-individual"), Owed::Yes);
    assert_eq!(of("2018-05-24T12:00:00Z", "DE", "eu-gdpr-individual"), Owed::AskCounsel);
    // What today's law would not ask for, its past is not asked about.
    assert_eq!(of("2018-05-24T12:00:00Z", "DE", "eu-gdpr-processor"), Owed::No);
}

#[test]
fn a_law_without_a_day_of_commencement_binds_nobody_and_says_so() {
    let all = findings(json!({
        "clocks": {"awareness": "2026-11-20T03:30:00Z"}, "controller": {"time_zone": "UTC"},
        "affected": {"LK": 9, "BD": 9, "TW": 9}, "risk": "high", "data": ["passport"],
    }));
    for regime in ["lk-pdpa", "bd-pdpo", "tw-pdpa-authority"] {
        let finding = find(&all, regime);
        assert_eq!((finding.owed, finding.due), (Owed::No, None), "{regime}");
        assert_eq!(
            finding.reasons,
            ["no duty yet: enacted, and no day is set from which it binds"],
            "{regime}"
        );
    }
}

#[test]
fn free_zones_leave_the_law_around_them_and_no_time_zone_tells_of_one() {
    let counted = |controller: Value| {
        let all = findings(json!({
            "clocks": {"awareness": "2026-11-20T03:30:00Z"}, "controller": controller, "risk": "high",
            "significant_harm": true, "affected": {"AE": 1, "AE-DU": 10, "AE-DIFC": 100, "AE-ADGM": 1000, "QA": 1, "QA-QFC": 10},
        }));
        let regimes = [
            "ae-pdpl-authority",
            "ae-difc-authority",
            "ae-adgm-authority",
            "qa-pdppl-authority",
            "qa-qfc-authority",
        ];
        regimes.map(|regime| find(&all, regime).people)
    };
    assert_eq!(counted(json!({"time_zone": "Europe/Berlin"})), [11, 100, 1000, 1, 10]);
    assert_eq!(counted(json!({"time_zone": "Asia/Dubai"})), [1122, 100, 1000, 1, 10]);
    assert_eq!(counted(json!({"time_zone": "Asia/Dubai", "country": "AE-DIFC"})), [11, 1122, 1000, 1, 10]);
    assert_eq!(counted(json!({"time_zone": "Asia/Qatar"})), [11, 100, 1000, 1, 10]);
    assert_eq!(counted(json!({"time_zone": "Asia/Qatar", "country": "QA-QFC"})), [11, 100, 1000, 1, 1122]);
}

#[test]
fn facts_that_cannot_be_are_an_error_and_nothing_is_computed() {
    let of = |clocks: Value, establishment: Value| {
        let facts = facts(json!({
            "clocks": clocks, "affected": {"DE": 1},
            "controller": {"time_zone": "UTC", "eu_main_establishment": establishment},
        }));
        evaluate(RulePack::shipped(), &facts).expect_err("an error").to_string()
    };
    assert_eq!(
        of(json!({"occurrence": "2026-01-02T00:00:00Z", "awareness": "2026-01-01T00:00:00Z"}), json!(null)),
        "clock `awareness` lies before clock `occurrence`"
    );
    assert_eq!(of(json!({}), json!(null)), FactsError::NoClock.to_string());
    assert_eq!(
        of(json!({"awareness": "2026-01-01T00:00:00Z"}), json!("GB")),
        "controller.eu_main_establishment `GB` is not in the European Economic Area"
    );
}

#[test]
fn the_earliest_of_a_rule_s_own_clocks_counts() {
    let all = findings(json!({
        "clocks": {"reason_to_believe": "2026-09-01T09:00:00-04:00", "determination": "2026-09-10T09:00:00-04:00"},
        "controller": {"time_zone": "America/New_York"},
        "affected": {"US-FL": 1}, "data": ["name", "ssn"], "risk": "high",
    }));
    let due = find(&all, "us-fl-individual").due.map(|due| due.to_string());
    assert_eq!(due.as_deref(), Some("2026-10-02T03:59:59Z"));
}

#[test]
fn who_is_counted_depends_on_residence_establishment_and_province() {
    let people = |country: &str, regime: &str| {
        let all = findings(json!({
            "clocks": {"awareness": "2026-03-01T00:00:00Z"}, "risk": "high",
            "controller": {"time_zone": "UTC", "country": country},
            "affected": {"SG": 1, "US-NY": 10, "CA": 100, "CA-ON": 1000, "CA-QC": 10000},
        }));
        find(&all, regime).people
    };
    assert_eq!(people("US", "sg-pdpa-authority"), 1);
    assert_eq!(people("SG", "sg-pdpa-authority"), 11111);
    assert_eq!(people("US", "ca-pipeda-authority"), 1100);
    assert_eq!(people("US", "ca-qc-authority"), 10000);
}

#[test]
fn norway_leads_for_the_union_and_the_union_for_norway() {
    let of = |lead: &str| {
        let all = findings(json!({
            "clocks": {"awareness": "2026-03-01T00:00:00Z"}, "risk": "risk",
            "controller": {"time_zone": "UTC", "eu_main_establishment": lead},
            "affected": {"DE": 5, "FR": 5, "NO": 5},
        }));
        let owed = all.iter().filter(|one| one.owed == Owed::Yes && one.regime.ends_with("gdpr-authority"));
        owed.map(|one| (one.jurisdiction.to_string(), one.people)).collect::<Vec<_>>()
    };
    assert_eq!(of("NO"), [("NO".to_owned(), 15)]);
    assert_eq!(of("FR"), [("FR".to_owned(), 15)]);
}

#[test]
fn massachusetts_forbids_what_others_require() {
    let pack = RulePack::shipped();
    let element = |key: &str| key.parse().expect("an element");
    let massachusetts = pack.rule("us-ma-individual").expect("the rule");
    assert!(massachusetts.forbidden.contains(&element("nature")));
    assert!(massachusetts.forbidden.contains(&element("number-of-residents")));
    assert!(pack.rule("us-ca-individual").expect("the rule").required.contains(&element("nature")));
    assert!(
        pack.rule("us-il-individual").expect("the rule").forbidden.contains(&element("number-of-residents"))
    );
}

#[test]
fn what_must_be_said_depends_on_the_data() {
    let required = |data: &str| {
        let all = findings(json!({
            "clocks": {"discovery": "2026-09-15T11:00:00Z"}, "controller": {"time_zone": "UTC"},
            "affected": {"US-CA": 1}, "data": ["name", data], "risk": "high",
        }));
        find(&all, "us-ca-individual").required.contains(&"cra-contacts".parse().expect("an element"))
    };
    assert!(required("ssn"));
    assert!(!required("diagnosis"));
}

#[test]
fn the_residences_of_a_duty_hold_just_the_people_it_counts() {
    for controller in [
        json!({ "time_zone": "America/Los_Angeles", "country": "US" }),
        json!({ "time_zone": "Europe/Berlin", "country": "DE" }),
        json!({ "time_zone": "Europe/London", "country": "GB" }),
    ] {
        let given = json!({
            "clocks": { "awareness": "2026-11-23T12:00:00Z" },
            "controller": controller,
            "affected": { "DE": 3, "FR": 5, "GB": 7, "US-CA": 11, "US-PR": 13, "CA-QC": 17, "CA-ON": 19, "AQ": 23 },
            "data": ["name", "email", "national-id"],
            "risk": "high",
        });
        let affected = facts(given.clone()).affected;
        for finding in findings(given) {
            let people: u64 = finding.residences.iter().filter_map(|place| affected.get(place)).sum();
            assert_eq!(people, finding.people, "{} {}", finding.regime, finding.jurisdiction);
        }
    }
}

#[test]
fn an_acquirers_contract_comes_before_the_brands_terms() {
    let of = |hours: Value| {
        let all = findings(json!({
            "clocks": {"awareness": "2026-03-01T09:00:00Z"}, "controller": {"time_zone": "UTC"}, "affected": {},
            "payment_cards": {"accounts": 5, "brands": {"amex": 5, "discover": 5}, "acquirer_hours": hours},
        }));
        ["pci-amex-72h", "pci-discover-48h"].map(|regime| find(&all, regime).due_rule.clone())
    };
    assert_eq!(of(json!({})), ["PT72H", "PT48H"]);
    assert_eq!(of(json!({"amex": 12, "visa": 1})), ["PT12H", "PT48H"]);
}

#[test]
fn a_class_too_large_for_direct_notice_may_have_a_substitute() {
    let of = |people: u64| {
        let all = findings(json!({
            "clocks": {"discovery": "2026-09-15T11:00:00Z"}, "controller": {"time_zone": "UTC"},
            "affected": {"US-NY": people}, "data": ["name", "ssn"], "risk": "high",
        }));
        find(&all, "us-ny-individual").reasons.last().cloned().expect("a reason")
    };
    assert!(
        of(500_000).starts_with("substitute notice is allowed where direct notice costs more than 250000")
    );
    assert!(of(500_001).starts_with("substitute notice is allowed, 500001 affected and more than 500000"));
}
