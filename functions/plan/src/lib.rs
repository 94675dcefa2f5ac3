//! `plan`: what is owed, to whom, by which notices, in which bytes.
//!
//! - Idempotency: each run writes under a plan version of its own; the one that still finds the incident as it left
//!   it puts its plan in force. An incident that has a plan is skipped.
//! - Retried: a table that did not answer; an incident that changed meanwhile.
//! - Parked: a message that cannot be read. What keeps a plan from being made blocks the incident and says why.
//! - Acknowledged: when the plan waits for its approvals, or the incident is blocked.

mod brief;
mod facts;
mod failover;
mod outlook;
mod roster;
mod seats;
mod senders;
mod told;
mod waves;

use std::collections::BTreeSet;

use jiff::Timestamp;
use tocsin_audit::{Action, Actor, Leaf};
use tocsin_domain::changes::{Change, DutyChanges};
use tocsin_domain::incident::{Incident, PlanRef, Stage};
use tocsin_domain::obligation::{Audience, Obligation, Owed, unconfirmed};
use tocsin_domain::outcome::{Halt, Outcome, Parked, Progress, settle};
use tocsin_domain::plan::{
    Plan, PlanHead, SentElsewhere, Wave, brief_digest, facts_digest, obligations_root, waves_tree,
};
use tocsin_domain::tenant::Tenant;
use tocsin_domain::wire::{Message, PlanJob, read};
use tocsin_law::RulePack;
use tocsin_notices::letter::Brief;
use tocsin_notices::{Library, hedge};
use tocsin_ports::store::incidents::{self, Versioned};
use tocsin_ports::store::plans::{Made, counted_leaf, made_leaf};
use tocsin_ports::store::{chunks, confirmations, plans, templates, tenants};
use tocsin_ports::{Configured, Proof, ReadHome, ReadPeople, ReadQuota, ReadSenders, TenantScope, WriteHome};

use crate::failover::Failovers;
use crate::roster::Roster;

pub trait PlanPorts: ReadHome + WriteHome + ReadPeople + ReadQuota + ReadSenders + Configured {}

impl<T: ReadHome + WriteHome + ReadPeople + ReadQuota + ReadSenders + Configured> PlanPorts for T {}

/// Why no plan can be made as things stand; the text is for the person who can change that.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Blocked {
    #[error(
        "{rejected} of {rows} rows of the manifests are bad, more than {limit} in a thousand: mend them ({files})"
    )]
    TooManyRejects { rejected: u64, rows: u64, limit: u32, files: String },
    #[error("nobody stands in the manifests")]
    Nobody,
    #[error("the facts do not hold together: {0}")]
    Facts(String),
    #[error("the letters: {0}: put in another version, or take this one back")]
    Letters(String),
    #[error("{regime} in {language}: {what}")]
    Notice { regime: String, language: String, what: String },
}

/// What ends the making of a plan early.
pub(crate) enum Stop {
    Blocked(Blocked),
    Halt(Halt),
}

impl From<Blocked> for Stop {
    fn from(blocked: Blocked) -> Self {
        Stop::Blocked(blocked)
    }
}

impl From<Halt> for Stop {
    fn from(halt: Halt) -> Self {
        Stop::Halt(halt)
    }
}

pub async fn step(ports: &impl PlanPorts, message: Message<'_>, now: Timestamp) -> Outcome {
    settle(plan(ports, message, now).await)
}

async fn plan(ports: &impl PlanPorts, message: Message<'_>, now: Timestamp) -> Progress {
    let job: PlanJob = read(message)?;
    let scope = TenantScope::proven(job.tenant, Proof::OwnQueue);
    let tenant = tenants::get(ports, &scope).await?;
    let was = incidents::get(ports, &scope, job.incident).await?;
    if was.incident.halt == Some(tocsin_domain::incident::Halt::Cancelled) {
        return Ok(Outcome::Skip { why: "the incident is cancelled" });
    }
    match was.incident.stage {
        Stage::Scoping if job.scope != was.incident.scope_version => {
            return Ok(Outcome::Skip { why: "a message of an earlier scope" });
        }
        Stage::Scoping => {}
        Stage::Blocked | Stage::AwaitingApproval | Stage::Sending => {
            return Ok(Outcome::Skip { why: "the incident has its plan, or is blocked" });
        }
    }
    match make(ports, &scope, &tenant, &was, now).await {
        Ok(()) => Ok(Outcome::Done),
        Err(Stop::Halt(halt)) => Err(halt),
        Err(Stop::Blocked(why)) => block(ports, &scope, &was.incident, &why, now).await,
    }
}

