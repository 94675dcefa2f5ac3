//! What the readers of a notice have in common: a page with gaps, filled for each of them.
//!
//! Many people read the same letter but for their name and their reference. The page is rendered and judged once,
//! however many they are; a notice is the page with its gaps filled, and nothing else makes one. So the gate's word
//! on a page holds for each of its notices, and [`Page::digest_to`] binds a notice's bytes without a look at them all.

use std::collections::BTreeSet;
use std::fmt;

use minijinja::HtmlEscape;
use sha2::{Digest, Sha256};
use tocsin_domain::link::LinkCode;

use crate::clean::{NAME_LIMIT, isolated, shown_name};
use crate::facts::{NoticeFacts, Reader};
use crate::header::Channel;
use crate::render::{Email, InApp, RenderError, Rendered, Sms, blank};
use crate::sms;
use crate::template::Template;
use crate::values::categories_of;

/// Where the reader's name goes. No value that is printed has a sign of the private use area: `clean` drops them, and
/// no template may have one.
pub(crate) const NAME: &str = "\u{e000}";

/// Where the reader's reference goes.
pub(crate) const REFERENCE: &str = "\u{e001}";

/// Where the code of the reader's own link goes.
pub(crate) const CODE: &str = "\u{e002}";

/// The longest reference, in signs.
const REFERENCE_LIMIT: usize = 40;

/// What stands in no text but as a gap.
pub(crate) fn is_gap(sign: char) -> bool {
    matches!(sign, '\u{e000}'..='\u{e002}')
}

/// A notice to many readers.
#[derive(Clone, PartialEq, Eq)]
pub struct Page {
    blank: Rendered,
    digest: [u8; 32],
    /// Keys of what leaked of its readers.
    data: BTreeSet<String>,
}

/// Who one reader of a page is. Personal data: `Debug` shows none of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Whom {
    /// Clean, and between isolates if it runs from right to left.
    name: Option<String>,
    name_in_html: String,
    reference: String,
    /// Of a reader whose page links to what is for them alone.
    code: Option<LinkCode>,
}

impl Page {
    /// The page of everybody who reads what this reader reads: who has or has not a name, the same data leaked, and
    /// a first notice or a copy.
    ///
    /// # Errors
    /// See [`RenderError`].
    pub fn of(
        template: &Template,
        channel: Channel,
        regime: &str,
        facts: &NoticeFacts,
        reader: &Reader,
    ) -> Result<Page, RenderError> {
        let blank = blank(template, channel, regime, facts, reader, None)?;
        let data = categories_of(facts, reader)?.clone();
        Ok(Page { digest: blank.digest(), blank, data })
    }

    /// The same as a text message, which names no page that everybody reads but links to the reader's own, under this one.
    ///
    /// # Errors
    /// See [`RenderError`].
    pub fn linking(
        template: &Template,
        regime: &str,
        facts: &NoticeFacts,
        reader: &Reader,
        details_page: &str,
    ) -> Result<Page, RenderError> {
        let blank = blank(template, Channel::Sms, regime, facts, reader, Some(details_page))?;
        let data = categories_of(facts, reader)?.clone();
        Ok(Page { digest: blank.digest(), blank, data })
    }

    /// Keys of what leaked of those who read the page.
    pub(crate) fn data(&self) -> &BTreeSet<String> {
        &self.data
    }

    /// SHA-256 over all that the page's notices share, with the places of the gaps.
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// The notice to one reader, who has a name if and only if the page greets by one.
    pub(crate) fn to(&self, whom: &Whom) -> Rendered {
        match &self.blank {
            Rendered::Email(email) => Rendered::Email(Email {
                subject: whom.in_text(&email.subject),
                text: whom.in_text(&email.text),
                html: whom.in_html(&email.html),
            }),
            // Which signs a text message may have is a matter of the whole.
            Rendered::Sms(sms) => Rendered::Sms(Sms { text: sms::spelt(&whom.in_text(&sms.text)) }),
            Rendered::InApp(in_app) => Rendered::InApp(InApp {
                title: whom.in_text(&in_app.title),
                text: whom.in_text(&in_app.text),
            }),
        }
    }

    /// The notices that are hardest to get through the gate: to the readers with the longest names, one of the most words
    /// and one of the most signs that no space parts, both in signs that make a text message twice as long, and with the
    /// longest reference.
    pub(crate) fn to_the_longest_names(&self, reference_prefix: &str) -> [Rendered; 2] {
        let reference = format!("{reference_prefix:Z<REFERENCE_LIMIT$}");
        let words = vec!["Ж"; NAME_LIMIT / 2].join(" ");
        [words, "名".repeat(NAME_LIMIT)].map(|name| {
            let (name_in_html, code) = (name.clone(), Some(LinkCode::longest()));
            self.to(&Whom { name_in_html, name: Some(name), reference: reference.clone(), code })
        })
    }

