//! `send`: claims a chunk, and hands it over once.
//!
//! The order is the point. Everything that can fail is done first: people are read, every notice is rendered, its
//! bytes are compared with those that were approved. Then one conditional write claims the chunk and says that it is
//! being handed over; its condition checks the state, the attempt, the approval, and that nobody halted the
//! incident. Only then does anything leave, through clients that never retry. The answer is one more write.
//! Before the claim it waits for its turn at the provider's rate, which all senders share.
//! A canary (`canary`) comes over the same queue, and goes through the same client.
//!
//! - Idempotency: the claim. A second message for the same chunk loses it and is skipped.
//! - Retried: whatever fails before the claim. After it, only what is proven not sent goes again, by `dispatch`.
//! - Left undecided: whatever may have been sent. `watch` settles it by evidence, then by the approved policy.
//! - Parked: a message that cannot be read, a chunk or plan that is not in the store.
//! - Acknowledged: when the answer is stored, or when there is nothing to do.

mod canary;
mod compose;
mod deliver;
mod letters;
mod links;
mod partner;
mod seal;
mod turn;

use jiff::{SignedDuration, Timestamp};
use tocsin_audit::{Action, Actor, Leaf};
use tocsin_domain::chunk::{ChunkEvent, ChunkState, Entry, TELL_AFTER, event_of_answers};
use tocsin_domain::health::{Count, Health};
use tocsin_domain::incident::{Incident, LETTERS_WAIT, PlanRef};
use tocsin_domain::outcome::{Halt, Outcome, Parked, Progress, settle};
use tocsin_domain::plan::{Channel, Door, TemplateRef, Wave};
use tocsin_domain::receipt::with_evidence;
use tocsin_domain::wire::{Message, NoticesJob, SendJob, read};
use tocsin_notices::letter::Brief;
use tocsin_ports::store::chunks::{self, Change, Claim, StoredChunk};
use tocsin_ports::store::health::{self, Hour, Tally};
use tocsin_ports::store::plans::{self, WaveRef, is_open};
use tocsin_ports::store::{incidents, receipts};
use tocsin_ports::{
    Configured, Elapsed, Entropy, Mailer, Partners, Pause, Proof, ReadHome, ReadPeople, ReadQuota,
    ReadSecrets, SealedMailer, TenantScope, Texter, WriteHome, WritePeople, WriteVault,
};

use crate::compose::{Making, Ready};
use crate::deliver::Ended;
use crate::turn::Turn;

/// Added to the function's longest run: a claim's worker is then surely gone when its lease is.
const LEASE_MARGIN: SignedDuration = SignedDuration::from_secs(5);

const CLOSED: &str = "the plan is not approved, the incident is halted, or the wave is paused";

pub trait SendPorts:
    ReadHome
    + WriteHome
    + ReadPeople
    + WritePeople
    + WriteVault
    + ReadSecrets
    + Mailer
    + SealedMailer
    + Entropy
    + Texter
    + Partners
    + ReadQuota
    + Pause
    + Elapsed
    + Configured
{
}

impl<T> SendPorts for T where
    T: ReadHome
        + WriteHome
        + ReadPeople
        + WritePeople
        + WriteVault
        + ReadSecrets
        + Mailer
        + SealedMailer
        + Entropy
        + Texter
        + Partners
        + ReadQuota
        + Pause
        + Elapsed
        + Configured
{
}

pub async fn step(ports: &impl SendPorts, message: Message<'_>, now: Timestamp) -> Outcome {
    settle(send(ports, message, now).await)
}

async fn send(ports: &impl SendPorts, message: Message<'_>, now: Timestamp) -> Progress {
    match read(message)? {
        NoticesJob::Chunk(job) => send_chunk(ports, job, now).await,
        NoticesJob::Canary(job) => canary::send(ports, &job.canary).await,
    }
}

