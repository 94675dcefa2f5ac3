//! Splunk's webhook alert action: the first row of a search's result, all values as text, no severity of its own.
//! <https://docs.splunk.com/Documentation/Splunk/latest/Alert/Webhooks>
//! A search may give its row a field `severity` or `urgency`, as Splunk Enterprise Security does.

use serde_json::Value;
use tocsin_domain::signal::{Hints, Signal};

use super::{Finding, missing, signal, status};
use crate::draft::{UNRATED, hint, severity_word};
use crate::{json, time};

const NAME: &str = "Splunk";

pub(super) fn knows(value: &Value) -> bool {
    value.get("sid").is_some() && value.get("results_link").is_some() && value.get("result").is_some()
}

pub(super) fn read(value: &Value) -> Vec<Finding> {
    vec![finding(value)]
}

fn finding(value: &Value) -> Finding {
    let id = json::text(value, "/sid").ok_or(missing(NAME, "sid"))?;
    let search = json::text(value, "/search_name");
    let severity = json::first_text(value, &["/result/severity", "/result/urgency"]).and_then(severity_word);
    let mut hints = Hints::default();
    hint(&mut hints.resources, json::text(value, "/result/host"));
    hint(&mut hints.resources, json::text(value, "/result/dest"));
    hint(&mut hints.actors, json::text(value, "/result/src"));
    hint(&mut hints.actors, json::text(value, "/result/user"));
    hint(&mut hints.accounts, json::text(value, "/result/aws_account_id"));
    signal(Signal {
        source: "splunk".to_owned(),
        external_id: id.to_owned(),
        severity: severity.unwrap_or(UNRATED),
        kind: search.unwrap_or("ad-hoc search").to_owned(),
        title: search.unwrap_or("Splunk alert of a search without a name").to_owned(),
        occurred_at: time::first(value, &["/result/_time"]),
        status: status(false),
        hints,
    })
}
