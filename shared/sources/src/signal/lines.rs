//! Text: lines of CEF or LEEF, each behind a syslog header (RFC 3164 or 5424) or none.
//! A line that begins no event belongs to the one before it, whose product forgot to escape a line's end.

use super::{Finding, MAX_FINDINGS, Rejection, cef, leef};

#[derive(Clone, Copy)]
enum Format {
    Cef,
    Leef,
}

/// What an event begins with, before its version.
const MARKS: [(&str, Format); 2] = [("CEF:", Format::Cef), ("LEEF:", Format::Leef)];

pub(super) fn read(text: &str) -> Vec<Finding> {
    let starts = starts(text);
    if starts.is_empty() {
        return vec![Err(Rejection::UnknownFormat)];
    }
    if starts.len() > MAX_FINDINGS {
        return vec![Err(Rejection::TooMany)];
    }
    let ends = starts.iter().skip(1).map(|start| start.line).chain([text.len()]);
    starts.iter().zip(ends).map(|(start, end)| start.read(text.get(start.event..end))).collect()
}

struct Start {
    /// Where its line begins.
    line: usize,
    /// Where the event does, behind the syslog header.
    event: usize,
    format: Format,
}

impl Start {
    fn read(&self, event: Option<&str>) -> Finding {
        let event = event.unwrap_or_default().trim_end();
        match self.format {
            Format::Cef => cef::read(event),
            Format::Leef => leef::read(event),
        }
    }
}

fn starts(text: &str) -> Vec<Start> {
    let mut line_begins = 0;
    let mut starts = Vec::new();
    for line in text.split_inclusive('\n') {
        if let Some((index, format)) = start(line) {
            starts.push(Start { line: line_begins, event: line_begins + index, format });
        }
        line_begins += line.len();
    }
    starts
}

/// The first mark that begins the line or follows a space or the like, and has a version behind it; FortiOS writes
/// `CEF: 0`.
fn start(line: &str) -> Option<(usize, Format)> {
    let begins = |index: usize, mark: &str| {
        let before = line.get(..index)?.chars().next_back();
        let after = line.get(index + mark.len()..)?;
        let has_version = after.strip_prefix(' ').unwrap_or(after).starts_with(|c: char| c.is_ascii_digit());
        let is_apart = before.is_none_or(|c| c.is_whitespace() || matches!(c, '\u{feff}' | ':' | '>' | ']'));
        (has_version && is_apart).then_some(index)
    };
    let first = |(mark, format): &(&str, Format)| {
        let index = line.match_indices(mark).find_map(|(index, _)| begins(index, mark))?;
        Some((index, *format))
    };
    MARKS.iter().filter_map(first).min_by_key(|(index, _)| *index)
}
