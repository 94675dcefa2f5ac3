//! What people state of an incident, over what its signals and the tenant's settings say.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};

use crate::id::LeafId;
use crate::tenant::Risk;

/// The facts that people stated. What nobody stated is as the signals and the settings have it, or not known. Each is what
/// the law asks under the same word.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Stated {
    pub risk: Option<Risk>,
    pub significant_harm: Option<bool>,
    pub improper_purpose: Option<bool>,
    /// In the sense of NIS2.
    pub significant_incident: Option<bool>,
    /// All of the affected data was encrypted.
    pub encrypted: Option<bool>,
    /// The key was taken, or is believed to have been.
    pub key_compromised: Option<bool>,
    /// The data is still there in a backup.
    pub backup: Option<bool>,
    /// The data is held for others.
    pub processor: Option<bool>,
    pub law_enforcement_hold: Option<LawEnforcementHold>,
    /// By the law's own word; over the incident's own.
    pub clocks: BTreeMap<String, Timestamp>,
    /// When the authority of each jurisdiction was notified.
    pub authority_notified: BTreeMap<String, Timestamp>,
    /// When that was done in each jurisdiction without which its exception for want of risk is shut.
    pub exceptions_opened: BTreeMap<String, Timestamp>,
    /// What counsel answered where a rule asks counsel, by the rule's id: whether the duty is owed.
    pub counsel: BTreeMap<String, bool>,
    /// The leaf of the statement of each fact that stands, by its word: `risk`, `clocks.determination`.
    pub leaves: BTreeMap<String, LeafId>,
}

/// An agency said that notices would impede an investigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LawEnforcementHold {
    pub from: Timestamp,
    /// `None` while it lasts.
    #[serde(default)]
    pub lifted: Option<Timestamp>,
}

/// What a person states at once: a fact that stands in it is stated, one that stands in it as null is taken back, and all
/// others stay. Clocks are stated one by one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Statement {
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub risk: Option<Option<Risk>>,
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub significant_harm: Option<Option<bool>>,
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub improper_purpose: Option<Option<bool>>,
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub significant_incident: Option<Option<bool>>,
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub encrypted: Option<Option<bool>>,
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub key_compromised: Option<Option<bool>>,
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub backup: Option<Option<bool>>,
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub processor: Option<Option<bool>>,
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub law_enforcement_hold: Option<Option<LawEnforcementHold>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub clocks: BTreeMap<String, Option<Timestamp>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub authority_notified: BTreeMap<String, Option<Timestamp>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub exceptions_opened: BTreeMap<String, Option<Timestamp>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub counsel: BTreeMap<String, Option<bool>>,
}

/// A null that stands there is something else than nothing.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(from).map(Some)
}

impl Stated {
    /// The facts after a statement.
    pub fn after(&self, statement: &Statement) -> Self {
        fn one<T: Copy>(was: Option<T>, stated: Option<Option<T>>) -> Option<T> {
            stated.unwrap_or(was)
        }
        Self {
            risk: one(self.risk, statement.risk),
            significant_harm: one(self.significant_harm, statement.significant_harm),
            improper_purpose: one(self.improper_purpose, statement.improper_purpose),
            significant_incident: one(self.significant_incident, statement.significant_incident),
            encrypted: one(self.encrypted, statement.encrypted),
            key_compromised: one(self.key_compromised, statement.key_compromised),
            backup: one(self.backup, statement.backup),
            processor: one(self.processor, statement.processor),
            law_enforcement_hold: one(self.law_enforcement_hold, statement.law_enforcement_hold),
            clocks: each(&self.clocks, &statement.clocks),
            authority_notified: each(&self.authority_notified, &statement.authority_notified),
            exceptions_opened: each(&self.exceptions_opened, &statement.exceptions_opened),
            counsel: each(&self.counsel, &statement.counsel),
            leaves: self.leaves.clone(),
        }
    }
}

impl Statement {
    /// The words of the facts that stand in it, whether stated or taken back.
    pub fn words(&self) -> Vec<String> {
        let Ok(serde_json::Value::Object(said)) = serde_json::to_value(self) else {
            return Vec::new();
        };
        let of = |(word, value): (&String, &serde_json::Value)| {
            // A hold is one fact, whose instants are stated at once.
            match value.as_object().filter(|_| word != "law_enforcement_hold") {
                Some(parts) => parts.keys().map(|part| format!("{word}.{part}")).collect(),
                None => vec![word.clone()],
            }
        };
        said.iter().flat_map(of).collect()
    }
}

fn each<T: Copy>(was: &BTreeMap<String, T>, stated: &BTreeMap<String, Option<T>>) -> BTreeMap<String, T> {
    let stays = was.iter().filter(|(name, _)| !stated.contains_key(*name)).map(|(name, fact)| (name, *fact));
    let given = stated.iter().filter_map(|(name, fact)| Some((name, (*fact)?)));
    stays.chain(given).map(|(name, fact)| (name.clone(), fact)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn after(stated: &Stated, statement: Value) -> Stated {
        stated.after(&serde_json::from_value(statement).unwrap())
    }

    #[test]
    fn what_is_named_is_stated_what_is_null_is_taken_back_and_the_rest_stays() {
        let day = "2026-11-20T00:00:00Z";
        let first = after(
            &Stated::default(),
            json!({ "risk": "high", "backup": false, "clocks": { "determination": day, "confirmation": day } }),
        );
        assert_eq!((first.risk, first.backup, first.encrypted), (Some(Risk::High), Some(false), None));
        let second = after(&first, json!({ "risk": null, "clocks": { "determination": null } }));
        assert_eq!((second.risk, second.backup), (None, Some(false)));
        assert_eq!(second.clocks.keys().collect::<Vec<_>>(), ["confirmation"]);
        assert_eq!(after(&second, json!({})), second);
    }

    #[test]
    fn a_word_that_is_no_fact_is_refused() {
        for wrong in [
            json!({ "rsk": null }),
            json!({ "risk": "low" }),
            json!({ "clocks": { "determination": "yesterday" } }),
            json!({ "law_enforcement_hold": { "lifted": "2026-11-20T00:00:00Z" } }),
            json!({ "law_enforcement_hold": { "from": "2026-11-20T00:00:00Z", "until": null } }),
        ] {
            assert!(serde_json::from_value::<Statement>(wrong.clone()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_statement_is_written_as_it_was_read() {
        let stated = json!({ "risk": null, "encrypted": true, "clocks": { "determination": null } });
        let read: Statement = serde_json::from_value(stated.clone()).unwrap();
        assert_eq!(serde_json::to_value(read).unwrap(), stated);
    }
}
