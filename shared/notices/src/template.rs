//! One letter of one family in one language, compiled once.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, escape_formatter};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::category::CATEGORIES;
use crate::element::Element;
use crate::facts::{NoticeFacts, Texts};
use crate::header::{Agency, AgencyKind, Channel, Confidence, Header, RegimeTerms};
use crate::language::Language;
use crate::page::is_gap;

/// What one rendering may cost, in the engine's units: a hundred times what the longest letter needs,
/// so that a tenant's own template cannot stall a sender.
const FUEL: u64 = 200_000;

/// The name of a part of a template; also the name of its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    Subject,
    Text,
    Html,
    Sms,
    InApp,
}

impl Part {
    /// Every part.
    pub const ALL: [Part; 5] = [Part::Subject, Part::Text, Part::Html, Part::Sms, Part::InApp];

    /// The file name. Its ending decides on escaping.
    pub fn file_name(self) -> &'static str {
        match self {
            Part::Subject => "subject.txt.j2",
            Part::Text => "body.txt.j2",
            Part::Html => "body.html.j2",
            Part::Sms => "sms.txt.j2",
            Part::InApp => "in-app.txt.j2",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.file_name())
    }
}

/// The files of a template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parts {
    /// The folder, for messages: "gdpr/individual/de".
    pub folder: String,
    /// `notice.toml`
    pub header: String,
    /// The sources by part.
    pub sources: BTreeMap<Part, String>,
}

/// What the letters of one release share: the words of their language and the agencies that they name.
#[derive(Clone, Debug)]
pub struct Words {
    /// By BCP 47 tag.
    pub languages: BTreeMap<String, Arc<Language>>,
    /// By key.
    pub agencies: BTreeMap<String, Agency>,
}

impl Words {
    /// The agencies, by key, whose numbers and addresses somebody has to look up before a letter names them.
    pub fn uncertain_agencies(&self) -> impl Iterator<Item = (&str, &Agency)> {
        let all = self.agencies.iter().map(|(key, agency)| (key.as_str(), agency));
        all.filter(|(_, agency)| agency.confidence == Confidence::Uncertain)
    }
}

/// Why a template cannot be used. Names the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    #[error("{file}: {problem}")]
    Data { file: String, problem: String },
    #[error("{file}: line {line}: {kind}")]
    Syntax { file: String, line: usize, kind: ErrorKind },
    #[error("{folder}: {}", join(.violations))]
    Refused { folder: String, violations: Vec<crate::gate::Violation> },
}

fn join(violations: &[crate::gate::Violation]) -> String {
    violations.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// Who wrote a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    Shipped,
    /// The merchant.
    Own,
}

/// One letter, ready to render.
pub struct Template {
    header: Header,
    id: String,
    content_hash: String,
    origin: Origin,
    language: Arc<Language>,
    agencies: BTreeMap<String, Vec<Agency>>,
    sources: BTreeMap<Part, String>,
    engine: Environment<'static>,
}

impl Template {
    /// Reads and compiles a template's files. The gate is not asked here; see [`crate::gate::check_template`].
    ///
    /// # Errors
    /// A header that cannot be read, a language or an agency without words, a part that a channel needs and
    /// that is not there, and a part that does not compile.
    pub fn from_parts(parts: Parts, words: &Words) -> Result<Template, LoadError> {
        let header = Header::read(&format!("{}/notice.toml", parts.folder), &parts.header)?;
        let language = language_of(&parts, &header, words)?;
        let agencies = agencies_of(&parts, &header, words)?;
        need_categories(&parts, &header)?;
        need_parts(&parts, &header)?;
        refuse_gaps(&parts)?;
        let engine = engine_of(&parts)?;
        Ok(Template {
            id: header.id(),
            origin: Origin::Shipped,
            content_hash: content_hash(&parts, &language, &agencies)?,
            header,
            language,
            agencies,
            sources: parts.sources,
            engine,
        })
    }

