//! The words of one language: dates, numbers, and the data categories with the advice for each.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::category::{CATEGORIES, category_of};
use crate::facts::{Occurred, Quantity};
use crate::hedge::hedges;

/// One file under `languages/`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Language {
    months: Vec<String>,
    /// With `{day}`, `{month}` and `{year}`.
    date: String,
    /// How the first day of a month is written, where it differs ("1er").
    first_day: Option<String>,
    /// With `{from}` and `{to}`.
    range: String,
    not_yet_known: String,
    /// With `{number}`.
    about: String,
    /// The sign between groups of three digits.
    thousands: String,
    /// What stands between the words of a list, where it is not a comma and a space.
    #[serde(skip_serializing_if = "Option::is_none")]
    between: Option<String>,
    and_more: String,
    /// Words for people, so that the gate sees "12 residents" where a count is forbidden.
    people_words: Vec<String>,
    /// Words that hide what is known, in small letters. They judge a letter and are none of its words, so no letter is
    /// another for them.
    #[serde(skip_serializing)]
    hedges: Vec<String>,
    /// Words that sell, in small letters: a notice to people says nothing beside the breach. An own letter of an earlier
    /// release was taken in without them, as without `breach`.
    #[serde(skip_serializing, default)]
    marketing: Vec<String>,
    /// Words that tell what kind of act it was, in small letters, for laws that forbid to tell it.
    #[serde(skip_serializing, default)]
    breach: Vec<String>,
    /// Beginnings of words by which a notice says that its reference can be checked.
    checks: Vec<String>,
    categories: BTreeMap<String, Category>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Category {
    /// As a point of a list.
    label: String,
    /// As a word in a short message.
    short: String,
    /// As an authority is told of it; the label if absent.
    term: Option<String>,
    /// What a person can do whose data of this category leaked.
    advice: String,
}

impl Category {
    fn hedges(&self, language: &Language) -> bool {
        let Category { label, short, term, advice } = self;
        [label, short, advice].into_iter().chain(term).any(|words| !hedges(words, language).is_empty())
    }
}

/// The lists by which a letter is judged: those of a language hold wherever it is spoken.
pub(crate) const JUDGING: [&str; 3] = ["hedges", "marketing", "breach"];

/// How many categories a short message names.
const SHORT_CATEGORIES: usize = 3;

