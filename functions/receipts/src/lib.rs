//! `receipts`: what providers report about notices is appended to what is known of them.
//!
//! - Idempotency: the same report is the same item, however often and in whatever order it comes.
//! - Retried: a table that did not answer.
//! - Parked: a body that is no delivery event, or one with neither our tags nor a known id.
//! - Acknowledged: when its facts stand in the store, and a notice that did not arrive is on the list of those to see
//!   to; or when it says nothing about a notice. A report may come before the hand-over's own answer is stored: nothing
//!   here needs that answer.

mod counts;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use tocsin_domain::chunk::{ChunkRef, ChunkState};
use tocsin_domain::outcome::{Halt, Outcome, Parked};
use tocsin_domain::receipt::{Fact, Receipt};
use tocsin_domain::wire::Message;
use tocsin_ports::store::{chunks, receipts, unreached};
use tocsin_ports::{Configured, Proof, ReadHome, TenantScope, WriteHome};
use tocsin_sources::receipt::{DeliveryEvent, ReceiptKind, receipts as events_of};

/// What one report says, each with the tenant it belongs to.
pub async fn read(
    ports: &impl ReadHome,
    message: Message<'_>,
    _now: Timestamp,
) -> Result<Vec<Found>, Outcome> {
    found(ports, message.body).await.map_err(Outcome::from)
}

/// A fact, whose it is, and what it says of the channel.
#[derive(Debug, Clone)]
pub struct Found {
    scope: TenantScope,
    receipt: Receipt,
    kind: ReceiptKind,
    /// From the provider's acceptance to the event.
    took: Option<SignedDuration>,
}

async fn found(ports: &impl ReadHome, body: &str) -> Result<Vec<Found>, Halt> {
    let events =
        events_of(body.as_bytes()).map_err(|error| Parked::Unreadable { detail: error.to_string() })?;
    let mut found = Vec::new();
    for event in &events {
        found.push(receipt_of(ports, event).await?);
    }
    Ok(found)
}

/// Appends what the reports of a batch say, with as few calls as can be, and counts them.
///
/// A wave's bounces and complaints are counted when their receipts stand in the store: whoever sees the tally grow finds
/// them. Whatever fails in between comes again, and is counted then, so a tally is never too small. The channel's health
/// is counted last, and where that fails it is a little too low: nothing is decided by it.
pub async fn append(
    ports: &(impl ReadHome + WriteHome + Configured),
    mut found: Vec<Found>,
) -> Result<(), Halt> {
    let answered = answered(ports, &found).await?;
    found.retain(|found| found.receipt.fact != Fact::Sent || !answered.contains(&found.receipt.chunk));
    let receipts: Vec<(TenantScope, Receipt)> =
        found.iter().map(|found| (found.scope.clone(), found.receipt.clone())).collect();
    receipts::append(ports, &receipts).await?;
    counts::tally(ports, &found).await?;
    let not_there = receipts.iter().filter(|(_, receipt)| says_it_did_not_arrive(receipt.fact));
    unreached::put(
        ports,
        not_there.map(|(scope, receipt)| (scope, receipt.chunk, receipt.index, receipt.at)),
    )
    .await?;
    counts::health(ports, &found).await;
    Ok(())
}

/// Whether another channel may have to be tried: `watch` weighs this against all that is known.
fn says_it_did_not_arrive(fact: Fact) -> bool {
    match fact {
        Fact::Bounced | Fact::NeverSent => true,
        Fact::Sent | Fact::Delivered | Fact::Seen | Fact::Delayed => false,
    }
}

/// The chunks that have their answer. That the provider took their notices is known then: a report of it adds nothing,
/// and writing it would double the cost of every notice.
async fn answered(ports: &impl ReadHome, found: &[Found]) -> Result<BTreeSet<ChunkRef>, Halt> {
    let sent = found.iter().filter(|found| found.receipt.fact == Fact::Sent);
    let chunks: BTreeMap<ChunkRef, &TenantScope> =
        sent.map(|found| (found.receipt.chunk, &found.scope)).collect();
    let mut answered = BTreeSet::new();
    for (chunk, scope) in chunks {
        if chunks::state(ports, scope, &chunk).await? == ChunkState::Accepted {
            answered.insert(chunk);
        }
    }
    Ok(answered)
}

/// The notice that an event is about: by its tags, else by the provider's id.
async fn receipt_of(ports: &impl ReadHome, event: &DeliveryEvent) -> Result<Found, Halt> {
    let tagged = of_tags(&event.tags);
    let found = match tagged {
        Some(found) => Some(found),
        None => receipts::notice_of_provider_id(ports, &event.provider_message_id).await?,
    };
    let Some((scope, notice)) = found else {
        let detail = "a delivery event without our tags and with an unknown message id".to_owned();
        return Err(Parked::Unreadable { detail }.into());
    };
    let receipt = Receipt {
        chunk: notice.chunk,
        index: notice.index,
        attempt: notice.attempt,
        fact: event.kind.fact(),
        at: event.at,
        provider_id: event.provider_message_id.clone(),
        detail: event.detail.clone(),
    };
    let took = event.taken_at.map(|taken| event.at.duration_since(taken));
    Ok(Found { scope, receipt, kind: event.kind, took })
}

fn of_tags(tags: &BTreeMap<String, String>) -> Option<(TenantScope, receipts::NoticeAt)> {
    let tenant = tags.get("tenant")?.parse().ok()?;
    let chunk: ChunkRef = tags.get("chunk")?.parse().ok()?;
    let index = tags.get("index")?.parse().ok()?;
    let attempt = tags.get("attempt")?.parse().ok()?;
    Some((TenantScope::proven(tenant, Proof::OwnQueue), receipts::NoticeAt { chunk, index, attempt }))
}
