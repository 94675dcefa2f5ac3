//! Letters on their way out to the print house, and what came of them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tocsin_audit::{Action, Leaf};
use tocsin_domain::chunk::{ChunkRef, Entry};
use tocsin_domain::id::{IncidentId, TenantId};
use tocsin_domain::incident::LETTERS_WAIT;
use tocsin_domain::outcome::{Halt, Parked};
use tocsin_domain::plan::Channel;
use tocsin_domain::receipt::{Fact, Receipt, Report};
use tocsin_domain::tenant::Role;
use tocsin_ports::TenantScope;
use tocsin_ports::store::letters::{self, Batch, Exported, LetterFile, PRINT_HOUSE};
use tocsin_ports::store::plans::{self, WaveRef};
use tocsin_ports::store::receipts::NoticeAt;
use tocsin_ports::store::{chunks, incidents, leaves, receipts};

use crate::access::with_role;
use crate::acts::person;
use crate::routes::Post;
use crate::{ConsolePorts, No};

/// The most letters that one request names: a call's leaf and receipts stay small.
const AT_ONCE: usize = 1000;

/// The longest word of the post's on a letter, in bytes.
const LONGEST_DETAIL: usize = 60;

/// The most files of one batch: its item stays well under DynamoDB's 400 KB. A file holds up to fifty letters.
const MOST_FILES: usize = 2000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Export {
    /// A batch that was exported before; without it, what was not.
    batch: Option<u32>,
}

/// Takes the letters out that were handed over and are in no batch yet, under whichever plan, as a batch with a number and
/// a leaf. Each letter is in one batch, and is taken out again only by that batch's number. Nothing of an incident that is
/// held or cancelled is.
pub async fn export(
    ports: &impl ConsolePorts,
    principal: &str,
    tenant: TenantId,
    id: IncidentId,
    body: &[u8],
    now: Timestamp,
) -> Result<Value, No> {
    let (scope, _) = with_role(ports, principal, tenant, Role::Responder).await?;
    let Export { batch: asked } = serde_json::from_slice(body)
        .map_err(|_| No::Bad("send {} for new letters, or {\"batch\": 1} for a batch again".to_owned()))?;
    not_halted(ports, &scope, id).await?;
    let known = letters::batches(ports, &scope, id).await?;
    if let Some(number) = asked {
        let batch = known.iter().find(|batch| batch.number == number).ok_or_else(|| {
            No::Conflict(format!("there is no batch {number}: {} were exported so far", known.len()))
        })?;
        let leaf = leaf(&scope, id, principal, batch, "again", now);
        exported(letters::take_again(ports, &scope, id, &leaf).await?)?;
        return Ok(shown(batch, 0));
    }
    let new = waiting(ports, &scope, id, &known).await?;
    if new.is_empty() {
        return Ok(json!({ "batch": null, "files": [], "letters": 0, "left": 0 }));
    }
    let taken: BTreeMap<LetterFile, u64> = new.into_iter().take(MOST_FILES).collect();
    let batch = Batch {
        number: known.last().map_or(0, |last| last.number) + 1,
        at: now,
        by: principal.to_owned(),
        letters: taken.values().sum(),
        files: taken.into_keys().collect(),
    };
    let leaf = leaf(&scope, id, principal, &batch, "new", now);
    exported(letters::put(ports, &scope, id, &batch, &leaf).await?)?;
    // Answered before it is looked what is left: a letter that is handed over meanwhile is asked about again.
    incidents::amend(ports, &scope, id, |incident| incident.answer(LETTERS_WAIT), &[]).await?;
    let known = letters::batches(ports, &scope, id).await?;
    let left = waiting(ports, &scope, id, &known).await?.values().sum();
    if left > 0 {
        incidents::ask(ports, &scope, id, LETTERS_WAIT.to_owned(), &[]).await?;
    }
    Ok(shown(&batch, left))
}

/// The files of letters that are in no batch yet, with how many letters are in each.
async fn waiting(
    ports: &impl ConsolePorts,
    scope: &TenantScope,
    id: IncidentId,
    known: &[Batch],
) -> Result<BTreeMap<LetterFile, u64>, No> {
    let mut files = handed_over(ports, scope, id).await?;
    files.retain(|file, _| !known.iter().any(|batch| batch.files.contains(file)));
    Ok(files)
}

/// `left`: how many letters wait for another batch.
fn shown(batch: &Batch, left: u64) -> Value {
    json!({ "batch": batch.number, "files": batch.files, "letters": batch.letters, "left": left })
}

