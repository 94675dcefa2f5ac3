//! Our own form, for a source that has no format of its own here:
//!
//! ```json
//! {
//!   "tocsin": 1,
//!   "source": "backoffice",
//!   "external_id": "case-4711",
//!   "severity": "high",
//!   "kind": "bulk-export",
//!   "title": "All customers were exported at night",
//!   "occurred_at": "2026-03-01T02:10:00Z",
//!   "status": "open",
//!   "test": false,
//!   "hints": {"accounts": [], "buckets": [], "shop_domains": [], "resources": [], "actors": []}
//! }
//! ```
//!
//! `tocsin` is the version. `severity` is one of `informational`, `low`, `medium`, `high`, `critical`.
//! `source`, `external_id`, `severity` and `title` must be there. `status` is `open` or `resolved`.
//! `source` is a name of small letters, digits and dashes, and none of a format that we read.
//! `external_id` must stay the same when the source sends the finding again.

use serde_json::Value;
use tocsin_domain::signal::{Hints, Severity, Signal, SignalStatus};

use super::{Finding, Ignored, Reading, Rejection, missing, signal};
use crate::{json, time};

const NAME: &str = "the generic form";

/// The names that the other formats and the webhooks give their signals.
const TAKEN: [&str; 22] = [
    "adobe-commerce",
    "adyen",
    "cef",
    "crowdstrike",
    "datadog",
    "defender",
    "elastic",
    "google-secops",
    "guardduty",
    "leef",
    "macie",
    "microsoft-sentinel",
    "ocsf",
    "qradar",
    "security-hub",
    "security-incident-response",
    "sentinelone",
    "shopify",
    "splunk",
    "stripe",
    "wazuh",
    "wiz",
];

pub(super) fn knows(value: &Value) -> bool {
    value.get("tocsin").is_some()
}

pub(super) fn read(value: &Value) -> Vec<Finding> {
    vec![finding(value)]
}

fn finding(value: &Value) -> Finding {
    if value.get("tocsin").and_then(Value::as_u64) != Some(1) {
        return Err(missing(NAME, "version"));
    }
    let text = |pointer, field| json::text(value, pointer).ok_or(missing(NAME, field));
    let source = text("/source", "source").and_then(own_name)?;
    let external_id = text("/external_id", "external_id")?;
    let title = text("/title", "title")?;
    let severity: Severity = word(value, "/severity").ok_or(missing(NAME, "severity"))?;
    if json::is_true(json::at(value, "/test")) {
        return Ok(Reading::Ignored(Ignored::Sample));
    }
    let status = match json::at(value, "/status") {
        None | Some(Value::Null) => SignalStatus::Open,
        Some(_) => word(value, "/status").ok_or(missing(NAME, "status"))?,
    };
    let occurred_at = match json::at(value, "/occurred_at") {
        None | Some(Value::Null) => None,
        Some(at) => Some(time::instant(at).ok_or(missing(NAME, "occurred_at"))?),
    };
    let hints = match json::at(value, "/hints") {
        None | Some(Value::Null) => Hints::default(),
        Some(hints) => serde_json::from_value(hints.clone()).map_err(|_| missing(NAME, "hints"))?,
    };
    signal(Signal {
        source: source.to_owned(),
        external_id: external_id.to_owned(),
        severity,
        kind: json::text(value, "/kind").unwrap_or_default().to_owned(),
        title: title.to_owned(),
        occurred_at,
        status,
        hints,
    })
}

/// A sender must not speak in the name of another source: a finding's id is only its own within its source.
fn own_name(source: &str) -> Result<&str, Rejection> {
    let lawful = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if source.len() > 40 || !source.bytes().all(lawful) || TAKEN.contains(&source) {
        return Err(missing(NAME, "source"));
    }
    Ok(source)
}

/// One of the words of an enum of ours, spelled as it is.
fn word<T: serde::de::DeserializeOwned>(value: &Value, pointer: &str) -> Option<T> {
    serde_json::from_value(json::at(value, pointer)?.clone()).ok()
}
