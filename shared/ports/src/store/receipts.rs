//! Receipts: appended, never changed. The same fact again is the same item.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tocsin_domain::chunk::ChunkRef;
use tocsin_domain::id::digest;
use tocsin_domain::outcome::Halt;
use tocsin_domain::pause::Trouble;
use tocsin_domain::receipt::{Fact, Known, Receipt, Report};

use super::plans::WaveRef;
use super::{all, chunks, read_doc, unreached, unreadable, with_doc};
use crate::scope::{Proof, TenantScope};
use crate::table::{Item, Key, ReadHome, Value, WriteHome};

/// What is known of the notices of one chunk, by their place in it.
pub type Facts = BTreeMap<u32, Known>;

/// How many chunks share a run of receipts: what a provider reports together was mostly sent together, so that one item
/// holds what a batch says of them, and a chunk is still found without reading its whole wave.
const CHUNKS_A_RUN: u32 = 64;

/// Appends receipts, whosever they are, each under its own tenant, and remembers the notices that did not arrive. An item holds what came together; its key is made of
/// what it says. The same fact in two items is still one fact: receipts are a set.
pub async fn append(ports: &impl WriteHome, receipts: &[(TenantScope, Receipt)]) -> Result<(), Halt> {
    let mut together: BTreeMap<(String, u32), Vec<&Receipt>> = BTreeMap::new();
    for (scope, receipt) in receipts {
        let run = receipt.chunk.number / CHUNKS_A_RUN;
        together.entry((partition(scope, WaveRef::of(&receipt.chunk)), run)).or_default().push(receipt);
    }
    let items = together.into_iter().map(|((partition, run), receipts)| {
        let attributes = with_doc(&receipts.into_iter().map(Kept::of).collect::<Vec<Kept>>())?;
        let said =
            digest("receipts", &[attributes.get("doc").and_then(Value::text).unwrap_or_default().as_bytes()]);
        let key = Key::new(partition, format!("{}{}", prefix(run), hex::encode(&said[..12])));
        Ok(Item { key, attributes })
    });
    let items = items.collect::<Result<Vec<Item>, Halt>>()?;
    if items.is_empty() {
        return Ok(());
    }
    ports.put_all(items).await?;
    let not_there = receipts.iter().filter(|(_, receipt)| says_it_did_not_arrive(receipt.fact));
    unreached::put(ports, not_there.map(|(scope, receipt)| (scope, receipt.chunk, receipt.index, receipt.at)))
        .await
}

/// Whether another channel may have to be tried: `watch` weighs this against all that is known.
fn says_it_did_not_arrive(fact: Fact) -> bool {
    match fact {
        Fact::Bounced | Fact::NeverSent => true,
        Fact::Sent | Fact::Delivered | Fact::Seen | Fact::Delayed => false,
    }
}

pub async fn of_chunk(
    ports: &impl ReadHome,
    scope: &TenantScope,
    chunk: &ChunkRef,
) -> Result<Vec<Receipt>, Halt> {
    let run = prefix(chunk.number / CHUNKS_A_RUN);
    let items = all(ports, partition(scope, WaveRef::of(chunk)), &run).await?;
    let mut receipts = Vec::new();
    for item in &items {
        let kept = read_doc::<Vec<Kept>>(item)?.into_iter();
        receipts.extend(kept.filter(|kept| kept.chunk == chunk.number).map(|kept| kept.receipt(*chunk)));
    }
    Ok(receipts)
}

/// What is known of a chunk's notices.
pub async fn facts_of_chunk(
    ports: &impl ReadHome,
    scope: &TenantScope,
    chunk: &ChunkRef,
) -> Result<Facts, Halt> {
    let mut facts = Facts::new();
    for receipt in of_chunk(ports, scope, chunk).await? {
        add(&mut facts, (receipt.index, receipt.attempt), receipt.fact, receipt.at);
    }
    Ok(facts)
}

/// What is known of a wave's notices, by chunk.
pub async fn of_wave(
    ports: &impl ReadHome,
    scope: &TenantScope,
    wave: WaveRef,
) -> Result<BTreeMap<u32, Facts>, Halt> {
    let mut facts: BTreeMap<u32, Facts> = BTreeMap::new();
    for item in all(ports, partition(scope, wave), "").await? {
        for kept in read_doc::<Vec<Kept>>(&item)? {
            let of_chunk = facts.entry(kept.chunk).or_default();
            add(of_chunk, (kept.index, kept.attempt), kept.fact, kept.at);
        }
    }
    Ok(facts)
}

fn add(facts: &mut Facts, (index, attempt): (u32, u32), fact: Fact, at: Timestamp) {
    let message = facts.entry(index).or_default().entry(attempt).or_default();
    let first = message.entry(fact).or_insert(at);
    *first = at.min(*first);
}

