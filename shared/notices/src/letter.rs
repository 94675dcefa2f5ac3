//! One notice of a plan: from what the plan froze and one recipient to the bytes that go out.
//!
//! `plan` composes each notice to bind its bytes, `send` composes it again to send them. Both get the same,
//! because everything that goes in is frozen with the plan or stands in the person's own record.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, OnceLock};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tocsin_domain::id::{ObligationId, PersonId, digest};
use tocsin_domain::incident::dataset_place;
use tocsin_domain::link::{Details, LinkCode, SIGNS};
use tocsin_domain::person::Member;
use tocsin_domain::plan;
use tocsin_domain::tenant::Encryption;

use crate::facts::{Filing, NoticeFacts, Reader};
use crate::header::Channel;
use crate::library::Library;
use crate::page::{Page, Whom};
use crate::render::{self, RenderError, Rendered};
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
    /// Where text messages link to their reader's own notice; without it, a brief is as it was before there were links.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Details>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BriefContact {
    pub email: Option<String>,
    pub webhook: Option<String>,
    /// What a mail to them is encrypted to: who approves the plan approves the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption: Option<Encryption>,
    pub filing: Filing,
}

impl Brief {
    /// The facts of a filing to a contact; `None` where the plan froze no such contact.
    pub fn facts_for(&self, contact: &str) -> Option<NoticeFacts> {
        let known = self.contacts.get(contact)?;
        Some(NoticeFacts { filing: Some(known.filing.clone()), ..self.facts.clone() })
    }
}

/// The two forms in which a notice may go out, with gaps for its reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pages {
    pub first: Page,
    /// The same, saying that it repeats one that may have arrived already.
    pub copy: Page,
    /// The e-mail whose text opens behind the link of a text message. A copy links to the same.
    pub details: Option<Page>,
}

/// What opens behind a reader's link. Its `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Opens {
    pub code: LinkCode,
    pub reference: String,
    pub text: String,
}

impl fmt::Debug for Opens {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Opens").finish_non_exhaustive()
    }
}

/// A notice in both forms, with what opens behind its link. The approval binds all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Composed {
    pub pages: Arc<Pages>,
    whom: Whom,
}

impl Composed {
    /// What the plan keeps of the bytes.
    pub fn bytes(&self) -> [u8; 16] {
        let Pages { first, copy, details } = &*self.pages;
        let mut all = Sha256::new();
        for page in [first, copy].into_iter().chain(details) {
            all.update(page.digest_to(&self.whom));
        }
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&all.finalize()[..16]);
        bytes
    }

    pub fn first(&self) -> Rendered {
        self.pages.first.to(&self.whom)
    }

    pub fn copy(&self) -> Rendered {
        self.pages.copy.to(&self.whom)
    }

    /// What opens behind the link, where the notice has one.
    pub fn opens(&self) -> Option<Opens> {
        let (page, code) = (self.pages.details.as_ref()?, self.whom.code()?.clone());
        match page.to(&self.whom) {
            Rendered::Email(email) => {
                Some(Opens { code, reference: self.whom.reference().to_owned(), text: email.text })
            }
            Rendered::Sms(_) | Rendered::InApp(_) => None,
        }
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

/// Composes the notices of one wave. What its readers have in common is rendered once.
pub struct Composer<'a> {
    template: &'a Template,
    brief: &'a Brief,
    facts: NoticeFacts,
    regime: String,
    obligation: ObligationId,
    channel: Channel,
    pages: BTreeMap<Shared, Arc<Pages>>,
}

/// By what the readers of a wave differ in what they read, apart from who they are.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Shared {
    /// The places of the datasets in which they stand.
    datasets: BTreeSet<usize>,
    is_named: bool,
    is_linked: bool,
}

impl<'a> Composer<'a> {
    pub fn of(template: &'a Template, wave: &plan::Wave, brief: &'a Brief) -> Self {
        Self {
            template,
            brief,
            facts: NoticeFacts { phase: wave.phase, ..brief.facts.clone() },
            regime: wave.regime.clone(),
            obligation: wave.obligation,
            channel: channel_of(wave.channel),
            pages: BTreeMap::new(),
        }
    }

    /// The notice to one person.
    ///
    /// # Errors
    /// See [`RenderError`]; none depends on how odd the person's name is.
    pub fn to_person(&mut self, member: &Member) -> Result<Composed, ComposeError> {
        let datasets = member.slices.iter().map(|slice| dataset_place(*slice)).collect();
        let reader = Reader {
            display_name: member.person.name.as_ref().map(|name| name.expose().clone()),
            data_categories: leaked(self.brief, &datasets),
            copy: false,
        };
        let reference =
            reference(&self.facts.reference_prefix, self.obligation, &member.person.id.to_string());
        let whom = Whom::of(&reader, reference, &self.facts)?;
        let link = self.details().zip(member.person.link_key.as_ref());
        let shared = Shared { datasets, is_named: whom.is_named(), is_linked: link.is_some() };
        let pages = match self.pages.get(&shared) {
            Some(pages) => Arc::clone(pages),
            None => {
                let linking =
                    link.map(|(details, _)| self.pages_linking(details, reader.clone())).transpose()?;
                let pages = match linking.flatten() {
                    Some(pages) => Arc::new(pages),
                    None => Arc::new(self.pages_for(&self.facts, reader)?),
                };
                self.pages.insert(shared, Arc::clone(&pages));
                pages
            }
        };
        let whom = match (&pages.details, link) {
            (Some(page), Some((_, key))) => {
                let code = LinkCode::of(key.expose(), self.obligation, &page.digest_to(&whom));
                whom.linked(code)
            }
            (_, _) => whom,
        };
        Ok(Composed { pages, whom })
    }