async fn send_chunk(ports: &impl SendPorts, job: SendJob, now: Timestamp) -> Progress {
    let scope = TenantScope::proven(job.tenant, Proof::OwnQueue);
    let mut chunk = chunks::get(ports, &scope, &job.chunk).await?;
    if chunk.entries.iter().any(Entry::needs_a_last_look) {
        // An event may have come since it was decided that they go again: then it is not needed.
        let known = receipts::of_chunk(ports, &scope, &job.chunk).await?;
        chunk.entries = with_evidence(&chunk.entries, &known);
    }
    match chunk.state {
        ChunkState::Planned | ChunkState::Due => {}
        ChunkState::HandingOver | ChunkState::Accepted | ChunkState::Refused | ChunkState::Undecided => {
            return Ok(Outcome::Skip { why: "the chunk was claimed before" });
        }
    }
    if !chunk.entries.iter().any(Entry::goes_next) {
        return nothing_goes(ports, &scope, &chunk, now).await;
    }
    let incident = incidents::get(ports, &scope, job.chunk.incident).await?.incident;
    let stored = plans::get(ports, &scope, job.chunk.incident, job.chunk.plan).await?;
    let in_force = PlanRef { version: job.chunk.plan, hash: stored.hash.clone() };
    if !is_open(&incident, &in_force) || incident.is_paused(job.chunk.wave) {
        return Ok(Outcome::Skip { why: CLOSED });
    }
    let wave = plans::wave(ports, &scope, &stored.head, job.chunk.wave).await?;
    check_planned(&wave, &chunk)?;
    let brief: Brief = serde_json::from_str(&plans::brief(ports, &scope, &stored.head).await?)
        .map_err(|_| Parked::Missing { what: "a readable brief of the plan".to_owned() })?;
    // A message that lay on its queue too long may find people asleep; `dispatch` lays it out again in their morning.
    if !matches!(wave.door(now), Door::OpenUntil(_)) {
        return Ok(Outcome::Skip { why: "outside the hours at which these people may be reached" });
    }
    let people = compose::people_of(ports, &scope, stored.head.roster_of(&wave), &wave, &chunk).await?;
    let template = compose::template(ports, &scope, &wave).await?;
    let making =
        Making { template: &template, wave: &wave, brief: &brief, chunk: &chunk, people: &people, now };
    let ready = compose::chunk(&making, ports)?;
    let turn = match turn::take(ports, &wave, &chunk, now).await? {
        Some(turn) => turn,
        // It is still planned or due, and `dispatch` lays it out again.
        None => {
            return Ok(Outcome::Skip {
                why: "no turn is near at the provider's rate, or its people sleep by then",
            });
        }
    };
    hand_over(ports, &scope, (&wave, &brief), &chunk, ready, turn, now).await
}

/// What events made needless ends its chunk here, but for what is still in doubt, which `watch` looks at; of what stands by,
/// nothing was called up.
async fn nothing_goes(
    ports: &impl SendPorts,
    scope: &TenantScope,
    chunk: &StoredChunk,
    now: Timestamp,
) -> Progress {
    if chunk.state == ChunkState::Due {
        let (event, action, wake) = if chunk.entries.iter().any(Entry::is_doubtful) {
            (ChunkEvent::GiveUp, Action::ChunkUndecided, Some(now))
        } else {
            (ChunkEvent::Evidence, Action::ChunkSettled, chunk.moves_on(&chunk.entries).then_some(now))
        };
        let why = "the provider's events came before it went again: it is not needed";
        let leaf = leaf(scope, chunk, chunk.attempt, action, why, now);
        let change = Change { event, entries: Some(chunk.entries.clone()), wake };
        chunks::step(ports, scope, chunk, change, &leaf).await?;
    }
    Ok(Outcome::Skip { why: "nothing of the chunk goes out now" })
}

/// From the approved hash down to the recipients: the plan's head stands behind the hash, the wave under the head, and
/// here the chunk under its wave.
fn check_planned(wave: &Wave, chunk: &StoredChunk) -> Result<(), Halt> {
    if !wave.holds_chunk(&chunk.chunk, &chunk.proof) {
        let detail =
            "the chunk in the store is not the one that was planned: somebody changed it; hold the incident";
        return Err(Parked::Notice { detail: detail.to_owned() }.into());
    }
    Ok(())
}

