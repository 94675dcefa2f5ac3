//! A filing as others read it: as structured data with a schema, as text, and as a page to print.

use std::fmt::Write as _;

use serde_json::{Map, Value as Json, json};

use crate::dossier::{Source, Value};
use crate::filing::{Completeness, Filing, Kind as FilingKind};
use crate::fill::{Answer, Filled};
use crate::form::{Form, Kind, Need, Question};
use crate::readable::readable;

/// What stands where nobody knows an answer: never nothing.
pub const NOT_YET_KNOWN: &str = "not yet known";

/// The filing as structured data, each answer under the form's own number.
pub fn to_json(form: &Form, filing: &Filing) -> Json {
    let answers: Map<String, Json> =
        filing.filled.answers.iter().map(|answer| (answer.question.clone(), of_answer(answer))).collect();
    json!({
        "form": form.key,
        "version": filing.filled.version,
        "incident": filing.incident,
        "obligation": filing.obligation,
        "number": filing.number,
        "kind": filing.kind,
        "completeness": filing.completeness,
        "follows": filing.follows,
        "hash": filing.hash,
        "answers": answers,
    })
}

/// The value, or that it is not yet known, and the leaf of the audit log that it came from.
fn of_answer(answer: &Answer) -> Json {
    let leaf = match &answer.source {
        Source::Leaf(leaf) => json!(leaf),
        Source::Filing => Json::Null,
    };
    json!({ "value": answer.value.as_ref().map_or_else(|| json!(NOT_YET_KNOWN), plain), "leaf": leaf })
}

fn plain(value: &Value) -> Json {
    match value {
        Value::Text(text) => json!(text),
        Value::Instant(at) => json!(at),
        Value::Day(day) => json!(day),
        Value::Number(number) => json!(number),
        Value::Words(words) => json!(words),
        Value::Places(places) => json!(places),
    }
}

/// The JSON Schema (2020-12) of what [`to_json`] writes for a form.
pub fn schema(form: &Form) -> Json {
    let answers: Map<String, Json> =
        form.questions().map(|question| (question.id.clone(), schema_of(question))).collect();
    let always = |question: &&Question| question.need == Need::Required && question.asked_when.is_empty();
    let required: Vec<&str> = form.questions().filter(always).map(|question| question.id.as_str()).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": form.name,
        "description": format!("{}. {}", form.law, form.source),
        "type": "object",
        "properties": {
            "form": { "const": form.key },
            "version": { "const": form.version },
            "incident": { "type": "string", "pattern": "^[0-9a-f]{32}$" },
            "obligation": { "type": "string", "pattern": "^[0-9a-f]{32}$" },
            "number": { "type": "integer", "minimum": 1 },
            "kind": { "enum": ["new", "follow-up"] },
            "completeness": { "enum": ["complete", "incomplete", "withdrawal"] },
            "follows": { "type": ["string", "null"] },
            "hash": { "type": "string", "pattern": "^[0-9a-f]{64}$" },
            "answers": {
                "type": "object", "properties": answers, "required": required, "additionalProperties": false,
            },
        },
        "required": ["form", "version", "incident", "obligation", "number", "kind", "completeness", "follows", "hash", "answers"],
        "additionalProperties": false,
    })
}

fn schema_of(question: &Question) -> Json {
    let keys: Vec<&str> = question.options.iter().map(|option| option.key.as_str()).collect();
    let words = |most: Option<usize>| {
        let mut words =
            json!({ "type": "array", "items": { "enum": keys }, "minItems": 1, "uniqueItems": true });
        if let Some(most) = most {
            words["maxItems"] = json!(most);
        }
        words
    };
    let known = match question.takes {
        Kind::Text => json!({ "type": "string", "minLength": 1 }),
        Kind::Instant => {
            json!({ "type": "string", "pattern": "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?Z$" })
        }
        Kind::Day => json!({ "type": "string", "pattern": "^\\d{4}-\\d{2}-\\d{2}$" }),
        Kind::Number => json!({ "type": "integer", "minimum": 0 }),
        Kind::YesNo => {
            json!({ "type": "array", "items": { "enum": ["yes", "no"] }, "minItems": 1, "maxItems": 1 })
        }
        Kind::Choice => words(Some(1)),
        Kind::Choices => words(None),
        Kind::Places => json!({
            "type": "object", "minProperties": 1, "additionalProperties": { "type": "integer", "minimum": 0 },
        }),
    };
    json!({
        "title": question.ask,
        "type": "object",
        "properties": {
            "value": { "anyOf": [known, { "const": NOT_YET_KNOWN }] },
            "leaf": { "type": ["string", "null"], "pattern": "^[0-9a-f]{32}$" },
        },
        "required": ["value", "leaf"],
        "additionalProperties": false,
    })
}

/// A line of the filing as a person reads it: the question, its answer in words, and its leaf.
struct Line<'a> {
    id: &'a str,
    ask: &'a str,
    says: String,
    leaf: Option<String>,
}

fn lines<'a>(form: &'a Form, filled: &'a Filled) -> impl Iterator<Item = (&'a str, Vec<Line<'a>>)> {
    form.sections.iter().filter_map(|section| {
        let line = |question: &'a Question| {
            let answer = filled.answer(&question.id)?;
            let leaf = match &answer.source {
                Source::Leaf(leaf) => Some(leaf.to_string()),
                Source::Filing => None,
            };
            Some(Line { id: &question.id, ask: &question.ask, says: in_words(question, answer), leaf })
        };
        let lines: Vec<Line<'a>> = section.questions.iter().filter_map(line).collect();
        (!lines.is_empty()).then_some((section.title.as_str(), lines))
    })
}