    /// Whether no text message of this page, whoever its reader is, has more parts than arrive.
    pub(crate) fn fits(&self, reference_prefix: &str) -> bool {
        let notices = self.to_the_longest_names(reference_prefix);
        notices.iter().all(|notice| match notice {
            Rendered::Sms(text) => sms::parts(&text.text).count <= sms::MOST_PARTS,
            Rendered::Email(_) | Rendered::InApp(_) => true,
        })
    }

    /// What binds the bytes of the notice to one reader: two notices that have the same are the same.
    pub fn digest_to(&self, whom: &Whom) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(b"tocsin-notice-v2");
        hash.update(self.digest);
        let code = whom.code.as_ref().map(LinkCode::as_str);
        for filling in [whom.name.as_deref().unwrap_or_default(), &whom.reference].into_iter().chain(code) {
            hash.update(u64::try_from(filling.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(filling.as_bytes());
        }
        hash.finalize().into()
    }
}

impl Whom {
    /// A reader as a page names them: by the name that they go by in the shop, however odd, and by a reference.
    ///
    /// # Errors
    /// [`RenderError::BadReference`].
    pub fn of(reader: &Reader, reference: String, facts: &NoticeFacts) -> Result<Whom, RenderError> {
        if !is_reference(&reference, &facts.reference_prefix) {
            return Err(RenderError::BadReference);
        }
        let name = reader.display_name.as_deref().and_then(shown_name).map(|name| isolated(&name));
        let name_in_html = name.as_deref().map(|name| HtmlEscape(name).to_string()).unwrap_or_default();
        Ok(Whom { name, name_in_html, reference, code: None })
    }

    /// The same reader with a link of their own.
    pub fn linked(self, code: LinkCode) -> Whom {
        Whom { code: Some(code), ..self }
    }

    pub(crate) fn reference(&self) -> &str {
        &self.reference
    }

    pub(crate) fn code(&self) -> Option<&LinkCode> {
        self.code.as_ref()
    }

    /// Whether there is a name to greet by.
    pub fn is_named(&self) -> bool {
        self.name.is_some()
    }

    fn in_text(&self, blank: &str) -> String {
        self.fill(blank, self.name.as_deref().unwrap_or_default())
    }

    fn in_html(&self, blank: &str) -> String {
        self.fill(blank, &self.name_in_html)
    }

    fn fill(&self, blank: &str, name: &str) -> String {
        let code = self.code.as_ref().map(LinkCode::as_str).unwrap_or_default();
        filled(blank, [(NAME, name), (REFERENCE, &self.reference), (CODE, code)])
    }
}

/// At least four signs after a prefix that is not empty; nothing that could be mistaken for text or a link.
fn is_reference(reference: &str, prefix: &str) -> bool {
    let plain = |sign: char| sign.is_ascii_alphanumeric() || sign == '-';
    let rest = reference.strip_prefix(prefix).unwrap_or_default();
    !prefix.is_empty()
        && rest.len() >= 4
        && reference.len() <= REFERENCE_LIMIT
        && reference.chars().all(plain)
}

fn filled(blank: &str, fillings: [(&str, &str); 3]) -> String {
    let mut text =
        String::with_capacity(blank.len() + fillings.map(|(_, filling)| filling.len()).iter().sum::<usize>());
    let mut rest = blank;
    while let Some(at) = next_gap(rest) {
        let (words, from_gap) = rest.split_at(at);
        text.push_str(words);
        let filled = fillings.iter().find_map(|(gap, filling)| Some((filling, from_gap.strip_prefix(gap)?)));
        let Some((filling, behind)) = filled else { break };
        text.push_str(filling);
        rest = behind;
    }
    text.push_str(rest);
    text
}

/// Where the next gap stands. A gap begins with a byte with which no letter of any script does.
fn next_gap(text: &str) -> Option<usize> {
    let begins = memchr::memchr_iter(0xee, text.as_bytes());
    begins.into_iter().find(|at| text.get(*at..).is_some_and(|rest| rest.starts_with(is_gap)))
}

impl fmt::Debug for Page {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Page({})", hex::encode(self.digest))
    }
}

impl fmt::Debug for Whom {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Whom").finish_non_exhaustive()
    }
}
