//! Shopify: base64 of HMAC-SHA256 over the raw body under the app's client secret.
//! <https://shopify.dev/docs/apps/build/webhooks/subscribe/https>

use super::{HmacKey, Malformed, Received, Refusal, Request, Verified, keys};
use crate::shopify::{Content, Delivery, ShopDomain};

/// The headers of a delivery come in two families. Where the newer one is there, it alone counts:
/// a good signature of the older one does not rescue it (so do Shopify's own libraries).
struct Family {
    hmac: &'static str,
    topic: &'static str,
    shop: &'static str,
    event_id: &'static str,
    triggered_at: &'static str,
}

const EVENTS: Family = Family {
    hmac: "shopify-hmac-sha256",
    topic: "shopify-topic",
    shop: "shopify-shop-domain",
    event_id: "shopify-event-id",
    triggered_at: "shopify-triggered-at",
};

const WEBHOOKS: Family = Family {
    hmac: "x-shopify-hmac-sha256",
    topic: "x-shopify-topic",
    shop: "x-shopify-shop-domain",
    event_id: "x-shopify-event-id",
    triggered_at: "x-shopify-triggered-at",
};

pub(super) fn check(request: &Request<'_>, keys: &[HmacKey]) -> Result<(), Refusal> {
    let family = family(request);
    let header = request.headers.get(family.hmac).ok_or(Refusal::MissingHeader(family.hmac))?;
    let signature = keys::from_base64(header).ok_or(Refusal::Encoding)?;
    if !keys.iter().any(|key| key.signs(&[request.body], &signature)) {
        return Err(Refusal::Mismatch);
    }
    Ok(())
}

/// The headers are not signed: the shop must have the form of one and agree with the body, the topic must fit it.
pub(super) fn read(verified: &Verified<'_>) -> Result<Received, Malformed> {
    let body = verified.json()?;
    let family = family(&verified.request);
    let header = |name| verified.request.headers.get(name);
    let required = |name| header(name).ok_or(Malformed::MissingHeader(name));
    let delivery = Delivery {
        topic: required(family.topic)?,
        shop: ShopDomain::parse(required(family.shop)?)?,
        event_id: header(family.event_id),
        triggered_at: header(family.triggered_at),
        body: &body,
    };
    Ok(match delivery.content()? {
        Content::Signal(signal) => Received::Signal(Box::new(signal)),
        Content::Compliance(compliance) => Received::Compliance(compliance),
        Content::Ordinary => Received::Ordinary { topic: crate::text::line(delivery.topic, 100) },
    })
}

fn family(request: &Request<'_>) -> &'static Family {
    match request.headers.get(EVENTS.hmac) {
        Some(_) => &EVENTS,
        None => &WEBHOOKS,
    }
}
