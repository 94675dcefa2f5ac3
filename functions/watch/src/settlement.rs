//! Doubts: a claim whose lease ran out, and a hand-over that nobody knows the end of.
//! Evidence settles first, the notice's approved policy second.

use jiff::{SignedDuration, Timestamp};
use tocsin_audit::{Action, Actor, Leaf};
use tocsin_domain::chunk::{ChunkEvent, ChunkRef, ChunkState, Entry, end_of_doubt};
use tocsin_domain::incident::Halt as Stop;
use tocsin_domain::outcome::Halt;
use tocsin_domain::plan::{Settling, Wave};
use tocsin_domain::receipt::with_evidence;
use tocsin_ports::store::chunks::{self, Change, StoredChunk};
use tocsin_ports::store::{incidents, plans, receipts};
use tocsin_ports::{Configured, Elapsed, ReadHome, TenantScope, WriteHome};

use crate::fallback;
use crate::share::{self, Share};

/// How often a notice goes again by policy: once. A second silence is a fault for a person to find.
const COPIES: u32 = 1;

/// How long a doubt that waits for a person, or for the end of a halt, is left alone.
const LEFT_ALONE: SignedDuration = SignedDuration::from_mins(5);

/// Whichever doubt has waited longest comes first.
pub async fn settle_doubts(
    ports: &(impl ReadHome + WriteHome + Elapsed + Configured),
    scope: &TenantScope,
    share: Share,
    now: Timestamp,
) -> Result<(), Halt> {
    let waiting = chunks::to_settle(ports, scope, now).await?;
    let look = async |at: ChunkRef| look_at(ports, scope, at, now).await;
    share::each(ports, share, "doubts", waiting, look).await
}

async fn look_at(
    ports: &(impl ReadHome + WriteHome + Configured),
    scope: &TenantScope,
    at: ChunkRef,
    now: Timestamp,
) -> Result<(), Halt> {
    let chunk = chunks::get(ports, scope, &at).await?;
    if !chunk.is_awake(now) {
        return Ok(());
    }
    match chunk.state {
        ChunkState::HandingOver => lapse(ports, scope, &chunk, now).await,
        ChunkState::Undecided => settle(ports, scope, &chunk, now).await,
        // `dispatch` sends these again.
        ChunkState::Due | ChunkState::Refused => Ok(()),
        ChunkState::Accepted => fallback::of_accepted(ports, scope, &chunk, now).await,
        ChunkState::Planned => Ok(()),
    }
}

/// A lease that runs out frees nothing: whatever was about to be handed over may have been.
async fn lapse(
    ports: &(impl ReadHome + WriteHome + Configured),
    scope: &TenantScope,
    chunk: &StoredChunk,
    now: Timestamp,
) -> Result<(), Halt> {
    let entries = chunk.entries.iter().map(doubt).collect();
    let wake = Some(now + ports.settings().settling_time);
    let change = Change { event: ChunkEvent::Lapse, entries: Some(entries), wake };
    let leaf = leaf(scope, chunk, Action::ChunkUndecided, "the lease ran out and no answer was stored", now);
    chunks::step(ports, scope, chunk, change, &leaf).await?;
    Ok(())
}

fn doubt(entry: &Entry) -> Entry {
    if entry.goes_next() { Entry::InDoubt } else { entry.clone() }
}

async fn settle(
    ports: &(impl ReadHome + WriteHome),
    scope: &TenantScope,
    chunk: &StoredChunk,
    now: Timestamp,
) -> Result<(), Halt> {
    let at = chunk.chunk.at;
    let known = receipts::of_chunk(ports, scope, &at).await?;
    let entries = with_evidence(&chunk.entries, &known);
    if let Some(event) = end_of_doubt(&entries) {
        let (action, why, wake) = if event == ChunkEvent::Evidence {
            let wake = chunk.moves_on(&entries).then_some(now);
            (Action::ChunkSettled, "the provider's events prove every notice sent", wake)
        } else {
            let why = "the provider's events end the doubt; what was proven not sent goes again";
            (Action::ChunkRefused, why, Some(now))
        };
        let change = Change { event, entries: Some(entries), wake };
        chunks::step(ports, scope, chunk, change, &leaf(scope, chunk, action, why, now)).await?;
        return Ok(());
    }
    // While the incident is held nothing is settled by policy; events still count. Of a cancelled one nothing goes any more,
    // and what is in doubt of it is shown so.
    let incident = incidents::get(ports, scope, at.incident).await?.incident;
    if incident.halt == Some(Stop::Cancelled) {
        return chunks::forget(ports, scope, chunk).await;
    }
    if incident.halt.is_some() {
        return chunks::put_off(ports, scope, chunk, now + LEFT_ALONE).await;
    }
    // Nothing of a plan that was amended goes out any more, a copy neither.
    if incident.plan.is_none_or(|plan| plan.version != at.plan) {
        return ask_a_person(ports, scope, chunk, now).await;
    }
    let head = plans::get(ports, scope, at.incident, at.plan).await?.head;
    let wave = plans::wave(ports, scope, &head, at.wave).await?;
    if !goes_again(chunk, &wave) {
        ask_a_person(ports, scope, chunk, now).await?;
        return go_on(ports, scope, chunk, entries, now).await;
    }
    let entries: Vec<Entry> = entries.iter().map(again).collect();
    let why = "no evidence within the settling time; the approved policy is to send again, marked as a copy";
    let subject = about(chunk).into_iter().chain([("again", places_of_copies(&entries))]);
    let leaf = leaf_about(scope, chunk, Action::ChunkSettled, why, subject, now);
    let change = Change { event: ChunkEvent::SendAgain, entries: Some(entries), wake: Some(now) };
    chunks::step(ports, scope, chunk, change, &leaf).await?;
    Ok(())
}

