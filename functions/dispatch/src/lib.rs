//! `dispatch`: every minute, what is due goes onto the queue of its region, earliest deadline first, at the pace at
//! which the region's provider takes it.
//!
//! - Idempotency: putting a chunk on its queue twice is harmless; `send`'s claim decides. That is why the first
//!   hand-over leaves no mark on the chunk. A wave remembers how far it is on its queue, so that a tick does not lay
//!   out again what still lies there; it is looked at from its first chunk again until each of them was claimed.
//! - A wave that follows a canary is judged once, when the canary's minutes are over: it goes, or it is paused and a person
//!   is asked.
//! - Retried: at the next tick, whatever a tick did not get to.
//! - Parked, acknowledged: nothing; a tick is no message.

mod lanes;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use tocsin_audit::{Action, Actor, Leaf};
use tocsin_domain::chunk::{ChunkEvent, ChunkRef, ChunkState, Entry as ChunkEntry};
use tocsin_domain::id::IncidentId;
use tocsin_domain::incident::Halt as Stop;
use tocsin_domain::outcome::{Halt, Outcome, Progress, settle};
use tocsin_domain::plan::{After, Door, Wave};
use tocsin_ports::store::chunks::{self, Change, StoredChunk};
use tocsin_ports::store::pauses::{self, Why};
use tocsin_ports::store::plans::{self, Look, WaitsFor, WaveRef, is_open};
use tocsin_ports::store::{directory, health, incidents};
use tocsin_ports::{Configured, Enqueue, ReadHome, ReadQuota, TenantScope, WriteHome, jobs};

use crate::lanes::Lanes;

/// How long a message may take to its function, after its time, before it is taken for lost.
const LOST_AFTER: SignedDuration = SignedDuration::from_mins(15);

/// How long a chunk is left alone whose plan is halted, or its wave paused.
const SHUT_FOR: SignedDuration = SignedDuration::from_mins(5);

/// A wave whose start has come, with the plan that it belongs to.
struct DueWave {
    scope: TenantScope,
    at: WaveRef,
    wave: Wave,
    /// The wave that it follows, while that goes.
    canary: Option<Wave>,
    /// A person let it go on.
    let_go: bool,
}

/// How many chunks of a wave are looked at at once.
const AT_ONCE: usize = 1000;

pub trait DispatchPorts: ReadHome + WriteHome + Enqueue + ReadQuota + Configured {}

impl<T: ReadHome + WriteHome + Enqueue + ReadQuota + Configured> DispatchPorts for T {}

pub async fn step(ports: &impl DispatchPorts, now: Timestamp) -> Outcome {
    settle(dispatch(ports, now).await)
}

/// One tenant's trouble does not stop the others: it is reported when everybody had their turn.
async fn dispatch(ports: &impl DispatchPorts, now: Timestamp) -> Progress {
    let mut lanes = Lanes::new(now);
    let mut waves = Vec::new();
    let mut failed = None;
    for scope in directory::every_tenant(ports).await? {
        let mut seen = Seen::default();
        if let Err(halt) = send_again(ports, &scope, &mut seen, &mut lanes, now).await {
            failed = Some(halt);
        }
        if let Err(halt) = due_waves(ports, &scope, &mut seen, now, &mut waves).await {
            failed = Some(halt);
        }
    }
    // Duties without a number come last; among equals whoever waits longest is first, lest new incidents overtake it for ever.
    waves.sort_by_key(|due| (due.wave.deadline.is_none(), due.wave.deadline, due.wave.start, due.at));
    for due in &waves {
        if let Err(halt) = start(ports, due, &mut lanes, now).await {
            failed = Some(halt);
        }
    }
    lanes.close(ports).await?;
    failed.map_or(Ok(Outcome::Done), Err)
}

