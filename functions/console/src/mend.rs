//! What people do when something is stuck: settle a chunk that is in doubt, let a paused wave go on, or have the evidence
//! read anew.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use tocsin_audit::{Action, Leaf};
use tocsin_domain::chunk::{ChunkEvent, ChunkRef, ChunkState, Entry, end_of_doubt};
use tocsin_domain::id::{IncidentId, TenantId};
use tocsin_domain::incident::{Halt, Incident, Stage};
use tocsin_domain::pause::Pause;
use tocsin_domain::plan::Phase;
use tocsin_domain::receipt::with_evidence;
use tocsin_domain::tenant::Role;
use tocsin_ports::store::chunks::{self, Change};
use tocsin_ports::store::incidents::Versioned;
use tocsin_ports::store::plans::{self, WaveRef};
use tocsin_ports::store::{health, incidents, pauses, receipts};
use tocsin_ports::{TenantScope, jobs};

use crate::access::with_role;
use crate::acts::{handed_over, person, reason, reason_of};
use crate::{ConsolePorts, No};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SettleBody {
    #[serde(rename = "as")]
    finding: Finding,
    /// With `sent`: the places in the chunk of those that were, at least one; the others that are in doubt were not.
    only: Option<BTreeSet<u32>>,
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

    fn entry(self) -> Entry {
        match self {
            Finding::Sent => Entry::Vouched,
            Finding::NotSent => Entry::FoundUnsent,
            Finding::Again => Entry::Repeat,
        }
    }
}

impl SettleBody {
    fn read(body: &[u8]) -> Result<Self, No> {
        let bad = || {
            No::Bad(
                "send {\"as\": \"sent\", \"not-sent\" or \"again\", \"reason\": \"...\"}, and with \"sent\" \"only\": [0, 1] \
                 where some were sent and the others not"
                    .to_owned(),
            )
        };
        let read: Self = serde_json::from_slice(body).map_err(|_| bad())?;
        match &read.only {
            Some(_) if read.finding != Finding::Sent => Err(bad()),
            Some(sent) if sent.is_empty() => {
                Err(No::Bad("\"only\" names none: if none was sent, say \"not-sent\"".to_owned()))
            }
            Some(_) | None => Ok(read),
        }
    }

    /// What was found out of each notice that is in doubt. Of one that is not, what is proven stays.
    fn settle(&self, entries: &[Entry]) -> Result<Vec<(Entry, Option<Finding>)>, No> {
        for place in self.only.iter().flatten() {
            let Some(entry) = entries.get(*place as usize) else {
                let notices = entries.len();
                return Err(No::Bad(format!(
                    "this chunk has {notices} notices, counted from 0: none is {place}"
                )));
            };
            if !entry.may_have_been_sent() {
                return Err(No::Bad(format!(
                    "notice {place} of this chunk was not sent, by what is known of it: name those that were"
                )));
            }
        }
        let found = |place: u32| match &self.only {
            Some(sent) if !sent.contains(&place) => Finding::NotSent,
            Some(_) | None => self.finding,
        };
        let each = (0..).zip(entries).map(|(place, entry)| {
            let found = (*entry == Entry::InDoubt).then(|| found(place));
            (found.map_or_else(|| entry.clone(), Finding::entry), found)
        });
        Ok(each.collect())
    }
}

