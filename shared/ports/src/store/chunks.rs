//! Chunks and their claims. Every step of a chunk is one conditional write; the table of lawful steps stands in
//! `tocsin_domain::chunk`.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use jiff::Timestamp;
use tocsin_audit::Leaf;
use tocsin_domain::chunk::{Chunk, ChunkEvent, ChunkRef, ChunkState, Entry, untouched};
use tocsin_domain::id::IncidentId;
use tocsin_domain::merkle::Proof;
use tocsin_domain::outcome::Halt;
use tocsin_domain::plan::Wave;

use super::plans::{WaveRef, gate_check};
use super::wake::{self, Kind, waking};
use super::{all, doc, leaves, missing, read_json, read_proven, unreadable, with_proof};
use crate::scope::TenantScope;
use crate::table::{
    Attributes, Condition, Item, Key, ReadHome, Select, Test, Value, Write, WriteError, WriteHome,
};

/// What does not change of a chunk.
const CHUNK: &str = "chunk#";

/// Where it is on its way: an item of its own, so that a step writes a few bytes and not fifty recipients.
const STATE: &str = "state#";

/// A chunk as the store has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredChunk {
    pub chunk: Chunk,
    /// That it is the one under its wave's root.
    pub proof: Proof,
    pub state: ChunkState,
    /// How often it was claimed.
    pub attempt: u32,
    /// How often it was sent again as a copy.
    pub copies: u32,
    /// How often something was called out of it after it had come to an end. With the attempt it tells apart two visits
    /// to one state: nobody who read the chunk at the first may write at the second.
    pub round: u32,
    /// When somebody has to look at it: its lease, its settling time or its back-off is over then.
    pub wake: Option<Timestamp>,
    /// One for each recipient, in order.
    pub entries: Vec<Entry>,
}

impl StoredChunk {
    /// Whether its time has come. The index that leads to a chunk lags behind: only what the chunk itself says counts.
    pub fn is_awake(&self, now: Timestamp) -> bool {
        self.wake.is_some_and(|wake| wake <= now)
    }

    /// Whether somebody has to look at the chunk once its entries are these and nothing of it goes any more: another
    /// channel is left for a notice that was never taken.
    pub fn moves_on(&self, entries: &[Entry]) -> bool {
        !self.chunk.stands_by
            && self.chunk.notices.iter().zip(entries).any(|(notice, entry)| {
                notice.counterpart.is_some() && matches!(entry, Entry::Refused(_) | Entry::Withheld(_))
            })
    }

    /// Whether, with these entries, somebody was not taken who was still to be tried, and no other channel is left for them.
    pub fn leaves_nobody_to_try(&self, entries: &[Entry]) -> bool {
        let notices = self.chunk.notices.iter().zip(&self.entries).zip(entries);
        notices.into_iter().any(|((notice, before), entry)| {
            let is_last = self.chunk.stands_by || notice.counterpart.is_none();
            is_last && before.goes_next() && matches!(entry, Entry::Refused(_) | Entry::Withheld(_))
        })
    }
}

/// How a claim ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Ours, as this attempt.
    Won(u32),
    /// Somebody else has it, or it is done.
    Lost,
    /// The plan is not approved, the incident is held or cancelled, or the wave paused: nothing may go out.
    Closed,
}

/// Puts chunks of a plan that is being made, each with its proof. The plan's version is this run's own (see
/// [`super::plans::next_version`]): no other run writes these keys, so nothing can be overwritten.
pub async fn put(ports: &impl WriteHome, scope: &TenantScope, chunks: &[(Chunk, Proof)]) -> Result<(), Halt> {
    let items = chunks
        .iter()
        .map(|(chunk, proof)| {
            Ok(Item { key: chunk_key(scope, &chunk.at), attributes: with_proof(chunk, proof)? })
        })
        .collect::<Result<Vec<Item>, Halt>>()?;
    Ok(ports.put_all(items).await?)
}

