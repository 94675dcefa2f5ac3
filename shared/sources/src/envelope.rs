//! What AWS wraps around a message on its way into a queue: SNS notifications, EventBridge events, and requests that
//! API Gateway hands on.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::json::{self, JsonError};

/// The largest body that is read, in bytes: what SQS carries (1 MiB), and what a webhook may bring.
pub const MAX_BODY: usize = 1024 * 1024;

/// How many envelopes may lie in one another: a topic that feeds a bus that feeds a topic, and one to spare.
pub const MAX_WRAPS: usize = 4;

/// A message without its envelopes.
#[derive(Debug, Clone, PartialEq)]
pub enum Payload {
    Json(Value),
    /// Not JSON: a syslog line, or a sentence for people.
    Text(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    #[error("the body is larger than {MAX_BODY} bytes")]
    TooLarge,
    #[error("{0}")]
    Json(#[from] JsonError),
    #[error("more than {MAX_WRAPS} envelopes lie in one another")]
    TooManyWraps,
    /// Its link is never followed: that would let a stranger make us fetch a page.
    #[error("an SNS subscription waits to be confirmed by a person")]
    Confirmation,
    #[error("API Gateway says that the body is base64, and it is not")]
    NotBase64,
}

/// Takes the envelopes off. Raw delivery has none.
pub fn open(body: &[u8]) -> Result<Payload, EnvelopeError> {
    if body.len() > MAX_BODY {
        return Err(EnvelopeError::TooLarge);
    }
    let text = std::str::from_utf8(body).map_err(|_| JsonError::NotUtf8)?;
    let mut content = Payload::Text(text.to_owned());
    for _ in 0..=MAX_WRAPS {
        let value = match content {
            Payload::Text(text) if looks_like_json(&text) => json::parse_text(&text)?,
            Payload::Text(text) => return Ok(Payload::Text(text)),
            Payload::Json(value) => value,
        };
        content = match unwrap(value)? {
            Unwrapped::Payload(value) => return Ok(Payload::Json(value)),
            Unwrapped::Inner(inner) => inner,
        };
    }
    Err(EnvelopeError::TooManyWraps)
}

enum Unwrapped {
    /// No envelope of ours.
    Payload(Value),
    Inner(Payload),
}

fn looks_like_json(text: &str) -> bool {
    text.trim_start_matches('\u{feff}').trim_start().starts_with(['{', '[', '"'])
}

/// Of these sources the head of the event says what its detail does not: they keep it.
const TOLD_BY_THE_HEAD: [&str; 1] = ["aws.security-ir"];

/// SNS: the message types and fields of "Parsing message formats" in its developer guide.
/// EventBridge: the fields of "Event structure". A JSON text at the top comes from an input transformer.
fn unwrap(value: Value) -> Result<Unwrapped, EnvelopeError> {
    let mut map = match value {
        Value::String(text) => return Ok(Unwrapped::Inner(Payload::Text(text))),
        Value::Object(map) => map,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
            return Ok(Unwrapped::Payload(value));
        }
    };
    if map.contains_key("TopicArn") {
        match (map.get("Type").and_then(Value::as_str), map.get("Message")) {
            (Some("Notification"), Some(Value::String(message))) => {
                return Ok(Unwrapped::Inner(Payload::Text(message.clone())));
            }
            (Some("SubscriptionConfirmation" | "UnsubscribeConfirmation"), _) => {
                return Err(EnvelopeError::Confirmation);
            }
            _ => {}
        }
    }
    if let Some(body) = gateway_body(&mut map)? {
        return Ok(Unwrapped::Inner(body));
    }
    let source = map.get("source").and_then(Value::as_str).unwrap_or_default();
    let is_event =
        map.contains_key("detail-type") && map.contains_key("source") && !TOLD_BY_THE_HEAD.contains(&source);
    match map.get_mut("detail") {
        Some(detail) if is_event => Ok(Unwrapped::Inner(content(detail.take()))),
        Some(_) | None => Ok(Unwrapped::Payload(Value::Object(map))),
    }
}

/// A text that an envelope holds as JSON is its content, and no envelope of its own.
fn content(value: Value) -> Payload {
    match value {
        Value::String(text) => Payload::Text(text),
        json @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            Payload::Json(json)
        }
    }
}

