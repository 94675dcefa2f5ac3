//! What people wrote, as a reader of text or of a page gets it. The structured data has it to the letter.

/// The words with their lines, and without what a reader does not see: signs that steer a terminal, that turn the direction
/// of what follows, or that hide words. Every kind of line end is one, so that no program breaks a line where we did not.
pub fn readable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut signs = text.chars().peekable();
    while let Some(sign) = signs.next() {
        match sign {
            '\r' if signs.peek() == Some(&'\n') => {}
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => shown.push('\n'),
            '\t' => shown.push(' '),
            sign if sign.is_control() || turns(sign) || hides(sign) => {}
            sign => shown.push(sign),
        }
    }
    shown
}

/// The same in one line of at most so many signs.
pub fn one_line(text: &str, most: usize) -> String {
    let words = readable(text).split_whitespace().collect::<Vec<_>>().join(" ");
    words.chars().take(most).collect()
}

/// Embeddings, overrides and isolates. Marks of direction stay: they turn nothing but themselves.
fn turns(sign: char) -> bool {
    matches!(sign, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Tag characters, in which a whole text can stand unseen, and the mark of byte order.
fn hides(sign: char) -> bool {
    matches!(sign, '\u{e0000}'..='\u{e007f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_and_what_nobody_sees_does_not() {
        for (text, want) in [
            ("a\r\nb\rc\u{2028}d\u{2029}e\u{85}f\u{b}g\u{c}h\n\r\ni", "a\nb\nc\nd\ne\nf\ng\nh\n\ni"),
            ("one\ttwo\u{0}\u{1b}[31m\u{7f}\u{9b}", "one two[31m"),
            ("a\u{202e}b\u{2066}c\u{2069}d\u{200f}e", "abcd\u{200f}e"),
            ("\u{feff}a\u{e0041}\u{e007f}b", "ab"),
            // A joiner is part of the spelling, of words and of pictures.
            (
                "\u{645}\u{6cc}\u{200c}\u{62e} \u{1f469}\u{200d}\u{1f4bb} \u{e000}",
                "\u{645}\u{6cc}\u{200c}\u{62e} \u{1f469}\u{200d}\u{1f4bb} \u{e000}",
            ),
        ] {
            assert_eq!(readable(text), want, "{text:?}");
        }
        assert_eq!(one_line(" a\r\nBcc: b\u{2028} c", 8), "a Bcc: b");
    }
}
