//! One notice of a plan: from what the plan froze and one recipient to the bytes that go out.
//!
//! `plan` composes each notice to bind its bytes, `send` composes it again to send them. Both get the same,
//! because everything that goes in is frozen with the plan or stands in the person's own record.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tocsin_domain::id::{ObligationId, PersonId, digest};
use tocsin_domain::incident::dataset_place;
use tocsin_domain::person::Member;
use tocsin_domain::plan;

use crate::facts::{Filing, NoticeFacts, Reader};
use crate::header::Channel;
use crate::library::Library;
use crate::render::{RenderError, Rendered, render};
use crate::template::{LoadError, Template};

/// What every notice of a plan is rendered from. Frozen with the plan; no person's data is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brief {
    pub facts: NoticeFacts,
    /// The data categories of each dataset, in the order of the incident: they say which of a person's data leaked.
    pub data: Vec<BTreeSet<String>>,
    /// Whom the messages come from.
    pub sender: String,
    /// The bodies that get a filing by e-mail or webhook, by name.
    pub contacts: BTreeMap<String, BriefContact>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BriefContact {
    pub email: Option<String>,
    pub webhook: Option<String>,
    pub filing: Filing,
}

impl Brief {
    /// The facts of a filing to a contact; `None` where the plan froze no such contact.
    pub fn facts_for(&self, contact: &str) -> Option<NoticeFacts> {
        let known = self.contacts.get(contact)?;
        Some(NoticeFacts { filing: Some(known.filing.clone()), ..self.facts.clone() })
    }
}

/// A notice in the two forms in which it may go out. The approval binds both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Composed {
    pub first: Rendered,
    /// The same, saying that it repeats one that may have arrived already.
    pub copy: Rendered,
}

impl Composed {
    /// What the plan keeps of the bytes.
    pub fn bytes(&self) -> [u8; 16] {
        let whole =
            Sha256::new().chain_update(self.first.digest()).chain_update(self.copy.digest()).finalize();
        let mut first = [0; 16];
        first.copy_from_slice(&whole[..16]);
        first
    }
}

/// Why a recipient gets no notice. Never holds personal data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ComposeError {
    #[error(transparent)]
    Render(#[from] RenderError),
    #[error("the contact is not one that the plan froze")]
    UnknownContact,
}

/// The shipped letters, compiled once in a process.
///
/// # Errors
/// The first file at fault: a defect of the build, which the crate's own tests would have shown.
pub fn shipped() -> Result<&'static Library, &'static LoadError> {
    static LIBRARY: OnceLock<Result<Library, LoadError>> = OnceLock::new();
    LIBRARY.get_or_init(Library::shipped).as_ref()
}

/// The notice of one obligation to one person.
///
/// # Errors
/// See [`RenderError`]; none depends on how odd the person's name is.
pub fn to_person(
    template: &Template,
    wave: &plan::Wave,
    brief: &Brief,
    member: &Member,
) -> Result<Composed, ComposeError> {
    let person = &member.person;
    let reader = Reader {
        display_name: person.name.as_ref().map(|name| name.expose().clone()),
        data_categories: leaked(brief, &member.slices),
        language: template.header().language.clone(),
        copy: false,
    };
    let facts = NoticeFacts { phase: wave.phase, ..brief.facts.clone() };
    both(template, wave, &facts, reader, &reference_of(brief, wave, person.id))
}

/// The reference of a wave's notice to a person.
pub fn reference_of(brief: &Brief, wave: &plan::Wave, person: PersonId) -> String {
    reference(&brief.facts.reference_prefix, wave.obligation, &person.to_string())
}

/// A filing to one body.
///
/// # Errors
/// See [`RenderError`], and a contact that the plan does not name.
pub fn to_contact(
    template: &Template,
    wave: &plan::Wave,
    brief: &Brief,
    contact: &str,
) -> Result<Composed, ComposeError> {
    let facts = brief.facts_for(contact).ok_or(ComposeError::UnknownContact)?;
    let facts = NoticeFacts { phase: wave.phase, ..facts };
    let reader = Reader::authority(&template.header().language);
    let reference = reference(&facts.reference_prefix, wave.obligation, contact);
    both(template, wave, &facts, reader, &reference)
}

/// What a notice says, apart from its date and from which notice of the incident it is: two that say the same differ in
/// nothing that their reader has to know.
///
/// # Errors
/// As of the composing functions.
pub fn words(
    template: &Template,
    wave: &plan::Wave,
    brief: &Brief,
    to: Addressee<'_>,
) -> Result<[u8; 32], ComposeError> {
    let wave = plan::Wave { phase: plan::Phase::First, ..wave.clone() };
    let facts = NoticeFacts { notice_date: Date::ZERO, ..brief.facts.clone() };
    let brief = Brief { facts, ..brief.clone() };
    let composed = match to {
        Addressee::Person(member) => to_person(template, &wave, &brief, member)?,
        Addressee::Contact(name) => to_contact(template, &wave, &brief, name)?,
    };
    Ok(composed.first.digest())
}

/// Whom a notice is composed for.
#[derive(Clone, Copy, Debug)]
pub enum Addressee<'a> {
    Person(&'a Member),
    Contact(&'a str),
}

fn both(
    template: &Template,
    wave: &plan::Wave,
    facts: &NoticeFacts,
    reader: Reader,
    reference: &str,
) -> Result<Composed, ComposeError> {
    let channel = channel_of(wave.channel);
    let first = render(template, channel, &wave.regime, facts, &reader, reference)?;
    let reader = Reader { copy: true, ..reader };
    let copy = render(template, channel, &wave.regime, facts, &reader, reference)?;
    Ok(Composed { first, copy })
}

/// The notices' word for a plan's channel.
pub fn channel_of(channel: plan::Channel) -> Channel {
    match channel {
        plan::Channel::Email => Channel::Email,
        plan::Channel::Sms => Channel::Sms,
        plan::Channel::InApp => Channel::InApp,
        plan::Channel::Partner => Channel::Partner,
        plan::Channel::Letter => Channel::Letter,
    }
}

/// The data of a person that leaked: of every dataset that the person stands in.
fn leaked(brief: &Brief, slices: &[u32]) -> BTreeSet<String> {
    slices.iter().filter_map(|slice| brief.data.get(dataset_place(*slice))).flatten().cloned().collect()
}

/// What a reader can check on the merchant's own page. The same person gets another for another obligation, and
/// nobody can tell from it who the person is. Ten letters and digits that are not taken for one another.
pub fn reference(prefix: &str, obligation: ObligationId, recipient: &str) -> String {
    const SIGNS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    let hash = digest("reference", &[obligation.as_bytes(), recipient.as_bytes()]);
    let code: String = hash.iter().take(10).map(|byte| char::from(SIGNS[usize::from(byte % 32)])).collect();
    format!("{prefix}-{code}")
}
