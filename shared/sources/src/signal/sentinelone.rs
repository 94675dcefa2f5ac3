//! SentinelOne: threats, alerts of custom rules and unified alerts, as its API gives them, and both of the first as its
//! activity log tells of them (`GET /web/api/v2.1/threats`, `/cloud-detection/alerts`, `/activities`).
//! Forwarders write the keys of activities in camel case or in lower case.
//!
//! Alerts have a word for their severity. Threats have none; the agent says how sure it is: `malicious` is taken as
//! high, `suspicious` as medium.

use serde_json::Value;
use tocsin_domain::signal::{Hints, Severity, Signal};

use super::{Finding, each, is_one_of, missing, read_each, signal, status};
use crate::draft::{UNRATED, hint, resource, severity_word};
use crate::{json, time};

const NAME: &str = "SentinelOne";
const SOURCE: &str = "sentinelone";
const PLACES: [&str; 1] = ["/data"];

pub(super) fn knows(value: &Value) -> bool {
    !each(value, &PLACES, is_one).is_empty()
}

pub(super) fn read(value: &Value) -> Vec<Finding> {
    read_each(value, &PLACES, is_one, finding)
}

fn is_one(value: &Value) -> bool {
    is_activity(value) || is_threat(value) || is_alert(value) || is_unified(value)
}

fn is_threat(value: &Value) -> bool {
    json::is_object(value, "/threatInfo")
}

fn is_alert(value: &Value) -> bool {
    json::is_object(value, "/alertInfo") && json::is_object(value, "/ruleInfo")
}

fn is_unified(value: &Value) -> bool {
    value.get("analystVerdict").is_some() && json::is_object(value, "/detectionSource")
}

/// Of all activities only those about an alert of a rule or about a threat are findings.
fn is_activity(value: &Value) -> bool {
    let about = ["alertid", "ruleid", "threatclassification"];
    any_case(value, "activitytype").is_some() && about.iter().any(|name| data(value, name).is_some())
}

fn finding(value: &Value) -> Finding {
    if is_threat(value) {
        threat(value)
    } else if is_alert(value) {
        alert(value)
    } else if is_unified(value) {
        unified(value)
    } else {
        activity(value)
    }
}

fn threat(value: &Value) -> Finding {
    let info = json::at(value, "/threatInfo").unwrap_or(value);
    let kind = json::text(info, "/classification").unwrap_or("threat");
    let severity = json::text(info, "/confidenceLevel").and_then(confidence);
    let mut hints = machine(value);
    hint(&mut hints.actors, json::text(info, "/processUser"));
    signal(Signal {
        source: SOURCE.to_owned(),
        external_id: json::id(info, "/threatId")
            .or_else(|| json::id(value, "/id"))
            .ok_or(missing(NAME, "threatId"))?,
        severity: severity.ok_or(missing(NAME, "confidenceLevel"))?,
        kind: kind.to_owned(),
        title: json::text(info, "/threatName").unwrap_or(kind).to_owned(),
        occurred_at: time::first(info, &["/identifiedAt", "/createdAt"]),
        status: status(is_over(info, "/incidentStatus")),
        hints,
    })
}

fn alert(value: &Value) -> Finding {
    let info = json::at(value, "/alertInfo").unwrap_or(value);
    let rule = json::text(value, "/ruleInfo/name").ok_or(missing(NAME, "rule name"))?;
    let mut hints = machine(value);
    hint(&mut hints.actors, json::text(info, "/srcIp"));
    hint(&mut hints.actors, json::text(info, "/loginsUserName"));
    hint(&mut hints.actors, json::text(value, "/sourceProcessInfo/user"));
    signal(Signal {
        source: SOURCE.to_owned(),
        external_id: json::id(info, "/alertId").ok_or(missing(NAME, "alertId"))?,
        severity: json::text(value, "/ruleInfo/severity")
            .and_then(severity)
            .ok_or(missing(NAME, "rule severity"))?,
        kind: json::text(info, "/eventType").unwrap_or(rule).to_owned(),
        title: rule.to_owned(),
        occurred_at: time::first(info, &["/createdAt", "/reportedAt"]),
        status: status(is_over(info, "/incidentStatus")),
        hints,
    })
}

