//! Words behind which a notice hides what it knows: "may have been", "potentially", "out of an abundance of caution"; and
//! such as sell, beside which nobody reads of a breach.
//!
//! In a letter's own words the gate refuses them. In the merchant's they are shown to people, who know whether something is
//! in doubt: a notice is not held up for its tone.

use std::fmt;

use memchr::memmem;

use crate::facts::{NoticeFacts, Texts};
use crate::header::Audience;
use crate::language::{Language, for_tag};
use crate::script::is_unspaced;
use crate::template::Template;

/// Where the merchant's words hedge, for a person to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hedged {
    /// The tag under which the merchant's words stand.
    pub language: String,
    /// Which block of them, as the settings call it.
    pub block: &'static str,
    /// As the language's list has them.
    pub words: String,
    pub tone: Tone,
}

/// What is wrong with words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Hedges,
    Sells,
}

impl fmt::Display for Hedged {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Hedged { language, block, words, tone } = self;
        let (does, advice) = match tone {
            Tone::Hedges => ("hedges", "Say what is known, and what is not yet known"),
            Tone::Sells => ("sells", "A notice to people says nothing beside the breach"),
        };
        write!(out, "the wording `{block}` in {language} {does}: {words:?}. {advice}")
    }
}

/// The hedges of a language that stand in a text, each once.
pub fn hedges<'a>(text: &str, language: &'a Language) -> Vec<&'a str> {
    found(text, language.hedges())
}

/// The words of a list that stand in a text, each once.
pub(crate) fn found<'a>(text: &str, list: &'a [String]) -> Vec<&'a str> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ").replace('’', "'");
    let lower = text.to_lowercase();
    // Where small letters are longer or shorter, as of a Turkish capital I, the places of one say nothing of the other.
    let text = if lower.len() == text.len() { text.as_str() } else { lower.as_str() };
    list.iter().map(String::as_str).filter(|words| stands_in(words, text, &lower)).collect()
}

/// Where the merchant's words hedge in the language of a letter, or sell in one to people.
pub fn hedged(template: &Template, facts: &NoticeFacts) -> Vec<Hedged> {
    let tag = &template.header().language;
    let key =
        [tag.as_str(), crate::language::primary(tag)].into_iter().find(|key| facts.texts.contains_key(*key));
    let (Some(texts), Some(key)) = (for_tag(&facts.texts, tag), key) else {
        return Vec::new();
    };
    let of_block = |(block, text): (&'static str, &Option<String>)| {
        let text = text.as_deref().unwrap_or_default();
        let hedging = hedges(text, template.language()).into_iter().map(|words| (words, Tone::Hedges));
        let selling: &[String] = match template.header().audience {
            Audience::Individual => template.language().marketing(),
            Audience::Authority | Audience::Controller | Audience::Card => &[],
        };
        let selling = found(text, selling).into_iter().map(|words| (words, Tone::Sells));
        let of_tone = |(words, tone): (&str, Tone)| Hedged {
            language: key.to_owned(),
            block,
            words: words.to_owned(),
            tone,
        };
        hedging.chain(selling).map(of_tone).collect::<Vec<_>>()
    };
    blocks(texts).into_iter().flat_map(of_block).collect()
}

fn blocks(texts: &Texts) -> [(&'static str, &Option<String>); 9] {
    let Texts {
        what_happened,
        consequences,
        measures,
        advice,
        reasons_for_delay,
        cause,
        recipients,
        other,
        communication,
    } = texts;
    [
        ("what_happened", what_happened),
        ("consequences", consequences),
        ("measures", measures),
        ("advice", advice),
        ("reasons_for_delay", reasons_for_delay),
        ("cause", cause),
        ("recipients", recipients),
        ("other", other),
        ("communication", communication),
    ]
}

/// Whether a hedge stands in a text as whole words, in letters of whatever size.
fn stands_in(hedge: &str, text: &str, lower: &str) -> bool {
    memmem::find_iter(lower.as_bytes(), hedge.as_bytes()).any(|at| {
        let before = lower.get(..at).unwrap_or_default();
        let after = lower.get(at + hedge.len()..).unwrap_or_default();
        is_border(before.chars().next_back(), hedge.chars().next())
            && is_border(hedge.chars().next_back(), after.chars().next())
            && !is_month(before, text.get(at..at + hedge.len()).unwrap_or_default())
    })
}

/// A script that sets no spaces has no borders either.
fn is_border(before: Option<char>, after: Option<char>) -> bool {
    let (Some(before), Some(after)) = (before, after) else {
        return true;
    };
    !(before.is_alphanumeric() && after.is_alphanumeric()) || is_unspaced(before) || is_unspaced(after)
}

/// "The accounts that you opened in May have been copied": a capital within a sentence begins a name, unless all words have
/// one, as in a heading.
fn is_month(before: &str, words: &str) -> bool {
    let mut parts = words.split(' ');
    let is_may =
        parts.next() == Some("May") && parts.next().is_some_and(|word| !word.starts_with(char::is_uppercase));
    is_may && before.trim_end().chars().next_back().is_some_and(is_within)
}

fn is_within(sign: char) -> bool {
    sign.is_alphanumeric() || matches!(sign, ',' | '-' | ')')
}
