//! Makes outside text safe to print. Deterministic, and linear in the input's length.
//!
//! Everything here works on text, not on a channel's syntax: the template engine escapes for HTML.

use crate::script::{adjoin, is_unspaced};
use crate::secret::hides_in_name;

/// The longest name that a letter shows, in characters.
pub const NAME_LIMIT: usize = 64;

/// The longest line of a fact that a notice shows, in characters.
const LINE_LIMIT: usize = 300;

/// A run of more combining marks than this is no language's spelling.
const MARKS_IN_A_ROW: usize = 4;

/// A person's name as a letter shows it: one line, at most [`NAME_LIMIT`] characters, nothing in it
/// that a mail program makes a link of or that reads as template syntax.
/// `None` if nothing is left to greet by, or where a number stands in it that is none to print.
pub fn shown_name(name: &str) -> Option<String> {
    let line = one_line_of(name, NAME_LIMIT * 2);
    if hides_in_name(&line) {
        return None;
    }
    let line = shortened(&disarmed(&line), NAME_LIMIT);
    if line.chars().any(char::is_alphanumeric) { Some(line) } else { None }
}

/// The name between bidirectional isolates if it runs from right to left, for plain text;
/// HTML has an element for it.
pub fn isolated(name: &str) -> String {
    if name.chars().any(is_right_to_left) { format!("\u{2068}{name}\u{2069}") } else { name.to_owned() }
}

/// One line of a fact.
pub fn one_line(text: &str) -> String {
    shortened(&one_line_of(text, LINE_LIMIT + 1), LINE_LIMIT)
}

/// One line of at most `limit` characters.
pub fn short_line(text: &str, limit: usize) -> String {
    shortened(&one_line_of(text, limit + 1), limit)
}

/// The paragraphs of an approved text block, each as one line. Empty ones are left out.
pub fn paragraphs(text: &str) -> Vec<String> {
    text.replace("\r\n", "\n")
        .split("\n\n")
        .map(|paragraph| one_line_of(&unbroken(paragraph), usize::MAX))
        .filter(|paragraph| !paragraph.is_empty())
        .collect()
}

/// Whether text holds what [`one_line`] drops, other than its own line breaks and the isolates of [`isolated`] around a name.
pub(crate) fn has_unseen(text: &str) -> bool {
    let mut before = None;
    let mut rest = text.chars();
    while let Some(sign) = rest.next() {
        if sign.is_ascii_graphic() || sign == ' ' {
            before = Some(sign);
            continue;
        }
        if sign == '\u{2068}' {
            let Some((name, after)) = rest.as_str().split_once('\u{2069}') else {
                return true;
            };
            let is_name = name.chars().count() <= NAME_LIMIT && name.chars().any(is_right_to_left);
            if !is_name || name != one_line(name) {
                return true;
            }
            rest = after.chars();
        } else if matches!(sign, '\u{2028}' | '\u{2029}')
            || (is_unprintable(sign) && !matches!(sign, '\n' | '\r' | '\t') && !is_variant(before, sign))
        {
            return true;
        }
        before = Some(sign);
    }
    false
}

/// The lines of a paragraph as one, with no space at a break where the script sets none between words.
fn unbroken(paragraph: &str) -> String {
    let mut whole = String::with_capacity(paragraph.len());
    for line in paragraph.lines().map(str::trim) {
        if !adjoin(whole.chars().next_back(), line.chars().next()) {
            whole.push(' ');
        }
        whole.push_str(line);
    }
    whole
}

/// Whitespace collapsed, unprintable signs dropped, cut after `limit` characters.
fn one_line_of(text: &str, limit: usize) -> String {
    let mut line = String::new();
    let mut length = 0;
    let mut marks = 0;
    let mut space = false;
    for sign in text.chars() {
        if sign.is_whitespace() {
            space = true;
            continue;
        }
        if is_unprintable(sign) && !is_variant(line.chars().next_back(), sign) {
            continue;
        }
        marks = if is_mark(sign) { marks + 1 } else { 0 };
        if marks > MARKS_IN_A_ROW {
            continue;
        }
        if space && length > 0 {
            line.push(' ');
            length += 1;
        }
        space = false;
        if length >= limit {
            break;
        }
        line.push(sign);
        length += 1;
    }
    line
}

