//! OCSF, the classes of the findings category: <https://schema.ocsf.io/classes/detection_finding>

use serde_json::Value;
use tocsin_domain::signal::{Hints, Severity, Signal, SignalStatus};

use super::{Finding, missing, signal, status};
use crate::draft::{bucket_of_arn, hint, severity_word};
use crate::{json, time};

const NAME: &str = "OCSF";

/// Security, vulnerability, compliance, detection, incident, data security, application security posture.
const FINDINGS: std::ops::RangeInclusive<u64> = 2001..=2007;

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
            &["/finding_info/first_seen_time", "/finding_info/created_time", "/time"],
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

/// Suppressed, resolved, archived, deleted; or the activity "close".
fn finding_status(value: &Value) -> SignalStatus {
    let number = |name| value.get(name).and_then(Value::as_u64);
    status(matches!(number("status_id"), Some(3..=6)) || number("activity_id") == Some(3))
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