pub async fn get(ports: &impl ReadHome, scope: &TenantScope, at: &ChunkRef) -> Result<StoredChunk, Halt> {
    let Some(item) = ports.get(&chunk_key(scope, at)).await? else {
        return Err(missing(format!("the chunk {at}")));
    };
    stored(&item, ports.get(&state_key(scope, at)).await?.as_ref())
}

/// Where a chunk is on its way, without the rest of it.
pub async fn state(ports: &impl ReadHome, scope: &TenantScope, at: &ChunkRef) -> Result<ChunkState, Halt> {
    match ports.get(&state_key(scope, at)).await? {
        Some(item) => state_of(&item),
        None => Ok(ChunkState::Planned),
    }
}

/// A chunk of a wave, by what became of it and not by whom it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaveChunk {
    pub at: ChunkRef,
    pub state: ChunkState,
    /// One for each recipient, in order.
    pub entries: Vec<Entry>,
}

/// All chunks of a wave, in order. Recipients are not read: they are the larger part of a plan.
pub async fn of_wave(
    ports: &impl ReadHome,
    scope: &TenantScope,
    at: WaveRef,
    wave: &Wave,
) -> Result<Vec<WaveChunk>, Halt> {
    let touched: BTreeMap<u32, Item> = all(ports, wave_partition(scope, at), STATE)
        .await?
        .into_iter()
        .filter_map(|item| Some((number_of(&item.key)?, item)))
        .collect();
    (0..wave.chunks)
        .map(|number| {
            let notices = vec![untouched(wave.stands_by); wave.notices_in(number)];
            let standing = read_state(touched.get(&number), notices)?;
            Ok(WaveChunk { at: at.chunk(number), state: standing.state, entries: standing.entries })
        })
        .collect()
}

/// What does not change of the chunks of a wave, in order: the larger part of a plan.
pub async fn planned_in(ports: &impl ReadHome, scope: &TenantScope, at: WaveRef) -> Result<Vec<Chunk>, Halt> {
    let items = all(ports, wave_partition(scope, at), CHUNK).await?;
    items.iter().map(|item| Ok(read_proven::<Chunk>(item)?.0)).collect()
}

/// Some of a wave's chunks as they stand, from this number on and at most so many, without reading the others.
pub async fn run(
    ports: &impl ReadHome,
    scope: &TenantScope,
    (at, wave): (WaveRef, &Wave),
    from: u32,
    most: u32,
) -> Result<Vec<StoredChunk>, Halt> {
    let numbers = from..wave.chunks.min(from.saturating_add(most));
    let chunks = between(ports, scope, at, CHUNK, &numbers).await?;
    let states = between(ports, scope, at, STATE, &numbers).await?;
    let find = |number| chunks.get(&number).ok_or_else(|| missing(format!("the chunk {}", at.chunk(number))));
    let run = numbers.map(|number| {
        let found = stored(find(number)?, states.get(&number))?;
        if wave.holds_chunk(&found.chunk, &found.proof) {
            Ok(found)
        } else {
            Err(super::plans::changed("chunk"))
        }
    });
    run.collect()
}

/// The items of a wave with these numbers, as far as there are any.
async fn between(
    ports: &impl ReadHome,
    scope: &TenantScope,
    at: WaveRef,
    prefix: &str,
    numbers: &Range<u32>,
) -> Result<BTreeMap<u32, Item>, Halt> {
    let mut items = BTreeMap::new();
    let mut select = Select {
        partition: wave_partition(scope, at),
        sort_prefix: prefix.to_owned(),
        after: numbers.start.checked_sub(1).map(|before| format!("{prefix}{before:08}")),
        limit: numbers.end.saturating_sub(numbers.start).clamp(1, super::PAGE),
    };
    loop {
        let page = ports.select(&select).await?;
        let numbered = page.items.into_iter().filter_map(|item| {
            let number = item.key.sort().strip_prefix(prefix)?.parse().ok()?;
            Some((number, item))
        });
        items.extend(numbered.filter(|(number, _)| numbers.contains(number)));
        let is_over = items.last_key_value().is_some_and(|(last, _)| last + 1 >= numbers.end);
        match page.next {
            Some(next) if !is_over && *next < *format!("{prefix}{:08}", numbers.end) => {
                select.after = Some(next)
            }
            Some(_) | None => return Ok(items),
        }
    }
}

