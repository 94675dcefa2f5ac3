//! OCSF, the classes of the findings category: <https://schema.ocsf.io/classes/detection_finding>

use serde_json::Value;
use tocsin_domain::signal::{Hints, Severity, Signal, SignalStatus};

use super::{Finding, Ignored, Reading, missing, signal, status};
use crate::draft::{bucket_of_arn, hint, resource, severity_word};
use crate::{json, time};

const NAME: &str = "OCSF";

/// Security, vulnerability, compliance, detection, incident, data security, application security posture, IAM analysis,
/// and what a later version adds: the category counts its classes from here.
const FINDINGS: std::ops::RangeInclusive<u64> = 2001..=2099;
const INCIDENT: u64 = 2005;

/// How GuardDuty begins the titles of its sample findings, whichever form it sends them in.
const GUARDDUTY_SAMPLE: &str = "[SAMPLE]";

pub(super) fn knows(value: &Value) -> bool {
    value.get("class_uid").and_then(Value::as_u64).is_some_and(|class| FINDINGS.contains(&class))
}

pub(super) fn read(value: &Value) -> Vec<Finding> {
    vec![finding(value)]
}

fn finding(value: &Value) -> Finding {
    let id = json::first_text(
        value,
        &["/finding_info/uid", "/finding/uid", "/finding_info_list/0/uid", "/metadata/uid"],
    );
    let title =
        ["/finding_info/title", "/finding/title", "/finding_info_list/0/title", "/message", "/class_name"];
    let title = json::first_text(value, &title).unwrap_or("OCSF finding");
    if title.starts_with(GUARDDUTY_SAMPLE) && is_of_guardduty(value) {
        return Ok(Reading::Ignored(Ignored::Sample));
    }
    signal(Signal {
        source: "ocsf".to_owned(),
        external_id: id.ok_or(missing(NAME, "finding_info.uid"))?.to_owned(),
        severity: severity(value).ok_or(missing(NAME, "severity_id"))?,
        kind: json::first_text(value, &["/finding_info/types/0", "/type_name", "/class_name"])
            .unwrap_or_default()
            .to_owned(),
        title: title.to_owned(),
        occurred_at: time::first(
            value,
            &[
                "/finding_info/first_seen_time",
                "/finding_info/first_seen_time_dt",
                "/finding_info/created_time",
                "/finding_info/created_time_dt",
                "/start_time",
                "/time",
                "/time_dt",
            ],
        ),
        status: finding_status(value),
        hints: hints(value),
    })
}

/// 0 is unknown and 99 is other: then only the word can tell.
fn severity(value: &Value) -> Option<Severity> {
    match value.get("severity_id").and_then(Value::as_u64) {
        Some(1) => Some(Severity::Informational),
        Some(2) => Some(Severity::Low),
        Some(3) => Some(Severity::Medium),
        Some(4) => Some(Severity::High),
        Some(5 | 6) => Some(Severity::Critical),
        _ => json::text(value, "/severity").and_then(severity_word),
    }
}

fn is_of_guardduty(value: &Value) -> bool {
    [
        "/metadata/product/name",
        "/finding_info/product/name",
        "/finding_info/product_uid",
        "/metadata/product/uid",
    ]
    .iter()
    .filter_map(|pointer| json::text(value, pointer))
    .any(|name| name.to_ascii_lowercase().contains("guardduty"))
}

/// Suppressed, resolved, archived, deleted; of an incident, which can be on hold, only resolved and closed. Or the
/// activity "close", the verdicts "false positive" and "test", the compliance "pass".
fn finding_status(value: &Value) -> SignalStatus {
    let number = |pointer| json::at(value, pointer).and_then(Value::as_u64);
    let is_over = match number("/class_uid") {
        Some(INCIDENT) => matches!(number("/status_id"), Some(4 | 5)),
        Some(_) | None => matches!(number("/status_id"), Some(3..=6)),
    };
    status(
        is_over
            || number("/activity_id") == Some(3)
            || matches!(number("/verdict_id"), Some(1 | 6))
            || number("/compliance/status_id") == Some(1),
    )
}

fn hints(value: &Value) -> Hints {
    let mut hints = Hints::default();
    hint(&mut hints.accounts, json::id(value, "/cloud/account/uid"));
    for resource in json::list(value, "/resources") {
        let id = json::first_text(resource, &["/uid", "/name"]);
        let is_bucket = json::text(resource, "/type").is_some_and(|kind| kind.contains("Bucket"));
        let bucket = id.and_then(bucket_of_arn).or(json::text(resource, "/name")).filter(|_| is_bucket);
        hint(&mut hints.buckets, bucket);
        hint(&mut hints.resources, id);
        hint(&mut hints.resources, json::text(resource, "/name"));
        hint(&mut hints.accounts, json::text(resource, "/cloud/account/uid"));
    }
    for place in json::list(value, "/evidences").iter().chain([value]) {
        hint(&mut hints.buckets, json::text(place, "/databucket/name"));
        for pointer in ["/databucket/uid", "/database/name", "/table/name", "/file/path"] {
            resource(&mut hints, json::text(place, pointer));
        }
    }
    for evidence in json::list(value, "/evidences").iter().chain([value]) {
        for pointer in ["/actor/user/uid", "/actor/user/name", "/src_endpoint/ip"] {
            hint(&mut hints.actors, json::text(evidence, pointer));
        }
    }
    for observable in json::list(value, "/observables") {
        let is_actor = json::text(observable, "/name").is_some_and(|name| name.contains("actor"));
        hint(&mut hints.actors, json::text(observable, "/value").filter(|_| is_actor));
    }
    hints
}
