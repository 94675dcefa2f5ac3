//! Which rules counsel is to confirm: by name, or all that an incident's plan waits for.

use std::str::FromStr;

use jiff::civil::Date;
use serde::Deserialize;
use serde_json::Value;
use tocsin_domain::obligation::{Obligation, RuleVersion};
use tocsin_law::RulePack;

use crate::console::ConsoleError;

/// A rule as it is written on the command line: `us-tx-ag@2023-09-01`, or `us-tx-ag` for its newest version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleArgument(pub RuleVersion);

/// Why an argument names no rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoSuchRule {
    #[error("the day after @ is not a date such as 2023-09-01")]
    Day,
    #[error("this version ships no such rule, and cannot tell its newest version")]
    Unknown,
}

impl FromStr for RuleArgument {
    type Err = NoSuchRule;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (id, from) = match text.split_once('@') {
            Some((id, day)) => (id, day.parse::<Date>().map_err(|_| NoSuchRule::Day)?),
            None => (text, RulePack::shipped().rule(text).ok_or(NoSuchRule::Unknown)?.effective_from),
        };
        Ok(Self(RuleVersion { id: id.to_owned(), from }))
    }
}

#[derive(Deserialize)]
struct Shown {
    #[serde(default)]
    duties: Vec<Duty>,
}

#[derive(Deserialize)]
struct Duty {
    duty: Obligation,
    waits_for_counsel: bool,
}

/// The rules that wait for counsel, by the console's answer about an incident.
///
/// # Errors
/// When the answer is of another version.
pub fn asked_by(shown: &Value) -> Result<Vec<RuleVersion>, ConsoleError> {
    let Shown { duties } = Shown::deserialize(shown).map_err(|_| ConsoleError::Unreadable)?;
    let waiting = duties.iter().filter(|duty| duty.waits_for_counsel);
    let mut rules: Vec<RuleVersion> = waiting.filter_map(|duty| duty.duty.asks_to_confirm()).collect();
    rules.sort();
    rules.dedup();
    Ok(rules)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_named_with_its_version_or_means_the_newest() {
        let named = |text: &str| text.parse::<RuleArgument>().map(|RuleArgument(rule)| rule.to_string());
        let newest = RulePack::shipped().rule("us-ca-ag").unwrap().effective_from;
        for (text, expected) in [
            ("us-ca-ag@2012-01-01", Ok("us-ca-ag@2012-01-01".to_owned())),
            ("us-ca-ag", Ok(format!("us-ca-ag@{newest}"))),
            ("us-ca-ag@", Err(NoSuchRule::Day)),
            ("us-ca-ag@2012-13-01", Err(NoSuchRule::Day)),
            ("no-such-rule", Err(NoSuchRule::Unknown)),
        ] {
            assert_eq!(named(text), expected, "{text}");
        }
    }
}