/// The numbers of the wave's chunks, from this one on, that nobody has claimed yet, ascending; at most so many. A chunk
/// that nobody touched has no state.
pub async fn planned(
    ports: &impl ReadHome,
    scope: &TenantScope,
    at: WaveRef,
    wave: &Wave,
    from: u32,
    most: usize,
) -> Result<Vec<u32>, Halt> {
    let mut planned = Vec::new();
    let mut next = from;
    while next < wave.chunks && planned.len() < most {
        let select = Select {
            partition: wave_partition(scope, at),
            sort_prefix: STATE.to_owned(),
            after: next.checked_sub(1).map(|before| format!("{STATE}{before:08}")),
            limit: super::PAGE,
        };
        let page = ports.select(&select).await?;
        let touched: BTreeSet<u32> = page.items.iter().filter_map(|item| number_of(&item.key)).collect();
        let end = match page.next {
            Some(_) => touched.last().map_or(wave.chunks, |last| last + 1),
            None => wave.chunks,
        };
        planned.extend((next..end).filter(|number| !touched.contains(number)));
        next = end;
    }
    planned.truncate(most);
    Ok(planned)
}

fn number_of(key: &Key) -> Option<u32> {
    key.sort().strip_prefix(STATE)?.parse().ok()
}

/// The chunks whose lease or settling time is over by now, or that have to move on, whichever has waited longest first.
pub async fn to_settle(
    ports: &impl ReadHome,
    scope: &TenantScope,
    now: Timestamp,
) -> Result<Vec<ChunkRef>, Halt> {
    woken(ports, scope, Kind::ChunksToSettle, now).await
}

/// The chunks that were refused and may go again by now, and those whose message seems lost, in the same order.
pub async fn to_send_again(
    ports: &impl ReadHome,
    scope: &TenantScope,
    now: Timestamp,
) -> Result<Vec<ChunkRef>, Halt> {
    woken(ports, scope, Kind::ChunksToSend, now).await
}

async fn woken(
    ports: &impl ReadHome,
    scope: &TenantScope,
    kind: Kind,
    now: Timestamp,
) -> Result<Vec<ChunkRef>, Halt> {
    let woken = wake::woken(ports, scope, kind, now).await?;
    Ok(woken.iter().filter_map(|woken| chunk_of(scope, &woken.key)).collect())
}

/// Marks a chunk as on its queue again. Somebody looks at it again at `look_again`, in case the message is lost.
/// `false` when the chunk has moved on.
pub async fn mark_due(
    ports: &impl WriteHome,
    scope: &TenantScope,
    chunk: &StoredChunk,
    look_again: Timestamp,
) -> Result<bool, Halt> {
    let change = Change { event: ChunkEvent::Enqueue, entries: None, wake: Some(look_again) };
    apply(ports, scope, chunk, change, None).await
}

/// Claims a chunk and says in the same write that it is being handed over. The condition checks the state, the
/// attempt and the round, the approval of its plan, and that nobody halted the incident.
pub async fn claim(
    ports: &impl WriteHome,
    scope: &TenantScope,
    chunk: &StoredChunk,
    lease_until: Timestamp,
    leaf: &Leaf,
) -> Result<Claim, Halt> {
    let attempt = chunk.attempt + 1;
    let mut set = waking(scope, Kind::of_chunk(ChunkState::HandingOver), lease_until);
    set.insert("state", ChunkState::HandingOver.as_str().into());
    set.insert("attempt", Value::Number(attempt.into()));
    set.insert("round", Value::Number(chunk.round.into()));
    let writes = vec![
        Write::Update {
            key: state_key(scope, &chunk.chunk.at),
            set,
            remove: Vec::new(),
            only_if: condition(ChunkEvent::Claim, chunk),
        },
        gate_check(scope, &chunk.chunk.at),
        leaves::leaf(scope, leaf),
    ];
    match ports.write(writes).await {
        Ok(()) => Ok(Claim::Won(attempt)),
        Err(WriteError::Refused(1)) => Ok(Claim::Closed),
        Err(WriteError::Refused(_)) => Ok(Claim::Lost),
        Err(WriteError::Port(error)) => Err(error.into()),
    }
}

