//! Whether a text is in plain language: its sentences are short. How hard its words are is for [`crate::readability`].

use super::Violation;
use crate::script::is_unspaced;

/// The longest sentence of plain language, in words.
const SENTENCE_LIMIT: usize = 40;

/// The same in signs, where the script parts no words: about what forty words of English become in Japanese, and twice
/// what the Agency for Cultural Affairs advises offices to write.
const SENTENCE_SIGNS: usize = 100;

/// What ends a sentence, in any script. A paragraph or a point is a sentence, and so is what stands before a colon.
const ENDS: [char; 12] = ['.', '!', '?', ':', ';', '\n', '。', '！', '？', '：', '；', '｡'];

/// No sentence is long, in a text of one paragraph a line.
pub(super) fn check_sentences(text: &str) -> Vec<Violation> {
    let longest = |measure: fn(&str) -> usize| text.split(ENDS).map(measure).max().unwrap_or(0);
    let (words, signs) = (longest(words_of), longest(signs_of));
    let mut violations = Vec::new();
    if words > SENTENCE_LIMIT {
        violations.push(Violation::NotPlain { words, limit: SENTENCE_LIMIT });
    }
    if signs > SENTENCE_SIGNS {
        violations.push(Violation::NotPlainSigns { signs, limit: SENTENCE_SIGNS });
    }
    violations
}

fn words_of(sentence: &str) -> usize {
    sentence.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric)).count()
}

fn signs_of(sentence: &str) -> usize {
    sentence.chars().filter(|sign| is_unspaced(*sign)).count()
}
