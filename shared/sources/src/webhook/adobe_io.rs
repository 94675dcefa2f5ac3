//! Adobe I/O Events, which carry those of Adobe Commerce: two RSA-SHA256 signatures over the raw body, of which one
//! must be good, and a recipient in the body that must be us.
//! <https://developer.adobe.com/events/docs/guides/>

use serde_json::Value;
use tocsin_domain::signal::{Hints, Severity, Signal, SignalStatus};

use super::{Headers, Malformed, Received, Refusal, Request, RsaKey, Verified, keys};
use crate::draft::{bounded, hint};
use crate::topics::{Topic, find, topic};
use crate::{json, time};

const SIGNATURES: [&str; 2] = ["x-adobe-digital-signature-1", "x-adobe-digital-signature-2"];
const KEY_PATHS: [&str; 2] = ["x-adobe-public-key1-path", "x-adobe-public-key2-path"];
const KEY_HOST: &str = "https://static.adobeioevents.com";

/// The observers of Adobe Commerce's back office. Their payload may hold a password in clear text
/// (`admin_user_authenticate_after`): of the payload nothing is carried on but the names of store and user.
const TOPICS: &[Topic] = &[
    topic(
        "com.adobe.commerce.observer.admin_user_authenticate_after",
        Severity::Informational,
        "Adobe Commerce: an administrator signed in or tried to",
    ),
    topic(
        "com.adobe.commerce.observer.admin_user_save_commit_after",
        Severity::Medium,
        "Adobe Commerce: an administrator was added or changed",
    ),
    topic(
        "com.adobe.commerce.observer.backend_auth_user_login_failed",
        Severity::Low,
        "Adobe Commerce: an administrator's sign-in failed",
    ),
    topic(
        "com.adobe.commerce.observer.backend_auth_user_login_success",
        Severity::Informational,
        "Adobe Commerce: an administrator signed in",
    ),
];

pub(super) fn check(request: &Request<'_>, keys: &[RsaKey], client_id: &str) -> Result<(), Refusal> {
    let given = SIGNATURES.map(|name| request.headers.get(name));
    if given.iter().all(Option::is_none) {
        return Err(Refusal::MissingHeader(SIGNATURES[0]));
    }
    let is_good = |(key, signature): (&RsaKey, Option<&str>)| {
        signature.and_then(keys::from_base64).is_some_and(|signature| key.verifies(request.body, &signature))
    };
    if !keys.iter().zip(given).any(is_good) {
        return Err(Refusal::Mismatch);
    }
    // The bytes are authentic from here on; the recipient is part of what they bind.
    let body = json::parse(request.body).map_err(|_| Refusal::Recipient)?;
    if recipient(&body) != Some(client_id) {
        return Err(Refusal::Recipient);
    }
    Ok(())
}

pub(super) fn read(verified: &Verified<'_>) -> Result<Received, Malformed> {
    let event = verified.json()?;
    let Some(name) = json::text(&event, "/type") else {
        return Ok(Received::Ordinary { topic: "untyped".to_owned() });
    };
    let Some(topic) = find(TOPICS, name) else {
        return Ok(Received::Ordinary { topic: crate::text::line(name, 100) });
    };
    let id = json::first_text(&event, &["/event_id", "/eventid", "/id"])
        .ok_or(Malformed::MissingField("event_id"))?;
    let mut hints = Hints::default();
    hint(&mut hints.resources, json::text(&event, "/source"));
    hint(&mut hints.actors, json::first_text(&event, &["/data/value/username", "/data/value/user_name"]));
    let signal = Signal {
        source: "adobe-commerce".to_owned(),
        external_id: id.to_owned(),
        severity: topic.severity,
        kind: topic.name.to_owned(),
        title: topic.title.to_owned(),
        occurred_at: time::first(&event, &["/time"]),
        status: SignalStatus::Open,
        hints,
    };
    Ok(Received::Signal(Box::new(bounded(signal)?)))
}

/// The key for signature 1 or 2 is published at a path that the request names; the host is always Adobe's.
/// Who fetches it keeps it for at most 24 hours.
pub fn key_url(headers: &Headers, signature: usize) -> Result<String, Refusal> {
    let name = signature.checked_sub(1).and_then(|index| KEY_PATHS.get(index)).ok_or(Refusal::KeyHost)?;
    let path = headers.get(name).ok_or(Refusal::MissingHeader(name))?;
    let is_plain = path.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'_' | b'.'));
    if !path.starts_with('/')
        || !path.ends_with(".pem")
        || path.contains("..")
        || path.contains("//")
        || !is_plain
    {
        return Err(Refusal::KeyHost);
    }
    Ok(format!("{KEY_HOST}{path}"))
}

/// The challenge was missing, repeated, or not of the form that Adobe sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a challenge of Adobe I/O Events")]
pub struct BadChallenge;

/// The `challenge` of the query string, to be echoed as `text/plain` before events come.
/// Letters, digits and dashes alone: what is echoed must not be a page.
pub fn challenge(query: &str) -> Result<&str, BadChallenge> {
    let mut values = query.split('&').filter_map(|pair| pair.strip_prefix("challenge="));
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(BadChallenge);
    };
    let is_plain = value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if value.is_empty() || value.len() > 128 || !is_plain {
        return Err(BadChallenge);
    }
    Ok(value)
}

fn recipient(body: &Value) -> Option<&str> {
    json::first_text(body, &["/recipient_client_id", "/recipientclientid"])
}
