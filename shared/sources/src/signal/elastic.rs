//! Elastic Security alerts, with dotted keys or nested objects.
//! <https://www.elastic.co/docs/reference/security/fields-and-object-schemas/alert-schema>

use serde_json::Value;
use tocsin_domain::signal::{Hints, Severity, Signal};

use super::{Finding, missing, out_of_hundred, signal, status};
use crate::draft::{hint, severity_word};
use crate::time;

const NAME: &str = "Elastic";

pub(super) fn knows(value: &Value) -> bool {
    dotted(value, "kibana.alert.uuid").is_some() || dotted(value, "kibana.alert.rule.name").is_some()
}

pub(super) fn read(value: &Value) -> Vec<Finding> {
    vec![finding(value)]
}

fn finding(value: &Value) -> Finding {
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
    let word = dotted(value, "kibana.alert.severity").and_then(Value::as_str);
    word.and_then(severity_word)
        .or_else(|| out_of_hundred(dotted(value, "kibana.alert.risk_score")?.as_f64()?))
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
