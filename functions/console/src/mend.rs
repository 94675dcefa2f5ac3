//! What people do when something is stuck: settle a chunk that is in doubt, or have the evidence read anew.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use tocsin_audit::{Action, Leaf};
use tocsin_domain::chunk::{ChunkEvent, ChunkRef, ChunkState, Entry, end_of_doubt};
use tocsin_domain::id::{IncidentId, TenantId};
use tocsin_domain::incident::{Halt, Incident, Stage};
use tocsin_domain::receipt::with_evidence;
use tocsin_domain::tenant::Role;
use tocsin_ports::store::chunks::{self, Change};
use tocsin_ports::store::{incidents, receipts};
use tocsin_ports::{TenantScope, jobs};

use crate::access::with_role;
use crate::acts::{person, reason, reason_of};
use crate::{ConsolePorts, No};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SettleBody {
    #[serde(rename = "as")]
    finding: Finding,
    reason: String,
}

/// What a person found out about notices that were in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Finding {
    /// The provider sent them.
    Sent,
    /// It did not: they go again, as they are.
    NotSent,
    /// Nobody can tell: they go again, marked as a copy.
    Again,
}

impl Finding {
    fn as_str(self) -> &'static str {
        match self {
            Finding::Sent => "sent",
            Finding::NotSent => "not-sent",
            Finding::Again => "again",
        }
    }

    fn of(self, entry: &Entry) -> Entry {
        if *entry != Entry::InDoubt {
            return entry.clone();
        }
        match self {
            Finding::Sent => Entry::Vouched,
            Finding::NotSent => Entry::Throttled("a person found that it was not sent".to_owned()),
            Finding::Again => Entry::Repeat,
        }
    }
}

/// Ends the doubt about a chunk. Once it is ended another settlement changes nothing.
pub async fn settle(
    ports: &impl ConsolePorts,
    principal: &str,
    tenant: TenantId,
    at: ChunkRef,
    body: &[u8],
    now: Timestamp,
) -> Result<Value, No> {
    let (scope, _) = with_role(ports, principal, tenant, Role::Responder).await?;
    let SettleBody { finding, reason: why } = serde_json::from_slice(body).map_err(|_| {
        No::Bad("send {\"as\": \"sent\", \"not-sent\" or \"again\", \"reason\": \"...\"}".to_owned())
    })?;
    let why = reason(why)?;
    let chunk = chunks::get(ports, &scope, &at).await?;
    if chunk.state != ChunkState::Undecided {
        answer_question(ports, &scope, &at).await?;
        let state = chunk.state.as_str();
        return Err(No::Conflict(format!("nothing is in doubt about this chunk: it is {state}")));
    }
    // What an event proves, nobody has to know better.
    let known = receipts::of_chunk(ports, &scope, &at).await?;
    let proven = with_evidence(&chunk.entries, &known);
    let entries: Vec<Entry> = proven.iter().map(|entry| finding.of(entry)).collect();
    let settled = entries.iter().zip(&proven).filter(|(now, was)| now != was).count();
    let Some(event) = end_of_doubt(&entries) else {
        return Err(No::Conflict("something of this chunk is still in doubt".to_owned()));
    };
    let wake = (event != ChunkEvent::Evidence || chunk.moves_on(&entries)).then_some(now);
    let subject = [
        ("chunk", at.to_string()),
        ("attempt", chunk.attempt.to_string()),
        ("as", finding.as_str().to_owned()),
        ("notices", settled.to_string()),
    ];
    let leaf = Leaf::new(
        scope.tenant(),
        Some(at.incident),
        now,
        person(principal),
        Action::ChunkSettled,
        why,
        subject,
    );
    let change = Change { event, entries: Some(entries), wake };
    if !chunks::step(ports, &scope, &chunk, change, &leaf).await? {
        return Err(No::Conflict("the chunk moved on meanwhile: show the incident".to_owned()));
    }
    answer_question(ports, &scope, &at).await?;
    Ok(json!({ "chunk": at, "settled": settled, "as": finding.as_str() }))
}

/// Takes the question off the incident.
async fn answer_question(ports: &impl ConsolePorts, scope: &TenantScope, at: &ChunkRef) -> Result<(), No> {
    let answered = |incident: &mut Incident| incident.answer(&at.question());
    Ok(incidents::amend(ports, scope, at.incident, answered, &[]).await?)
}

/// Has the evidence read anew and a new plan made: after a manifest, a setting or a letter was mended. Nothing may have
/// been approved. Asked again while it is under way, it makes sure that it is.
pub async fn rescope(
    ports: &impl ConsolePorts,
    principal: &str,
    tenant: TenantId,
    id: IncidentId,
    body: &[u8],
    now: Timestamp,
) -> Result<Value, No> {
    let (scope, _) = with_role(ports, principal, tenant, Role::Responder).await?;
    let why = reason_of(body)?;
    let was = incidents::get(ports, &scope, id).await?;
    let mut incident = was.incident.clone();
    if incident.halt == Some(Halt::Cancelled) {
        return Err(No::Conflict("the incident is cancelled for good".to_owned()));
    }
    match incident.stage {
        Stage::Scoping => {}
        Stage::Blocked | Stage::AwaitingApproval => {
            incident.scope_again();
            let subject = [("scope", incident.scope_version.to_string())];
            let action = Action::ScopeBegunAgain;
            let leaf = Leaf::new(scope.tenant(), Some(id), now, person(principal), action, why, subject);
            incidents::change(ports, &scope, &was, &incident, &[leaf], Vec::new()).await?;
        }
        Stage::Sending => {
            return Err(No::Conflict(
                "the plan is approved and notices go out: hold the incident".to_owned(),
            ));
        }
    }
    jobs::cut(ports, &scope, &incident).await?;
    Ok(json!({ "stage": incident.stage, "scope_version": incident.scope_version }))
}