async fn make(
    ports: &impl PlanPorts,
    scope: &TenantScope,
    tenant: &Tenant,
    was: &Versioned,
    now: Timestamp,
) -> Result<(), Stop> {
    let roster = roster::read(ports, scope, tenant, &was.incident).await?;
    check_rejects(tenant, &roster)?;
    let facts = facts::of(tenant, &was.incident, &roster).map_err(Blocked::Facts)?;
    let findings = tocsin_law::evaluate(RulePack::shipped(), &facts)
        .map_err(|error| Blocked::Facts(error.to_string()))?;
    let duties: Vec<waves::Duty> =
        findings.into_iter().map(|finding| facts::duty(was.incident.id, finding)).collect();
    let made = plans::made(ports, scope, was.incident.id).await?;
    let earlier: Vec<u32> =
        made.iter().filter(|made| made.is_approved).map(|made| made.head.version).collect();
    let told = told::read(ports, scope, &was.incident, &earlier).await?;
    let strangers = told::strangers(ports, scope, &told, (&roster, &duties)).await?;
    let brief = brief::of(tenant, &was.incident, &roster, &duties, now).map_err(Blocked::Facts)?;
    let own = templates::list(ports, scope).await?;
    let library = templates::library(&own, brief.facts.notice_date)
        .map_err(|error| Blocked::Letters(error.to_string()))?;

    let (was, version) = plans::next_version(ports, scope, was).await?;
    let ground = waves::Ground {
        tenant,
        roster: &roster,
        duties: &duties,
        library: &library,
        brief: &brief,
        told: &told,
        strangers: &strangers,
        credentials_leaked: facts::credentials_leaked(tenant, &was.incident),
        incident: was.incident.id,
        version,
        now,
    };
    let mut laid = waves::lay(ground, Failovers::default())?;
    let failovers = outlook::failovers(ports, tenant, &laid.waves, now).await;
    if !failovers.is_empty() {
        laid = waves::lay(ground, failovers)?;
    }
    let outlook = outlook::of(ports, tenant, &laid.waves, now).await;
    chunks::put(ports, scope, &laid.chunks).await?;
    let frozen = serde_json::to_string(&brief)
        .map_err(|error| Halt::Park(Parked::Defect { place: format!("freezing the brief: {error}") }))?;
    let all = duties.into_iter().chain(strangers.duties);
    let obligations: Vec<Obligation> = all.map(|duty| duty.obligation).collect();
    let changes = changes(ports, scope, &made, &obligations).await?;
    let head = PlanHead {
        tenant: tenant.id.clone(),
        incident: was.incident.id,
        version,
        earlier,
        made_at: now,
        facts: facts_digest(&was.incident, tenant),
        scope: roster.count.clone(),
        obligations: obligations_root(&obligations),
        changes,
        first_alarm: obligations.iter().filter_map(Obligation::first_alarm).min(),
        waves: waves_tree(&laid.waves).root(),
        desk: laid.desk,
        no_address: laid.no_address,
        brief: brief_digest(&frozen),
    };
    let plan = Plan { head, obligations, waves: laid.waves };
    plans::put_parts(ports, scope, &plan, &frozen).await?;
    let warnings = match &outlook {
        Ok(outlook) => {
            plans::put_outlook(ports, scope, plan.head.incident, version, outlook).await?;
            outlook::warnings(outlook, &tenant.residency)
        }
        Err(why) => vec![outlook::unknown(why)],
    };
    let unsigned = senders::warnings(ports, &tenant.senders, &plan.waves).await;
    let letters = to_look_at(&library, &brief, &plan.waves);
    let attention = [laid.attention, warnings, unsigned, letters].concat();
    put(ports, scope, &was, &plan, &attention, now).await?;
    Ok(())
}

/// What whoever approves the plan should look at in its letters: where the merchant's own words hide what is known, and
/// bodies whose number or address nobody has looked up. No plan is refused for its tone, or for a telephone number.
fn to_look_at(library: &Library, brief: &Brief, waves: &[Wave]) -> Vec<String> {
    let mut told = BTreeSet::new();
    for wave in waves {
        let Some(template) = library.pinned(&wave.template) else {
            continue;
        };
        told.extend(hedge::hedged(template, &brief.facts).iter().map(ToString::to_string));
        told.extend(template.uncertain_agencies(&wave.regime).map(|agency| {
            format!(
                "the letter {} names {}, whose number and address ({}, {}) are not sure: look them up before you approve it",
                template.id(),
                agency.name,
                agency.phone,
                agency.website
            )
        }));
    }
    told.into_iter().collect()
}

