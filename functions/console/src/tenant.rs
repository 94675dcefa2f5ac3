//! Putting a tenant: its settings, and its secrets, which go to the secret store and nowhere else.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use tocsin_audit::{Action, Actor, Leaf};
use tocsin_domain::escalation::SECRET_PREFIX;
use tocsin_domain::id::{TenantId, digest};
use tocsin_domain::tenant::Tenant;
use tocsin_law::RulePack;
use tocsin_ports::store::tenants;
use tocsin_ports::{IDENTITY_KEY, Proof, Secret, TenantScope};
use tocsin_sealed::Recipient;

use crate::access::is_administrator;
use crate::{ConsolePorts, No};

/// Routes are put and freed in one transaction, which takes 100 writes.
const MOST_ROUTES: usize = 45;

/// The settings are one item of the table, of 400 KB at most, and so is what a plan freezes of them.
const MOST_KEY_BYTES: usize = 128 * 1024;

/// Beginnings of the names of the secrets that come from outside: whose webhooks are verified, whose pages show inboxes,
/// which partners verify ours.
const SECRETS: [&str; 3] = ["webhook-", "inbox-", "partner-"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    tenant: Tenant,
    /// By name: `webhook-shopify`, ... Those that are not named stay as they are.
    #[serde(default)]
    secrets: BTreeMap<String, String>,
}

pub async fn put(
    ports: &impl ConsolePorts,
    principal: &str,
    id: &TenantId,
    body: &[u8],
    now: Timestamp,
) -> Result<Value, No> {
    if !is_administrator(ports, principal) {
        return Err(No::Forbidden);
    }
    let Body { tenant, secrets } = serde_json::from_slice(body).map_err(|error| {
        No::Bad(format!("line {} column {}: {}", error.line(), error.column(), what(&error)))
    })?;
    let mut problems = tenant.problems();
    problems.extend(problems_here(ports, id, &tenant, &secrets));
    problems.extend(unusable_keys(&tenant, now));
    if !problems.is_empty() {
        return Err(No::Bad(problems.join("; ")));
    }
    let scope = TenantScope::proven(id.clone(), Proof::Principal);
    let settings = serde_json::to_vec(&tenant).unwrap_or_default();
    let named: Vec<&str> = secrets.keys().map(String::as_str).collect();
    let subject = [("settings", hex::encode(digest("tenant", &[&settings]))), ("secrets", named.join(","))];
    let leaf = Leaf::new(
        id,
        None,
        now,
        Actor::Person(principal.to_owned()),
        Action::TenantPut,
        "settings put",
        subject,
    );
    tenants::put(ports, &scope, &tenant, &leaf).await?;
    put_secrets(ports, &scope, secrets).await?;
    Ok(json!({ "tenant": id }))
}

/// A tenant keeps its identity key for ever: another key would make other people of the same ones.
async fn put_secrets(
    ports: &impl ConsolePorts,
    scope: &TenantScope,
    secrets: BTreeMap<String, String>,
) -> Result<(), No> {
    let failed = |error: tocsin_ports::PortError| No::Halt(error.into());
    if ports.secret(scope, IDENTITY_KEY).await.map_err(failed)?.is_none() {
        let key = hex::encode(ports.random());
        ports.create_secret(scope, IDENTITY_KEY, Secret::new(key)).await.map_err(failed)?;
    }
    for (name, text) in secrets {
        ports.put_secret(scope, &name, Secret::new(text)).await.map_err(failed)?;
    }
    Ok(())
}

/// A word that no rule knows would make a duty go away in silence.
fn unknown_sectors(tenant: &Tenant) -> Option<String> {
    let known = RulePack::shipped().sectors();
    let unknown: Vec<&str> =
        tenant.controller.sectors.iter().map(String::as_str).filter(|word| !known.contains(word)).collect();
    (!unknown.is_empty()).then(|| {
        let known: Vec<&str> = known.into_iter().collect();
        format!(
            "controller.sectors: no rule knows {}; the words are {}",
            unknown.join(", "),
            known.join(", ")
        )
    })
}

/// A key that cannot be used now would stop its contact's notice in the middle of an incident.
fn unusable_keys(tenant: &Tenant, now: Timestamp) -> Vec<String> {
    let keys =
        tenant.contacts.iter().filter_map(|contact| Some((&contact.name, contact.encryption.as_ref()?)));
    let mut problems: Vec<String> = keys
        .clone()
        .filter_map(|(name, key)| Some((name, Recipient::parse(key.kind, &key.key, now).err()?)))
        .map(|(name, problem)| format!("contact {name}: encryption: {problem}"))
        .collect();
    if keys.map(|(_, key)| key.key.len()).sum::<usize>() > MOST_KEY_BYTES {
        problems.push(format!(
            "the keys of all contacts together are longer than {MOST_KEY_BYTES} bytes: export them without the signatures of \
             others"
        ));
    }
    problems
}

fn problems_here(
    ports: &impl ConsolePorts,
    id: &TenantId,
    tenant: &Tenant,
    secrets: &BTreeMap<String, String>,
) -> Vec<String> {
    let mut problems = Vec::new();
    if tenant.id != *id || *id == TenantId::installation() {
        problems.push(
            "the id in the body has to be the one in the path, and not the installation's own".to_owned(),
        );
    }
    if tenant.routes.all().count() > MOST_ROUTES {
        problems.push(format!("a tenant has at most {MOST_ROUTES} routes: name accounts instead of buckets"));
    }
    problems.extend(unknown_sectors(tenant));
    let known = &ports.settings().regions;
    let named = tenant.residency.all().into_iter();
    problems.extend(
        named
            .filter(|region| !known.iter().any(|known| known == region))
            .map(|region| format!("residency names {region}, where this installation has no people table")),
    );
    let senders: BTreeSet<&String> = tenant.residency.may_send_from.values().flatten().collect();
    problems.extend(senders.into_iter().filter(|region| !known.contains(region)).map(|region| {
        format!("residency.may_send_from names {region}, where this installation has no senders")
    }));
    let puttable =
        |name: &str| SECRETS.iter().any(|kind| name.starts_with(kind)) || name.starts_with(SECRET_PREFIX);
    problems.extend(secrets.keys().filter(|name| !puttable(name)).map(|name| {
        format!(
            "the secret {name:?} is not one that can be put: webhook-SOURCE, inbox-PLATFORM, partner-NAME, alert-NAME"
        )
    }));
    problems
}

/// What is wrong with the body, without its text: serde's own messages may quote values.
fn what(error: &serde_json::Error) -> &'static str {
    match error.classify() {
        serde_json::error::Category::Data => "a field is missing, unknown, or of another type",
        serde_json::error::Category::Syntax
        | serde_json::error::Category::Eof
        | serde_json::error::Category::Io => "not JSON",
    }
}