async fn hand_over(
    ports: &impl SendPorts,
    scope: &TenantScope,
    (wave, brief): (&Wave, &Brief),
    chunk: &StoredChunk,
    ready: Vec<Ready>,
    turn: Turn,
    now: Timestamp,
) -> Progress {
    if !turn::has_time(ports, now) {
        return Err(Halt::Again("no time is left for the provider's answer".to_owned()));
    }
    let lease_until = now + ports.settings().send_timeout + LEASE_MARGIN;
    let attempt = chunk.attempt + 1;
    let claimed = claimed_leaf(scope, chunk, wave, attempt, now);
    match chunks::claim(ports, scope, chunk, lease_until, &claimed).await? {
        Claim::Won(_) => {}
        Claim::Lost => return Ok(Outcome::Skip { why: "another worker claimed the chunk" }),
        Claim::Closed => return Ok(Outcome::Skip { why: CLOSED }),
    }
    let claimed = StoredChunk { state: ChunkState::HandingOver, attempt, ..chunk.clone() };
    let Ended { entries, too_fast } =
        deliver::chunk(ports, scope, wave, brief, &claimed, ready, (&turn, now)).await;
    let handed_over = handed_over(&claimed.entries, &entries);
    let recorded = record(ports, scope, wave.channel, &claimed, entries, now).await;
    count(ports, scope, (wave, &claimed), &handed_over, now).await;
    let recorded = recorded?;
    if too_fast {
        turn.slow_down(ports).await?;
    }
    Ok(recorded)
}

/// Counts for the channel and, once the answer is stored, for the wave: whoever sees its tally grow finds the answer.
/// Where that cannot be written, numbers for people are a little too low, and the wave's next trouble has somebody look.
async fn count(
    ports: &impl SendPorts,
    scope: &TenantScope,
    (wave, chunk): (&Wave, &StoredChunk),
    handed_over: &Health,
    now: Timestamp,
) {
    if let Err(halt) = health::count(ports, &Hour::of(&wave.region, wave.channel, now), handed_over).await {
        tracing::warn!(region = wave.region, channel = wave.channel.as_str(), error = ?halt, "health");
    }
    let refused = Tally { refused: handed_over.get(Count::Refused), ..Tally::default() };
    if let Err(halt) = health::add_to_tally(ports, scope, WaveRef::of(&chunk.chunk.at), refused).await {
        tracing::warn!(region = wave.region, channel = wave.channel.as_str(), error = ?halt, "tally");
    }
}

/// What this hand-over says of the channel. What was proven not to have been taken in says nothing of it.
fn handed_over(before: &[Entry], after: &[Entry]) -> Health {
    let mut health = Health::default();
    for (_, entry) in before.iter().zip(after).filter(|(before, _)| before.goes_next()) {
        let (handed_over, count) = match entry {
            Entry::Accepted(_) => (1, Some(Count::Accepted)),
            Entry::Refused(_) => (1, Some(Count::Refused)),
            Entry::InDoubt => (1, None),
            Entry::Waiting
            | Entry::Throttled(_)
            | Entry::Withheld(_)
            | Entry::Repeat
            | Entry::Vouched
            | Entry::FoundUnsent
            | Entry::StandsBy => (0, None),
        };
        health.add(Count::HandedOver, handed_over);
        count.into_iter().for_each(|count| health.add(count, 1));
    }
    health
}

/// Stores the answer. When that fails the chunk stays as it is being handed over, and is settled when its lease has
/// run out: by the provider's events, or by policy.
async fn record(
    ports: &impl SendPorts,
    scope: &TenantScope,
    channel: Channel,
    chunk: &StoredChunk,
    entries: Vec<Entry>,
    now: Timestamp,
) -> Progress {
    let event = event_of_answers(&entries);
    let moves_on = chunk.moves_on(&entries).then_some(now);
    let (action, why, wake) = match event {
        ChunkEvent::Answer if !entries.iter().any(|entry| matches!(entry, Entry::Accepted(_))) => {
            (Action::ChunkWithheld, format!("nothing of it went out: {}", reasons(&entries)), moves_on)
        }
        ChunkEvent::Answer => {
            (Action::ChunkAccepted, "the provider answered for every notice".to_owned(), moves_on)
        }
        ChunkEvent::Refuse => {
            (Action::ChunkRefused, not_sent(&entries), Some(now + back_off(channel, chunk.attempt)))
        }
        ChunkEvent::Lapse
        | ChunkEvent::Enqueue
        | ChunkEvent::Claim
        | ChunkEvent::Evidence
        | ChunkEvent::SendAgain
        | ChunkEvent::CallUp
        | ChunkEvent::GoOn
        | ChunkEvent::GiveUp
        | ChunkEvent::Resend => {
            // A doubt from before was waited for already.
            let new = |(was, is): (&Entry, &Entry)| *is == Entry::InDoubt && *was != Entry::InDoubt;
            let is_new = chunk.entries.iter().zip(&entries).any(new);
            let wake = Some(if is_new { now + ports.settings().settling_time } else { now });
            (Action::ChunkUndecided, "the answer is unknown, or was before".to_owned(), wake)
        }
    };
    let leaf = leaf(scope, chunk, chunk.attempt, action, &why, now);
    // Before the answer is stored: nobody comes back to what is accepted.
    if action == Action::ChunkWithheld || (event == ChunkEvent::Refuse && chunk.attempt == TELL_AFTER) {
        tell_a_person(ports, scope, chunk, &leaf).await?;
    }
    if chunk.leaves_nobody_to_try(&entries) {
        let task = Incident::nobody_left_task(chunk.chunk.at.plan, chunk.chunk.at.wave);
        incidents::ask(ports, scope, chunk.chunk.at.incident, task, &[]).await?;
    }
    let change = Change { event, entries: Some(entries), wake };
    chunks::step(ports, scope, chunk, change, &leaf).await?;
    if channel == Channel::Letter && action == Action::ChunkAccepted {
        incidents::ask(ports, scope, chunk.chunk.at.incident, LETTERS_WAIT.to_owned(), &[]).await?;
    }
    Ok(Outcome::Done)
}