/// How the duties of a new version differ from those that were approved last, or, before any were, from those of the version
/// that was made last.
async fn changes(
    ports: &impl PlanPorts,
    scope: &TenantScope,
    made: &[Made],
    duties: &[Obligation],
) -> Result<Option<DutyChanges>, Halt> {
    let Some(last) = made.iter().rfind(|made| made.is_approved).or(made.last()) else {
        return Ok(None);
    };
    let before = plans::obligations(ports, scope, &last.head).await?;
    Ok(Some(DutyChanges::between(last.head.version, &before, duties)))
}

/// Puts the plan in force, with the leaves of what was counted, planned, and entered in the register.
async fn put(
    ports: &impl PlanPorts,
    scope: &TenantScope,
    was: &Versioned,
    plan: &Plan,
    attention: &[String],
    now: Timestamp,
) -> Result<(), Halt> {
    let head = &plan.head;
    let hash = head.hash();
    let mut incident = was.incident.clone();
    incident.stage = Stage::AwaitingApproval;
    incident.scope = Some(head.scope.clone());
    incident.forget_pauses();
    incident.plan = Some(PlanRef { version: head.version, hash: hash.clone() });
    let confirmed = confirmations::rules(ports, scope).await?;
    incident.ask_counsel(unconfirmed(&plan.obligations, &confirmed).len());
    incident.attention.extend(attention.iter().cloned());
    let actor = || Actor::Function("plan".to_owned());
    let leaf = |action, why: &str, subject: Vec<(&'static str, String)>| {
        Leaf::new(scope.tenant(), Some(incident.id), now, actor(), action, why, subject)
    };
    let mut leaves = vec![counted_leaf(scope, head, now), made_leaf(scope, head, plan.waves.len(), now)];
    if let Some(changes) = head.changes.as_ref().filter(|changes| !changes.duties.is_empty()) {
        let ids = |kind| changes.of(kind).map(|(id, _)| id.to_string()).collect::<Vec<_>>().join(" ");
        let mut subject = vec![("version", head.version.to_string()), ("since", changes.since.to_string())];
        subject.extend(Change::ALL.map(|kind| (kind.as_str(), ids(kind))));
        leaves.push(leaf(Action::DutiesChanged, &changes.counts(), subject));
    }
    for sent in SentElsewhere::of(&plan.waves) {
        let subject = vec![
            ("version", head.version.to_string()),
            ("kept-in", sent.failover.from.clone()),
            ("sent-from", sent.region.clone()),
            ("channel", sent.channel.as_str().to_owned()),
            ("recipients", sent.recipients.to_string()),
        ];
        leaves.push(leaf(Action::RegionFailedOver, sent.failover.why.as_str(), subject));
    }
    for duty in plan.obligations.iter().filter(|duty| is_register(duty)) {
        let subject = vec![("obligation", duty.id.to_string()), ("regime", duty.regime.clone())];
        leaves.push(leaf(Action::RegisterRecorded, "this log is the register", subject));
    }
    plans::put(ports, scope, was, &incident, head, &leaves).await
}

fn is_register(duty: &Obligation) -> bool {
    duty.owed == Owed::Yes && duty.audience == Audience::Register
}

fn check_rejects(tenant: &Tenant, roster: &Roster) -> Result<(), Blocked> {
    let count = &roster.count;
    if count.too_many_rejected(tenant.reject_limit_per_mille) {
        return Err(Blocked::TooManyRejects {
            rejected: count.rejected,
            rows: count.rows,
            limit: tenant.reject_limit_per_mille,
            files: count.reject_files.join(", "),
        });
    }
    if count.people == 0 {
        return Err(Blocked::Nobody);
    }
    Ok(())
}

async fn block(
    ports: &impl PlanPorts,
    scope: &TenantScope,
    incident: &Incident,
    why: &Blocked,
    now: Timestamp,
) -> Progress {
    let why = why.to_string();
    let actor = Actor::Function("plan".to_owned());
    let leaf = Leaf::new(scope.tenant(), Some(incident.id), now, actor, Action::PlanBlocked, why.clone(), []);
    let block = |now_is: &mut Incident| now_is.block(incident.scope_version, &why);
    incidents::amend(ports, scope, incident.id, block, &[leaf]).await?;
    Ok(Outcome::Done)
}