/// Chunks that were refused and may go again, and those whose message seems lost.
async fn send_again(
    ports: &impl DispatchPorts,
    scope: &TenantScope,
    seen: &mut Seen,
    lanes: &mut Lanes,
    now: Timestamp,
) -> Result<(), Halt> {
    let mut failed = None;
    for at in chunks::to_send_again(ports, scope, now).await? {
        // One chunk's trouble does not stop the others.
        if let Err(halt) = send_one_again(ports, scope, at, seen, lanes, now).await {
            failed = Some(halt);
        }
    }
    failed.map_or(Ok(()), Err)
}

async fn send_one_again(
    ports: &impl DispatchPorts,
    scope: &TenantScope,
    at: ChunkRef,
    seen: &mut Seen,
    lanes: &mut Lanes,
    now: Timestamp,
) -> Result<(), Halt> {
    let chunk = chunks::get(ports, scope, &at).await?;
    match chunk.state {
        ChunkState::Refused | ChunkState::Due if chunk.is_awake(now) => {}
        ChunkState::Refused | ChunkState::Due => return Ok(()),
        // `watch` settles these.
        ChunkState::HandingOver | ChunkState::Undecided => return Ok(()),
        ChunkState::Planned | ChunkState::Accepted => return Ok(()),
    }
    let standing = seen.standing(ports, scope, at.incident, at.plan).await?;
    if matches!(standing, Standing::Over) {
        return give_up(ports, scope, &chunk, now).await;
    }
    // Others come first meanwhile.
    let Some(wave) = standing.wave(at.wave) else {
        return chunks::put_off(ports, scope, &chunk, now + SHUT_FOR).await;
    };
    match wave.door(now) {
        Door::OpenUntil(_) => {}
        // Its plan may be over before their morning, and a person is then asked about what is in doubt.
        Door::OpensAt(at) if chunk.entries.iter().any(ChunkEntry::is_doubtful) => {
            return chunks::put_off(ports, scope, &chunk, at.min(now + SHUT_FOR)).await;
        }
        Door::OpensAt(at) => return chunks::put_off(ports, scope, &chunk, at).await,
        Door::Shut => return chunks::put_off(ports, scope, &chunk, now + SHUT_FOR).await,
    }
    let messages = chunk.entries.iter().filter(|entry| entry.goes_next()).count();
    if let Some(after) = lanes.take(ports, &wave.region, wave.channel, messages).await? {
        // Marked first: a sender that is faster than the mark would find the chunk refused, and skip it.
        chunks::mark_due(ports, scope, &chunk, now + after + LOST_AFTER).await?;
        jobs::send(ports, scope, &wave.region, &[(at, after)]).await?;
    }
    Ok(())
}

/// Nothing of a chunk goes any more whose plan is over. Whoever may have its notice is a person's question, which `watch`
/// asks: a later plan leaves them in peace until it is answered.
async fn give_up(
    ports: &(impl ReadHome + WriteHome),
    scope: &TenantScope,
    chunk: &StoredChunk,
    now: Timestamp,
) -> Result<(), Halt> {
    if !chunk.entries.iter().any(ChunkEntry::is_doubtful) {
        return chunks::forget(ports, scope, chunk).await;
    }
    let at = chunk.chunk.at;
    let entries = chunk.entries.iter().map(ChunkEntry::given_up).collect();
    let change = Change { event: ChunkEvent::GiveUp, entries: Some(entries), wake: Some(now) };
    let why = "its plan was over before it went again, and some of it may have been sent";
    let subject = [("chunk", at.to_string()), ("attempt", chunk.attempt.to_string())];
    let actor = Actor::Function("dispatch".to_owned());
    let leaf = Leaf::new(scope.tenant(), Some(at.incident), now, actor, Action::ChunkUndecided, why, subject);
    chunks::step(ports, scope, chunk, change, &leaf).await?;
    Ok(())
}

