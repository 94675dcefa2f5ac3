//! `inbox`: the notices of whoever is logged in to a shop, for the shop's own pages. And what the links of text messages
//! open ([`details`]).
//!
//! | request | answer |
//! |---|---|
//! | `GET /inbox/T/shopify` by the app's proxy, `GET /inbox/T/magento` by a customer section | `{"notices": [...]}` |
//! | `POST .../read` `{"reference"}` | a receipt: they have seen it |
//!
//! - Walls: the customer is the one whom the shop signed for; a signature for another shop proves nothing. Somebody who is
//!   not logged in, is unknown, or has no notice gets the same answer.
//! - Idempotency: a notice that was read is not recorded again.
//! - Errors: 401 where nothing is proven, 404 for a reference that is not among the customer's own, 503 by a table or
//!   secret that did not answer: the page shows nothing then, and asks again when it is opened again.

pub mod details;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use tocsin_domain::id::{PersonId, TenantId};
use tocsin_domain::outcome::{Halt, Parked};
use tocsin_domain::person::by_customer_id;
use tocsin_domain::receipt::{Fact, Receipt, Report};
use tocsin_domain::tenant::Tenant;
use tocsin_ports::store::people::{self, InboxNotice};
use tocsin_ports::store::{receipts, tenants};
use tocsin_ports::{
    Entropy, Proof, ReadHome, ReadPeople, ReadSecrets, TenantScope, WriteHome, WritePeople, secrets,
};
use tocsin_sources::storefront::{self, Visit};
use tocsin_sources::webhook::{Headers, HmacKey, Tolerance};
use tocsin_stage::http::{Request, Response};

pub trait InboxPorts: ReadHome + WriteHome + ReadPeople + WritePeople + ReadSecrets + Entropy {}

impl<T: ReadHome + WriteHome + ReadPeople + WritePeople + ReadSecrets + Entropy> InboxPorts for T {}

pub async fn step(ports: &impl InboxPorts, request: Request, now: Timestamp) -> Response {
    match answer(ports, &request, now).await {
        Ok(response) => response,
        Err(Halt::Again(_)) => Response::error(503, "again", "try again later"),
        Err(Halt::Park(why)) => Response::error(500, why.reason(), "internal error"),
    }
}

