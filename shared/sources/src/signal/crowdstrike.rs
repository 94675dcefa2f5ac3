//! CrowdStrike Falcon: detections of its event streams and of its data replicator (FDR), alerts, detections and
//! incidents of its API.
//! <https://falcon.crowdstrike.com/documentation> is for customers; the forms here are those of public samples.
//!
//! A name of the severity wins over its number. Of numbers there are two scales. Detections of the first stream
//! (`DetectionSummaryEvent`) count 1 informational, 2 low, 3 medium, 4 high, 5 critical. All others go to 100, name 10
//! informational, 20 and 30 low, 50 medium, 70 and 79 high, 90 critical, and are cut at 20, 40, 60 and 80 (so Splunk's
//! "CrowdStrike Falcon Stream Alerts"). The data replicator writes newer events with numbers of the first scale too:
//! there a number up to 10 without a name is rejected.
//! Incidents and automated leads have a score for CrowdStrike's own use and no severity: they are unrated.

use serde_json::Value;
use tocsin_domain::signal::{Hints, Severity, Signal};

use super::{Finding, Ignored, Reading, each, is_one_of, missing, read_each, signal, status};
use crate::draft::{UNRATED, hint, resource, severity_word};
use crate::{json, time};

const NAME: &str = "CrowdStrike";
const PLACES: [&str; 2] = ["/resources", "/events"];

/// What Falcon says of the detections that a customer makes to try it. The command line also tells, but anyone may
/// write the mark into a command line.
const SAMPLES: [&str; 2] = [
    "For evaluation only - benign, no action needed.",
    "Non-malicious sample detection generated for evaluation purposes.",
];
const OVER: [&str; 6] = ["closed", "resolved", "auto_resolved", "dismiss", "false_positive", "ignored"];

const IDS: [&str; 9] = [
    "/CompositeId",
    "/DetectId",
    "/IncidentID",
    "/IdentityProtectionIncidentId",
    "/LeadId",
    "/composite_id",
    "/detection_id",
    "/incident_id",
    "/id",
];
const TITLES: [&str; 8] = [
    "/DetectName",
    "/DisplayName",
    "/Name",
    "/display_name",
    "/name",
    "/IncidentType",
    "/behaviors/0/scenario",
    "/description",
];
const KINDS: [&str; 7] =
    ["/Technique", "/Techniques", "/Tactic", "/technique", "/tactic", "/behaviors/0/technique", "/type"];
/// When it was seen: a process may have started long before.
const TIMES: [&str; 15] = [
    "/IncidentStartTime",
    "/StartTimeEpoch",
    "/SignalStartTimestamp",
    "/SessionStartTimestamp",
    "/StartTime",
    "/ContextTimeStamp",
    "/UTCTimestamp",
    "/Timestamp",
    "/start_time",
    "/context_timestamp",
    "/first_behavior",
    "/start",
    "/timestamp",
    "/created_timestamp",
    "/created",
];

pub(super) fn knows(value: &Value) -> bool {
    !each(value, &PLACES, is_one).is_empty()
}

pub(super) fn read(value: &Value) -> Vec<Finding> {
    read_each(value, &PLACES, is_one, finding)
}

fn is_one(value: &Value) -> bool {
    form(value).is_some()
}

/// Which scale a number is of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scale {
    Five,
    Hundred,
    /// One of the two: which, a low number does not tell.
    Either,
    None,
}

struct Form<'a> {
    fields: &'a Value,
    scale: Scale,
}

fn form(value: &Value) -> Option<Form<'_>> {
    let event = value.get("event").filter(|event| event.is_object());
    let fields = event.unwrap_or(value);
    let replicated = json::text(fields, "/ExternalApiType").and_then(|kind| kind.strip_prefix("Event_"));
    if let Some(kind) = event.and(json::text(value, "/metadata/eventType")) {
        return Some(Form { fields, scale: scale_of(kind, Scale::Hundred)? });
    }
    if let Some(kind) = replicated {
        return Some(Form { fields, scale: scale_of(kind, Scale::Either)? });
    }
    let has = |name| value.get(name).is_some();
    if has("incident_id") && has("fine_score") {
        return Some(Form { fields: value, scale: Scale::None });
    }
    let is_alert = has("composite_id") || (has("falcon_host_link") && has("cid"));
    let is_detection = has("detection_id") && has("behaviors");
    (is_alert || is_detection).then_some(Form { fields: value, scale: Scale::Hundred })
}

