//! What people did by hand, entered with its proof.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use tocsin_audit::{Action, Leaf};
use tocsin_domain::id::{IncidentId, ObligationId, TenantId};
use tocsin_domain::incident::Incident;
use tocsin_domain::obligation::{Done, Obligation, Owed};
use tocsin_domain::tenant::Role;
use tocsin_ports::TenantScope;
use tocsin_ports::store::{done, incidents, plans};

use crate::access::with_role;
use crate::acts::{person, reason};
use crate::{ConsolePorts, No};

/// The longest address on the web or number, in bytes.
const LONGEST_PLACE: usize = 500;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DoneBody {
    what: String,
    at: Timestamp,
    place: String,
    #[serde(default)]
    sha256: Option<String>,
    #[serde(default)]
    phase: Option<String>,
}

/// Enters a person's word for a duty of the plan in force. It makes a duty on the desk met, and only there: the state of a
/// duty that notices fulfil is what their receipts say, and the word stands beside it.
pub async fn done(
    ports: &impl ConsolePorts,
    principal: &str,
    tenant: TenantId,
    (id, obligation): (IncidentId, ObligationId),
    body: &[u8],
    now: Timestamp,
) -> Result<Value, No> {
    let (scope, _) = with_role(ports, principal, tenant, Role::Responder).await?;
    let body: DoneBody = serde_json::from_slice(body).map_err(|_| {
        No::Bad("send {\"what\", \"at\", \"place\", \"sha256\"}, with an instant as in RFC 3339".to_owned())
    })?;
    let DoneBody { what, at, place, sha256, phase } = body;
    let what = reason(what)?;
    check(at, &place, sha256.as_deref(), now)?;
    let incident = incidents::get(ports, &scope, id).await?.incident;
    let Some(plan) = &incident.plan else {
        return Err(No::Conflict("the incident has no plan yet".to_owned()));
    };
    let head = plans::get(ports, &scope, id, plan.version).await?.head;
    let duties = plans::obligations(ports, &scope, &head).await?;
    let duty = duties.iter().find(|duty| duty.id == obligation).ok_or(No::NotFound)?;
    if duty.owed != Owed::Yes {
        return Err(No::Conflict("nothing is owed there, or counsel has to say whether it is".to_owned()));
    }
    let phase = phase.map(|named| phase_of(duty, &named)).transpose()?;
    let (by, on_desk) = (principal.to_owned(), phase.is_none() && head.desk.contains_key(&obligation));
    let word = Done { obligation, by, what: what.clone(), at, place: place.clone(), sha256, phase };
    let subject = [
        ("obligation", obligation.to_string()),
        ("regime", duty.regime.clone()),
        ("done", at.to_string()),
        ("place", place),
        ("sha256", word.sha256.clone().unwrap_or_default()),
        ("phase", word.phase.clone().unwrap_or_default()),
    ];
    let leaf = Leaf::new(scope.tenant(), Some(id), now, person(principal), Action::DutyDone, what, subject);
    done::put(ports, &scope, id, &word, &leaf).await?;
    if let Some(phase) = &word.phase {
        forget_phase(ports, &scope, id, (duty, phase)).await?;
    }
    Ok(json!({ "done": word, "on_desk": on_desk }))
}

/// The later phase of a duty that is named by how its words begin.
pub fn phase_of(duty: &Obligation, named: &str) -> Result<String, No> {
    let mut meant = duty.phases().filter(|phase| phase.what.starts_with(named.trim()));
    match (meant.next(), meant.next()) {
        (Some(phase), None) => Ok(phase.what.clone()),
        (_, _) => {
            let known: Vec<&str> = duty.phases().map(|phase| phase.what.as_str()).collect();
            Err(No::Bad(format!("name one of the duty's later phases: {}", known.join("; "))))
        }
    }
}

/// Takes what is asked about a phase off the incident.
async fn forget_phase(
    ports: &impl ConsolePorts,
    scope: &TenantScope,
    id: IncidentId,
    (duty, phase): (&Obligation, &str),
) -> Result<(), No> {
    let asked = Incident::phase_task(&duty.regime, &duty.recipient, phase);
    let forget = |incident: &mut Incident| incident.attention.retain(|task| !task.starts_with(&asked));
    Ok(incidents::amend(ports, scope, id, forget, &[]).await?)
}

fn check(at: Timestamp, place: &str, sha256: Option<&str>, now: Timestamp) -> Result<(), No> {
    if at > now {
        return Err(No::Bad("what lies ahead is not done yet".to_owned()));
    }
    if place.trim().is_empty() || place.len() > LONGEST_PLACE || place.chars().any(char::is_control) {
        return Err(No::Bad(format!(
            "a place is an address on the web or an acknowledgement's number, at most {LONGEST_PLACE} bytes"
        )));
    }
    let is_hash =
        |text: &str| text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if sha256.is_some_and(|text| !is_hash(text)) {
        return Err(No::Bad("sha256 is 64 figures and small letters a to f".to_owned()));
    }
    Ok(())
}