async fn answer(ports: &impl InboxPorts, request: &Request, now: Timestamp) -> Result<Response, Halt> {
    if let Some(ask) = details::route(request) {
        return details::answer(ports, ask, request, now).await;
    }
    let Some((tenant, platform, ask)) = route(request) else {
        return Ok(Response::error(404, "no-such-path", "not found"));
    };
    // Until the signature is proven the tenant is a claim: nothing but its secret is read.
    let scope = TenantScope::proven(tenant, Proof::Signature);
    let Some(visit) = visit(ports, &scope, platform, request, now).await? else {
        return Ok(Response::error(401, "not-authentic", "the signature cannot be verified"));
    };
    let tenant = tenants::get(ports, &scope).await?;
    if !is_own(&tenant, &visit.site) {
        return Ok(Response::error(401, "another-tenant", "the signature cannot be verified"));
    }
    let notices = notices(ports, &scope, &tenant, &visit).await?;
    match ask {
        Ask::Show => Ok(shown(&notices)),
        Ask::Read => read(ports, &scope, &notices, &request.body, now).await,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Platform {
    Shopify,
    Magento,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ask {
    Show,
    Read,
}

fn route(request: &Request) -> Option<(TenantId, Platform, Ask)> {
    let parts: Vec<&str> = request.path.trim_matches('/').split('/').collect();
    let (tenant, platform, ask) = match (request.method.as_str(), parts.as_slice()) {
        ("GET", ["inbox", tenant, platform]) => (tenant, platform, Ask::Show),
        ("POST", ["inbox", tenant, platform, "read"]) => (tenant, platform, Ask::Read),
        (_, _) => return None,
    };
    let platform = match *platform {
        "shopify" => Platform::Shopify,
        "magento" => Platform::Magento,
        _ => return None,
    };
    Some((tenant.parse().ok()?, platform, ask))
}

/// Who visits, where the shop's signature proves it. Without a secret of the tenant's nothing can be proven.
async fn visit(
    ports: &impl ReadSecrets,
    claimed: &TenantScope,
    platform: Platform,
    request: &Request,
    now: Timestamp,
) -> Result<Option<Visit>, Halt> {
    let name = match platform {
        Platform::Shopify => "inbox-shopify",
        Platform::Magento => "inbox-magento",
    };
    let Some(secret) = ports.secret(claimed, name).await? else {
        return Ok(None);
    };
    let unusable = |_| {
        let detail = format!("the secret {name} is not {{\"keys\": [...]}} with usable keys");
        Halt::from(Parked::Settings { detail })
    };
    let visit = match platform {
        Platform::Shopify => {
            let keys = HmacKey::list(secret.expose(), HmacKey::from_text).map_err(unusable)?;
            storefront::shopify(&request.query, &keys, Tolerance::USUAL, now)
        }
        Platform::Magento => {
            let keys = HmacKey::list(secret.expose(), HmacKey::from_standard).map_err(unusable)?;
            let headers: Headers =
                request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            storefront::magento(&headers, &keys, Tolerance::USUAL, now)
        }
    };
    Ok(visit.ok())
}

/// An app's secret may be that of several shops: the shop itself has to be the tenant's.
fn is_own(tenant: &Tenant, site: &str) -> bool {
    tenant.controller.website == site || tenant.routes.shop_domains.iter().any(|shop| shop == site)
}

/// Oldest first.
async fn notices(
    ports: &impl InboxPorts,
    scope: &TenantScope,
    tenant: &Tenant,
    visit: &Visit,
) -> Result<Vec<InboxNotice>, Halt> {
    let Some(customer) = customer(ports, scope, visit).await? else {
        return Ok(Vec::new());
    };
    let mut notices = Vec::new();
    // Where a person lives is known to whoever has found them; a shop has not.
    for region in tenant.residency.all() {
        notices.extend(people::inbox(ports, scope, region, customer).await?);
    }
    notices.sort_by(|a, b| (a.date, &a.reference).cmp(&(b.date, &b.reference)));
    Ok(notices)
}

async fn customer(
    ports: &impl ReadSecrets,
    scope: &TenantScope,
    visit: &Visit,
) -> Result<Option<PersonId>, Halt> {
    let Some(id) = &visit.customer else {
        return Ok(None);
    };
    let key = secrets::identity_key(ports, scope).await?;
    Ok(by_customer_id(&key, id.expose()))
}

fn shown(notices: &[InboxNotice]) -> Response {
    let notices: Vec<_> = notices
        .iter()
        .map(|notice| {
            let InboxNotice { at: _, reference, date, title, text } = notice;
            json!({ "reference": reference, "date": date, "title": title, "text": text })
        })
        .collect();
    Response::new(200, "shown", json!({ "notices": notices }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadBody {
    reference: String,
}

/// Records that the customer has one of their notices on the screen.
async fn read(
    ports: &impl InboxPorts,
    scope: &TenantScope,
    notices: &[InboxNotice],
    body: &[u8],
    now: Timestamp,
) -> Result<Response, Halt> {
    let Ok(ReadBody { reference }) = serde_json::from_slice(body) else {
        return Ok(Response::error(400, "bad-request", "send {\"reference\": \"...\"}"));
    };
    // A later notice of the same duty bears the same reference, and stands on the same page.
    let read: Vec<&InboxNotice> = notices.iter().filter(|notice| notice.reference == reference).collect();
    if read.is_empty() {
        return Ok(Response::error(404, "no-such-notice", "not found"));
    }
    for notice in read {
        let is_it = |known: &Receipt| known.index == notice.at.index && known.fact == Fact::Seen;
        let known = receipts::of_chunk(ports, scope, &notice.at.chunk).await?;
        if !known.iter().any(is_it) {
            let provider_id = "inbox".to_owned();
            let report =
                Report { provider_id, fact: Fact::Seen, at: now, detail: "read in the shop".to_owned() };
            receipts::append(ports, &[(scope.clone(), notice.at.receipt(report))]).await?;
        }
    }
    Ok(Response::new(200, "read", json!({ "read": true })))
}
