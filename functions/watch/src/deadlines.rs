//! Deadlines: whoever can act is told before one passes, at the shares of the time left that the tenant's settings name,
//! and when one has passed. What is asked here stands on the incident and in the outbox (`alerts`), once a share.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use tocsin_audit::{Action, Actor, Leaf};
use tocsin_domain::coverage::{Coverage, DutyState, duty_state};
use tocsin_domain::escalation::Escalation;
use tocsin_domain::id::{IncidentId, ObligationId};
use tocsin_domain::incident::{Halt as Stop, Incident, Stage};
use tocsin_domain::obligation::{FurtherFiling, Obligation, Owed, left_from};
use tocsin_domain::outcome::Halt;
use tocsin_domain::plan::PlanHead;
use tocsin_ports::store::{coverage, done, incidents, plans};
use tocsin_ports::{Elapsed, ReadHome, TenantScope, WriteHome};

use crate::share::{self, Share, in_turn};
use crate::supplements;

/// An incident without a plan is escalated after this time: a third of the 72 hours of GDPR Article 33.
const PLAN_WITHIN: SignedDuration = SignedDuration::from_hours(24);

/// How many escalations one tick makes of an incident: each leaves a leaf in a transaction, which takes 100 writes.
const AT_ONCE: usize = 50;

/// Each escalation stands on the incident, once, and in the log.
pub async fn escalate(
    ports: &(impl ReadHome + WriteHome + Elapsed),
    scope: &TenantScope,
    escalation: &Escalation,
    share: Share,
    now: Timestamp,
) -> Result<(), Halt> {
    let mut incidents = in_turn(incidents::watched(ports, scope, now).await?, now);
    incidents.retain(|incident| incident.halt != Some(Stop::Cancelled));
    let look = async |incident: Incident| {
        supplements::remind(ports, scope, &incident, now).await?;
        match incident.stage {
            Stage::Scoping | Stage::Blocked => without_a_plan(ports, scope, &incident, now).await?,
            Stage::AwaitingApproval | Stage::Sending => {}
        }
        match planned(ports, scope, &incident).await? {
            Some(version) => with_a_plan(ports, scope, escalation, (&incident, version), now).await,
            None => Ok(()),
        }
    };
    share::each(ports, share, "deadlines", incidents, look).await
}

/// Whether people were told that the duty's time is over, and that it is still owed.
pub fn is_said_to_be_over(duty: &Obligation, incident: &Incident, now: Timestamp) -> bool {
    let pressing = Pressing { duty, phase: None, short: Short::Over };
    duty.owed_by().is_some_and(|due| now > due) && pressing.stands_on(incident)
}

/// The same of a later phase of the duty.
pub fn is_phase_said_to_be_over(
    (duty, phase): (&Obligation, &FurtherFiling),
    incident: &Incident,
    now: Timestamp,
) -> bool {
    let pressing = Pressing { duty, phase: Some(phase), short: Short::Over };
    phase.due.is_some_and(|due| now > due) && pressing.stands_on(incident)
}

/// The version of the plan that says best what is owed: the one in force; while the next is being made, the one that was
/// approved last.
async fn planned(
    ports: &impl ReadHome,
    scope: &TenantScope,
    incident: &Incident,
) -> Result<Option<u32>, Halt> {
    match &incident.plan {
        Some(plan) => Ok(Some(plan.version)),
        None if incident.plan_versions > 0 => {
            Ok(plans::approved_versions(ports, scope, incident.id).await?.into_iter().max())
        }
        None => Ok(None),
    }
}

/// Nobody knows yet what is owed, and the shortest terms run.
async fn without_a_plan(
    ports: &(impl ReadHome + WriteHome),
    scope: &TenantScope,
    incident: &Incident,
    now: Timestamp,
) -> Result<(), Halt> {
    let aware = incident.all_clocks().get("awareness").copied().unwrap_or(incident.opened_at);
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
    escalation: &Escalation,
    (incident, version): (&Incident, u32),
    now: Timestamp,
) -> Result<(), Halt> {
    let head = plans::get(ports, scope, incident.id, version).await?.head;
    let first = head.first_alarm.and_then(|at| Short::of((None, at), head.made_at, escalation, now));
    if first.is_none() {
        return Ok(());
    }
    let duties = plans::obligations(ports, scope, &head).await?;
    let pressing: Vec<Pressing<'_>> = duties
        .iter()
        .flat_map(|duty| pressing_of(duty, head.made_at, escalation, now))
        .filter(|pressing| !pressing.stands_on(incident))
        .collect();
    if pressing.is_empty() {
        return Ok(());
    }
    let done = done::list(ports, scope, incident.id).await?;
    let by_hand = |pressing: &Pressing<'_>| match pressing.phase {
        Some(phase) => done.iter().any(|done| done.is_for_phase(pressing.duty.id, phase)),
        None => {
            head.desk.contains_key(&pressing.duty.id) && done.iter().any(|done| done.is_for(pressing.duty.id))
        }
    };
    let pressing: Vec<_> = pressing.into_iter().filter(|pressing| !by_hand(pressing)).collect();
    if pressing.is_empty() {
        return Ok(());
    }
    let waves = plans::waves(ports, scope, &head).await?;
    let covered = coverage::of_plan(ports, scope, &head, &waves).await?;
    raise(ports, scope, incident.id, &head, &pressing, &covered, now).await
}

