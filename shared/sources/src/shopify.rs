//! What Shopify tells, however it came: over HTTPS with a signature, or over a partner event bus.

mod compliance;
mod domain;

pub use compliance::{Compliance, Customer};
pub use domain::ShopDomain;

use serde_json::Value;
use tocsin_domain::id::digest;
use tocsin_domain::signal::{Hints, Severity, Signal, SignalStatus};

use crate::draft::{BadId, bounded, hint};
use crate::topics::{Topic, find, topic};
use crate::{json, time};

/// Topics that tell of security. <https://shopify.dev/docs/api/webhooks>
const TOPICS: &[Topic] = &[
    topic("app/scopes_update", Severity::Medium, "Shopify: an app's access scopes changed"),
    topic("app/uninstalled", Severity::Low, "Shopify: the app was uninstalled"),
    topic("audit_events/admin_api_activity", Severity::Low, "Shopify: audited activity of the admin API"),
    topic("bulk_operations/finish", Severity::Medium, "Shopify: a bulk export of data finished"),
    topic("domains/create", Severity::Medium, "Shopify: a domain was added to the shop"),
    topic("domains/destroy", Severity::Medium, "Shopify: a domain was removed from the shop"),
    topic("domains/update", Severity::Medium, "Shopify: a domain of the shop changed"),
    topic("shop/update", Severity::Informational, "Shopify: the shop's settings changed"),
    topic("themes/publish", Severity::Medium, "Shopify: a theme was published"),
];

/// One delivery whose body is authentic. The rest of it is not signed.
pub(crate) struct Delivery<'a> {
    pub topic: &'a str,
    pub shop: ShopDomain,
    /// The same on every delivery of one event, to every subscription.
    pub event_id: Option<&'a str>,
    pub triggered_at: Option<&'a str>,
    pub body: &'a Value,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Content {
    Signal(Signal),
    Compliance(Compliance),
    Ordinary,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    #[error("the shop is not a name under myshopify.com")]
    ShopDomain,
    #[error("the header names another shop than the body")]
    OtherShop,
    #[error("the body is not what the topic carries")]
    Topic,
    #[error("{0}")]
    Id(#[from] BadId),
}

impl Delivery<'_> {
    pub fn content(&self) -> Result<Content, DeliveryError> {
        if !self.body.is_object() {
            return Err(DeliveryError::Topic);
        }
        self.check_shop()?;
        if let Some(compliance) = compliance::read(self)? {
            return Ok(Content::Compliance(compliance));
        }
        match find(TOPICS, self.topic) {
            Some(topic) => Ok(Content::Signal(self.signal(topic)?)),
            None => Ok(Content::Ordinary),
        }
    }

    /// Where the body names the shop, it wins over the header; a header that disagrees is a replay elsewhere.
    fn check_shop(&self) -> Result<(), DeliveryError> {
        let named = ["/shop_domain", "/myshopify_domain"];
        let others = named.iter().filter_map(|pointer| json::text(self.body, pointer));
        if others.into_iter().any(|name| ShopDomain::parse(name).as_ref() != Ok(&self.shop)) {
            return Err(DeliveryError::OtherShop);
        }
        Ok(())
    }

    /// Fixed words and ids alone: the bodies of these topics hold names and addresses of the shop's people.
    fn signal(&self, topic: &Topic) -> Result<Signal, BadId> {
        let mut hints = Hints { shop_domains: vec![self.shop.to_string()], ..Hints::default() };
        hint(&mut hints.resources, json::text(self.body, "/admin_graphql_api_id"));
        let signed_time = time::first(self.body, &["/completed_at", "/updated_at", "/created_at"]);
        bounded(Signal {
            source: "shopify".to_owned(),
            external_id: self.external_id(topic),
            severity: topic.severity,
            kind: topic.name.to_owned(),
            title: topic.title.to_owned(),
            occurred_at: signed_time.or_else(|| time::from_text(self.triggered_at?)),
            status: SignalStatus::Open,
            hints,
        })
    }

    /// The event's id; without one, what the topic and the body's bytes come to, which a redelivery repeats.
    fn external_id(&self, topic: &Topic) -> String {
        let plain = |id: &&str| id.len() <= 128 && id.bytes().all(|b| b.is_ascii_graphic());
        match self.event_id.filter(plain) {
            Some(id) => id.to_owned(),
            None => {
                let object = json::first_text(self.body, &["/admin_graphql_api_id"]).map(str::to_owned);
                let object = object.or_else(|| json::id(self.body, "/id")).unwrap_or_default();
                let content = self.body.to_string();
                let sum = digest("shopify-event", &[self.shop.as_str().as_bytes(), content.as_bytes()]);
                let sum: String = hex::encode(sum).chars().take(16).collect();
                format!("{}:{object}:{sum}", topic.name)
            }
        }
    }
}
