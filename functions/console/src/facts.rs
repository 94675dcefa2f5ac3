//! People state facts of an incident: what they found out, and no signal and no setting says.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use tocsin_audit::{Action, Leaf};
use tocsin_domain::id::{IncidentId, TenantId};
use tocsin_domain::incident::{FACTS_STATED, Incident, Stage};
use tocsin_domain::stated::Statement;
use tocsin_domain::tenant::Role;
use tocsin_law::{Clocks, FactsError, LawEnforcementHold, RulePack, by_place};
use tocsin_ports::store::{incidents, slices};
use tocsin_ports::{ReadHome, TenantScope, jobs};

use crate::access::with_a_role_of;
use crate::acts::{person, reason};
use crate::mend::not_cancelled;
use crate::{ConsolePorts, No};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FactsBody {
    facts: Statement,
    reason: String,
}

/// Takes in what a person states. A plan that nobody approved is made anew from it, of the people who were read already; one
/// that goes out goes on, and a person is asked to amend it.
pub async fn state(
    ports: &impl ConsolePorts,
    principal: &str,
    tenant: TenantId,
    id: IncidentId,
    body: &[u8],
    now: Timestamp,
) -> Result<Value, No> {
    let (scope, settings) =
        with_a_role_of(ports, principal, tenant, &[Role::Responder, Role::Counsel]).await?;
    let FactsBody { facts: statement, reason: why } = serde_json::from_slice(body).map_err(|_| {
        No::Bad(
            "send {\"facts\": {\"risk\": \"high\", \"key_compromised\": true, \"clocks\": {\"determination\": \"2026-11-23T12:00:00Z\"}}, \
             \"reason\": \"...\"}: each a word of the law's facts, and null to take it back"
                .to_owned(),
        )
    })?;
    let why = reason(why)?;
    if !statement.counsel.is_empty() && !settings.may(principal, Role::Counsel) {
        return Err(No::Forbidden);
    }
    let was = incidents::get(ports, &scope, id).await?;
    let mut incident = not_cancelled(&was)?;
    incident.stated = incident.stated.after(&statement);
    check(&incident, &statement, now)?;
    let is_read = is_read(ports, &scope, &incident).await?;
    if incident.stated != was.incident.stated {
        let said = serde_json::to_string(&statement).unwrap_or_default();
        let subject = [("facts", said), ("at", now.to_string())];
        let leaf =
            Leaf::new(scope.tenant(), Some(id), now, person(principal), Action::FactsStated, why, subject);
        incident.stated.leaves.extend(statement.words().into_iter().map(|word| (word, leaf.id)));
        match incident.stage {
            Stage::Blocked | Stage::AwaitingApproval if is_read => incident.plan_again(),
            // A reading that is not over takes them in when it is.
            Stage::Scoping | Stage::Blocked | Stage::AwaitingApproval => {}
            Stage::Sending => incident.ask(FACTS_STATED.to_owned()),
        }
        incidents::change(ports, &scope, &was, &incident, &[leaf], Vec::new()).await?;
    }
    // Asked again, it makes sure that the plan is under way.
    if incident.stage == Stage::Scoping && is_read {
        jobs::plan(ports, &scope, &incident).await?;
    }
    Ok(json!({ "stage": incident.stage, "stated": incident.stated }))
}

async fn is_read(ports: &impl ReadHome, scope: &TenantScope, incident: &Incident) -> Result<bool, No> {
    let slices = slices::list(ports, scope, incident.roster()).await?;
    Ok(slices::are_read(&slices, &incident.datasets))
}

/// Whether the law knows the words, also of what is taken back; whether what is stated has happened; and whether all that is
/// known then can be true together.
fn check(incident: &Incident, statement: &Statement, now: Timestamp) -> Result<(), No> {
    let bad = |error: FactsError| No::Bad(error.to_string());
    let named = |clocks: &BTreeMap<String, Option<Timestamp>>| -> BTreeMap<String, Timestamp> {
        clocks.iter().map(|(name, at)| (name.clone(), at.unwrap_or(now))).collect()
    };
    Clocks::named(&named(&statement.clocks), &named(&statement.authority_notified)).map_err(bad)?;
    by_place(&named(&statement.exceptions_opened)).map_err(bad)?;
    let pack = RulePack::shipped();
    let is_asked = |id: &&String| id.starts_with("unknown-") || pack.rule(id).is_some();
    if let Some(id) = statement.counsel.keys().find(|id| !is_asked(id)) {
        return Err(No::Bad(format!("counsel: no rule has the id {id:?}")));
    }
    let hold = incident.stated.law_enforcement_hold;
    let of_hold = hold.iter().flat_map(|hold| std::iter::once(hold.from).chain(hold.lifted));
    let maps = [&statement.clocks, &statement.authority_notified, &statement.exceptions_opened];
    let of_clocks = maps.into_iter().flat_map(BTreeMap::values).copied().flatten();
    if of_clocks.chain(of_hold).any(|at| at > now) {
        return Err(No::Bad("an instant lies ahead: state what has happened".to_owned()));
    }
    let hold = hold.map(|hold| LawEnforcementHold { from: hold.from, lifted: hold.lifted });
    hold.map_or(Ok(()), |hold| hold.check()).map_err(bad)?;
    let clocks = Clocks::named(&incident.all_clocks(), &incident.stated.authority_notified).map_err(bad)?;
    clocks.check().map_err(bad)
}