    /// Family, audience and language: "gdpr/individual/de".
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The same letter as a merchant's own, known by what the merchant keeps of it.
    pub(crate) fn own(self, content_hash: String) -> Template {
        Template { origin: Origin::Own, content_hash, ..self }
    }

    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// As a plan names it: a number that counts up with each change of the letter, and whether it is the merchant's.
    pub fn version(&self) -> String {
        match self.origin {
            Origin::Shipped => self.header.version.to_string(),
            Origin::Own => format!("own-{}", self.header.version),
        }
    }

    /// SHA-256, as hexadecimal, over all that decides the letter's words: its files, its language's words,
    /// the agencies that it names.
    pub fn content_hash(&self) -> &str {
        &self.content_hash
    }

    /// `notice.toml`.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// What differs for this regime; `None` if the template does not serve it.
    pub fn terms(&self, regime: &str) -> Option<&RegimeTerms> {
        self.header.regimes.get(regime)
    }

    /// Whether the merchant has the words of the incident that the letter needs under a regime, in its language.
    pub fn is_worded(&self, regime: &str, facts: &NoticeFacts) -> bool {
        let texts = crate::language::for_tag(&facts.texts, &self.header.language);
        let is_said = |text: Block| {
            texts.and_then(|texts| text(texts).as_deref()).is_some_and(|text| !text.trim().is_empty())
        };
        let carried = self.header.carried(regime);
        let needs: [(Element, Block); 4] = [
            (Element::Nature, |texts| &texts.what_happened),
            (Element::LikelyConsequences, |texts| &texts.consequences),
            (Element::MeasuresTaken, |texts| &texts.measures),
            (Element::Cause, |texts| &texts.cause),
        ];
        needs.into_iter().all(|(element, text)| !carried.contains(&element) || is_said(text))
    }

    /// The words of the letter's language.
    pub fn language(&self) -> &Language {
        &self.language
    }

    /// The agencies of one kind that the letter names under this regime.
    pub fn agencies(&self, regime: &str, kind: AgencyKind) -> impl Iterator<Item = &Agency> {
        self.agencies.get(regime).into_iter().flatten().filter(move |agency| agency.kind == kind)
    }

    /// The agencies that a shipped letter names under this regime and that somebody has to look up. Of an own letter the
    /// merchant looked, before they approved it.
    pub fn uncertain_agencies(&self, regime: &str) -> impl Iterator<Item = &Agency> {
        let named = self.agencies.get(regime).into_iter().flatten();
        named.filter(|agency| self.origin == Origin::Shipped && agency.confidence == Confidence::Uncertain)
    }

    /// The source of a part.
    pub fn source(&self, part: Part) -> Option<&str> {
        self.sources.get(&part).map(String::as_str)
    }

    /// Fills one part.
    pub(crate) fn fill(&self, part: Part, values: minijinja::Value) -> Result<String, Error> {
        self.engine.get_template(part.file_name())?.render(values)
    }
}

/// A block of the merchant's words.
type Block = fn(&Texts) -> &Option<String>;

impl fmt::Debug for Template {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Template").field("id", &self.id).field("version", &self.header.version).finish()
    }
}

fn language_of(parts: &Parts, header: &Header, words: &Words) -> Result<Arc<Language>, LoadError> {
    crate::language::for_tag(&words.languages, &header.language).cloned().ok_or_else(|| LoadError::Data {
        file: format!("{}/notice.toml", parts.folder),
        problem: format!("there are no words of the language {:?}", header.language),
    })
}

fn agencies_of(
    parts: &Parts,
    header: &Header,
    words: &Words,
) -> Result<BTreeMap<String, Vec<Agency>>, LoadError> {
    let mut by_regime = BTreeMap::new();
    for (regime, terms) in &header.regimes {
        let mut agencies = Vec::new();
        for key in header.agencies.iter().chain(&terms.agencies) {
            let agency = words.agencies.get(key).ok_or_else(|| LoadError::Data {
                file: format!("{}/notice.toml", parts.folder),
                problem: format!("{regime} names the unknown agency {key:?}"),
            })?;
            agencies.push(agency.clone());
        }
        by_regime.insert(regime.clone(), agencies);
    }
    Ok(by_regime)
}