/// `taken`: whether its letters are `new`, or taken out `again`.
fn leaf(
    scope: &TenantScope,
    id: IncidentId,
    principal: &str,
    batch: &Batch,
    taken: &str,
    now: Timestamp,
) -> Leaf {
    let subject = [
        ("batch", batch.number.to_string()),
        ("taken", taken.to_owned()),
        ("files", batch.files.len().to_string()),
        ("letters", batch.letters.to_string()),
    ];
    let why = "for the print house";
    Leaf::new(scope.tenant(), Some(id), now, person(principal), Action::LettersExported, why, subject)
}

const HALTED: &str = "the incident is held or cancelled: its letters stay where they are";

fn exported(written: Exported) -> Result<(), No> {
    match written {
        Exported::Written => Ok(()),
        Exported::Halted => Err(No::Conflict(HALTED.to_owned())),
        Exported::Overtaken => {
            Err(No::Conflict("somebody else exported at this moment: look again".to_owned()))
        }
    }
}

async fn not_halted(ports: &impl ConsolePorts, scope: &TenantScope, id: IncidentId) -> Result<(), No> {
    match incidents::get(ports, scope, id).await?.incident.halt {
        None => Ok(()),
        Some(_) => Err(No::Conflict(HALTED.to_owned())),
    }
}

/// The files of letters that were handed over, with how many letters are in each: under whichever plan, for they count as
/// handed over in those that came later.
async fn handed_over(
    ports: &impl ConsolePorts,
    scope: &TenantScope,
    id: IncidentId,
) -> Result<BTreeMap<LetterFile, u64>, No> {
    let mut files = BTreeMap::new();
    for version in plans::approved_versions(ports, scope, id).await? {
        let head = plans::get(ports, scope, id, version).await?.head;
        let mut waves = plans::waves(ports, scope, &head).await?;
        waves.retain(|wave| wave.channel == Channel::Letter);
        for wave in &waves {
            let at = WaveRef { incident: id, plan: version, wave: wave.number };
            for chunk in chunks::of_wave(ports, scope, at, wave).await? {
                files.extend(letters::files(chunk.at, &chunk.entries));
            }
        }
    }
    Ok(files)
}