/// The places in the chunk of which this was found out.
fn places(found: &[Option<Finding>], finding: Finding) -> String {
    let places = (0..).zip(found).filter(|(_, found)| **found == Some(finding));
    places.map(|(place, _): (u32, _)| place.to_string()).collect::<Vec<_>>().join(" ")
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
    let body = SettleBody::read(body)?;
    let (finding, why) = (body.finding, reason(body.reason.clone())?);
    let chunk = chunks::get(ports, &scope, &at).await?;
    if chunk.state != ChunkState::Undecided && chunk.entries.contains(&Entry::InDoubt) {
        let what = "others of this chunk go first: settle it when they have gone; release the incident if it is held, and \
                    resume the wave if it is paused";
        return Err(No::Conflict(what.to_owned()));
    }
    if chunk.state != ChunkState::Undecided {
        answer_question(ports, &scope, &at).await?;
        let state = chunk.state.as_str();
        return Err(No::Conflict(format!("nothing is in doubt about this chunk: it is {state}")));
    }
    let incident = incidents::get(ports, &scope, at.incident).await?.incident;
    let goes_on = incident.goes_by(at.plan);
    if finding == Finding::Again && !goes_on {
        let what = "the plan of this chunk is over, and nothing of it goes again: say \"not-sent\", or \"sent\", and with \
                    \"only\" which of them were";
        return Err(No::Conflict(what.to_owned()));
    }
    // What an event proves, nobody has to know better.
    let known = receipts::of_chunk(ports, &scope, &at).await?;
    let proven = with_evidence(&chunk.entries, &known);
    let (entries, found): (Vec<Entry>, Vec<Option<Finding>>) = body.settle(&proven)?.into_iter().unzip();
    let settled = found.iter().flatten().count();
    let unsent = found.iter().flatten().filter(|found| **found == Finding::NotSent).count();
    let Some(event) = end_of_doubt(&entries) else {
        return Err(No::Conflict("something of this chunk is still in doubt".to_owned()));
    };
    let wake = (event != ChunkEvent::Evidence || chunk.moves_on(&entries)).then_some(now);
    let subject = [
        ("chunk", at.to_string()),
        ("attempt", chunk.attempt.to_string()),
        ("as", finding.as_str().to_owned()),
        ("notices", settled.to_string()),
        ("sent", places(&found, Finding::Sent)),
        ("not_sent", places(&found, Finding::NotSent)),
        ("again", places(&found, Finding::Again)),
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
    // Asked before the answer is stored: whoever asks again after a crash finds nothing in doubt.
    if unsent > 0 && !goes_on && incident.halt != Some(Halt::Cancelled) {
        let ask = |incident: &mut Incident| incident.ask_to_amend(unsent, at);
        incidents::amend(ports, &scope, at.incident, ask, &[]).await?;
    }
    let change = Change { event, entries: Some(entries), wake };
    if !chunks::step(ports, &scope, &chunk, change, &leaf).await? {
        return Err(No::Conflict("the chunk moved on meanwhile: show the incident".to_owned()));
    }
    answer_question(ports, &scope, &at).await?;
    let goes_again = goes_on && (finding == Finding::Again || unsent > 0);
    Ok(json!({
        "chunk": at, "settled": settled, "unsent": unsent, "as": finding.as_str(), "goes_again": goes_again,
    }))
}

/// Takes the question off the incident.
async fn answer_question(ports: &impl ConsolePorts, scope: &TenantScope, at: &ChunkRef) -> Result<(), No> {
    let answered = |incident: &mut Incident| incident.answer(&at.question());
    Ok(incidents::amend(ports, scope, at.incident, answered, &[]).await?)
}

/// Lets a paused wave go on. What bounced, was refused or was complained about until now is not held against it again, and
/// it waits for no canary any more.
pub async fn resume(
    ports: &impl ConsolePorts,
    principal: &str,
    tenant: TenantId,
    (id, number): (IncidentId, u32),
    body: &[u8],
    now: Timestamp,
) -> Result<Value, No> {
    let (scope, _) = with_role(ports, principal, tenant, Role::Responder).await?;
    let why = reason_of(body)?;
    let was = incidents::get(ports, &scope, id).await?;
    let Some(plan) = was.incident.plan.as_ref().filter(|_| was.incident.is_paused(number)) else {
        return Err(No::Conflict("this wave of the plan in force is not paused".to_owned()));
    };
    let at = WaveRef { incident: id, plan: plan.version, wave: number };
    let head = plans::get(ports, &scope, id, plan.version).await?.head;
    let wave = plans::wave(ports, &scope, &head, number).await?;
    let figures = health::figures(ports, &scope, at, &wave).await?;
    let mut incident = was.incident.clone();
    incident.pauses.insert(number, Pause { figures, lifted: true });
    incident.answer_pause(number);
    let leaf = pauses::leaf(&scope, at, &figures, (person(principal), Action::WaveResumed, &why), now);
    plans::set_pauses(ports, &scope, (&was, &incident), &leaf).await?;
    plans::begin_again(ports, &scope, id, plan.version).await?;
    Ok(json!({ "wave": number, "figures": figures }))
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
    let mut incident = not_cancelled(&was)?;
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
            return Err(No::Conflict("the plan is approved and notices go out: amend it".to_owned()));
        }
    }
    jobs::cut(ports, &scope, &incident).await?;
    Ok(json!({ "stage": incident.stage, "scope_version": incident.scope_version }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AmendBody {
    to_those_told: Phase,
    /// Whether the evidence is read anew, too.
    read_anew: bool,
    reason: String,
}

/// Begins a new version of an approved plan: nothing more goes out until that is approved. Those who were not told yet get
/// their first notice under it; those who were get what corrects, adds to or withdraws it, where it says something else.
/// The answer names exactly the chunks that had been handed over.
pub async fn amend(
    ports: &impl ConsolePorts,
    principal: &str,
    tenant: TenantId,
    id: IncidentId,
    body: &[u8],
    now: Timestamp,
) -> Result<Value, No> {
    let (scope, _) = with_role(ports, principal, tenant, Role::Responder).await?;
    let AmendBody { to_those_told: phase, read_anew, reason: why } =
        serde_json::from_slice(body).map_err(|_| {
            No::Bad(
                "send {\"to_those_told\": \"correction\", \"follow-up\" or \"withdrawal\", \"read_anew\": false, \
                 \"reason\": \"...\"}"
                    .to_owned(),
            )
        })?;
    if phase == Phase::First {
        return Err(No::Bad("those who were told get a correction, a follow-up or a withdrawal".to_owned()));
    }
    let why = reason(why)?;
    let was = incidents::get(ports, &scope, id).await?;
    let mut incident = not_cancelled(&was)?;
    match incident.stage {
        Stage::Sending => {}
        // Asked again while it is under way, it makes sure that it is.
        Stage::Scoping if incident.amends_by == Some(phase) => {
            go_on(ports, &scope, &incident, read_anew).await?;
            let handed_over = handed_over(ports, &scope, id).await?;
            return Ok(json!({ "stage": incident.stage, "handed_over": handed_over }));
        }
        Stage::Scoping | Stage::Blocked | Stage::AwaitingApproval => {
            return Err(No::Conflict(
                "no plan is approved: have the evidence read anew (rescope)".to_owned(),
            ));
        }
    }
    incident.amend(phase);
    if read_anew {
        incident.scope_again();
    }
    let subject =
        [("to_those_told", phase.as_str().to_owned()), ("scope", incident.scope_version.to_string())];
    let leaf = Leaf::new(scope.tenant(), Some(id), now, person(principal), Action::PlanAmended, why, subject);
    plans::amend(ports, &scope, (&was, &incident), &leaf).await?;
    go_on(ports, &scope, &incident, read_anew).await?;
    let handed_over = handed_over(ports, &scope, id).await?;
    Ok(json!({ "stage": incident.stage, "handed_over": handed_over }))
}

/// Asks for what a new version needs first.
async fn go_on(
    ports: &impl ConsolePorts,
    scope: &TenantScope,
    incident: &Incident,
    read_anew: bool,
) -> Result<(), No> {
    if read_anew {
        jobs::cut(ports, scope, incident).await?;
    } else {
        jobs::plan(ports, scope, incident).await?;
    }
    Ok(())
}

/// The incident as it was, for a change.
pub fn not_cancelled(was: &Versioned) -> Result<Incident, No> {
    if was.incident.halt == Some(Halt::Cancelled) {
        return Err(No::Conflict("the incident is cancelled for good".to_owned()));
    }
    Ok(was.incident.clone())
}