/// Nobody has to look any more at a chunk that is accepted, or whose plan is over. Nothing happens when it has moved on.
pub async fn forget(ports: &impl WriteHome, scope: &TenantScope, chunk: &StoredChunk) -> Result<(), Halt> {
    look(ports, scope, chunk, Attributes::new(), wake::ATTRIBUTES.to_vec()).await
}

/// A chunk that was looked at and stays as it is, is looked at again from this instant on: others come first meanwhile.
/// Nothing happens when it has moved on.
pub async fn put_off(
    ports: &impl WriteHome,
    scope: &TenantScope,
    chunk: &StoredChunk,
    until: Timestamp,
) -> Result<(), Halt> {
    look(ports, scope, chunk, waking(scope, Kind::of_chunk(chunk.state), until), Vec::new()).await
}

async fn look(
    ports: &impl WriteHome,
    scope: &TenantScope,
    chunk: &StoredChunk,
    set: Attributes,
    remove: Vec<&'static str>,
) -> Result<(), Halt> {
    let write = Write::Update {
        key: state_key(scope, &chunk.chunk.at),
        set,
        remove,
        only_if: Condition::Present(vec![
            Test::Is("state", chunk.state.as_str().into()),
            Test::Is("attempt", Value::Number(chunk.attempt.into())),
            Test::Is("round", Value::Number(chunk.round.into())),
        ]),
    };
    match ports.write(vec![write]).await {
        Ok(()) | Err(WriteError::Refused(_)) => Ok(()),
        Err(WriteError::Port(error)) => Err(error.into()),
    }
}

/// What a step of the machine writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub event: ChunkEvent,
    pub entries: Option<Vec<Entry>>,
    /// When somebody has to look at the chunk again; `None` when nobody has to.
    pub wake: Option<Timestamp>,
}

/// Takes a step of the machine from the attempt and round that `chunk` was read with.
/// `false` when the chunk has moved on: nothing was written.
pub async fn step(
    ports: &impl WriteHome,
    scope: &TenantScope,
    chunk: &StoredChunk,
    change: Change,
    leaf: &Leaf,
) -> Result<bool, Halt> {
    apply(ports, scope, chunk, change, Some(leaf)).await
}

async fn apply(
    ports: &impl WriteHome,
    scope: &TenantScope,
    chunk: &StoredChunk,
    change: Change,
    leaf: Option<&Leaf>,
) -> Result<bool, Halt> {
    // Every way of an event leads to one state.
    let Some(to) = ChunkState::before(change.event).find_map(|from| from.after(change.event)) else {
        return Ok(false);
    };
    let mut set = change.wake.map(|at| waking(scope, Kind::of_chunk(to), at)).unwrap_or_default();
    set.insert("state", to.as_str().into());
    set.insert("attempt", Value::Number(chunk.attempt.into()));
    let round = chunk.round + u32::from(change.event.calls_out());
    set.insert("round", Value::Number(round.into()));
    if change.event == ChunkEvent::SendAgain {
        set.insert("copies", Value::Number((chunk.copies + 1).into()));
    }
    if let Some(entries) = &change.entries {
        set.insert("entries", doc(entries)?);
    }
    let remove = if change.wake.is_none() { wake::ATTRIBUTES.to_vec() } else { Vec::new() };
    let mut writes = vec![Write::Update {
        key: state_key(scope, &chunk.chunk.at),
        set,
        remove,
        only_if: condition(change.event, chunk),
    }];
    writes.extend(leaf.map(|leaf| leaves::leaf(scope, leaf)));
    match ports.write(writes).await {
        Ok(()) => Ok(true),
        Err(WriteError::Refused(_)) => Ok(false),
        Err(WriteError::Port(error)) => Err(error.into()),
    }
}

