//! What can be said of a template before it is filled.

use std::collections::BTreeSet;

use super::wording::check_words;
use super::{CALIFORNIA_HEADINGS, CALIFORNIA_TITLE, Violation};
use crate::element::{Demands, Element};
use crate::header::Audience;
use crate::markers::marked;
use crate::template::{Part, Template};

/// The parts that carry the whole letter.
const WHOLE: [Part; 2] = [Part::Text, Part::Html];

/// Whether a template carries what a regime demands and nothing that it forbids, by its header and by the marks
/// in its text alike: a paragraph that is deleted from one of its parts is missed.
///
/// # Errors
/// Everything that is wrong.
pub fn check_template(template: &Template, regime: &str, demands: &Demands) -> Result<(), Vec<Violation>> {
    let mut violations = Vec::new();
    if template.terms(regime).is_none() {
        violations.push(Violation::RegimeNotServed { regime: regime.to_owned() });
    }
    let carried = template.header().carried(regime);
    for element in &demands.required {
        if !carried.contains(element) {
            violations.push(Violation::NotDeclared(*element));
        }
    }
    for part in WHOLE {
        violations.extend(marks(template, part, regime, demands));
    }
    violations.extend(short_forms(template));
    violations.extend(gaps(template));
    violations.extend(loose_name(template));
    violations.extend(personal_subject(template));
    violations.extend(phrases(template));
    violations.extend(beyond_letters(template));
    violations.extend(own_wording(template, demands));
    violations.extend(forbidden(template, regime, demands));
    if violations.is_empty() { Ok(()) } else { Err(violations) }
}

/// The marks of one part against the header and the demands.
fn marks(template: &Template, part: Part, regime: &str, demands: &Demands) -> Vec<Violation> {
    let mut violations = Vec::new();
    let source = template.source(part).unwrap_or_default();
    let stretches = match marked(source) {
        Ok(stretches) => stretches,
        Err(mark) => return vec![Violation::BadMark { part, mark }],
    };
    let header = template.header();
    let blocks = header.blocks();
    let mut marked = BTreeSet::new();
    for stretch in &stretches {
        for element in &stretch.elements {
            marked.insert(*element);
            if blocks.contains(element) && !asks_for(stretch.body, *element) {
                violations.push(Violation::BlockForAll { part, element: *element });
            }
            if !stretch.body.chars().any(char::is_alphanumeric) {
                violations.push(Violation::EmptyElement { part, element: *element });
            }
        }
    }
    let declared: BTreeSet<Element> = header.elements.union(&blocks).copied().collect();
    for element in declared.iter().chain(&demands.required).collect::<BTreeSet<_>>() {
        if is_marked(*element) && !marked.contains(element) {
            violations.push(Violation::NotMarked { part, element: *element });
        }
    }
    for element in marked.difference(&declared) {
        violations.push(Violation::Undeclared { part, element: *element });
    }
    let of_others: BTreeSet<Element> = blocks.difference(&header.carried(regime)).copied().collect();
    let shown = |element: &&Element| marked.contains(element) && !of_others.contains(element);
    for element in demands.forbidden.iter().filter(shown) {
        violations.push(Violation::ForbiddenMarked { part, element: *element });
    }
    violations.extend(prescribed(&declared, demands, source));
    violations
}

/// Whether a stretch is one branch that asks for the block of this element.
fn asks_for(body: &str, element: Element) -> bool {
    let body = body.trim();
    body.starts_with(&format!("{{% if \"{element}\" in blocks")) && body.ends_with("{% endif %}")
}

/// Plain language is a quality of the whole letter; everything else stands somewhere.
fn is_marked(element: Element) -> bool {
    element != Element::PlainLanguage
}

/// Titles and headings in the words of the law, in its order.
fn prescribed(declared: &BTreeSet<Element>, demands: &Demands, source: &str) -> Vec<Violation> {
    let wants = |element| declared.contains(&element) || demands.required.contains(&element);
    let mut violations = Vec::new();
    let mut rest = source;
    if wants(Element::TitleNoticeOfDataBreach) {
        match source.find(CALIFORNIA_TITLE) {
            Some(_) => {}
            None => violations.push(Violation::NoTitle(CALIFORNIA_TITLE)),
        }
    }
    if wants(Element::PrescribedHeadings) {
        for heading in CALIFORNIA_HEADINGS {
            match rest.split_once(heading) {
                Some((_, after)) => rest = after,
                None => violations.push(Violation::NoHeading(heading)),
            }
        }
    }
    violations
}

/// A short form says who writes and what leaked, and points to the full notice.
fn short_forms(template: &Template) -> Vec<Violation> {
    let mut violations = Vec::new();
    for part in [Part::Sms, Part::InApp] {
        let Some(source) = template.source(part) else {
            continue;
        };
        for name in ["data_short", "merchant.notice_page", "reference"] {
            if !prints(source, name) {
                violations.push(Violation::NotUsed { part, name });
            }
        }
    }
    violations
}

