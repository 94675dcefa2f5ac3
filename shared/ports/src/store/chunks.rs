//! Chunks and their claims. Every step of a chunk is one conditional write; the table of lawful steps stands in
//! `tocsin_domain::chunk`.

use jiff::Timestamp;
use tocsin_audit::Leaf;
use tocsin_domain::chunk::{Chunk, ChunkEvent, ChunkRef, ChunkState, Entry};
use tocsin_domain::id::IncidentId;
use tocsin_domain::outcome::Halt;

use super::plans::{WaveRef, gate_check, wake_partition, waking};
use super::{all, doc, leaves, missing, read_doc, read_json, unreadable};
use crate::scope::TenantScope;
use crate::table::{
    Attributes, Condition, Item, Key, ReadHome, Select, Test, Value, Write, WriteError, WriteHome,
};

/// A chunk as the store has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredChunk {
    pub chunk: Chunk,
    pub state: ChunkState,
    /// How often it was claimed.
    pub attempt: u32,
    /// One for each recipient, in order.
    pub entries: Vec<Entry>,
}

/// How a claim ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Ours, as this attempt.
    Won(u32),
    /// Somebody else has it, or it is done.
    Lost,
    /// The plan is not approved, or the incident is held or cancelled: nothing may go out.
    Closed,
}

/// Puts chunks of a plan that is being made. The plan's version is this run's own (see
/// [`super::plans::next_version`]): no other run writes these keys, so nothing can be overwritten.
pub async fn put(ports: &impl WriteHome, scope: &TenantScope, chunks: &[Chunk]) -> Result<(), Halt> {
    let items = chunks
        .iter()
        .map(|chunk| {
            let entries = vec![Entry::Waiting; chunk.recipients.len()];
            let attributes = Attributes::from([
                ("doc".to_owned(), doc(chunk)?),
                ("state".to_owned(), ChunkState::Planned.as_str().into()),
                ("attempt".to_owned(), Value::Number(0)),
                ("entries".to_owned(), doc(&entries)?),
            ]);
            Ok(Item { key: chunk_key(scope, &chunk.at), attributes })
        })
        .collect::<Result<Vec<Item>, Halt>>()?;
    Ok(ports.put_all(items).await?)
}

pub async fn get(ports: &impl ReadHome, scope: &TenantScope, at: &ChunkRef) -> Result<StoredChunk, Halt> {
    match ports.get(&chunk_key(scope, at)).await? {
        Some(item) => stored(&item),
        None => Err(missing(format!("the chunk {at}"))),
    }
}

/// All chunks of a wave, in order.
pub async fn of_wave(ports: &impl ReadHome, scope: &TenantScope, wave: WaveRef) -> Result<Vec<StoredChunk>, Halt> {
    let items = all(ports, wave_partition(scope, wave), "chunk#").await?;
    items.iter().map(stored).collect()
}

/// One page of a wave's chunks behind `after`, and where the next page begins.
pub async fn page_of_wave(
    ports: &impl ReadHome,
    scope: &TenantScope,
    wave: WaveRef,
    after: Option<String>,
) -> Result<(Vec<StoredChunk>, Option<String>), Halt> {
    let select = Select {
        partition: wave_partition(scope, wave),
        sort_prefix: "chunk#".to_owned(),
        after,
        limit: super::PAGE,
    };
    let page = ports.select(&select).await?;
    Ok((page.items.iter().map(stored).collect::<Result<_, Halt>>()?, page.next))
}

/// The chunks that somebody has to look at by now: their lease or settling time is over, or their message is lost.
pub async fn to_look_at(ports: &impl ReadHome, scope: &TenantScope, now: Timestamp) -> Result<Vec<ChunkRef>, Halt> {
    let woken = ports.woken(&wake_partition(scope), now, super::PAGE).await?;
    Ok(woken.iter().filter_map(|woken| chunk_of(scope, &woken.key)).collect())
}

