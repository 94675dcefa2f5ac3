//! `intake-webhook`: a webhook, verified over its raw bytes, becomes a signal.
//!
//! - Idempotency: a signal's id comes from the event's own id, so that a vendor's retry is the same signal.
//! - Retried: by the vendor, on 5xx: a table, vault or queue that did not answer.
//! - Parked: a request whose signature is good and whose body cannot be used; a privacy request, which is a
//!   person's task in this version. It is answered when it is parked.
//! - Answered: 202 when the signal stands in the store and `triage` was told; 401 without a trace but a metric
//!   when the signature is bad or the tenant unknown.

mod secrets;

use jiff::Timestamp;
use serde_json::json;
use tocsin_domain::id::TenantId;
use tocsin_domain::outcome::{Halt, Parked};
use tocsin_domain::signal::Signal;
use tocsin_ports::store::signals::Arrival;
use tocsin_ports::store::{signals, tenants};
use tocsin_ports::{Enqueue, Parking, Proof, ReadHome, ReadSecrets, TenantScope, WriteHome, WriteVault};
use tocsin_sources::webhook::{self, Headers, Received};
use tocsin_stage::http::{Request, Response};
use tocsin_stage::park::{Parcel, park};

use crate::secrets::{Source, of_tenant};

const FUNCTION: &str = "intake-webhook";

/// API Gateway takes 10 MB; no vendor's event of ours is near this.
const LARGEST_BODY: usize = 1024 * 1024;

pub trait IntakePorts: ReadHome + WriteHome + WriteVault + ReadSecrets + Enqueue + Parking {}

impl<T: ReadHome + WriteHome + WriteVault + ReadSecrets + Enqueue + Parking> IntakePorts for T {}

pub async fn step(ports: &impl IntakePorts, request: Request, now: Timestamp) -> Response {
    match take_in(ports, &request, now).await {
        Ok(response) => response,
        Err(Halt::Again(_)) => Response::error(503, "again", "try again later"),
        Err(Halt::Park(why)) => Response::error(500, why.reason(), "internal error"),
    }
}

async fn take_in(ports: &impl IntakePorts, request: &Request, now: Timestamp) -> Result<Response, Halt> {
    if request.body.len() > LARGEST_BODY {
        return Ok(Response::error(413, "too-large", "the body is too large"));
    }
    let Some((tenant, source)) = addressee(&request.path) else {
        return Ok(Response::error(404, "no-such-path", "not found"));
    };
    // Until the signature is proven the tenant is a claim: nothing but its secret is read, nothing written.
    let claimed = TenantScope::proven(tenant, Proof::Signature);
    let Some(secrets) = of_tenant(ports, &claimed, source).await? else {
        return Ok(Response::error(401, "unknown-tenant", "the signature cannot be verified"));
    };
    let headers: Headers =
        request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let incoming = webhook::Request { method: &request.method, headers: &headers, body: &request.body };
    let answer = webhook::receive(incoming, &secrets, now);
    match (answer.authentic, answer.status) {
        (false, status) => Ok(Response::error(status, "not-authentic", "the signature cannot be verified")),
        (true, 202) => keep_all(ports, &claimed, request, answer.received, now).await,
        (true, status) => {
            let why = Parked::Unreadable { detail: answer.reason.clone() };
            park_it(ports, &claimed, request, &why, now).await?;
            Ok(Response::error(status, "malformed", &answer.reason))
        }
    }
}

async fn keep_all(
    ports: &impl IntakePorts,
    scope: &TenantScope,
    request: &Request,
    received: Vec<Received>,
    now: Timestamp,
) -> Result<Response, Halt> {
    for one in received {
        match one {
            Received::Signal(signal) => {
                if !is_own(ports, scope, &signal).await? {
                    // The signature is this tenant's: somebody shares a secret, or the settings lack a shop.
                    let detail =
                        "a signed webhook of a shop that is not among the tenant's routes".to_owned();
                    park_it(ports, scope, request, &Parked::Settings { detail }, now).await?;
                    return Ok(Response::error(401, "another-tenant", "the signature cannot be verified"));
                }
                let arrival = Arrival {
                    signal: &signal,
                    body: &request.body,
                    keeper: scope,
                    received_at: now,
                    by: FUNCTION,
                    way: "a verified webhook",
                };
                signals::take_in(ports, scope, arrival, now).await?;
            }
            Received::Compliance(_) => {
                let detail = "a privacy request: export or erase by hand, and record it".to_owned();
                park_it(ports, scope, request, &Parked::Settings { detail }, now).await?;
            }
            Received::Ordinary { topic: _ } => {}
        }
    }
    Ok(Response::new(202, "accepted", json!({ "accepted": true })))
}

/// The shop that the body names has to be the tenant's own.
async fn is_own(ports: &impl ReadHome, scope: &TenantScope, signal: &Signal) -> Result<bool, Halt> {
    let tenant = tenants::get(ports, scope).await?;
    Ok(signal.hints.shop_domains.iter().all(|shop| tenant.routes.shop_domains.contains(shop)))
}

async fn park_it(
    ports: &impl IntakePorts,
    scope: &TenantScope,
    request: &Request,
    why: &Parked,
    now: Timestamp,
) -> Result<(), Halt> {
    let parcel = Parcel { function: FUNCTION, message: &request.id, body: &request.body, scope: Some(scope) };
    park(ports, parcel, why, now).await
}

/// `/webhooks/{tenant}/{source}`.
fn addressee(path: &str) -> Option<(TenantId, Source)> {
    let mut parts = path.trim_matches('/').split('/');
    let (webhooks, tenant, source) = (parts.next()?, parts.next()?, parts.next()?);
    if webhooks != "webhooks" || parts.next().is_some() {
        return None;
    }
    Some((tenant.parse().ok()?, source.parse().ok()?))
}
