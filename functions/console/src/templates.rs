//! A tenant's own letters: put in with what the gate has against them, approved by their hash, taken back.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use tocsin_audit::{Action, Leaf};
use tocsin_domain::id::TenantId;
use tocsin_domain::plan::{Approval, approvers};
use tocsin_domain::tenant::{Role, Tenant};
use tocsin_law::{Rule, RulePack};
use tocsin_notices::Template;
use tocsin_notices::own::{self, OwnLetter};
use tocsin_ports::TenantScope;
use tocsin_ports::store::templates::{self, OwnTemplate};

use crate::access::{any_role, with_a_role_of, with_role};
use crate::acts::{person, reason};
use crate::{ConsolePorts, No};

/// Which version of which letter is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateAt {
    /// Family, audience and language.
    pub id: String,
    pub version: u32,
}

/// Every version, with how far it is.
pub async fn list(ports: &impl ConsolePorts, principal: &str, tenant: TenantId) -> Result<Value, No> {
    let (scope, _) = any_role(ports, principal, tenant).await?;
    let own = templates::list(ports, &scope).await?;
    Ok(json!({ "templates": own.iter().map(summary).collect::<Vec<_>>() }))
}

/// One version, with its files.
pub async fn show(
    ports: &impl ConsolePorts,
    principal: &str,
    tenant: TenantId,
    at: &TemplateAt,
) -> Result<Value, No> {
    let (scope, _) = any_role(ports, principal, tenant).await?;
    let stored = found(ports, &scope, at).await?;
    Ok(json!({ "template": summary(&stored), "letter": stored.letter }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PutBody {
    /// By name: `notice.toml`, `body.txt.j2`, ...
    files: BTreeMap<String, String>,
    reason: String,
}

/// Takes in a version that the gate has nothing against under any regime that it serves. No plan is made of it before it is
/// approved.
pub async fn put(
    ports: &impl ConsolePorts,
    principal: &str,
    tenant: TenantId,
    body: &[u8],
    now: Timestamp,
) -> Result<Value, No> {
    let writers = [Role::Responder, Role::Counsel, Role::Administrator];
    let (scope, _) = with_a_role_of(ports, principal, tenant, &writers).await?;
    let PutBody { files, reason: why } = serde_json::from_slice(body).map_err(|_| {
        No::Bad("send {\"files\": {\"notice.toml\": \"...\", ...}, \"reason\": \"...\"}".to_owned())
    })?;
    let why = reason(why)?;
    let letter = OwnLetter::from_files(&files).map_err(|error| No::Bad(error.to_string()))?;
    let template = letter.template().map_err(|error| No::Bad(error.to_string()))?;
    let problems =
        own::problems(&template, |regime| RulePack::shipped().rule(regime).map(Rule::content_keys));
    if !problems.is_empty() {
        return Err(No::Bad(format!("the letter is not lawful as it stands: {}", problems.join("; "))));
    }
    let (id, version) = (template.id().to_owned(), template.header().version);
    let known = templates::list(ports, &scope).await?;
    if let Some(newest) = known.iter().filter(|known| known.id == id).map(|known| known.version).max()
        && newest >= version
    {
        return Err(No::Conflict(format!(
            "{id} has a version {newest} already, and none is ever changed: give this one a higher number"
        )));
    }
    if let Some((other, regime)) = served_by_another(&known, &template) {
        return Err(No::Conflict(format!(
            "{other} serves {regime} in this language already, and no plan could be made of two: take that one back first"
        )));
    }
    let stored = OwnTemplate {
        hash: letter.hash(),
        id,
        version,
        letter,
        by: principal.to_owned(),
        at: now,
        approvals: Vec::new(),
        approved: None,
        withdrawn: None,
    };
    let regimes: Vec<&str> = template.header().regimes.keys().map(String::as_str).collect();
    let further = vec![
        ("regimes", regimes.join(" ")),
        ("effective-from", template.header().effective_from.to_string()),
    ];
    let leaf = leaf(&scope, principal, Action::TemplatePut, why, (&stored, further), now);
    templates::put(ports, &scope, None, &stored, &leaf).await?;
    Ok(json!({ "template": summary(&stored) }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ApproveBody {
    hash: String,
}

/// Adds an approval of exactly this version. The last one needed has plans made of it, from its first day on. Whoever put
/// it in is not among those who approve it.
pub async fn approve(
    ports: &impl ConsolePorts,
    principal: &str,
    tenant: TenantId,
    at: &TemplateAt,
    body: &[u8],
    now: Timestamp,
) -> Result<Value, No> {
    let (scope, settings) = with_role(ports, principal, tenant, Role::Approver).await?;
    let ApproveBody { hash } =
        serde_json::from_slice(body).map_err(|_| No::Bad("send {\"hash\": \"...\"}".to_owned()))?;
    let was = found(ports, &scope, at).await?;
    if was.hash != hash {
        return Err(No::Conflict("the letter has another hash: read it, and approve that".to_owned()));
    }
    if was.withdrawn.is_some() {
        return Err(No::Conflict("the letter was taken back: put in another version".to_owned()));
    }
    let approver = settings.standing_of(principal).ok_or(No::Forbidden)?;
    if settings.standing_of(&was.by) == Some(approver) {
        return Err(No::Conflict("you put it in yourself: another approver has to read it".to_owned()));
    }
    if approvers(&was.approvals, &hash).contains(approver) {
        return Ok(json!({ "template": summary(&was) }));
    }
    let given = given(&was, &settings) + 1;
    let needed = settings.approvals_needed;
    let why = format!("{given} of {needed} approvals");
    let leaf = leaf(&scope, principal, Action::TemplateApproved, why, (&was, Vec::new()), now);
    let mut stored = was.clone();
    stored.approvals.push(Approval { by: approver.to_owned(), at: now, hash, leaf: Some(leaf.id) });
    if stored.approved.is_none() && given >= needed as usize {
        stored.approved = Some(now);
    }
    templates::put(ports, &scope, Some(&was), &stored, &leaf).await?;
    Ok(json!({ "template": summary(&stored) }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WithdrawBody {
    reason: String,
}

/// Takes a version back: plans that were made of it stay as they are, and none is made of it any more.
pub async fn withdraw(
    ports: &impl ConsolePorts,
    principal: &str,
    tenant: TenantId,
    at: &TemplateAt,
    body: &[u8],
    now: Timestamp,
) -> Result<Value, No> {
    let who = [Role::Responder, Role::Counsel, Role::Approver];
    let (scope, _) = with_a_role_of(ports, principal, tenant, &who).await?;
    let WithdrawBody { reason: why } =
        serde_json::from_slice(body).map_err(|_| No::Bad("send {\"reason\": \"...\"}".to_owned()))?;
    let why = reason(why)?;
    let was = found(ports, &scope, at).await?;
    if was.withdrawn.is_none() {
        let leaf = leaf(&scope, principal, Action::TemplateWithdrawn, why, (&was, Vec::new()), now);
        let stored = OwnTemplate { withdrawn: Some(now), ..was.clone() };
        templates::put(ports, &scope, Some(&was), &stored, &leaf).await?;
    }
    show(ports, principal, scope.tenant().clone(), at).await
}

/// Another letter of the tenant's that was not taken back and serves a regime of this one in its language.
fn served_by_another(known: &[OwnTemplate], template: &Template) -> Option<(String, String)> {
    let others = known.iter().filter(|other| other.id != template.id() && other.withdrawn.is_none());
    others.filter_map(|other| Some((other, other.letter.template().ok()?))).find_map(|(other, letter)| {
        let is_read_alike = letter.header().language == template.header().language;
        let mut regimes = template.header().regimes.keys().filter(|_| is_read_alike);
        let regime = regimes.find(|regime| letter.terms(regime).is_some())?;
        Some((other.id.clone(), regime.clone()))
    })
}

/// How many approve it who still may.
fn given(stored: &OwnTemplate, settings: &Tenant) -> usize {
    let approvers = approvers(&stored.approvals, &stored.hash).into_iter();
    approvers.filter(|by| settings.has(by, Role::Approver)).count()
}

fn summary(stored: &OwnTemplate) -> Value {
    let OwnTemplate { id, version, hash, letter: _, by, at, approvals, approved, withdrawn } = stored;
    let approved_by: Vec<&str> = approvals.iter().map(|approval| approval.by.as_str()).collect();
    json!({
        "id": id, "version": version, "hash": hash, "by": by, "at": at, "approved_by": approved_by,
        "approved": approved, "withdrawn": withdrawn,
    })
}

async fn found(ports: &impl ConsolePorts, scope: &TenantScope, at: &TemplateAt) -> Result<OwnTemplate, No> {
    templates::find(ports, scope, (&at.id, at.version)).await?.ok_or(No::NotFound)
}

fn leaf(
    scope: &TenantScope,
    principal: &str,
    action: Action,
    why: String,
    (stored, further): (&OwnTemplate, Vec<(&'static str, String)>),
    now: Timestamp,
) -> Leaf {
    let subject = [
        ("template", stored.id.clone()),
        ("version", stored.version.to_string()),
        ("hash", stored.hash.clone()),
    ];
    let subject = subject.into_iter().chain(further);
    Leaf::new(scope.tenant(), None, now, person(principal), action, why, subject)
}
