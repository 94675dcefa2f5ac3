//! `triage`: what a signal is: a new incident, part of one, or none.
//!
//! - Idempotency: an incident's id comes from the signal that opened it, and of two signals at once one alone opens;
//!   a signal that says nothing new is skipped, after making sure that its incident's `scope` message was sent.
//! - Retried: a table or queue that did not answer; another writer that was faster.
//! - Parked: a message that cannot be read, a signal or tenant that is not in the store.
//! - Acknowledged: when the incident, or the leaf that says why there is none, stands in the store.

mod decision;

use jiff::Timestamp;
use tocsin_audit::{Action, Actor, Leaf};
use tocsin_domain::id::{IncidentId, SignalId};
use tocsin_domain::incident::{Incident, Stage};
use tocsin_domain::outcome::{Halt, Outcome, Progress, settle};
use tocsin_domain::tenant::Tenant;
use tocsin_domain::wire::{Message, SignalJob, read};
use tocsin_ports::store::incidents::Listed;
use tocsin_ports::store::signals::StoredSignal;
use tocsin_ports::store::{incidents, leaves, signals, tenants};
use tocsin_ports::{Enqueue, Proof, ReadHome, TenantScope, WriteHome, jobs};

use crate::decision::{Decision, decide};

pub async fn step(
    ports: &(impl ReadHome + WriteHome + Enqueue),
    message: Message<'_>,
    now: Timestamp,
) -> Outcome {
    settle(triage(ports, message, now).await)
}

async fn triage(
    ports: &(impl ReadHome + WriteHome + Enqueue),
    message: Message<'_>,
    now: Timestamp,
) -> Progress {
    let job: SignalJob = read(message)?;
    let scope = TenantScope::proven(job.tenant, Proof::OwnQueue);
    let tenant = tenants::get(ports, &scope).await?;
    let signal = signals::get(ports, &scope, job.signal).await?;
    let listed = incidents::list_to_open(ports, &scope).await?;
    let touched = datasets_touched(&tenant, &signal);
    match decide(&tenant.triage, job.signal, &signal, &touched, &listed.incidents) {
        Decision::Known(incident) => {
            let why = (Action::SignalUpdated, "the source updated a finding of the incident");
            join(ports, &scope, &tenant, incident, job.signal, &signal, why, now).await
        }
        Decision::Join(incident) => {
            let why = (Action::SignalJoined, "the incident was opened within the tenant's window");
            join(ports, &scope, &tenant, incident, job.signal, &signal, why, now).await
        }
        Decision::Open => open(ports, &scope, &tenant, &listed, job.signal, &signal, now).await,
        Decision::Dismiss(why) => {
            let subject = [("signal", job.signal.to_string())];
            let leaf = Leaf::new(scope.tenant(), None, now, actor(), Action::SignalDismissed, why, subject);
            leaves::record(ports, &scope, &leaf).await?;
            Ok(Outcome::Done)
        }
    }
}

async fn open(
    ports: &(impl ReadHome + WriteHome + Enqueue),
    scope: &TenantScope,
    tenant: &Tenant,
    listed: &Listed,
    id: SignalId,
    stored: &StoredSignal,
    now: Timestamp,
) -> Progress {
    let incident = opened(tenant, id, stored);
    let subject = [("signal", id.to_string()), ("severity", stored.signal.severity.to_string())];
    let why = format!("{} reaches {}", stored.signal.severity, tenant.triage.opens_at);
    let leaf =
        Leaf::new(scope.tenant(), Some(incident.id), now, actor(), Action::IncidentOpened, why, subject);
    incidents::open(ports, scope, listed, &incident, &leaf).await?;
    ask_for_scope(ports, scope, &incident).await?;
    Ok(Outcome::Done)
}

