//! Splunk's webhook alert action: the first row of a search's result, all values as text, no severity of its own.
//! <https://docs.splunk.com/Documentation/Splunk/latest/Alert/Webhooks>
//! A search may give its row a field `severity` or `urgency`, as Splunk Enterprise Security does.
//!
//! Notable events of Enterprise Security are known by their `event_id`, `GUID@@notable@@hash`, which stays while an
//! analyst works on them; they come in that action too, or as rows of their own.

use serde_json::Value;
use tocsin_domain::signal::{Hints, Signal};

use super::{Finding, each, is_one_of, missing, read_each, signal, status};
use crate::draft::{UNRATED, hint, resource, severity_word};
use crate::{json, time};

const NAME: &str = "Splunk";

const PLACES: [&str; 1] = ["/results"];

pub(super) fn knows(value: &Value) -> bool {
    !each(value, &PLACES, is_one).is_empty()
}

pub(super) fn read(value: &Value) -> Vec<Finding> {
    read_each(value, &PLACES, is_one, finding)
}

fn is_one(value: &Value) -> bool {
    is_webhook(value) || notable_id(value).is_some()
}

fn is_webhook(value: &Value) -> bool {
    value.get("sid").is_some() && value.get("results_link").is_some() && value.get("result").is_some()
}

fn notable_id(row: &Value) -> Option<&str> {
    json::text(row, "/event_id").filter(|id| id.contains("@@notable@@"))
}

fn finding(value: &Value) -> Finding {
    let row = if is_webhook(value) { json::at(value, "/result").unwrap_or(value) } else { value };
    let id = notable_id(row).or(json::text(value, "/sid")).ok_or(missing(NAME, "sid"))?;
    let rule = notable_id(row).and(json::first_text(row, &["/rule_title", "/rule_name"]));
    let search = rule.or_else(|| json::first_text(value, &["/search_name", "/source"]));
    let severity = json::first_text(row, &["/severity", "/urgency"]).and_then(severity_word);
    let mut hints = Hints::default();
    resource(&mut hints, json::text(row, "/host"));
    resource(&mut hints, json::text(row, "/dest"));
    hint(&mut hints.actors, json::text(row, "/src"));
    hint(&mut hints.actors, json::text(row, "/user"));
    hint(&mut hints.accounts, json::text(row, "/aws_account_id"));
    let is_over = is_one_of(json::text(row, "/status_label"), &["resolved", "closed"]);
    signal(Signal {
        source: "splunk".to_owned(),
        external_id: id.to_owned(),
        severity: severity.unwrap_or(UNRATED),
        kind: search.unwrap_or("ad-hoc search").to_owned(),
        title: search.unwrap_or("Splunk alert of a search without a name").to_owned(),
        occurred_at: time::first(row, &["/_time"]),
        status: status(notable_id(row).is_some() && is_over),
        hints,
    })
}
