//! Recovery by time range: a partner who lost what came in a while gets it again.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use tocsin_audit::{Action, Leaf};
use tocsin_domain::chunk::{ChunkEvent, ChunkRef, ChunkState, Entry};
use tocsin_domain::id::TenantId;
use tocsin_domain::incident::{Halt as Stop, Incident};
use tocsin_domain::notice::Recipient;
use tocsin_domain::plan::{Channel, PlanHead, Wave};
use tocsin_domain::receipt::{Fact, Receipt};
use tocsin_domain::tenant::Role;
use tocsin_ports::TenantScope;
use tocsin_ports::store::chunks::{self, Change, StoredChunk};
use tocsin_ports::store::plans::{self, WaveRef};
use tocsin_ports::store::{incidents, receipts};

use crate::access::with_role;
use crate::acts::{person, reason};
use crate::{ConsolePorts, No};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ResendBody {
    contact: String,
    from: Timestamp,
    to: Timestamp,
    reason: String,
}

/// What is asked for, by whom.
struct Asked<'a> {
    principal: &'a str,
    contact: &'a str,
    from: Timestamp,
    to: Timestamp,
    why: &'a str,
    now: Timestamp,
}

/// Makes the contact's notices due again that their endpoint took between the two instants, both included, and those that
/// it refused for good. They go under the ids that they had, so a partner who has one drops it.
pub async fn resend(
    ports: &impl ConsolePorts,
    principal: &str,
    tenant: TenantId,
    body: &[u8],
    now: Timestamp,
) -> Result<Value, No> {
    let (scope, _) = with_role(ports, principal, tenant, Role::Responder).await?;
    let ResendBody { contact, from, to, reason: why } = serde_json::from_slice(body).map_err(|_| {
        No::Bad("send {\"contact\", \"from\", \"to\", \"reason\"}, with instants as in RFC 3339".to_owned())
    })?;
    let why = reason(why)?;
    if from > to {
        return Err(No::Bad("the range ends before it begins".to_owned()));
    }
    let asked = Asked { principal, contact: &contact, from, to, why: &why, now };
    let mut resent: Vec<ChunkRef> = Vec::new();
    for incident in incidents::list(ports, &scope).await? {
        of_incident(ports, &scope, &incident, &asked, &mut resent).await?;
    }
    Ok(json!({ "contact": contact, "resent": resent }))
}

async fn of_incident(
    ports: &impl ConsolePorts,
    scope: &TenantScope,
    incident: &Incident,
    asked: &Asked<'_>,
    resent: &mut Vec<ChunkRef>,
) -> Result<(), No> {
    let Some(plan) = incident.plan.as_ref().filter(|_| incident.halt != Some(Stop::Cancelled)) else {
        return Ok(());
    };
    let head = plans::get(ports, scope, incident.id, plan.version).await?.head;
    for wave in plans::waves(ports, scope, &head).await? {
        match wave.channel {
            Channel::Partner => of_wave(ports, scope, &head, &wave, asked, resent).await?,
            Channel::Email | Channel::Sms | Channel::InApp | Channel::Letter => {}
        }
    }
    Ok(())
}

async fn of_wave(
    ports: &impl ConsolePorts,
    scope: &TenantScope,
    head: &PlanHead,
    wave: &Wave,
    asked: &Asked<'_>,
    resent: &mut Vec<ChunkRef>,
) -> Result<(), No> {
    let at = WaveRef { incident: head.incident, plan: head.version, wave: wave.number };
    for number in 0..wave.chunks {
        let chunk = chunks::get(ports, scope, &at.chunk(number)).await?;
        let known = receipts::of_chunk(ports, scope, &chunk.chunk.at).await?;
        if is_theirs(&chunk, asked.contact)
            && chunk.state == ChunkState::Accepted
            && is_missed(&chunk.entries, &known, asked)
            && make_due(ports, scope, &chunk, asked).await?
        {
            resent.push(chunk.chunk.at);
        }
    }
    Ok(())
}

fn is_theirs(chunk: &StoredChunk, contact: &str) -> bool {
    chunk.chunk.notices.iter().any(|notice| match &notice.recipient {
        Recipient::Contact(name) => name == contact,
        Recipient::Person(..) => false,
    })
}

fn is_missed(entries: &[Entry], known: &[Receipt], asked: &Asked<'_>) -> bool {
    let refused = entries.iter().any(|entry| matches!(entry, Entry::Refused(_)));
    let within = |at: Timestamp| asked.from <= at && at <= asked.to;
    refused || known.iter().any(|receipt| receipt.fact == Fact::Delivered && within(receipt.at))
}

async fn make_due(
    ports: &impl ConsolePorts,
    scope: &TenantScope,
    chunk: &StoredChunk,
    asked: &Asked<'_>,
) -> Result<bool, No> {
    let entries =
        chunk.entries.iter().map(|_| Entry::Throttled("a person asked for it again".to_owned())).collect();
    let at = chunk.chunk.at;
    let subject = [
        ("chunk", at.to_string()),
        ("attempt", chunk.attempt.to_string()),
        ("contact", asked.contact.to_owned()),
        ("from", asked.from.to_string()),
        ("to", asked.to.to_string()),
    ];
    let leaf = |action| {
        let actor = person(asked.principal);
        Leaf::new(scope.tenant(), Some(at.incident), asked.now, actor, action, asked.why, subject.clone())
    };
    let change = Change { event: ChunkEvent::Resend, entries: Some(entries), wake: Some(asked.now) };
    // Before it goes: what becomes of it is watched.
    let was = incidents::get(ports, scope, at.incident).await?;
    incidents::take_up(ports, scope, &was, &leaf(Action::IncidentTakenUp)).await?;
    Ok(chunks::step(ports, scope, chunk, change, &leaf(Action::ChunkResent)).await?)
}
