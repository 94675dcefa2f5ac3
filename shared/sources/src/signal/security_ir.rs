//! AWS Security Incident Response: a case, as EventBridge tells of it, or as its API gives it (`GetCase`).
//! <https://docs.aws.amazon.com/security-ir/latest/userguide/events-detail-reference-full.html>
//!
//! The event's detail holds the case's id and who acted; what happened stands in `detail-type`. Cases have no
//! severity: they are unrated.

use serde_json::Value;
use tocsin_domain::signal::{Hints, Signal};

use super::{Finding, Ignored, Reading, missing, signal, status};
use crate::draft::{UNRATED, hint, resource};
use crate::{json, time};

const NAME: &str = "AWS Security Incident Response";
const SOURCE: &str = "security-incident-response";

pub(super) fn knows(value: &Value) -> bool {
    is_event(value) || is_case(value)
}

pub(super) fn read(value: &Value) -> Vec<Finding> {
    vec![if is_event(value) { event(value) } else { case(value) }]
}

fn is_event(value: &Value) -> bool {
    json::text(value, "/source") == Some("aws.security-ir") && value.get("detail-type").is_some()
}

fn is_case(value: &Value) -> bool {
    value.get("caseArn").is_some() && value.get("caseStatus").is_some()
}

fn event(event: &Value) -> Finding {
    let is_over = match json::text(event, "/detail-type") {
        Some("Case Created" | "Case Updated") => false,
        Some("Case Closed") => true,
        Some(news) if news.starts_with("Case Comment ") || news.starts_with("Membership ") => {
            return Ok(Reading::Ignored(Ignored::NoFinding));
        }
        Some(_) | None => return Err(missing(NAME, "detail-type")),
    };
    let mut hints = Hints::default();
    resource(&mut hints, json::text(event, "/resources/0"));
    hint(&mut hints.accounts, json::id(event, "/account"));
    signal(Signal {
        source: SOURCE.to_owned(),
        external_id: json::id(event, "/detail/caseId").ok_or(missing(NAME, "caseId"))?,
        severity: UNRATED,
        kind: "case".to_owned(),
        title: "A case of AWS Security Incident Response".to_owned(),
        occurred_at: time::first(event, &["/time"]),
        status: status(is_over),
        hints,
    })
}

fn case(case: &Value) -> Finding {
    let id = json::text(case, "/caseArn").and_then(|arn| arn.rsplit_once("case/"));
    let mut hints = Hints::default();
    resource(&mut hints, json::text(case, "/caseArn"));
    for account in json::list(case, "/impactedAccounts") {
        hint(&mut hints.accounts, json::id(account, ""));
    }
    for actor in json::list(case, "/threatActorIpAddresses") {
        hint(&mut hints.actors, json::text(actor, "/ipAddress"));
    }
    signal(Signal {
        source: SOURCE.to_owned(),
        external_id: id.ok_or(missing(NAME, "caseArn"))?.1.to_owned(),
        severity: UNRATED,
        kind: json::text(case, "/engagementType").unwrap_or("case").to_owned(),
        title: json::text(case, "/title").ok_or(missing(NAME, "title"))?.to_owned(),
        occurred_at: time::first(
            case,
            &["/actualIncidentStartDate", "/reportedIncidentStartDate", "/createdDate"],
        ),
        status: status(json::text(case, "/caseStatus") == Some("Closed")),
        hints,
    })
}
