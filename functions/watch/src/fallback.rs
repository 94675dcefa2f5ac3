//! Whoever a notice did not reach is tried by the next lawful channel, once: the notice that stands by for them is called
//! up. It was approved with the plan.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use tocsin_audit::{Action, Actor, Leaf};
use tocsin_domain::chunk::{ChunkEvent, ChunkRef, ChunkState, Entry};
use tocsin_domain::incident::{Halt as Stop, Incident, Stage};
use tocsin_domain::notice::Place;
use tocsin_domain::outcome::Halt;
use tocsin_domain::receipt::{Reach, Unreachable, reach};
use tocsin_ports::store::chunks::{self, Change, StoredChunk};
use tocsin_ports::store::unreached::{self, Unreached};
use tocsin_ports::store::{incidents, plans, receipts};
use tocsin_ports::{Elapsed, ReadHome, TenantScope, WriteHome};

use crate::settlement::goes_again;
use crate::share::{self, Share};

/// Looks at the notices of which a report says that they did not arrive.
///
/// - Idempotency: what stands by is called up by a write whose condition is that nothing of its chunk is under way. What is
///   in doubt of it is not: it goes no more by itself, and no hand-over of others takes it along.
/// - Retried: whatever could not be called up yet, because others of its chunk go first, or could not be read: at one of
///   the next ticks, behind what waits longer.
pub async fn move_on(
    ports: &(impl ReadHome + WriteHome + Elapsed),
    scope: &TenantScope,
    share: Share,
    now: Timestamp,
) -> Result<(), Halt> {
    let waiting = unreached::to_look_at(ports, scope, now).await?;
    let look = async |unreached: Unreached| of_reported(ports, scope, unreached, now).await;
    share::each(ports, share, "unreached", waiting, look).await
}

async fn of_reported(
    ports: &(impl ReadHome + WriteHome),
    scope: &TenantScope,
    (at, indices): Unreached,
    now: Timestamp,
) -> Result<(), Halt> {
    let looked = async {
        take_up(ports, scope, &at, now).await?;
        let chunk = chunks::get(ports, scope, &at).await?;
        of_chunk(ports, scope, &chunk, Some(&indices), now).await
    };
    match looked.await {
        Ok(true) => unreached::remove(ports, scope, &at, &indices).await,
        Ok(false) => unreached::put_off(ports, scope, &at, &indices, now).await,
        Err(halt) => {
            unreached::put_off(ports, scope, &at, &indices, now).await?;
            Err(halt)
        }
    }
}

/// A duty that was met may be so no more: its incident is watched again.
async fn take_up(
    ports: &(impl ReadHome + WriteHome),
    scope: &TenantScope,
    at: &ChunkRef,
    now: Timestamp,
) -> Result<(), Halt> {
    let was = incidents::get(ports, scope, at.incident).await?;
    let why = "a report says that a notice did not arrive";
    let actor = Actor::Function("watch".to_owned());
    let subject = [("chunk", at.to_string())];
    let leaf =
        Leaf::new(scope.tenant(), Some(at.incident), now, actor, Action::IncidentTakenUp, why, subject);
    incidents::take_up(ports, scope, &was, &leaf).await
}

/// Looks at an accepted chunk some of whose notices were never taken.
pub async fn of_accepted(
    ports: &(impl ReadHome + WriteHome),
    scope: &TenantScope,
    chunk: &StoredChunk,
    now: Timestamp,
) -> Result<(), Halt> {
    if of_chunk(ports, scope, chunk, None, now).await? {
        chunks::forget(ports, scope, chunk).await
    } else {
        chunks::put_off(ports, scope, chunk, now).await
    }
}

/// Looks at a chunk of which a person is asked about one notice, and others were never taken.
pub async fn of_doubtful(
    ports: &(impl ReadHome + WriteHome),
    scope: &TenantScope,
    chunk: &StoredChunk,
    now: Timestamp,
) -> Result<(), Halt> {
    of_chunk(ports, scope, chunk, None, now).await?;
    Ok(())
}

