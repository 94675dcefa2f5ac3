//! Wazuh alerts, as `alerts.json` and the integrator hold them, one by one or out of the indexer.
//! <https://documentation.wazuh.com/current/user-manual/manager/event-logging.html>
//!
//! Levels go from 0 to 16; their words are those of Wazuh's own dashboard: 0 to 6 low, 7 to 11 medium, 12 to 14 high,
//! 15 and above critical. An alert is final: Wazuh never closes one, and marks no test.

use serde_json::Value;
use tocsin_domain::signal::{Hints, Severity, Signal};

use super::{Finding, each, missing, read_each, signal, status, without_hit};
use crate::draft::{hint, resource};
use crate::{json, time};

const NAME: &str = "Wazuh";

/// The integration for Shuffle puts the alert into `all_fields`.
const PLACES: [&str; 3] = ["/all_fields", "/hits/hits", "/alerts"];

pub(super) fn knows(value: &Value) -> bool {
    !each(value, &PLACES, is_alert).is_empty()
}

pub(super) fn read(value: &Value) -> Vec<Finding> {
    read_each(value, &PLACES, is_alert, finding)
}

fn is_alert(value: &Value) -> bool {
    let alert = without_hit(value);
    let is_rule = json::at(alert, "/rule/level").is_some() || json::at(alert, "/rule/firedtimes").is_some();
    is_rule
        && ["agent", "manager", "decoder"].iter().any(|part| alert.get(part).is_some_and(Value::is_object))
}

fn finding(value: &Value) -> Finding {
    let alert = without_hit(value);
    let kind = json::id(alert, "/rule/id").ok_or(missing(NAME, "rule.id"))?;
    signal(Signal {
        source: "wazuh".to_owned(),
        external_id: json::id(alert, "/id").ok_or(missing(NAME, "id"))?,
        severity: json::id(alert, "/rule/level").and_then(severity).ok_or(missing(NAME, "rule.level"))?,
        title: json::text(alert, "/rule/description").unwrap_or(&kind).to_owned(),
        kind,
        occurred_at: time::first(alert, &["/timestamp", "/@timestamp"]),
        status: status(false),
        hints: hints(alert),
    })
}

/// Some rules' levels are written as text.
fn severity(level: String) -> Option<Severity> {
    match level.parse::<u8>() {
        Ok(0..=6) => Some(Severity::Low),
        Ok(7..=11) => Some(Severity::Medium),
        Ok(12..=14) => Some(Severity::High),
        Ok(15 | 16) => Some(Severity::Critical),
        Ok(_) | Err(_) => None,
    }
}

fn hints(alert: &Value) -> Hints {
    let mut hints = Hints::default();
    for pointer in ["/agent/name", "/agent/ip", "/data/aws/resources/0/ARN", "/syscheck/path"] {
        resource(&mut hints, json::text(alert, pointer));
    }
    for pointer in ["/data/aws/requestParameters/bucketName", "/data/aws/bucketName"] {
        hint(&mut hints.buckets, json::text(alert, pointer));
    }
    for pointer in ["/data/aws/aws_account_id", "/data/aws/accountId", "/data/aws/recipientAccountId"] {
        hint(&mut hints.accounts, json::id(alert, pointer));
    }
    for pointer in [
        "/data/srcip",
        "/data/srcuser",
        "/data/aws/sourceIPAddress",
        "/data/aws/source_ip_address",
        "/data/aws/userIdentity/arn",
    ] {
        hint(&mut hints.actors, json::text(alert, pointer));
    }
    hints
}
