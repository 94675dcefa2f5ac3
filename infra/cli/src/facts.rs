//! What a person states of an incident, from the command line to the console's words.

use std::str::FromStr;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::args::{StatedFacts, YesOrNo};

/// An instant under a name: `determination=2026-11-23T12:00:00Z`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    pub name: String,
    pub at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write NAME=INSTANT, such as determination=2026-11-23T12:00:00Z")]
pub struct NotNamed;

impl FromStr for Named {
    type Err = NotNamed;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, at) = text.split_once('=').ok_or(NotNamed)?;
        Ok(Self { name: name.to_owned(), at: at.parse().map_err(|_| NotNamed)? })
    }
}

/// Counsel's answer to a rule: `cn-incident-4h=no`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    pub rule: String,
    pub is_owed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write RULE=yes or RULE=no, such as cn-incident-4h=no")]
pub struct NotAnswered;

impl FromStr for Answered {
    type Err = NotAnswered;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (rule, is_owed) = match text.split_once('=') {
            Some((rule, "yes")) => (rule, true),
            Some((rule, "no")) => (rule, false),
            Some(_) | None => return Err(NotAnswered),
        };
        Ok(Self { rule: rule.to_owned(), is_owed })
    }
}

/// The body's `facts`. The console says which words it does not know.
pub fn statement(facts: &StatedFacts) -> Value {
    let StatedFacts { risk, hold_from, hold_lifted, clocks, authority_notified, exceptions_opened, .. } =
        facts;
    let mut stated = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            stated.insert(name.to_owned(), value);
        }
    };
    put("risk", risk.map(|risk| json!(risk)));
    for (name, answer) in [
        ("significant_harm", facts.significant_harm),
        ("improper_purpose", facts.improper_purpose),
        ("significant_incident", facts.significant_incident),
        ("encrypted", facts.encrypted),
        ("key_compromised", facts.key_compromised),
        ("backup", facts.backup),
        ("processor", facts.processor),
    ] {
        put(name, answer.map(|answer| json!(answer == YesOrNo::Yes)));
    }
    put("law_enforcement_hold", hold_from.map(|from| json!({ "from": from, "lifted": hold_lifted })));
    for (group, named) in [
        ("clocks", clocks),
        ("authority_notified", authority_notified),
        ("exceptions_opened", exceptions_opened),
    ] {
        let given: Map<String, Value> =
            named.iter().map(|Named { name, at }| (name.clone(), json!(at))).collect();
        put(group, (!given.is_empty()).then_some(Value::Object(given)));
    }
    let answers: Map<String, Value> =
        facts.counsel.iter().map(|Answered { rule, is_owed }| (rule.clone(), json!(is_owed))).collect();
    put("counsel", (!answers.is_empty()).then_some(Value::Object(answers)));
    for fact in &facts.take_back {
        match fact.split_once('.') {
            Some((group, name)) => {
                let group = stated.entry(group).or_insert_with(|| json!({}));
                match group.as_object_mut() {
                    Some(group) => drop(group.insert(name.to_owned(), Value::Null)),
                    // A fact without parts: the console says so.
                    None => *group = json!({ name: null }),
                }
            }
            None => {
                stated.insert(fact.clone(), Value::Null);
            }
        }
    }
    Value::Object(stated)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::{Args, Command, Incident};

    fn said(words: &[&str]) -> Option<Value> {
        let head = ["tocsin", "incident", "facts", "0123456789abcdef0123456789abcdef"];
        let tail = ["--reason", "found out", "--tenant", "shop"];
        let line = head.iter().chain(words).chain(&tail);
        let Command::Incident(Incident::Facts { facts, .. }) = Args::try_parse_from(line).ok()?.command
        else {
            panic!("another command");
        };
        Some(statement(&facts))
    }

    #[test]
    fn words_become_the_facts_that_they_name() {
        let at = "2026-11-20T00:00:00Z";
        for (words, expected) in [
            (
                vec!["--risk", "high", "--key-compromised", "yes"],
                Some(json!({ "risk": "high", "key_compromised": true })),
            ),
            (vec!["--backup", "no"], Some(json!({ "backup": false }))),
            (
                vec!["--hold-from", at],
                Some(json!({ "law_enforcement_hold": { "from": at, "lifted": null } })),
            ),
            (
                vec!["--clock", "determination=2026-11-20T00:00:00Z", "--take-back", "clocks.discovery"],
                Some(json!({ "clocks": { "determination": at, "discovery": null } })),
            ),
            (
                vec!["--exception-opened", "US-AK=2026-11-20T00:00:00Z"],
                Some(json!({ "exceptions_opened": { "US-AK": at } })),
            ),
            (vec!["--take-back", "risk"], Some(json!({ "risk": null }))),
            (vec!["--risk", "high", "--take-back", "risk.x"], Some(json!({ "risk": { "x": null } }))),
            (vec![], None),
            (vec!["--hold-lifted", at], None),
            (vec!["--risk", "low"], None),
            (vec!["--clock", "determination"], None),
            (
                vec!["--counsel", "cn-incident-4h=no", "--counsel", "unknown-aq=yes"],
                Some(json!({ "counsel": { "cn-incident-4h": false, "unknown-aq": true } })),
            ),
            (vec!["--counsel", "cn-incident-4h"], None),
            (vec!["--counsel", "cn-incident-4h=maybe"], None),
        ] {
            assert_eq!(said(&words), expected, "{words:?}");
        }
    }
}
