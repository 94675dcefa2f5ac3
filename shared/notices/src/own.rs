//! A merchant's own letters: written as the shipped ones are, held against the same law, and never changed.
//!
//! Beside its files an own letter keeps the words of its language and the agencies that it names as they were when it
//! was taken in. So it says the same in every later release, and what was approved with it stays approved.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::element::Demands;
use crate::facts::{NoticeFacts, Reader};
use crate::gate::{self, Violation};
use crate::header::{Agency, Audience, Header};
use crate::language::{Language, for_tag, primary};
use crate::library::{language_of_file, shipped_words};
use crate::render::render;
use crate::sample;
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
        let language = match files.get(LANGUAGE) {
            Some(file) => language_of_file(LANGUAGE, &header.language, file)?,
            None => match for_tag(&words.languages, &header.language) {
                Some(language) => Language::clone(language),
                None => {
                    let problem =
                        format!("no words of {:?} ship: the letter needs this file", header.language);
                    return wrong(LANGUAGE, problem);
                }
            },
        };
        let named: BTreeSet<&String> = header.all_agencies().collect();
        let agencies: BTreeMap<&String, &Agency> =
            words.agencies.iter().filter(|(key, _)| named.contains(key)).collect();
        let frozen = |value: serde_json::Result<Value>| {
            value.map_err(|error| LoadError::Data { file: HEADER.to_owned(), problem: error.to_string() })
        };
        let letter = OwnLetter {
            parts: Parts { folder: header.id(), header: head.clone(), sources },
            language: frozen(language.with_hedges())?,
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
    let readers = match template.header().audience {
        Audience::Individual => {
            let named = |name: Option<&str>| Reader {
                display_name: name.map(str::to_owned),
                data_categories: facts.data_categories.clone(),
                copy: false,
            };
            vec![named(Some("Erika Example")), Reader { copy: true, ..named(None) }]
        }
        Audience::Authority | Audience::Controller | Audience::Card => vec![Reader::nobody()],
    };
    let mut violations = Vec::new();
    for channel in &template.header().channels {
        for reader in &readers {
            let rendered = render(template, *channel, regime, facts, reader, sample::REFERENCE)
                .map_err(|error| error.to_string())?;
            violations.extend(
                gate::check_rendered(&rendered, template, regime, facts, demands).err().unwrap_or_default(),
            );
        }
    }
    Ok(violations)
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