/// Adds the waves whose start has come. A plan that cannot be read stops its own waves, and is reported at the end.
async fn due_waves(
    ports: &(impl ReadHome + WriteHome),
    scope: &TenantScope,
    seen: &mut Seen,
    now: Timestamp,
    due: &mut Vec<DueWave>,
) -> Result<(), Halt> {
    let mut failed = None;
    for at in plans::waves_to_start(ports, scope, now).await? {
        match seen.standing(ports, scope, at.incident, at.plan).await {
            Ok(Standing::Over) => {
                plans::look_at_wave(ports, scope, at, Look::OVER).await?;
            }
            Ok(Standing::Shut) => {}
            Ok(standing @ Standing::Open { let_go, .. }) => {
                let wave = standing.wave(at.wave).cloned();
                let canary = wave.as_ref().and_then(|wave| standing.wave(wave.after?.wave)).cloned();
                let let_go = let_go.contains(&at.wave);
                due.extend(wave.map(|wave| DueWave { scope: scope.clone(), at, wave, canary, let_go }));
            }
            Err(halt) => failed = Some(halt),
        }
    }
    failed.map_or(Ok(()), Err)
}

/// Whether the waves of a plan may go out. A look only: the claim decides.
enum Standing {
    /// In force, approved, and not halted: its waves that are not paused, and which of them a person let go on.
    Open { waves: Vec<Wave>, let_go: BTreeSet<u32> },
    /// Not now.
    Shut,
    /// Never: its incident is cancelled, or has a later plan.
    Over,
}

/// What a tick has seen of a tenant's plans. Each is read once: a plan of many waves is large.
#[derive(Default)]
struct Seen(BTreeMap<(IncidentId, u32), Standing>);

impl Seen {
    async fn standing(
        &mut self,
        ports: &impl ReadHome,
        scope: &TenantScope,
        incident: IncidentId,
        plan: u32,
    ) -> Result<&Standing, Halt> {
        match self.0.entry((incident, plan)) {
            Entry::Occupied(seen) => Ok(seen.into_mut()),
            Entry::Vacant(unseen) => Ok(unseen.insert(standing(ports, scope, incident, plan).await?)),
        }
    }
}

impl Standing {
    fn wave(&self, number: u32) -> Option<&Wave> {
        match self {
            Standing::Open { waves, .. } => waves.iter().find(|wave| wave.number == number),
            Standing::Shut | Standing::Over => None,
        }
    }
}

async fn standing(
    ports: &impl ReadHome,
    scope: &TenantScope,
    incident: IncidentId,
    version: u32,
) -> Result<Standing, Halt> {
    let incident = incidents::get(ports, scope, incident).await?.incident;
    let superseded = incident.plan.as_ref().is_some_and(|plan| plan.version > version);
    if incident.halt == Some(Stop::Cancelled) || superseded {
        return Ok(Standing::Over);
    }
    let in_force = incident.plan.as_ref().filter(|plan| plan.version == version);
    if !in_force.is_some_and(|plan| is_open(&incident, plan)) {
        return Ok(Standing::Shut);
    }
    let head = plans::get(ports, scope, incident.id, version).await?.head;
    let mut waves = plans::waves(ports, scope, &head).await?;
    waves.retain(|wave| !incident.is_paused(wave.number));
    let let_go =
        incident.pauses.into_iter().filter(|(_, pause)| pause.lifted).map(|(wave, _)| wave).collect();
    Ok(Standing::Open { waves, let_go })
}

