//! Counters: of each channel in each region, by hour, and of each wave's bounces, refusals and complaints. Each is one
//! small write for whatever a batch or a chunk has to add, without a condition: what is added twice is counted twice.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use tocsin_domain::health::{Count, Health};
use tocsin_domain::id::IncidentId;
use tocsin_domain::outcome::Halt;
use tocsin_domain::pause::{CanaryFigures, Figures};
use tocsin_domain::plan::{Channel, Wave};

use super::plans::WaveRef;
use super::{all, all_behind, chunks, coverage, missing, overtaken, receipts, unreadable};
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

/// How often a wave's notices bounced for good, were refused by the provider, or were complained about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub bounced: u64,
    pub refused: u64,
    pub complained: u64,
}

impl Tally {
    pub fn sum(&self) -> u64 {
        self.bounced + self.refused + self.complained
    }
}

/// A wave's tally, and its sum when somebody last looked at the receipts themselves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Judged {
    pub tally: Tally,
    pub at: u64,
}

/// Adds to what was counted of a wave.
pub async fn add_to_tally(
    ports: &impl WriteHome,
    scope: &TenantScope,
    wave: WaveRef,
    more: Tally,
) -> Result<(), Halt> {
    let counts = [("bounced", more.bounced), ("refused", more.refused), ("complained", more.complained)];
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

/// The waves of a plan of which something was counted.
pub async fn tallies(
    ports: &impl ReadHome,
    scope: &TenantScope,
    incident: IncidentId,
    plan: u32,
) -> Result<Vec<(WaveRef, Judged)>, Halt> {
    let prefix = tally_prefix(plan);
    let items = all(ports, scope.partition(&[&incident.to_string()]), &prefix).await?;
    items
        .iter()
        .map(|item| {
            let wave = item.key.sort().strip_prefix(&prefix).and_then(|text| text.parse().ok());
            let wave = WaveRef { incident, plan, wave: wave.ok_or_else(|| unreadable(item))? };
            let [bounced, refused, complained] =
                ["bounced", "refused", "complained"].map(|name| counted(item, name));
            Ok((wave, Judged { tally: Tally { bounced, refused, complained }, at: counted(item, "judged") }))
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
        set: Attributes::from([("judged", Value::Number(number_of(sum)))]),
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
    let troubles = receipts::trouble_of_wave(ports, scope, at).await?;
    let mut figures = Figures::default();
    for chunk in &chunks {
        for (index, entry) in (0_u32..).zip(&chunk.entries) {
            figures.add(entry, troubles.get(&(chunk.at.number, index)).copied().unwrap_or_default());
        }
    }
    Ok(figures)
}

/// What is known of a canary wave, read in the same way.
pub async fn of_canary(
    ports: &impl ReadHome,
    scope: &TenantScope,
    at: WaveRef,
    canary: &Wave,
) -> Result<CanaryFigures, Halt> {
    let facts = receipts::of_wave(ports, scope, at).await?;
    let mut known = CanaryFigures::of(canary.channel);
    for chunk in chunks::of_wave(ports, scope, at, canary).await? {
        known.add_chunk(chunk.state);
        let reaches = coverage::reaches(&chunk.entries, facts.get(&chunk.at.number));
        reaches.iter().for_each(|reach| known.add_notice(reach));
    }
    known.figures = figures(ports, scope, at, canary).await?;
    Ok(known)
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
