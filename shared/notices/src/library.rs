//! The letters that ship with Tocsin, embedded, and the choice among letters.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::element::Demands;
use crate::facts::NoticeFacts;
use crate::gate;
use crate::header::Agency;
use crate::language::{JUDGING, Language, primary};
use crate::template::{LoadError, Part, Parts, Template, Words};
use tocsin_domain::plan::TemplateRef;

/// A set of templates in which each regime has at most one letter a language.
#[derive(Debug)]
pub struct Library {
    templates: Vec<Template>,
    /// Letters of the merchant that are not in force: earlier notices may be of them.
    set_aside: Vec<Template>,
    /// What serves where none of the above does.
    shipped: Option<&'static Library>,
}

/// The regime that every official language of the European Union has readers of.
const GDPR: &str = "eu-gdpr-individual";

/// The official languages of the European Union (Regulation No 1 of 1958, Art. 1).
const EU_LANGUAGES: [&str; 24] = [
    "bg", "cs", "da", "de", "el", "en", "es", "et", "fi", "fr", "ga", "hr", "hu", "it", "lt", "lv", "mt",
    "nl", "pl", "pt", "ro", "sk", "sl", "sv",
];

/// Why no template can be chosen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    #[error("no template serves the regime {regime:?}")]
    NoTemplate { regime: String },
    #[error("{regime}: no letter in {}; there is {}, and the regime allows no other language",
        .wanted.join(", "), .available.join(", "))]
    NoLanguage { regime: String, wanted: Vec<String>, available: Vec<String> },
    #[error("{regime}: the settings' wording says what happened in none of {}, or not all that its letter needs",
        .languages.join(", "))]
    NotWorded { regime: String, languages: Vec<String> },
}

impl Library {
    /// The shipped templates, each compiled and passed by the gate.
    ///
    /// # Errors
    /// The first file at fault, by name.
    pub fn shipped() -> Result<Library, LoadError> {
        let words = shipped_words()?;
        let templates =
            shipped_parts().into_iter().map(|parts| checked(parts, &words)).collect::<Result<Vec<_>, _>>()?;
        Library::of(templates)
    }

    /// A library of these templates.
    ///
    /// # Errors
    /// Two templates that serve one regime in one language.
    pub fn of(templates: Vec<Template>) -> Result<Library, LoadError> {
        let mut served = BTreeSet::new();
        for template in &templates {
            for regime in template.header().regimes.keys() {
                if !served.insert((regime.clone(), template.header().language.clone())) {
                    return Err(LoadError::Data {
                        file: format!("{}/notice.toml", template.id()),
                        problem: format!("another template serves {regime} in this language"),
                    });
                }
            }
        }
        Ok(Library { templates, set_aside: Vec::new(), shipped: None })
    }

    /// A merchant's own letters that are in force, before those that ship: each takes the place of the one that ships for
    /// its regimes in its language.
    ///
    /// # Errors
    /// See [`Library::of`].
    pub fn over(
        shipped: &'static Library,
        in_force: Vec<Template>,
        set_aside: Vec<Template>,
    ) -> Result<Library, LoadError> {
        Ok(Library { set_aside, shipped: Some(shipped), ..Library::of(in_force)? })
    }

    /// The very letter of which a plan was made, in force or not.
    pub fn pinned(&self, approved: &TemplateRef) -> Option<&Template> {
        let shipped = self.shipped.into_iter().flat_map(|shipped| &shipped.templates);
        let mut all = self.templates.iter().chain(&self.set_aside).chain(shipped);
        all.find(|template| template.id() == approved.id && template.content_hash() == approved.hash)
    }

    /// All templates, without what ships under a merchant's own.
    pub fn templates(&self) -> &[Template] {
        &self.templates
    }

