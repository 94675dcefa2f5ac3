//! Receipts: appended, never changed. The same fact again is the same item.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use tocsin_domain::chunk::ChunkRef;
use tocsin_domain::id::digest;
use tocsin_domain::outcome::Halt;
use tocsin_domain::receipt::{Fact, Receipt};

use super::plans::WaveRef;
use super::{all, chunks, read_doc, unreadable, with_doc};
use crate::scope::{Proof, TenantScope};
use crate::table::{Attributes, Item, Key, ReadHome, WriteHome};

/// What is known of the notices of one chunk, by their place in it.
pub type Facts = BTreeMap<u32, BTreeSet<Fact>>;

/// Appends receipts, whosever they are, each under its own tenant.
pub async fn append(ports: &impl WriteHome, receipts: &[(TenantScope, Receipt)]) -> Result<(), Halt> {
    let items: BTreeMap<Key, Attributes> = receipts
        .iter()
        .map(|(scope, receipt)| Ok((key(scope, receipt), with_doc(receipt)?)))
        .collect::<Result<_, Halt>>()?;
    if items.is_empty() {
        return Ok(());
    }
    Ok(ports.put_all(items.into_iter().map(|(key, attributes)| Item { key, attributes }).collect()).await?)
}

pub async fn of_chunk(
    ports: &impl ReadHome,
    scope: &TenantScope,
    chunk: &ChunkRef,
) -> Result<Vec<Receipt>, Halt> {
    let items = all(ports, partition(scope, WaveRef::of(chunk)), &format!("{:08}#", chunk.number)).await?;
    items.iter().map(read_doc).collect()
}

/// What is known of a wave's notices, by chunk.
pub async fn of_wave(
    ports: &impl ReadHome,
    scope: &TenantScope,
    wave: WaveRef,
) -> Result<BTreeMap<u32, Facts>, Halt> {
    let mut facts: BTreeMap<u32, Facts> = BTreeMap::new();
    for item in all(ports, partition(scope, wave), "").await? {
        let receipt: Receipt = read_doc(&item)?;
        facts.entry(receipt.chunk.number).or_default().entry(receipt.index).or_default().insert(receipt.fact);
    }
    Ok(facts)
}

/// Which notice of a hand-over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeAt {
    pub chunk: ChunkRef,
    pub index: u32,
    pub attempt: u32,
}

/// Keeps which notice a provider's id stands for, for providers whose events carry no tags (SNS text messages).
pub async fn remember_provider_id(
    ports: &impl WriteHome,
    scope: &TenantScope,
    provider_id: &str,
    notice: NoticeAt,
) -> Result<(), Halt> {
    let mut attributes = with_doc(&notice)?;
    attributes.insert("tenant".to_owned(), scope.tenant().as_str().into());
    Ok(ports.put_all(vec![Item { key: provider_key(provider_id), attributes }]).await?)
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

fn provider_key(provider_id: &str) -> Key {
    Key::new("@provider-ids".to_owned(), provider_id.to_owned())
}

fn partition(scope: &TenantScope, wave: WaveRef) -> String {
    format!("{}#receipts", chunks::wave_partition(scope, wave))
}

fn key(scope: &TenantScope, receipt: &Receipt) -> Key {
    let chunk = &receipt.chunk;
    let told_apart = digest("receipt", &[receipt.provider_id.as_bytes(), receipt.at.to_string().as_bytes()]);
    let sort = format!(
        "{:08}#{:02}#{}#{}#{}",
        chunk.number,
        receipt.index,
        receipt.attempt,
        receipt.fact.as_str(),
        hex::encode(&told_apart[..6])
    );
    Key::new(partition(scope, WaveRef::of(chunk)), sort)
}
