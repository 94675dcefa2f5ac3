//! The installation's queues: how they stand, what died in them, and the way back. For administrators of the
//! installation alone, and through the console: a redrive leaves a leaf in the installation's log, which nobody who
//! has rights over queues of their own could be made to write.
//!
//! **A redrive is safe at any later time.** Nothing that is sent is sent because of a message; a message only says
//! where to look, and what stands there decides:
//!
//! - *siem*: a finding has the id of its own content. One that was taken in changes nothing; one that never was is a
//!   finding that comes late, and that it does is why it is redriven.
//! - *signals*: a signal that an incident has is known to it, whatever became of the incident since.
//! - *scope*, *plan*: only an incident that is being scoped, under the very scope version that the message names, and
//!   that nobody cancelled, takes them. A plan that was made, approved or replaced is not made again.
//! - *notices*: a chunk is handed over by whoever wins its claim, from the states planned and due alone, while its own
//!   plan is the one that the gates stand open for. What was accepted, refused, in doubt, superseded, held or cancelled
//!   is skipped; people whose records are gone are withheld.
//! - *receipts*: facts are a set. A fact that is known adds nothing, and a late one is as true as an early one.
//! - A message of a version that this build does not know is parked, not guessed at.
//!
//! `tests/incidents/redrive.rs` gives every message of whole incidents back weeks after each of these ends.

use jiff::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tocsin_audit::{Action, Leaf};
use tocsin_domain::id::{TenantId, digest};
use tocsin_domain::wire::{Message, NoticesJob, PlanJob, ScopeJob, SignalJob, read};
use tocsin_ports::store::leaves;
use tocsin_ports::{
    Configured, DeadLetter, DeadLetters, LookAtQueues, Proof, Queue, Redrive, TenantScope, WriteHome,
};
use tocsin_sources::signal::{Parsed, parse};

use crate::No;
use crate::access::is_administrator;
use crate::acts::{person, reason};

/// How many messages one look shows at most.
const MOST_SHOWN: u32 = 100;

/// SQS takes no more.
const FASTEST: u32 = 500;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RedriveBody {
    reason: String,
    /// Messages a second; as fast as SQS will where it is not given.
    rate: Option<u32>,
}

/// Every queue of every region.
pub async fn list(ports: &(impl LookAtQueues + DeadLetters + Configured), who: &str) -> Result<Value, No> {
    check_administrator(ports, who)?;
    let mut queues = Vec::new();
    for queue in Queue::all(ports.settings()) {
        let standing = ports.standing(&queue).await.map_err(failed)?;
        let oldest = match standing.dead {
            Some(dead) if dead > 0 => ports.dead_letters(&queue, 10).await.map_err(failed)?,
            Some(_) | None => Vec::new(),
        };
        queues.push(json!({
            "queue": queue.to_string(),
            "region": queue.region(ports.settings()),
            "standing": standing,
            "oldest_dead": oldest.iter().map(|letter| letter.sent_at).min(),
        }));
    }
    Ok(json!({ "queues": queues }))
}

/// Some of what lies in a dead-letter queue.
pub async fn show(
    ports: &(impl DeadLetters + Configured),
    who: &str,
    queue: &Queue,
    limit: u32,
) -> Result<Value, No> {
    check_administrator(ports, who)?;
    check_queue(ports, queue)?;
    let letters = ports.dead_letters(queue, limit.clamp(1, MOST_SHOWN)).await.map_err(failed)?;
    let letters: Vec<Value> = letters.iter().map(|letter| shown(queue, letter)).collect();
    Ok(json!({ "queue": queue.to_string(), "dead_letters": letters }))
}

