//! A merchant's own letters: written as the shipped ones are, held against the same law, and never changed.
//!
//! Beside its files an own letter keeps the words of its language and the agencies that it names as they were when it
//! was taken in. So it says the same in every later release, and what was approved with it stays approved.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::element::{Demands, Element};
use crate::facts::{NoticeFacts, Reader};
use crate::gate::{self, Judge, Violation};
use crate::header::{Agency, Audience, Header};
use crate::hedge::hedges;
use crate::language::{Language, for_tag, primary};
use crate::library::{language_of_file, shipped_parts, shipped_words};
use crate::markers::marked;
use crate::page::Page;
use crate::sample;
use crate::script::is_unspaced;
use crate::template::{LoadError, Part, Parts, Template, Words, update};

/// The most that an own letter may hold, in bytes: it stands in one item of a table, which takes 400 KB.
pub const OWN_LIMIT: usize = 150 * 1024;

/// The head of a letter.
const HEADER: &str = "notice.toml";

/// The words of the letter's language, where it is not one that ships.
const LANGUAGE: &str = "language.toml";

/// A letter that a merchant wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnLetter {
    parts: Parts,
    /// As JSON.
    language: Value,
    /// As JSON, by key.
    agencies: Value,
}

impl OwnLetter {
    /// Takes in the files of a folder, by name, with what ships of the words that they need.
    ///
    /// # Errors
    /// A file that is no part of a letter, one that is missing or cannot be read, too many bytes.
    pub fn from_files(files: &BTreeMap<String, String>) -> Result<OwnLetter, LoadError> {
        let wrong = |file: &str, problem: String| Err(LoadError::Data { file: file.to_owned(), problem });
        let size: usize = files.values().map(String::len).sum();
        if size > OWN_LIMIT {
            return wrong("the letter", format!("it holds {size} bytes, and may hold {OWN_LIMIT}"));
        }
        let mut sources = BTreeMap::new();
        for (name, text) in files {
            match Part::ALL.into_iter().find(|part| part.file_name() == name) {
                Some(part) => drop(sources.insert(part, text.clone())),
                None if [HEADER, LANGUAGE].contains(&name.as_str()) => {}
                None => return wrong(name, "no part of a letter has this name".to_owned()),
            }
        }
        let Some(head) = files.get(HEADER) else {
            return wrong(HEADER, "the letter has none".to_owned());
        };
        let header = Header::read(HEADER, head)?;
        let words = shipped_words()?;
        let tag = &header.language;
        let language = match (files.get(LANGUAGE), for_tag(&words.languages, tag)) {
            (Some(file), None) => language_of_file(LANGUAGE, tag, file)?,
            (None, Some(language)) => Language::clone(language),
            (Some(_), Some(_)) => {
                return wrong(
                    LANGUAGE,
                    format!("words of {tag:?} ship, and a letter brings none of its own"),
                );
            }
            (None, None) => {
                return wrong(LANGUAGE, format!("no words of {tag:?} ship: the letter needs this file"));
            }
        };
        check_phrases(&header, &sources, &language)?;
        let named: BTreeSet<&String> = header.all_agencies().collect();
        let agencies: BTreeMap<&String, &Agency> =
            words.agencies.iter().filter(|(key, _)| named.contains(key)).collect();
        let frozen = |value: serde_json::Result<Value>| {
            value.map_err(|error| LoadError::Data { file: HEADER.to_owned(), problem: error.to_string() })
        };
        let letter = OwnLetter {
            parts: Parts { folder: header.id(), header: head.clone(), sources },
            language: frozen(language.whole())?,
            agencies: frozen(serde_json::to_value(agencies))?,
        };
        letter.template()?;
        Ok(letter)
    }

    /// The letter, compiled.
    ///
    /// # Errors
    /// What this release cannot read or compile any more, though an earlier one did.
    pub fn template(&self) -> Result<Template, LoadError> {
        let folder = &self.parts.folder;
        let header = Header::read(&format!("{folder}/{HEADER}"), &self.parts.header)?;
        let unreadable = |_| LoadError::Data {
            file: format!("{folder}/{LANGUAGE}"),
            problem: "its words cannot be read by this release: take the letter in again".to_owned(),
        };
        let language: Language = serde_json::from_value(self.language.clone()).map_err(unreadable)?;
        let agencies: BTreeMap<String, Agency> =
            serde_json::from_value(self.agencies.clone()).map_err(unreadable)?;
        let words = Words { languages: BTreeMap::from([(header.language, language.into())]), agencies };
        Template::from_parts(self.parts.clone(), &words).map(|template| template.own(self.hash()))
    }

    /// SHA-256, as hexadecimal, over all that the letter keeps: what an approver approves.
    pub fn hash(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(b"tocsin-own-letter-v1");
        update(&mut hash, &self.parts.header);
        for (part, source) in &self.parts.sources {
            update(&mut hash, part.file_name());
            update(&mut hash, source);
        }
        for words in [&self.language, &self.agencies] {
            update(&mut hash, &words.to_string());
        }
        hex::encode(hash.finalize())
    }
}

