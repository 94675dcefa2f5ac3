//! Stripe: `Stripe-Signature: t=...,v1=...`, hexadecimal HMAC-SHA256 over `t.body`.
//! <https://docs.stripe.com/webhooks#verify-manually>

use jiff::Timestamp;
use subtle::ConstantTimeEq;
use tocsin_domain::signal::{Hints, Severity, Signal, SignalStatus};

use super::{HmacKey, Malformed, Received, Refusal, Request, Tolerance, Verified};
use crate::draft::{bounded, hint};
use crate::topics::{Topic, find, topic};
use crate::{json, time};

const HEADER: &str = "stripe-signature";

/// <https://docs.stripe.com/api/events/types>
const TOPICS: &[Topic] = &[
    topic(
        "account.application.deauthorized",
        Severity::Medium,
        "Stripe: an application lost access to the account",
    ),
    topic("account.external_account.created", Severity::Medium, "Stripe: a payout account was added"),
    topic("account.external_account.deleted", Severity::Medium, "Stripe: a payout account was removed"),
    topic("account.external_account.updated", Severity::Medium, "Stripe: a payout account was changed"),
    topic("radar.early_fraud_warning.created", Severity::Low, "Stripe: a card issuer warns of fraud"),
    topic(
        "radar.early_fraud_warning.updated",
        Severity::Low,
        "Stripe: a card issuer's warning of fraud changed",
    ),
];

pub(super) fn check(
    request: &Request<'_>,
    keys: &[HmacKey],
    tolerance: Tolerance,
    now: Timestamp,
) -> Result<(), Refusal> {
    let header = request.headers.get(HEADER).ok_or(Refusal::MissingHeader(HEADER))?;
    let parts = || header.split(',').filter_map(|part| part.split_once('='));
    let mut times = parts().filter(|(scheme, _)| *scheme == "t").map(|(_, value)| value);
    let (Some(signed_at), None) = (times.next(), times.next()) else {
        return Err(Refusal::Encoding);
    };
    let at = signed_at.parse().ok().and_then(|second| Timestamp::from_second(second).ok());
    let at = at.ok_or(Refusal::Encoding)?;
    // Signatures of other schemes are left alone: a test may carry `v0`, and a later Stripe `v2`.
    let mut candidates =
        parts().filter(|(scheme, _)| *scheme == "v1").map(|(_, value)| value.as_bytes()).peekable();
    if candidates.peek().is_none() {
        return Err(Refusal::Encoding);
    }
    let message: [&[u8]; 3] = [signed_at.as_bytes(), b".", request.body];
    let expected: Vec<String> = keys.iter().map(|key| hex::encode(key.mac(&message))).collect();
    if !candidates.any(|candidate| expected.iter().any(|good| good.as_bytes().ct_eq(candidate).into())) {
        return Err(Refusal::Mismatch);
    }
    if !tolerance.allows(at, now) {
        return Err(Refusal::Time);
    }
    Ok(())
}

/// A `v2.core.event` only points at an object, and is not read as a `v1` event. Test mode is never a signal.
pub(super) fn read(verified: &Verified<'_>) -> Result<Received, Malformed> {
    let event = verified.json()?;
    let name = json::text(&event, "/type").ok_or(Malformed::MissingField("type"))?;
    let is_live_event =
        json::text(&event, "/object") == Some("event") && json::is_true(json::at(&event, "/livemode"));
    let Some(topic) = find(TOPICS, name).filter(|_| is_live_event) else {
        return Ok(Received::Ordinary { topic: crate::text::line(name, 100) });
    };
    let mut hints = Hints::default();
    hint(&mut hints.resources, json::text(&event, "/account"));
    hint(&mut hints.resources, json::text(&event, "/data/object/id"));
    let signal = Signal {
        source: "stripe".to_owned(),
        external_id: json::text(&event, "/id").ok_or(Malformed::MissingField("id"))?.to_owned(),
        severity: topic.severity,
        kind: topic.name.to_owned(),
        title: topic.title.to_owned(),
        occurred_at: time::first(&event, &["/created"]),
        status: SignalStatus::Open,
        hints,
    };
    Ok(Received::Signal(Box::new(bounded(signal)?)))
}
