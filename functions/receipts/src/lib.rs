//! `receipts`: what providers report about notices is appended to what is known of them.
//!
//! - Idempotency: the same report is the same item, however often and in whatever order it comes.
//! - Retried: a table that did not answer.
//! - Parked: a body that is no delivery event; one of a mail with neither our tags nor a known id.
//! - Acknowledged: when its facts stand in the store, and a notice that did not arrive is on the list of those to see
//!   to; or when it says nothing about a notice. A report may come before the hand-over's own answer is stored: tags need
//!   no answer, and a report of a text by its id alone is kept until the id is known.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use tocsin_domain::chunk::{ChunkRef, ChunkState};
use tocsin_domain::outcome::{Halt, Outcome, Parked};
use tocsin_domain::receipt::{Fact, Receipt, Report};
use tocsin_domain::wire::Message;
use tocsin_ports::store::{chunks, receipts};
use tocsin_ports::{Proof, ReadHome, TenantScope, WriteHome};
use tocsin_sources::receipt::{DeliveryEvent, receipts as events_of};

/// What one report says, each with the tenant it belongs to.
pub async fn read(
    ports: &impl ReadHome,
    message: Message<'_>,
    _now: Timestamp,
) -> Result<Vec<Found>, Outcome> {
    found(ports, message.body).await.map_err(Outcome::from)
}

/// What a report says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A fact, and whose it is.
    Receipt(TenantScope, Receipt),
    /// A fact about a text that is not known here: the answer to its hand-over is not stored yet, or somebody else in
    /// the account sent it.
    Orphan(Report),
}

async fn found(ports: &impl ReadHome, body: &str) -> Result<Vec<Found>, Halt> {
    let events =
        events_of(body.as_bytes()).map_err(|error| Parked::Unreadable { detail: error.to_string() })?;
    let mut found = Vec::new();
    for event in events {
        found.push(found_in(ports, event).await?);
    }
    Ok(found)
}

/// Appends what the reports of a batch say, with as few calls as can be.
pub async fn append(ports: &(impl ReadHome + WriteHome), found: Vec<Found>) -> Result<(), Halt> {
    let (mut receipts, mut orphans) = (Vec::new(), 0_u32);
    for found in found {
        match found {
            Found::Receipt(scope, receipt) => receipts.push((scope, receipt)),
            Found::Orphan(report) => match receipts::keep_orphan(ports, report).await? {
                Some(receipt) => receipts.push(receipt),
                None => orphans += 1,
            },
        }
    }
    if orphans > 0 {
        tracing::info!(orphans, "reports of texts that are not known here were kept");
    }
    let answered = answered(ports, &receipts).await?;
    receipts.retain(|(_, receipt)| receipt.fact != Fact::Sent || !answered.contains(&receipt.chunk));
    receipts::append(ports, &receipts).await
}

/// The chunks that have their answer. That the provider took their notices is known then: a report of it adds nothing,
/// and writing it would double the cost of every notice.
async fn answered(
    ports: &impl ReadHome,
    receipts: &[(TenantScope, Receipt)],
) -> Result<BTreeSet<ChunkRef>, Halt> {
    let sent = receipts.iter().filter(|(_, receipt)| receipt.fact == Fact::Sent);
    let chunks: BTreeMap<ChunkRef, &TenantScope> =
        sent.map(|(scope, receipt)| (receipt.chunk, scope)).collect();
    let mut answered = BTreeSet::new();
    for (chunk, scope) in chunks {
        if chunks::state(ports, scope, &chunk).await? == ChunkState::Accepted {
            answered.insert(chunk);
        }
    }
    Ok(answered)
}

/// The notice that an event is about: by its tags, else by the provider's id. Mail always carries our tags; what has none
/// and is of no text that we know is not ours to keep in silence.
async fn found_in(ports: &impl ReadHome, event: DeliveryEvent) -> Result<Found, Halt> {
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
        Some((scope, notice)) => Ok(Found::Receipt(scope, notice.receipt(report))),
        None if event.kind.is_of_text() => Ok(Found::Orphan(report)),
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