/// Marks a chunk as on its queue. `watch` looks at it again at `look_again`, in case the message is lost.
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
/// attempt, the approval of its plan, and that nobody halted the incident.
pub async fn claim(
    ports: &impl WriteHome,
    scope: &TenantScope,
    chunk: &StoredChunk,
    lease_until: Timestamp,
    leaf: &Leaf,
) -> Result<Claim, Halt> {
    let attempt = chunk.attempt + 1;
    let mut set = waking(scope, lease_until);
    set.insert("state".to_owned(), ChunkState::HandingOver.as_str().into());
    set.insert("attempt".to_owned(), Value::Number(attempt.into()));
    let writes = vec![
        Write::Update {
            key: chunk_key(scope, &chunk.chunk.at),
            set,
            remove: Vec::new(),
            only_if: condition(ChunkEvent::Claim, chunk.attempt),
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

/// What a step of the machine writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub event: ChunkEvent,
    pub entries: Option<Vec<Entry>>,
    /// When somebody has to look at the chunk again; `None` when nobody has to.
    pub wake: Option<Timestamp>,
}

/// Takes a step of the machine from the state and attempt that `chunk` was read with.
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
    let mut set = change.wake.map(|at| waking(scope, at)).unwrap_or_default();
    set.insert("state".to_owned(), to.as_str().into());
    if let Some(entries) = &change.entries {
        set.insert("entries".to_owned(), doc(entries)?);
    }
    let remove = if change.wake.is_none() { vec!["wake_pk", "wake"] } else { Vec::new() };
    let mut writes = vec![Write::Update {
        key: chunk_key(scope, &chunk.chunk.at),
        set,
        remove,
        only_if: condition(change.event, chunk.attempt),
    }];
    writes.extend(leaf.map(|leaf| leaves::leaf(scope, leaf)));
    match ports.write(writes).await {
        Ok(()) => Ok(true),
        Err(WriteError::Refused(_)) => Ok(false),
        Err(WriteError::Port(error)) => Err(error.into()),
    }
}

fn condition(event: ChunkEvent, attempt: u32) -> Condition {
    let states = ChunkState::before(event).map(|state| state.as_str().into()).collect();
    Condition::Present(vec![
        Test::IsOneOf("state", states),
        Test::Is("attempt", Value::Number(attempt.into())),
    ])
}

fn stored(item: &Item) -> Result<StoredChunk, Halt> {
    let state = item.text("state").and_then(|text| text.parse().ok()).ok_or_else(|| unreadable(item))?;
    let attempt = item.number("attempt").and_then(|number| u32::try_from(number).ok());
    Ok(StoredChunk {
        chunk: read_doc(item)?,
        state,
        attempt: attempt.ok_or_else(|| unreadable(item))?,
        entries: read_json(item, "entries")?,
    })
}

fn chunk_key(scope: &TenantScope, at: &ChunkRef) -> Key {
    let wave = WaveRef { incident: at.incident, plan: at.plan, wave: at.wave };
    Key::new(wave_partition(scope, wave), format!("chunk#{:08}", at.number))
}

pub(super) fn wave_partition(scope: &TenantScope, wave: WaveRef) -> String {
    scope.partition(&[&wave.incident.to_string(), &format!("{}-{}", wave.plan, wave.wave)])
}

fn chunk_of(scope: &TenantScope, key: &Key) -> Option<ChunkRef> {
    let rest = key.partition().strip_prefix(scope.tenant().as_str())?.strip_prefix('#')?;
    let (incident, wave) = rest.split_once('#')?;
    let (plan, wave) = wave.split_once('-')?;
    let number = key.sort().strip_prefix("chunk#")?;
    let incident: IncidentId = incident.parse().ok()?;
    Some(ChunkRef { incident, plan: plan.parse().ok()?, wave: wave.parse().ok()?, number: number.parse().ok()? })
}