    /// The filing to one body.
    ///
    /// # Errors
    /// See [`RenderError`], and a contact that the plan does not name.
    pub fn to_contact(&self, contact: &str) -> Result<Composed, ComposeError> {
        let facts = self.brief.facts_for(contact).ok_or(ComposeError::UnknownContact)?;
        let facts = NoticeFacts { phase: self.facts.phase, notice_date: self.facts.notice_date, ..facts };
        let reference = reference(&facts.reference_prefix, self.obligation, contact);
        let whom = Whom::of(&Reader::nobody(), reference, &facts)?;
        Ok(Composed { pages: Arc::new(self.pages_for(&facts, Reader::nobody())?), whom })
    }

    /// A wave goes by text message only where its regime allows one (`obligation.methods`), so that nobody else has a link:
    /// whoever may be told by mail or letter alone reads everything there.
    fn details(&self) -> Option<&'a Details> {
        let has_words = self.template.header().channels.contains(&Channel::Email);
        self.brief.details.as_ref().filter(|_| self.channel == Channel::Sms && has_words)
    }

    fn pages_for(&self, facts: &NoticeFacts, reader: Reader) -> Result<Pages, ComposeError> {
        let page = |reader: &Reader| Page::of(self.template, self.channel, &self.regime, facts, reader);
        Ok(Pages { first: page(&reader)?, copy: page(&Reader { copy: true, ..reader })?, details: None })
    }

    /// `None` where the link leaves too little room: no incident waits for a shorter one, and its reader is told as if there
    /// were none.
    fn pages_linking(&self, details: &Details, reader: Reader) -> Result<Option<Pages>, ComposeError> {
        let Self { template, regime, facts, .. } = self;
        let page = |reader: &Reader| Page::linking(template, regime, facts, reader, &details.page);
        let (first, copy) = (page(&reader)?, page(&Reader { copy: true, ..reader.clone() })?);
        if ![&first, &copy].iter().all(|page| page.fits(&facts.reference_prefix)) {
            return Ok(None);
        }
        let details = Some(Page::of(template, Channel::Email, regime, facts, &reader)?);
        Ok(Some(Pages { first, copy, details }))
    }
}

/// The reference of a wave's notice to a person.
pub fn reference_of(brief: &Brief, wave: &plan::Wave, person: PersonId) -> String {
    reference(&brief.facts.reference_prefix, wave.obligation, &person.to_string())
}

/// The subject of all of a wave's notices to people, or the title in their inbox: the gate lets none name its reader. A
/// text message has none.
///
/// # Errors
/// As of the composer.
pub fn subject_of(
    template: &Template,
    wave: &plan::Wave,
    brief: &Brief,
) -> Result<Option<String>, ComposeError> {
    let facts = NoticeFacts { phase: wave.phase, ..brief.facts.clone() };
    let nobody = Reader::nobody();
    Ok(match render::blank(template, channel_of(wave.channel), &wave.regime, &facts, &nobody, None)? {
        Rendered::Email(email) => Some(email.subject),
        Rendered::InApp(in_app) => Some(in_app.title),
        Rendered::Sms(_) => None,
    })
}

/// What a notice says, apart from its date and from which notice of the incident it is: two that say the same differ in
/// nothing that their reader has to know.
pub struct Words<'a>(Composer<'a>);

impl<'a> Words<'a> {
    pub fn of(template: &'a Template, wave: &plan::Wave, brief: &'a Brief) -> Self {
        let mut composer = Composer::of(template, wave, brief);
        composer.facts.phase = plan::Phase::First;
        composer.facts.notice_date = Date::ZERO;
        Self(composer)
    }

    /// What opens behind a link is said as well: the link's code hangs on it.
    ///
    /// # Errors
    /// As of the composer.
    pub fn to(&mut self, to: Addressee<'_>) -> Result<[u8; 32], ComposeError> {
        let Composed { pages, whom } = match to {
            Addressee::Person(member) => self.0.to_person(member)?,
            Addressee::Contact(name) => self.0.to_contact(name)?,
        };
        Ok(pages.first.digest_to(&whom))
    }
}

/// Whom a notice is composed for.
#[derive(Clone, Copy, Debug)]
pub enum Addressee<'a> {
    Person(&'a Member),
    Contact(&'a str),
}

/// Categories of data in the words of a filing; none where no letter ships in the language.
pub fn terms_of(categories: &BTreeSet<String>, language: &str) -> Option<String> {
    let library = shipped().ok()?;
    let template = library.templates().iter().find(|template| template.header().language == language)?;
    Some(template.language().terms(categories).join(", "))
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
fn leaked(brief: &Brief, datasets: &BTreeSet<usize>) -> BTreeSet<String> {
    datasets.iter().filter_map(|place| brief.data.get(*place)).flatten().cloned().collect()
}

/// What a reader can check on the merchant's own page. The same person gets another for another obligation, and
/// nobody can tell from it who the person is. Ten letters and digits that are not taken for one another.
pub fn reference(prefix: &str, obligation: ObligationId, recipient: &str) -> String {
    let hash = digest("reference", &[obligation.as_bytes(), recipient.as_bytes()]);
    let code: String = hash.iter().take(10).map(|byte| char::from(SIGNS[usize::from(byte % 32)])).collect();
    format!("{prefix}-{code}")
}
