//! Alerts: everybody whom a tenant's settings name is told of everything that waits for a person.
//!
//! At least once each: what was told and could not be noted is told again, under the same id. One target that cannot be
//! reached stops no other, and is tried again without end: after some failures that is a leaf, and it is tried less
//! often. Who mends it is whoever put it into the settings.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use tocsin_audit::{Action, Actor, Leaf};
use tocsin_domain::alert::Alert;
use tocsin_domain::escalation::AlertTarget;
use tocsin_domain::outcome::Halt;
use tocsin_domain::tenant::Tenant;
use tocsin_ports::store::outbox::{self, Telling, Waiting};
use tocsin_ports::{Alerter, Elapsed, ReadHome, ReadSecrets, TenantScope, WriteHome};

use crate::share::{self, Share};

/// After so many failures a target counts as one that cannot be reached.
const FAILURES: u32 = 5;

/// How often a target is then tried.
const TRIED_EVERY: SignedDuration = SignedDuration::from_mins(15);

pub async fn tell(
    ports: &(impl ReadHome + WriteHome + ReadSecrets + Alerter + Elapsed),
    scope: &TenantScope,
    tenant: &Tenant,
    share: Share,
    now: Timestamp,
) -> Result<(), Halt> {
    // Whoever did not answer once is not waited for again within this tick.
    let mut silent = BTreeSet::new();
    let waiting = outbox::waiting(ports, scope).await?;
    let look = async |waiting: Waiting| tell_all(ports, scope, tenant, waiting, &mut silent, now).await;
    share::each(ports, share, "alerts", waiting, look).await
}

async fn tell_all<'a>(
    ports: &(impl ReadHome + WriteHome + ReadSecrets + Alerter),
    scope: &TenantScope,
    tenant: &'a Tenant,
    mut waiting: Waiting,
    silent: &mut BTreeSet<&'a str>,
    now: Timestamp,
) -> Result<(), Halt> {
    let before = waiting.telling.clone();
    let mut leaves = Vec::new();
    for target in &tenant.escalation.targets {
        let telling = waiting.telling.entry(target.name().to_owned()).or_default();
        if telling.told || telling.next.is_some_and(|next| now < next) || silent.contains(target.name()) {
            continue;
        }
        match tell_one(ports, scope, tenant, target, &waiting.alert, now).await {
            Ok(()) => *telling = Telling { told: true, ..*telling },
            Err(why) => {
                silent.insert(target.name());
                *telling = after_failure(telling, now);
                if telling.failures == FAILURES {
                    leaves.push(undelivered(scope, &waiting.alert, target, &why, now));
                    let (alert, target) = (&waiting.alert.id, target.name());
                    tracing::error!(alert, target, error = why, "alert");
                }
            }
        }
    }
    note(ports, scope, tenant, &waiting, &before, &leaves, now).await
}

async fn tell_one(
    ports: &(impl ReadSecrets + Alerter),
    scope: &TenantScope,
    tenant: &Tenant,
    target: &AlertTarget,
    alert: &Alert,
    now: Timestamp,
) -> Result<(), String> {
    let secret = match target.secret() {
        Some(name) => ports.secret(scope, name).await.map_err(|error| error.to_string())?,
        None => None,
    };
    let keys = secret.and_then(|secret| secret.keys()).unwrap_or_default();
    let message =
        alert.to(target, &tenant.senders.email_from, &keys, now).map_err(|error| error.to_string())?;
    ports.alert(message).await.map_err(|error| error.to_string())
}

fn after_failure(telling: &Telling, now: Timestamp) -> Telling {
    let failures = telling.failures + 1;
    let next = (failures >= FAILURES).then(|| now + TRIED_EVERY);
    Telling { told: false, failures, next }
}

/// Takes out what everybody was told; keeps how far the others are.
async fn note(
    ports: &impl WriteHome,
    scope: &TenantScope,
    tenant: &Tenant,
    waiting: &Waiting,
    before: &BTreeMap<String, Telling>,
    leaves: &[Leaf],
    now: Timestamp,
) -> Result<(), Halt> {
    let told = |target: &AlertTarget| waiting.telling.get(target.name()).is_some_and(|telling| telling.told);
    if tenant.escalation.targets.iter().all(told) {
        let names: Vec<&str> = tenant.escalation.targets.iter().map(AlertTarget::name).collect();
        let subject = [("alert", waiting.alert.id.clone()), ("targets", names.join(","))];
        let why = format!("told of {} tasks", waiting.alert.tasks.len());
        let leaf = leaf(scope, &waiting.alert, Action::AlertTold, why, subject, now);
        return outbox::end(ports, scope, &waiting.alert, &leaf).await;
    }
    if waiting.telling == *before {
        return Ok(());
    }
    outbox::keep(ports, scope, waiting, leaves).await
}

fn undelivered(scope: &TenantScope, alert: &Alert, target: &AlertTarget, why: &str, now: Timestamp) -> Leaf {
    let subject = [("alert", alert.id.clone()), ("target", target.name().to_owned())];
    let why = format!("failed {FAILURES} times, and is tried on: {why}");
    leaf(scope, alert, Action::AlertUndelivered, why, subject, now)
}

fn leaf(
    scope: &TenantScope,
    alert: &Alert,
    action: Action,
    why: String,
    subject: [(&'static str, String); 2],
    now: Timestamp,
) -> Leaf {
    let actor = Actor::Function("watch".to_owned());
    Leaf::new(scope.tenant(), Some(alert.incident), now, actor, action, why, subject)
}
