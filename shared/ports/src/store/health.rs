//! Counters: of each channel in each region, by hour, and of each wave's bounces and complaints. Each is one small write
//! for whatever a batch or a chunk has to add, without a condition: what is added twice is counted twice.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use tocsin_domain::chunk::Entry;
use tocsin_domain::health::{Count, Health};
use tocsin_domain::id::IncidentId;
use tocsin_domain::outcome::Halt;
use tocsin_domain::pause::Figures;
use tocsin_domain::plan::{Channel, Wave};

use super::plans::WaveRef;
use super::{all, all_behind, chunks, missing, overtaken, receipts, unreadable};
use crate::scope::TenantScope;
use crate::table::{Attributes, Condition, Item, Key, ReadHome, Value, Write, WriteHome};

/// A channel in a region, in the hour that begins at this instant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hour {
    pub region: String,
    pub channel: Channel,
    at: Timestamp,
}

impl Hour {
    pub fn of(region: &str, channel: Channel, at: Timestamp) -> Self {
        let begun = at.as_second().div_euclid(3600) * 3600;
        let at = Timestamp::from_second(begun).unwrap_or(at);
        Self { region: region.to_owned(), channel, at }
    }

    fn key(&self) -> Key {
        Key::new(partition(&self.region, self.channel), self.at.to_string())
    }
}

/// Adds what was counted.
pub async fn count(ports: &impl WriteHome, hour: &Hour, health: &Health) -> Result<(), Halt> {
    if health.is_empty() {
        return Ok(());
    }
    let add = health.counts().map(|(count, number)| (count.name(), number_of(number))).collect();
    ports.write(vec![Write::Add { key: hour.key(), add }]).await.map_err(overtaken)
}

/// What was counted of a channel in a region within this time.
pub async fn within(
    ports: &impl ReadHome,
    region: &str,
    channel: Channel,
    time: SignedDuration,
    now: Timestamp,
) -> Result<Health, Halt> {
    let before = Hour::of(region, channel, now - time - SignedDuration::from_hours(1)).at.to_string();
    let mut health = Health::default();
    for item in all_behind(ports, partition(region, channel), "", Some(before)).await? {
        Count::all().for_each(|count| health.add(count, counted(&item, &count.name())));
    }
    Ok(health)
}

/// How often a wave's notices bounced for good, or were complained about, counted at least once each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub bounced: u64,
    pub complained: u64,
    /// Their sum when somebody last looked at the receipts themselves.
    pub judged: u64,
}

/// Adds bounces and complaints of a wave.
pub async fn add_to_tally(
    ports: &impl WriteHome,
    scope: &TenantScope,
    wave: WaveRef,
    bounced: u64,
    complained: u64,
) -> Result<(), Halt> {
    let counts = [("bounced", bounced), ("complained", complained)];
    let add: BTreeMap<String, i64> = counts
        .into_iter()
        .filter(|(_, number)| *number > 0)
        .map(|(name, number)| (name.to_owned(), number_of(number)))
        .collect();
    if add.is_empty() {
        return Ok(());
    }
    ports.write(vec![Write::Add { key: tally_key(scope, wave), add }]).await.map_err(overtaken)
}

/// The waves of a plan that have a bounce or a complaint.
pub async fn tallies(
    ports: &impl ReadHome,
    scope: &TenantScope,
    incident: IncidentId,
    plan: u32,
) -> Result<Vec<(WaveRef, Tally)>, Halt> {
    let prefix = tally_prefix(plan);
    let items = all(ports, scope.partition(&[&incident.to_string()]), &prefix).await?;
    items
        .iter()
        .map(|item| {
            let wave = item.key.sort().strip_prefix(&prefix).and_then(|text| text.parse().ok());
            let wave = WaveRef { incident, plan, wave: wave.ok_or_else(|| unreadable(item))? };
            let (bounced, complained) = (counted(item, "bounced"), counted(item, "complained"));
            Ok((wave, Tally { bounced, complained, judged: counted(item, "judged") }))
        })
        .collect()
}

/// Notes that the receipts of a wave were looked at when its tally stood at this sum.
pub async fn judged(
    ports: &impl WriteHome,
    scope: &TenantScope,
    wave: WaveRef,
    sum: u64,
) -> Result<(), Halt> {
    let write = Write::Update {
        key: tally_key(scope, wave),
        set: Attributes::from([("judged".to_owned(), Value::Number(number_of(sum)))]),
        remove: Vec::new(),
        only_if: Condition::Present(Vec::new()),
    };
    ports.write(vec![write]).await.map_err(|_| missing("the tally of a wave that has one"))
}

/// What became of a wave's notices, from chunks and receipts: exact, and as long to read as the wave is large.
pub async fn figures(
    ports: &impl ReadHome,
    scope: &TenantScope,
    at: WaveRef,
    wave: &Wave,
) -> Result<Figures, Halt> {
    let chunks = chunks::of_wave(ports, scope, at, wave).await?;
    let entries = chunks.iter().flat_map(|chunk| &chunk.entries);
    let accepted =
        entries.filter(|entry| matches!(entry, Entry::Accepted(_) | Entry::Vouched)).count() as u64;
    let (bounced, complained) = receipts::trouble_of_wave(ports, scope, at).await?;
    Ok(Figures { accepted, bounced, complained })
}

fn counted(item: &Item, name: &str) -> u64 {
    item.number(name).and_then(|number| u64::try_from(number).ok()).unwrap_or_default()
}

fn number_of(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Of nobody's: numbers over all tenants.
fn partition(region: &str, channel: Channel) -> String {
    format!("@health#{region}#{}", channel.as_str())
}

fn tally_prefix(plan: u32) -> String {
    format!("tally#{plan:04}-")
}

fn tally_key(scope: &TenantScope, at: WaveRef) -> Key {
    scope.key(&[&at.incident.to_string()], format!("{}{:05}", tally_prefix(at.plan), at.wave))
}
