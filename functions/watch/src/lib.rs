//! `watch`: every minute, what nobody else looks at: doubts are settled, whoever was not reached is tried by the next
//! channel, deadlines escalated, operators told of what waits for them, canaries sent and judged, the audit log sealed.
//!
//! - Idempotency: each settlement is a conditional write from the state that was looked at; an escalation is made
//!   once, because it stands on the incident; an alert may come twice, and its id says that it is the same; of a canary
//!   that is put on its queue twice one is sent; sealing is guarded by the log's head.
//! - Retried: at the next tick, whatever a tick did not get to. One tenant's failure does not stop the others.
//! - Parked, acknowledged: nothing; a tick is no message.

mod alerts;
mod canaries;
mod deadlines;
mod fallback;
mod outlook;
mod pauses;
mod settlement;

use jiff::Timestamp;
use tocsin_domain::id::TenantId;
use tocsin_domain::outcome::{Halt, Outcome};
use tocsin_ports::store::{directory, leaves, tenants};
use tocsin_ports::{
    Alerter, Configured, Enqueue, Proof, ReadHome, ReadQuota, ReadSecrets, TenantScope, WriteHome,
};

pub trait WatchPorts:
    ReadHome + WriteHome + Enqueue + ReadQuota + ReadSecrets + Alerter + Configured
{
}

impl<T: ReadHome + WriteHome + Enqueue + ReadQuota + ReadSecrets + Alerter + Configured> WatchPorts for T {}

pub async fn step(ports: &impl WatchPorts, now: Timestamp) -> Outcome {
    let mut scopes = match directory::every_tenant(ports).await {
        Ok(scopes) => scopes,
        Err(halt) => return halt.into(),
    };
    scopes.push(TenantScope::proven(TenantId::installation(), Proof::Sweep));
    let mut failed = None;
    for scope in &scopes {
        if let Err(halt) = look_after(ports, scope, now).await {
            failed = Some(halt);
        }
    }
    failed.map_or(Outcome::Done, Outcome::from)
}

async fn look_after(ports: &impl WatchPorts, scope: &TenantScope, now: Timestamp) -> Result<(), Halt> {
    // What endangers the account comes first. A doubt that cannot be settled stops neither an escalation nor the sealing
    // of the log.
    let paused = pauses::pause(ports, scope, now).await;
    let settled = settlement::settle_doubts(ports, scope, now).await;
    let moved = fallback::move_on(ports, scope, now).await;
    let looked = if *scope.tenant() == TenantId::installation() {
        canaries::look_after(ports, scope, now).await
    } else {
        escalate_and_tell(ports, scope, now).await
    };
    leaves::seal_waiting(ports, scope).await?;
    paused.and(settled).and(moved).and(looked)
}

/// What cannot be escalated stops nobody from being told of what is.
async fn escalate_and_tell(ports: &impl WatchPorts, scope: &TenantScope, now: Timestamp) -> Result<(), Halt> {
    let tenant = tenants::get(ports, scope).await?;
    let escalated = deadlines::escalate(ports, scope, &tenant.escalation, now).await;
    let reckoned = outlook::reckon(ports, scope, now).await;
    alerts::tell(ports, scope, &tenant, now).await?;
    escalated.and(reckoned)
}