/// Lays the chunks of a wave that nobody has claimed out on their queue, as far as its lane takes them in this round.
/// When all are laid out the wave is looked at again, from its first chunk on, until each was claimed.
async fn start(
    ports: &impl DispatchPorts,
    due: &DueWave,
    lanes: &mut Lanes,
    now: Timestamp,
) -> Result<(), Halt> {
    let look = plans::wave_look(ports, &due.scope, due.at).await?;
    if look.again.is_none_or(|again| now < again) {
        return Ok(());
    }
    let wave = &due.wave;
    let look = match wave.after {
        Some(after) => follow(ports, due, after, look, now).await?,
        None => Some(look),
    };
    let Some(look) = look else {
        return Ok(());
    };
    let open_for = match wave.door(now) {
        Door::OpenUntil(until) => until.duration_since(now),
        Door::OpensAt(at) => {
            let look = Look { again: Some(at), ..look };
            return plans::look_at_wave(ports, &due.scope, due.at, look).await;
        }
        Door::Shut => return Err(Halt::Again(format!("wave {} never opens: see its window", wave.number))),
    };
    let mut from = look.queued;
    let mut last = SignedDuration::ZERO;
    loop {
        let planned = chunks::planned(ports, &due.scope, due.at, wave, from, AT_ONCE).await?;
        if planned.is_empty() {
            break;
        }
        let mut laid = Vec::new();
        for number in &planned {
            let messages = wave.notices_in(*number);
            let after = lanes.take(ports, &wave.region, wave.channel, messages).await?;
            // What would come to a sender when people sleep waits for their morning.
            let Some(after) = after.filter(|after| *after < open_for) else {
                break;
            };
            laid.push((due.at.chunk(*number), after));
            last = after;
        }
        jobs::send(ports, &due.scope, &wave.region, &laid).await?;
        if laid.len() < planned.len() {
            let queued = planned.get(laid.len()).copied().unwrap_or(wave.chunks);
            let look = Look { queued, again: Some(now), ..look };
            return plans::look_at_wave(ports, &due.scope, due.at, look).await;
        }
        from = planned.last().map_or(wave.chunks, |number| number + 1);
    }
    // Nothing waited from the first chunk on: each was claimed.
    let again = (from > 0).then(|| now + last + LOST_AFTER);
    plans::look_at_wave(ports, &due.scope, due.at, Look { queued: 0, again, ..look }).await
}

/// How a wave that follows a canary is looked at from now on, once it waits for nothing any more; `None` before.
///
/// Its minutes begin when all of the canary was claimed. When they are over the canary is judged, once: the wave goes, or it
/// is paused and a person is asked. Whatever a person let go on waits for no canary.
async fn follow(
    ports: &impl DispatchPorts,
    due: &DueWave,
    after: After,
    look: Look,
    now: Timestamp,
) -> Result<Option<Look>, Halt> {
    let at = WaveRef { wave: after.wave, ..due.at };
    let next = match (look.waits_for, &due.canary) {
        (WaitsFor::Nothing, _) => return Ok(Some(look)),
        (WaitsFor::Canary | WaitsFor::Receipts, _) if due.let_go => {
            Look { waits_for: WaitsFor::Nothing, ..look }
        }
        // A paused wave is not among those that go.
        (WaitsFor::Canary | WaitsFor::Receipts, None) => Look { again: Some(now), ..look },
        (WaitsFor::Canary, Some(canary)) => {
            if chunks::planned(ports, &due.scope, at, canary, 0, 1).await?.is_empty() {
                let judged_at = now + SignedDuration::from_mins(after.minutes.into());
                Look { waits_for: WaitsFor::Receipts, again: Some(judged_at), ..look }
            } else {
                Look { again: Some(now), ..look }
            }
        }
        (WaitsFor::Receipts, Some(canary)) => {
            if !is_cleared(ports, due, (at, canary), now).await? {
                return Ok(None);
            }
            Look { waits_for: WaitsFor::Nothing, ..look }
        }
    };
    plans::look_at_wave(ports, &due.scope, due.at, next).await?;
    Ok((next.waits_for == WaitsFor::Nothing).then_some(next))
}

/// Whether the canary lets the wave behind it go. Where it does not, the wave is paused.
async fn is_cleared(
    ports: &impl DispatchPorts,
    due: &DueWave,
    (at, canary): (WaveRef, &Wave),
    now: Timestamp,
) -> Result<bool, Halt> {
    // Read before what it is judged by: whoever pauses the wave meanwhile, or lets it go, has the last word.
    let was = incidents::get(ports, &due.scope, due.at.incident).await?;
    let known = health::of_canary(ports, &due.scope, at, canary).await?;
    let Err(unclear) = known.clears(&ports.settings().pause) else {
        return Ok(true);
    };
    let why = Why { known: unclear.to_string(), find_out: unclear.find_out() };
    let wave = (due.at, &due.wave);
    pauses::pause(ports, &due.scope, &was, wave, (known.figures, &why), ("dispatch", now)).await?;
    Ok(false)
}
