//! What a batch says of channels and of waves, in numbers.

use std::collections::BTreeMap;

use tocsin_domain::health::{Count, Health};
use tocsin_domain::outcome::Halt;
use tocsin_domain::plan::Channel;
use tocsin_ports::store::health::{self as store, Hour, Tally};
use tocsin_ports::store::plans::WaveRef;
use tocsin_ports::{Configured, TenantScope, WriteHome};
use tocsin_sources::receipt::ReceiptKind;

use crate::Known;

/// Counts the bounces, refusals and complaints of each wave: most batches have none, and write nothing.
pub async fn tally(ports: &impl WriteHome, found: &[Known]) -> Result<(), Halt> {
    let mut waves: BTreeMap<WaveRef, (&TenantScope, Tally)> = BTreeMap::new();
    for found in found {
        let (_, tally) =
            waves.entry(WaveRef::of(&found.receipt.chunk)).or_insert((&found.scope, Tally::default()));
        tally.bounced += u64::from(found.says.kind.is_hard_bounce());
        tally.refused += u64::from(found.says.kind.is_refusal());
        tally.complained += u64::from(found.says.kind == ReceiptKind::Complained);
    }
    for (wave, (scope, tally)) in waves {
        store::add_to_tally(ports, scope, wave, tally).await?;
    }
    Ok(())
}

/// Counts what the batch says of each channel in the hour in which it happened: one write for most batches.
pub async fn health(ports: &(impl WriteHome + Configured), found: &[Known]) {
    let mut hours: BTreeMap<Hour, Health> = BTreeMap::new();
    for found in found {
        let channel = if found.says.kind.is_of_text() { Channel::Sms } else { Channel::Email };
        let hour = Hour::of(&ports.settings().region, channel, found.receipt.at);
        add(hours.entry(hour).or_default(), found);
    }
    for (hour, health) in hours {
        if let Err(halt) = store::count(ports, &hour, &health).await {
            tracing::warn!(region = hour.region, channel = hour.channel.as_str(), error = ?halt, "health");
        }
    }
}

fn add(health: &mut Health, found: &Known) {
    match found.says.kind {
        ReceiptKind::Delivered | ReceiptKind::SmsDelivered => health.add_delivery(found.says.took),
        ReceiptKind::Complained => health.add(Count::Complained, 1),
        ReceiptKind::Delayed => health.add(Count::Delayed, 1),
        ReceiptKind::BouncedPermanent(_) | ReceiptKind::SmsFailed(_) => {
            health.add(Count::Bounced, u64::from(found.says.kind.is_hard_bounce()));
        }
        ReceiptKind::Sent
        | ReceiptKind::BouncedTransient(_)
        | ReceiptKind::BouncedUndetermined
        | ReceiptKind::Rejected
        | ReceiptKind::RenderingFailed
        | ReceiptKind::Opened
        | ReceiptKind::Clicked
        | ReceiptKind::Subscribed
        | ReceiptKind::SmsPending
        | ReceiptKind::SmsAcceptedByCarrier => {}
    }
}