/// Cuts to `limit` characters, the last an ellipsis, and never between a letter and its marks.
fn shortened(line: &str, limit: usize) -> String {
    if line.chars().count() <= limit {
        return line.trim_end().to_owned();
    }
    let mut kept: Vec<char> = line.chars().take(limit).collect();
    let mut dropped = kept.pop();
    while dropped.is_some_and(|sign| is_mark(sign) || is_joiner(sign)) {
        dropped = kept.pop();
    }
    while kept.last().is_some_and(|sign| *sign == ' ' || is_joiner(*sign)) {
        kept.pop();
    }
    kept.push('…');
    kept.into_iter().collect()
}

/// Puts a space where two signs together would be a link or template syntax.
fn disarmed(line: &str) -> String {
    let mut safe = String::with_capacity(line.len());
    let mut before: Option<char> = None;
    for sign in line.chars() {
        if before.is_some_and(|before| is_armed(before, sign)) {
            safe.push(' ');
        }
        safe.push(sign);
        before = Some(sign);
    }
    safe
}

/// "evil.example", "https://", "mailto:x", "a@b", and the brackets of the template engine and of mail services.
fn is_armed(before: char, sign: char) -> bool {
    match (before, sign) {
        ('.' | ':' | '@', _) => sign != ' ',
        ('/', '/') | ('{', '{' | '%' | '#') | ('}' | '%' | '#', '}') => true,
        _ => false,
    }
}

/// Controls, direction overrides and marks, blanks of no width, fillers, tags, private and non-characters.
/// Joiners stay: Persian, Indic scripts and emoji are spelt with them.
fn is_unprintable(sign: char) -> bool {
    sign.is_control()
        || matches!(sign,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{e000}'..='\u{f8ff}'
            | '\u{fdd0}'..='\u{fdef}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffd}'
            | '\u{e0000}'..='\u{e0fff}' | '\u{f0000}'..)
        || (u32::from(sign) & 0xfffe) == 0xfffe
}

/// Signs without a width that say which form of a letter is meant: people write their names with them in Japan, where two
/// families may differ in nothing else, and in Mongolia. Anywhere else they hide something.
fn is_variant(before: Option<char>, sign: char) -> bool {
    match sign {
        '\u{e0100}'..='\u{e01ef}' => before.is_some_and(is_unspaced),
        '\u{180b}'..='\u{180f}' => before.is_some_and(|before| matches!(before, '\u{1820}'..='\u{18aa}')),
        _ => false,
    }
}

fn is_mark(sign: char) -> bool {
    matches!(sign,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{180b}'..='\u{180f}' | '\u{20d0}'..='\u{20ff}' | '\u{fe00}'..='\u{fe0f}' | '\u{fe20}'..='\u{fe2f}'
        | '\u{e0100}'..='\u{e01ef}')
}

fn is_joiner(sign: char) -> bool {
    matches!(sign, '\u{200c}' | '\u{200d}')
}

/// Blocks of Hebrew, Arabic and the other scripts that run from right to left.
fn is_right_to_left(sign: char) -> bool {
    matches!(sign,
        '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}'
        | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_are_parted_by_empty_lines() {
        let cases: [(&str, &[&str]); 7] = [
            ("", &[]),
            (" \n\n\t", &[]),
            ("a\nb", &["a b"]),
            ("a\r\n\r\nb\n\n\n\nc", &["a", "b", "c"]),
            ("a\u{202e}b\0", &["ab"]),
            // Japanese sets no spaces between words, and begins a paragraph with one.
            ("　調査を始めました。\n次に\n鍵を替えました。", &["調査を始めました。次に鍵を替えました。"]),
            ("新しい\nAPI キー", &["新しい API キー"]),
        ];
        for (text, expected) in cases {
            assert_eq!(paragraphs(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_cut_line_ends_in_an_ellipsis() {
        assert_eq!(short_line("abcdef", 6), "abcdef");
        assert_eq!(short_line("abcdefg", 6), "abcde…");
        assert_eq!(short_line("abcd efg", 6), "abcd…");
        assert_eq!(short_line("abcde\u{301}fg", 6), "abcd…");
        assert_eq!(short_line("👨\u{200d}👩\u{200d}👧", 4), "👨…");
    }
}