    /// The official languages of the European Union without a letter to people under the GDPR: who reads one of them
    /// is written to in another.
    pub fn missing_eu_languages(&self) -> Vec<&'static str> {
        let serving = self.templates.iter().filter(|template| template.terms(GDPR).is_some());
        let served: BTreeSet<&str> = serving.map(|template| primary(&template.header().language)).collect();
        EU_LANGUAGES.into_iter().filter(|language| !served.contains(language)).collect()
    }

    /// As [`Library::select`], of the letters whose language the merchant worded: nobody is left without a notice because a
    /// reader's language has a letter and no words of the incident. Where neither the reader's nor the regime's own is
    /// worded, any that is.
    ///
    /// # Errors
    /// Nothing serves the regime, or the merchant worded none of its letters.
    pub fn select_worded(
        &self,
        regime: &str,
        language_preference: &[&str],
        facts: &NoticeFacts,
    ) -> Result<&Template, SelectError> {
        let serving = self.serving(regime);
        let worded: Vec<&Template> =
            serving.iter().copied().filter(|template| template.is_worded(regime, facts)).collect();
        let chosen = self.chosen(&worded, regime, language_preference).or_else(|| worded.first().copied());
        chosen.ok_or_else(|| match serving.is_empty() {
            true => SelectError::NoTemplate { regime: regime.to_owned() },
            false => SelectError::NotWorded {
                regime: regime.to_owned(),
                languages: serving.iter().map(|template| template.header().language.clone()).collect(),
            },
        })
    }

    /// One letter a language.
    fn serving(&self, regime: &str) -> Vec<&Template> {
        let shipped = self.shipped.into_iter().flat_map(|shipped| &shipped.templates);
        let mut languages = BTreeSet::new();
        let all = self.templates.iter().chain(shipped).filter(|template| template.terms(regime).is_some());
        all.filter(|template| languages.insert(&template.header().language)).collect()
    }

    /// The letter of this regime in the reader's best language: the very tag, else the same language elsewhere,
    /// else the one that the regime allows for readers of other languages.
    ///
    /// # Errors
    /// Nothing serves the regime, or no language fits and the regime allows no other.
    pub fn select(&self, regime: &str, language_preference: &[&str]) -> Result<&Template, SelectError> {
        let serving = self.serving(regime);
        if serving.is_empty() {
            return Err(SelectError::NoTemplate { regime: regime.to_owned() });
        }
        self.chosen(&serving, regime, language_preference).ok_or_else(|| SelectError::NoLanguage {
            regime: regime.to_owned(),
            wanted: language_preference.iter().map(|tag| (*tag).to_owned()).collect(),
            available: serving.iter().map(|template| template.header().language.clone()).collect(),
        })
    }

    fn chosen<'a>(
        &self,
        serving: &[&'a Template],
        regime: &str,
        language_preference: &[&str],
    ) -> Option<&'a Template> {
        let preferred = language_preference.iter().find_map(|tag| in_language(serving, tag));
        preferred.or_else(|| serving.iter().copied().find(|template| self.is_fallback(template, regime)))
    }

    /// Whether readers of other languages get this letter: by its own word, or by that of the one whose place it takes.
    fn is_fallback(&self, template: &Template, regime: &str) -> bool {
        let shipped = self.shipped.into_iter().flat_map(|shipped| &shipped.templates);
        let replaced = shipped.filter(|shipped| shipped.header().language == template.header().language);
        let mut of_this_language = std::iter::once(template).chain(replaced);
        of_this_language.any(|template| template.terms(regime).is_some_and(|terms| terms.fallback))
    }
}

fn in_language<'a>(templates: &[&'a Template], tag: &str) -> Option<&'a Template> {
    let very = templates.iter().find(|template| template.header().language.eq_ignore_ascii_case(tag));
    let same = || {
        templates
            .iter()
            .find(|template| primary(&template.header().language).eq_ignore_ascii_case(primary(tag)))
    };
    very.or_else(same).copied()
}

/// A template that carries what it says it carries.
fn checked(parts: Parts, words: &Words) -> Result<Template, LoadError> {
    let folder = parts.folder.clone();
    let template = Template::from_parts(parts, words)?;
    if template.id() != folder {
        return Err(LoadError::Data {
            file: format!("{folder}/notice.toml"),
            problem: format!("the folder should be {}", template.id()),
        });
    }
    // To this check, regimes of the same blocks are the same.
    let mut checked = BTreeSet::new();
    for (regime, terms) in &template.header().regimes {
        if !checked.insert(&terms.blocks) {
            continue;
        }
        let required = template.header().carried(regime).into_iter().collect();
        let demands = Demands { required, forbidden: Vec::new() };
        gate::check_template(&template, regime, &demands)
            .map_err(|violations| LoadError::Refused { folder: folder.clone(), violations })?;
    }
    Ok(template)
}

