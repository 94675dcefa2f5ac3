//! Whether what is left of a plan can still be carried out in time, reckoned anew every quarter of an hour: quotas change,
//! people fall behind, and approvals are late. Whoever can act is told when it cannot, or when the latest safe start is near.

use jiff::{SignedDuration, Timestamp};
use tocsin_domain::feasibility::{self, Answer, LatestStart};
use tocsin_domain::incident::{Halt as Stop, Incident, Stage};
use tocsin_domain::outcome::Halt;
use tocsin_domain::plan::Wave;
use tocsin_ports::store::plans::{self, WaveRef};
use tocsin_ports::store::{chunks, incidents, tenants};
use tocsin_ports::{Configured, Elapsed, ReadHome, ReadQuota, TenantScope, WriteHome, quota};

use crate::deadlines::leaf;
use crate::share::{self, Share, of_this_minute};

pub async fn reckon(
    ports: &(impl ReadHome + WriteHome + ReadQuota + Elapsed + Configured),
    scope: &TenantScope,
    share: Share,
    now: Timestamp,
) -> Result<(), Halt> {
    let mut incidents = of_this_minute(incidents::watched(ports, scope, now).await?, now);
    incidents.retain(goes_on);
    let look = async |incident: Incident| of_incident(ports, scope, &incident, now).await;
    share::each(ports, share, "outlooks", incidents, look).await
}

fn goes_on(incident: &Incident) -> bool {
    match incident.stage {
        Stage::AwaitingApproval | Stage::Sending => incident.halt != Some(Stop::Cancelled),
        Stage::Scoping | Stage::Blocked => false,
    }
}

async fn of_incident(
    ports: &(impl ReadHome + WriteHome + ReadQuota + Configured),
    scope: &TenantScope,
    incident: &Incident,
    now: Timestamp,
) -> Result<(), Halt> {
    let Some(plan) = &incident.plan else {
        return Ok(());
    };
    let head = plans::get(ports, scope, incident.id, plan.version).await?.head;
    let waves = plans::waves(ports, scope, &head).await?;
    let mut left = Vec::new();
    for wave in waves.iter().filter(|wave| !wave.stands_by) {
        let at = WaveRef { incident: incident.id, plan: plan.version, wave: wave.number };
        let planned = chunks::planned(ports, scope, at, wave, 0, usize::MAX).await?;
        left.push((wave, planned.iter().map(|number| wave.notices_in(*number) as u64).sum::<u64>()));
    }
    if left.iter().all(|(_, people)| *people == 0) {
        return Ok(());
    }
    let answer = answer(ports, &waves, left, now).await?;
    plans::put_outlook(ports, scope, incident.id, plan.version, &answer).await?;
    let expected = SignedDuration::from_mins(tenants::get(ports, scope).await?.approval_minutes.into());
    let waits = incident.stage == Stage::AwaitingApproval;
    for task in tasks(&answer, waits.then_some(now + expected)) {
        // The instants in a task move with the quotas: one task for each thing is enough.
        let known = incident.attention.iter().any(|known| known.starts_with(&task.about));
        if !known {
            let text = format!("{}: {}", task.about, task.what);
            let leaf = leaf(scope, incident.id, &text, [("plan", plan.hash.clone())], now);
            incidents::ask(ports, scope, incident.id, text, &[leaf]).await?;
        }
    }
    Ok(())
}

async fn answer(
    ports: &(impl ReadQuota + Configured),
    waves: &[Wave],
    left: Vec<(&Wave, u64)>,
    now: Timestamp,
) -> Result<Answer, Halt> {
    let supplies = quota::supplies(ports, waves).await?;
    let settling = ports.settings().settling_time;
    let question = feasibility::of_waves(left, supplies, settling, (now, now))
        .map_err(|error| Halt::Again(error.to_string()))?;
    let answer = feasibility::answer(&question).map_err(|error| Halt::Again(error.to_string()))?;
    Ok(Answer { schedule: Vec::new(), ..answer })
}

#[derive(Debug, PartialEq, Eq)]
struct Task {
    about: String,
    what: String,
}

/// `approved_by`: until when an approval is expected, where one is waited for.
fn tasks(answer: &Answer, approved_by: Option<Timestamp>) -> Vec<Task> {
    let mut tasks = Vec::new();
    for shortfall in &answer.shortfalls {
        tasks.push(Task {
            about: format!(
                "{} in {} cannot carry the plan in time",
                shortfall.channel.as_str(),
                shortfall.region
            ),
            what: format!(
                "{} people would be late as things stand; the incident's outlook says what helps",
                shortfall.late
            ),
        });
    }
    for outlook in answer.outlooks.iter().filter(|outlook| outlook.without_room() > 0) {
        let (channel, region) = (outlook.channel.as_str(), &outlook.region);
        tasks.push(Task {
            about: format!("{} cannot be told by {channel} in {region}", outlook.regime),
            what: format!("{} people have no place there as things stand", outlook.without_room()),
        });
    }
    let Some(approved_by) = approved_by else {
        return tasks;
    };
    for outlook in &answer.outlooks {
        if let LatestStart::At(latest) = outlook.latest_start
            && latest <= approved_by
        {
            tasks.push(Task {
                about: format!("{} waits for an approval that is needed now", outlook.regime),
                what: format!("{latest} is its latest safe start"),
            });
        }
    }
    tasks.dedup();
    tasks
}

#[cfg(test)]
mod tests {
    use super::*;
    use tocsin_domain::feasibility::Outlook;
    use tocsin_domain::id::{IncidentId, ObligationId, SignalId, TenantId};
    use tocsin_domain::plan::Channel;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn outlook(latest_start: LatestStart) -> Answer {
        let tenant: TenantId = "shop".parse().unwrap();
        let incident = IncidentId::of(&tenant, SignalId::of(&tenant, "a", "b"));
        let outlook = Outlook {
            obligation: ObligationId::of(incident, "us-ca-individual", "US-CA", ""),
            regime: "us-ca-individual".to_owned(),
            residence: "US-CA".to_owned(),
            region: "us-east-1".to_owned(),
            channel: Channel::Email,
            people: 1000,
            last: Some(at("2026-11-26T10:00:00Z")),
            unplanned: 0,
            finishes: None,
            latest_start,
        };
        let start = at("2026-11-23T10:00:00Z");
        Answer { start, outlooks: vec![outlook], schedule: Vec::new(), shortfalls: Vec::new() }
    }

    #[test]
    fn an_approval_is_needed_when_it_is_expected_behind_the_latest_safe_start() {
        let latest = LatestStart::At(at("2026-11-25T10:00:00Z"));
        for (answer, approved_by, expected) in [
            (outlook(latest), Some("2026-11-25T09:59:59Z"), 0),
            (outlook(latest), Some("2026-11-25T10:00:00Z"), 1),
            (outlook(latest), None, 0),
            (outlook(LatestStart::NoNumber), Some("2027-11-25T10:00:00Z"), 0),
        ] {
            assert_eq!(tasks(&answer, approved_by.map(at)).len(), expected, "{approved_by:?}");
        }
    }
}