async fn raise(
    ports: &(impl ReadHome + WriteHome),
    scope: &TenantScope,
    id: IncidentId,
    head: &PlanHead,
    pressing: &[Pressing<'_>],
    covered: &BTreeMap<ObligationId, Coverage>,
    now: Timestamp,
) -> Result<(), Halt> {
    let was = incidents::get(ports, scope, id).await?;
    let mut changed = was.incident.clone();
    let mut leaves = Vec::new();
    for pressing in pressing {
        if leaves.len() == AT_ONCE {
            break;
        }
        let state = pressing.state(head, covered, now);
        if state.is_met() || pressing.stands_on(&changed) {
            continue;
        }
        // What was said of the duty's time before is not true any more.
        changed.attention.retain(|task| !task.starts_with(&pressing.duty()));
        let task = pressing.task(state, &was.incident, head, covered.get(&pressing.duty.id));
        changed.ask(task.clone());
        if !changed.attention.contains(&task) {
            // There are more tasks than an incident shows, and it says so.
            break;
        }
        let subject = [
            ("obligation", pressing.duty.id.to_string()),
            ("state", state.as_str().to_owned()),
            ("left", pressing.short.to_string()),
        ];
        leaves.push(leaf(scope, id, &task, subject, now));
        tracing::error!(incident = %id, obligation = %pressing.duty.id, state = state.as_str(), "deadline");
    }
    if changed == was.incident {
        return Ok(());
    }
    incidents::change(ports, scope, &was, &changed, &leaves, Vec::new()).await
}

/// How short the time of a duty is, by the smallest of the tenant's shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Short {
    /// So many percent of it are left, or less.
    Left(u32),
    Over,
}

impl Short {
    /// `None` while there is more time than the largest share. Shares are of the time until the alarm: the earliest end by
    /// any reading; without a number in the law nothing is ever over.
    fn of(
        (due, alarm): (Option<Timestamp>, Timestamp),
        since: Timestamp,
        escalation: &Escalation,
        now: Timestamp,
    ) -> Option<Self> {
        if due.is_some_and(|due| now > due) {
            return Some(Short::Over);
        }
        let reached = |share: &u32| left_from(alarm, since, *share) <= now;
        escalation.at_percent_left.iter().copied().filter(reached).min().map(Short::Left)
    }
}

impl std::fmt::Display for Short {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Short::Left(percent) => write!(f, "{percent} % of its time is left, or less"),
            Short::Over => f.write_str("its time is over"),
        }
    }
}

/// A duty, or a later phase of one, whose time is short.
struct Pressing<'a> {
    duty: &'a Obligation,
    phase: Option<&'a FurtherFiling>,
    short: Short,
}

fn pressing_of<'a>(
    duty: &'a Obligation,
    since: Timestamp,
    escalation: &Escalation,
    now: Timestamp,
) -> Vec<Pressing<'a>> {
    let of = |phase, due, alarm| {
        Some(Pressing { duty, phase, short: Short::of((due, alarm), since, escalation, now)? })
    };
    let phases = duty.phases().filter_map(|phase| of(Some(phase), phase.due, phase.due?));
    duty.alarm_by().and_then(|alarm| of(None, duty.owed_by(), alarm)).into_iter().chain(phases).collect()
}

