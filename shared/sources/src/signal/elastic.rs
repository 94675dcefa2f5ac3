//! Elastic Security alerts, with dotted keys or nested objects; one, the list that a rule's action hands on, or the hits
//! of a search.
//! <https://www.elastic.co/docs/reference/security/fields-and-object-schemas/alert-schema>
//!
//! Where the word is missing, the risk score counts in Elastic's own bands ("Create a detection rule"): 0 to 21 low, 22
//! to 47 medium, 48 to 73 high, 74 to 100 critical.

use serde_json::Value;
use tocsin_domain::signal::{Hints, Severity, Signal};

use super::{Finding, each, missing, read_each, signal, status, without_hit};
use crate::draft::{hint, severity_word};
use crate::time;

const NAME: &str = "Elastic";

const PLACES: [&str; 3] = ["/alerts", "/context/alerts", "/hits/hits"];

pub(super) fn knows(value: &Value) -> bool {
    !each(value, &PLACES, is_alert).is_empty()
}

pub(super) fn read(value: &Value) -> Vec<Finding> {
    read_each(value, &PLACES, is_alert, finding)
}

fn is_alert(value: &Value) -> bool {
    let alert = without_hit(value);
    dotted(alert, "kibana.alert.uuid").is_some() || dotted(alert, "kibana.alert.rule.name").is_some()
}

fn finding(value: &Value) -> Finding {
    let value = without_hit(value);
    let text = |name| dotted(value, name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let rule = text("kibana.alert.rule.name").ok_or(missing(NAME, "rule name"))?;
    let is_over = text("kibana.alert.status") == Some("recovered")
        || text("kibana.alert.workflow_status") == Some("closed");
    let mut hints = Hints::default();
    for name in ["user.name", "source.ip", "aws.cloudtrail.user_identity.arn"] {
        hint(&mut hints.actors, text(name));
    }
    hint(&mut hints.resources, text("host.name"));
    hint(&mut hints.accounts, text("cloud.account.id"));
    let occurred = ["kibana.alert.original_time", "@timestamp"];
    signal(Signal {
        source: "elastic".to_owned(),
        external_id: text("kibana.alert.uuid").ok_or(missing(NAME, "uuid"))?.to_owned(),
        severity: severity(value).ok_or(missing(NAME, "severity"))?,
        kind: rule.to_owned(),
        title: rule.to_owned(),
        occurred_at: occurred.iter().find_map(|name| time::instant(dotted(value, name)?)),
        status: status(is_over),
        hints,
    })
}

fn severity(value: &Value) -> Option<Severity> {
    let words = ["kibana.alert.severity", "kibana.alert.rule.severity"];
    let word = words.iter().find_map(|name| dotted(value, name)?.as_str());
    let scores = ["kibana.alert.risk_score", "kibana.alert.rule.risk_score"];
    let score = || scores.iter().find_map(|name| dotted(value, name)?.as_f64());
    word.and_then(severity_word).or_else(|| band(score()?))
}

fn band(score: f64) -> Option<Severity> {
    match score {
        s if !(0.0..=100.0).contains(&s) => None,
        s if s < 22.0 => Some(Severity::Low),
        s if s < 48.0 => Some(Severity::Medium),
        s if s < 74.0 => Some(Severity::High),
        _ => Some(Severity::Critical),
    }
}

/// `a.b.c` as one key, as nested objects, or as any mix of the two.
fn dotted<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let map = value.as_object()?;
    if let Some(found) = map.get(name) {
        return Some(found);
    }
    let cuts = name.char_indices().filter(|(_, c)| *c == '.').map(|(index, _)| index);
    cuts.filter_map(|cut| Some((name.get(..cut)?, name.get(cut + 1..)?)))
        .find_map(|(head, tail)| dotted(map.get(head)?, tail))
}