fn in_words(question: &Question, answer: &Answer) -> String {
    match &answer.value {
        None => NOT_YET_KNOWN.to_owned(),
        Some(Value::Text(text)) => text.clone(),
        Some(Value::Instant(at)) => at.to_string(),
        Some(Value::Day(day)) => day.to_string(),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Words(words)) => {
            let says =
                |word: &String| question.option(word).map_or(word.clone(), |option| option.says.clone());
            words.iter().map(says).collect::<Vec<_>>().join("; ")
        }
        Some(Value::Places(places)) => {
            places.iter().map(|(place, number)| format!("{place}: {number}")).collect::<Vec<_>>().join(", ")
        }
    }
}

fn title(form: &Form, filing: &Filing) -> String {
    format!("{}: {}", form.name, state_of(filing))
}

/// Which filing it is, and whether all of it.
pub fn state_of(filing: &Filing) -> String {
    let kind = match filing.kind {
        FilingKind::New => "first filing",
        FilingKind::FollowUp => "following filing",
    };
    let completeness = match filing.completeness {
        Completeness::Complete => "complete",
        Completeness::Incomplete => "incomplete, more follows",
        Completeness::Withdrawal => "withdraws what was filed before",
    };
    format!("{kind}, {completeness}")
}

/// The filing as plain text: for entry in a portal, and as the body of a mail where an authority takes one.
pub fn to_text(form: &Form, filing: &Filing) -> String {
    let mut text =
        format!("{}\n{}\nReference {} / {}\n", title(form, filing), form.law, filing.incident, filing.number);
    for (section, lines) in lines(form, &filing.filled) {
        text += &format!("\n{section}\n{}\n", "-".repeat(section.chars().count()));
        for line in lines {
            let says = one_column(&line.says);
            // Writing to a String does not fail.
            let _ = writeln!(text, "{} {}\n    {says}", line.id, line.ask);
        }
    }
    text
}

/// What stands under a question is indented as a whole, so that nobody takes a line of an answer for a question.
fn one_column(says: &str) -> String {
    readable(says).lines().collect::<Vec<_>>().join("\n    ")
}

/// An answer of more signs than this may be broken between two pages; what is shorter stays together.
const LONG: usize = 800;

/// The filing as a page to read and to print, with the leaf of each answer.
pub fn to_html(form: &Form, filing: &Filing) -> String {
    let title = escaped(&title(form, filing));
    let Filing { incident, number, hash, .. } = filing;
    let footer = page_style(&format!("Reference {incident} / {number}. SHA-256 {hash}"));
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n<style>\n{STYLE}{footer}</style>\n</head>\n\
         <body>\n<h1>{title}</h1>\n<p>{}. Reference {incident} / {number}. SHA-256 {hash}.</p>\n",
        escaped(&form.law),
    );
    for (section, lines) in lines(form, &filing.filled) {
        page += &format!("<h2>{}</h2>\n<table>\n", escaped(section));
        page.extend(lines.iter().map(row));
        page += "</table>\n";
    }
    page + "</body>\n</html>\n"
}

fn row(Line { id, ask, says, leaf }: &Line<'_>) -> String {
    let unknown = if says == NOT_YET_KNOWN { " class=\"unknown\"" } else { "" };
    let long = if says.chars().count() > LONG { " class=\"long\"" } else { "" };
    let leaf =
        leaf.as_ref().map(|leaf| format!("<span class=\"leaf\">leaf {leaf}</span>")).unwrap_or_default();
    let says = escaped(says).replace('\n', "<br>");
    format!(
        "<tr{long}><th>{} {}</th><td{unknown}><bdi>{says}</bdi> {leaf}</td></tr>\n",
        escaped(id),
        escaped(ask)
    )
}

/// `mso-number-format`: a program for tables that opens the page takes an answer for words, and never for a formula.
pub(crate) const STYLE: &str = "body { font-family: Arial, Helvetica, sans-serif; font-size: 10pt; line-height: 1.4; max-width: 50em; margin: 2em auto; }
h1 { font-size: 16pt; } h2 { font-size: 12pt; margin-top: 1.5em; break-after: avoid; }
table { border-collapse: collapse; width: 100%; table-layout: fixed; } tr { break-inside: avoid; } tr.long { break-inside: auto; }
th, td { border: 1px solid #bbbbbb; padding: 0.3em 0.5em; text-align: left; vertical-align: top; overflow-wrap: anywhere; mso-number-format: \"\\@\"; }
th { width: 38%; font-weight: normal; background: #f2f2f2; }
.unknown { font-style: italic; } .leaf { display: block; color: #595959; font-size: 7pt; font-family: monospace; }
@media print { body { max-width: none; margin: 0; } th { print-color-adjust: exact; } }
";

/// What stands on every sheet. Our own ids and hashes alone: nothing in it is escaped.
fn page_style(footer: &str) -> String {
    format!(
        "@page {{ size: A4; margin: 18mm 16mm 20mm;
@bottom-left {{ content: \"{footer}\"; font: 6.5pt monospace; color: #595959; }}
@bottom-right {{ content: counter(page) \" / \" counter(pages); font: 8pt Arial, Helvetica, sans-serif; color: #595959; }} }}
"
    )
}

pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for sign in readable(text).chars() {
        match sign {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            sign => escaped.push(sign),
        }
    }
    escaped
}
