//! Shopify's events over an Amazon EventBridge partner source: `detail.payload` and `detail.metadata`.
//! Who may write to that bus is decided by AWS, so the body is as good as a signed one.

use serde_json::Value;

use super::{Finding, Ignored, Reading, Rejection, missing};
use crate::json;
use crate::shopify::{Content, Delivery, DeliveryError, ShopDomain};

const NAME: &str = "Shopify";

pub(super) fn knows(value: &Value) -> bool {
    metadata(value, "x-shopify-topic").is_some() && value.get("payload").is_some()
}

pub(super) fn read(value: &Value) -> Vec<Finding> {
    vec![finding(value)]
}

fn finding(value: &Value) -> Finding {
    let required = |name, field| metadata(value, name).ok_or(missing(NAME, field));
    let delivery = Delivery {
        topic: required("x-shopify-topic", "topic")?,
        shop: ShopDomain::parse(required("x-shopify-shop-domain", "shop domain")?).map_err(rejection)?,
        event_id: metadata(value, "x-shopify-event-id"),
        triggered_at: metadata(value, "x-shopify-triggered-at"),
        body: value.get("payload").ok_or(missing(NAME, "payload"))?,
    };
    match delivery.content().map_err(rejection)? {
        Content::Signal(signal) => Ok(Reading::Signal(Box::new(signal))),
        Content::Ordinary => Ok(Reading::Ignored(Ignored::Ordinary)),
        Content::Compliance(_) => Err(Rejection::ComplianceOverQueue),
    }
}

fn metadata<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    let entries = value.get("metadata")?.as_object()?;
    let (_, found) = entries.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
    json::text(found, "")
}

fn rejection(error: DeliveryError) -> Rejection {
    match error {
        DeliveryError::ShopDomain => missing(NAME, "shop domain"),
        DeliveryError::OtherShop => missing(NAME, "shop: header and body differ"),
        DeliveryError::Topic => missing(NAME, "payload of its topic"),
        DeliveryError::Id(id) => id.into(),
    }
}
