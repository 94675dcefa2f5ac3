//! Google Security Operations (Chronicle) detections.
//! <https://cloud.google.com/chronicle/docs/reference/detection-engine-api>
//! A rule need not have a severity; without one the detection is unrated.

use serde_json::Value;
use tocsin_domain::signal::{Hints, Severity, Signal};

use super::{Finding, missing, signal, status};
use crate::draft::{UNRATED, hint, severity_word};
use crate::{json, time};

const NAME: &str = "Google SecOps";

pub(super) fn knows(value: &Value) -> bool {
    is_detection(value) || json::list(value, "/detections").first().is_some_and(is_detection)
}

/// One detection, or a page of them.
pub(super) fn read(value: &Value) -> Vec<Finding> {
    if is_detection(value) {
        return vec![finding(value)];
    }
    json::list(value, "/detections").iter().map(finding).collect()
}

fn is_detection(value: &Value) -> bool {
    value.get("detectionTime").is_some() && value.get("detection").is_some_and(Value::is_array)
}

fn finding(value: &Value) -> Finding {
    let rule = json::first_text(value, &["/detection/0/ruleName", "/detection/0/ruleSetDisplayName"]);
    let rule = rule.ok_or(missing(NAME, "ruleName"))?;
    let mut hints = Hints::default();
    hint(&mut hints.resources, json::text(value, "/detection/0/ruleId"));
    signal(Signal {
        source: "google-secops".to_owned(),
        external_id: json::text(value, "/id").ok_or(missing(NAME, "id"))?.to_owned(),
        severity: severity(value),
        kind: json::text(value, "/type").unwrap_or_default().to_owned(),
        title: json::text(value, "/detection/0/summary").unwrap_or(rule).to_owned(),
        occurred_at: time::first(value, &["/timeWindow/startTime", "/detectionTime"]),
        status: status(false),
        hints,
    })
}

fn severity(value: &Value) -> Severity {
    let labels = json::list(value, "/detection/0/ruleLabels");
    let label = labels
        .iter()
        .find(|label| json::text(label, "/key").is_some_and(|key| key.eq_ignore_ascii_case("severity")));
    let word =
        label.and_then(|label| json::text(label, "/value")).or(json::text(value, "/detection/0/severity"));
    word.and_then(severity_word).unwrap_or(UNRATED)
}
