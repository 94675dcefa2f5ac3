//! The privacy webhooks that every app must serve.
//! <https://shopify.dev/docs/apps/build/compliance/privacy-law-compliance>

use serde_json::Value;
use tocsin_domain::personal::Personal;

use super::{Delivery, DeliveryError, ShopDomain};
use crate::json;

/// A duty toward one customer, or toward all of a shop. Orders are ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compliance {
    /// Give the shop's owner what is kept about the customer, within 30 days.
    CustomerDataRequest { shop: ShopDomain, customer: Customer, orders: Vec<String>, request: Option<String> },
    /// Erase the customer, within 30 days.
    CustomerRedact { shop: ShopDomain, customer: Customer, orders: Vec<String> },
    /// Erase the shop: it comes 48 hours after the app was uninstalled.
    ShopRedact { shop: ShopDomain },
}

/// At least one of the three is there; it may be the e-mail alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    pub id: Option<String>,
    pub email: Option<Personal<String>>,
    pub phone: Option<Personal<String>>,
}

/// `None` for any other topic.
///
/// The topic is a header and so not signed: the body must have the form of its topic. Otherwise the erasure of one
/// customer could be replayed as the erasure of a shop.
pub(super) fn read(delivery: &Delivery<'_>) -> Result<Option<Compliance>, DeliveryError> {
    let body = delivery.body;
    let shop = delivery.shop.clone();
    match (delivery.topic, form(body)) {
        ("customers/data_request", Some(Form::DataRequest)) => Ok(Some(Compliance::CustomerDataRequest {
            shop,
            customer: customer(body)?,
            orders: ids(body, "/orders_requested"),
            request: json::id(body, "/data_request/id"),
        })),
        ("customers/redact", Some(Form::CustomerRedact)) => Ok(Some(Compliance::CustomerRedact {
            shop,
            customer: customer(body)?,
            orders: ids(body, "/orders_to_redact"),
        })),
        ("shop/redact", Some(Form::ShopRedact)) => Ok(Some(Compliance::ShopRedact { shop })),
        ("customers/data_request" | "customers/redact" | "shop/redact", _) => Err(DeliveryError::Topic),
        _ => Ok(None),
    }
}

enum Form {
    DataRequest,
    CustomerRedact,
    ShopRedact,
}

fn form(body: &Value) -> Option<Form> {
    json::text(body, "/shop_domain")?;
    let has = |pointer| json::at(body, pointer).is_some();
    let asks = has("/data_request") || has("/orders_requested");
    match (json::is_object(body, "/customer"), asks, has("/orders_to_redact")) {
        (true, true, false) => Some(Form::DataRequest),
        (true, false, _) => Some(Form::CustomerRedact),
        (false, false, false) if !has("/customer") => Some(Form::ShopRedact),
        _ => None,
    }
}

fn customer(body: &Value) -> Result<Customer, DeliveryError> {
    let personal = |pointer| json::text(body, pointer).map(|text| Personal::new(text.to_owned()));
    let customer = Customer {
        id: json::id(body, "/customer/id"),
        email: personal("/customer/email"),
        phone: personal("/customer/phone"),
    };
    if customer.id.is_none() && customer.email.is_none() && customer.phone.is_none() {
        return Err(DeliveryError::Topic);
    }
    Ok(customer)
}

fn ids(body: &Value, pointer: &str) -> Vec<String> {
    json::list(body, pointer).iter().filter_map(|order| json::id(order, "")).collect()
}
