//! `watch`: every minute, what nobody else looks at: doubts are settled, whoever was not reached is tried by the next
//! channel, deadlines escalated, operators told of what waits for them, canaries sent and judged, the audit log sealed.
//!
//! - Idempotency: each settlement is a conditional write from the state that was looked at; an escalation is made
//!   once, because it stands on the incident; an alert may come twice, and its id says that it is the same; of a canary
//!   that is put on its queue twice one is sent; sealing is guarded by the log's head.
//! - Retried: at the next tick, whatever a tick did not get to. One tenant's failure does not stop the others, and what is
//!   slow has a share of the tick's time and not more (`share`).
//! - Parked, acknowledged: nothing; a tick is no message.

mod alerts;
mod canaries;
mod deadlines;
mod endings;
mod fallback;
mod outlook;
mod pauses;
mod settlement;
mod share;
mod supplements;

use jiff::Timestamp;
use tocsin_domain::id::TenantId;
use tocsin_domain::outcome::{Halt, Outcome};
use tocsin_ports::store::{directory, leaves, tenants};
use tocsin_ports::{
    Alerter, Configured, Elapsed, Enqueue, Proof, ReadHome, ReadQuota, ReadSecrets, TenantScope, WriteHome,
};

use crate::share::{Share, Shares, in_turn};

/// What shares a tenant's part of a tick: pauses, doubts, other channels, deadlines, outlooks, endings, alerts, the log.
const PARTS: usize = 8;

pub trait WatchPorts:
    ReadHome + WriteHome + Enqueue + ReadQuota + ReadSecrets + Alerter + Elapsed + Configured
{
}

impl<T: ReadHome + WriteHome + Enqueue + ReadQuota + ReadSecrets + Alerter + Elapsed + Configured> WatchPorts
    for T
{
}

pub async fn step(ports: &impl WatchPorts, now: Timestamp) -> Outcome {
    let mut scopes = match directory::every_tenant(ports).await {
        Ok(scopes) => scopes,
        Err(halt) => return halt.into(),
    };
    scopes.push(TenantScope::proven(TenantId::installation(), Proof::Sweep));
    let tick = Share::of_tick(now);
    let mut shares = Shares::of(tick, scopes.len());
    let look = async |scope: TenantScope| look_after(ports, &scope, shares.next(ports), now).await;
    share::each(ports, tick, "tenants", in_turn(scopes, now), look)
        .await
        .map_or_else(Outcome::from, |()| Outcome::Done)
}

async fn look_after(
    ports: &impl WatchPorts,
    scope: &TenantScope,
    share: Share,
    now: Timestamp,
) -> Result<(), Halt> {
    // What endangers the account comes first. A doubt that cannot be settled stops neither an escalation nor the sealing
    // of the log.
    let mut shares = Shares::of(share, PARTS);
    let paused = pauses::pause(ports, scope, shares.next(ports), now).await;
    let settled = settlement::settle_doubts(ports, scope, shares.next(ports), now).await;
    let moved = fallback::move_on(ports, scope, shares.next(ports), now).await;
    let looked = if *scope.tenant() == TenantId::installation() {
        canaries::look_after(ports, scope, now).await
    } else {
        escalate_and_tell(ports, scope, &mut shares, now).await
    };
    let share = shares.next(ports);
    leaves::seal_waiting(ports, scope, || !share.is_over(ports)).await?;
    paused.and(settled).and(moved).and(looked)
}

/// What cannot be escalated stops nobody from being told of what is.
async fn escalate_and_tell(
    ports: &impl WatchPorts,
    scope: &TenantScope,
    shares: &mut Shares,
    now: Timestamp,
) -> Result<(), Halt> {
    let tenant = tenants::get(ports, scope).await?;
    let escalated = deadlines::escalate(ports, scope, &tenant.escalation, shares.next(ports), now).await;
    let reckoned = outlook::reckon(ports, scope, shares.next(ports), now).await;
    let ended = endings::end(ports, scope, shares.next(ports), now).await;
    alerts::tell(ports, scope, &tenant, shares.next(ports), now).await?;
    escalated.and(reckoned).and(ended)
}
