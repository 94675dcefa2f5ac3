//! Words that a letter's own text may not have: such as hide what is known, such as sell, and such as tell what happened
//! where a law forbids that. What others said stays out of it: the merchant's words of the incident, the names and
//! addresses that the letter prints, and the words of the language for what leaked.

use memchr::memmem::Finder;

use super::Violation;
use crate::element::{Demands, Element};
use crate::header::{Agency, Audience};
use crate::hedge::{found, hedges};
use crate::script::narrow;
use crate::template::{Part, Template};
use crate::values::Values;

/// What is wrong with a part's own words, whether they stand in a source or in a notice.
pub(super) fn check_words(part: Part, words: &str, template: &Template, demands: &Demands) -> Vec<Violation> {
    let language = template.language();
    let prescribed = template.header().phrases.values().flatten();
    let spoken = prescribed.fold(words.to_owned(), |words, phrase| words.replace(phrase.as_str(), ""));
    let owned = |words: &str| words.to_owned();
    let mut violations: Vec<Violation> = hedges(&spoken, language)
        .into_iter()
        .map(|words| Violation::Hedge { part, words: owned(words) })
        .collect();
    if template.header().audience == Audience::Individual {
        let selling = found(words, language.marketing()).into_iter().chain(percentage(words));
        violations.extend(selling.map(|words| Violation::Marketing { part, words: owned(words) }));
    }
    if demands.forbidden.contains(&Element::Nature) {
        let telling = found(words, language.breach()).into_iter();
        violations.extend(telling.map(|words| Violation::TellsOfBreach { part, words: owned(words) }));
    }
    violations
}

/// "20 %" is the sign of a price that is cut.
fn percentage(words: &str) -> Option<&'static str> {
    let words: String = words.chars().map(narrow).collect();
    let mut before = words.split('%');
    // What stands after the last sign stands before none.
    before.next_back();
    before.any(|before| before.trim_end().ends_with(|sign: char| sign.is_ascii_digit())).then_some("%")
}

/// What a notice prints of others.
pub(super) struct OfOthers {
    /// The longest first, so that none is torn by another.
    words: Vec<(Finder<'static>, String)>,
}

impl OfOthers {
    pub(super) fn of(template: &Template, values: &Values<'_>) -> Self {
        let listed = template.language().told().map(str::to_owned);
        let mut words: Vec<String> = printed(values).chain(listed).filter(|word| !word.is_empty()).collect();
        words.sort_unstable_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        words.dedup();
        let finder = |words: String| (Finder::new(&words).into_owned(), words);
        Self { words: words.into_iter().map(finder).collect() }
    }

    /// What of a notice is the letter's own.
    pub(super) fn taken_from(&self, notice: &str) -> String {
        let line = notice.split_whitespace().collect::<Vec<_>>().join(" ");
        let there = self.words.iter().filter(|(finder, _)| finder.find(line.as_bytes()).is_some());
        there.fold(line.clone(), |rest, (_, words)| parted(&rest, words))
    }
}

/// With a sign that joins nothing wherever the words stand as whole words.
fn parted(line: &str, words: &str) -> String {
    let mut parted = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once(words) {
        parted.push_str(before);
        let is_whole = !parted.ends_with(char::is_alphanumeric) && !after.starts_with(char::is_alphanumeric);
        parted.push_str(if is_whole { "|" } else { words });
        rest = after;
    }
    parted + rest
}

/// The values that are not the letter's own words.
fn printed(values: &Values<'_>) -> impl Iterator<Item = String> {
    let merchant = &values.merchant;
    let names = [&merchant.name, &merchant.short_name, &merchant.controller, &merchant.email];
    let pages = [&merchant.website, &merchant.notice_page];
    let known = [merchant.affiliate.as_ref(), merchant.phone.as_ref()];
    let officer = merchant.dpo.iter().flat_map(|officer| [&officer.name, &officer.email]);
    let texts = &values.texts;
    let blocks = [
        &texts.what_happened,
        &texts.consequences,
        &texts.measures,
        &texts.advice,
        &texts.reasons_for_delay,
        &texts.communication,
        &texts.cause,
        &texts.recipients,
        &texts.other,
    ];
    let provider = values.identity_services.as_ref().map(|services| &services.provider);
    let lists: [&[&Agency]; 4] =
        [&values.credit_agencies, &values.credit_reports, &values.national_bodies, &values.state_bodies];
    let agencies = lists.into_iter().flatten().flat_map(|agency| {
        [Some(&agency.name), Some(&agency.phone), agency.address.as_ref(), Some(&agency.website)]
    });
    let filing = values.filing.iter().flat_map(|filing| {
        std::iter::once(&filing.authority)
            .chain(&filing.earlier_number)
            .chain(&filing.people_categories)
            .chain(&filing.people_by_residence)
            .chain(&filing.accounts_by_brand)
    });
    let own = names.into_iter().chain(pages).chain(&merchant.address).chain(known.into_iter().flatten());
    let all = own
        .chain(officer)
        .chain(blocks.into_iter().flatten())
        .chain(provider)
        .chain(agencies.flatten())
        .chain(filing);
    let whole = |text: &String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    all.map(whole).chain([values.legal_basis.to_owned()]).collect::<Vec<_>>().into_iter()
}