/// By which words the gate knows that a letter has a fixed text is not for its author to say. Where a shipped letter of the
/// language, of any family, has the element, its phrases are the ones. Where none has, each phrase has twenty letters, stands
/// in the paragraphs that are marked with the element and nowhere else, and hedges nothing.
fn check_phrases(
    header: &Header,
    sources: &BTreeMap<Part, String>,
    language: &Language,
) -> Result<(), LoadError> {
    let shipped = shipped_phrases(&header.language)?;
    for (element, phrases) in &header.phrases {
        let is_known = shipped.get(element).map(|lists| lists.contains(&phrases.iter().cloned().collect()));
        let is_fixed = || {
            gate::is_known_by_phrase(*element)
                && phrases.iter().all(|phrase| is_telling(phrase, *element, sources, language))
        };
        if !is_known.unwrap_or_else(is_fixed) {
            let problem = match shipped.get(element).and_then(|lists| lists.first()) {
                Some(list) => format!("the phrases of {element} are those of the shipped letters: {list:?}"),
                None => format!(
                    "each phrase of {element} needs {PHRASE_LETTERS} letters, hedges nothing, and stands in the paragraphs \
                     marked with it and nowhere else"
                ),
            };
            return Err(LoadError::Data { file: HEADER.to_owned(), problem });
        }
    }
    Ok(())
}

/// A phrase with fewer letters could stand anywhere. A sign of a script that parts no words is worth two.
const PHRASE_LETTERS: usize = 20;

/// The lists of phrases by which shipped letters in a language show each element.
fn shipped_phrases(tag: &str) -> Result<BTreeMap<Element, Vec<BTreeSet<String>>>, LoadError> {
    let mut lists: BTreeMap<Element, Vec<BTreeSet<String>>> = BTreeMap::new();
    for parts in shipped_parts() {
        let header = Header::read(&parts.folder, &parts.header)?;
        if primary(&header.language) == primary(tag) {
            for (element, phrases) in header.phrases {
                lists.entry(element).or_default().push(phrases.into_iter().collect());
            }
        }
    }
    Ok(lists)
}

fn is_telling(phrase: &str, element: Element, sources: &BTreeMap<Part, String>, language: &Language) -> bool {
    let letters = phrase.chars().filter(|sign| sign.is_alphabetic());
    let weight: usize = letters.map(|sign| if is_unspaced(sign) { 2 } else { 1 }).sum();
    let is_there_alone = |part: &Part| {
        let source = sources.get(part).map(String::as_str).unwrap_or_default();
        let times = |source: &str| gate::own_words(source).matches(phrase).count();
        let stretches = marked(source).unwrap_or_default();
        let of_the_element = stretches.iter().filter(|stretch| stretch.elements.contains(&element));
        let there: usize = of_the_element.map(|stretch| times(stretch.body)).sum();
        there > 0 && there == times(source)
    };
    weight >= PHRASE_LETTERS
        && hedges(phrase, language).is_empty()
        && [Part::Text, Part::Html].iter().all(is_there_alone)
}

/// What the gate has against a letter under any regime that it serves, in any phase and channel, for the invented
/// merchant and incident of [`sample`]. A plan has it judged again as it would go out. `contents` names, by regime, what the
/// law wants said and forbids to say; `None` where it knows no such regime.
pub fn problems(template: &Template, contents: impl Fn(&str) -> Option<Vec<String>>) -> Vec<String> {
    let mut problems = Vec::new();
    for regime in template.header().regimes.keys() {
        let Some(keys) = contents(regime) else {
            problems.push(format!("{regime}: no rule of this name ships"));
            continue;
        };
        let demands = match Demands::from_keys(keys.iter().map(String::as_str)) {
            Ok(demands) => demands,
            Err(unknown) => {
                problems.push(format!("{regime}: {unknown}"));
                continue;
            }
        };
        let mut found: Vec<Violation> =
            gate::check_template(template, regime, &demands).err().unwrap_or_default();
        for phase in &template.header().phases {
            let facts = NoticeFacts { phase: *phase, ..sample_in(template, regime) };
            match in_each_channel(template, regime, &facts, &demands) {
                Ok(violations) => found.extend(violations),
                Err(problem) => problems.push(format!("{regime}: {problem}")),
            }
        }
        let mut said = BTreeSet::new();
        let texts = found.iter().map(ToString::to_string).filter(|text| said.insert(text.clone()));
        problems.extend(texts.map(|text| format!("{regime}: {text}")));
    }
    problems
}

fn in_each_channel(
    template: &Template,
    regime: &str,
    facts: &NoticeFacts,
    demands: &Demands,
) -> Result<Vec<Violation>, String> {
    let judge = Judge::of(template, regime, facts, demands);
    let mut violations = Vec::new();
    for channel in &template.header().channels {
        for reader in &readers(template, facts) {
            let page =
                Page::of(template, *channel, regime, facts, reader).map_err(|error| error.to_string())?;
            violations.extend(judge.check_page(&page).err().unwrap_or_default());
        }
    }
    Ok(violations)
}

/// Of one all leaked, of another one thing alone, of a third a few.
fn readers(template: &Template, facts: &NoticeFacts) -> Vec<Reader> {
    match template.header().audience {
        Audience::Individual => {
            let named = |name: Option<&str>, data: BTreeSet<String>| Reader {
                display_name: name.map(str::to_owned),
                data_categories: data,
                copy: false,
            };
            let name = Some("Erika Example");
            vec![
                named(name, facts.data_categories.clone()),
                named(name, sample::keys(&["ssn"])),
                Reader { copy: true, ..named(None, sample::keys(&["email", "name", "password-hash"])) },
            ]
        }
        Audience::Authority | Audience::Controller | Audience::Card => vec![Reader::nobody()],
    }
}

/// The sample, with words of the incident in the letter's language: English ones where none ship in it.
fn sample_in(template: &Template, regime: &str) -> NoticeFacts {
    let mut facts = sample::facts_under(template, regime);
    let language = &template.header().language;
    if for_tag(&facts.texts, language).is_none()
        && let Some(english) = facts.texts.get("en").cloned()
    {
        facts.texts.insert(primary(language).to_owned(), english);
    }
    facts
}