/// Calls up what stands by for the notices of a chunk that did not arrive; of all of them, or of these.
async fn of_chunk(
    ports: &(impl ReadHome + WriteHome),
    scope: &TenantScope,
    chunk: &StoredChunk,
    indices: Option<&[u32]>,
    now: Timestamp,
) -> Result<bool, Halt> {
    let at = chunk.chunk.at;
    let incident = incidents::get(ports, scope, at.incident).await?.incident;
    if incident.halt == Some(Stop::Cancelled) {
        return Ok(true);
    }
    if incident.plan.is_none_or(|plan| plan.version != at.plan) {
        incidents::ask(ports, scope, at.incident, Incident::not_arrived_task(at.plan), &[]).await?;
        return Ok(true);
    }
    // A later plan is being made, which may have read already who was told: what is called up under this one would be
    // forgotten with it.
    if incident.stage != Stage::Sending {
        return Ok(false);
    }
    let facts = receipts::facts_of_chunk(ports, scope, &at).await?;
    let mut wanted: BTreeMap<(u32, u32), Vec<(Place, Unreachable)>> = BTreeMap::new();
    let mut nobody_left = false;
    for (index, (notice, entry)) in (0_u32..).zip(chunk.chunk.notices.iter().zip(&chunk.entries)) {
        let known = facts.get(&index).cloned().unwrap_or_default();
        let asked = indices.is_none_or(|indices| indices.contains(&index));
        match (asked, notice.counterpart, reach(entry, &known)) {
            (true, Some(place), Reach::Unreachable(why)) if !chunk.chunk.stands_by => {
                wanted.entry((place.wave, place.chunk)).or_default().push((place, why));
            }
            (true, _, Reach::Unreachable(_)) => nobody_left = true,
            (_, _, _) => {}
        }
    }
    if nobody_left {
        incidents::ask(ports, scope, at.incident, Incident::nobody_left_task(at.plan, at.wave), &[]).await?;
    }
    let mut done = true;
    for ((wave, number), places) in wanted {
        done &= call_up(ports, scope, ChunkRef { wave, number, ..at }, &places, &at, now).await?;
    }
    Ok(done)
}

/// `true` when each of them was called up, by now or before.
async fn call_up(
    ports: &(impl ReadHome + WriteHome),
    scope: &TenantScope,
    at: ChunkRef,
    places: &[(Place, Unreachable)],
    instead_of: &ChunkRef,
    now: Timestamp,
) -> Result<bool, Halt> {
    let chunk = chunks::get(ports, scope, &at).await?;
    let stands_by = |place: &Place| chunk.entries.get(place.index as usize) == Some(&Entry::StandsBy);
    let waiting: Vec<&(Place, Unreachable)> = places.iter().filter(|(place, _)| stands_by(place)).collect();
    if waiting.is_empty() {
        return Ok(true);
    }
    let head = plans::get(ports, scope, at.incident, at.plan).await?.head;
    let wave = plans::wave(ports, scope, &head, at.wave).await?;
    match chunk.state {
        ChunkState::Planned | ChunkState::Accepted => {}
        // A person is asked about what is in doubt, and the others do not wait for the answer.
        ChunkState::Undecided if !goes_again(&chunk, &wave) => {}
        // Something of it is under way.
        ChunkState::Due | ChunkState::HandingOver | ChunkState::Refused | ChunkState::Undecided => {
            return Ok(false);
        }
    }
    let called = waiting.get(..wave.channel.claim_size()).unwrap_or(&waiting);
    let mut entries = chunk.entries.clone();
    for (place, _) in called {
        if let Some(entry) = entries.get_mut(place.index as usize) {
            *entry = Entry::Waiting;
        }
    }
    let change = Change { event: ChunkEvent::CallUp, entries: Some(entries), wake: Some(now) };
    let leaf = leaf(scope, &at, called, instead_of, wave.channel.as_str(), now);
    let written = chunks::step(ports, scope, &chunk, change, &leaf).await?;
    Ok(written && called.len() == waiting.len())
}

fn leaf(
    scope: &TenantScope,
    at: &ChunkRef,
    called: &[&(Place, Unreachable)],
    instead_of: &ChunkRef,
    channel: &str,
    now: Timestamp,
) -> Leaf {
    let reasons: BTreeSet<&str> = called.iter().map(|(_, why)| why.as_str()).collect();
    let indices: Vec<String> = called.iter().map(|(place, _)| place.index.to_string()).collect();
    let why = format!(
        "the first channel did not reach them ({}); the next lawful one is {channel}",
        reasons.into_iter().collect::<Vec<_>>().join(", ")
    );
    let subject =
        [("chunk", at.to_string()), ("indices", indices.join(" ")), ("instead_of", instead_of.to_string())];
    let actor = Actor::Function("watch".to_owned());
    Leaf::new(scope.tenant(), Some(at.incident), now, actor, Action::NoticeCalledUp, why, subject)
}
