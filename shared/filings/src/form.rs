//! A form as a file says it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::known::Fact;
use crate::mail::MailAddress;

/// The questions of one authority, or of a template that several take, in the order in which they are asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Form {
    /// Stable: filings name it.
    pub key: String,
    pub name: String,
    /// The article that asks for it.
    pub law: String,
    /// Where the questions were read, and which edition they are of.
    pub source: String,
    /// `verified`, `well-known` or `uncertain`.
    pub confidence: String,
    /// Counts up with each change of the questions.
    pub version: u32,
    /// The regimes whose duty a filing by this form meets.
    pub regimes: BTreeSet<String>,
    /// Where it is entered: a portal, or an address. None where each authority has its own.
    #[serde(default)]
    pub portal: Option<String>,
    /// Where it goes, by the place whose authority it is; where one form serves many authorities.
    #[serde(default, rename = "authority", skip_serializing_if = "BTreeMap::is_empty")]
    pub authorities: BTreeMap<String, Authority>,
    /// The language in which the authority reads.
    pub language: String,
    #[serde(rename = "section")]
    pub sections: Vec<Section>,
}

/// How an authority takes a filing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Authority {
    /// Where it takes one by mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<MailAddress>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub portal: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Section {
    pub title: String,
    #[serde(rename = "question")]
    pub questions: Vec<Question>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Question {
    /// The form's own number, or a name; unique in the form.
    pub id: String,
    /// In our words.
    pub ask: String,
    pub takes: Kind,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<Opt>,
    /// What fills it; without it a person answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Fact>,
    /// From a word of the fact to the key of an option.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub map: BTreeMap<String, String>,
    /// Asked only where all of these hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub asked_when: Vec<Asked>,
    #[serde(default)]
    pub need: Need,
    /// What a person should know who answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    Text,
    /// An instant, as RFC 3339.
    Instant,
    /// A day, as ISO 8601.
    Day,
    Number,
    /// `yes` or `no`.
    YesNo,
    /// One option.
    Choice,
    /// One option or more.
    Choices,
    /// Codes of places with numbers.
    Places,
}

/// An option of a choice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Opt {
    pub key: String,
    pub says: String,
    /// Says that it is not known yet: only a filing that is incomplete may have it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub while_incomplete: bool,
}

/// A condition on the answer to another question, which stands before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Asked {
    pub question: String,
    /// The answer is one of these, or has one of them.
    pub is: BTreeSet<String>,
}

/// Whether there has to be an answer where the question is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Need {
    /// Always; a filing without it is incomplete.
    Required,
    #[default]
    Optional,
}

/// Why a form does not load.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{form}: {problem}")]
pub struct FormError {
    pub form: String,
    pub problem: String,
}

impl Form {
    /// # Errors
    /// What cannot be read, and the first thing that makes no sense.
    pub fn read(name: &str, text: &str) -> Result<Form, FormError> {
        let wrong = |problem: String| FormError { form: name.to_owned(), problem };
        let form: Form = toml::from_str(text).map_err(|error| wrong(error.message().to_owned()))?;
        match form.problem() {
            Some(problem) => Err(wrong(problem)),
            None if form.key == name => Ok(form),
            None => Err(wrong(format!("the file should be called {}", form.key))),
        }
    }

    pub fn questions(&self) -> impl Iterator<Item = &Question> {
        self.sections.iter().flat_map(|section| &section.questions)
    }

    pub fn question(&self, id: &str) -> Option<&Question> {
        self.questions().find(|question| question.id == id)
    }

    fn problem(&self) -> Option<String> {
        let texts = [
            ("name", &self.name),
            ("law", &self.law),
            ("source", &self.source),
            ("language", &self.language),
        ];
        if let Some((field, _)) = texts.iter().find(|(_, text)| text.trim().is_empty()) {
            return Some(format!("`{field}` is empty"));
        }
        if !["verified", "well-known", "uncertain"].contains(&self.confidence.as_str()) {
            return Some(format!("confidence {:?} is none", self.confidence));
        }
        if self.regimes.is_empty() {
            return Some("it meets no duty".to_owned());
        }
        let nowhere = |(_, authority): &(&String, &Authority)| *authority == &Authority::default();
        if let Some((place, _)) = self.authorities.iter().find(nowhere) {
            return Some(format!("the authority of {place} takes it nowhere"));
        }
        let mut before: BTreeMap<&str, &Question> = BTreeMap::new();
        for question in self.questions() {
            if let Some(problem) = question.problem(&before) {
                return Some(format!("question {}: {problem}", question.id));
            }
            if before.insert(&question.id, question).is_some() {
                return Some(format!("two questions are called {}", question.id));
            }
        }
        None
    }
}

impl Question {
    pub fn option(&self, key: &str) -> Option<&Opt> {
        self.options.iter().find(|option| option.key == key)
    }

    fn problem(&self, before: &BTreeMap<&str, &Question>) -> Option<String> {
        if self.ask.trim().is_empty() {
            return Some("it asks nothing".to_owned());
        }
        if self.has_options() == self.options.is_empty() {
            return Some("options and kind do not fit".to_owned());
        }
        let keys: BTreeSet<&String> = self.options.iter().map(|option| &option.key).collect();
        if keys.len() < self.options.len() {
            return Some("two options have one key".to_owned());
        }
        if self.map.values().any(|key| !keys.contains(key)) {
            return Some("`map` leads to an option that is not there".to_owned());
        }
        self.asked_when.iter().find_map(|asked| match before.get(asked.question.as_str()) {
            None => Some(format!("it depends on {}, which does not stand before it", asked.question)),
            Some(other) if other.has_options() => {
                let unknown = asked.is.iter().find(|key| other.option(key).is_none())?;
                Some(format!("{} has no option {unknown}", asked.question))
            }
            Some(_) => None,
        })
    }

    fn has_options(&self) -> bool {
        match self.takes {
            Kind::Choice | Kind::Choices => true,
            Kind::Text | Kind::Instant | Kind::Day | Kind::Number | Kind::YesNo | Kind::Places => false,
        }
    }
}