/// What receipts hold against a wave's notices, by chunk and place.
///
/// Of mail, `Seen` is a complaint: nothing else that shows a reading is asked for, no pixel and no link. A hard bounce is
/// known by the provider's own word for it, and so is an address that it refuses because mail to it bounced before: that is
/// held against no wave.
pub async fn trouble_of_wave(
    ports: &impl ReadHome,
    scope: &TenantScope,
    wave: WaveRef,
) -> Result<BTreeMap<(u32, u32), Trouble>, Halt> {
    let mut troubles: BTreeMap<(u32, u32), Trouble> = BTreeMap::new();
    for item in all(ports, partition(scope, wave), "").await? {
        for kept in read_doc::<Vec<Kept>>(&item)? {
            let trouble = troubles.entry((kept.chunk, kept.index)).or_default();
            match kept.fact {
                Fact::Bounced => trouble.bounced |= kept.detail.starts_with("Permanent"),
                Fact::NeverSent => trouble.refused |= !kept.detail.contains("Suppress"),
                Fact::Seen => trouble.complained = true,
                Fact::Sent | Fact::Delivered | Fact::Delayed => {}
            }
        }
    }
    Ok(troubles)
}

/// A receipt within its wave's partition, written as a row without names: there is one for every notice of a campaign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Row", into = "Row")]
struct Kept {
    chunk: u32,
    index: u32,
    attempt: u32,
    fact: Fact,
    at: Timestamp,
    provider_id: String,
    detail: String,
}

type Row = (u32, u32, u32, Fact, Timestamp, String, String);

impl From<Row> for Kept {
    fn from((chunk, index, attempt, fact, at, provider_id, detail): Row) -> Self {
        Self { chunk, index, attempt, fact, at, provider_id, detail }
    }
}

impl From<Kept> for Row {
    fn from(kept: Kept) -> Self {
        (kept.chunk, kept.index, kept.attempt, kept.fact, kept.at, kept.provider_id, kept.detail)
    }
}

impl Kept {
    fn of(receipt: &Receipt) -> Self {
        Self {
            chunk: receipt.chunk.number,
            index: receipt.index,
            attempt: receipt.attempt,
            fact: receipt.fact,
            at: receipt.at,
            provider_id: receipt.provider_id.clone(),
            detail: receipt.detail.clone(),
        }
    }

    fn receipt(self, chunk: ChunkRef) -> Receipt {
        let Self { chunk: _, index, attempt, fact, at, provider_id, detail } = self;
        Receipt { chunk, index, attempt, fact, at, provider_id, detail }
    }
}

/// Which notice of a hand-over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeAt {
    pub chunk: ChunkRef,
    pub index: u32,
    pub attempt: u32,
}

impl NoticeAt {
    pub fn receipt(self, report: Report) -> Receipt {
        report.of(self.chunk, self.index, self.attempt)
    }
}

/// For how long a report of a message is kept that nobody here sent, as far as is known. An account's other texts are
/// reported too; the providers' last word on a text comes within days.
const ORPHANS_KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Keeps which notice a provider's id stands for, for providers whose events carry no tags (SNS text messages), and takes
/// in what was reported of it before. A report that comes at the same time is taken in here or by [`keep_orphan`]: each
/// writes before it looks for what the other wrote.
pub async fn remember_provider_id(
    ports: &(impl ReadHome + WriteHome),
    scope: &TenantScope,
    provider_id: &str,
    notice: NoticeAt,
) -> Result<(), Halt> {
    let mut attributes = with_doc(&notice)?;
    attributes.insert("tenant", scope.tenant().as_str().into());
    ports.put_all(vec![Item { key: provider_key(provider_id), attributes }]).await?;
    let orphans = all(ports, orphans_of(provider_id), "").await?;
    let reports = orphans.iter().map(read_doc).collect::<Result<Vec<Report>, Halt>>()?;
    let receipts: Vec<_> =
        reports.into_iter().map(|report| (scope.clone(), notice.receipt(report))).collect();
    append(ports, &receipts).await
}

/// Keeps a report of a message that nobody knows, and answers with the receipt that it is where the message became
/// known meanwhile. The same report again is the same item.
pub async fn keep_orphan(
    ports: &(impl ReadHome + WriteHome),
    report: Report,
) -> Result<Option<(TenantScope, Receipt)>, Halt> {
    let mut attributes = with_doc(&report)?;
    let said =
        digest("report", &[attributes.get("doc").and_then(Value::text).unwrap_or_default().as_bytes()]);
    let expires = report.at.as_second().saturating_add(ORPHANS_KEPT.as_secs());
    attributes.insert("expires", Value::Number(expires));
    let key = Key::new(orphans_of(&report.provider_id), hex::encode(&said[..12]));
    ports.put_all(vec![Item { key, attributes }]).await?;
    let known = notice_of_provider_id(ports, &report.provider_id).await?;
    Ok(known.map(|(scope, notice)| (scope, notice.receipt(report))))
}

/// The notice behind a provider's id.
pub async fn notice_of_provider_id(
    ports: &impl ReadHome,
    provider_id: &str,
) -> Result<Option<(TenantScope, NoticeAt)>, Halt> {
    let Some(item) = ports.get(&provider_key(provider_id)).await? else {
        return Ok(None);
    };
    let tenant = item.text("tenant").and_then(|text| text.parse().ok()).ok_or_else(|| unreadable(&item))?;
    Ok(Some((TenantScope::proven(tenant, Proof::OwnQueue), read_doc(&item)?)))
}

fn orphans_of(provider_id: &str) -> String {
    format!("@orphans#{provider_id}")
}

fn provider_key(provider_id: &str) -> Key {
    Key::new("@provider-ids".to_owned(), provider_id.to_owned())
}

fn partition(scope: &TenantScope, wave: WaveRef) -> String {
    format!("{}#receipts", chunks::wave_partition(scope, wave))
}

fn prefix(run: u32) -> String {
    format!("{run:06}#")
}
