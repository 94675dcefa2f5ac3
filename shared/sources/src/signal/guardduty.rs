//! Amazon GuardDuty: <https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_findings_eventbridge.html>
//!
//! EventBridge delivers camel case. The API's `GetFindings` answers in Pascal case, which people forward at times.

use serde_json::Value;
use tocsin_domain::signal::{Hints, Severity, Signal};

use super::{Finding, Ignored, Reading, Rejection, missing, signal, status};
use crate::draft::hint;
use crate::{json, time};

const NAME: &str = "GuardDuty";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    EventBridge,
    Api,
}

/// A finding in either spelling; paths are written in that of EventBridge.
struct Raw<'a> {
    value: &'a Value,
    form: Form,
}

pub(super) fn knows(value: &Value) -> bool {
    form(value).is_some()
}

pub(super) fn read(value: &Value) -> Vec<Finding> {
    form(value).map(|form| finding(&Raw { value, form })).into_iter().collect()
}

fn form(value: &Value) -> Option<Form> {
    let detects = |service: &str, fields: [&str; 2]| {
        let service = value.get(service);
        fields.iter().any(|field| service.and_then(|service| service.get(field)).is_some())
    };
    if value.get("accountId").is_some() && detects("service", ["detectorId", "serviceName"]) {
        Some(Form::EventBridge)
    } else if value.get("AccountId").is_some() && detects("Service", ["DetectorId", "ServiceName"]) {
        Some(Form::Api)
    } else {
        None
    }
}

fn finding(raw: &Raw<'_>) -> Finding {
    match (raw.is_sample(), raw.form) {
        (true, Form::EventBridge) => return Ok(Reading::Ignored(Ignored::Sample)),
        (true, Form::Api) => return Err(Rejection::UnclearSample),
        (false, Form::EventBridge | Form::Api) => {}
    }
    let severity = raw.get("/severity").and_then(Value::as_f64).and_then(severity);
    let kind = raw.text("/type").ok_or(missing(NAME, "type"))?;
    signal(Signal {
        source: "guardduty".to_owned(),
        external_id: raw.text("/id").ok_or(missing(NAME, "id"))?.to_owned(),
        severity: severity.ok_or(missing(NAME, "severity"))?,
        kind: kind.to_owned(),
        title: raw.text("/title").unwrap_or(kind).to_owned(),
        occurred_at: ["/service/eventFirstSeen", "/createdAt"]
            .iter()
            .find_map(|path| time::instant(raw.get(path)?)),
        status: status(json::is_true(raw.get("/service/archived"))),
        hints: raw.hints(),
    })
}

/// "Severity levels of GuardDuty findings": low 1.0 to 3.9, medium 4.0 to 6.9, high 7.0 to 8.9, critical 9.0 to 10.0.
/// Anything else is not a severity.
fn severity(score: f64) -> Option<Severity> {
    match score {
        s if s <= 0.0 || s > 10.0 => None,
        s if s < 4.0 => Some(Severity::Low),
        s if s < 7.0 => Some(Severity::Medium),
        s if s < 9.0 => Some(Severity::High),
        _ => Some(Severity::Critical),
    }
}

impl<'a> Raw<'a> {
    fn get(&self, path: &str) -> Option<&'a Value> {
        match self.form {
            Form::EventBridge => json::at(self.value, path),
            Form::Api => json::at(self.value, &in_pascal_case(path)),
        }
    }

    fn text(&self, path: &str) -> Option<&'a str> {
        self.get(path)?.as_str().filter(|text| !text.is_empty())
    }

    /// A part of the finding, in the same spelling.
    fn part(&self, value: &'a Value) -> Self {
        Raw { value, form: self.form }
    }

    /// Findings made by `CreateSampleFindings` carry `sample`, and also a JSON text that says so.
    fn is_sample(&self) -> bool {
        let in_text = self.text("/service/additionalInfo/value").and_then(|text| json::parse_text(text).ok());
        json::is_true(self.get("/service/additionalInfo/sample"))
            || in_text.is_some_and(|info| json::is_true(info.get("sample")))
    }

    fn hints(&self) -> Hints {
        let mut hints = Hints::default();
        hint(&mut hints.accounts, self.text("/accountId"));
        for bucket in self.get("/resource/s3BucketDetails").and_then(Value::as_array).into_iter().flatten() {
            let bucket = self.part(bucket);
            hint(&mut hints.buckets, bucket.text("/name"));
            hint(&mut hints.resources, bucket.text("/arn"));
        }
        for path in [
            "/resource/instanceDetails/instanceId",
            "/resource/rdsDbInstanceDetails/dbInstanceArn",
            "/resource/eksClusterDetails/arn",
            "/resource/ecsClusterDetails/arn",
            "/resource/lambdaDetails/functionArn",
        ] {
            hint(&mut hints.resources, self.text(path));
        }
        for path in [
            "/resource/accessKeyDetails/userName",
            "/resource/accessKeyDetails/accessKeyId",
            "/resource/accessKeyDetails/principalId",
        ] {
            hint(&mut hints.actors, self.text(path));
        }
        for action in
            self.get("/service/action").and_then(Value::as_object).into_iter().flat_map(|map| map.values())
        {
            hint(&mut hints.actors, self.part(action).text("/remoteIpDetails/ipAddressV4"));
        }
        hints
    }
}

fn in_pascal_case(path: &str) -> String {
    let mut starts = false;
    path.chars()
        .map(|c| {
            let letter = if starts { c.to_ascii_uppercase() } else { c };
            starts = c == '/';
            letter
        })
        .collect()
}
