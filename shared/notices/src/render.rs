//! From a template and facts to the bytes that go out. A pure function: the approval binds these bytes.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::facts::{NoticeFacts, Reader};
use crate::header::Channel;
use crate::sms;
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

/// An e-mail.
///
/// # Errors
/// See [`RenderError`]; none depends on how odd the reader's name is.
pub fn render_email(
    template: &Template,
    regime: &str,
    facts: &NoticeFacts,
    reader: &Reader,
    reference: &str,
) -> Result<Email, RenderError> {
    in_the_form_of_an_email(template, Channel::Email, regime, facts, reader, reference)
}

/// The same words for a channel that carries a whole page.
fn in_the_form_of_an_email(
    template: &Template,
    channel: Channel,
    regime: &str,
    facts: &NoticeFacts,
    reader: &Reader,
    reference: &str,
) -> Result<Email, RenderError> {
    let values = values(template, channel, regime, facts, reader, reference)?;
    Ok(Email {
        subject: subject(template, values.clone())?,
        text: tidy(&fill(template, Part::Text, values.clone())?),
        html: tidy(&fill(template, Part::Html, values)?),
    })
}

/// A text message.
///
/// # Errors
/// As [`render_email`].
pub fn render_sms(
    template: &Template,
    regime: &str,
    facts: &NoticeFacts,
    reader: &Reader,
    reference: &str,
) -> Result<Sms, RenderError> {
    let values = values(template, Channel::Sms, regime, facts, reader, reference)?;
    let text = fill(template, Part::Sms, values)?;
    Ok(Sms { text: sms::spelt(tidy(&text).trim_end()) })
}

/// A message in the shop's own inbox.
///
/// # Errors
/// As [`render_email`].
pub fn render_in_app(
    template: &Template,
    regime: &str,
    facts: &NoticeFacts,
    reader: &Reader,
    reference: &str,
) -> Result<InApp, RenderError> {
    let values = values(template, Channel::InApp, regime, facts, reader, reference)?;
    Ok(InApp { title: subject(template, values.clone())?, text: tidy(&fill(template, Part::InApp, values)?) })
}

/// The notice for one channel.
///
/// # Errors
/// As [`render_email`].
pub fn render(
    template: &Template,
    channel: Channel,
    regime: &str,
    facts: &NoticeFacts,
    reader: &Reader,
    reference: &str,
) -> Result<Rendered, RenderError> {
    match channel {
        Channel::Email | Channel::Partner | Channel::Letter => {
            in_the_form_of_an_email(template, channel, regime, facts, reader, reference).map(Rendered::Email)
        }
        Channel::Sms => render_sms(template, regime, facts, reader, reference).map(Rendered::Sms),
        Channel::InApp => render_in_app(template, regime, facts, reader, reference).map(Rendered::InApp),
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
    reference: &str,
) -> Result<minijinja::Value, RenderError> {
    if !template.header().channels.contains(&channel) {
        return Err(RenderError::ChannelNotServed(channel));
    }
    if !template.header().phases.contains(&facts.phase) {
        return Err(RenderError::PhaseNotServed);
    }
    if !is_reference(reference, &facts.reference_prefix) {
        return Err(RenderError::BadReference);
    }
    Ok(Values::of(template, regime, facts, reader, reference)?.for_engine())
}

/// At least four signs after a prefix that is not empty; nothing that could be mistaken for text or a link.
fn is_reference(reference: &str, prefix: &str) -> bool {
    let plain = |sign: char| sign.is_ascii_alphanumeric() || sign == '-';
    let rest = reference.strip_prefix(prefix).unwrap_or_default();
    !prefix.is_empty() && rest.len() >= 4 && reference.len() <= 40 && reference.chars().all(plain)
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
