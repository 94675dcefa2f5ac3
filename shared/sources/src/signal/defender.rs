//! Microsoft Defender: alerts of the Graph security API (version 2) and incidents of Defender XDR.
//! <https://learn.microsoft.com/en-us/graph/api/resources/security-alert>

use serde_json::Value;
use tocsin_domain::signal::{Hints, Signal};

use super::{Finding, missing, signal, status};
use crate::draft::{hint, severity_word};
use crate::{json, time};

const NAME: &str = "Defender";
const FIRST_SEEN: [&str; 5] =
    ["/firstActivityDateTime", "/firstEventTime", "/createdDateTime", "/alertCreationTime", "/createdTime"];

pub(super) fn knows(value: &Value) -> bool {
    is_alert(value) || is_incident(value)
}

pub(super) fn read(value: &Value) -> Vec<Finding> {
    vec![finding(value)]
}

/// Graph names the product in `serviceSource`, Defender for Endpoint in `detectionSource`.
fn is_alert(value: &Value) -> bool {
    let has = |name| value.get(name).is_some();
    has("severity") && has("title") && (has("serviceSource") || has("detectionSource"))
}

fn is_incident(value: &Value) -> bool {
    value.get("severity").is_some()
        && value.get("incidentId").is_some()
        && value.get("incidentName").is_some()
}

fn finding(value: &Value) -> Finding {
    let (id, title) = if is_incident(value) { ("/incidentId", "/incidentName") } else { ("/id", "/title") };
    let id = json::id(value, id).or_else(|| json::id(value, "/alertId")).ok_or(missing(NAME, "id"))?;
    let title = json::text(value, title).ok_or(missing(NAME, "title"))?;
    let severity = json::text(value, "/severity").and_then(severity_word);
    let is_over = json::text(value, "/status").is_some_and(|word| word.eq_ignore_ascii_case("resolved"));
    signal(Signal {
        source: "defender".to_owned(),
        external_id: id,
        severity: severity.ok_or(missing(NAME, "severity"))?,
        kind: json::first_text(value, &["/category", "/alerts/0/category"]).unwrap_or_default().to_owned(),
        title: title.to_owned(),
        occurred_at: time::first(value, &FIRST_SEEN),
        status: status(is_over),
        hints: hints(value),
    })
}

/// Of user evidence the account's short name alone: the principal name is an e-mail address.
fn hints(value: &Value) -> Hints {
    let mut hints = Hints::default();
    for evidence in json::list(value, "/evidence") {
        hint(&mut hints.actors, json::text(evidence, "/userAccount/accountName"));
        hint(&mut hints.actors, json::text(evidence, "/ipAddress"));
        hint(&mut hints.resources, json::first_text(evidence, &["/deviceDnsName", "/resourceId"]));
    }
    hints
}
