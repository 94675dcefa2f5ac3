//! Answers to a form: from what a person stated, else from what is known.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::dossier::{Dossier, Known, Source, Value};
use crate::form::{Form, Kind, Need, Question};
use crate::known::Fact;

/// What a person stated, by question.
pub type Given = BTreeMap<String, Known>;

/// A form with its answers, as it is frozen, approved and filed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filled {
    pub form: String,
    pub version: u32,
    /// Each question that is asked, in the form's order.
    pub answers: Vec<Answer>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    pub question: String,
    /// As the form takes it: the key of an option, a number, an instant, words. None: not yet known.
    pub value: Option<Value>,
    /// Where it is recorded; of what is not known yet, that nobody recorded it.
    pub source: Source,
}

/// Why a filing is not complete, or not lawful.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Lack {
    #[error("question {0} is not answered yet")]
    NotKnown(String),
    #[error("question {0} is answered by what only an incomplete filing may say")]
    OnlyWhileIncomplete(String),
    #[error("question {question} takes {takes}, and the answer is none")]
    WrongKind { question: String, takes: String },
    #[error("question {question} has no option {key}")]
    NoOption { question: String, key: String },
    #[error("the form has no question {0}")]
    NoQuestion(String),
    #[error("question {0} is not asked where the others are answered so")]
    NotAsked(String),
}

/// Fills a form. Nothing that is asked is left out: what nobody knows stands there without a value.
///
/// # Errors
/// Every answer of a person that the form does not take.
pub fn fill(form: &Form, dossier: &Dossier, given: &Given) -> Result<Filled, Vec<Lack>> {
    let unknown = given.keys().filter(|id| form.question(id).is_none());
    let mut lacks: Vec<Lack> = unknown.map(|id| Lack::NoQuestion(id.clone())).collect();
    let mut answers: Vec<Answer> = Vec::new();
    for question in form.questions() {
        if !is_asked(question, &answers) {
            if given.contains_key(&question.id) {
                lacks.push(Lack::NotAsked(question.id.clone()));
            }
            continue;
        }
        let known = match given.get(&question.id) {
            Some(stated) => match fits(question, &stated.value) {
                Ok(()) => Some(stated.clone()),
                Err(lack) => {
                    lacks.push(lack);
                    None
                }
            },
            None => question.from.and_then(|fact| taken(question, fact, dossier)),
        };
        let (value, source) = known.map_or((None, Source::Filing), |known| (Some(known.value), known.source));
        answers.push(Answer { question: question.id.clone(), value, source });
    }
    if !lacks.is_empty() {
        return Err(lacks);
    }
    Ok(Filled { form: form.key.clone(), version: form.version, answers })
}

impl Filled {
    /// What a complete filing would need. Empty where it may be called complete.
    pub fn lacks(&self, form: &Form) -> Vec<Lack> {
        let lack = |answer: &Answer| {
            let question = form.question(&answer.question)?;
            match (&answer.value, question.need) {
                (None, Need::Required) => Some(Lack::NotKnown(question.id.clone())),
                (None, Need::Optional) => None,
                (Some(value), _) => {
                    let provisional = words(value)
                        .any(|key| question.option(key).is_some_and(|option| option.while_incomplete));
                    provisional.then(|| Lack::OnlyWhileIncomplete(question.id.clone()))
                }
            }
        };
        self.answers.iter().filter_map(lack).collect()
    }

    pub fn answer(&self, question: &str) -> Option<&Answer> {
        self.answers.iter().find(|answer| answer.question == question)
    }
}

fn is_asked(question: &Question, before: &[Answer]) -> bool {
    question.asked_when.iter().all(|asked| {
        let other = before.iter().find(|answer| answer.question == asked.question);
        other
            .and_then(|answer| answer.value.as_ref())
            .is_some_and(|value| words(value).any(|word| asked.is.contains(word)))
    })
}

fn words(value: &Value) -> impl Iterator<Item = &str> {
    let words: &[String] = match value {
        Value::Words(words) => words,
        Value::Text(_) | Value::Instant(_) | Value::Day(_) | Value::Number(_) | Value::Places(_) => &[],
    };
    words.iter().map(String::as_str)
}

