//! What the product would do with an input, for people: one JSON value in, one out, nothing done.
//! An answer repeats the line's `id`; one that cannot be given says so in `error`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::receipt::receipts;
use crate::signal::{Parsed, parse};
use crate::webhook::{Headers, HmacKey, KeyError, Request, RsaKey, Secrets, Tolerance, receive};
use crate::{json as read, time};

/// `{id, source, request: {method, path, headers, body_base64}, secrets, now}` to `{id, authentic, status, reason}`.
/// `secrets` holds `hmac`, `hmac_hex`, `public_keys_pem`, `client_id`, `webhook_id`, `certificate_pem`, `tolerance_s`.
pub fn webhook(line: &Value) -> Value {
    answer(line, explain_webhook(line))
}

/// `{id, body}` to `{id, outcome, signal, reason}`. Where a body holds several findings, `signals` has them all.
pub fn signal(line: &Value) -> Value {
    let explained = read::text(line, "/body").ok_or("no body").map(explain_signal);
    answer(line, explained.map_err(str::to_owned))
}

/// `{id, body}` to `{id, state, reason, kind, provider_message_id, at}`.
pub fn receipt(line: &Value) -> Value {
    answer(line, read::text(line, "/body").ok_or("no body".to_owned()).and_then(explain_receipt))
}

fn answer(line: &Value, explained: Result<Value, String>) -> Value {
    let mut answer = explained.unwrap_or_else(|error| json!({ "error": error }));
    if let Some(map) = answer.as_object_mut() {
        map.insert("id".to_owned(), line.get("id").cloned().unwrap_or_default());
    }
    answer
}

fn explain_webhook(line: &Value) -> Result<Value, String> {
    let body = STANDARD.decode(read::text(line, "/request/body_base64").unwrap_or_default());
    let body = body.map_err(|_| "body_base64 is not base64")?;
    let headers = headers(read::at(line, "/request/headers").unwrap_or(&Value::Null));
    let now = line.get("now").and_then(time::instant);
    let secrets = secrets(line, now)?;
    let method = read::text(line, "/request/method").unwrap_or("POST");
    let request = Request { method, headers: &headers, body: &body };
    let answer = receive(request, &secrets, now.unwrap_or(Timestamp::UNIX_EPOCH));
    Ok(json!({"authentic": answer.authentic, "status": answer.status, "reason": answer.reason}))
}

/// A value may be an object of further headers, or a list of values of one header.
fn headers(value: &Value) -> Headers {
    let mut flat = Vec::new();
    for (name, value) in value.as_object().into_iter().flatten() {
        match value {
            Value::Object(inner) => flat.extend(inner.iter().filter_map(|(name, value)| pair(name, value))),
            Value::Array(values) => flat.extend(values.iter().filter_map(|value| pair(name, value))),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                flat.extend(pair(name, value))
            }
        }
    }
    flat.into_iter().collect()
}

fn pair(name: &str, value: &Value) -> Option<(String, String)> {
    Some((name.to_owned(), value.as_str()?.to_owned()))
}

fn secrets(line: &Value, now: Option<Timestamp>) -> Result<Secrets, String> {
    let secret = |name: &str| read::text(line, &format!("/secrets/{name}"));
    match read::text(line, "/source").unwrap_or_default() {
        "shopify" => Ok(Secrets::Shopify { keys: keys(line, "hmac", HmacKey::from_text)? }),
        "stripe" => Ok(Secrets::Stripe {
            keys: keys(line, "hmac", HmacKey::from_text)?,
            tolerance: tolerance(line, now, Tolerance::USUAL),
        }),
        "adyen" => Ok(Secrets::Adyen { keys: keys(line, "hmac_hex", HmacKey::from_hex)? }),
        "adobe-io" | "adobe-commerce" => Ok(Secrets::AdobeIo {
            keys: keys(line, "public_keys_pem", RsaKey::from_pem)?,
            client_id: secret("client_id").ok_or("no client_id")?.to_owned(),
        }),
        "paypal" => Ok(Secrets::PayPal {
            certificate: RsaKey::from_certificate_pem(secret("certificate_pem").ok_or("no certificate_pem")?)
                .map_err(|error| error.to_string())?,
            webhook_id: secret("webhook_id").ok_or("no webhook_id")?.to_owned(),
            tolerance: tolerance(line, now, Tolerance::Unchecked),
        }),
        "standard-webhooks" | "standard" | "generic" => Ok(Secrets::Standard {
            keys: keys(line, "hmac", HmacKey::from_standard)?,
            tolerance: tolerance(line, now, Tolerance::USUAL),
        }),
        _ => Err("an unknown source".to_owned()),
    }
}

fn keys<K>(line: &Value, name: &str, load: fn(&str) -> Result<K, KeyError>) -> Result<Vec<K>, String> {
    let listed = read::list(line, &format!("/secrets/{name}"));
    listed
        .iter()
        .map(|key| load(key.as_str().unwrap_or_default()).map_err(|error| error.to_string()))
        .collect()
}

/// 0 or null turns the check off, as in Stripe's libraries. Without a `now` there is nothing to check against.
fn tolerance(line: &Value, now: Option<Timestamp>, usual: Tolerance) -> Tolerance {
    match (read::at(line, "/secrets/tolerance_s"), now) {
        (_, None) => Tolerance::Unchecked,
        (None, Some(_)) => usual,
        (Some(value), Some(_)) => match value.as_i64() {
            Some(seconds) if seconds > 0 => Tolerance::Within(SignedDuration::from_secs(seconds)),
            Some(_) | None => Tolerance::Unchecked,
        },
    }
}

fn explain_signal(body: &str) -> Value {
    match parse(body.as_bytes()) {
        Parsed::Signals { signals, rejected } => {
            let reason = match rejected.first() {
                None => "a finding".to_owned(),
                Some(other) => format!("a finding, beside another: {other}"),
            };
            json!({"outcome": "signal", "signal": signals.first(), "signals": signals, "reason": reason})
        }
        Parsed::Ignored { reason } => json!({"outcome": "ignored", "reason": reason.to_string()}),
        Parsed::Rejected { reason } => json!({"outcome": "rejected", "reason": reason.to_string()}),
    }
}

fn explain_receipt(body: &str) -> Result<Value, String> {
    let events = receipts(body.as_bytes()).map_err(|error| error.to_string())?;
    Ok(match events.first() {
        None => json!({"state": null, "reason": "a message of the provider to us, about no delivery"}),
        Some(event) => json!({
            "state": event.kind.state().as_str(),
            "reason": event.detail,
            "kind": event.kind,
            "provider_message_id": event.provider_message_id,
            "at": event.at.to_string(),
            "tags": event.tags,
        }),
    })
}
