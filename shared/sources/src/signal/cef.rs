//! The Common Event Format of ArcSight, with or without a syslog header in front:
//! `CEF:0|vendor|product|version|signature id|name|severity|key=value key=value`.
//!
//! A backslash escapes `|` and itself in the header, and `=`, itself and line ends in the extension.
//! Products forget to escape `=` in values; a key is taken for one only where it can be one.

use std::collections::BTreeMap;

use tocsin_domain::id::digest;
use tocsin_domain::signal::{Hints, Severity, Signal};

use super::{Finding, Rejection, missing, signal, status};
use crate::draft::{UNRATED, hint, severity_word};
use crate::time;

const NAME: &str = "CEF";

pub(super) fn read(text: &str) -> Finding {
    let event = start(text).ok_or(Rejection::UnknownFormat)?.trim_end();
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
        occurred_at: ["rt", "start", "end"].iter().find_map(|key| instant(field(key)?)),
        status: status(false),
        hints,
    })
}

/// The event begins at the first `CEF:` and a digit that begins the text or follows a space or the like.
fn start(text: &str) -> Option<&str> {
    text.match_indices("CEF:").find_map(|(index, _)| {
        let before = text.get(..index)?.chars().next_back();
        let event = text.get(index..)?;
        let has_version = event.chars().nth(4).is_some_and(|c| c.is_ascii_digit());
        let begins = before.is_none_or(|c| c.is_whitespace() || matches!(c, '\u{feff}' | ':' | '>' | ']'));
        (has_version && begins).then_some(event)
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
fn extension_fields(extension: &str) -> BTreeMap<String, String> {
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

/// 0 to 3 low, 4 to 6 medium, 7 and 8 high, 9 and 10 very high; or the word. Anything else is unrated.
fn severity(text: &str) -> Severity {
    match text.trim().parse::<u8>() {
        Ok(0..=3) => Severity::Low,
        Ok(4..=6) => Severity::Medium,
        Ok(7 | 8) => Severity::High,
        Ok(9 | 10) => Severity::Critical,
        Ok(_) => UNRATED,
        Err(_) => severity_word(text.trim()).unwrap_or(UNRATED),
    }
}

/// Milliseconds, or `Jan 02 2025 15:04:05` in UTC.
fn instant(text: &str) -> Option<jiff::Timestamp> {
    time::from_text(text).or_else(|| {
        let local = jiff::civil::DateTime::strptime("%b %d %Y %H:%M:%S", text).ok()?;
        jiff::tz::TimeZone::UTC.to_timestamp(local).ok()
    })
}

/// Events without an id of their own are known by their bytes, which a redelivery repeats.
fn fingerprint(event: &str) -> String {
    hex::encode(digest("cef-event", &[event.as_bytes()]))
}
