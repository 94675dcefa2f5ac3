//! What a tenant publishes so that readers can check that a notice is real: which notices there are, the prints of their
//! references, and the signature over it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tocsin_audit::{Action, Leaf};
use tocsin_domain::chunk::{ChunkState, Entry};
use tocsin_domain::id::{IncidentId, TenantId};
use tocsin_domain::incident::{Halt as IncidentHalt, Incident, Stage};
use tocsin_domain::notice::Recipient;
use tocsin_domain::outcome::{Halt, Parked};
use tocsin_domain::plan::{PlanHead, Wave};
use tocsin_domain::tenant::{Role, Tenant};
use tocsin_notices::letter::{self, Brief};
use tocsin_notices::{Audience, Template};
use tocsin_ports::store::chunks::{self, StoredChunk};
use tocsin_ports::store::plans::{self, WaveRef};
use tocsin_ports::store::{incidents, leaves, templates};
use tocsin_ports::{ReadHome, ReadSecrets, Secret, TenantScope, VERIFICATION_KEYS};
use tocsin_verification::{Contact, Draft, Issuer, Keys, Manifest, Notice, Print, Seed, Signed};

use crate::access::{any_role, is_administrator, with_a_role_of};
use crate::acts::{person, reason_of};
use crate::{ConsolePorts, No};

/// The most chunks of one answer: 25,000 prints are less than a megabyte, and a Lambda function may answer six.
const AT_ONCE: u32 = 500;

/// How many keys are published: the one that signs, and the one before it.
const KEYS: usize = 2;

/// What can be published of a tenant's notices.
#[derive(Serialize)]
struct Listing {
    issuer: Issuer,
    /// Ascending.
    notices: Vec<Notice>,
    waves: Vec<Listed>,
}

/// A wave, and which of the notices its people get.
#[derive(Serialize)]
struct Listed {
    incident: IncidentId,
    plan: u32,
    wave: u32,
    chunks: u32,
    recipients: u64,
    /// Its place in the listing.
    notice: usize,
}

/// The notices to people under every plan that somebody approved, of all incidents: one that was left out would be called
/// false on the page.
pub async fn list(ports: &impl ConsolePorts, principal: &str, tenant: TenantId) -> Result<Value, No> {
    let (scope, settings) = any_role(ports, principal, tenant).await?;
    let listing = listing(ports, &scope, &settings).await?;
    let key = keys(ports, &scope).await?.map(|keys| keys.id());
    let mut answer = json!(listing);
    answer["key"] = json!(key);
    Ok(answer)
}

async fn listing(ports: &impl ReadHome, scope: &TenantScope, settings: &Tenant) -> Result<Listing, No> {
    let mut by_notice: BTreeMap<Notice, Vec<(WaveRef, Wave)>> = BTreeMap::new();
    for incident in incidents::list(ports, scope).await? {
        for made in plans::made(ports, scope, incident.id).await?.into_iter().filter(|made| made.is_approved)
        {
            let mut waves = plans::waves(ports, scope, &made.head).await?;
            waves.retain(is_to_people);
            if waves.is_empty() {
                continue;
            }
            let brief = brief(ports, scope, &made.head).await?;
            for wave in waves {
                let at = WaveRef { incident: incident.id, plan: made.head.version, wave: wave.number };
                let letter = templates::pinned(ports, scope, &wave.template).await?;
                by_notice.entry(notice(&wave, &brief, letter.as_deref())).or_default().push((at, wave));
            }
        }
    }
    let waves = by_notice.values().enumerate().flat_map(|(notice, waves)| {
        waves.iter().map(move |(at, wave)| Listed {
            incident: at.incident,
            plan: at.plan,
            wave: at.wave,
            chunks: wave.chunks,
            recipients: wave.recipients,
            notice,
        })
    });
    Ok(Listing { waves: waves.collect(), issuer: issuer(settings), notices: by_notice.into_keys().collect() })
}

fn issuer(settings: &Tenant) -> Issuer {
    let controller = &settings.controller;
    Issuer {
        name: controller.legal_name.clone(),
        host: controller.website.clone(),
        page: controller.notice_page.clone(),
        contact: Contact { email: controller.email.clone(), phone: controller.phone.clone() },
    }
}

/// Filings go to bodies that know how to ask.
fn is_to_people(wave: &Wave) -> bool {
    wave.template.id.split('/').nth(1) == Some(Audience::Individual.as_str())
}

