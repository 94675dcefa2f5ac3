//! The messages to the next function of the pipeline, one function each. Sent twice they do no harm: what is done is
//! found done.

use jiff::SignedDuration;
use serde::Serialize;
use tocsin_domain::canary::CanaryId;
use tocsin_domain::chunk::ChunkRef;
use tocsin_domain::id::SignalId;
use tocsin_domain::incident::Incident;
use tocsin_domain::outcome::{Halt, Parked};
use tocsin_domain::wire::{CanaryJob, PlanJob, ScopeJob, SendJob, SignalJob, Version};

use crate::ports::{Enqueue, Outgoing, Queue};
use crate::scope::TenantScope;

/// Tells `triage` that a signal stands in the store.
pub async fn triage(ports: &impl Enqueue, scope: &TenantScope, signal: SignalId) -> Result<(), Halt> {
    enqueue(ports, &Queue::Signals, &[SignalJob { v: Version, tenant: scope.tenant().clone(), signal }]).await
}

/// Asks `scope` to cut the manifests of an incident.
pub async fn cut(ports: &impl Enqueue, scope: &TenantScope, incident: &Incident) -> Result<(), Halt> {
    enqueue(ports, &Queue::Scope, &[scope_job(scope, incident, None)]).await
}

/// Asks `scope` to read these slices of an incident, each by a message of its own.
pub async fn read_slices(
    ports: &impl Enqueue,
    scope: &TenantScope,
    incident: &Incident,
    slices: impl Iterator<Item = u32>,
) -> Result<(), Halt> {
    let jobs: Vec<ScopeJob> = slices.map(|slice| scope_job(scope, incident, Some(slice))).collect();
    enqueue(ports, &Queue::Scope, &jobs).await
}

/// Asks for the plan of an incident whose roster is read.
pub async fn plan(ports: &impl Enqueue, scope: &TenantScope, incident: &Incident) -> Result<(), Halt> {
    let job = PlanJob {
        v: Version,
        tenant: scope.tenant().clone(),
        incident: incident.id,
        scope: incident.scope_version,
    };
    enqueue(ports, &Queue::Plan, &[job]).await
}

/// Hands chunks to the senders of a region, each after its time.
pub async fn send(
    ports: &impl Enqueue,
    scope: &TenantScope,
    region: &str,
    chunks: &[(ChunkRef, SignedDuration)],
) -> Result<(), Halt> {
    let jobs = chunks.iter().map(|(chunk, after)| {
        let job = SendJob { v: Version, tenant: scope.tenant().clone(), chunk: *chunk };
        Ok(Outgoing { body: body(&job)?, after: *after })
    });
    put(ports, &Queue::Notices(region.to_owned()), jobs.collect::<Result<_, Halt>>()?).await
}

/// Hands a canary to the senders of its region.
pub async fn canary(ports: &impl Enqueue, canary: &CanaryId) -> Result<(), Halt> {
    let queue = Queue::Notices(canary.region.clone());
    enqueue(ports, &queue, &[CanaryJob { v: Version, canary: canary.clone() }]).await
}

fn scope_job(scope: &TenantScope, incident: &Incident, slice: Option<u32>) -> ScopeJob {
    ScopeJob {
        v: Version,
        tenant: scope.tenant().clone(),
        incident: incident.id,
        scope: incident.scope_version,
        slice,
    }
}

async fn enqueue(ports: &impl Enqueue, queue: &Queue, jobs: &[impl Serialize]) -> Result<(), Halt> {
    let messages = jobs.iter().map(|job| Ok(Outgoing::at_once(body(job)?))).collect::<Result<_, Halt>>()?;
    put(ports, queue, messages).await
}

async fn put(ports: &impl Enqueue, queue: &Queue, messages: Vec<Outgoing>) -> Result<(), Halt> {
    if messages.is_empty() {
        return Ok(());
    }
    Ok(ports.enqueue(queue, messages).await?)
}

fn body(job: &impl Serialize) -> Result<String, Halt> {
    Ok(serde_json::to_string(job).map_err(|error| Parked::Defect { place: error.to_string() })?)
}
