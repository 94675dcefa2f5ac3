//! Deadlines: whoever can act is told before one passes, and when one has passed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use tocsin_audit::{Action, Actor, Leaf};
use tocsin_domain::coverage::{Coverage, DutyState, duty_state};
use tocsin_domain::id::ObligationId;
use tocsin_domain::incident::{Halt as Stop, Incident, Stage};
use tocsin_domain::obligation::Obligation;
use tocsin_domain::outcome::Halt;
use tocsin_ports::store::{coverage, incidents, plans};
use tocsin_ports::{ReadHome, TenantScope, WriteHome};

/// Each escalation stands on the incident, once, and in the log.
pub async fn escalate(
    ports: &(impl ReadHome + WriteHome),
    scope: &TenantScope,
    now: Timestamp,
) -> Result<(), Halt> {
    for incident in incidents::list(ports, scope).await? {
        if !needs_a_look(&incident) {
            continue;
        }
        let Some(plan) = &incident.plan else {
            continue;
        };
        let head = plans::get(ports, scope, incident.id, plan.version).await?.head;
        if head.presses_from.is_none_or(|from| now < from) {
            continue;
        }
        let duties = plans::obligations(ports, scope, &head).await?;
        let pressing: Vec<(&Obligation, &str)> =
            duties.iter().filter_map(|duty| Some((duty, pressing(duty, head.made_at, now)?))).collect();
        if !pressing.is_empty() {
            let waves = plans::waves(ports, scope, &head).await?;
            let covered = coverage::of_plan(ports, scope, &head, &waves).await?;
            raise(ports, scope, &incident, &pressing, &covered, now).await?;
        }
    }
    Ok(())
}

fn needs_a_look(incident: &Incident) -> bool {
    let under_way = match incident.stage {
        Stage::Scoping | Stage::Blocked => false,
        Stage::AwaitingApproval | Stage::Sending => true,
    };
    under_way && incident.halt != Some(Stop::Cancelled)
}

async fn raise(
    ports: &(impl ReadHome + WriteHome),
    scope: &TenantScope,
    incident: &Incident,
    pressing: &[(&Obligation, &str)],
    covered: &BTreeMap<ObligationId, Coverage>,
    now: Timestamp,
) -> Result<(), Halt> {
    let was = incidents::get(ports, scope, incident.id).await?;
    let mut changed = was.incident.clone();
    let mut leaves = Vec::new();
    for (duty, what) in pressing {
        let task = format!("{} ({}) {what}", duty.regime, duty.recipient);
        let nothing = Coverage::default();
        let state = duty_state(covered.get(&duty.id).unwrap_or(&nothing), duty.due, now);
        if state == DutyState::Met || changed.attention.contains(&task) {
            continue;
        }
        let subject = [("obligation", duty.id.to_string()), ("state", state.as_str().to_owned())];
        let actor = Actor::Function("watch".to_owned());
        leaves.push(Leaf::new(
            scope.tenant(),
            Some(incident.id),
            now,
            actor,
            Action::DeadlineEscalated,
            task.clone(),
            subject,
        ));
        tracing::error!(incident = %incident.id, obligation = %duty.id, state = state.as_str(), "deadline");
        changed.attention.push(task);
    }
    if leaves.is_empty() {
        return Ok(());
    }
    incidents::change(ports, scope, &was, &changed, &leaves, Vec::new()).await
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
    use tocsin_domain::id::{IncidentId, SignalId, TenantId};
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
