//! Counsel confirms the rules whose text is not verified, and no plan that rests on others is approved.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use tocsin_audit::{Action, Leaf};
use tocsin_domain::id::{IncidentId, TenantId};
use tocsin_domain::obligation::{Confirmation, RuleVersion, unconfirmed};
use tocsin_domain::plan::PlanHead;
use tocsin_domain::tenant::Role;
use tocsin_law::{Confidence, Rule, RulePack};
use tocsin_ports::store::{confirmations, plans};
use tocsin_ports::{ReadHome, TenantScope};

use crate::access::{any_role, with_role};
use crate::acts::{person, reason};
use crate::{ConsolePorts, No};

/// How many rules a refusal names.
const NAMED: usize = 5;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfirmBody {
    rules: BTreeSet<RuleVersion>,
    reason: String,
}

/// Confirms versions of rules that this build ships, for the tenant. All or none: one that cannot be confirmed is named,
/// and nothing is written. Of what was confirmed before the first word stays.
pub async fn confirm(
    ports: &impl ConsolePorts,
    principal: &str,
    tenant: TenantId,
    body: &[u8],
    now: Timestamp,
) -> Result<Value, No> {
    let (scope, _) = with_role(ports, principal, tenant, Role::Counsel).await?;
    let ConfirmBody { rules, reason: why } = serde_json::from_slice(body).map_err(|_| {
        No::Bad(
            "send {\"rules\": [{\"id\": \"us-tx-ag\", \"from\": \"2023-09-01\"}], \"reason\": \"...\"}"
                .to_owned(),
        )
    })?;
    let why = reason(why)?;
    if rules.is_empty() {
        return Err(No::Bad("name at least one rule".to_owned()));
    }
    let mut words = Vec::new();
    for rule in &rules {
        let confidence = confirmable(rule)?.key().to_owned();
        let subject =
            [("rule", rule.id.clone()), ("from", rule.from.to_string()), ("confidence", confidence.clone())];
        let actor = person(principal);
        let leaf = Leaf::new(scope.tenant(), None, now, actor, Action::RuleConfirmed, why.clone(), subject);
        let (rule, by, reason) = (rule.clone(), principal.to_owned(), why.clone());
        words.push((Confirmation { rule, confidence, by, at: now, reason }, leaf));
    }
    confirmations::put(ports, &scope, &words).await?;
    let mut stand = confirmations::list(ports, &scope).await?;
    stand.retain(|word| rules.contains(&word.rule));
    Ok(json!({ "confirmed": stand }))
}

/// How sure the text of a rule is that waits for counsel.
fn confirmable(rule: &RuleVersion) -> Result<Confidence, No> {
    let versions: Vec<&Rule> = RulePack::shipped().versions(&rule.id).collect();
    let Some(version) = versions.iter().find(|version| version.effective_from == rule.from) else {
        let known: Vec<String> = versions.iter().map(|version| version.effective_from.to_string()).collect();
        let RuleVersion { id, from } = rule;
        return Err(No::Bad(match known.as_slice() {
            [] => format!("this version ships no rule {id}: the duties of a plan name theirs"),
            _ => format!("the rule {id} has no version from {from}: it has {}", known.join(", ")),
        }));
    };
    match version.confidence {
        Confidence::Verified => Err(No::Conflict(format!("{rule} is verified: it needs no confirmation"))),
        other @ (Confidence::WellKnown | Confidence::Uncertain) => Ok(other),
    }
}

pub async fn confirmed(ports: &impl ConsolePorts, principal: &str, tenant: TenantId) -> Result<Value, No> {
    let (scope, _) = any_role(ports, principal, tenant).await?;
    Ok(json!({ "confirmed": confirmations::list(ports, &scope).await? }))
}

/// Refuses as long as the plan rests on rules that wait for counsel.
pub async fn is_confirmed(ports: &impl ReadHome, scope: &TenantScope, head: &PlanHead) -> Result<(), No> {
    let duties = plans::obligations(ports, scope, head).await?;
    let waiting = unconfirmed(&duties, &confirmations::rules(ports, scope).await?);
    if waiting.is_empty() {
        return Ok(());
    }
    Err(No::Conflict(refusal(&waiting, scope.tenant(), head.incident)))
}

fn refusal(waiting: &BTreeSet<RuleVersion>, tenant: &TenantId, incident: IncidentId) -> String {
    let named: Vec<String> = waiting.iter().take(NAMED).map(ToString::to_string).collect();
    let more = match waiting.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(
        "{} of the rules on which the plan rests are not verified, and counsel has not confirmed them: {}{more}; counsel \
         confirms them with tocsin law confirm --tenant {tenant} --incident {incident} --reason \"...\"",
        waiting.len(),
        named.join(", ")
    )
}
