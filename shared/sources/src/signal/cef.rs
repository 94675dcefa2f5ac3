//! The Common Event Format of ArcSight:
//! `CEF:0|vendor|product|version|signature id|name|severity|key=value key=value`.
//!
//! A backslash escapes `|` and itself in the header, and `=`, itself and line ends in the extension.
//! Products forget to escape `=` in values; a key is taken for one only where it can be one.

use std::collections::BTreeMap;

use tocsin_domain::id::digest;
use tocsin_domain::signal::{Hints, Severity, Signal};

use super::{Finding, missing, out_of_ten, signal, status};
use crate::draft::{UNRATED, hint, severity_word};
use crate::time;

const NAME: &str = "CEF";

pub(super) fn read(event: &str) -> Finding {
    let (header, extension) = header(event).ok_or(missing(NAME, "header"))?;
    let [_, vendor, product, _, kind, name, severity_text] = header;
    let fields = extension_fields(extension);
    let field = |key: &str| fields.get(key).map(String::as_str).filter(|value| !value.is_empty());
    let mut hints = Hints::default();
    for (list, keys) in [
        (&mut hints.actors, ["suser", "src", "shost", "sourceTranslatedAddress"]),
        (&mut hints.resources, ["dst", "dhost", "duser", "dvchost"]),
    ] {
        keys.iter().for_each(|key| hint(list, field(key)));
    }
    signal(Signal {
        source: "cef".to_owned(),
        external_id: field("externalId")
            .map_or_else(|| fingerprint(event), |id| format!("{vendor}:{product}:{id}")),
        severity: severity(&severity_text),
        kind: format!("{vendor}:{product}:{kind}"),
        title: name,
        occurred_at: ["rt", "start", "end"].iter().find_map(|key| time::from_text(field(key)?)),
        status: status(false),
        hints,
    })
}

/// Seven fields, each ended by an unescaped pipe, and the rest. The pipe after the severity may be missing.
fn header(event: &str) -> Option<([String; 7], &str)> {
    let mut fields = vec![String::new()];
    let mut rest = event.char_indices();
    while let Some((index, c)) = rest.next() {
        match c {
            '\\' => fields.last_mut()?.extend(rest.next().map(|(_, escaped)| escaped)),
            '|' if fields.len() == 7 => return Some((fields.try_into().ok()?, event.get(index + 1..)?)),
            '|' => fields.push(String::new()),
            _ => fields.last_mut()?.push(c),
        }
    }
    Some((fields.try_into().ok()?, ""))
}

/// A word directly before an unescaped `=`, after a space, is a key; its value reaches to the next key.
pub(super) fn extension_fields(extension: &str) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::new();
    let mut open: Option<(&str, usize)> = None;
    for equals in unescaped_equals(extension) {
        let Some(before) = extension.get(..equals) else { continue };
        let begin = before.rfind(char::is_whitespace).map_or(0, |space| space + 1);
        let Some(key) = before.get(begin..).filter(|key| is_key(key)) else { continue };
        if let Some((open_key, from)) = open {
            fields.insert(open_key.to_owned(), value(extension.get(from..begin).unwrap_or_default()));
        }
        open = Some((key, equals + 1));
    }
    if let Some((key, from)) = open {
        fields.insert(key.to_owned(), value(extension.get(from..).unwrap_or_default()));
    }
    fields
}

fn unescaped_equals(extension: &str) -> Vec<usize> {
    let mut found = Vec::new();
    let mut letters = extension.char_indices();
    while let Some((index, c)) = letters.next() {
        match c {
            '\\' => {
                letters.next();
            }
            '=' => found.push(index),
            _ => {}
        }
    }
    found
}

fn is_key(word: &str) -> bool {
    let lawful = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '[' | ']');
    !word.is_empty() && word.len() <= 64 && word.chars().all(lawful)
}

fn value(raw: &str) -> String {
    let mut value = String::with_capacity(raw.len());
    let mut letters = raw.trim().chars();
    while let Some(c) = letters.next() {
        match c {
            '\\' => match letters.next() {
                Some('n' | 'r') => value.push('\n'),
                Some(escaped) => value.push(escaped),
                None => value.push('\\'),
            },
            _ => value.push(c),
        }
    }
    value
}

/// A number or a word. Products write what they like; anything else is unrated.
fn severity(text: &str) -> Severity {
    let rated = match text.trim().parse::<u64>() {
        Ok(number) => out_of_ten(number),
        Err(_) => severity_word(text.trim()),
    };
    rated.unwrap_or(UNRATED)
}

/// Events without an id of their own are known by their bytes, which a redelivery repeats.
pub(super) fn fingerprint(event: &str) -> String {
    hex::encode(digest("cef-event", &[event.as_bytes()]))
}
