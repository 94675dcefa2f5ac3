//! Filings beside a duty: later phases, and what opens an exception of the law.

use serde_json::{Value, json};

use super::{facts, find, findings};
use crate::sample::{HEAD, RULE};
use crate::{FilingRole, Owed, RulePack, Source, evaluate};

fn given(place: &str, people: u64, more: Value) -> Value {
    let mut given = json!({
        "clocks": {"discovery": "2026-09-15T12:00:00Z", "determination": "2026-09-15T16:00:00Z"},
        "controller": {"time_zone": "America/New_York"},
        "affected": {place: people}, "data": ["name", "ssn"], "risk": "none",
    });
    for (key, value) in more.as_object().expect("an object") {
        given[key] = value.clone();
    }
    given
}

/// Whether the duty is owed, and each filing beside it as `role due rule`.
fn filed(given: Value, regime: &str) -> (Owed, Vec<String>) {
    let all = findings(given);
    let finding = find(&all, regime);
    let filings = finding.further_filings.iter().map(|filing| {
        let due = filing.due.map_or("-".to_owned(), |due| due.to_string());
        format!("{} {due} {}", filing.role, filing.due_rule)
    });
    (finding.owed, filings.collect())
}

#[test]
fn an_exception_is_shut_until_its_filing_is_made() {
    let florida = "exception 2026-10-16T03:59:59Z P30D";
    let opened = json!({"exceptions_opened": {"US-FL": "2026-09-20T00:00:00Z"}});
    let elsewhere = json!({"exceptions_opened": {"US-AK": "2026-09-20T00:00:00Z"}});
    for (more, owed, filings) in [
        (json!({}), Owed::AskCounsel, vec![florida]),
        (elsewhere, Owed::AskCounsel, vec![florida]),
        (opened.clone(), Owed::No, vec![florida]),
        (json!({"risk": "risk"}), Owed::Yes, vec![]),
        (json!({"risk": "risk", "exceptions_opened": opened["exceptions_opened"]}), Owed::Yes, vec![]),
        (json!({"risk": null}), Owed::Yes, vec![]),
        (json!({"encrypted": true}), Owed::No, vec![]),
    ] {
        assert_eq!(filed(given("US-FL", 1, more.clone()), "us-fl-individual").0, owed, "{more}");
        assert_eq!(filed(given("US-FL", 1, more.clone()), "us-fl-individual").1, filings, "{more}");
    }
}

#[test]
fn each_law_whose_exception_has_to_be_opened_says_by_what() {
    for state in ["AK", "DC", "FL", "SD", "VT"] {
        let regime = format!("us-{}-individual", state.to_lowercase());
        let all = findings(given(&format!("US-{state}"), 1, json!({})));
        let finding = find(&all, &regime);
        assert_eq!(finding.owed, Owed::AskCounsel, "{regime}");
        assert!(finding.reasons.iter().any(|reason| reason.contains("is open only after")), "{regime}");
        let roles: Vec<FilingRole> = finding.further_filings.iter().map(|filing| filing.role).collect();
        assert_eq!(roles, [FilingRole::Exception], "{regime}");
    }
}

#[test]
fn new_york_asks_for_the_determination_from_501_residents_on() {
    for (people, filings) in
        [(499, vec![]), (500, vec![]), (501, vec!["exception 2026-09-26T03:59:59Z P10D"])]
    {
        assert_eq!(
            filed(given("US-NY", people, json!({})), "us-ny-individual"),
            (Owed::Yes, filings.into_iter().map(str::to_owned).collect())
        );
    }
}

#[test]
fn a_phase_counts_from_what_it_follows_and_waits_for_it() {
    let brazil = |clocks: Value| given("BR", 1, json!({"risk": "high", "clocks": clocks}));
    let knowledge = "2026-11-18T15:00:00-03:00";
    let waiting = brazil(json!({"knowledge": knowledge}));
    assert_eq!(filed(waiting.clone(), "br-lgpd-authority").1, ["phase - P20BD-after-authority-notice"]);
    assert_eq!(filed(waiting, "br-lgpd-individual").1, ["phase - P3BD-after-individual-notice"]);
    // Both on Black Awareness Day, a Friday: twenty business days end on 18 December, three on the Wednesday.
    let on_friday = "2026-11-20T15:00:00-03:00";
    let done = brazil(json!({
        "knowledge": knowledge, "authority_notified": {"BR": on_friday}, "individual_notice_sent": on_friday,
    }));
    assert_eq!(filed(done.clone(), "br-lgpd-authority").1, ["phase 2026-12-19T02:59:59Z P20BD"]);
    assert_eq!(filed(done, "br-lgpd-individual").1, ["phase 2026-11-26T02:59:59Z P3BD"]);
    assert_eq!(filed(given("BR", 1, json!({})), "br-lgpd-authority").1, [""; 0], "nothing is owed");
}

#[test]
fn the_states_hear_of_what_the_secretary_of_health_was_told() {
    let health = |state: &str, clocks: Value, sector: &str| {
        let controller = json!({"time_zone": "America/New_York", "sectors": [sector]});
        given(state, 600, json!({"risk": "high", "clocks": clocks, "controller": controller}))
    };
    let told = |by: &str| json!({"discovery": "2026-11-20T12:00:00Z", "authority_notified": {by: "2026-11-23T12:00:00-05:00"}});
    let covered = "hipaa-covered-entity";
    // Over Thanksgiving; the day after it may be a holiday in Illinois, and counts.
    for (state, regime, due) in
        [("US-NY", "us-ny-ag", "2026-12-02T04:59:59Z"), ("US-IL", "us-il-ag", "2026-12-02T05:59:59Z")]
    {
        assert_eq!(filed(health(state, told("US"), covered), regime).1, [format!("phase {due} P5BD")]);
        let pending = ["phase - P5BD-after-authority-notice"];
        assert_eq!(filed(health(state, told(state), covered), regime).1, pending);
        assert_eq!(filed(health(state, told("US"), "retail"), regime).1, [""; 0]);
    }
}

#[test]
fn a_filing_counts_its_days_plainly_whatever_the_duty_does() {
    let terms = r#"deadline = { days = 5 }
        first-day-counts = true
        from-end-of-year = true
        hold = { tail = { days = 7 } }
        further-filings = [{ role = "phase", what = "a supplement", clock = "determination", deadline = { days = 5 } }]
    "#;
    let rule = RULE.replace("deadline = { hours = 72 }", terms).replace("awareness", "discovery");
    let book =
        &format!("{HEAD}{rule}").replace("owed = \"yes\"", "owed = \"yes\"\ndue = \"2027-01-04T23:59:59Z\"");
    let source = |file: &str, text: &str| Source { file: file.to_owned(), text: text.to_owned() };
    let pack = RulePack::load(&[source("zz.toml", book)], &[], &source("data-categories.toml", ""));
    let pack = pack.expect("a book that loads");
    assert_eq!(pack.lint().iter().filter(|lint| lint.problem.starts_with("case")).count(), 0);
    let more = json!({"law_enforcement_hold": {"from": "2026-09-20", "lifted": "2027-03-01T12:00:00Z"}});
    let given = facts(given("ZZ", 1, more));
    let findings = evaluate(&pack, &given).expect("facts that can be");
    let duty = find(&findings, "zz-authority");
    let text = |at: Option<jiff::Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
    assert_eq!(text(duty.due), "2027-03-08T23:59:59Z", "seven days after the hold");
    let filing = duty.further_filings.first().expect("a filing");
    assert_eq!(text(filing.due), "2026-09-20T23:59:59Z");
}
