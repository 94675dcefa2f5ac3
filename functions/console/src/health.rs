//! How each channel does in each region, and the last canary of each. For administrators of the installation: the numbers are over all tenants.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tocsin_domain::canary::{CanaryMessage, End};
use tocsin_domain::health::Count;
use tocsin_domain::plan::Channel;
use tocsin_ports::store::{canaries, health};
use tocsin_ports::{Configured, ReadHome};

use crate::No;
use crate::access::is_administrator;

/// A month.
const LONGEST: u32 = 31 * 24;

/// A canary that is older says nothing of today.
const CANARIES_WITHIN: SignedDuration = SignedDuration::from_hours(48);

/// The channels of which providers say something.
const CHANNELS: [Channel; 2] = [Channel::Email, Channel::Sms];

pub async fn show(
    ports: &(impl ReadHome + Configured),
    who: &str,
    hours: u32,
    now: Timestamp,
) -> Result<Value, No> {
    if !is_administrator(ports, who) {
        return Err(No::Forbidden);
    }
    let time = SignedDuration::from_hours(hours.clamp(1, LONGEST).into());
    let mut channels = Vec::new();
    for region in &ports.settings().regions {
        for channel in CHANNELS {
            let health = health::within(ports, region, channel, time, now).await?;
            let counts: BTreeMap<String, u64> =
                Count::all().map(|count| (count.name(), health.get(count))).collect();
            channels.push(json!({
                "region": region,
                "channel": channel,
                "counts": counts,
                "mean_seconds": health.mean_seconds(),
                "nine_of_ten_within_seconds": health.nine_of_ten_within(),
            }));
        }
    }
    let mut last = Vec::new();
    for region in &ports.settings().regions {
        let canary = canaries::last(ports, region, CANARIES_WITHIN, now).await?;
        last.extend(canary.map(|canary| shown(&canary, now)));
    }
    Ok(json!({ "hours": hours, "channels": channels, "canaries": last }))
}

fn shown(canary: &CanaryMessage, now: Timestamp) -> Value {
    let (state, seconds, why) = match canary.end(now) {
        Some(End::Arrived(time)) => ("arrived", Some(time.as_secs()), None),
        Some(End::Missing(why)) => ("missing", None, Some(why)),
        None => ("on its way", None, None),
    };
    let region = &canary.id.region;
    json!({ "region": region, "since": canary.since, "state": state, "seconds": seconds, "why": why })
}
