//! What people see.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Value, json};
use tocsin_domain::chunk::ChunkState;
use tocsin_domain::coverage::{Coverage, Desk, state_of};
use tocsin_domain::id::{IncidentId, ObligationId};
use tocsin_domain::obligation::{Done, Obligation, RuleVersion};
use tocsin_domain::outcome::Halt;
use tocsin_domain::plan::{PlanHead, Wave};
use tocsin_ports::store::plans::{self, WaveRef};
use tocsin_ports::store::{chunks, confirmations, coverage, done, incidents, leaves, partners, slices};
use tocsin_ports::{ReadHome, TenantScope};

use crate::No;

pub async fn list(ports: &impl ReadHome, scope: &TenantScope) -> Result<Value, No> {
    Ok(json!({ "incidents": incidents::list(ports, scope).await? }))
}

/// The incident with its slices, its plan, its approvals, the state of each chunk, and coverage and state of each
/// duty, computed now.
pub async fn incident(
    ports: &impl ReadHome,
    scope: &TenantScope,
    id: IncidentId,
    now: Timestamp,
) -> Result<Value, No> {
    let incident = incidents::get(ports, scope, id).await?.incident;
    let slices = slices::list(ports, scope, incident.roster()).await?;
    let Some(in_force) = &incident.plan else {
        return Ok(json!({ "incident": incident, "slices": slices }));
    };
    let stored = plans::get(ports, scope, id, in_force.version).await?;
    let head = &stored.head;
    let waves = plans::waves(ports, scope, head).await?;
    let covered = coverage::of_plan(ports, scope, head, &waves).await?;
    let obligations = plans::obligations(ports, scope, head).await?;
    let done = done::list(ports, scope, id).await?;
    let confirmed = confirmations::rules(ports, scope).await?;
    let shown = |duty| shown(duty, head, &covered, (&done, &confirmed), now);
    let duties: Vec<Value> = obligations.iter().map(shown).collect();
    Ok(json!({
        "incident": incident,
        "slices": slices,
        "plan": { "version": head.version, "hash": stored.hash, "made_at": head.made_at,
                  "scope": head.scope, "waves": waves, "changes": head.changes },
        "approvals": stored.approvals,
        "outlook": plans::outlook(ports, scope, id, in_force.version).await?,
        "chunks": chunk_states(ports, scope, head, &waves).await?,
        "duties": duties,
        "partners": partners::list(ports, scope).await?,
    }))
}

fn shown(
    duty: &Obligation,
    head: &PlanHead,
    covered: &BTreeMap<ObligationId, Coverage>,
    (done, confirmed): (&[Done], &BTreeSet<RuleVersion>),
    now: Timestamp,
) -> Value {
    let nothing = Coverage::default();
    let coverage = covered.get(&duty.id).unwrap_or(&nothing);
    let desk = head.desk.get(&duty.id);
    let done: Vec<&Done> = done.iter().filter(|done| done.obligation == duty.id).collect();
    let on_desk = desk.map(|_| Desk::of(done.iter().copied().filter(|done| done.is_for(duty.id))));
    let state = state_of(duty, coverage, on_desk, now);
    let waits_for_counsel = duty.asks_to_confirm().is_some_and(|rule| !confirmed.contains(&rule));
    json!({
        "duty": duty, "coverage": coverage, "state": state, "desk": desk, "done": done,
        "waits_for_counsel": waits_for_counsel,
    })
}

/// How many chunks are in which state.
async fn chunk_states(
    ports: &impl ReadHome,
    scope: &TenantScope,
    head: &PlanHead,
    waves: &[Wave],
) -> Result<BTreeMap<&'static str, u64>, Halt> {
    let mut states: BTreeMap<&'static str, u64> = BTreeMap::new();
    for wave in waves {
        let at = WaveRef { incident: head.incident, plan: head.version, wave: wave.number };
        for chunk in chunks::of_wave(ports, scope, at, wave).await? {
            let untouched = wave.stands_by && chunk.state == ChunkState::Planned;
            let state = if untouched { "standing-by" } else { chunk.state.as_str() };
            *states.entry(state).or_default() += 1;
        }
    }
    Ok(states)
}

pub async fn tile(ports: &impl ReadHome, scope: &TenantScope, number: u64) -> Result<Value, No> {
    match leaves::tile(ports, scope, number).await? {
        Some(tile) => Ok(json!({ "tile": tile })),
        None => Err(No::NotFound),
    }
}
