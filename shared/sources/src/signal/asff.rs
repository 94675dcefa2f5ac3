//! AWS Security Hub in the AWS Security Finding Format:
//! <https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format.html>
//! One event carries several findings. Security Hub's second version sends OCSF in the same place.

use serde_json::Value;
use tocsin_domain::signal::{Hints, Severity, Signal, SignalStatus};

use super::{
    Finding, Ignored, MAX_FINDINGS, Reading, Rejection, missing, ocsf, out_of_hundred, signal, status,
};
use crate::draft::{bucket_of_arn, hint, severity_word};
use crate::{json, time};

const NAME: &str = "ASFF";
const SAMPLES: [&str; 2] = ["/Sample", "/ProductFields/aws~1guardduty~1service~1additionalInfo~1sample"];

pub(super) fn knows(value: &Value) -> bool {
    is_asff(value) || value.get("findings").is_some_and(Value::is_array)
}

pub(super) fn read(value: &Value) -> Vec<Finding> {
    if is_asff(value) {
        return vec![finding(value)];
    }
    let findings = json::list(value, "/findings");
    if findings.len() > MAX_FINDINGS {
        return vec![Err(Rejection::TooMany)];
    }
    findings.iter().flat_map(one_of_several).collect()
}

fn one_of_several(value: &Value) -> Vec<Finding> {
    if is_asff(value) {
        vec![finding(value)]
    } else if ocsf::knows(value) {
        ocsf::read(value)
    } else {
        vec![Err(Rejection::UnknownFormat)]
    }
}

fn is_asff(value: &Value) -> bool {
    value.get("ProductArn").is_some() && value.get("GeneratorId").is_some()
}

fn finding(value: &Value) -> Finding {
    if SAMPLES.iter().any(|pointer| json::is_true(json::at(value, pointer))) {
        return Ok(Reading::Ignored(Ignored::Sample));
    }
    let kind = json::first_text(value, &["/Types/0", "/FindingProviderFields/Types/0", "/GeneratorId"]);
    let kind = kind.ok_or(missing(NAME, "Types"))?;
    signal(Signal {
        source: "security-hub".to_owned(),
        external_id: json::text(value, "/Id").ok_or(missing(NAME, "Id"))?.to_owned(),
        severity: severity(value).ok_or(missing(NAME, "Severity"))?,
        kind: kind.to_owned(),
        title: json::text(value, "/Title").unwrap_or(kind).to_owned(),
        occurred_at: time::first(value, &["/FirstObservedAt", "/CreatedAt", "/UpdatedAt"]),
        status: finding_status(value),
        hints: hints(value),
    })
}

/// The label wins over the number; what the customer set wins over what the product found.
fn severity(value: &Value) -> Option<Severity> {
    ["/Severity", "/FindingProviderFields/Severity"].iter().find_map(|place| {
        let severity = json::at(value, place)?;
        let label = json::text(severity, "/Label").and_then(severity_word);
        label.or_else(|| out_of_hundred(severity.get("Normalized")?.as_f64()?))
    })
}

fn finding_status(value: &Value) -> SignalStatus {
    let is = |pointer, word| json::text(value, pointer) == Some(word);
    status(
        is("/RecordState", "ARCHIVED")
            || is("/Workflow/Status", "RESOLVED")
            || is("/Workflow/Status", "SUPPRESSED")
            || is("/WorkflowState", "RESOLVED")
            || is("/Compliance/Status", "PASSED"),
    )
}

fn hints(value: &Value) -> Hints {
    let mut hints = Hints::default();
    hint(&mut hints.accounts, json::id(value, "/AwsAccountId"));
    for resource in json::list(value, "/Resources") {
        let Some(id) = json::text(resource, "/Id") else { continue };
        hint(&mut hints.buckets, bucket_of_arn(id));
        if json::text(resource, "/ResourceRole") == Some("Actor") {
            hint(&mut hints.actors, Some(id));
        } else {
            hint(&mut hints.resources, Some(id));
        }
    }
    for action in ["AwsApiCallAction", "NetworkConnectionAction"] {
        hint(&mut hints.actors, json::text(value, &format!("/Action/{action}/RemoteIpDetails/IpAddressV4")));
    }
    hints
}
