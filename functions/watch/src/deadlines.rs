//! Deadlines: whoever can act is told before one passes, and when one has passed.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use tocsin_audit::{Action, Actor, Leaf};
use tocsin_domain::coverage::{Coverage, DutyState, duty_state};
use tocsin_domain::id::{IncidentId, ObligationId};
use tocsin_domain::incident::{Halt as Stop, Incident, Stage};
use tocsin_domain::obligation::Obligation;
use tocsin_domain::outcome::Halt;
use tocsin_ports::store::{coverage, done, incidents, plans};
use tocsin_ports::{ReadHome, TenantScope, WriteHome};

/// An incident without a plan is escalated after this time: a third of the 72 hours of GDPR Article 33.
const PLAN_WITHIN: SignedDuration = SignedDuration::from_hours(24);

/// How many escalations one tick makes of an incident: each leaves a leaf in a transaction, which takes 100 writes.
const AT_ONCE: usize = 50;

/// Each escalation stands on the incident, once, and in the log.
pub async fn escalate(
    ports: &(impl ReadHome + WriteHome),
    scope: &TenantScope,
    now: Timestamp,
) -> Result<(), Halt> {
    let mut failed = None;
    for incident in incidents::list(ports, scope).await? {
        if incident.halt == Some(Stop::Cancelled) {
            continue;
        }
        let looked = match incident.stage {
            Stage::Scoping | Stage::Blocked => without_a_plan(ports, scope, &incident, now).await,
            Stage::AwaitingApproval | Stage::Sending => with_a_plan(ports, scope, &incident, now).await,
        };
        // One incident's trouble does not stop the others.
        if let Err(halt) = looked {
            failed = Some(halt);
        }
    }
    failed.map_or(Ok(()), Err)
}

/// Nobody knows yet what is owed, and the shortest terms run.
async fn without_a_plan(
    ports: &(impl ReadHome + WriteHome),
    scope: &TenantScope,
    incident: &Incident,
    now: Timestamp,
) -> Result<(), Halt> {
    let aware = incident.clocks.get("awareness").copied().unwrap_or(incident.opened_at);
    if now < aware + PLAN_WITHIN {
        return Ok(());
    }
    let task = "a day has passed since awareness and there is no plan to approve: authorities are owed a notice within \
                72 hours where the GDPR applies (Article 33), and sooner in places";
    let leaf = leaf(scope, incident.id, task, [("stage", "no plan".to_owned())], now);
    incidents::ask(ports, scope, incident.id, task.to_owned(), &[leaf]).await
}

async fn with_a_plan(
    ports: &(impl ReadHome + WriteHome),
    scope: &TenantScope,
    incident: &Incident,
    now: Timestamp,
) -> Result<(), Halt> {
    let Some(plan) = &incident.plan else {
        return Ok(());
    };
    let head = plans::get(ports, scope, incident.id, plan.version).await?.head;
    if head.presses_from.is_none_or(|from| now < from) {
        return Ok(());
    }
    let duties = plans::obligations(ports, scope, &head).await?;
    let pressing: Vec<(&Obligation, String)> = duties
        .iter()
        .filter_map(|duty| Some((duty, task(duty, pressing(duty, head.made_at, now)?))))
        .filter(|(_, task)| !incident.attention.contains(task))
        .collect();
    if pressing.is_empty() {
        return Ok(());
    }
    let done = done::list(ports, scope, incident.id).await?;
    let by_hand =
        |id: &ObligationId| head.desk.contains_key(id) && done.iter().any(|done| done.obligation == *id);
    let pressing: Vec<_> = pressing.into_iter().filter(|(duty, _)| !by_hand(&duty.id)).collect();
    let waves = plans::waves(ports, scope, &head).await?;
    let covered = coverage::of_plan(ports, scope, &head, &waves).await?;
    raise(ports, scope, incident, &pressing, &covered, now).await
}

fn task(duty: &Obligation, what: &str) -> String {
    format!("{} ({}) {what}", duty.regime, duty.recipient)
}

