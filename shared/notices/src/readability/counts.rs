//! What the formulas count.

use super::syllables::syllables;

/// The numbers of a text. A word is long from seven letters on, as Björnsson and Bamberger count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub sentences: i64,
    pub words: i64,
    pub letters: i64,
    pub syllables: i64,
    pub of_one_syllable: i64,
    pub of_three_syllables: i64,
    pub of_four_syllables: i64,
    pub long: i64,
}

const LONG: usize = 7;

/// What ends a sentence wherever it stands: a thought that could stand by itself (Flesch, 1948).
const ENDS: [char; 5] = ['!', '?', ':', ';', '…'];

/// Signs that may stand after the end of a sentence.
const CLOSING: [char; 8] = ['"', '\'', ')', ']', '”', '“', '’', '»'];

impl Counts {
    pub fn of(prose: &[String], language: &str) -> Counts {
        let mut counts = Counts::default();
        for paragraph in prose {
            let tokens: Vec<&str> = paragraph.split_whitespace().collect();
            let mut is_open = false;
            for (at, token) in tokens.iter().enumerate() {
                if is_word(token) {
                    counts.add(token, language);
                    is_open = true;
                }
                if is_open && ends(token, tokens.get(at + 1)) {
                    counts.sentences += 1;
                    is_open = false;
                }
            }
        }
        counts
    }

    fn add(&mut self, word: &str, language: &str) {
        let letters = word.chars().filter(|sign| sign.is_alphabetic()).count();
        let syllables = syllables(word, language);
        self.words += 1;
        self.letters += whole(letters);
        self.syllables += whole(syllables);
        self.of_one_syllable += i64::from(syllables == 1);
        self.of_three_syllables += i64::from(syllables >= 3);
        self.of_four_syllables += i64::from(syllables >= 4);
        self.long += i64::from(letters >= LONG);
    }
}

/// Not a number, a reference, a telephone number, or the address of a mailbox or a page.
pub(super) fn is_word(token: &str) -> bool {
    token.chars().any(char::is_alphabetic)
        && !token.contains(|sign: char| sign.is_ascii_digit() || sign == '@')
        && !token.contains("://")
}

/// Whether a sentence ends with a token. A full stop ends none after a single letter ("P.O. Box", "z. B.") or before a
/// small letter or a number ("no. 5").
fn ends(token: &str, next: Option<&&str>) -> bool {
    let Some(next) = next else {
        return true;
    };
    let token = token.trim_end_matches(CLOSING);
    if token.ends_with(ENDS) {
        return true;
    }
    let goes_on = next.starts_with(|sign: char| sign.is_lowercase() || sign.is_numeric());
    let Some(word) = token.strip_suffix('.') else {
        return false;
    };
    let of_the_end = word.rsplit(|sign: char| !sign.is_alphanumeric()).next().unwrap_or_default();
    let is_initial = of_the_end.chars().count() == 1 && of_the_end.starts_with(char::is_alphabetic);
    !is_initial && !goes_on
}

fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_end_where_a_thought_does() {
        let cases = [
            ("We are sorry. Please read this.", 2, 6),
            ("Write to P.O. Box 5, or to no. 7. It is free.", 2, 10),
            ("Please read this: it helps! \"Why?\" we ask.", 4, 8),
            ("Das gilt z. B. hier.", 1, 5),
            ("Votre référence : elle est ici", 2, 5),
            ("Call 1-800-555-0155 or write to a@b.example.", 1, 4),
            ("https://a.example 12", 0, 0),
        ];
        for (text, sentences, words) in cases {
            let counts = Counts::of(&[text.to_owned()], "en");
            assert_eq!((counts.sentences, counts.words), (sentences, words), "{text}");
        }
    }

    #[test]
    fn words_are_sorted_by_their_length() {
        let counts = Counts::of(&["Our security incident affected you today".to_owned()], "en");
        let expected = Counts {
            sentences: 1,
            words: 6,
            letters: 35,
            syllables: 14,
            of_one_syllable: 2,
            of_three_syllables: 3,
            of_four_syllables: 1,
            long: 3,
        };
        assert_eq!(counts, expected);
    }
}
