//! Wiz issues, as its webhook action sends them by default: `issue`, `control`, `resource`, `trigger`.

use serde_json::Value;
use tocsin_domain::signal::{Hints, Signal};

use super::{Finding, missing, signal, status};
use crate::draft::{hint, severity_word};
use crate::{json, time};

const NAME: &str = "Wiz";

pub(super) fn knows(value: &Value) -> bool {
    json::is_object(value, "/issue")
        && json::is_object(value, "/control")
        && json::is_object(value, "/trigger")
}

pub(super) fn read(value: &Value) -> Vec<Finding> {
    vec![finding(value)]
}

fn finding(value: &Value) -> Finding {
    let severity = json::first_text(value, &["/issue/severity", "/control/severity"]).and_then(severity_word);
    let control = json::text(value, "/control/name").ok_or(missing(NAME, "control name"))?;
    let word = json::text(value, "/issue/status").unwrap_or_default().to_ascii_lowercase();
    let mut hints = Hints::default();
    hint(&mut hints.accounts, json::text(value, "/resource/subscriptionId"));
    hint(&mut hints.resources, json::text(value, "/resource/id"));
    hint(&mut hints.resources, json::text(value, "/resource/name"));
    let is_bucket =
        json::text(value, "/resource/type").is_some_and(|kind| kind.to_ascii_lowercase().contains("bucket"));
    hint(&mut hints.buckets, json::text(value, "/resource/name").filter(|_| is_bucket));
    signal(Signal {
        source: "wiz".to_owned(),
        external_id: json::text(value, "/issue/id").ok_or(missing(NAME, "issue id"))?.to_owned(),
        severity: severity.ok_or(missing(NAME, "severity"))?,
        kind: json::text(value, "/control/id").unwrap_or(control).to_owned(),
        title: control.to_owned(),
        occurred_at: time::first(value, &["/issue/created"]),
        status: status(matches!(word.as_str(), "resolved" | "rejected")),
        hints,
    })
}
