//! `receipts`: what providers report about notices is appended to what is known of them.
//!
//! - Idempotency: the same report is the same item, however often and in whatever order it comes.
//! - Retried: a table that did not answer.
//! - Parked: a body that is no delivery event; one of a mail with neither our tags nor a known id. Of a pack of log lines
//!   those that can be read are appended first: the pack is kept whole, and whoever mends it may put it back whole.
//! - Acknowledged: when its facts stand in the store, and a notice that did not arrive is on the list of those to see
//!   to; or when it says nothing about a notice. A report may come before the hand-over's own answer is stored: tags need
//!   no answer, and a report of a text by its id alone is kept until the id is known.

mod counts;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use tocsin_domain::canary::CanaryId;
use tocsin_domain::chunk::{ChunkRef, ChunkState};
use tocsin_domain::outcome::{Halt, Outcome, Parked};
use tocsin_domain::receipt::{Fact, Receipt, Report};
use tocsin_domain::wire::Message;
use tocsin_ports::store::{canaries, chunks, receipts};
use tocsin_ports::{Configured, Proof, ReadHome, TenantScope, WriteHome};
use tocsin_sources::receipt::{DeliveryEvent, ReceiptError, ReceiptKind, each as events_of};

/// What one report says, each with the tenant it belongs to.
pub async fn read(
    ports: &(impl ReadHome + WriteHome + Configured),
    message: Message<'_>,
    _now: Timestamp,
) -> Result<Vec<Found>, Outcome> {
    found(ports, message.body).await.map_err(Outcome::from)
}

/// What a report says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A fact about a notice of ours.
    Known(Known),
    /// A fact about a text that is not known here: the answer to its hand-over is not stored yet, or somebody else in
    /// the account sent it.
    Orphan(Report, Says),
    /// A fact about a canary, and when it happened.
    Canary(CanaryId, Fact, Timestamp),
}

/// A fact, whose it is, and what it says of the channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    scope: TenantScope,
    receipt: Receipt,
    says: Says,
}

/// What a report says of the channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Says {
    kind: ReceiptKind,
    /// From the provider's acceptance to the event.
    took: Option<SignedDuration>,
}

async fn found(ports: &(impl ReadHome + WriteHome + Configured), body: &str) -> Result<Vec<Found>, Halt> {
    let events = events_of(body.as_bytes()).map_err(unreadable)?;
    let all = events.len();
    let (mut found, mut faults) = (Vec::new(), Vec::new());
    for event in events {
        let read = match event {
            Ok(event) => found_in(ports, event).await,
            Err(error) => Err(unreadable(error)),
        };
        match read {
            Ok(read) => found.push(read),
            Err(Halt::Park(fault)) => faults.push(fault),
            Err(Halt::Again(why)) => return Err(Halt::Again(why)),
        }
    }
    let Some(first) = faults.first() else {
        return Ok(found);
    };
    if found.is_empty() {
        return Err(first.clone().into());
    }
    append(ports, found).await?;
    let detail = format!("{} of its {all} events, the others were taken in: {first}", faults.len());
    Err(Parked::Unreadable { detail }.into())
}

fn unreadable(error: ReceiptError) -> Halt {
    Parked::Unreadable { detail: error.to_string() }.into()
}

/// Appends what the reports of a batch say, with as few calls as can be, and counts them.
///
/// A wave's bounces, refusals and complaints are counted when their receipts stand in the store: whoever sees the tally
/// grow finds them. Whatever fails in between comes again, and is counted then, so a tally is never too small. The channel's health
/// is counted last, and where that fails it is a little too low: nothing is decided by it.
pub async fn append(ports: &(impl ReadHome + WriteHome + Configured), found: Vec<Found>) -> Result<(), Halt> {
    let (mut all, mut orphans) = (Vec::new(), 0_u32);
    for found in found {
        match found {
            Found::Known(known) => all.push(known),
            Found::Orphan(report, says) => match receipts::keep_orphan(ports, report).await? {
                Some((scope, receipt)) => all.push(Known { scope, receipt, says }),
                None => orphans += 1,
            },
            Found::Canary(canary, Fact::Delivered, at) => canaries::delivered(ports, &canary, at).await?,
            // Until it is delivered it is on its way or lost, and `watch` says so when its time is over.
            Found::Canary(
                _,
                Fact::Sent | Fact::Seen | Fact::Bounced | Fact::Delayed | Fact::NeverSent,
                _,
            ) => {}
        }
    }
    if orphans > 0 {
        tracing::info!(orphans, "reports of texts that are not known here were kept");
    }
    let answered = answered(ports, &all).await?;
    // That a copy went has to be known: a late bounce of the first message says nothing about it.
    let is_copy = |known: &Known| known.receipt.attempt > 1;
    all.retain(|known| {
        known.receipt.fact != Fact::Sent || is_copy(known) || !answered.contains(&known.receipt.chunk)
    });
    let receipts: Vec<(TenantScope, Receipt)> =
        all.iter().map(|known| (known.scope.clone(), known.receipt.clone())).collect();
    receipts::append(ports, &receipts).await?;
    counts::tally(ports, &all).await?;
    counts::health(ports, &all).await;
    Ok(())
}

/// The chunks that have their answer. That the provider took their notices is known then: a report of it adds nothing,
/// and writing it would double the cost of every notice.
async fn answered(ports: &impl ReadHome, found: &[Known]) -> Result<BTreeSet<ChunkRef>, Halt> {
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

/// The notice that an event is about: by its tags, else by the provider's id. Mail always carries our tags; what has none
/// and is of no text that we know is not ours to keep in silence. A canary has a tag of its own, and no tenant's.
async fn found_in(ports: &impl ReadHome, event: DeliveryEvent) -> Result<Found, Halt> {
    if let Some(canary) = event.tags.get("canary") {
        let canary = canary.parse().map_err(|_| Parked::Unreadable {
            detail: "a delivery event with the tag of no canary of ours".to_owned(),
        })?;
        return Ok(Found::Canary(canary, event.kind.fact(), event.at));
    }
    let says = Says { kind: event.kind, took: event.taken_at.map(|taken| event.at.duration_since(taken)) };
    let report = Report {
        provider_id: event.provider_message_id,
        fact: event.kind.fact(),
        at: event.at,
        detail: event.detail,
    };
    let known = match of_tags(&event.tags) {
        Some(known) => Some(known),
        None => receipts::notice_of_provider_id(ports, &report.provider_id).await?,
    };
    match known {
        Some((scope, notice)) => Ok(Found::Known(Known { scope, receipt: notice.receipt(report), says })),
        None if event.kind.is_of_text() => Ok(Found::Orphan(report, says)),
        None => {
            let detail = "a delivery event without our tags and with an unknown message id".to_owned();
            Err(Parked::Unreadable { detail }.into())
        }
    }
}

fn of_tags(tags: &BTreeMap<String, String>) -> Option<(TenantScope, receipts::NoticeAt)> {
    let tenant = tags.get("tenant")?.parse().ok()?;
    let chunk: ChunkRef = tags.get("chunk")?.parse().ok()?;
    let index = tags.get("index")?.parse().ok()?;
    let attempt = tags.get("attempt")?.parse().ok()?;
    Some((TenantScope::proven(tenant, Proof::OwnQueue), receipts::NoticeAt { chunk, index, attempt }))
}
