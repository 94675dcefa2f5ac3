//! A signal: one security event from a source, normalised, with its origin kept.

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