impl Language {
    /// Whether the file is whole: twelve months, placeholders where values go, words for every category.
    pub fn problem(&self) -> Option<&'static str> {
        if self.months.len() != 12 {
            return Some("there are not twelve months");
        }
        if !["{day}", "{month}", "{year}"].iter().all(|place| self.date.contains(place)) {
            return Some("`date` lacks a place");
        }
        if !["{from}", "{to}"].iter().all(|place| self.range.contains(place)) {
            return Some("`range` lacks a place");
        }
        if !self.about.contains("{number}") {
            return Some("`about` lacks a place");
        }
        if self.categories.len() != CATEGORIES.len()
            || !CATEGORIES.iter().all(|key| self.categories.contains_key(*key))
        {
            return Some("the categories are not those that every language has");
        }
        for (words, problem) in [
            (&self.hedges, "`hedges` are missing, or not in small letters"),
            (&self.marketing, "`marketing` is missing, or not in small letters"),
            (&self.breach, "`breach` is missing, or not in small letters"),
        ] {
            if words.is_empty() || words.iter().any(|words| words.to_lowercase() != *words) {
                return Some(problem);
            }
        }
        if self.categories.values().any(|category| category.hedges(self)) {
            return Some("the words of a category hedge");
        }
        None
    }

    /// A civil date in words.
    pub fn date(&self, date: Date) -> String {
        let at = usize::from(date.month().unsigned_abs()).saturating_sub(1);
        let month = self.months.get(at).map_or("", String::as_str);
        let day = match &self.first_day {
            Some(first) if date.day() == 1 => first.clone(),
            Some(_) | None => date.day().to_string(),
        };
        self.date.replace("{day}", &day).replace("{month}", month).replace("{year}", &date.year().to_string())
    }

    /// A date in words, or that it is not yet known.
    pub fn date_or_unknown(&self, date: Option<Date>) -> String {
        date.map_or_else(|| self.not_yet_known.clone(), |date| self.date(date))
    }

    /// When a breach happened, in words.
    pub fn occurred(&self, occurred: Occurred) -> String {
        match occurred {
            Occurred::On(date) => self.date(date),
            Occurred::Between { from, to } => {
                self.range.replace("{from}", &self.date(from)).replace("{to}", &self.date(to))
            }
            Occurred::NotYetKnown => self.not_yet_known.clone(),
        }
    }

    /// A number as far as it is known, in words.
    pub fn quantity(&self, quantity: Quantity) -> String {
        match quantity {
            Quantity::NotYetKnown => self.not_yet_known.clone(),
            Quantity::About(number) => self.about.replace("{number}", &self.number(number)),
            Quantity::Exactly(number) => self.number(number),
        }
    }

    /// A number with its groups of three digits.
    pub fn number(&self, number: u64) -> String {
        let digits = number.to_string();
        let mut grouped = String::new();
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                grouped.push_str(&self.thousands);
            }
            grouped.push(digit);
        }
        grouped
    }

    /// The words for "not yet known".
    pub fn not_yet_known(&self) -> &str {
        &self.not_yet_known
    }

    /// Words for people.
    pub fn people_words(&self) -> &[String] {
        &self.people_words
    }

    /// The whole file as JSON, with what is for the gate alone.
    pub(crate) fn whole(&self) -> serde_json::Result<serde_json::Value> {
        let mut whole = serde_json::to_value(self)?;
        for (key, words) in JUDGING.into_iter().zip([&self.hedges, &self.marketing, &self.breach]) {
            whole[key] = serde_json::to_value(words)?;
        }
        Ok(whole)
    }

    /// Words that hide what is known.
    pub fn hedges(&self) -> &[String] {
        &self.hedges
    }

    /// Words that sell.
    pub fn marketing(&self) -> &[String] {
        &self.marketing
    }

    /// Words that tell what kind of act a breach was.
    pub fn breach(&self) -> &[String] {
        &self.breach
    }

    /// All that a notice may say of any category.
    pub(crate) fn told(&self) -> impl Iterator<Item = &str> {
        self.categories.values().flat_map(|category| {
            let Category { label, short, term, advice } = category;
            [Some(label), Some(short), term.as_ref(), Some(advice)].into_iter().flatten().map(String::as_str)
        })
    }

    /// Beginnings of words by which a notice says that its reference can be checked.
    pub fn checks(&self) -> &[String] {
        &self.checks
    }

    /// The labels of these categories, the gravest first. Unknown keys are left out:
    /// ask [`unknown_category`] first.
    pub fn labels(&self, keys: &BTreeSet<String>) -> Vec<&str> {
        self.known(keys).map(|category| category.label.as_str()).collect()
    }

    /// The terms of these categories for a filing.
    pub fn terms(&self, keys: &BTreeSet<String>) -> Vec<&str> {
        self.known(keys).map(|category| category.term.as_deref().unwrap_or(&category.label)).collect()
    }

    /// The advice for exactly these categories, each piece once.
    pub fn advice(&self, keys: &BTreeSet<String>) -> Vec<&str> {
        let mut pieces: Vec<&str> = Vec::new();
        for category in self.known(keys) {
            if !pieces.contains(&category.advice.as_str()) {
                pieces.push(&category.advice);
            }
        }
        pieces
    }

    /// The first few of these categories for a short message.
    pub fn short_list(&self, keys: &BTreeSet<String>) -> String {
        let mut words: Vec<&str> = Vec::new();
        for category in self.known(keys) {
            if !words.contains(&category.short.as_str()) {
                words.push(&category.short);
            }
        }
        let more = words.len() > SHORT_CATEGORIES;
        words.truncate(SHORT_CATEGORIES);
        if more {
            words.push(&self.and_more);
        }
        words.join(self.between.as_deref().unwrap_or(", "))
    }

    /// Every short word for these categories.
    pub fn short_words(&self, keys: &BTreeSet<String>) -> Vec<&str> {
        self.known(keys).map(|category| category.short.as_str()).collect()
    }

    fn known(&self, keys: &BTreeSet<String>) -> impl Iterator<Item = &Category> {
        let known: BTreeSet<&str> = keys.iter().filter_map(|key| category_of(key)).collect();
        CATEGORIES.iter().filter(move |key| known.contains(**key)).filter_map(|key| self.categories.get(*key))
    }
}

