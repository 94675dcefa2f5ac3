//! What people see of the console's answers.

use serde_json::{Value, json};
use tocsin_cli::show::{self, Options};

fn sample() -> Value {
    serde_json::from_str(include_str!("samples/incident.json")).expect("the sample")
}

#[test]
fn an_incident_is_one_readable_page() {
    insta::assert_snapshot!("incident", show::incident(&sample(), Options::PLAIN));
}

#[test]
fn with_reasons_every_duty_says_why() {
    let at = Some("2026-11-25T12:00:00Z".parse().expect("an instant"));
    insta::assert_snapshot!(
        "reasons",
        show::incident(&sample(), Options { reasons: true, at, colour: false })
    );
}

#[test]
fn colours_change_no_column() {
    let plain = show::incident(&sample(), Options::PLAIN);
    let coloured = show::incident(&sample(), Options { colour: true, ..Options::PLAIN });
    assert!(!plain.contains('\u{1b}'));
    assert!(coloured.contains("\u{1b}[31mlate\u{1b}[0m"), "{coloured}");
    let mut stripped = coloured;
    for code in ["\u{1b}[31m", "\u{1b}[32m", "\u{1b}[33m", "\u{1b}[35m", "\u{1b}[0m"] {
        stripped = stripped.replace(code, "");
    }
    assert_eq!(stripped, plain);
}

#[test]
fn before_there_is_a_plan_the_page_ends_after_the_scope() {
    let mut incident = sample()["incident"].take();
    incident["scope"] = Value::Null;
    incident["plan"] = Value::Null;
    incident["stage"] = json!("scoping");
    incident["halt"] = Value::Null;
    let slice = |counted: Value| json!({ "number": 0, "dataset": "exports", "from": 0, "to": 9, "first_line": 2, "counted": counted });
    let counted = json!({ "rows": 9, "rejected": 0, "reject_file": null });
    let page = show::incident(
        &json!({ "incident": incident, "slices": [slice(counted), slice(Value::Null)] }),
        Options::PLAIN,
    );
    assert!(page.contains("Stage      scoping\n"), "{page}");
    assert!(page.ends_with("Affected   not known yet: 1 of 2 slices are read\n"), "{page}");
}

#[test]
fn a_list_has_a_line_an_incident() {
    insta::assert_snapshot!("incidents", show::incidents(&[sample()["incident"].take()]));
    assert_eq!(show::incidents(&[]), "no incidents\n");
}

#[test]
fn acts_are_answered_in_words() {
    let approved = json!({ "stage": "sending", "approved_by": ["ada", "bo"], "approvals_needed": 2 });
    assert_eq!(show::approved(&approved), "approved, 2 of 2 (ada, bo): the incident is sending\n");
    let held = json!({ "halt": "held", "handed_over": ["0-1-1-0", "0-1-1-1"] });
    assert_eq!(show::halted(&held), "held; chunks handed over so far: 2\n0-1-1-0\n0-1-1-1\n");
    let released = json!({ "halt": null, "handed_over": [] });
    assert_eq!(show::halted(&released), "released; chunks handed over so far: 0\n");
    assert_eq!(show::confirmed(&json!({ "confirmed": [] })), "nothing is confirmed\n");
    let rule = json!({ "id": "us-tx-ag", "from": "2023-09-01" });
    let word = json!({
        "rule": rule, "confidence": "uncertain", "by": "di", "at": "2026-11-23T09:00:00Z", "reason": "read",
    });
    assert_eq!(
        show::confirmed(&json!({ "confirmed": [word] })).lines().last(),
        Some("us-tx-ag  2023-09-01  uncertain   2026-11-23 09:00:00Z  di  read")
    );
}

#[test]
fn an_answer_of_another_version_is_shown_as_it_came() {
    for answer in [json!({ "incident": 7 }), Value::Null, json!([])] {
        let page = show::incident(&answer, Options::PLAIN);
        assert!(page.contains("another version") && page.contains(&format!("{answer:#}")), "{page}");
    }
}
