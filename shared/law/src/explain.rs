//! One JSON line in, one JSON line out: what would be owed, for people and for conformance cases.

use serde_json::{Value, json};

use crate::engine::evaluate;
use crate::facts::Facts;
use crate::finding::{Finding, Owed};
use crate::pack::RulePack;

/// Answers `{"id", "facts"}` with `{"id", "obligations"}`, or with `{"id", "error"}`; decides by the shipped law.
/// In an obligation `owed` is true, false, or null where counsel must decide.
pub fn explain(line: &Value) -> Value {
    let id = line.get("id").cloned().unwrap_or(Value::Null);
    match obligations(line) {
        Ok(obligations) => json!({"id": id, "obligations": obligations}),
        Err(error) => json!({"id": id, "error": error}),
    }
}

fn obligations(line: &Value) -> Result<Vec<Value>, String> {
    let facts = line.get("facts").cloned().ok_or("`facts` is missing")?;
    let facts: Facts = serde_json::from_value(facts).map_err(|error| error.to_string())?;
    let findings = evaluate(RulePack::shipped(), &facts).map_err(|error| error.to_string())?;
    Ok(findings.iter().map(obligation).collect())
}

fn obligation(finding: &Finding) -> Value {
    let owed = match finding.owed {
        Owed::Yes => Some(true),
        Owed::No => Some(false),
        Owed::AskCounsel => None,
    };
    json!({
        "regime": finding.regime,
        "jurisdiction": finding.jurisdiction,
        "audience": finding.audience,
        "recipient": finding.recipient,
        "owed": owed,
        "due": finding.due,
        "due_rule": finding.due_rule,
        "alarm": finding.alarm(),
        "readings": finding.readings,
        "further_filings": finding.further_filings,
        "reasons": finding.reasons,
        "citation": finding.citation,
        "confidence": finding.confidence,
        "zone": finding.zone,
        "people": finding.people,
        "required": finding.required,
        "forbidden": finding.forbidden,
        "methods": finding.methods,
        "conditions": finding.conditions,
        "languages": finding.languages,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_line_is_answered_with_an_error_and_its_id() {
        let cases = [
            (json!({"id": "a"}), "`facts` is missing"),
            (json!({"id": "a", "facts": {}}), "missing field"),
            (
                json!({"id": "a", "facts": {"clocks": {"awareness": "soon"}, "controller": {"time_zone": "UTC"},
                    "affected": {}}}),
                "clock `awareness` is not an RFC 3339 instant",
            ),
        ];
        for (line, want) in cases {
            let answer = explain(&line);
            assert_eq!(answer["id"], "a");
            assert!(answer["error"].as_str().is_some_and(|error| error.contains(want)), "{answer}");
        }
        assert_eq!(explain(&json!(null))["id"], Value::Null);
    }

    #[test]
    fn an_answer_carries_the_instant_in_utc_and_null_for_counsel() {
        let answer = explain(&json!({"id": "x", "facts": {
            "clocks": {"awareness": "2026-11-27T17:40:00+01:00"},
            "controller": {"time_zone": "Europe/Berlin", "country": "DE"},
            "affected": {"DE": 10, "AQ": 1},
            "risk": "risk",
        }}));
        let find = |regime: &str| {
            let all = answer["obligations"].as_array().expect("obligations");
            all.iter().find(|one| one["regime"] == regime).unwrap_or_else(|| panic!("{regime} in {answer}"))
        };
        assert_eq!(find("eu-gdpr-authority")["due"], "2026-11-30T16:40:00Z");
        assert_eq!(find("eu-gdpr-authority")["owed"], true);
        assert_eq!(find("eu-gdpr-register")["due"], Value::Null);
        assert_eq!(find("unknown-aq")["owed"], Value::Null);
        assert_eq!(find("unknown-aq")["due_rule"], "ask-counsel");
    }
}
