//! What comes in from outside: a finding, a webhook, and things that are neither.

use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::Trouble;
use crate::merchants::SHOP_DOMAIN;

/// The secret that the shop's app and the installation share.
pub const SHOP_SECRET: &str = "demo-secret-of-the-shops-app";

const FINDING: &str = include_str!("../../../events/guardduty-finding.json");

/// A GuardDuty finding of data copied out of the shop's bucket a quarter of an hour ago, as EventBridge delivers it.
pub fn finding(now: Timestamp) -> Result<String, Trouble> {
    let mut event: Value = serde_json::from_str(FINDING)?;
    let ago = |minutes| json!((now - SignedDuration::from_mins(minutes)).to_string());
    event["time"] = ago(4);
    for name in ["createdAt", "updatedAt"] {
        event["detail"][name] = ago(5);
    }
    event["detail"]["service"]["eventFirstSeen"] = ago(20);
    event["detail"]["service"]["eventLastSeen"] = ago(10);
    Ok(event.to_string())
}

/// A SIEM message that no parser knows.
pub const MALFORMED_FINDING: &str = "{\"alert\": \"something happened\", ";

/// The body of a webhook that tells of a finished bulk export.
pub fn webhook_body() -> String {
    json!({
        "admin_graphql_api_id": "gid://shopify/BulkOperation/147595010",
        "completed_at": null,
        "created_at": null,
        "error_code": null,
        "status": "completed",
        "type": "query",
    })
    .to_string()
}

/// A body that the shop's own key signs and nobody can read.
pub const MALFORMED_BODY: &str = "{\"admin_graphql_api_id\": ";

/// The headers of a webhook; without `signature` nobody knows who sent it.
pub fn headers(signature: Option<&str>) -> Vec<(&'static str, String)> {
    let mut headers = vec![
        ("content-type", "application/json".to_owned()),
        ("x-shopify-topic", "bulk_operations/finish".to_owned()),
        ("x-shopify-shop-domain", SHOP_DOMAIN.to_owned()),
        ("x-shopify-api-version", "2026-10".to_owned()),
        ("x-shopify-webhook-id", "5f1f4f0e-8b0e-4d8e-9a52-0a3b6f2f7d10".to_owned()),
        ("x-shopify-event-id", "7a1c9f36-4d0c-4c7e-8c1b-6a0f5e2d3c4b".to_owned()),
    ];
    headers.extend(signature.map(|signature| ("x-shopify-hmac-sha256", signature.to_owned())));
    headers
}

/// Base64 of the HMAC-SHA256 over the raw body, as Shopify signs.
pub fn signature(body: &str) -> Result<String, Trouble> {
    use base64::Engine;
    let mut mac = Hmac::<Sha256>::new_from_slice(SHOP_SECRET.as_bytes())?;
    mac.update(body.as_bytes());
    Ok(base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes()))
}
