//! Wiz: issues as its webhook action sends them by default (`issue`, `control`, `resource`, `trigger`), issues and
//! detections as its API gives them, and detections as Wiz Defend sends them.
//! <https://docs.wiz.io> is for customers; the forms here are those of public samples.

use serde_json::Value;
use tocsin_domain::signal::{Hints, Signal};

use super::{Finding, each, is_one_of, missing, read_each, signal, status};
use crate::draft::{hint, resource, severity_word};
use crate::{json, time};

const NAME: &str = "Wiz";
const SOURCE: &str = "wiz";
const PLACES: [&str; 4] = ["/issues", "/detections", "/data/issues/nodes", "/data/detections/nodes"];
const OVER: [&str; 2] = ["resolved", "rejected"];

pub(super) fn knows(value: &Value) -> bool {
    !each(value, &PLACES, is_one).is_empty()
}

pub(super) fn read(value: &Value) -> Vec<Finding> {
    read_each(value, &PLACES, is_one, finding)
}

fn is_one(value: &Value) -> bool {
    is_webhook(value) || is_issue(value) || is_detection(value)
}

fn is_webhook(value: &Value) -> bool {
    json::is_object(value, "/issue")
        && json::is_object(value, "/control")
        && json::is_object(value, "/trigger")
}

fn is_issue(value: &Value) -> bool {
    json::is_object(value, "/entitySnapshot")
        && (json::is_object(value, "/sourceRule") || json::is_object(value, "/control"))
}

fn is_detection(value: &Value) -> bool {
    let is_ruled = value.get("tdrId").is_some() || json::is_object(value, "/ruleMatch");
    is_ruled && (value.get("primaryResource").is_some() || value.get("triggeringEvents").is_some())
}

fn finding(value: &Value) -> Finding {
    if is_webhook(value) {
        webhook(value)
    } else if is_issue(value) {
        issue(value)
    } else {
        detection(value)
    }
}

fn webhook(value: &Value) -> Finding {
    let severity = json::first_text(value, &["/issue/severity", "/control/severity"]).and_then(severity_word);
    let control = json::text(value, "/control/name").ok_or(missing(NAME, "control name"))?;
    let mut hints = Hints::default();
    hint(&mut hints.accounts, json::text(value, "/resource/subscriptionId"));
    name_entity(&mut hints, value, "/resource");
    signal(Signal {
        source: SOURCE.to_owned(),
        external_id: json::text(value, "/issue/id").ok_or(missing(NAME, "issue id"))?.to_owned(),
        severity: severity.ok_or(missing(NAME, "severity"))?,
        kind: json::text(value, "/control/id").unwrap_or(control).to_owned(),
        title: control.to_owned(),
        occurred_at: time::first(value, &["/issue/created"]),
        status: status(is_one_of(json::text(value, "/issue/status"), &OVER)),
        hints,
    })
}

fn issue(value: &Value) -> Finding {
    let rule = json::first_text(value, &["/sourceRule/name", "/control/name"]);
    let rule = rule.ok_or(missing(NAME, "rule name"))?;
    let mut hints = Hints::default();
    hint(&mut hints.accounts, json::id(value, "/entitySnapshot/subscriptionExternalId"));
    name_entity(&mut hints, value, "/entitySnapshot");
    signal(Signal {
        source: SOURCE.to_owned(),
        external_id: json::text(value, "/id").ok_or(missing(NAME, "id"))?.to_owned(),
        severity: json::text(value, "/severity").and_then(severity_word).ok_or(missing(NAME, "severity"))?,
        kind: json::first_text(value, &["/sourceRule/id", "/control/id", "/type"]).unwrap_or(rule).to_owned(),
        title: rule.to_owned(),
        occurred_at: time::first(value, &["/createdAt"]),
        status: status(is_one_of(json::text(value, "/status"), &OVER)),
        hints,
    })
}

fn detection(value: &Value) -> Finding {
    let title = json::first_text(value, &["/title", "/ruleMatch/rule/name", "/tdrId"]);
    let title = title.ok_or(missing(NAME, "title"))?;
    let mut hints = Hints::default();
    for account in json::list(value, "/cloudAccounts") {
        hint(&mut hints.accounts, json::id(account, "/externalId"));
    }
    for actor in json::list(value, "/actors").iter().chain(json::at(value, "/primaryActor")) {
        hint(&mut hints.actors, json::first_text(actor, &["/externalId", "/name"]));
    }
    for resource in json::list(value, "/resources").iter().chain(json::at(value, "/primaryResource")) {
        name_entity(&mut hints, resource, "");
    }
    signal(Signal {
        source: SOURCE.to_owned(),
        external_id: json::text(value, "/id").ok_or(missing(NAME, "id"))?.to_owned(),
        severity: json::text(value, "/severity").and_then(severity_word).ok_or(missing(NAME, "severity"))?,
        kind: json::first_text(value, &["/tdrId", "/ruleMatch/rule/id", "/type"]).unwrap_or(title).to_owned(),
        title: title.to_owned(),
        occurred_at: time::first(value, &["/timeframe/start", "/createdAt"]),
        status: status(is_one_of(json::text(value, "/status"), &OVER)),
        hints,
    })
}

/// A resource; in Wiz's words a bucket is a `BUCKET`.
fn name_entity(hints: &mut Hints, value: &Value, place: &str) {
    let text = |name: &str| json::text(value, &format!("{place}/{name}"));
    for name in ["id", "name", "externalId", "providerId", "providerUniqueId"] {
        resource(hints, text(name));
    }
    let is_bucket = text("type").is_some_and(|kind| kind.to_ascii_lowercase().contains("bucket"));
    hint(&mut hints.buckets, text("name").filter(|_| is_bucket));
}