/// Begins to move everything from a dead-letter queue back to its queue. The leaf comes first: a move that nobody
/// could account for must not happen.
pub async fn redrive(
    ports: &(impl LookAtQueues + Redrive + WriteHome + Configured),
    who: &str,
    queue: &Queue,
    body: &[u8],
    now: Timestamp,
) -> Result<Value, No> {
    check_administrator(ports, who)?;
    check_queue(ports, queue)?;
    let RedriveBody { reason: why, rate } = serde_json::from_slice(body)
        .map_err(|_| No::Bad("send {\"reason\": \"...\", \"rate\": MESSAGES-A-SECOND}".to_owned()))?;
    let why = reason(why)?;
    if rate.is_some_and(|rate| !(1..=FASTEST).contains(&rate)) {
        return Err(No::Bad(format!("a rate is 1 to {FASTEST} messages a second")));
    }
    let standing = ports.standing(queue).await.map_err(failed)?;
    if standing.redrive.as_ref().is_some_and(|redrive| redrive.runs) {
        return Err(No::Conflict(
            "a redrive of this queue runs: list the queues, and wait for its end".to_owned(),
        ));
    }
    let scope = TenantScope::proven(TenantId::installation(), Proof::Principal);
    let messages = standing.dead.unwrap_or_default();
    let subject = [("queue", queue.to_string()), ("messages", messages.to_string()), ("at", now.to_string())];
    let leaf = Leaf::new(scope.tenant(), None, now, person(who), Action::RedriveAsked, why, subject);
    leaves::record(ports, &scope, &leaf).await?;
    ports.redrive(queue, rate).await.map_err(failed)?;
    Ok(json!({ "queue": queue.to_string(), "messages": messages }))
}

fn check_administrator(ports: &impl Configured, who: &str) -> Result<(), No> {
    if is_administrator(ports, who) { Ok(()) } else { Err(No::Forbidden) }
}

fn check_queue(ports: &impl Configured, queue: &Queue) -> Result<(), No> {
    if !Queue::all(ports.settings()).contains(queue) {
        return Err(No::NotFound);
    }
    if !queue.has_dead_letters() {
        return Err(No::Conflict(format!(
            "{queue} has no dead-letter queue: a person reads it, and each note names the parked file in the vault"
        )));
    }
    Ok(())
}

/// A body of ours carries ids and is shown as it was read. Any other one may hold personal data: it is told by its
/// size, its hash, and what is wrong with it.
fn shown(queue: &Queue, letter: &DeadLetter) -> Value {
    let message = Message { body: &letter.body, sent_at: letter.sent_at };
    let read = match queue {
        Queue::Signals => ids::<SignalJob>(message),
        Queue::Scope => ids::<ScopeJob>(message),
        Queue::Plan => ids::<PlanJob>(message),
        Queue::Notices(_) => ids::<NoticesJob>(message),
        Queue::Siem => Err(fault_of_finding(letter.body.as_bytes())),
        Queue::Receipts(_) => Err(tocsin_sources::receipt::receipts(letter.body.as_bytes())
            .err()
            .map(|error| error.to_string())),
        // It has no dead-letter queue.
        Queue::Parked(_) => Err(None),
    };
    let (body, fault) = match read {
        Ok(body) => (Some(body), None),
        Err(fault) => (None, fault),
    };
    json!({
        "message": letter.message,
        "received": letter.received,
        "first_sent": letter.sent_at,
        "body": body,
        "size": letter.body.len(),
        "hash": hex::encode(digest("body", &[letter.body.as_bytes()])),
        "fault": fault,
    })
}

fn ids<T: DeserializeOwned + Serialize>(message: Message<'_>) -> Result<Value, Option<String>> {
    let job: T = read(message).map_err(|fault| Some(fault.to_string()))?;
    serde_json::to_value(job).map_err(|fault| Some(fault.to_string()))
}

fn fault_of_finding(body: &[u8]) -> Option<String> {
    match parse(body) {
        Parsed::Rejected { reason } => Some(reason.to_string()),
        Parsed::Ignored { reason } => Some(reason.to_string()),
        Parsed::Signals { rejected, .. } => rejected.first().map(ToString::to_string),
    }
}

fn failed(error: tocsin_ports::PortError) -> No {
    No::Halt(error.into())
}
