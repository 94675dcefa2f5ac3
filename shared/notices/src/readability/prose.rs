//! What of a letter is read as sentences. Addresses, telephone numbers, agencies in a list, the labels of what leaked and
//! headings are looked up, not read through.

use super::counts::is_word;
use crate::header::Agency;
use crate::html::Document;
use crate::template::Template;
use crate::values::Values;

/// A line of fewer words than these is no sentence unless it ends like one, and of fewer than the second not even then:
/// "Which data leaked", "Beispiel & Co."
const LABEL: usize = 16;
const SENTENCE: usize = 3;

/// What stands for a name of the merchant's: the law cannot mean that a letter from a company of a long name is harder.
const STAND_IN: &str = "Shop";

/// The paragraphs and points of a letter, without its reader's name, the names of the merchant and the references.
/// A sentence whose words the law prescribes counts for nothing: it stands whole among the header's `phrases`.
pub(super) fn prose(
    document: &Document,
    template: &Template,
    values: &Values<'_>,
    reference_prefix: &str,
) -> Vec<String> {
    let names = names(values);
    let merchant = &values.merchant;
    let is_address = |line: &str| merchant.address.iter().any(|of_the_address| of_the_address == line);
    let lines = document.impersonal.lines().map(str::trim).filter(|line| !is_address(line));
    let lines = lines.map(|line| without_agencies(line, values));
    let lines = lines.map(|line| without_prescribed(&line, template));
    let lines = lines.map(|line| names.iter().fold(line, |line, name| renamed(&line, name)));
    let phones = [merchant.phone.as_ref(), merchant.dpo.as_ref().and_then(|officer| officer.phone.as_ref())];
    let phones: Vec<&String> = phones.into_iter().flatten().collect();
    let lines = lines.map(|line| phones.iter().fold(line, |line, phone| line.replace(phone.as_str(), "")));
    let is_reference = |word: &&str| !reference_prefix.is_empty() && word.starts_with(reference_prefix);
    let lines = lines
        .map(|line| line.split_whitespace().filter(|word| !is_reference(word)).collect::<Vec<_>>().join(" "));
    lines.filter(|line| is_prose(line)).collect()
}

fn is_prose(line: &str) -> bool {
    let words = line.split_whitespace().filter(|word| is_word(word)).count();
    let ends = line.ends_with(['.', '!', '?']);
    words >= if ends { SENTENCE } else { LABEL }
}

/// The longest first, so that none is torn by another.
fn names(values: &Values<'_>) -> Vec<String> {
    let merchant = &values.merchant;
    let own = [
        Some(&merchant.name),
        Some(&merchant.short_name),
        Some(&merchant.controller),
        merchant.affiliate.as_ref(),
    ];
    let officer = merchant.dpo.as_ref().map(|officer| &officer.name);
    let provider = values.identity_services.as_ref().map(|services| &services.provider);
    let mut names: Vec<String> = own
        .into_iter()
        .chain([officer, provider])
        .flatten()
        .filter(|name| !name.is_empty())
        .cloned()
        .collect();
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    names
}

/// With the stand-in wherever the name stands as whole words.
fn renamed(line: &str, name: &str) -> String {
    let mut renamed = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once(name) {
        renamed.push_str(before);
        let is_whole = !renamed.ends_with(char::is_alphanumeric) && !after.starts_with(char::is_alphanumeric);
        renamed.push_str(if is_whole { STAND_IN } else { name });
        rest = after;
    }
    renamed + rest
}

/// Without what a list says of an agency; its name counts where a sentence has it.
fn without_agencies(line: &str, values: &Values<'_>) -> String {
    let lists: [&[&Agency]; 4] =
        [&values.credit_agencies, &values.credit_reports, &values.national_bodies, &values.state_bodies];
    let listed = lists.into_iter().flatten().filter(|agency| line.contains(&agency.website));
    listed.fold(line.to_owned(), |line, agency| {
        let known = [Some(&agency.name), Some(&agency.phone), agency.address.as_ref(), Some(&agency.website)];
        known.into_iter().flatten().fold(line, |line, known| line.replace(known.as_str(), ""))
    })
}

fn without_prescribed(line: &str, template: &Template) -> String {
    let phrases = template.header().phrases.values().flatten();
    let sentences = phrases.filter(|phrase| phrase.ends_with(['.', '!', '?']));
    sentences.fold(line.to_owned(), |line, sentence| line.replace(sentence.as_str(), ""))
}