/// The letters of one file of a batch. Names and addresses leave with it, so whoever reads it leaves a leaf first.
pub async fn file(
    ports: &impl ConsolePorts,
    principal: &str,
    tenant: TenantId,
    (id, number, file): (IncidentId, u32, LetterFile),
    now: Timestamp,
) -> Result<Value, No> {
    let (scope, _) = with_role(ports, principal, tenant, Role::Responder).await?;
    not_halted(ports, &scope, id).await?;
    let batch = letters::batch(ports, &scope, id, number).await?;
    if !batch.is_some_and(|batch| batch.files.contains(&file)) {
        return Err(No::NotFound);
    }
    let subject = [("batch", number.to_string()), ("file", file.to_string())];
    let why = "names and addresses left with it";
    let leaf =
        Leaf::new(scope.tenant(), Some(id), now, person(principal), Action::LetterFileRead, why, subject);
    leaves::record(ports, &scope, &leaf).await?;
    let bytes = letters::read(ports, &scope, &file).await?;
    let unreadable = |_| Halt::Park(Parked::Missing { what: format!("readable letters of {file}") });
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

/// A letter of which something is said that cannot be.
#[derive(Serialize)]
struct Refused {
    reference: String,
    why: String,
}

/// Takes in a proof of posting, or what the post brought back, by the letters' references, under whichever plan they went.
/// Those that are not of this incident, and those of which it contradicts what is known, are named in the answer, and
/// nothing is written of them. The same again is the same receipt.
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
    let mut desk = Desk::open(ports, &scope, id, &said).await?;
    let (mut found, mut unknown, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    for Said { reference, at, detail } in said {
        let Some((chunk, index)) = letters::letter_of(&reference).filter(|(chunk, _)| chunk.incident == id)
        else {
            unknown.push(reference);
            continue;
        };
        match desk.take(chunk, index, post, at) {
            Ok(Some(attempt)) => {
                let provider_id = PRINT_HOUSE.to_owned();
                let report = Report { provider_id, fact: post.fact(), at, detail };
                found.push((scope.clone(), NoticeAt { chunk, index, attempt }.receipt(report)));
            }
            Ok(None) => unknown.push(reference),
            Err(why) => refused.push(Refused { reference, why }),
        }
    }
    receipts::append(ports, &found).await?;
    let subject = [
        ("letters", found.len().to_string()),
        ("unknown", unknown.len().to_string()),
        ("refused", refused.len().to_string()),
    ];
    let why = "by the print house's or the post's word";
    let leaf = Leaf::new(scope.tenant(), Some(id), now, person(principal), post.action(), why, subject);
    leaves::record(ports, &scope, &leaf).await?;
    Ok(json!({ "recorded": found.len(), "unknown": unknown, "refused": refused }))
}

impl Post {
    fn fact(self) -> Fact {
        match self {
            Post::Posted => Fact::Delivered,
            Post::Returned => Fact::Bounced,
        }
    }

    fn action(self) -> Action {
        match self {
            Post::Posted => Action::LettersPosted,
            Post::Returned => Action::LettersReturned,
        }
    }
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

/// What is known of the letters of which something is said.
struct Desk {
    exported: BTreeSet<LetterFile>,
    chunks: BTreeMap<ChunkRef, (u32, Vec<Entry>)>,
    words: BTreeMap<(ChunkRef, u32), Words>,
}

/// When one letter was posted and when it came back, as far as anybody said.
#[derive(Default)]
struct Words {
    posted: Option<Timestamp>,
    returned: Option<Timestamp>,
}

impl Desk {
    async fn open(
        ports: &impl ConsolePorts,
        scope: &TenantScope,
        id: IncidentId,
        said: &[Said],
    ) -> Result<Self, No> {
        let batches = letters::batches(ports, scope, id).await?;
        let exported = batches.into_iter().flat_map(|batch| batch.files).collect();
        let mut desk = Self { exported, chunks: BTreeMap::new(), words: BTreeMap::new() };
        let named = said.iter().filter_map(|said| letters::letter_of(&said.reference));
        let named: BTreeSet<ChunkRef> =
            named.map(|(chunk, _)| chunk).filter(|chunk| chunk.incident == id).collect();
        for at in named {
            let chunk = match chunks::get(ports, scope, &at).await {
                Ok(chunk) => chunk,
                Err(Halt::Park(Parked::Missing { .. })) => continue,
                Err(halt) => return Err(halt.into()),
            };
            desk.chunks.insert(at, (chunk.attempt, chunk.entries));
            for Receipt { index, fact, at: when, .. } in receipts::of_chunk(ports, scope, &at).await? {
                desk.words.entry((at, index)).or_default().learn(fact, when);
            }
        }
        Ok(desk)
    }

    /// The attempt at which the letter was handed over; `None` where there is no such letter. Errors say what contradicts.
    fn take(
        &mut self,
        chunk: ChunkRef,
        index: u32,
        post: Post,
        at: Timestamp,
    ) -> Result<Option<u32>, String> {
        let Some((attempt, entries)) = self.chunks.get(&chunk) else {
            return Ok(None);
        };
        let Some(entry) = entries.get(index as usize) else {
            return Ok(None);
        };
        let file = letters::name_in(entry).map(|name| LetterFile { chunk, name: name.to_owned() });
        let posted_before = *entry == Entry::Accepted(PRINT_HOUSE.to_owned());
        if !posted_before && !file.is_some_and(|file| self.exported.contains(&file)) {
            return Err("it was never exported: no batch holds it".to_owned());
        }
        let words = self.words.entry((chunk, index)).or_default();
        words.check(post, at)?;
        words.learn(post.fact(), at);
        Ok(Some(*attempt))
    }
}

impl Words {
    fn learn(&mut self, fact: Fact, at: Timestamp) {
        match fact {
            Fact::Delivered => self.posted = Some(at),
            Fact::Bounced => self.returned = Some(at),
            Fact::Sent | Fact::Seen | Fact::Delayed | Fact::NeverSent => {}
        }
    }

    fn check(&self, post: Post, at: Timestamp) -> Result<(), String> {
        let Words { posted, returned } = self;
        match post {
            Post::Posted if posted.is_some_and(|before| before != at) => {
                Err(format!("it is said to have been posted at another instant{}", instant(*posted)))
            }
            Post::Posted if returned.is_some_and(|back| back < at) => {
                Err(format!("it is said to have come back before{}", instant(*returned)))
            }
            Post::Returned if returned.is_some_and(|before| before != at) => {
                Err(format!("it is said to have come back at another instant{}", instant(*returned)))
            }
            Post::Returned if posted.is_some_and(|out| at < out) => {
                Err(format!("it is said to have been posted only later{}", instant(*posted)))
            }
            Post::Posted | Post::Returned => Ok(()),
        }
    }
}

fn instant(at: Option<Timestamp>) -> String {
    at.map(|at| format!(": {at}")).unwrap_or_default()
}
