//! An incident's entry in the register of breaches (GDPR Article 33(5)), made of what is on record: also where nobody is told.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};
use tocsin_domain::coverage::{Coverage, Desk, state_of};
use tocsin_domain::id::{IncidentId, ObligationId, TenantId};
use tocsin_domain::incident::{Halt, Incident, Stage};
use tocsin_domain::obligation::{Done, Obligation};
use tocsin_filings::register::{Decision, Entry, Filed, lines};
use tocsin_filings::{Dossier, Filing};
use tocsin_ports::store::{done, filings, incidents};

use crate::access::any_role;
use crate::dossier::{Papers, clocks};
use crate::{ConsolePorts, No};

pub async fn entry(
    ports: &impl ConsolePorts,
    principal: &str,
    tenant: TenantId,
    id: IncidentId,
    now: Timestamp,
) -> Result<Value, No> {
    let (scope, settings) = any_role(ports, principal, tenant).await?;
    let incident = incidents::get(ports, &scope, id).await?.incident;
    let controller = settings.controller.legal_name.clone();
    let stage = stage(&incident);
    let (title, opened_at) = (incident.title.clone(), incident.opened_at);
    let (facts, decisions, filed) = match &incident.plan {
        None => {
            let mut dossier = Dossier::new(jiff::tz::TimeZone::UTC);
            clocks(&mut dossier, &incident, None);
            (lines(&dossier), Vec::new(), Vec::new())
        }
        Some(_) => {
            let papers = Papers::read(ports, &scope, settings, incident).await?;
            let done = done::list(ports, &scope, id).await?;
            let filings = filings::list(ports, &scope, id).await?;
            let duties: BTreeMap<ObligationId, &Obligation> =
                papers.duties().iter().map(|duty| (duty.id, duty)).collect();
            let decisions = duties.values().map(|duty| decision(duty, &papers, &done, now)).collect();
            let filed = filings.iter().filter_map(|filing| filed(duties.get(&filing.obligation)?, filing));
            (lines(&papers.of_the_breach()), decisions, filed.collect())
        }
    };
    let entry = Entry { incident: id, title, opened_at, stage: stage.to_owned(), facts, decisions, filed };
    Ok(json!({ "controller": controller, "entry": entry }))
}

fn stage(incident: &Incident) -> &'static str {
    match (incident.halt, incident.stage) {
        (Some(Halt::Cancelled), _) => "cancelled",
        (Some(Halt::Held), _) => "held",
        (None, Stage::Scoping) => "who is affected is being found out",
        (None, Stage::Blocked) => "no plan can be made as things stand",
        (None, Stage::AwaitingApproval) => "the plan waits for approval",
        (None, Stage::Sending) => "the plan is approved",
    }
}

fn decision(duty: &Obligation, papers: &Papers, done: &[Done], now: Timestamp) -> Decision {
    let nothing = Coverage::default();
    let on_desk =
        papers.is_on_desk(duty.id).then(|| Desk::of(done.iter().filter(|done| done.is_for(duty.id))));
    let state = state_of(duty, papers.coverage(duty.id).unwrap_or(&nothing), on_desk, now);
    let Obligation { regime, recipient, jurisdiction, owed, due, citation, reasons, .. } = duty.clone();
    let state = state.as_str().to_owned();
    Decision { regime, recipient, jurisdiction, owed, state, due, citation, reasons }
}

/// `None` while nobody filed it.
fn filed(duty: &Obligation, filing: &Filing) -> Option<Filed> {
    let submission = filing.submitted.clone()?;
    let number = filing.acknowledged.as_ref().map(|known| known.number.clone());
    let (regime, recipient) = (duty.regime.clone(), duty.recipient.clone());
    Some(Filed { regime, recipient, submission, number, hash: filing.hash.clone() })
}
