//! A signal: one security event from a source, normalised, with its origin kept.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// OCSF's five words for severity, in rising order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Informational,
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Informational => "informational",
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether the source says that the thing still goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SignalStatus {
    Open,
    Resolved,
}

/// What a signal names; triage uses it to find the tenant, scope to find the people.
/// Each is a list because one finding may touch several. Sorted, without repeats.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Hints {
    /// AWS account ids.
    pub accounts: Vec<String>,
    /// Names of S3 buckets.
    pub buckets: Vec<String>,
    /// `example.myshopify.com`.
    pub shop_domains: Vec<String>,
    /// Other resources, as the source writes them (ARNs, host names, tables).
    pub resources: Vec<String>,
    /// Who did it, as the source writes it: a role, an access key id, an IP address.
    pub actors: Vec<String>,
}

/// One security event, normalised. The raw bytes are kept beside it by who received them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signal {
    /// The source in lower case: `guardduty`, `security-hub`, `shopify`, `generic`, ...
    pub source: String,
    /// The finding's own id, which survives redelivery and update.
    pub external_id: String,
    pub severity: Severity,
    /// The source's own type of the finding, such as `Exfiltration:S3/AnomalousBehavior`.
    pub kind: String,
    pub title: String,
    /// When it happened, by the source; `None` where the source does not say.
    pub occurred_at: Option<Timestamp>,
    pub status: SignalStatus,
    pub hints: Hints,
}

impl Signal {
    /// The same finding after its source updated it. What was once said of its reach and its severity is not taken
    /// back: a source may lower a severity because somebody looked, and whoever was affected still is.
    pub fn updated_by(&self, newer: &Signal) -> Signal {
        let earliest = [self.occurred_at, newer.occurred_at].into_iter().flatten().min();
        Signal {
            severity: self.severity.max(newer.severity),
            occurred_at: earliest,
            hints: self.hints.with(&newer.hints),
            ..newer.clone()
        }
    }
}

impl Hints {
    /// What either names.
    fn with(&self, other: &Hints) -> Hints {
        let both = |ours: &[String], theirs: &[String]| {
            let all: BTreeSet<&String> = ours.iter().chain(theirs).collect();
            all.into_iter().cloned().collect()
        };
        Hints {
            accounts: both(&self.accounts, &other.accounts),
            buckets: both(&self.buckets, &other.buckets),
            shop_domains: both(&self.shop_domains, &other.shop_domains),
            resources: both(&self.resources, &other.resources),
            actors: both(&self.actors, &other.actors),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_update_takes_back_neither_severity_nor_reach() {
        let bucket = |name: &str| Hints { buckets: vec![name.to_owned()], ..Hints::default() };
        let signal = |severity, occurred_at: Option<&str>, title: &str, hints| Signal {
            source: "guardduty".to_owned(),
            external_id: "1".to_owned(),
            severity,
            kind: String::new(),
            title: title.to_owned(),
            occurred_at: occurred_at.map(|at| at.parse().unwrap()),
            status: SignalStatus::Open,
            hints,
        };
        let first = signal(Severity::High, Some("2026-11-23T09:00:00Z"), "first", bucket("b"));
        let newer = signal(Severity::Low, Some("2026-11-23T10:00:00Z"), "newer", bucket("a"));
        let updated = first.updated_by(&newer);
        assert_eq!(updated.severity, Severity::High);
        assert_eq!(updated.occurred_at, first.occurred_at);
        assert_eq!(updated.title, "newer");
        assert_eq!(updated.hints.buckets, ["a", "b"]);
        assert_eq!(updated.updated_by(&newer), updated);
        assert_eq!(
            first.updated_by(&signal(Severity::Critical, None, "", bucket("b"))).severity,
            Severity::Critical
        );
    }
}
