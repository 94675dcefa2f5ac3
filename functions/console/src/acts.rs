//! What people decide about an incident: approve, hold, release, cancel. Always with a name, and a reason where it
//! stops something.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use tocsin_audit::{Action, Actor, Leaf};
use tocsin_domain::chunk::{ChunkState, Entry};
use tocsin_domain::id::{IncidentId, TenantId};
use tocsin_domain::incident::{Halt, Incident, Stage};
use tocsin_domain::plan::{Approval, approvers, facts_digest};
use tocsin_domain::tenant::{Role, Tenant};
use tocsin_ports::TenantScope;
use tocsin_ports::store::plans::{self, StoredPlan, WaveRef};
use tocsin_ports::store::{chunks, incidents};

use crate::access::with_role;
use crate::routes::Act;
use crate::{ConsolePorts, No, law};

/// It stands in a leaf, and a tile holds many leaves.
const LONGEST_REASON: usize = 1000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ApproveBody {
    hash: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReasonBody {
    reason: String,
}

/// Adds an approval of exactly the bytes behind `hash`, once counsel has confirmed every rule that is not verified. The last
/// one needed opens the gates.
pub async fn approve(
    ports: &impl ConsolePorts,
    principal: &str,
    tenant: TenantId,
    id: IncidentId,
    body: &[u8],
    now: Timestamp,
) -> Result<Value, No> {
    let (scope, settings) = with_role(ports, principal, tenant, Role::Approver).await?;
    let ApproveBody { hash } =
        serde_json::from_slice(body).map_err(|_| No::Bad("send {\"hash\": \"...\"}".to_owned()))?;
    let was = incidents::get(ports, &scope, id).await?;
    let stored = plan_in_force(ports, &scope, &was.incident).await?;
    if stored.hash != hash {
        return Err(No::Conflict(
            "the plan has another hash: show the incident, read its plan, approve that".to_owned(),
        ));
    }
    let approver = settings.standing_of(principal).ok_or(No::Forbidden)?;
    if approvers(&stored.approvals, &hash).contains(approver) {
        return Ok(state_of(&was.incident, &stored, &settings));
    }
    if stored.head.facts != facts_digest(&was.incident, &settings) {
        return Err(No::Conflict(
            "the facts or the settings changed after this plan was made, and approvals of it have expired: have the \
             evidence read anew (rescope), or amend"
                .to_owned(),
        ));
    }
    if was.incident.stage != Stage::AwaitingApproval || was.incident.halt == Some(Halt::Cancelled) {
        return Err(No::Conflict("the incident does not wait for an approval".to_owned()));
    }
    law::is_confirmed(ports, &scope, &stored.head).await?;
    let given = given(&stored, &settings).len() + 1;
    let opens = given >= settings.approvals_needed as usize;
    let mut incident = was.incident.clone();
    incident.ask_counsel(0);
    if opens {
        incident.stage = Stage::Sending;
    }
    let why = format!("{given} of {} approvals", settings.approvals_needed);
    let subject = [("plan", hash), ("version", stored.head.version.to_string())];
    let leaf =
        Leaf::new(scope.tenant(), Some(id), now, person(principal), Action::PlanApproved, why, subject);
    let approval =
        Approval { by: approver.to_owned(), at: now, hash: stored.hash.clone(), leaf: Some(leaf.id) };
    plans::approve(ports, &scope, &stored, &approval, (&was, &incident), opens, &leaf).await?;
    let stored = plan_in_force(ports, &scope, &incident).await?;
    Ok(state_of(&incident, &stored, &settings))
}

/// Holds, releases or cancels. The answer names exactly the chunks that had been handed over when the gates closed.
pub async fn halt(
    ports: &impl ConsolePorts,
    principal: &str,
    tenant: TenantId,
    id: IncidentId,
    act: Act,
    body: &[u8],
    now: Timestamp,
) -> Result<Value, No> {
    let (scope, _) = with_role(ports, principal, tenant, Role::Responder).await?;
    let reason = reason_of(body)?;
    let was = incidents::get(ports, &scope, id).await?;
    if was.incident.halt == Some(Halt::Cancelled) {
        return Err(No::Conflict("the incident is cancelled for good".to_owned()));
    }
    let (halt, action) = match act {
        Act::Hold => (Some(Halt::Held), Action::IncidentHeld),
        Act::Cancel => (Some(Halt::Cancelled), Action::IncidentCancelled),
        Act::Release => (None, Action::IncidentReleased),
        Act::Approve | Act::Rescope | Act::Amend | Act::State => return Err(No::NotFound),
    };
    if was.incident.halt == halt {
        let handed_over = handed_over(ports, &scope, id).await?;
        return Ok(json!({ "halt": halt, "handed_over": handed_over }));
    }
    let mut incident = was.incident.clone();
    incident.halt = halt;
    let subject = [("at", now.to_string())];
    let leaf = Leaf::new(scope.tenant(), Some(id), now, person(principal), action, reason, subject);
    plans::set_halt(ports, &scope, (&was, &incident), &leaf).await?;
    if let (None, Some(plan)) = (halt, &incident.plan) {
        plans::begin_again(ports, &scope, id, plan.version).await?;
    }
    Ok(json!({ "halt": incident.halt, "handed_over": handed_over(ports, &scope, id).await? }))
}

/// The reason that a body gives.
pub fn reason_of(body: &[u8]) -> Result<String, No> {
    let ReasonBody { reason: given } =
        serde_json::from_slice(body).map_err(|_| No::Bad("send {\"reason\": \"...\"}".to_owned()))?;
    reason(given)
}

/// A reason that can stand in a leaf.
pub fn reason(given: String) -> Result<String, No> {
    if given.trim().is_empty() {
        return Err(No::Bad("a reason is needed".to_owned()));
    }
    if given.len() > LONGEST_REASON {
        return Err(No::Bad(format!(
            "a reason has at most {LONGEST_REASON} bytes; keep the rest in your own files"
        )));
    }
    Ok(given)
}

/// Under whichever version of the plan. Read after the gates closed: nothing is claimed any more, so the list is exact.
pub async fn handed_over(
    ports: &impl ConsolePorts,
    scope: &TenantScope,
    incident: IncidentId,
) -> Result<Vec<String>, No> {
    let mut handed_over = Vec::new();
    for version in plans::approved_versions(ports, scope, incident).await? {
        handed_over.extend(handed_over_under(ports, scope, incident, version).await?);
    }
    Ok(handed_over)
}

async fn handed_over_under(
    ports: &impl ConsolePorts,
    scope: &TenantScope,
    incident: IncidentId,
    version: u32,
) -> Result<Vec<String>, No> {
    let mut handed_over = Vec::new();
    let head = plans::get(ports, scope, incident, version).await?.head;
    for wave in plans::waves(ports, scope, &head).await? {
        let at = WaveRef { incident, plan: version, wave: wave.number };
        for chunk in chunks::of_wave(ports, scope, at, &wave).await? {
            match chunk.state {
                // Of a chunk that was refused in part, the other part went.
                // Of a chunk that is accepted everything may have been withheld.
                ChunkState::Planned | ChunkState::Due | ChunkState::Refused | ChunkState::Accepted => {
                    if chunk.entries.iter().any(was_handed_over) {
                        handed_over.push(chunk.at.to_string());
                    }
                }
                ChunkState::HandingOver | ChunkState::Undecided => handed_over.push(chunk.at.to_string()),
            }
        }
    }
    Ok(handed_over)
}

/// What a person found out is no proof.
fn was_handed_over(entry: &Entry) -> bool {
    entry.may_have_been_sent() || *entry == Entry::FoundUnsent
}

async fn plan_in_force(
    ports: &impl ConsolePorts,
    scope: &TenantScope,
    incident: &Incident,
) -> Result<StoredPlan, No> {
    let Some(plan) = &incident.plan else {
        return Err(No::Conflict("the incident has no plan yet".to_owned()));
    };
    Ok(plans::get(ports, scope, incident.id, plan.version).await?)
}

fn state_of(incident: &Incident, stored: &StoredPlan, settings: &Tenant) -> Value {
    let (given, needed) = (given(stored, settings), settings.approvals_needed);
    json!({ "stage": incident.stage, "approved_by": given, "approvals_needed": needed })
}

/// Who has approved the plan. Whoever is no approver any more has taken their word with them.
fn given<'a>(stored: &'a StoredPlan, settings: &Tenant) -> BTreeSet<&'a str> {
    let mut given = approvers(&stored.approvals, &stored.hash);
    given.retain(|by| settings.has(by, Role::Approver));
    given
}

pub fn person(principal: &str) -> Actor {
    Actor::Person(principal.to_owned())
}
