//! Google Security Operations (Chronicle) detections.
//! <https://cloud.google.com/chronicle/docs/reference/detection-engine-api>
//! A rule need not have a severity; without one the detection is unrated.

use serde_json::Value;
use tocsin_domain::signal::{Hints, Severity, Signal};

use super::{Finding, each, is_one_of, missing, read_each, signal, status};
use crate::draft::{UNRATED, hint, resource, severity_word};
use crate::{json, time};

const NAME: &str = "Google SecOps";

/// A page of detections, or of the alerts among them.
const PLACES: [&str; 2] = ["/detections", "/alerts/alerts"];

pub(super) fn knows(value: &Value) -> bool {
    !each(value, &PLACES, is_detection).is_empty()
}

pub(super) fn read(value: &Value) -> Vec<Finding> {
    read_each(value, &PLACES, is_detection, finding)
}

/// Its `detection` is a list of one; forwarders take it out.
fn is_detection(value: &Value) -> bool {
    let is_list = value.get("detection").is_some_and(Value::is_array);
    value.get("detectionTime").is_some() && (is_list || json::is_object(value, "/detection"))
}

fn finding(value: &Value) -> Finding {
    let detection = json::at(value, "/detection/0").or(value.get("detection")).unwrap_or(value);
    let rule = json::first_text(detection, &["/ruleName", "/ruleSetDisplayName"]);
    let rule = rule.ok_or(missing(NAME, "ruleName"))?;
    let is_false = json::text(value, "/feedbackSummary/verdict") == Some("FALSE_POSITIVE");
    signal(Signal {
        source: "google-secops".to_owned(),
        external_id: json::text(value, "/id").ok_or(missing(NAME, "id"))?.to_owned(),
        severity: severity(detection),
        kind: json::text(value, "/type").unwrap_or_default().to_owned(),
        title: json::text(detection, "/summary").unwrap_or(rule).to_owned(),
        occurred_at: time::first(value, &["/timeWindow/startTime", "/detectionTime"]),
        status: status(is_false || is_one_of(json::text(value, "/feedbackSummary/status"), &["closed"])),
        hints: hints(value, detection),
    })
}

/// Of the events behind it, who acted on what (the nouns of UDM).
fn hints(value: &Value, detection: &Value) -> Hints {
    let mut hints = Hints::default();
    hint(&mut hints.resources, json::text(detection, "/ruleId"));
    let references = json::list(value, "/collectionElements")
        .iter()
        .flat_map(|element| json::list(element, "/references"))
        .filter_map(|reference| reference.get("event"));
    for event in references.chain(value.get("event")) {
        hint(&mut hints.actors, json::text(event, "/principal/user/userid"));
        hint(&mut hints.actors, json::text(event, "/principal/ip/0"));
        resource(&mut hints, json::text(event, "/target/hostname"));
        resource(&mut hints, json::text(event, "/target/resource/name"));
    }
    hints
}

fn severity(detection: &Value) -> Severity {
    let labels = json::list(detection, "/ruleLabels");
    let label = labels
        .iter()
        .find(|label| json::text(label, "/key").is_some_and(|key| key.eq_ignore_ascii_case("severity")));
    let word = label.and_then(|label| json::text(label, "/value")).or(json::text(detection, "/severity"));
    word.and_then(severity_word).unwrap_or(UNRATED)
}