/// The words of all shipped languages, and all agencies.
///
/// # Errors
/// The first file at fault, by name.
pub fn shipped_words() -> Result<Words, LoadError> {
    let mut languages = BTreeMap::new();
    for &(tag, file) in LANGUAGES {
        let language = language_of_file(&format!("languages/{tag}.toml"), tag, file)?;
        languages.insert(tag.to_owned(), Arc::new(language));
    }
    let agencies: BTreeMap<String, Agency> = parsed("agencies.toml", include_str!("../agencies.toml"))?;
    Ok(Words { languages, agencies })
}

/// The words of the file of a language.
pub(crate) fn language_of_file(name: &str, tag: &str, file: &str) -> Result<Language, LoadError> {
    let wrong = |problem: &str| LoadError::Data { file: name.to_owned(), problem: problem.to_owned() };
    let words = judging(tag, whole(name, file)?)?;
    let language: Language = words.try_into().map_err(|error: toml::de::Error| wrong(error.message()))?;
    match language.problem() {
        None => Ok(language),
        Some(problem) => Err(wrong(problem)),
    }
}

/// The words of a file, over those of the language that it extends: a region says what differs there.
fn whole(name: &str, file: &str) -> Result<toml::Table, LoadError> {
    let mut words: toml::Table = parsed(name, file)?;
    let Some(extended) = words.remove("extends") else {
        return Ok(words);
    };
    let base = LANGUAGES.iter().find(|(tag, _)| extended.as_str() == Some(*tag));
    let (tag, file) = base.ok_or_else(|| LoadError::Data {
        file: name.to_owned(),
        problem: format!("it extends {extended:?}, and there is no such language"),
    })?;
    let mut whole = judging(tag, parsed(&format!("languages/{tag}.toml"), file)?)?;
    lay_over(&mut whole, words);
    Ok(whole)
}

/// What hides behind words does so wherever the language is spoken: a region has the lists of its language that it lacks.
fn judging(tag: &str, mut words: toml::Table) -> Result<toml::Table, LoadError> {
    if let Some((tag, file)) = LANGUAGES.iter().find(|(other, _)| *other == primary(tag) && *other != tag) {
        let mut of_the_language: toml::Table = parsed(&format!("languages/{tag}.toml"), file)?;
        for key in JUDGING {
            if let Some(list) = of_the_language.remove(key)
                && !words.contains_key(key)
            {
                words.insert(key.to_owned(), list);
            }
        }
    }
    Ok(words)
}

/// What stands in both is taken from what lies over. A list by which letters are judged only grows.
fn lay_over(under: &mut toml::Table, over: toml::Table) {
    for (key, value) in over {
        match (under.get_mut(&key), value) {
            (Some(toml::Value::Table(under)), toml::Value::Table(over)) => lay_over(under, over),
            (Some(toml::Value::Array(under)), toml::Value::Array(over))
                if JUDGING.contains(&key.as_str()) =>
            {
                under.extend(over);
            }
            (_, value) => {
                under.insert(key, value);
            }
        }
    }
}

fn parsed<T: serde::de::DeserializeOwned>(name: &str, file: &str) -> Result<T, LoadError> {
    toml::from_str(file)
        .map_err(|error| LoadError::Data { file: name.to_owned(), problem: error.message().to_owned() })
}

include!(concat!(env!("OUT_DIR"), "/shipped.rs"));

/// A folder under `templates/`, as `build.rs` found it.
struct Letter {
    folder: &'static str,
    header: &'static str,
    parts: &'static [(Part, &'static str)],
}

/// The files of every shipped template.
pub fn shipped_parts() -> Vec<Parts> {
    let parts = |letter: &Letter| Parts {
        folder: letter.folder.to_owned(),
        header: letter.header.to_owned(),
        sources: letter.parts.iter().map(|(part, source)| (*part, (*source).to_owned())).collect(),
    };
    LETTERS.iter().map(parts).collect()
}
