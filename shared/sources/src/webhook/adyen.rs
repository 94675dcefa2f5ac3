//! Adyen signs in two ways, both with HMAC-SHA256 in base64 under a hexadecimal key.
//!
//! Banking and management webhooks sign the raw body, in the header `HmacSignature`.
//! Payment notifications sign eight fields of each item, in `additionalData.hmacSignature` of that item:
//! only those eight fields are then authentic, and only they are read.
//! <https://docs.adyen.com/development-resources/webhooks/verify-hmac-signatures>

use serde_json::Value;
use tocsin_domain::signal::{Hints, Severity, Signal, SignalStatus};

use super::{HmacKey, Malformed, Received, Refusal, Request, Verified, keys};
use crate::draft::{bounded, hint};
use crate::json;
use crate::topics::{Topic, find, topic};

const HEADER: &str = "hmacsignature";

/// <https://docs.adyen.com/development-resources/webhooks/webhook-types>
const TOPICS: &[Topic] =
    &[topic("NOTIFICATION_OF_FRAUD", Severity::Low, "Adyen: a card issuer reports fraud")];

/// The signed fields, in the order in which they are signed.
const SIGNED: [&str; 8] = [
    "/pspReference",
    "/originalReference",
    "/merchantAccountCode",
    "/merchantReference",
    "/amount/value",
    "/amount/currency",
    "/eventCode",
    "/success",
];

pub(super) fn check(request: &Request<'_>, keys: &[HmacKey]) -> Result<(), Refusal> {
    match request.headers.get(HEADER) {
        Some(signature) => is_signed(keys, request.body, signature),
        None => check_items(request.body, keys),
    }
}

pub(super) fn read(verified: &Verified<'_>) -> Result<Vec<Received>, Malformed> {
    let body = verified.json()?;
    match verified.request.headers.get(HEADER) {
        Some(_) => {
            let name = json::text(&body, "/type").ok_or(Malformed::MissingField("type"))?;
            Ok(vec![Received::Ordinary { topic: crate::text::line(name, 100) }])
        }
        None => items(&body).map(read_item).collect(),
    }
}

/// One unsigned item among signed ones refuses them all.
fn check_items(body: &[u8], keys: &[HmacKey]) -> Result<(), Refusal> {
    let body = json::parse(body).map_err(|_| Refusal::Unsigned)?;
    let mut items = items(&body).peekable();
    if items.peek().is_none() {
        return Err(Refusal::Unsigned);
    }
    items.try_for_each(|item| {
        let signature = json::text(item, "/additionalData/hmacSignature").ok_or(Refusal::Unsigned)?;
        let message = signed_text(item).ok_or(Refusal::Unsigned)?;
        is_signed(keys, message.as_bytes(), signature)
    })
}

fn is_signed(keys: &[HmacKey], message: &[u8], signature: &str) -> Result<(), Refusal> {
    let signature = keys::from_base64(signature).ok_or(Refusal::Encoding)?;
    if !keys.iter().any(|key| key.signs(&[message], &signature)) {
        return Err(Refusal::Mismatch);
    }
    Ok(())
}

fn items(body: &Value) -> impl Iterator<Item = &Value> {
    json::list(body, "/notificationItems")
        .iter()
        .map(|item| json::at(item, "/NotificationRequestItem").unwrap_or(item))
}

/// Joined by colons, nothing escaped, an empty text for what is missing. `None` if a field is not a plain value.
fn signed_text(item: &Value) -> Option<String> {
    let fields: Option<Vec<String>> = SIGNED.iter().map(|pointer| field(item, pointer)).collect();
    Some(fields?.join(":"))
}

fn field(item: &Value, pointer: &str) -> Option<String> {
    match json::at(item, pointer) {
        None | Some(Value::Null) => Some(String::new()),
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Bool(flag)) => Some(flag.to_string()),
        Some(Value::Number(number)) if !number.is_f64() => Some(number.to_string()),
        Some(Value::Number(_) | Value::Array(_) | Value::Object(_)) => None,
    }
}

fn read_item(item: &Value) -> Result<Received, Malformed> {
    let code = json::text(item, "/eventCode").ok_or(Malformed::MissingField("eventCode"))?;
    let Some(topic) = find(TOPICS, code) else {
        return Ok(Received::Ordinary { topic: crate::text::line(code, 100) });
    };
    let reference = json::text(item, "/pspReference").ok_or(Malformed::MissingField("pspReference"))?;
    let mut hints = Hints::default();
    hint(&mut hints.resources, json::text(item, "/merchantAccountCode"));
    let signal = Signal {
        source: "adyen".to_owned(),
        external_id: format!("{code}:{reference}"),
        severity: topic.severity,
        kind: topic.name.to_owned(),
        title: topic.title.to_owned(),
        // `eventDate` is not signed.
        occurred_at: None,
        status: SignalStatus::Open,
        hints,
    };
    Ok(Received::Signal(Box::new(bounded(signal)?)))
}