/// A request as API Gateway writes it ("Input format of a Lambda function for proxy integration"), or as its own
/// mapping template for a service integration does ("method request passthrough").
fn gateway_body(map: &mut Map<String, Value>) -> Result<Option<Payload>, EnvelopeError> {
    let is_object = |map: &Map<String, Value>, key: &str| map.get(key).is_some_and(Value::is_object);
    if map.contains_key("body-json") && is_object(map, "params") {
        return Ok(map.remove("body-json").map(content));
    }
    let flag = map.get("isBase64Encoded").and_then(Value::as_bool);
    if flag.is_none() && !is_object(map, "requestContext") {
        return Ok(None);
    }
    match map.get_mut("body") {
        Some(Value::String(text)) if flag == Some(true) => {
            let bytes = STANDARD.decode(text.as_bytes()).map_err(|_| EnvelopeError::NotBase64)?;
            let text = String::from_utf8(bytes).map_err(|_| JsonError::NotUtf8)?;
            Ok(Some(Payload::Text(text)))
        }
        Some(Value::String(text)) => Ok(Some(Payload::Text(std::mem::take(text)))),
        Some(body @ (Value::Object(_) | Value::Array(_))) => Ok(Some(Payload::Json(body.take()))),
        Some(Value::Null | Value::Bool(_) | Value::Number(_)) | None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sns(message: &str) -> String {
        json!({"Type": "Notification", "TopicArn": "arn:aws:sns:eu-west-1:1:t", "Message": message})
            .to_string()
    }

    fn event(detail: Value) -> String {
        json!({"source": "aws.x", "detail-type": "X", "time": "2025-01-01T00:00:00Z", "detail": detail})
            .to_string()
    }

    #[test]
    fn every_way_into_the_queue_gives_the_same_payload() {
        let payload = json!({"a": 1});
        let raw = payload.to_string();
        let bus = event(payload.clone());
        let gateway = |body: Value, encoded: bool| {
            json!({"httpMethod": "POST", "headers": {}, "body": body, "isBase64Encoded": encoded}).to_string()
        };
        for body in [
            &raw,
            &sns(&raw),
            &sns(&sns(&raw)),
            &bus,
            &sns(&bus),
            &Value::String(raw.clone()).to_string(),
            &gateway(json!(raw), false),
            &gateway(json!(STANDARD.encode(&raw)), true),
            &sns(&gateway(json!(bus), false)),
            &json!({"version": "2.0", "requestContext": {}, "body": payload}).to_string(),
            &json!({"body-json": payload, "params": {"header": {}}, "context": {}}).to_string(),
        ] {
            assert_eq!(open(body.as_bytes()).unwrap(), Payload::Json(payload.clone()), "{body}");
        }
    }

    #[test]
    fn text_stays_text() {
        for body in ["CEF:0|a|b", &sns("CEF:0|a|b"), "\"CEF:0|a|b\""] {
            assert_eq!(open(body.as_bytes()).unwrap(), Payload::Text("CEF:0|a|b".to_owned()));
        }
    }

    #[test]
    fn what_cannot_be_opened_says_why() {
        let wrapped = (0..=MAX_WRAPS).fold("{}".to_owned(), |inner, _| sns(&inner));
        let confirmation =
            json!({"Type": "SubscriptionConfirmation", "TopicArn": "t", "SubscribeURL": "https://x"});
        for (body, why) in [
            (wrapped.into_bytes(), EnvelopeError::TooManyWraps),
            (confirmation.to_string().into_bytes(), EnvelopeError::Confirmation),
            (vec![b' '; MAX_BODY + 1], EnvelopeError::TooLarge),
            (vec![0xff], EnvelopeError::Json(JsonError::NotUtf8)),
            (sns("{\"a\":").into_bytes(), EnvelopeError::Json(JsonError::Syntax)),
            (br#"{"body": "%", "isBase64Encoded": true}"#.to_vec(), EnvelopeError::NotBase64),
            (
                br#"{"body": "/w==", "isBase64Encoded": true}"#.to_vec(),
                EnvelopeError::Json(JsonError::NotUtf8),
            ),
        ] {
            assert_eq!(open(&body), Err(why));
        }
    }

    #[test]
    fn what_only_looks_like_an_envelope_stays() {
        for body in [
            json!({"body": "a letter", "title": "t"}),
            json!({"body": null, "isBase64Encoded": false}),
            json!({"body-json": {}}),
            json!({"source": "aws.security-ir", "detail-type": "Case Created", "detail": {"caseId": "1"}}),
        ] {
            assert_eq!(open(body.to_string().as_bytes()), Ok(Payload::Json(body)));
        }
    }
}