fn places_of_copies(entries: &[Entry]) -> String {
    let copies = (0..).zip(entries).filter(|(_, entry)| **entry == Entry::Repeat);
    copies.map(|(place, _): (u32, _)| place.to_string()).collect::<Vec<_>>().join(" ")
}

/// Nobody waits for what a person is asked: what was proven not sent goes again, and whoever was refused moves on.
async fn go_on(
    ports: &(impl ReadHome + WriteHome),
    scope: &TenantScope,
    chunk: &StoredChunk,
    entries: Vec<Entry>,
    now: Timestamp,
) -> Result<(), Halt> {
    if chunk.moves_on(&entries) {
        fallback::of_doubtful(ports, scope, chunk, now).await?;
    }
    if !entries.iter().any(Entry::goes_next) {
        return Ok(());
    }
    let change = Change { event: ChunkEvent::GoOn, entries: Some(entries), wake: Some(now) };
    let why = "what was proven not sent goes again; a person is asked about what is in doubt";
    chunks::step(ports, scope, chunk, change, &leaf(scope, chunk, Action::ChunkRefused, why, now)).await?;
    Ok(())
}

/// Whether the wave's policy lets what is in doubt of the chunk go again.
pub fn goes_again(chunk: &StoredChunk, wave: &Wave) -> bool {
    match wave.settling {
        Settling::MustReach => chunk.copies < COPIES,
        Settling::NeverTwice => false,
    }
}

fn again(entry: &Entry) -> Entry {
    match entry {
        Entry::InDoubt => Entry::Repeat,
        Entry::Waiting
        | Entry::Accepted(_)
        | Entry::Throttled(_)
        | Entry::Refused(_)
        | Entry::Withheld(_)
        | Entry::Repeat
        | Entry::Vouched
        | Entry::FoundUnsent
        | Entry::StandsBy => entry.clone(),
    }
}

/// The chunk stays undecided until a person settles it; later events may still do so at one of the next looks.
async fn ask_a_person(
    ports: &(impl ReadHome + WriteHome),
    scope: &TenantScope,
    chunk: &StoredChunk,
    now: Timestamp,
) -> Result<(), Halt> {
    let at = chunk.chunk.at;
    let why = "no evidence within the settling time; the approved policy is to ask a person";
    let leaf = leaf(scope, chunk, Action::PersonAsked, why, now);
    incidents::ask(ports, scope, at.incident, at.question(), std::slice::from_ref(&leaf)).await?;
    chunks::put_off(ports, scope, chunk, now + LEFT_ALONE).await
}

fn leaf(scope: &TenantScope, chunk: &StoredChunk, action: Action, why: &str, now: Timestamp) -> Leaf {
    leaf_about(scope, chunk, action, why, about(chunk), now)
}

fn about(chunk: &StoredChunk) -> [(&'static str, String); 2] {
    [("chunk", chunk.chunk.at.to_string()), ("attempt", chunk.attempt.to_string())]
}

fn leaf_about(
    scope: &TenantScope,
    chunk: &StoredChunk,
    action: Action,
    why: &str,
    subject: impl IntoIterator<Item = (&'static str, String)>,
    now: Timestamp,
) -> Leaf {
    let actor = Actor::Function("watch".to_owned());
    Leaf::new(scope.tenant(), Some(chunk.chunk.at.incident), now, actor, action, why, subject)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_in_doubt_is_repeated() {
        let throttled = Entry::Throttled("rate".to_owned());
        assert_eq!(again(&Entry::InDoubt), Entry::Repeat);
        assert_eq!(again(&throttled), throttled);
    }
}
