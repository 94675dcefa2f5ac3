//! Datadog security signals, as its API gives them: `data` is one signal or a list.
//! <https://docs.datadoghq.com/api/latest/security-monitoring/#get-a-signals-details>

use serde_json::Value;
use tocsin_domain::signal::{Hints, Signal};

use super::{Finding, missing, signal, status};
use crate::draft::{hint, severity_word};
use crate::{json, time};

const NAME: &str = "Datadog";

pub(super) fn knows(value: &Value) -> bool {
    match value.get("data") {
        Some(Value::Array(signals)) => signals.iter().any(is_signal),
        Some(data) => is_signal(data),
        None => is_signal(value),
    }
}

pub(super) fn read(value: &Value) -> Vec<Finding> {
    match value.get("data") {
        Some(Value::Array(signals)) => signals.iter().map(finding).collect(),
        Some(data) => vec![finding(data)],
        None => vec![finding(value)],
    }
}

fn is_signal(value: &Value) -> bool {
    json::text(value, "/type") == Some("signal") && json::is_object(value, "/attributes")
}

fn finding(value: &Value) -> Finding {
    // Beside `attributes`, newer answers keep what the rule found under `custom`.
    let inner = |name: &str| {
        let [old, new] = ["attributes", "custom"].map(|place| format!("/attributes/{place}/{name}"));
        json::text(value, &old).or_else(|| json::text(value, &new))
    };
    let severity = json::first_text(value, &["/attributes/status", "/attributes/custom/status"]);
    let rule = inner("workflow/rule/name");
    let title = inner("title").or(rule).ok_or(missing(NAME, "title"))?;
    signal(Signal {
        source: "datadog".to_owned(),
        external_id: json::text(value, "/id").ok_or(missing(NAME, "id"))?.to_owned(),
        severity: severity.and_then(severity_word).ok_or(missing(NAME, "status"))?,
        kind: rule.unwrap_or(title).to_owned(),
        title: title.to_owned(),
        occurred_at: time::first(value, &["/attributes/timestamp"]),
        status: status(inner("workflow/triage/state") == Some("archived")),
        hints: hints(value),
    })
}

fn hints(value: &Value) -> Hints {
    let mut hints = Hints::default();
    hint(&mut hints.resources, json::text(value, "/attributes/host"));
    for tag in json::list(value, "/attributes/tags").iter().filter_map(Value::as_str) {
        let account = ["aws_account:", "account_id:", "aws_account_id:"];
        hint(&mut hints.accounts, account.iter().find_map(|prefix| tag.strip_prefix(prefix)));
        hint(&mut hints.buckets, tag.strip_prefix("bucketname:"));
    }
    for entity in json::list(value, "/attributes/attributes/entities").iter().filter_map(Value::as_str) {
        hint(&mut hints.actors, entity.strip_prefix("@usr.id:"));
    }
    hints
}
