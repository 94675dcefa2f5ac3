//! The Log Event Extended Format of IBM QRadar:
//! `LEEF:1.0|vendor|product|version|event id|key=value<tab>key=value`, and in version 2.0 one more field before the
//! attributes for what parts them: a character, or `x` or `0x` and its number in hexadecimal digits.
//! <https://www.ibm.com/docs/en/dsm?topic=leef-overview>
//!
//! `sev` is a number from 1 to 10, which rises as CEF's does; IBM gives no words for it, so CEF's bands are taken. An
//! event without a `sev` is unrated, one with another `sev` is rejected.

use std::collections::BTreeMap;

use tocsin_domain::signal::{Hints, Severity, Signal};

use super::{Finding, cef, missing, out_of_ten, signal, status};
use crate::draft::{UNRATED, hint, resource, severity_word};
use crate::time;

const NAME: &str = "LEEF";

pub(super) fn read(event: &str) -> Finding {
    let (header, rest) = header(event).ok_or(missing(NAME, "header"))?;
    let [version, vendor, product, _, kind] = header;
    let fields = attributes(&version, rest);
    let field = |key: &str| fields.get(key).map(String::as_str).filter(|value| !value.is_empty());
    let severity = match field("sev").or_else(|| field("severity")) {
        None => UNRATED,
        Some(text) => severity(text).ok_or(missing(NAME, "sev"))?,
    };
    let mut hints = Hints::default();
    for key in ["usrName", "src", "identSrc"] {
        hint(&mut hints.actors, field(key));
    }
    for key in ["dst", "resource", "identHostName"] {
        resource(&mut hints, field(key));
    }
    signal(Signal {
        source: "leef".to_owned(),
        external_id: field("externalId")
            .map_or_else(|| cef::fingerprint(event), |id| format!("{vendor}:{product}:{id}")),
        severity,
        title: field("name").or_else(|| field("cat")).unwrap_or(&kind).to_owned(),
        kind: format!("{vendor}:{product}:{kind}"),
        occurred_at: field("devTime").and_then(time::from_text),
        status: status(false),
        hints,
    })
}

/// Five fields, each ended by a pipe, and the rest. LEEF escapes nothing; products that escape a pipe do it as in CEF.
fn header(event: &str) -> Option<([String; 5], &str)> {
    let mut fields = vec![String::new()];
    let mut letters = event.char_indices().peekable();
    while let Some((index, c)) = letters.next() {
        match c {
            '\\' if letters.next_if(|(_, next)| *next == '|').is_some() => fields.last_mut()?.push('|'),
            '|' if fields.len() == 5 => return Some((fields.try_into().ok()?, event.get(index + 1..)?)),
            '|' => fields.push(String::new()),
            _ => fields.last_mut()?.push(c),
        }
    }
    None
}

fn attributes(version: &str, rest: &str) -> BTreeMap<String, String> {
    let is_second = version.trim_start_matches("LEEF:").trim_start().starts_with('2');
    let (delimiter, attributes) = if is_second { delimiter(rest) } else { ('\t', rest) };
    // Products that name no delimiter part by tabs, as they should, or by pipes or spaces.
    let delimiter = match delimiter {
        '\t' if attributes.contains('\t') => '\t',
        '\t' if attributes.contains('|') => '|',
        '\t' => return cef::extension_fields(attributes),
        named => named,
    };
    let pairs = attributes.split(delimiter).filter_map(|pair| pair.split_once('='));
    pairs.map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned())).collect()
}

/// The sixth field; without one, or with an empty one, a tab.
fn delimiter(rest: &str) -> (char, &str) {
    if let Some(attributes) = rest.strip_prefix("||") {
        return ('|', attributes);
    }
    match rest.split_once('|').and_then(|(field, attributes)| Some((character(field)?, attributes))) {
        Some(found) => found,
        None => ('\t', rest),
    }
}

fn character(field: &str) -> Option<char> {
    let mut letters = field.chars();
    match (letters.next(), letters.next()) {
        (None, _) => return Some('\t'),
        (Some(only), None) => return Some(only),
        (Some(_), Some(_)) => {}
    }
    if field == "\\t" {
        return Some('\t');
    }
    let digits = field.trim_start_matches('0').strip_prefix(['x', 'X'])?;
    let lawful = !digits.is_empty() && digits.len() <= 4 && digits.bytes().all(|b| b.is_ascii_hexdigit());
    char::from_u32(lawful.then(|| u32::from_str_radix(digits, 16).ok())??)
}

fn severity(text: &str) -> Option<Severity> {
    match text.trim().parse::<u64>() {
        Ok(number) => (number > 0).then(|| out_of_ten(number))?,
        Err(_) => severity_word(text.trim()),
    }
}