fn unified(value: &Value) -> Finding {
    let name = json::text(value, "/name").ok_or(missing(NAME, "name"))?;
    let mut hints = machine(value);
    for asset in json::list(value, "/assets") {
        resource(&mut hints, json::text(asset, "/name"));
    }
    hint(&mut hints.actors, json::text(value, "/detectionTime/attacker/ip"));
    hint(&mut hints.accounts, json::text(value, "/detectionTime/assets/0/cloud/accountId"));
    signal(Signal {
        source: SOURCE.to_owned(),
        external_id: json::id(value, "/id").ok_or(missing(NAME, "id"))?,
        severity: json::text(value, "/severity").and_then(severity).ok_or(missing(NAME, "severity"))?,
        kind: json::text(value, "/classification").unwrap_or(name).to_owned(),
        title: name.to_owned(),
        occurred_at: time::first(value, &["/firstSeenAt", "/detectedAt", "/createdAt"]),
        status: status(is_over(value, "/status")),
        hints,
    })
}

fn activity(value: &Value) -> Finding {
    let data_text = |name| data(value, name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let ids = [data(value, "alertid"), any_case(value, "threatid"), any_case(value, "id")];
    let id = ids.into_iter().flatten().find_map(|id| json::id(id, ""));
    let kind = data_text("rulename").or_else(|| data_text("threatclassification"));
    let kind = kind.ok_or(missing(NAME, "ruleName"))?;
    let title = any_case(value, "primarydescription").and_then(Value::as_str).unwrap_or(kind);
    let occurred_at = data(value, "detectedat").and_then(time::instant);
    let severity = data_text("severity").and_then(severity);
    let mut hints = Hints::default();
    hint(&mut hints.resources, any_case(value, "agentid").and_then(|id| json::id(id, "")));
    hint(&mut hints.resources, data_text("agentipv4"));
    hint(&mut hints.resources, data_text("computername"));
    signal(Signal {
        source: SOURCE.to_owned(),
        external_id: id.ok_or(missing(NAME, "id"))?,
        severity: severity.or_else(|| confidence(data_text("confidencelevel")?)).unwrap_or(UNRATED),
        kind: kind.to_owned(),
        title: title.to_owned(),
        occurred_at: occurred_at.or_else(|| time::instant(any_case(value, "createdat")?)),
        status: status(false),
        hints,
    })
}

/// `E_MEDIUM`, or the plain word.
fn severity(word: &str) -> Option<Severity> {
    severity_word(word.strip_prefix("E_").unwrap_or(word))
}

fn confidence(word: &str) -> Option<Severity> {
    match word.to_ascii_lowercase().as_str() {
        "malicious" => Some(Severity::High),
        "suspicious" => Some(Severity::Medium),
        _ => None,
    }
}

/// An analyst's verdict is `false_positive`, or one of several words that begin so.
fn is_over(info: &Value, pointer: &str) -> bool {
    let verdict = json::text(info, "/analystVerdict").unwrap_or_default().to_ascii_lowercase();
    is_one_of(json::text(info, pointer), &["resolved"])
        || verdict.replace(' ', "_").starts_with("false_positive")
}

fn machine(value: &Value) -> Hints {
    let mut hints = Hints::default();
    for pointer in [
        "/agentRealtimeInfo/agentComputerName",
        "/agentRealtimeInfo/name",
        "/agentDetectionInfo/name",
        "/agentDetectionInfo/agentIpV4",
        "/agentDetectionInfo/agentUuid",
        "/agentDetectionInfo/uuid",
    ] {
        resource(&mut hints, json::text(value, pointer));
    }
    let cloud = json::at(value, "/agentDetectionInfo/cloudProviders/AWS/awsAccountId");
    hint(&mut hints.accounts, cloud.and_then(|id| json::id(id, "")));
    hints
}

fn data<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    any_case(any_case(value, "data")?, name)
}

fn any_case<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let (_, found) = value.as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
    Some(found)
}
