//! What the facts leave open, and who answers it.

use serde_json::{Value, json};

use super::{find, findings};
use crate::{Finding, Owed, RulePack};

fn given(place: &str, people: u64, more: Value) -> Value {
    let mut given = json!({
        "clocks": {"awareness": "2026-03-02T09:00:00Z"}, "controller": {"time_zone": "UTC", "country": "US"},
        "affected": {place: people}, "data": ["name", "email"], "risk": "risk",
    });
    for (key, value) in more.as_object().expect("an object") {
        given[key] = value.clone();
    }
    given
}

fn owed(given: Value, regime: &str) -> Owed {
    find(&findings(given), regime).owed
}

#[test]
fn counsel_answers_what_is_asked_and_nothing_else() {
    let china = |answer: Value| owed(given("CN", 10, json!({"counsel": answer})), "cn-incident-4h");
    assert_eq!(china(json!({})), Owed::AskCounsel);
    assert_eq!(china(json!({"cn-incident-4h": true})), Owed::Yes);
    assert_eq!(china(json!({"cn-incident-4h": false})), Owed::No);
    assert_eq!(china(json!({"cn-pipl-authority": false})), Owed::AskCounsel);
    // What the facts decide is no question, either way.
    let many = |answer: bool| given("CN", 1_000_000, json!({"counsel": {"cn-incident-4h": answer}}));
    assert_eq!(owed(many(false), "cn-incident-4h"), Owed::Yes);
    let register = json!({"counsel": {"eu-gdpr-individual": true}});
    assert_eq!(owed(given("DE", 10, register), "eu-gdpr-individual"), Owed::No);
    for (answer, want) in [(json!({}), Owed::AskCounsel), (json!({"unknown-aq": false}), Owed::No)] {
        assert_eq!(owed(given("AQ", 1, json!({"counsel": answer})), "unknown-aq"), want);
    }
}

#[test]
fn who_holds_data_for_others_alone_owes_their_controllers_and_is_asked_for_the_rest() {
    let known = |clocks: Value| given("DE", 10, json!({"processor": true, "clocks": clocks}));
    let alone = known(json!({"processor_awareness": "2026-03-02T09:00:00Z"}));
    assert_eq!(owed(alone.clone(), "eu-gdpr-processor"), Owed::Yes);
    assert_eq!(owed(alone.clone(), "eu-gdpr-authority"), Owed::AskCounsel);
    assert_eq!(owed(alone.clone(), "eu-gdpr-individual"), Owed::No, "no high risk");
    // The time runs meanwhile.
    let all = findings(alone);
    assert!(find(&all, "eu-gdpr-authority").due.is_some());
    let both =
        known(json!({"processor_awareness": "2026-03-02T09:00:00Z", "awareness": "2026-03-02T12:00:00Z"}));
    assert_eq!(owed(both, "eu-gdpr-authority"), Owed::Yes);
}

#[test]
fn federal_law_and_that_of_a_province_may_both_bind_who_sits_outside() {
    let of = |country: &str, affected: Value| {
        let all = findings(given(
            "CA-QC",
            5,
            json!({
                "affected": affected, "controller": {"time_zone": "UTC", "country": country}, "significant_harm": true,
            }),
        ));
        let federal: Vec<&Finding<'_>> =
            all.iter().filter(|one| one.regime == "ca-pipeda-authority").collect();
        federal.iter().map(|one| (one.owed, one.people)).collect::<Vec<_>>()
    };
    let quebec = || json!({"CA-QC": 5, "CA-AB": 2});
    assert_eq!(of("US", quebec()), [(Owed::AskCounsel, 7)]);
    let all = findings(given("CA-QC", 5, json!({"significant_harm": true})));
    let residences: Vec<String> =
        find(&all, "ca-pipeda-individual").residences.iter().map(ToString::to_string).collect();
    assert_eq!(residences, ["CA-QC"]);
    assert_eq!(of("CA", quebec()), []);
    assert_eq!(of("CA-QC", quebec()), []);
    assert_eq!(of("US", json!({"CA-QC": 5, "CA-ON": 3})), [(Owed::Yes, 3)]);
    assert_eq!(of("US", json!({"CA-QC": 0})), []);
}