/// A letter that this version does not ship any more has no subject here: nobody guesses what was said.
fn notice(wave: &Wave, brief: &Brief, sent: Option<&Template>) -> Notice {
    let merchant = &brief.facts.merchant;
    Notice {
        date: brief.facts.notice_date,
        prefix: brief.facts.reference_prefix.clone(),
        phase: wave.phase,
        channel: wave.channel,
        language: wave.language.clone(),
        subject: sent.and_then(|template| letter::subject_of(template, wave, brief).ok().flatten()),
        contact: Contact { email: merchant.email.clone(), phone: merchant.phone.clone() },
    }
}

async fn brief(ports: &impl ReadHome, scope: &TenantScope, head: &PlanHead) -> Result<Brief, No> {
    let brief = plans::brief(ports, scope, head).await?;
    let unreadable =
        |_| Halt::Park(Parked::Missing { what: format!("a readable brief of plan {}", head.version) });
    Ok(serde_json::from_str(&brief).map_err(unreadable)?)
}

/// The prints of a wave's references, from this chunk on: of every notice that was or may have been sent, and while the plan
/// is approved and in force, of those that may go yet. Nobody learns a reference from them.
pub async fn prints(
    ports: &impl ConsolePorts,
    principal: &str,
    tenant: TenantId,
    (at, from): (WaveRef, u32),
) -> Result<Value, No> {
    let (scope, _) = any_role(ports, principal, tenant).await?;
    let incident = incidents::get(ports, &scope, at.incident).await?.incident;
    let head = plans::get(ports, &scope, at.incident, at.plan).await?.head;
    let wave = plans::wave(ports, &scope, &head, at.wave).await?;
    if !is_to_people(&wave) {
        return Err(No::NotFound);
    }
    let brief = brief(ports, &scope, &head).await?;
    let goes = may_go_yet(&incident, at.plan);
    let chunks = chunks::run(ports, &scope, (at, &wave), from, AT_ONCE).await?;
    let mut prints = Vec::new();
    for chunk in &chunks {
        prints.extend(prints_of(chunk, (&wave, &brief), goes)?);
    }
    let next = from.saturating_add(AT_ONCE);
    Ok(json!({ "prints": prints, "next": (next < wave.chunks).then_some(next) }))
}

/// Whether what was not sent under the plan may still be.
fn may_go_yet(incident: &Incident, plan: u32) -> bool {
    incident.plan.as_ref().is_some_and(|in_force| in_force.version == plan)
        && incident.stage == Stage::Sending
        && incident.halt != Some(IncidentHalt::Cancelled)
}

fn prints_of(chunk: &StoredChunk, (wave, brief): (&Wave, &Brief), goes: bool) -> Result<Vec<Print>, No> {
    let notices = chunk.chunk.notices.iter().zip(&chunk.entries);
    let published = notices.filter(|(_, entry)| is_published(entry, chunk.state, goes));
    let print = |recipient: &Recipient| match recipient {
        Recipient::Person(id, _) => Some(Print::of(&letter::reference_of(brief, wave, *id))),
        Recipient::Contact(_) => None,
    };
    let prints: Result<Vec<Print>, _> =
        published.filter_map(|(notice, _)| print(&notice.recipient)).collect();
    Ok(prints.map_err(|_| Halt::Park(Parked::Defect { place: "a reference that is none".to_owned() }))?)
}

/// To call a notice false that somebody has is worse than to know one that nobody got.
fn is_published(entry: &Entry, state: ChunkState, goes: bool) -> bool {
    match entry {
        Entry::Accepted(_)
        | Entry::Refused(_)
        | Entry::InDoubt
        | Entry::Repeat
        | Entry::Vouched
        | Entry::FoundUnsent => true,
        Entry::Waiting | Entry::Throttled(_) => goes || state == ChunkState::HandingOver,
        Entry::StandsBy => goes,
        Entry::Withheld(_) => false,
    }
}

