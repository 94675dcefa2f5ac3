//! Waves whose mail bounces or is complained about too often are paused, and a person is asked.
//!
//! A wave's tally says when to look, and is never too small; what decides are the receipts themselves, each notice
//! counted once. Only mail to people is paused: a filing is one message that is owed, and what becomes of a text or an
//! inbox notice endangers no account.

use jiff::Timestamp;
use tocsin_audit::{Action, Actor, Leaf};
use tocsin_domain::chunk::ChunkState;
use tocsin_domain::incident::{Incident, Stage};
use tocsin_domain::outcome::Halt;
use tocsin_domain::pause::{Figures, Limits, Pause};
use tocsin_domain::plan::{Channel, Settling, Wave};
use tocsin_ports::store::health::Tally;
use tocsin_ports::store::plans::WaveRef;
use tocsin_ports::store::{chunks, health, incidents, plans};
use tocsin_ports::{Configured, Elapsed, ReadHome, TenantScope, WriteHome};

use crate::share::{self, Share, in_turn};

pub async fn pause(
    ports: &(impl ReadHome + WriteHome + Elapsed + Configured),
    scope: &TenantScope,
    share: Share,
    now: Timestamp,
) -> Result<(), Halt> {
    let incidents = in_turn(incidents::watched(ports, scope, now).await?, now);
    let look = async |incident: Incident| of_incident(ports, scope, &incident, now).await;
    share::each(ports, share, "pauses", incidents, look).await
}

async fn of_incident(
    ports: &(impl ReadHome + WriteHome + Configured),
    scope: &TenantScope,
    incident: &Incident,
    now: Timestamp,
) -> Result<(), Halt> {
    let Some(plan) = incident.plan.as_ref().filter(|_| incident.stage == Stage::Sending) else {
        return Ok(());
    };
    let tallies = health::tallies(ports, scope, incident.id, plan.version).await?;
    let grown: Vec<(WaveRef, Tally)> =
        tallies.into_iter().filter(|(at, tally)| !incident.is_paused(at.wave) && has_grown(tally)).collect();
    if grown.is_empty() {
        return Ok(());
    }
    let head = plans::get(ports, scope, incident.id, plan.version).await?.head;
    for (at, tally) in grown {
        let waves = plans::waves(ports, scope, &head).await?;
        // What is known of a canary counts for the wave that follows it.
        let (of_it, others): (Vec<&Wave>, Vec<&Wave>) = waves.iter().partition(|wave| wave.number == at.wave);
        let followers =
            others.into_iter().filter(|wave| wave.after.is_some_and(|after| after.wave == at.wave));
        for wave in of_it.iter().copied().chain(followers) {
            look_at(ports, scope, (at, &of_it), wave, now).await?;
        }
        health::judged(ports, scope, at, sum(&tally)).await?;
    }
    Ok(())
}

fn sum(tally: &Tally) -> u64 {
    tally.bounced + tally.complained
}

/// By a tenth at least since the last look: all receipts of a large wave are not read each minute.
fn has_grown(tally: &Tally) -> bool {
    sum(tally) > tally.judged + tally.judged / 10
}

async fn look_at(
    ports: &(impl ReadHome + WriteHome + Configured),
    scope: &TenantScope,
    (judged_at, judged): (WaveRef, &[&Wave]),
    wave: &Wave,
    now: Timestamp,
) -> Result<(), Halt> {
    let at = WaveRef { wave: wave.number, ..judged_at };
    let Some(judged) = judged.first() else {
        return Ok(());
    };
    // A person let it go on in spite of its canary.
    if wave.number != judged_at.wave && was_lifted(ports, scope, at).await? {
        return Ok(());
    }
    if wave.channel != Channel::Email || wave.settling != Settling::MustReach {
        return Ok(());
    }
    let was = incidents::get(ports, scope, at.incident).await?;
    let limits = &ports.settings().pause;
    let figures = health::figures(ports, scope, judged_at, judged).await?;
    let held_against_it = match was.incident.pauses.get(&at.wave) {
        Some(pause) => figures.since(&pause.figures),
        None => figures,
    };
    if !held_against_it.pass(limits) || !is_unfinished(ports, scope, at, wave).await? {
        return Ok(());
    }
    let mut incident = was.incident.clone();
    incident.pauses.insert(at.wave, Pause { figures, lifted: false });
    incident.ask(task(scope, at, wave, &held_against_it, limits));
    let subject = [
        ("wave", format!("{}-{}", at.plan, at.wave)),
        ("accepted", figures.accepted.to_string()),
        ("bounced", figures.bounced.to_string()),
        ("complained", figures.complained.to_string()),
    ];
    let actor = Actor::Function("watch".to_owned());
    let why = "its bounces or complaints passed the limit";
    let leaf = Leaf::new(scope.tenant(), Some(at.incident), now, actor, Action::WavePaused, why, subject);
    plans::set_pauses(ports, scope, (&was, &incident), &leaf).await
}

async fn was_lifted(ports: &impl ReadHome, scope: &TenantScope, at: WaveRef) -> Result<bool, Halt> {
    Ok(incidents::get(ports, scope, at.incident).await?.incident.pauses.contains_key(&at.wave))
}

/// Whether a stop would stop anything.
async fn is_unfinished(
    ports: &impl ReadHome,
    scope: &TenantScope,
    at: WaveRef,
    wave: &Wave,
) -> Result<bool, Halt> {
    let chunks = chunks::of_wave(ports, scope, at, wave).await?;
    Ok(chunks.iter().any(|chunk| match chunk.state {
        ChunkState::Planned | ChunkState::Due | ChunkState::Refused | ChunkState::Undecided => true,
        ChunkState::HandingOver | ChunkState::Accepted => false,
    }))
}

fn task(scope: &TenantScope, at: WaveRef, wave: &Wave, figures: &Figures, limits: &Limits) -> String {
    format!(
        "{}({} in {}, {}): {figures}; the limits are {} and {} in a thousand. Find out whether the addresses are old or \
         the letter is taken for an attack, before the provider stops the account; then let it go on: tocsin incident \
         resume --tenant {} {} --wave {} --reason ...",
        Incident::paused_task(at.wave),
        wave.regime,
        wave.region,
        wave.language,
        limits.bounces_per_mille,
        limits.complaints_per_mille,
        scope.tenant(),
        at.incident,
        at.wave,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tally_is_looked_at_again_when_it_has_grown_by_a_tenth() {
        for (bounced, judged, grown) in
            [(1, 0, true), (1, 1, false), (9, 8, true), (110, 100, false), (111, 100, true)]
        {
            assert_eq!(
                has_grown(&Tally { bounced, complained: 0, judged }),
                grown,
                "{bounced} after {judged}"
            );
        }
    }
}
