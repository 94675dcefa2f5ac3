//! Incidents of which nothing is left to watch: whatever happened in former years costs a tick nothing. Looked at every
//! quarter of an hour. One that changes, or of which a report says that a notice did not arrive, is watched again.

use jiff::Timestamp;
use tocsin_audit::{Action, Actor, Leaf};
use tocsin_domain::chunk::ChunkState;
use tocsin_domain::coverage::{Coverage, Desk, DutyState, state_of};
use tocsin_domain::incident::{Halt as Stop, Incident, Stage};
use tocsin_domain::obligation::{Done, Obligation};
use tocsin_domain::outcome::Halt;
use tocsin_domain::plan::{PlanHead, Wave};
use tocsin_ports::store::incidents::{self, Versioned};
use tocsin_ports::store::plans::{self, WaveRef};
use tocsin_ports::store::{chunks, coverage, done};
use tocsin_ports::{Elapsed, ReadHome, TenantScope, WriteHome};

use crate::deadlines::{is_phase_said_to_be_over, is_said_to_be_over};
use crate::share::{self, Share, of_this_minute};

pub async fn end(
    ports: &(impl ReadHome + WriteHome + Elapsed),
    scope: &TenantScope,
    share: Share,
    now: Timestamp,
) -> Result<(), Halt> {
    let incidents = of_this_minute(incidents::watched(ports, scope, now).await?, now);
    let look = async |incident: Incident| end_one(ports, scope, &incident, now).await;
    share::each(ports, share, "endings", incidents, look).await
}

async fn end_one(
    ports: &(impl ReadHome + WriteHome),
    scope: &TenantScope,
    incident: &Incident,
    now: Timestamp,
) -> Result<(), Halt> {
    // Before anything else is read: whoever changes the incident meanwhile, or takes it up, was not seen.
    let was = incidents::get(ports, scope, incident.id).await?;
    let Some(why) = why_over(ports, scope, &was, now).await? else {
        return Ok(());
    };
    let actor = Actor::Function("watch".to_owned());
    let leaf = Leaf::new(scope.tenant(), Some(incident.id), now, actor, Action::IncidentEnded, why, []);
    incidents::end(ports, scope, &was, &leaf).await
}

/// `None` while something is left to watch.
async fn why_over(
    ports: &impl ReadHome,
    scope: &TenantScope,
    was: &Versioned,
    now: Timestamp,
) -> Result<Option<&'static str>, Halt> {
    let incident = &was.incident;
    if incident.halt == Some(Stop::Cancelled) {
        return Ok(Some("it is cancelled"));
    }
    let plan = match incident.stage {
        Stage::Scoping | Stage::Blocked | Stage::AwaitingApproval => None,
        Stage::Sending => incident.plan.as_ref().filter(|_| incident.halt.is_none()),
    };
    let Some(plan) = plan else {
        return Ok(None);
    };
    let head = plans::get(ports, scope, incident.id, plan.version).await?.head;
    let waves = plans::waves(ports, scope, &head).await?;
    let is_over = !incident.waits_for_a_supplement()
        && have_gone(ports, scope, &head, &waves).await?
        && are_met_or_past(ports, scope, incident, &head, &waves, now).await?;
    Ok(is_over.then_some("each of its duties is met, or past and said to be so, and all notices have gone"))
}

/// Whether no chunk goes any more, but what stands by.
async fn have_gone(
    ports: &impl ReadHome,
    scope: &TenantScope,
    head: &PlanHead,
    waves: &[Wave],
) -> Result<bool, Halt> {
    for wave in waves {
        let at = WaveRef { incident: head.incident, plan: head.version, wave: wave.number };
        let has_gone = |state: ChunkState| match state {
            ChunkState::Accepted => true,
            ChunkState::Planned => wave.stands_by,
            ChunkState::Due | ChunkState::HandingOver | ChunkState::Refused | ChunkState::Undecided => false,
        };
        if !chunks::of_wave(ports, scope, at, wave).await?.iter().all(|chunk| has_gone(chunk.state)) {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn are_met_or_past(
    ports: &impl ReadHome,
    scope: &TenantScope,
    incident: &Incident,
    head: &PlanHead,
    waves: &[Wave],
    now: Timestamp,
) -> Result<bool, Halt> {
    let duties = plans::obligations(ports, scope, head).await?;
    let done = done::list(ports, scope, incident.id).await?;
    let covered = coverage::of_plan(ports, scope, head, waves).await?;
    let nothing = Coverage::default();
    Ok(duties.iter().all(|duty| {
        let words = || done.iter().filter(|done| done.is_for(duty.id));
        let on_desk = head.desk.get(&duty.id).map(|_| Desk::of(words()));
        let is_over = match state_of(duty, covered.get(&duty.id).unwrap_or(&nothing), on_desk, now) {
            DutyState::NotOwed
            | DutyState::Met
            | DutyState::MetLate
            | DutyState::MetByWord
            | DutyState::MetByWordLate => true,
            // Whoever can act knows that it is owed, or that nobody said whether it is, and nothing more is said of it. A
            // question without a term stays open until it is answered.
            DutyState::Late | DutyState::AskCounsel => is_said_to_be_over(duty, incident, now),
            DutyState::OnDesk | DutyState::Open | DutyState::AtRisk | DutyState::Undecided => false,
        };
        is_over && phases_are_done_or_past(duty, &done, incident, now)
    }))
}

/// A phase without an instant stands on the incident as a task; it keeps nothing under watch.
fn phases_are_done_or_past(duty: &Obligation, done: &[Done], incident: &Incident, now: Timestamp) -> bool {
    duty.phases().filter(|phase| phase.due.is_some()).all(|phase| {
        done.iter().any(|done| done.is_for_phase(duty.id, phase))
            || is_phase_said_to_be_over((duty, phase), incident, now)
    })
}
