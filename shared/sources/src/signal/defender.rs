//! Microsoft Defender: alerts and incidents of the Graph security API (both versions), of Defender XDR and of Defender for
//! Endpoint, and the alert records that Defender XDR streams to an event hub.
//! <https://learn.microsoft.com/en-us/graph/api/resources/security-alert>,
//! <https://learn.microsoft.com/en-us/graph/api/resources/security-incident>,
//! <https://learn.microsoft.com/en-us/defender-xdr/streaming-api>

use serde_json::Value;
use tocsin_domain::signal::{Hints, Signal};

use super::{Finding, Ignored, Reading, each, is_one_of, missing, read_each, signal, status};
use crate::draft::{hint, resource, severity_word};
use crate::{json, time};

const NAME: &str = "Defender";
/// Lists of the API are in `value`, of the event hub in `records`.
const PLACES: [&str; 2] = ["/value", "/records"];
const FIRST_SEEN: [&str; 7] = [
    "/firstActivityDateTime",
    "/eventDateTime",
    "/firstEventTime",
    "/createdDateTime",
    "/alertCreationTime",
    "/createdTime",
    "/Timestamp",
];

/// The alert of the detection test that a machine runs when it is taken in.
pub(super) const TEST_ALERT: &str = "[Test Alert] Suspicious Powershell commandline";

pub(super) fn knows(value: &Value) -> bool {
    !each(value, &PLACES, is_one).is_empty()
}

pub(super) fn read(value: &Value) -> Vec<Finding> {
    read_each(value, &PLACES, is_one, finding)
}

fn is_one(value: &Value) -> bool {
    is_alert(value) || is_incident(value) || is_graph_incident(value) || is_record(value)
}

/// Graph names the product in `serviceSource`, in its first version in `vendorInformation`; Defender for Endpoint in
/// `detectionSource`.
fn is_alert(value: &Value) -> bool {
    let has = |name| value.get(name).is_some();
    let names_product = ["serviceSource", "detectionSource", "vendorInformation"].into_iter().any(has);
    has("severity") && has("title") && names_product
}

fn is_incident(value: &Value) -> bool {
    value.get("severity").is_some()
        && value.get("incidentId").is_some()
        && value.get("incidentName").is_some()
}

fn is_graph_incident(value: &Value) -> bool {
    value.get("displayName").is_some() && value.get("incidentWebUrl").is_some()
}

fn is_record(value: &Value) -> bool {
    let kind = json::text(value, "/category").unwrap_or_default();
    kind.starts_with("AdvancedHunting-Alert") && json::is_object(value, "/properties")
}

fn finding(value: &Value) -> Finding {
    if !is_record(value) {
        return finding_of(value);
    }
    match json::text(value, "/category") {
        Some("AdvancedHunting-AlertInfo") => finding_of(json::at(value, "/properties").unwrap_or(value)),
        // What was touched by an alert that comes in a record of its own.
        Some(_) | None => Ok(Reading::Ignored(Ignored::NoFinding)),
    }
}

fn finding_of(value: &Value) -> Finding {
    let ids = if is_incident(value) { ["/incidentId"].as_slice() } else { &["/id", "/alertId", "/AlertId"] };
    let id = ids.iter().find_map(|pointer| json::id(value, pointer)).ok_or(missing(NAME, "id"))?;
    let title = json::first_text(value, &["/incidentName", "/title", "/displayName", "/Title"]);
    let title = title.ok_or(missing(NAME, "title"))?;
    if title.eq_ignore_ascii_case(TEST_ALERT) {
        return Ok(Reading::Ignored(Ignored::Sample));
    }
    let severity = json::first_text(value, &["/severity", "/Severity"]).and_then(severity_word);
    let kind = json::first_text(value, &["/category", "/Category", "/alerts/0/category"]);
    signal(Signal {
        source: "defender".to_owned(),
        external_id: id,
        severity: severity.ok_or(missing(NAME, "severity"))?,
        kind: kind.unwrap_or_default().to_owned(),
        title: title.to_owned(),
        occurred_at: time::first(value, &FIRST_SEEN),
        status: status(is_over(value)),
        hints: hints(value),
    })
}

/// An incident that was merged into another (`redirected`) is not over: the other may never come here.
fn is_over(value: &Value) -> bool {
    is_one_of(json::text(value, "/status"), &["resolved", "dismissed"])
        || is_one_of(json::text(value, "/classification"), &["falsePositive"])
        || is_one_of(json::text(value, "/determination"), &["securityTesting"])
}

/// Of user evidence the account's short name alone: the principal name is an e-mail address.
fn hints(value: &Value) -> Hints {
    let mut hints = Hints::default();
    for evidence in json::list(value, "/evidence") {
        hint(&mut hints.actors, json::text(evidence, "/userAccount/accountName"));
        hint(&mut hints.actors, json::text(evidence, "/accountName"));
        hint(&mut hints.actors, json::text(evidence, "/ipAddress"));
        resource(&mut hints, json::first_text(evidence, &["/deviceDnsName", "/resourceId"]));
    }
    resource(&mut hints, json::text(value, "/computerDnsName"));
    hints
}