/// We are aware from the instant at which the signal reached us: the earliest that anybody could hold against
/// the controller. A person may set a later one, with a reason.
fn opened(tenant: &Tenant, id: SignalId, stored: &StoredSignal) -> Incident {
    let mut clocks = std::collections::BTreeMap::from([
        ("awareness".to_owned(), stored.received_at),
        ("discovery".to_owned(), stored.received_at),
    ]);
    if let Some(occurred_at) = stored.signal.occurred_at.filter(|at| *at <= stored.received_at) {
        clocks.insert("occurrence".to_owned(), occurred_at);
    }
    Incident {
        id: IncidentId::of(&tenant.id, id),
        tenant: tenant.id.clone(),
        title: stored.signal.title.clone(),
        severity: stored.signal.severity,
        opened_at: stored.received_at,
        clocks,
        stated: Default::default(),
        signals: vec![id],
        datasets: datasets_touched(tenant, stored),
        datasets_later: Vec::new(),
        stage: Stage::Scoping,
        halt: None,
        scope_version: 1,
        scope: None,
        plan: None,
        amends_by: None,
        plan_versions: 0,
        attention: Vec::new(),
        pauses: std::collections::BTreeMap::new(),
    }
}

fn datasets_touched(tenant: &Tenant, stored: &StoredSignal) -> Vec<String> {
    let touched = |bucket: &String| stored.signal.hints.buckets.contains(bucket);
    tenant
        .datasets
        .iter()
        .filter(|dataset| touched(&dataset.bucket))
        .map(|dataset| dataset.name.clone())
        .collect()
}

/// Adds what a signal says to an incident. A signal that says nothing new is skipped, after making sure that the
/// incident's `scope` message was sent.
#[expect(clippy::too_many_arguments, reason = "each is one thing that the leaf or the incident names")]
async fn join(
    ports: &(impl ReadHome + WriteHome + Enqueue),
    scope: &TenantScope,
    tenant: &Tenant,
    incident: IncidentId,
    id: SignalId,
    stored: &StoredSignal,
    (action, why): (Action, &'static str),
    now: Timestamp,
) -> Progress {
    let was = incidents::get(ports, scope, incident).await?;
    let joined = joined(&was.incident, tenant, id, stored);
    if joined == was.incident {
        ask_for_scope(ports, scope, &joined).await?;
        return Ok(Outcome::Skip { why: "the signal is in its incident already" });
    }
    let subject = [("signal", id.to_string()), ("severity", stored.signal.severity.to_string())];
    let leaf = Leaf::new(scope.tenant(), Some(incident), now, actor(), action, why, subject);
    incidents::change(ports, scope, &was, &joined, &[leaf], Vec::new()).await?;
    if joined.datasets != was.incident.datasets {
        ask_for_scope(ports, scope, &joined).await?;
    }
    Ok(Outcome::Done)
}

/// New evidence while people are still being found widens the scope. Later it is shown to a person: what was
/// planned and approved does not change by itself.
fn joined(was: &Incident, tenant: &Tenant, id: SignalId, stored: &StoredSignal) -> Incident {
    let mut incident = was.clone();
    if !incident.signals.contains(&id) {
        incident.signals.push(id);
    }
    incident.severity = incident.severity.max(stored.signal.severity);
    let mut new: Vec<String> = datasets_touched(tenant, stored);
    new.retain(|name| !incident.datasets.contains(name));
    match incident.stage {
        Stage::Scoping => incident.datasets.extend(new),
        Stage::Blocked if !new.is_empty() => {
            incident.datasets.extend(new);
            incident.scope_again();
        }
        Stage::Blocked | Stage::AwaitingApproval | Stage::Sending => {
            for name in new.into_iter().filter(|name| !was.datasets_later.contains(name)) {
                incident.ask(format!(
                    "a later signal touches the dataset {name}, which this scope does not have: rescope takes it in, \
                     while nothing is approved"
                ));
                incident.datasets_later.push(name);
            }
        }
    }
    incident
}

async fn ask_for_scope(ports: &impl Enqueue, scope: &TenantScope, incident: &Incident) -> Result<(), Halt> {
    match incident.stage {
        Stage::Scoping => jobs::cut(ports, scope, incident).await,
        Stage::Blocked | Stage::AwaitingApproval | Stage::Sending => Ok(()),
    }
}

fn actor() -> Actor {
    Actor::Function("triage".to_owned())
}