/// Signs what a tenant publishes. The issuer, the instant and the pages are the console's own; of the notices it knows each,
/// and how many people it was planned for. Which references stand in the shards it does not read again: whoever has it
/// signed answers for them by name, in the log.
pub async fn sign(
    ports: &impl ConsolePorts,
    principal: &str,
    tenant: TenantId,
    body: &[u8],
    now: Timestamp,
) -> Result<Value, No> {
    let (scope, settings) =
        with_a_role_of(ports, principal, tenant, &[Role::Responder, Role::Approver]).await?;
    let draft: Draft = serde_json::from_slice(body).map_err(|_| {
        No::Bad("send {\"notices\", \"references\", \"shards\"}: the command does".to_owned())
    })?;
    let keys = keys(ports, &scope).await?.ok_or_else(|| {
        No::Conflict(
            "the tenant has no key to sign with: an administrator has one made, with tocsin verification key"
                .to_owned(),
        )
    })?;
    let listing = listing(ports, &scope, &settings).await?;
    check(&draft, &listing)?;
    let manifest = Manifest::of(listing.issuer, draft, now).map_err(|error| No::Bad(error.to_string()))?;
    let text = manifest.text();
    let subject = [
        ("manifest", hex::encode(Sha256::digest(&text))),
        ("key", keys.id()),
        ("notices", manifest.notices.len().to_string()),
        ("references", manifest.references.count.to_string()),
    ];
    let why = "readers check their notices against it";
    let leaf = Leaf::new(scope.tenant(), None, now, person(principal), Action::ManifestSigned, why, subject);
    leaves::record(ports, &scope, &leaf).await?;
    let signature = keys.sign(text.as_bytes());
    Ok(json!(Signed { manifest: text, signature, keys: keys.published() }))
}

/// Whether a draft says nothing of notices that we do not know.
fn check(draft: &Draft, listing: &Listing) -> Result<(), No> {
    if !draft.notices.is_sorted_by(|one, next| one.notice < next.notice) {
        return Err(No::Bad("the notices are named once each, in the order of the listing".to_owned()));
    }
    for counted in &draft.notices {
        let Ok(place) = listing.notices.binary_search(&counted.notice) else {
            return Err(No::Conflict(
                "the manifest names a notice that there is not: the plans or the settings changed meanwhile, or it is \
                 made up; make it anew"
                    .to_owned(),
            ));
        };
        let waves = listing.waves.iter().filter(|wave| wave.notice == place);
        if counted.references > waves.map(|wave| wave.recipients).sum() {
            return Err(No::Conflict(
                "more references are said to stand in a notice than it has recipients: make it anew"
                    .to_owned(),
            ));
        }
    }
    Ok(())
}

/// Makes the key that signs from now on. The one before it stays published; nobody but the console sees either.
pub async fn make_key(
    ports: &impl ConsolePorts,
    principal: &str,
    tenant: TenantId,
    body: &[u8],
    now: Timestamp,
) -> Result<Value, No> {
    if !is_administrator(ports, principal) {
        return Err(No::Forbidden);
    }
    let reason = reason_of(body)?;
    let scope = TenantScope::proven(tenant, tocsin_ports::Proof::Principal);
    tocsin_ports::store::tenants::find(ports, &scope).await?.ok_or(No::NotFound)?;
    let older = secret(ports, &scope).await?;
    let older = older.map(|secret| secret.keys().ok_or_else(unusable)).transpose()?.unwrap_or_default();
    let seed = Seed::of(ports.random());
    let texts: Vec<String> = std::iter::once(seed.text()).chain(older).take(KEYS).collect();
    let subject = [("key", seed.key_id())];
    let leaf =
        Leaf::new(scope.tenant(), None, now, person(principal), Action::VerificationKeyMade, reason, subject);
    leaves::record(ports, &scope, &leaf).await?;
    ports.put_secret(&scope, VERIFICATION_KEYS, Secret::of_keys(&texts)).await.map_err(Halt::from)?;
    Ok(json!({ "key": seed.key_id(), "published": texts.len() }))
}

async fn keys(ports: &impl ReadSecrets, scope: &TenantScope) -> Result<Option<Keys>, No> {
    let read = |secret: Secret| {
        let texts = secret.keys().ok_or_else(unusable)?;
        Keys::read(&texts).map_err(|_| unusable())
    };
    secret(ports, scope).await?.map(read).transpose()
}

async fn secret(ports: &impl ReadSecrets, scope: &TenantScope) -> Result<Option<Secret>, No> {
    Ok(ports.secret(scope, VERIFICATION_KEYS).await.map_err(Halt::from)?)
}

fn unusable() -> No {
    let detail =
        format!("the secret {VERIFICATION_KEYS} is not {{\"keys\": [...]}} with 32 bytes in base64 each");
    No::Halt(Halt::Park(Parked::Settings { detail }))
}