/// A chunk that nobody touched has no state yet: it is planned, and was never tried.
fn condition(event: ChunkEvent, chunk: &StoredChunk) -> Condition {
    let states: Vec<ChunkState> = ChunkState::before(event).collect();
    let may_be_untouched = chunk.state == ChunkState::Planned && states.contains(&ChunkState::Planned);
    let tests = vec![
        Test::IsOneOf("state", states.iter().map(|state| state.as_str().into()).collect()),
        Test::Is("attempt", Value::Number(chunk.attempt.into())),
        Test::Is("round", Value::Number(chunk.round.into())),
    ];
    if may_be_untouched { Condition::AbsentOr(tests) } else { Condition::Present(tests) }
}

fn stored(item: &Item, state: Option<&Item>) -> Result<StoredChunk, Halt> {
    let (chunk, proof): (Chunk, Proof) = read_proven(item)?;
    let Standing { state, attempt, copies, round, wake, entries } = read_state(state, chunk.untouched())?;
    Ok(StoredChunk { chunk, proof, state, attempt, copies, round, wake, entries })
}

/// Where a chunk is on its way, as its state's item says it.
struct Standing {
    state: ChunkState,
    attempt: u32,
    copies: u32,
    round: u32,
    wake: Option<Timestamp>,
    entries: Vec<Entry>,
}

fn read_state(item: Option<&Item>, untouched: Vec<Entry>) -> Result<Standing, Halt> {
    let Some(item) = item else {
        let state = ChunkState::Planned;
        return Ok(Standing { state, attempt: 0, copies: 0, round: 0, wake: None, entries: untouched });
    };
    let number = |name| item.number(name).and_then(|number| u32::try_from(number).ok());
    let wake = item.text("wake").map(str::parse).transpose().map_err(|_| unreadable(item))?;
    Ok(Standing {
        state: state_of(item)?,
        attempt: number("attempt").ok_or_else(|| unreadable(item))?,
        copies: number("copies").unwrap_or(0),
        round: number("round").ok_or_else(|| unreadable(item))?,
        wake,
        entries: if item.text("entries").is_some() { read_json(item, "entries")? } else { untouched },
    })
}

fn state_of(item: &Item) -> Result<ChunkState, Halt> {
    item.text("state").and_then(|text| text.parse().ok()).ok_or_else(|| unreadable(item))
}

fn chunk_key(scope: &TenantScope, at: &ChunkRef) -> Key {
    place(scope, at, CHUNK)
}

fn state_key(scope: &TenantScope, at: &ChunkRef) -> Key {
    place(scope, at, STATE)
}

fn place(scope: &TenantScope, at: &ChunkRef, prefix: &str) -> Key {
    Key::new(wave_partition(scope, WaveRef::of(at)), format!("{prefix}{:08}", at.number))
}

pub(super) fn wave_partition(scope: &TenantScope, wave: WaveRef) -> String {
    scope.partition(&[&wave.incident.to_string(), &format!("{}-{}", wave.plan, wave.wave)])
}

fn chunk_of(scope: &TenantScope, key: &Key) -> Option<ChunkRef> {
    let rest = key.partition().strip_prefix(scope.tenant().as_str())?.strip_prefix('#')?;
    let (incident, wave) = rest.split_once('#')?;
    let (plan, wave) = wave.split_once('-')?;
    let incident: IncidentId = incident.parse().ok()?;
    Some(ChunkRef { incident, plan: plan.parse().ok()?, wave: wave.parse().ok()?, number: number_of(key)? })
}