/// What a fact answers, as the question takes it; none where it says nothing that the question has an option for.
fn taken(question: &Question, fact: Fact, dossier: &Dossier) -> Option<Known> {
    let Known { value, source } = dossier.get(fact)?;
    let value = match (question.takes, value) {
        (Kind::Choice | Kind::Choices, Value::Words(words)) => {
            let mut keys: Vec<String> = words.iter().filter_map(|word| key(question, word)).collect();
            keys.sort();
            keys.dedup();
            Value::Words(keys)
        }
        (Kind::Day, Value::Instant(at)) => Value::Day(at.to_zoned_datetime(dossier.zone.clone()).date()),
        (_, value) => value.clone(),
    };
    let known = Known { value, source: source.clone() };
    let is_some = match &known.value {
        Value::Words(words) => !words.is_empty(),
        Value::Text(text) => !text.trim().is_empty(),
        Value::Instant(_) | Value::Day(_) | Value::Number(_) | Value::Places(_) => true,
    };
    (is_some && fits(question, &known.value).is_ok()).then_some(known)
}

fn key(question: &Question, word: &str) -> Option<String> {
    let mapped = question.map.get(word).cloned();
    mapped.or_else(|| question.option(word).map(|option| option.key.clone()))
}

/// Whether the question takes such an answer.
fn fits(question: &Question, value: &Value) -> Result<(), Lack> {
    let wrong = || Lack::WrongKind { question: question.id.clone(), takes: takes(question.takes).to_owned() };
    let options = |keys: &[String]| match keys.iter().find(|key| question.option(key).is_none()) {
        Some(key) => Err(Lack::NoOption { question: question.id.clone(), key: key.clone() }),
        None => Ok(()),
    };
    match (question.takes, value) {
        (Kind::Text, Value::Text(text)) if !text.trim().is_empty() => Ok(()),
        (Kind::Instant, Value::Instant(_))
        | (Kind::Day, Value::Day(_))
        | (Kind::Number, Value::Number(_)) => Ok(()),
        (Kind::Places, Value::Places(places)) if !places.is_empty() => Ok(()),
        (Kind::YesNo, Value::Words(words)) if matches!(words.as_slice(), [word] if word == "yes" || word == "no") => {
            Ok(())
        }
        (Kind::Choice, Value::Words(keys)) if keys.len() == 1 => options(keys),
        (Kind::Choices, Value::Words(keys)) if !keys.is_empty() => options(keys),
        (
            Kind::Text
            | Kind::Instant
            | Kind::Day
            | Kind::Number
            | Kind::Places
            | Kind::YesNo
            | Kind::Choice
            | Kind::Choices,
            _,
        ) => Err(wrong()),
    }
}

fn takes(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "words",
        Kind::Instant => "an instant",
        Kind::Day => "a day",
        Kind::Number => "a number",
        Kind::YesNo => "yes or no",
        Kind::Choice => "one option",
        Kind::Choices => "options",
        Kind::Places => "codes of places with numbers",
    }
}

/// A person's answer, as the question takes it.
///
/// # Errors
/// What does not fit; the answer's own words are not repeated.
pub fn stated(question: &Question, said: &serde_json::Value) -> Result<Value, Lack> {
    let wrong = || Lack::WrongKind { question: question.id.clone(), takes: takes(question.takes).to_owned() };
    let text = || said.as_str().ok_or_else(wrong);
    let word = |said: &serde_json::Value| said.as_str().map(str::to_owned).ok_or_else(wrong);
    let list = || match said.as_array() {
        Some(items) => items.iter().map(word).collect(),
        None => word(said).map(|word| vec![word]),
    };
    let value = match question.takes {
        Kind::Text => Value::Text(text()?.to_owned()),
        Kind::Instant => Value::Instant(text()?.parse::<Timestamp>().map_err(|_| wrong())?),
        Kind::Day => Value::Day(text()?.parse::<Date>().map_err(|_| wrong())?),
        Kind::Number => Value::Number(said.as_u64().ok_or_else(wrong)?),
        Kind::YesNo | Kind::Choice | Kind::Choices => Value::Words(list()?),
        Kind::Places => {
            let map = said.as_object().ok_or_else(wrong)?;
            let entry = |(place, number): (&String, &serde_json::Value)| {
                number.as_u64().map(|number| (place.clone(), number)).ok_or_else(wrong)
            };
            Value::Places(map.iter().map(entry).collect::<Result<_, _>>()?)
        }
    };
    fits(question, &value).map(|()| value)
}
