//! `intake-siem`: a SIEM's message becomes a signal of each tenant that it touches.
//!
//! - Idempotency: a signal's id comes from the finding's own id; a redelivered or updated finding is the same signal.
//! - Retried: a table, vault or queue that did not answer.
//! - Parked: a body in no known format, a finding that touches no known tenant.
//! - Acknowledged: when the signal stands in the store and `triage` was told, or when a leaf says why it was ignored.

use jiff::Timestamp;
use tocsin_audit::{Action, Actor, Leaf};
use tocsin_domain::id::{TenantId, digest};
use tocsin_domain::outcome::{Halt, Outcome, Parked, Progress, settle};
use tocsin_domain::signal::Signal;
use tocsin_domain::tenant::{Routes, routes_of};
use tocsin_domain::wire::Message;
use tocsin_ports::store::signals::Arrival;
use tocsin_ports::store::{directory, leaves, signals, tenants};
use tocsin_ports::{Enqueue, Proof, ReadHome, TenantScope, WriteHome, WriteVault};
use tocsin_sources::signal::{Parsed, parse};

const FUNCTION: &str = "intake-siem";

pub async fn step(
    ports: &(impl ReadHome + WriteHome + WriteVault + Enqueue),
    message: Message<'_>,
    now: Timestamp,
) -> Outcome {
    settle(take_in(ports, message, now).await)
}

async fn take_in(
    ports: &(impl ReadHome + WriteHome + WriteVault + Enqueue),
    message: Message<'_>,
    now: Timestamp,
) -> Progress {
    match parse(message.body.as_bytes()) {
        Parsed::Rejected { reason } => Err(Parked::Unreadable { detail: reason.to_string() }.into()),
        Parsed::Ignored { reason } => {
            let scope = TenantScope::proven(TenantId::installation(), Proof::OwnQueue);
            let subject = [("body", hex::encode(digest("body", &[message.body.as_bytes()])))];
            let leaf = Leaf::new(
                scope.tenant(),
                None,
                now,
                actor(),
                Action::SignalIgnored,
                reason.to_string(),
                subject,
            );
            leaves::record(ports, &scope, &leaf).await?;
            Ok(Outcome::Done)
        }
        Parsed::Signals { signals, rejected } => {
            // Every finding of the body has its turn; what could not be taken in parks the body at the end.
            let mut trouble =
                rejected.first().map(|reason| Parked::Unreadable { detail: reason.to_string() });
            let alone = signals.len() == 1;
            for signal in &signals {
                match for_each_tenant(ports, signal, alone, message, now).await {
                    Ok(()) => {}
                    Err(Halt::Park(why)) => trouble = Some(why),
                    Err(again) => return Err(again),
                }
            }
            trouble.map_or(Ok(Outcome::Done), |why| Err(why.into()))
        }
    }
}

/// A finding that touches two tenants is a signal of each; one of no known tenant is for a person, never a guess.
async fn for_each_tenant(
    ports: &(impl ReadHome + WriteHome + WriteVault + Enqueue),
    signal: &Signal,
    alone: bool,
    message: Message<'_>,
    now: Timestamp,
) -> Result<(), Halt> {
    let scopes = tenants_of(ports, signal).await?;
    if scopes.is_empty() {
        // The finding's own id may hold a name or an address: its hash finds it in the parked body's signals.
        let id = hex::encode(digest("finding", &[signal.external_id.as_bytes()]));
        let detail =
            format!("a finding of {} whose id has the hash {}", signal.source, id.get(..16).unwrap_or(&id));
        return Err(Parked::UnknownTenant { detail }.into());
    }
    // A body with findings of several merchants is nobody's own: each gets its finding, and the original stays with
    // the installation.
    let own = TenantScope::proven(TenantId::installation(), Proof::OwnQueue);
    let shared = (!alone || scopes.len() > 1).then_some(&own);
    for scope in &scopes {
        keep(ports, scope, shared.unwrap_or(scope), signal, message, now).await?;
    }
    Ok(())
}

/// The narrowest kind of route that leads anywhere decides: a bucket of one merchant outweighs an account of many.
async fn tenants_of(ports: &impl ReadHome, signal: &Signal) -> Result<Vec<TenantScope>, Halt> {
    let mut found: Vec<TenantScope> = Vec::new();
    let mut found_by = "";
    for (kind, value) in routes_of(&signal.hints) {
        if !found.is_empty() && kind != found_by {
            break;
        }
        if let Some(scope) = directory::tenant_of_route(ports, kind, value).await? {
            found_by = kind;
            if !found.contains(&scope) {
                found.push(scope);
            }
        }
    }
    Ok(found)
}

async fn keep(
    ports: &(impl ReadHome + WriteHome + WriteVault + Enqueue),
    scope: &TenantScope,
    keeper: &TenantScope,
    signal: &Signal,
    message: Message<'_>,
    now: Timestamp,
) -> Result<(), Halt> {
    let tenant = tenants::get(ports, scope).await?;
    let arrival = Arrival {
        signal: &own_part(signal, &tenant.routes),
        body: message.body.as_bytes(),
        keeper,
        // We know from the instant at which it reached our queue, however late a function takes it up.
        received_at: message.sent_at,
        by: FUNCTION,
        way: "from the SIEM queue",
    };
    signals::take_in(ports, scope, arrival, now).await
}

/// What of the finding is this tenant's: another's buckets and shops are not its business.
fn own_part(signal: &Signal, routes: &Routes) -> Signal {
    let mut own = signal.clone();
    own.hints.buckets.retain(|bucket| routes.buckets.contains(bucket));
    own.hints.shop_domains.retain(|shop| routes.shop_domains.contains(shop));
    let named_here =
        |resource: &String| own.hints.buckets.iter().any(|bucket| resource.contains(bucket.as_str()));
    own.hints.resources =
        signal.hints.resources.iter().filter(|resource| named_here(resource)).cloned().collect();
    own
}

fn actor() -> Actor {
    Actor::Function(FUNCTION.to_owned())
}
