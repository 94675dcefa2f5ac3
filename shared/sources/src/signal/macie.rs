//! Amazon Macie: <https://docs.aws.amazon.com/macie/latest/user/findings-publish-event-schemas.html>

use serde_json::Value;
use tocsin_domain::signal::{Hints, Signal};

use super::{Finding, Ignored, Reading, missing, signal, status};
use crate::draft::{hint, severity_word};
use crate::{json, time};

const NAME: &str = "Macie";

pub(super) fn knows(value: &Value) -> bool {
    value.get("resourcesAffected").is_some() && value.get("severity").is_some()
}

pub(super) fn read(value: &Value) -> Vec<Finding> {
    vec![finding(value)]
}

fn finding(value: &Value) -> Finding {
    if json::is_true(value.get("sample")) {
        return Ok(Reading::Ignored(Ignored::Sample));
    }
    let kind = json::text(value, "/type").ok_or(missing(NAME, "type"))?;
    let severity = json::text(value, "/severity/description").and_then(severity_word);
    let mut hints = Hints::default();
    hint(&mut hints.accounts, json::id(value, "/accountId"));
    hint(&mut hints.buckets, json::text(value, "/resourcesAffected/s3Bucket/name"));
    hint(&mut hints.resources, json::text(value, "/resourcesAffected/s3Bucket/arn"));
    hint(&mut hints.resources, json::text(value, "/resourcesAffected/s3Object/path"));
    for pointer in
        ["/userIdentity/assumedRole/arn", "/userIdentity/iamUser/arn", "/ipAddressDetails/ipAddressV4"]
    {
        hint(&mut hints.actors, json::text(value, &format!("/policyDetails/actor{pointer}")));
    }
    signal(Signal {
        source: "macie".to_owned(),
        external_id: json::text(value, "/id").ok_or(missing(NAME, "id"))?.to_owned(),
        severity: severity.ok_or(missing(NAME, "severity"))?,
        kind: kind.to_owned(),
        title: json::text(value, "/title").unwrap_or(kind).to_owned(),
        occurred_at: time::first(value, &["/createdAt", "/updatedAt"]),
        status: status(json::is_true(value.get("archived"))),
        hints,
    })
}
