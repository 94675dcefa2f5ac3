//! Letters on their way out to the print house, and what came of them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use tocsin_audit::{Action, Leaf};
use tocsin_domain::chunk::{ChunkRef, Entry};
use tocsin_domain::id::{IncidentId, TenantId};
use tocsin_domain::notice::Recipient;
use tocsin_domain::outcome::{Halt, Parked};
use tocsin_domain::plan::{Channel, PlanHead, Wave};
use tocsin_domain::receipt::{Fact, Receipt, Report};
use tocsin_domain::tenant::Role;
use tocsin_notices::letter::{Brief, reference_of};
use tocsin_ports::TenantScope;
use tocsin_ports::store::plans::{self, WaveRef};
use tocsin_ports::store::receipts::NoticeAt;
use tocsin_ports::store::{chunks, incidents, leaves, letters, receipts};

use crate::access::with_role;
use crate::acts::person;
use crate::routes::Post;
use crate::{ConsolePorts, No};

/// The most letters that one request names: a call's leaf and receipts stay small.
const AT_ONCE: usize = 1000;

/// The longest word of the post's on a letter, in bytes.
const LONGEST_DETAIL: usize = 60;

/// Which chunks of the plan in force are letters that lie in the vault. That they were asked for is a leaf.
pub async fn export(
    ports: &impl ConsolePorts,
    principal: &str,
    tenant: TenantId,
    id: IncidentId,
    now: Timestamp,
) -> Result<Value, No> {
    let (scope, _) = with_role(ports, principal, tenant, Role::Responder).await?;
    let (mut chunks, mut count) = (Vec::new(), 0);
    if let Some((_, waves)) = waves_of(ports, &scope, id).await? {
        for (at, wave) in &waves {
            for chunk in chunks::of_wave(ports, &scope, *at, wave).await? {
                let printed =
                    chunk.entries.iter().filter(|entry| matches!(entry, Entry::Accepted(_))).count();
                if printed > 0 {
                    chunks.push(chunk.at);
                    count += printed;
                }
            }
        }
    }
    let subject = [("chunks", chunks.len().to_string()), ("letters", count.to_string())];
    let why = "for the print house";
    let leaf =
        Leaf::new(scope.tenant(), Some(id), now, person(principal), Action::LettersExported, why, subject);
    leaves::record(ports, &scope, &leaf).await?;
    Ok(json!({ "chunks": chunks, "letters": count }))
}

