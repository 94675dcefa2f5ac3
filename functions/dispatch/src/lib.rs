//! `dispatch`: every minute, what is due goes onto the queue of its region, earliest deadline first, at most as much
//! as the region's provider takes in a minute.
//!
//! - Idempotency: putting a chunk on its queue twice is harmless; `send`'s claim decides. That is why the first
//!   hand-over leaves no mark.
//! - Retried: at the next tick, whatever a tick did not get to.
//! - Parked, acknowledged: nothing; a tick is no message.

mod budget;

use jiff::{SignedDuration, Timestamp};
use tocsin_domain::chunk::{ChunkRef, ChunkState};
use tocsin_domain::incident::Halt as Stop;
use tocsin_domain::outcome::{Halt, Outcome, Parked, Progress, settle};
use tocsin_domain::plan::{Plan, Wave};
use tocsin_domain::wire::{SendJob, Version};
use tocsin_ports::store::chunks::{self, StoredChunk};
use tocsin_ports::store::plans::{self, WaveRef, is_open};
use tocsin_ports::store::{directory, incidents};
use tocsin_ports::{Configured, Enqueue, Queue, ReadHome, TenantScope, WriteHome};

use crate::budget::Budget;

/// How long a message may take to its function before it is taken for lost.
const LOST_AFTER: SignedDuration = SignedDuration::from_mins(15);

/// A wave whose start has come, with the plan that it belongs to.
struct DueWave {
    scope: TenantScope,
    at: WaveRef,
    wave: Wave,
}

pub async fn step(ports: &(impl ReadHome + WriteHome + Enqueue + Configured), now: Timestamp) -> Outcome {
    settle(dispatch(ports, now).await)
}

/// One tenant's trouble does not stop the others: it is reported when everybody had their turn.
async fn dispatch(ports: &(impl ReadHome + WriteHome + Enqueue + Configured), now: Timestamp) -> Progress {
    let mut budget = Budget::of_a_minute(ports.settings());
    let mut waves = Vec::new();
    let mut failed = None;
    for scope in directory::every_tenant(ports).await? {
        if let Err(halt) = send_again(ports, &scope, &mut budget, now).await {
            failed = Some(halt);
        }
        match due_waves(ports, &scope, now).await {
            Ok(due) => waves.extend(due),
            Err(halt) => failed = Some(halt),
        }
    }
    // Duties without a number come last among themselves, but never wait for a later tick only because of it.
    waves.sort_by_key(|due| (due.wave.deadline.is_none(), due.wave.deadline, due.at));
    for due in &waves {
        if let Err(halt) = start(ports, due, &mut budget, now).await {
            failed = Some(halt);
        }
    }
    failed.map_or(Ok(Outcome::Done), Err)
}

/// Chunks that were refused and may go again, and those whose message seems lost.
async fn send_again(
    ports: &(impl ReadHome + WriteHome + Enqueue),
    scope: &TenantScope,
    budget: &mut Budget,
    now: Timestamp,
) -> Result<(), Halt> {
    for at in chunks::to_look_at(ports, scope, now).await? {
        let chunk = chunks::get(ports, scope, &at).await?;
        match chunk.state {
            ChunkState::Refused | ChunkState::Due => {}
            // `watch` settles these.
            ChunkState::HandingOver | ChunkState::Undecided => continue,
            ChunkState::Planned | ChunkState::Accepted => continue,
        }
        let Some(wave) =
            open_wave(ports, scope, WaveRef { incident: at.incident, plan: at.plan, wave: at.wave }).await?
        else {
            continue;
        };
        if budget.take(&wave.region, chunk.chunk.notices.len()) {
            // Marked first: a sender that is faster than the mark would find the chunk refused, and skip it.
            chunks::mark_due(ports, scope, &chunk, now + LOST_AFTER).await?;
            enqueue(ports, scope, &wave.region, &[at]).await?;
        }
    }
    Ok(())
}

async fn due_waves(
    ports: &(impl ReadHome + WriteHome),
    scope: &TenantScope,
    now: Timestamp,
) -> Result<Vec<DueWave>, Halt> {
    let mut due = Vec::new();
    for at in plans::waves_to_start(ports, scope, now).await? {
        if let Some(wave) = open_wave(ports, scope, at).await? {
            due.push(DueWave { scope: scope.clone(), at, wave });
        } else if is_over(ports, scope, at).await? {
            plans::look_at_wave(ports, scope, at, None).await?;
        }
    }
    Ok(due)
}

/// Whether nothing of the wave will ever go out: its incident is cancelled, or has a later plan.
async fn is_over(ports: &impl ReadHome, scope: &TenantScope, at: WaveRef) -> Result<bool, Halt> {
    let incident = incidents::get(ports, scope, at.incident).await?.incident;
    let superseded = incident.plan.is_some_and(|plan| plan.version > at.plan);
    Ok(incident.halt == Some(Stop::Cancelled) || superseded)
}

/// The wave, when its plan is the one in force, approved, and not halted. A look only: the claim decides.
async fn open_wave(ports: &impl ReadHome, scope: &TenantScope, at: WaveRef) -> Result<Option<Wave>, Halt> {
    let incident = incidents::get(ports, scope, at.incident).await?.incident;
    let Some(plan) = incident.plan.as_ref().filter(|plan| plan.version == at.plan) else {
        return Ok(None);
    };
    if !is_open(&incident, plan) {
        return Ok(None);
    }
    let plan: Plan = plans::get(ports, scope, at.incident, at.plan).await?.plan;
    Ok(plan.waves.into_iter().find(|wave| wave.number == at.wave))
}

/// Puts the chunks of a wave that nobody has claimed on their queue, as far as the budget goes. The wave is looked at
/// again until each of its chunks was claimed.
async fn start(
    ports: &(impl ReadHome + WriteHome + Enqueue),
    due: &DueWave,
    budget: &mut Budget,
    now: Timestamp,
) -> Result<(), Halt> {
    let planned: Vec<StoredChunk> = chunks::of_wave(ports, &due.scope, due.at)
        .await?
        .into_iter()
        .filter(|chunk| chunk.state == ChunkState::Planned)
        .collect();
    if planned.is_empty() {
        return plans::look_at_wave(ports, &due.scope, due.at, None).await;
    }
    let within: Vec<ChunkRef> = planned
        .iter()
        .take_while(|chunk| budget.take(&due.wave.region, chunk.chunk.notices.len()))
        .map(|chunk| chunk.chunk.at)
        .collect();
    enqueue(ports, &due.scope, &due.wave.region, &within).await?;
    let again = if within.len() == planned.len() { now + LOST_AFTER } else { now };
    plans::look_at_wave(ports, &due.scope, due.at, Some(again)).await
}

async fn enqueue(
    ports: &impl Enqueue,
    scope: &TenantScope,
    region: &str,
    chunks: &[ChunkRef],
) -> Result<(), Halt> {
    if chunks.is_empty() {
        return Ok(());
    }
    let bodies = chunks
        .iter()
        .map(|chunk| {
            serde_json::to_string(&SendJob { v: Version, tenant: scope.tenant().clone(), chunk: *chunk })
        })
        .collect::<Result<Vec<String>, _>>()
        .map_err(|error| Parked::Defect { place: error.to_string() })?;
    Ok(ports.enqueue(&Queue::Notices(region.to_owned()), bodies).await?)
}