/// Whether a source prints this very value.
fn prints(source: &str, name: &str) -> bool {
    let rest_of_prints = source.split("{{").skip(1);
    rest_of_prints.filter_map(|rest| rest.split_once("}}")).any(|(printed, _)| printed.trim() == name)
}

/// What stands in a page as a gap can be printed as it is, and asked for; it cannot be counted, cut or compared.
fn gaps(template: &Template) -> Vec<Violation> {
    let mut violations = Vec::new();
    for part in Part::ALL {
        let source = template.source(part).unwrap_or_default();
        for name in ["name", "reference"] {
            if tags(source).any(|tag| does_more(tag, name)) {
                violations.push(Violation::GapUsed { part, name });
            }
        }
    }
    violations
}

/// In HTML a name stands by itself, and nothing else stands as a name: so it turns nobody else's words around, and the gate knows the letter without it.
fn loose_name(template: &Template) -> Option<Violation> {
    let source = template.source(Part::Html).unwrap_or_default();
    let isolated = source.matches("<bdi>{{ name }}</bdi>").count();
    let printed = tags(source).filter(|tag| *tag == "name").count();
    let places = source.to_ascii_lowercase().matches("<bdi").count();
    (printed != isolated || places != isolated).then_some(Violation::LooseName)
}

/// The subject of a letter to people is published, so that they can tell it from false ones: it is the same for them all.
fn personal_subject(template: &Template) -> Vec<Violation> {
    let source = template.source(Part::Subject).unwrap_or_default();
    let is_published = template.header().audience == Audience::Individual;
    let named = ["name", "reference"].into_iter().filter(|name| is_published && prints(source, name));
    named.map(|name| Violation::PersonalSubject { name }).collect()
}

/// What stands in the tags that print or decide.
fn tags(source: &str) -> impl Iterator<Item = &str> {
    let between =
        |open, close| source.split(open).skip(1).filter_map(move |rest: &str| rest.split_once(close));
    between("{{", "}}").chain(between("{%", "%}")).map(|(tag, _)| tag.trim_matches(['-', '+', ' ', '\n']))
}

/// Whether a tag uses a value otherwise than by printing it or by asking whether it is there.
fn does_more(tag: &str, name: &str) -> bool {
    let words = tag.split(|sign: char| !sign.is_alphanumeric() && sign != '_' && sign != '.');
    let is_used = words.into_iter().any(|word| word == name || word.starts_with(&format!("{name}.")));
    let is_plain =
        ["", "if ", "if not ", "elif "].iter().any(|before| tag.strip_prefix(before) == Some(name));
    is_used && !is_plain
}

/// No part hides what is known, but in words that a law prescribes; and none sells or tells what it may not.
fn own_wording(template: &Template, demands: &Demands) -> Vec<Violation> {
    let in_part = |part| {
        let words = own_words(template.source(part).unwrap_or_default());
        check_words(part, &words, template, demands)
    };
    Part::ALL.into_iter().flat_map(in_part).collect()
}

/// A letter prints values, asks for them and goes through lists of them. What turns escaping off, takes text from elsewhere
/// or builds it hides from the gate what goes out.
fn beyond_letters(template: &Template) -> Vec<Violation> {
    let mut violations = Vec::new();
    for part in Part::ALL {
        let source = template.source(part).unwrap_or_default();
        let statements =
            source.split("{%").skip(1).map(|rest| first_word(rest.trim_start_matches(['-', '+'])));
        let others = statements.filter(|word| !STATEMENTS.contains(word));
        let words =
            tags(source).flat_map(|tag| tag.split(|sign: char| !sign.is_alphanumeric() && sign != '_'));
        let named = words.filter(|word| UNSAFE.contains(word));
        let found: BTreeSet<&str> = others.chain(named).collect();
        violations
            .extend(found.into_iter().map(|word| Violation::NotForLetters { part, word: word.to_owned() }));
    }
    violations
}

/// What a letter may do beside printing.
const STATEMENTS: [&str; 6] = ["if", "elif", "else", "endif", "for", "endfor"];

/// What prints unescaped, or prints everything.
const UNSAFE: [&str; 2] = ["safe", "debug"];

fn first_word(rest: &str) -> &str {
    let rest = rest.trim_start();
    rest.split(|sign: char| !sign.is_alphanumeric() && sign != '_').next().unwrap_or_default()
}

/// A source without its styles and its tags, those of the engine and those of HTML, in one line.
pub(crate) fn own_words(source: &str) -> String {
    let tags = [("<style", "</style>"), ("{#", "#}"), ("{%", "%}"), ("{{", "}}"), ("<", ">")];
    let words =
        tags.into_iter().fold(source.to_owned(), |source, (open, close)| without(&source, open, close));
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn without(source: &str, open: &str, close: &str) -> String {
    let mut pieces = source.split(open);
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |words, piece| words + " " + piece.split_once(close).map_or(piece, |(_, after)| after))
}