impl Pressing<'_> {
    /// How everything that is said of its time begins.
    fn duty(&self) -> String {
        let Obligation { regime, recipient, due, due_rule, .. } = self.duty;
        let said =
            |due: &Option<Timestamp>, rule: &str| due.map_or_else(|| rule.to_owned(), |due| due.to_string());
        match self.phase {
            None => format!("{regime} ({recipient}), due {}: ", said(due, due_rule)),
            Some(FurtherFiling { what, due, due_rule, .. }) => {
                format!("{}, due {}: ", Incident::phase_task(regime, recipient, what), said(due, due_rule))
            }
        }
    }

    fn stands_on(&self, incident: &Incident) -> bool {
        let said = format!("{}{}", self.duty(), self.short);
        incident.attention.iter().any(|task| task.starts_with(&said))
    }

    fn task(
        &self,
        state: DutyState,
        incident: &Incident,
        head: &PlanHead,
        coverage: Option<&Coverage>,
    ) -> String {
        let todo = match (incident.stage, incident.halt) {
            _ if self.phase.is_some() => {
                "file it, and say so (tocsin filing submit with --phase, or tocsin incident done with --phase)".to_owned()
            }
            _ if state == DutyState::AskCounsel => format!(
                "counsel says whether it is owed (tocsin incident facts --counsel {}=yes, or =no); its time runs meanwhile",
                self.duty.regime
            ),
            (_, Some(Stop::Held)) => "the incident is held: release it, or cancel it".to_owned(),
            (Stage::AwaitingApproval, _) => {
                "the plan waits for approval, and nothing is sent without one: approve it, or have it made anew"
                    .to_owned()
            }
            (Stage::Scoping | Stage::Blocked, _) => {
                "the plan is being made anew, and nothing is sent meanwhile: see what it waits for, and approve it"
                    .to_owned()
            }
            (Stage::Sending, _) => match head.desk.get(&self.duty.id) {
                Some(desk) => format!("no notice fulfils it: {desk}"),
                None => match coverage.map_or(0, Coverage::nobody_else_to_try) {
                    0 => "look at its coverage, and reach those whom no notice reached".to_owned(),
                    people => format!(
                        "{people} people cannot be reached by any channel that is left: give substitute notice where \
                         the law asks for one (a page, the media), and enter it with its proof (tocsin incident done)"
                    ),
                },
            },
        };
        format!("{}{}; it is {}. To do: {todo}", self.duty(), self.short, state.as_str())
    }

    fn state(
        &self,
        head: &PlanHead,
        covered: &BTreeMap<ObligationId, Coverage>,
        now: Timestamp,
    ) -> DutyState {
        if self.duty.owed == Owed::AskCounsel {
            return DutyState::AskCounsel;
        }
        if let Some(phase) = self.phase {
            return if phase.due.is_some_and(|due| now > due) { DutyState::Late } else { DutyState::Open };
        }
        let is_over = self.duty.due.is_some_and(|due| now > due);
        if head.desk.contains_key(&self.duty.id) && !is_over {
            return DutyState::OnDesk;
        }
        let nothing = Coverage::default();
        duty_state(covered.get(&self.duty.id).unwrap_or(&nothing), self.duty.due, now)
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_share_that_is_reached_counts() {
        let escalation = Escalation { at_percent_left: vec![50, 25, 10], targets: Vec::new() };
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (made, due) = (at("2026-11-23T00:00:00Z"), at("2026-11-27T04:00:00Z"));
        for (now, expected) in [
            ("2026-11-25T01:59:59Z", None),
            ("2026-11-25T02:00:00Z", Some(Short::Left(50))),
            ("2026-11-26T02:59:59Z", Some(Short::Left(50))),
            ("2026-11-26T03:00:00Z", Some(Short::Left(25))),
            ("2026-11-26T18:00:00Z", Some(Short::Left(10))),
            ("2026-11-27T04:00:00Z", Some(Short::Left(10))),
            ("2026-11-27T04:00:01Z", Some(Short::Over)),
        ] {
            assert_eq!(Short::of((Some(due), due), made, &escalation, at(now)), expected, "{now}");
        }
        assert_eq!(Short::of((Some(made), made), due, &escalation, made), Some(Short::Left(10)));
        // A reading that ends earlier alarms earlier, and is not the end.
        let alarm = at("2026-11-25T00:00:00Z");
        for (now, expected) in [
            ("2026-11-23T23:59:59Z", None),
            ("2026-11-24T00:00:00Z", Some(Short::Left(50))),
            ("2026-11-26T00:00:00Z", Some(Short::Left(10))),
            ("2026-11-27T04:00:01Z", Some(Short::Over)),
        ] {
            assert_eq!(Short::of((Some(due), alarm), made, &escalation, at(now)), expected, "{now}");
        }
        // What only a reading gives is never over.
        assert_eq!(
            Short::of((None, alarm), made, &escalation, at("2026-12-24T00:00:00Z")),
            Some(Short::Left(10))
        );
    }
}