/// A word that no facts use would never call for a service.
fn need_categories(parts: &Parts, header: &Header) -> Result<(), LoadError> {
    let mut called_for = header.regimes.values().flat_map(|terms| &terms.service_for);
    match called_for.find(|key| !CATEGORIES.contains(&key.as_str())) {
        None => Ok(()),
        Some(key) => Err(LoadError::Data {
            file: format!("{}/notice.toml", parts.folder),
            problem: format!("no language has words for the data category {key:?}"),
        }),
    }
}

fn need_parts(parts: &Parts, header: &Header) -> Result<(), LoadError> {
    for channel in &header.channels {
        for part in parts_of(*channel) {
            if !parts.sources.contains_key(part) {
                return Err(LoadError::Data {
                    file: format!("{}/{part}", parts.folder),
                    problem: "the header names a channel that needs this file".to_owned(),
                });
            }
        }
    }
    Ok(())
}

/// A gap is made by printing `name` or `reference`, and in no other way.
fn refuse_gaps(parts: &Parts) -> Result<(), LoadError> {
    let header = std::iter::once(("notice.toml", &parts.header));
    let sources = parts.sources.iter().map(|(part, source)| (part.file_name(), source));
    match header.chain(sources).find(|(_, text)| text.contains(is_gap)) {
        None => Ok(()),
        Some((file, _)) => Err(LoadError::Data {
            file: format!("{}/{file}", parts.folder),
            problem: "a sign of the private use area, which no reader's device shows".to_owned(),
        }),
    }
}

/// The parts that a channel's notice is made of.
pub(crate) fn parts_of(channel: Channel) -> &'static [Part] {
    match channel {
        Channel::Email | Channel::Partner | Channel::Letter => &[Part::Subject, Part::Text, Part::Html],
        Channel::Sms => &[Part::Sms],
        Channel::InApp => &[Part::Subject, Part::InApp],
    }
}

/// Strict names, HTML escaped by file name, and nothing that prints "none".
fn engine_of(parts: &Parts) -> Result<Environment<'static>, LoadError> {
    let mut engine = Environment::new();
    engine.set_syntax(syntax(parts)?);
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine.remove_filter("safe");
    engine.remove_global("debug");
    engine.set_fuel(Some(FUEL));
    engine.set_formatter(|out, state, value| {
        if value.is_none() {
            return Err(Error::new(ErrorKind::InvalidOperation, "a value that is not there is printed"));
        }
        escape_formatter(out, state, value)
    });
    for (part, source) in &parts.sources {
        engine.add_template_owned(part.file_name(), source.clone()).map_err(|error| LoadError::Syntax {
            file: format!("{}/{part}", parts.folder),
            line: error.line().unwrap_or(0),
            kind: error.kind(),
        })?;
    }
    Ok(engine)
}

/// A line that holds nothing but a tag or a mark leaves no line behind.
fn syntax(parts: &Parts) -> Result<SyntaxConfig, LoadError> {
    SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build()
        .map_err(|error| LoadError::Data { file: parts.folder.clone(), problem: error.kind().to_string() })
}

fn content_hash(
    parts: &Parts,
    language: &Language,
    agencies: &BTreeMap<String, Vec<Agency>>,
) -> Result<String, LoadError> {
    let words = serde_json::to_string(&(language, agencies)).map_err(|_| LoadError::Data {
        file: format!("{}/notice.toml", parts.folder),
        problem: "the words of the language have no canonical form".to_owned(),
    })?;
    let mut hash = Sha256::new();
    hash.update(b"tocsin-template-v1");
    update(&mut hash, &parts.header);
    for (part, source) in &parts.sources {
        update(&mut hash, part.file_name());
        update(&mut hash, source);
    }
    update(&mut hash, &words);
    Ok(hex::encode(hash.finalize()))
}

/// A piece with its length before it, so that no two lists of pieces hash alike.
pub(crate) fn update(hash: &mut Sha256, piece: &str) {
    hash.update(u64::try_from(piece.len()).unwrap_or(u64::MAX).to_be_bytes());
    hash.update(piece.as_bytes());
}