/// Elements whose text is fixed are known by their words in the rendered notice.
fn phrases(template: &Template) -> Vec<Violation> {
    let header = template.header();
    let declared: BTreeSet<Element> = header.elements.union(&header.blocks()).copied().collect();
    declared
        .into_iter()
        .filter(|element| is_known_by_phrase(*element))
        .filter(|element| header.phrases.get(element).is_none_or(Vec::is_empty))
        .map(Violation::NoPhrase)
        .collect()
}

/// Whether nothing but fixed words shows that a notice carries the element.
pub(crate) fn is_known_by_phrase(element: Element) -> bool {
    match element {
        Element::CreditFreezeSteps
        | Element::FcraRights
        | Element::FraudAlertStatement
        | Element::LawEnforcementDelay
        | Element::Phase
        | Element::PoliceReportRight
        | Element::RegulatorInformed
        | Element::RemainVigilant
        | Element::ReportToAuthoritiesAdvice
        | Element::ResponseAndRelief
        | Element::ReviewStatementsAdvice
        | Element::RightToComplain
        | Element::UnauthorizedAcquisitionStatement => true,
        Element::AccountsAtRisk
        | Element::Affiliation
        | Element::Chronology
        | Element::Contact
        | Element::ControllerIdentity
        | Element::CraContacts
        | Element::DataTypes
        | Element::DateOrEstimate
        | Element::DiscoveryDate
        | Element::DpoOrContactPoint
        | Element::FtcContacts
        | Element::IdentityTheftServices
        | Element::LikelyConsequences
        | Element::Marketing
        | Element::MeasuresTaken
        | Element::Nature
        | Element::NoticeDate
        | Element::NumberOfPeople
        | Element::NumberOfRecords
        | Element::NumberOfResidents
        | Element::PlainLanguage
        | Element::PrescribedHeadings
        | Element::ProtectiveSteps
        | Element::ReasonsForDelay
        | Element::SensitiveValues
        | Element::StateAgencyContacts
        | Element::TitleNoticeOfDataBreach
        | Element::Cause
        | Element::OtherFacts
        | Element::RecipientIdentity
        | Element::TollFreeNumber => false,
    }
}

/// What the header declares, and what any part would print, short forms included.
fn forbidden(template: &Template, regime: &str, demands: &Demands) -> Vec<Violation> {
    let mut violations = Vec::new();
    let carried = template.header().carried(regime);
    for element in &demands.forbidden {
        if carried.contains(element) {
            violations.push(Violation::ForbiddenDeclared(*element));
        }
        for part in Part::ALL {
            let source = template.source(part).unwrap_or_default();
            for name in names_that_tell(*element).iter().filter(|name| source.contains(**name)) {
                violations.push(Violation::ForbiddenUsed { part, element: *element, name });
            }
        }
    }
    violations
}

/// Values by which a template would say what a regime forbids. The free text blocks all may tell what happened.
fn names_that_tell(element: Element) -> &'static [&'static str] {
    match element {
        Element::Nature => &["texts", "occurred", "discovered"],
        Element::AccountsAtRisk
        | Element::NumberOfPeople
        | Element::NumberOfRecords
        | Element::NumberOfResidents => &["filing."],
        Element::Affiliation
        | Element::Chronology
        | Element::Contact
        | Element::ControllerIdentity
        | Element::CraContacts
        | Element::CreditFreezeSteps
        | Element::DataTypes
        | Element::DateOrEstimate
        | Element::DiscoveryDate
        | Element::DpoOrContactPoint
        | Element::FraudAlertStatement
        | Element::FtcContacts
        | Element::IdentityTheftServices
        | Element::LawEnforcementDelay
        | Element::LikelyConsequences
        | Element::Marketing
        | Element::MeasuresTaken
        | Element::NoticeDate
        | Element::Phase
        | Element::PlainLanguage
        | Element::PoliceReportRight
        | Element::PrescribedHeadings
        | Element::ProtectiveSteps
        | Element::ReasonsForDelay
        | Element::SensitiveValues
        | Element::StateAgencyContacts
        | Element::TitleNoticeOfDataBreach
        | Element::Cause
        | Element::FcraRights
        | Element::OtherFacts
        | Element::RecipientIdentity
        | Element::RegulatorInformed
        | Element::RemainVigilant
        | Element::ReportToAuthoritiesAdvice
        | Element::ResponseAndRelief
        | Element::ReviewStatementsAdvice
        | Element::RightToComplain
        | Element::TollFreeNumber
        | Element::UnauthorizedAcquisitionStatement => &[],
    }
}