async fn raise(
    ports: &(impl ReadHome + WriteHome),
    scope: &TenantScope,
    incident: &Incident,
    pressing: &[(&Obligation, String)],
    covered: &BTreeMap<ObligationId, Coverage>,
    now: Timestamp,
) -> Result<(), Halt> {
    let was = incidents::get(ports, scope, incident.id).await?;
    let mut changed = was.incident.clone();
    let mut leaves = Vec::new();
    for (duty, task) in pressing {
        let nothing = Coverage::default();
        let state = duty_state(covered.get(&duty.id).unwrap_or(&nothing), duty.due, now);
        if state == DutyState::Met || changed.attention.contains(task) {
            continue;
        }
        if leaves.len() == AT_ONCE {
            break;
        }
        let subject = [("obligation", duty.id.to_string()), ("state", state.as_str().to_owned())];
        leaves.push(leaf(scope, incident.id, task, subject, now));
        tracing::error!(incident = %incident.id, obligation = %duty.id, state = state.as_str(), "deadline");
        changed.ask(task.clone());
    }
    if leaves.is_empty() {
        return Ok(());
    }
    incidents::change(ports, scope, &was, &changed, &leaves, Vec::new()).await
}

pub fn leaf<const N: usize>(
    scope: &TenantScope,
    incident: IncidentId,
    why: &str,
    subject: [(&'static str, String); N],
    now: Timestamp,
) -> Leaf {
    let actor = Actor::Function("watch".to_owned());
    Leaf::new(scope.tenant(), Some(incident), now, actor, Action::DeadlineEscalated, why, subject)
}

/// What to say of a duty's time, when something has to be said.
fn pressing(duty: &Obligation, since: Timestamp, now: Timestamp) -> Option<&'static str> {
    let presses_from = duty.presses_from(since)?;
    if duty.due.is_some_and(|due| now > due) {
        return Some("is past its due instant and still owed");
    }
    (now >= presses_from).then_some("is due soon: a quarter of its time is left, or less")
}

#[cfg(test)]
mod tests {
    use super::*;
    use tocsin_domain::id::{SignalId, TenantId};
    use tocsin_domain::obligation::{Audience, Owed};

    fn duty(due: Option<&str>, owed: Owed) -> Obligation {
        let tenant: TenantId = "shop".parse().unwrap();
        let incident = IncidentId::of(&tenant, SignalId::of(&tenant, "a", "b"));
        Obligation {
            id: ObligationId::of(incident, "eu-gdpr-authority", "IE", "DPC"),
            regime: "eu-gdpr-authority".to_owned(),
            jurisdiction: "IE".to_owned(),
            audience: Audience::Authority,
            recipient: "DPC".to_owned(),
            owed,
            due: due.map(|text| text.parse().unwrap()),
            due_rule: "PT72H".to_owned(),
            reasons: Vec::new(),
            citation: String::new(),
            filing: None,
            confidence: String::new(),
            required: Vec::new(),
            forbidden: Vec::new(),
            methods: Vec::new(),
        }
    }

    #[test]
    fn a_duty_presses_in_its_last_quarter_and_after_it() {
        let made: Timestamp = "2026-11-23T00:00:00Z".parse().unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let due = duty(Some("2026-11-26T00:00:00Z"), Owed::Yes);
        for (now, expected) in [
            ("2026-11-25T05:59:59Z", None),
            ("2026-11-25T06:00:00Z", Some("is due soon: a quarter of its time is left, or less")),
            ("2026-11-26T00:00:00Z", Some("is due soon: a quarter of its time is left, or less")),
            ("2026-11-26T00:00:01Z", Some("is past its due instant and still owed")),
        ] {
            assert_eq!(pressing(&due, made, at(now)), expected, "{now}");
        }
        assert_eq!(pressing(&duty(None, Owed::Yes), made, at("2030-01-01T00:00:00Z")), None);
        assert_eq!(
            pressing(&duty(Some("2026-11-26T00:00:00Z"), Owed::No), made, at("2030-01-01T00:00:00Z")),
            None
        );
    }
}
