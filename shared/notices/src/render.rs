//! From a template and facts to the bytes that go out. A pure function: the approval binds these bytes.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::clean::one_line;
use crate::facts::{NoticeFacts, Reader};
use crate::header::Channel;
use crate::page::{self, Page, Whom};
use crate::template::{Part, Template};
use crate::values::Values;

/// One notice as it goes out. Personal data: `Debug` shows its digest alone.
#[derive(Clone, PartialEq, Eq)]
pub enum Rendered {
    Email(Email),
    Sms(Sms),
    InApp(InApp),
}

/// An e-mail, or a printout.
#[derive(Clone, PartialEq, Eq)]
pub struct Email {
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// A text message.
#[derive(Clone, PartialEq, Eq)]
pub struct Sms {
    pub text: String,
}

/// A message in the shop's own inbox.
#[derive(Clone, PartialEq, Eq)]
pub struct InApp {
    pub title: String,
    pub text: String,
}

/// Why a notice cannot be rendered. Never holds personal data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    #[error("the template does not serve this regime")]
    RegimeNotServed,
    #[error("the template has no words for the channel {0:?}")]
    ChannelNotServed(Channel),
    #[error("the template has no words for this phase")]
    PhaseNotServed,
    #[error("the template needs the fact `{fact}` in its language")]
    MissingFact { fact: &'static str },
    #[error("a data category is unknown")]
    UnknownCategory,
    #[error("the reference is not the prefix with letters, digits and hyphens after it")]
    BadReference,
    #[error("{part}, line {line}: {kind}")]
    Template { part: Part, line: usize, kind: minijinja::ErrorKind },
}

/// The notice for one channel.
///
/// # Errors
/// See [`RenderError`]; none depends on how odd the reader's name is.
pub fn render(
    template: &Template,
    channel: Channel,
    regime: &str,
    facts: &NoticeFacts,
    reader: &Reader,
    reference: &str,
) -> Result<Rendered, RenderError> {
    let whom = Whom::of(reader, reference.to_owned(), facts)?;
    Ok(Page::of(template, channel, regime, facts, reader)?.to(&whom))
}

/// A notice with gaps where its readers differ. With a page for details, what leads to the full notice is a link to the
/// reader's own, under that page.
///
/// # Errors
/// See [`RenderError`].
pub(crate) fn blank(
    template: &Template,
    channel: Channel,
    regime: &str,
    facts: &NoticeFacts,
    reader: &Reader,
    details_page: Option<&str>,
) -> Result<Rendered, RenderError> {
    let values = values(template, channel, regime, facts, reader, details_page)?;
    match channel {
        Channel::Email | Channel::Partner | Channel::Letter => Ok(Rendered::Email(Email {
            subject: subject(template, values.clone())?,
            text: tidy(&fill(template, Part::Text, values.clone())?),
            html: tidy(&fill(template, Part::Html, values)?),
        })),
        Channel::Sms => {
            let text = tidy(&fill(template, Part::Sms, values)?);
            Ok(Rendered::Sms(Sms { text: text.trim_end().to_owned() }))
        }
        Channel::InApp => Ok(Rendered::InApp(InApp {
            title: subject(template, values.clone())?,
            text: tidy(&fill(template, Part::InApp, values)?),
        })),
    }
}

impl Rendered {
    /// The channel whose form the notice has.
    pub fn channel(&self) -> Channel {
        match self {
            Rendered::Email(_) => Channel::Email,
            Rendered::Sms(_) => Channel::Sms,
            Rendered::InApp(_) => Channel::InApp,
        }
    }

    /// SHA-256 over the channel and every part, each part with its length before it.
    pub fn digest(&self) -> [u8; 32] {
        match self {
            Rendered::Email(email) => email.digest(),
            Rendered::Sms(sms) => sms.digest(),
            Rendered::InApp(in_app) => in_app.digest(),
        }
    }
}

impl Email {
    /// See [`Rendered::digest`].
    pub fn digest(&self) -> [u8; 32] {
        digest("email", &[&self.subject, &self.text, &self.html])
    }
}

impl Sms {
    /// See [`Rendered::digest`].
    pub fn digest(&self) -> [u8; 32] {
        digest("sms", &[&self.text])
    }
}

impl InApp {
    /// See [`Rendered::digest`].
    pub fn digest(&self) -> [u8; 32] {
        digest("in-app", &[&self.title, &self.text])
    }
}

macro_rules! debug_by_digest {
    ($($type:ident),*) => {
        $(impl fmt::Debug for $type {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(out, "{}({})", stringify!($type), hex::encode(self.digest()))
            }
        })*
    };
}

debug_by_digest!(Rendered, Email, Sms, InApp);

/// The values, once it is clear that the template may speak here at all.
fn values(
    template: &Template,
    channel: Channel,
    regime: &str,
    facts: &NoticeFacts,
    reader: &Reader,
    details_page: Option<&str>,
) -> Result<minijinja::Value, RenderError> {
    if !template.header().channels.contains(&channel) {
        return Err(RenderError::ChannelNotServed(channel));
    }
    if !template.header().phases.contains(&facts.phase) {
        return Err(RenderError::PhaseNotServed);
    }
    let mut values = Values::of(template, regime, facts, reader)?;
    if let Some(page) = details_page {
        values.merchant.notice_page = format!("{}#{}", one_line(page), page::CODE);
    }
    Ok(values.for_engine())
}

fn fill(template: &Template, part: Part, values: minijinja::Value) -> Result<String, RenderError> {
    template.fill(part, values).map_err(|error| RenderError::Template {
        part,
        line: error.line().unwrap_or(0),
        kind: error.kind(),
    })
}

/// One line, whatever the template's lines are.
fn subject(template: &Template, values: minijinja::Value) -> Result<String, RenderError> {
    let filled = fill(template, Part::Subject, values)?;
    Ok(filled.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// No blanks at the ends of lines, at most one empty line in a row, one line end at the end.
/// The marks of elements and the branches of a template leave such blanks behind.
fn tidy(text: &str) -> String {
    let mut tidied = String::with_capacity(text.len());
    let mut empty = true;
    for line in text.lines().map(str::trim_end) {
        if line.is_empty() {
            empty = true;
            continue;
        }
        if empty && !tidied.is_empty() {
            tidied.push('\n');
        }
        empty = false;
        tidied.push_str(line);
        tidied.push('\n');
    }
    tidied
}

fn digest(channel: &str, parts: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"tocsin-notice-v1");
    for part in std::iter::once(&channel).chain(parts) {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}