/// The first key that no language has words for.
pub fn unknown_category(keys: &BTreeSet<String>) -> Option<&String> {
    keys.iter().find(|key| category_of(key).is_none())
}

/// The language of a tag without its region: "en" of "en-US".
pub fn primary(tag: &str) -> &str {
    tag.split(['-', '_']).next().unwrap_or(tag)
}

/// The value for this language tag: of the very tag, else of its primary language.
pub fn for_tag<'a, T>(by_tag: &'a BTreeMap<String, T>, tag: &str) -> Option<&'a T> {
    by_tag.get(tag).or_else(|| by_tag.get(primary(tag)))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn dates_and_numbers_are_written_as_the_language_writes_them() {
        let words = crate::shipped_words().unwrap();
        let cases = [
            ("de", "1. März 2026", "31.874"),
            ("en", "1 March 2026", "31,874"),
            ("en-AU", "1 March 2026", "31,874"),
            ("en-US", "March 1, 2026", "31,874"),
            ("es", "1 de marzo de 2026", "31\u{a0}874"),
            ("it", "1º marzo 2026", "31.874"),
            ("nl", "1 maart 2026", "31.874"),
            ("pl", "1 marca 2026 r.", "31\u{a0}874"),
            ("en-CA", "March 1, 2026", "31,874"),
            ("fr", "1er mars 2026", "31\u{a0}874"),
            ("fr-CA", "1er mars 2026", "31\u{a0}874"),
            ("ja", "2026年3月1日", "31,874"),
            ("pt-BR", "1º de março de 2026", "31.874"),
            ("pt-PT", "1 de março de 2026", "31\u{a0}874"),
            ("sv", "1 mars 2026", "31\u{a0}874"),
        ];
        for (tag, day, number) in cases {
            let language = for_tag(&words.languages, tag).unwrap();
            assert_eq!(language.date(date(2026, 3, 1)), day);
            assert_eq!(language.number(31_874), number);
            assert_eq!(language.number(874), "874");
            assert_eq!(language.quantity(Quantity::NotYetKnown), language.not_yet_known());
        }
        assert!(for_tag(&words.languages, "la").is_none());
    }

    #[test]
    fn a_region_says_what_differs_and_has_the_rest_of_its_language() {
        let words = crate::shipped_words().unwrap();
        let label = |tag: &str, key: &str| words.languages[tag].labels(&BTreeSet::from([key.to_owned()]))[0];
        assert_eq!(label("en-NZ", "tax-id"), "Your IRD number");
        assert_eq!(label("en-NZ", "name"), label("en", "name"));
        assert_eq!(label("fr-CA", "email"), "Votre adresse courriel");
        assert_eq!(label("fr-CA", "passport"), label("fr", "passport"));
    }

    #[test]
    fn a_short_list_names_the_gravest_leaks() {
        let words = crate::shipped_words().unwrap();
        let language = for_tag(&words.languages, "en").unwrap();
        let keys: BTreeSet<String> =
            ["name", "email", "orders", "ssn", "payment_card"].iter().map(|key| (*key).to_owned()).collect();
        assert_eq!(language.short_list(&keys), "card number, Social Security no., e-mail, and more");
        let japanese = for_tag(&words.languages, "ja").unwrap();
        assert_eq!(japanese.short_list(&keys), "カード番号、米国社会保障番号、メールアドレス、その他");
        let one = BTreeSet::from(["name".to_owned()]);
        assert_eq!(language.short_list(&one), "name");
    }
}
