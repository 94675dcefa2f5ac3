//! Microsoft Sentinel: incidents and alerts as its API and its Logic Apps triggers give them, and as rows of its tables
//! `SecurityIncident` and `SecurityAlert`. Alerts of Microsoft Defender for Cloud have the same form.
//! <https://learn.microsoft.com/en-us/rest/api/securityinsights/incidents/get>,
//! <https://learn.microsoft.com/en-us/azure/azure-monitor/reference/tables/securityalert>
//!
//! The words are high, medium, low and informational: there is no critical.

use serde_json::Value;
use tocsin_domain::signal::{Hints, Signal};

use super::{Finding, Ignored, Reading, defender, each, is_one_of, missing, read_each, signal, status};
use crate::draft::{hint, resource, severity_word};
use crate::{json, time};

const NAME: &str = "Microsoft Sentinel";

/// The incident trigger of Logic Apps puts the incident into `object`; lists of the API are in `value`.
const PLACES: [&str; 2] = ["/object", "/value"];

/// How Defender for Cloud begins the names of the sample alerts that a customer makes to try it.
const SAMPLE: &str = "[SAMPLE ALERT]";
/// What Defender for Endpoint is called here; its machines' detection test gives an alert too.
const ENDPOINT: [&str; 2] = ["MDATP", "Microsoft Defender Advanced Threat Protection"];
const CLOUD: [&str; 3] = ["Azure Security Center", "AzureSecurityCenter", "Microsoft Defender for Cloud"];

pub(super) fn knows(value: &Value) -> bool {
    !each(value, &PLACES, is_one).is_empty()
}

pub(super) fn read(value: &Value) -> Vec<Finding> {
    read_each(value, &PLACES, is_one, finding)
}

/// The API has a resource with properties, a table a row.
fn is_one(value: &Value) -> bool {
    is_resource(value) || is_row(value)
}

fn is_resource(value: &Value) -> bool {
    let kind = json::text(value, "/type").unwrap_or_default().to_ascii_lowercase();
    let is_alert_kind = json::text(value, "/kind").is_none_or(|kind| kind == "SecurityAlert");
    let is_alert = kind.starts_with("microsoft.securityinsights/entities") && is_alert_kind
        || kind.starts_with("microsoft.security/") && kind.ends_with("/alerts");
    let is_incident = kind == "microsoft.securityinsights/incidents"
        || json::at(value, "/properties/incidentNumber").is_some();
    json::is_object(value, "/properties") && (is_alert || is_incident)
}

fn is_row(value: &Value) -> bool {
    let has = |name| value.get(name).is_some();
    has("SystemAlertId") && (has("AlertSeverity") || has("Severity") || has("AlertType"))
        || has("IncidentNumber") && has("IncidentName")
}

fn finding(value: &Value) -> Finding {
    let fields = if is_resource(value) { json::at(value, "/properties").unwrap_or(value) } else { value };
    let is_incident = json::at(fields, "/title").or(json::at(fields, "/Title")).is_some();
    let titles = ["/title", "/Title", "/alertDisplayName", "/AlertDisplayName", "/DisplayName", "/AlertName"];
    let title = json::first_text(fields, &titles).ok_or(missing(NAME, "title"))?;
    let product = json::first_text(fields, &["/productName", "/ProductName", "/ProviderName"]);
    let is_test = title.eq_ignore_ascii_case(defender::TEST_ALERT) && is_one_of(product, &ENDPOINT);
    if is_test || (title.starts_with(SAMPLE) && is_one_of(product, &CLOUD)) {
        return Ok(Reading::Ignored(Ignored::Sample));
    }
    let id = json::first_text(fields, &["/IncidentName", "/systemAlertId", "/SystemAlertId"]);
    let severity = json::first_text(fields, &["/severity", "/Severity", "/AlertSeverity"]);
    let kind = ["/alertType", "/AlertType", "/additionalData/tactics/0", "/tactics/0"];
    signal(Signal {
        source: source(value).to_owned(),
        external_id: id.or(json::text(value, "/name")).ok_or(missing(NAME, "name"))?.to_owned(),
        severity: severity.and_then(severity_word).ok_or(missing(NAME, "severity"))?,
        kind: json::first_text(fields, &kind)
            .unwrap_or(if is_incident { "incident" } else { "alert" })
            .to_owned(),
        title: title.to_owned(),
        occurred_at: time::first(
            fields,
            &[
                "/firstActivityTimeUtc",
                "/FirstActivityTime",
                "/startTimeUtc",
                "/StartTimeUtc",
                "/StartTime",
                "/createdTimeUtc",
                "/CreatedTime",
                "/timeGenerated",
                "/timeGeneratedUtc",
                "/TimeGenerated",
            ],
        ),
        status: status(is_over(fields)),
        hints: hints(value, fields),
    })
}

fn source(value: &Value) -> &'static str {
    let kind = json::text(value, "/type").unwrap_or_default().to_ascii_lowercase();
    if kind.starts_with("microsoft.security/") { "defender" } else { "microsoft-sentinel" }
}

fn is_over(fields: &Value) -> bool {
    is_one_of(json::first_text(fields, &["/status", "/Status"]), &["closed", "resolved", "dismissed"])
        || is_one_of(json::first_text(fields, &["/classification", "/Classification"]), &["FalsePositive"])
}

/// Of accounts the short name alone: the principal name is an e-mail address.
fn hints(value: &Value, fields: &Value) -> Hints {
    let mut hints = Hints::default();
    resource(&mut hints, json::first_text(fields, &["/compromisedEntity", "/CompromisedEntity"]));
    resource(&mut hints, json::text(fields, "/ResourceId"));
    for entity in
        json::list(fields, "/relatedEntities").iter().chain(json::list(value, "/properties/entities"))
    {
        let properties = json::at(entity, "/properties").unwrap_or(entity);
        hint(&mut hints.actors, json::text(properties, "/accountName"));
        hint(&mut hints.actors, json::text(properties, "/address"));
        resource(&mut hints, json::text(properties, "/hostName"));
        resource(&mut hints, json::first_text(properties, &["/amazonResourceId", "/resourceId"]));
    }
    for identifier in json::list(fields, "/resourceIdentifiers") {
        resource(&mut hints, json::first_text(identifier, &["/azureResourceId", "/subscriptionId"]));
    }
    hints
}
