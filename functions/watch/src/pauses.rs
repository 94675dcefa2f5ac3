//! Waves whose mail bounces, is refused or is complained about too often are paused, and a person is asked.
//!
//! A wave's tally says when to look; what decides are chunks and receipts themselves, each notice counted once. Only mail
//! to people is paused: a filing is one message that is owed, and what becomes of a text or an inbox notice endangers no
//! account.

use jiff::Timestamp;
use tocsin_domain::chunk::ChunkState;
use tocsin_domain::incident::{Incident, Stage};
use tocsin_domain::outcome::Halt;
use tocsin_domain::pause::{Limits, TROUBLE};
use tocsin_domain::plan::Wave;
use tocsin_ports::store::health::Judged;
use tocsin_ports::store::pauses::{self, Why};
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
    let grown: Vec<(WaveRef, Judged)> =
        tallies.into_iter().filter(|(at, tally)| !incident.is_paused(at.wave) && has_grown(tally)).collect();
    if grown.is_empty() {
        return Ok(());
    }
    let head = plans::get(ports, scope, incident.id, plan.version).await?.head;
    let waves = plans::waves(ports, scope, &head).await?;
    for (at, judged) in grown {
        of_wave(ports, scope, at, &waves, now).await?;
        health::judged(ports, scope, at, judged.tally.sum()).await?;
    }
    Ok(())
}

/// What is known of a canary counts for the wave that follows it, too.
async fn of_wave(
    ports: &(impl ReadHome + WriteHome + Configured),
    scope: &TenantScope,
    at: WaveRef,
    waves: &[Wave],
    now: Timestamp,
) -> Result<(), Halt> {
    let follows = |wave: &&Wave| wave.after.is_some_and(|after| after.wave == at.wave);
    let followers: Vec<&Wave> = waves.iter().filter(follows).collect();
    for judged in waves.iter().filter(|wave| wave.number == at.wave) {
        let limits = ports.settings().pause;
        let limits = if followers.is_empty() { limits } else { limits.of_canary(judged.recipients) };
        for wave in std::iter::once(judged).chain(followers.iter().copied()) {
            look_at(ports, scope, (at, judged), wave, &limits, now).await?;
        }
    }
    Ok(())
}

/// By a tenth at least since the last look: all receipts of a large wave are not read each minute.
fn has_grown(judged: &Judged) -> bool {
    judged.tally.sum() > judged.at + judged.at / 10
}

/// Looks at a wave by what is known of itself, or of the canary that it follows.
async fn look_at(
    ports: &(impl ReadHome + WriteHome),
    scope: &TenantScope,
    (judged_at, judged): (WaveRef, &Wave),
    wave: &Wave,
    limits: &Limits,
    now: Timestamp,
) -> Result<(), Halt> {
    let at = WaveRef { wave: wave.number, ..judged_at };
    let was = incidents::get(ports, scope, at.incident).await?;
    let before = was.incident.pauses.get(&at.wave);
    // A person let it go on in spite of its canary.
    if !wave.stops_in_trouble() || (at != judged_at && before.is_some()) {
        return Ok(());
    }
    let figures = health::figures(ports, scope, judged_at, judged).await?;
    let held_against_it = match before {
        Some(pause) => figures.since(&pause.figures),
        None => figures,
    };
    if !held_against_it.pass(limits) || !is_unfinished(ports, scope, at, wave).await? {
        return Ok(());
    }
    let whose = if at == judged_at { "" } else { "its canary: " };
    let why = Why { known: format!("{whose}{held_against_it}; {limits}"), find_out: TROUBLE };
    pauses::pause(ports, scope, &was, (at, wave), (figures, &why), ("watch", now)).await
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

#[cfg(test)]
mod tests {
    use tocsin_ports::store::health::Tally;

    use super::*;

    #[test]
    fn a_tally_is_looked_at_again_when_it_has_grown_by_a_tenth() {
        for (bounced, judged, grown) in
            [(1, 0, true), (1, 1, false), (9, 8, true), (110, 100, false), (111, 100, true)]
        {
            let tally = Tally { bounced, ..Tally::default() };
            assert_eq!(has_grown(&Judged { tally, at: judged }), grown, "{bounced} after {judged}");
        }
    }
}