#[test]
fn an_instant_at_which_the_loss_of_the_key_was_found_out_says_that_it_is_lost() {
    let state = |clocks: Value| {
        let more = json!({"clocks": clocks, "data": ["name", "ssn"], "encrypted": true, "risk": "high"});
        let all = findings(given("US-CA", 5, more));
        let duty = find(&all, "us-ca-individual");
        (duty.owed, duty.due.map(|due| due.to_string()))
    };
    let found = "2026-02-01T12:00:00-08:00";
    assert_eq!(state(json!({"discovery": found})), (Owed::No, None));
    let later = json!({"discovery": found, "key_compromise_discovered": "2026-03-01T12:00:00-08:00"});
    assert_eq!(state(later), (Owed::Yes, Some("2026-04-01T06:59:59Z".to_owned())));
    // Of what was never encrypted the key says nothing.
    let plain = json!({
        "clocks": {"discovery": found, "key_compromise_discovered": "2026-03-01T12:00:00-08:00"},
        "data": ["name", "ssn"], "encrypted": false, "risk": "high",
    });
    let due = find(&findings(given("US-CA", 5, plain)), "us-ca-individual").due.map(|due| due.to_string());
    assert_eq!(due.as_deref(), Some("2026-03-04T07:59:59Z"));
    // A key that was known to be lost before does not bring the count forward.
    let before = json!({"discovery": found, "key_compromise_discovered": "2026-01-20T12:00:00-08:00"});
    assert_eq!(state(before), (Owed::Yes, Some("2026-03-04T07:59:59Z".to_owned())));
}

#[test]
fn what_follows_an_event_counts_from_the_event_and_not_from_the_loss_of_the_key() {
    let clocks = json!({
        "discovery": "2026-02-01T12:00:00-08:00", "individual_notice_sent": "2026-02-10T12:00:00-08:00",
        "key_compromise_discovered": "2026-03-01T12:00:00-08:00",
    });
    let more = json!({"clocks": clocks, "data": ["name", "ssn"], "encrypted": true, "risk": "high"});
    let all = findings(given("US-CA", 501, more));
    let due = find(&all, "us-ca-ag").due.map(|due| due.to_string());
    assert_eq!(due.as_deref(), Some("2026-02-26T07:59:59Z"));
}

#[test]
fn encryption_with_a_backup_speaks_against_a_risk_and_never_against_a_high_one() {
    let state = |backup: Value, risk: Value| {
        let more = json!({"encrypted": true, "backup": backup, "risk": risk});
        owed(given("DE", 5, more), "eu-gdpr-authority")
    };
    for (backup, risk, want) in [
        (json!(true), json!("risk"), Owed::AskCounsel),
        (json!(true), Value::Null, Owed::AskCounsel),
        (json!(true), json!("high"), Owed::Yes),
        (json!(true), json!("none"), Owed::No),
        (json!(false), json!("risk"), Owed::Yes),
        (Value::Null, json!("risk"), Owed::Yes),
    ] {
        assert_eq!(state(backup.clone(), risk.clone()), want, "{backup} {risk}");
    }
}

