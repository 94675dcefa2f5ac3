//! The page, in every language, and what it is made of. Nothing in it comes from another host.

use std::collections::BTreeMap;

use minijinja::{Environment, ErrorKind, UndefinedBehavior};
use serde::Serialize;
use tocsin_notices::{Language, shipped_words};

use crate::files::{Files, START_PAGE, in_folder};
use crate::manifest::edition;
use crate::notice::{Contact, Counted, Issuer};
use crate::words::Words;

const PAGE: &str = include_str!("../site/page.html.j2");
const SCRIPT: &str = include_str!("../site/check.js");
const STYLE: &str = include_str!("../site/check.css");

/// The language of whoever gets none of the others.
const OTHERWISE: &str = "en";

/// The page cannot be made: a defect of the build, which this crate's own tests would have shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Defect {
    #[error("the page's words or dates in {0} cannot be read")]
    Words(String),
    #[error("the page cannot be rendered: {0}")]
    Page(ErrorKind),
}

/// What the page prints.
#[derive(Serialize)]
struct Values<'a> {
    language: &'a str,
    words: Filled<'a>,
    languages: Vec<(&'a str, &'a str)>,
    issuer: &'a Issuer,
    edition: &'a str,
    /// Newest first.
    notices: Vec<Row<'a>>,
}

/// The words with their places filled.
#[derive(Serialize)]
struct Filled<'a> {
    #[serde(flatten)]
    all: &'a Words,
    lead_filled: String,
    hint_filled: String,
    compare_filled: String,
    malformed_filled: String,
}

#[derive(Serialize)]
struct Row<'a> {
    place: usize,
    date: String,
    day: String,
    channel: &'a str,
    phase: &'a str,
    /// As a reader of the page reads it, where the page is in that language.
    language: &'a str,
    tag: &'a str,
    subject: Option<&'a str>,
    contact: &'a Contact,
}

/// The pages, the script and the style, by path.
///
/// # Errors
/// A defect of the build.
pub fn pages(issuer: &Issuer, notices: &[Counted]) -> Result<Files, Defect> {
    let all = Words::shipped().map_err(|tag| Defect::Words(tag.to_owned()))?;
    let dates = shipped_words().map_err(|error| Defect::Words(error.to_string()))?.languages;
    let edition = edition(issuer, notices);
    let mut engine = Environment::new();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    let page = |error: minijinja::Error| Defect::Page(error.kind());
    engine.add_template("page.html", PAGE).map_err(page)?;
    let template = engine.get_template("page.html").map_err(page)?;
    let mut files = Files::from([
        (in_folder("check.js"), SCRIPT.as_bytes().to_vec()),
        (in_folder("check.css"), STYLE.as_bytes().to_vec()),
    ]);
    let first = most_frequent(notices, &all);
    for (tag, words) in &all {
        let dates = dates.get(*tag).ok_or_else(|| Defect::Words((*tag).to_owned()))?;
        let values = Values {
            language: tag,
            words: filled(words, issuer, notices),
            languages: all.iter().map(|(tag, words)| (*tag, words.name.as_str())).collect(),
            issuer,
            edition: &edition,
            notices: rows(notices, words, &all, dates),
        };
        let text = template.render(minijinja::Value::from(minijinja::value::Serde(&values))).map_err(page)?;
        if *tag == first {
            files.insert(START_PAGE.to_owned(), text.clone().into_bytes());
        }
        files.insert(in_folder(&format!("{tag}.html")), text.into_bytes());
    }
    Ok(files)
}

fn filled<'a>(words: &'a Words, issuer: &Issuer, notices: &[Counted]) -> Filled<'a> {
    let prefix = notices.first().map_or("SHOP", |counted| &counted.notice.prefix);
    let example = format!("{prefix}-A2B3C4D5E6");
    Filled {
        all: words,
        lead_filled: words.lead.replace("{company}", &issuer.name),
        hint_filled: words.hint.replace("{example}", &example),
        compare_filled: words.compare.replace("{host}", &issuer.host),
        malformed_filled: words.malformed.replace("{example}", &example),
    }
}

fn rows<'a>(
    notices: &'a [Counted],
    words: &'a Words,
    all: &'a BTreeMap<&'static str, Words>,
    dates: &Language,
) -> Vec<Row<'a>> {
    let row = |(place, Counted { notice, .. }): (usize, &'a Counted)| Row {
        place,
        date: dates.date(notice.date),
        day: notice.date.to_string(),
        channel: words.channel(notice.channel),
        phase: words.phase(notice.phase),
        language: all.get(primary(&notice.language)).map_or(notice.language.as_str(), |words| &words.name),
        tag: &notice.language,
        subject: notice.subject.as_deref(),
        contact: &notice.contact,
    };
    let mut rows: Vec<Row<'a>> = notices.iter().enumerate().map(row).collect();
    rows.sort_by(|one, other| other.day.cmp(&one.day));
    rows
}

/// The language in which most references were sent.
fn most_frequent<'a>(notices: &'a [Counted], all: &BTreeMap<&'static str, Words>) -> &'a str {
    let mut by_language: BTreeMap<&str, u64> = BTreeMap::new();
    for Counted { notice, references } in notices {
        *by_language.entry(primary(&notice.language)).or_default() += references;
    }
    let spoken = by_language.into_iter().filter(|(tag, _)| all.contains_key(tag));
    spoken.max_by_key(|(_, references)| *references).map_or(OTHERWISE, |(tag, _)| tag)
}

/// "en" of "en-US".
fn primary(tag: &str) -> &str {
    tag.split('-').next().unwrap_or(tag)
}