/// The letters of one chunk, as they lie in the vault.
pub async fn file(
    ports: &impl ConsolePorts,
    principal: &str,
    tenant: TenantId,
    chunk: ChunkRef,
) -> Result<Value, No> {
    let (scope, _) = with_role(ports, principal, tenant, Role::Responder).await?;
    let entries = chunks::get(ports, &scope, &chunk).await?.entries;
    let bytes = letters::read(ports, &scope, &chunk, &entries).await?;
    let unreadable = |_| Halt::Park(Parked::Missing { what: format!("readable letters of {chunk}") });
    let lines = String::from_utf8(bytes).map_err(unreadable)?;
    Ok(json!({ "lines": lines }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Import {
    letters: Vec<Said>,
}

/// What is said of one letter.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    reference: String,
    at: Timestamp,
    /// A code or a few words, such as why it came back.
    #[serde(default)]
    detail: String,
}

/// Takes in a proof of posting, or what the post brought back, by the letters' references. Those that are not of this
/// incident are named in the answer, and nothing is written of them. The same again is the same receipt.
pub async fn import(
    ports: &impl ConsolePorts,
    principal: &str,
    tenant: TenantId,
    (id, post): (IncidentId, Post),
    body: &[u8],
    now: Timestamp,
) -> Result<Value, No> {
    let (scope, _) = with_role(ports, principal, tenant, Role::Responder).await?;
    let Import { letters: said } = serde_json::from_slice(body).map_err(|_| {
        No::Bad(
            "send {\"letters\": [{\"reference\", \"at\", \"detail\"}]}, with instants as in RFC 3339"
                .to_owned(),
        )
    })?;
    check(&said, now)?;
    let (fact, action) = match post {
        Post::Posted => (Fact::Delivered, Action::LettersPosted),
        Post::Returned => (Fact::Bounced, Action::LettersReturned),
    };
    let known = references(ports, &scope, id).await?;
    let (mut found, mut unknown): (Vec<(TenantScope, Receipt)>, Vec<String>) = (Vec::new(), Vec::new());
    for Said { reference, at, detail } in said {
        match known.get(&reference) {
            Some(notice) => {
                let report = Report { provider_id: letters::PRINT_HOUSE.to_owned(), fact, at, detail };
                found.push((scope.clone(), notice.receipt(report)));
            }
            None => unknown.push(reference),
        }
    }
    receipts::append(ports, &found).await?;
    let subject = [("letters", found.len().to_string()), ("unknown", unknown.len().to_string())];
    let why = "by the print house's or the post's word";
    let leaf = Leaf::new(scope.tenant(), Some(id), now, person(principal), action, why, subject);
    leaves::record(ports, &scope, &leaf).await?;
    Ok(json!({ "recorded": found.len(), "unknown": unknown }))
}

fn check(letters: &[Said], now: Timestamp) -> Result<(), No> {
    if letters.len() > AT_ONCE {
        return Err(No::Bad(format!("send at most {AT_ONCE} letters at once")));
    }
    // A free text could hold the address of whoever did not get the letter.
    let plain = |detail: &str| {
        detail.len() <= LONGEST_DETAIL
            && detail.chars().all(|sign| sign.is_ascii_alphabetic() || matches!(sign, ' ' | '-' | ','))
    };
    if letters.iter().any(|letter| !plain(&letter.detail)) {
        return Err(No::Bad(format!("a detail has at most {LONGEST_DETAIL} letters, and no figures")));
    }
    if letters.iter().any(|letter| letter.at > now) {
        return Err(No::Bad("an instant lies ahead".to_owned()));
    }
    Ok(())
}

/// Which notice each reference of the incident's letters stands for.
async fn references(
    ports: &impl ConsolePorts,
    scope: &TenantScope,
    id: IncidentId,
) -> Result<BTreeMap<String, NoticeAt>, No> {
    let mut known = BTreeMap::new();
    let Some((head, waves)) = waves_of(ports, scope, id).await? else {
        return Ok(known);
    };
    let brief: Brief = serde_json::from_str(&plans::brief(ports, scope, &head).await?)
        .map_err(|_| Halt::Park(Parked::Missing { what: "a readable brief of the plan".to_owned() }))?;
    for (at, wave) in &waves {
        for number in 0..wave.chunks {
            let chunk = chunks::get(ports, scope, &at.chunk(number)).await?;
            for (index, notice) in (0_u32..).zip(&chunk.chunk.notices) {
                if let Recipient::Person(person, _) = &notice.recipient {
                    let of = NoticeAt { chunk: chunk.chunk.at, index, attempt: chunk.attempt };
                    known.insert(reference_of(&brief, wave, *person), of);
                }
            }
        }
    }
    Ok(known)
}

/// The waves of letters of the plan in force; `None` before there is one.
async fn waves_of(
    ports: &impl ConsolePorts,
    scope: &TenantScope,
    id: IncidentId,
) -> Result<Option<(PlanHead, Vec<(WaveRef, Wave)>)>, No> {
    let Some(plan) = incidents::get(ports, scope, id).await?.incident.plan else {
        return Ok(None);
    };
    let head = plans::get(ports, scope, id, plan.version).await?.head;
    let waves = plans::waves(ports, scope, &head).await?;
    let letters = waves
        .into_iter()
        .filter(|wave| wave.channel == Channel::Letter)
        .map(|wave| (WaveRef { incident: id, plan: plan.version, wave: wave.number }, wave))
        .collect();
    Ok(Some((head, letters)))
}