/// Of all events only those that sum up a finding.
fn scale_of(kind: &str, of_newer: Scale) -> Option<Scale> {
    match kind {
        "DetectionSummaryEvent" | "IdentityProtectionEvent" => Some(Scale::Five),
        "IncidentSummaryEvent" | "AutomatedLeadSummaryEvent" => Some(Scale::None),
        _ => kind.ends_with("DetectionSummaryEvent").then_some(of_newer),
    }
}

fn finding(value: &Value) -> Finding {
    let Form { fields, scale } = form(value).ok_or(missing(NAME, "event"))?;
    let description = json::first_text(fields, &["/Description", "/DetectDescription", "/description"]);
    if description.is_some_and(|text| SAMPLES.contains(&text.trim())) {
        return Ok(Reading::Ignored(Ignored::Sample));
    }
    let kind = json::first_text(fields, &KINDS).unwrap_or_default();
    let state = json::first_text(fields, &["/State", "/Status", "/status"]);
    let is_closed_incident = json::at(fields, "/status").and_then(Value::as_u64) == Some(40);
    signal(Signal {
        source: "crowdstrike".to_owned(),
        external_id: json::first_text(fields, &IDS).ok_or(missing(NAME, "id"))?.to_owned(),
        severity: severity(fields, scale).ok_or(missing(NAME, "severity"))?,
        kind: kind.to_owned(),
        title: json::first_text(fields, &TITLES).unwrap_or("A finding of CrowdStrike").to_owned(),
        occurred_at: occurred_at(fields)
            .or_else(|| time::first(value, &["/metadata/eventCreationTime", "/timestamp"])),
        status: status(is_closed_incident || is_one_of(state, &OVER)),
        hints: hints(fields),
    })
}

fn severity(fields: &Value, scale: Scale) -> Option<Severity> {
    let name = json::first_text(fields, &["/SeverityName", "/severity_name", "/max_severity_displayname"]);
    if let Some(severity) = name.and_then(severity_word) {
        return Some(severity);
    }
    let numbers = ["/Severity", "/severity", "/max_severity"];
    let number = numbers.iter().find_map(|pointer| json::at(fields, pointer)?.as_u64());
    match scale {
        Scale::None => Some(UNRATED),
        Scale::Five => {
            number.filter(|step| (1..=5).contains(step)).and_then(|step| of_hundred(step * 20 - 10))
        }
        Scale::Hundred => number.and_then(of_hundred),
        Scale::Either => number.filter(|score| *score > 10).and_then(of_hundred),
    }
}

fn of_hundred(score: u64) -> Option<Severity> {
    match score {
        1..=19 => Some(Severity::Informational),
        20..=39 => Some(Severity::Low),
        40..=59 => Some(Severity::Medium),
        60..=79 => Some(Severity::High),
        80..=100 => Some(Severity::Critical),
        _ => None,
    }
}

/// A time of 0 says that there is none.
fn occurred_at(fields: &Value) -> Option<jiff::Timestamp> {
    let instants = TIMES.iter().filter_map(|pointer| time::instant(json::at(fields, pointer)?));
    instants.into_iter().find(|instant| instant.as_second() > 0)
}

fn hints(fields: &Value) -> Hints {
    let mut hints = Hints::default();
    for pointer in [
        "/UserName",
        "/SourceAccountName",
        "/SourceEndpointIpAddress",
        "/user_name",
        "/source_account_name",
        "/source_endpoint_ip_address",
        "/behaviors/0/user_name",
    ] {
        hint(&mut hints.actors, json::text(fields, pointer));
    }
    for pointer in [
        "/Hostname",
        "/ComputerName",
        "/EndpointName",
        "/EndpointIp",
        "/SourceEndpointHostName",
        "/LocalIP",
        "/AgentId",
        "/SensorId",
        "/HostID",
        "/agent_id",
        "/device/hostname",
        "/device/local_ip",
        "/source_endpoint_host_name",
        "/target_endpoint_host_name",
    ] {
        resource(&mut hints, json::text(fields, pointer));
    }
    hint(&mut hints.accounts, json::id(fields, "/device/service_provider_account_id"));
    hints
}