#[test]
fn a_brand_that_no_rule_names_is_a_question_where_it_has_accounts() {
    let regimes = |brands: Value| {
        let cards = json!({"payment_cards": {"accounts": 3, "brands": brands}});
        let all = findings(given("DE", 1, cards));
        let unknown = all.iter().filter(|one| one.regime.starts_with("unknown-card"));
        unknown.map(|one| one.regime.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(regimes(json!({"elo": 3, "visa": 0})), ["unknown-card-elo"]);
    assert_eq!(regimes(json!({"elo": 0, "visa": 3})), [""; 0]);
}

#[test]
fn what_binds_the_enterprise_itself_is_silent_where_nothing_names_its_place() {
    let mentions = |place: &str, regime: &str| {
        let controller = json!({"controller": {"time_zone": "Europe/Berlin", "country": "DE"}});
        findings(given(place, 1, controller)).iter().any(|one| one.regime == regime)
    };
    assert!(!mentions("DE", "us-sec-8k-105") && mentions("US-OH", "us-sec-8k-105"));
    assert!(mentions("DE", "eu-gdpr-individual"), "and what is not owed toward people is told all the same");
}

#[test]
fn whom_to_tell_where_and_in_which_language() {
    let all = findings(given(
        "DE",
        1,
        json!({"affected": {"DE": 1, "US-CA": 501, "BR": 1, "NG": 1}, "risk": "high"}),
    ));
    let to = |regime: &str| {
        let duty = find(&all, regime);
        (duty.recipient.to_string(), duty.filing.is_some(), duty.languages.join(" "))
    };
    let text = |name: &str, filed: bool, languages: &str| (name.to_owned(), filed, languages.to_owned());
    assert_eq!(to("eu-gdpr-individual"), text("affected people in DE", false, "de"));
    assert_eq!(to("us-ca-individual"), text("affected people in US-CA", false, "en"));
    let (authority, filed, language) = to("br-lgpd-authority");
    assert!(authority.starts_with("ANPD") && filed && language == "pt", "{authority} {language}");
    let (attorney, filed, language) = to("us-ca-ag");
    assert!(attorney.contains("Attorney General") && filed && language == "en", "{attorney} {language}");
    assert_eq!(to("us-ca-processor").0, "each controller whose data is held");
}

#[test]
fn patients_and_customers_are_counted_wherever_they_live() {
    let count = |affected: Value| {
        let controller = json!({"time_zone": "UTC", "country": "US", "sectors": ["hipaa-covered-entity"]});
        let more = json!({"affected": affected, "data": ["phi"], "controller": controller});
        let all = findings(given("US-OH", 1, more));
        ["us-hipaa-hhs-500", "us-hipaa-hhs-annual"].map(|regime| find(&all, regime).owed)
    };
    assert_eq!(count(json!({"US-OH": 499})), [Owed::No, Owed::Yes]);
    assert_eq!(count(json!({"US-OH": 400, "CA-ON": 100})), [Owed::Yes, Owed::No]);
}

#[test]
fn a_hold_ends_by_itself_where_the_law_limits_it() {
    let held = |hold: Value| {
        let controller = json!({"time_zone": "UTC", "country": "US", "sectors": ["hipaa-covered-entity"]});
        let clocks = json!({"discovery": "2026-03-02T12:00:00-05:00"});
        let more = json!({"data": ["phi"], "controller": controller, "clocks": clocks, "law_enforcement_hold": hold});
        let all = findings(given("US-OH", 1, more));
        let duty = find(&all, "us-hipaa-individual");
        (duty.due_rule.clone(), duty.alarm().map(|at| at.to_string()))
    };
    let suspended = |at: &str| ("suspended-by-law-enforcement-hold".to_owned(), Some(at.to_owned()));
    // Sixty days end on 1 May; thirty from 10 April on 10 May, and from 10 March before the period does.
    assert_eq!(held(json!({"from": "2026-04-10T12:00:00-04:00"})), suspended("2026-05-11T03:59:59Z"));
    assert_eq!(held(json!({"from": "2026-03-10T12:00:00-04:00"})), suspended("2026-05-02T03:59:59Z"));
}

#[test]
fn a_hold_that_another_agency_asked_for_delays_nothing() {
    let clocks = json!({"materiality_determination": "2026-03-02T12:00:00-05:00"});
    let more = json!({"clocks": clocks, "law_enforcement_hold": {"from": "2026-03-03"}});
    let all = findings(given("US-OH", 1, more));
    let duty = find(&all, "us-sec-8k-105");
    assert_eq!(duty.due.map(|due| due.to_string()).as_deref(), Some("2026-03-06T22:30:00Z"));
    assert!(duty.reasons.iter().any(|reason| reason.contains("the deadline stands")), "{:?}", duty.reasons);
}

#[test]
fn a_hold_lifted_in_time_alarms_by_the_deadline_without_it() {
    // 45 days end on 16 April in Maryland; lifted two days before, seven more end on 21 April.
    let more = json!({
        "clocks": {"discovery": "2026-03-02T12:00:00-05:00"}, "data": ["name", "ssn"],
        "law_enforcement_hold": {"from": "2026-03-05", "lifted": "2026-04-14T12:00:00-04:00"},
    });
    let all = findings(given("US-MD", 1, more));
    let duty = find(&all, "us-md-individual");
    let text = |at: Option<jiff::Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
    assert_eq!(
        (text(duty.due), text(duty.alarm())),
        ("2026-04-22T03:59:59Z".to_owned(), "2026-04-17T03:59:59Z".to_owned())
    );
}

#[test]
fn a_hold_lifted_at_the_last_instant_was_lifted_in_time() {
    let due = |lifted: &str| {
        let more = json!({
            "clocks": {"discovery": "2026-09-15T12:00:00-04:00"}, "data": ["name", "ssn"],
            "law_enforcement_hold": {"from": "2026-09-20", "lifted": lifted},
        });
        let all = findings(given("US-NY", 1, more));
        find(&all, "us-ny-individual").due.map(|due| due.to_string())
    };
    assert_eq!(due("2026-10-16T03:59:59Z").as_deref(), Some("2026-10-16T03:59:59Z"));
    assert_eq!(due("2026-10-16T04:00:00Z"), None, "then without undue delay");
    let begun = |from: &str| {
        let more = json!({
            "clocks": {"discovery": "2026-09-15T12:00:00-04:00"}, "data": ["name", "ssn"],
            "law_enforcement_hold": {"from": from},
        });
        find(&findings(given("US-NY", 1, more)), "us-ny-individual").due.is_some()
    };
    assert!(!begun("2026-10-16T03:59:59Z") && begun("2026-10-16T04:00:00Z"));
}

#[test]
fn readings_of_a_deadline_end_with_it_and_what_follows_another_notice_keeps_its_words() {
    let held = |lifted: Value| {
        let more = json!({
            // Thirty days end on a Saturday, which some extend.
            "clocks": {"discovery": "2026-09-17T12:00:00-04:00"}, "data": ["name", "ssn"],
            "law_enforcement_hold": {"from": "2026-09-20", "lifted": lifted},
        });
        let all = findings(given("US-NY", 1, more));
        let alarm = find(&all, "us-ny-individual").alarm().is_some();
        (alarm, find(&all, "us-ny-ag").due_rule.clone())
    };
    let concurrent = "concurrent-with-individual-notice".to_owned();
    assert_eq!(held(json!("2026-10-01T00:00:00Z")), (true, concurrent.clone()));
    assert_eq!(held(json!("2026-12-01T00:00:00Z")), (false, concurrent.clone()));
    assert_eq!(held(Value::Null), (false, concurrent));
}

#[test]
fn an_authority_may_expect_a_number_that_the_law_does_not_set() {
    let all = findings(given("NZ", 1, json!({"significant_harm": true})));
    let duty = find(&all, "nz-pa-authority");
    assert_eq!((duty.due, duty.due_rule.as_str()), (None, "without-undue-delay"));
    assert_eq!(duty.alarm().map(|at| at.to_string()).as_deref(), Some("2026-03-05T09:00:00Z"));
}

#[test]
fn the_pack_knows_its_sectors() {
    let sectors = RulePack::shipped().sectors();
    for known in ["hipaa-covered-entity", "br-small-agent", "trust-service-provider", "nis2-essential"] {
        assert!(sectors.contains(known), "{known}");
    }
    assert!(!sectors.contains("hippa-covered-entity"));
}
