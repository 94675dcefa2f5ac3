//! SentinelOne: alerts of custom rules, and threats, as its activity log gives them (`GET /web/api/v2.1/activities`).
//! Forwarders write the keys in camel case or in lower case.

use serde_json::Value;
use tocsin_domain::signal::{Hints, Severity, Signal};

use super::{Finding, missing, signal, status};
use crate::draft::{UNRATED, hint, severity_word};
use crate::{json, time};

const NAME: &str = "SentinelOne";

/// Of all activities only those about an alert of a rule or about a threat are findings.
pub(super) fn knows(value: &Value) -> bool {
    let about = ["alertid", "ruleid", "threatclassification"];
    any_case(value, "activitytype").is_some() && about.iter().any(|name| data(value, name).is_some())
}

pub(super) fn read(value: &Value) -> Vec<Finding> {
    vec![finding(value)]
}

fn finding(value: &Value) -> Finding {
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
        source: "sentinelone".to_owned(),
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

/// Threats have no severity; the agent says how sure it is.
fn confidence(word: &str) -> Option<Severity> {
    match word.to_ascii_lowercase().as_str() {
        "malicious" => Some(Severity::High),
        "suspicious" => Some(Severity::Medium),
        _ => None,
    }
}

fn data<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    any_case(any_case(value, "data")?, name)
}

fn any_case<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let (_, found) = value.as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
    Some(found)
}