/// 30 seconds, doubled with each attempt up to about an hour: a throttled account needs minutes, a used-up daily
/// quota hours. A partner has the schedule of webhooks.
fn back_off(channel: Channel, attempt: u32) -> SignedDuration {
    match channel {
        Channel::Email | Channel::Sms | Channel::InApp | Channel::Letter => {
            SignedDuration::from_secs(30 << attempt.saturating_sub(1).min(7))
        }
        Channel::Partner => partner::back_off(attempt),
    }
}

/// Of what may have gone before, nobody says that it is proven not sent.
fn not_sent(entries: &[Entry]) -> String {
    let reasons = reasons(entries);
    if reasons.is_empty() {
        "what goes again did not get through this time".to_owned()
    } else {
        format!("proven not sent: {reasons}")
    }
}

/// Why notices did not go, each reason once.
fn reasons(entries: &[Entry]) -> String {
    let reasons: std::collections::BTreeSet<&str> = entries
        .iter()
        .filter_map(|entry| match entry {
            Entry::Throttled(why) | Entry::Refused(why) | Entry::Withheld(why) => Some(why.as_str()),
            Entry::Waiting
            | Entry::Accepted(_)
            | Entry::InDoubt
            | Entry::Repeat
            | Entry::Vouched
            | Entry::FoundUnsent
            | Entry::StandsBy => None,
        })
        .collect();
    reasons.into_iter().collect::<Vec<_>>().join(", ")
}

/// What a person has to see to: a chunk that does not get through, or of which nothing went out.
async fn tell_a_person(
    ports: &impl SendPorts,
    scope: &TenantScope,
    chunk: &StoredChunk,
    leaf: &Leaf,
) -> Result<(), Halt> {
    let task = format!("chunk {}: {}", chunk.chunk.at, leaf.why);
    incidents::ask(ports, scope, chunk.chunk.at.incident, task, &[]).await
}

/// With the very letter by which it goes.
fn claimed_leaf(scope: &TenantScope, chunk: &StoredChunk, wave: &Wave, attempt: u32, now: Timestamp) -> Leaf {
    let TemplateRef { id, version, hash } = &wave.template;
    let letter = [("template", format!("{id}@{version}")), ("template-hash", hash.clone())];
    let why = "due, approved, and not halted";
    leaf_with(scope, (chunk, attempt), Action::ChunkClaimed, why, letter, now)
}

fn leaf(
    scope: &TenantScope,
    chunk: &StoredChunk,
    attempt: u32,
    action: Action,
    why: &str,
    now: Timestamp,
) -> Leaf {
    leaf_with(scope, (chunk, attempt), action, why, [], now)
}

fn leaf_with<const N: usize>(
    scope: &TenantScope,
    (chunk, attempt): (&StoredChunk, u32),
    action: Action,
    why: &str,
    further: [(&'static str, String); N],
    now: Timestamp,
) -> Leaf {
    let at = chunk.chunk.at;
    let subject = [("chunk", at.to_string()), ("attempt", attempt.to_string())].into_iter().chain(further);
    Leaf::new(
        scope.tenant(),
        Some(at.incident),
        now,
        Actor::Function("send".to_owned()),
        action,
        why,
        subject,
    )
}
