//! Text from outside, made safe to carry on.

/// One line of at most `max` characters, without control characters and e-mail addresses.
/// Signals travel through queues and logs, where no personal data may be.
pub(crate) fn line(text: &str, max: usize) -> String {
    let one_line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    without_addresses(one_line.trim()).chars().take(max).collect()
}

/// Only if the text is words alone: no digit (a number), no `@` (an address). For fixed phrases of a provider.
pub(crate) fn words(text: &str) -> Option<&str> {
    let plain = |c: char| c.is_ascii_alphabetic() || matches!(c, ' ' | '_' | '-' | '/' | '.' | ',' | '\'');
    (!text.is_empty() && text.len() <= 120 && text.chars().all(plain)).then_some(text)
}

fn without_addresses(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('@') {
        let domain = after.len() - after.trim_start_matches(in_domain).len();
        let local = local_part(before);
        if domain == 0 || local == 0 {
            kept.push_str(before);
            kept.push('@');
            rest = after;
            continue;
        }
        kept.push_str(before.get(..before.len() - local).unwrap_or_default());
        kept.push_str("[address]");
        rest = after.get(domain..).unwrap_or_default();
    }
    kept.push_str(rest);
    kept
}

/// How many bytes at the end of `before` belong to the name in front of the `@`.
fn local_part(before: &str) -> usize {
    match before.strip_suffix('"') {
        Some(quoted) => before.len() - quoted.rfind('"').unwrap_or(0),
        None => before.len() - before.trim_end_matches(in_local).len(),
    }
}

fn in_local(c: char) -> bool {
    !c.is_whitespace()
        && !matches!(c, '<' | '>' | '(' | ')' | '[' | ']' | ',' | ';' | ':' | '"' | '/' | '=' | '@')
}

fn in_domain(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '-' | '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_holds_no_address_and_no_control_character() {
        for (text, kept) in [
            ("owner Ada <ada@example.com> logged in", "owner Ada <[address]> logged in"),
            ("\"ada lovelace\"@example.com, b@c.de", "[address], [address]"),
            ("a\nb\0c", "a b c"),
            ("role/etl/ada@example.com", "role/etl/[address]"),
            ("ada@bücher.example!", "[address]!"),
            ("@ alone, a@ and @b", "@ alone, a@ and @b"),
            ("a@b@c", "[address]@c"),
        ] {
            assert_eq!(line(text, 100), kept);
        }
        assert_eq!(line("ééééé", 3), "ééé");
    }

    #[test]
    fn words_are_words() {
        assert_eq!(words("Phone carrier is currently unreachable/unavailable").map(str::len), Some(50));
        for text in ["", "call +14255550156", "to a@b.de", "a\nb", "naïve"] {
            assert_eq!(words(text), None, "{text}");
        }
    }
}
