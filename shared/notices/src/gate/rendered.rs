//! What can be said of a notice as it would go out.

use std::collections::BTreeSet;

use memchr::memmem::{self, Finder};

use super::evidence::evidence;
use super::links::{Hosts, check_addresses, check_text};
use super::markup::check_markup;
use super::plain::check_sentences;
use super::template::is_known_by_phrase;
use super::wording::{OfOthers, check_words};
use super::{CALIFORNIA_HEADINGS, CALIFORNIA_TITLE, Violation, squeezed};
use crate::category::category_of;
use crate::element::{Demands, Element};
use crate::facts::{NoticeFacts, Quantity, Reader};
use crate::header::{Audience, RegimeTerms};
use crate::html::{self, Document};
use crate::language::unknown_category;
use crate::page::Page;
use crate::readability::grade;
use crate::render::{Email, InApp, RenderError, Rendered, Sms};
use crate::script::{is_unspaced, spaced};
use crate::secret::shows_sensitive_value;
use crate::sms;
use crate::template::{Part, Template};
use crate::values::{Values, kinds};
use tocsin_domain::plan::Phase;

/// The longest subject, in characters.
const SUBJECT_LIMIT: usize = 200;

/// How a point of a list begins, in any language.
const POINTS: [&str; 2] = ["- ", "・"];

/// A section with fewer letters and digits than this says nothing. "Uw naam" says something. A sign of a script that parts no
/// words is worth two.
const SECTION_MINIMUM: usize = 6;

/// What a number that is free to call in the United States begins with (47 CFR 52.101).
const TOLL_FREE: [&str; 7] = ["800", "833", "844", "855", "866", "877", "888"];

/// What stays behind when a template is not filled.
const SYNTAX: [&str; 6] = ["{{", "}}", "{%", "%}", "{#", "#}"];

/// Whether a notice, as it would go out, carries what its regime demands and nothing that it forbids, and cannot be
/// taken for a fraud. A text message and an in-app message point to the full notice and are judged as such.
///
/// The bytes do not say what leaked of their reader: whether all of that is told, [`Judge::check_page`] says.
///
/// # Errors
/// Everything that is wrong.
pub fn check_rendered(
    rendered: &Rendered,
    template: &Template,
    regime: &str,
    facts: &NoticeFacts,
    demands: &Demands,
) -> Result<(), Vec<Violation>> {
    Judge::of(template, regime, facts, demands).check(rendered)
}

/// The gate for all notices of one template, regime and incident.
pub struct Judge<'a> {
    /// What is wrong whatever a notice says.
    always: Vec<Violation>,
    template: &'a Template,
    facts: &'a NoticeFacts,
    gate: Option<Gate<'a>>,
}

impl<'a> Judge<'a> {
    pub fn of(template: &'a Template, regime: &str, facts: &'a NoticeFacts, demands: &'a Demands) -> Self {
        let mut always = check_facts(template, regime, facts, demands);
        let gate = match Gate::of(template, regime, facts, demands) {
            Ok(gate) => Some(gate),
            Err(error) => {
                always.push(Violation::Facts(error));
                None
            }
        };
        Self { always, template, facts, gate }
    }

    /// The same where text messages may link to their reader's own notice, under this page.
    #[must_use]
    pub fn with_details(mut self, details_page: Option<&str>) -> Self {
        if let Some(gate) = &mut self.gate {
            details_page.into_iter().for_each(|page| gate.hosts.allow_link(page));
            gate.details_link = details_page.map(|page| format!("{page}#"));
        }
        self
    }

    /// Whether each notice of a page may go out, and tells its readers all that leaked of them. What a name could spoil is
    /// judged by the longest ones.
    ///
    /// # Errors
    /// See [`check_rendered`].
    pub fn check_page(&self, page: &Page) -> Result<(), Vec<Violation>> {
        let mut violations = Vec::new();
        let leaked = Leaked::of(self.template, page.data());
        for notice in page.to_the_longest_names(&self.facts.reference_prefix) {
            for violation in self.judge(&notice, Some(&leaked)) {
                if !violations.contains(&violation) {
                    violations.push(violation);
                }
            }
        }
        if violations.is_empty() { Ok(()) } else { Err(violations) }
    }

    /// # Errors
    /// See [`check_rendered`].
    pub fn check(&self, rendered: &Rendered) -> Result<(), Vec<Violation>> {
        let violations = self.judge(rendered, None);
        if violations.is_empty() { Ok(()) } else { Err(violations) }
    }

    fn judge(&self, rendered: &Rendered, leaked: Option<&Leaked<'_>>) -> Vec<Violation> {
        let mut violations = self.always.clone();
        violations.extend(self.gate.iter().flat_map(|gate| gate.check(rendered, leaked)));
        if !self.template.header().channels.contains(&rendered.channel()) {
            violations.push(Violation::ChannelNotServed { channel: rendered.channel() });
        }
        violations
    }
}

/// What leaked of the readers of a page, in the words of their language.
struct Leaked<'a> {
    kinds: Vec<&'a str>,
    advice: Vec<&'a str>,
    short: String,
}

impl<'a> Leaked<'a> {
    fn of(template: &'a Template, data: &BTreeSet<String>) -> Self {
        let language = template.language();
        Self { kinds: kinds(template, data), advice: language.advice(data), short: language.short_list(data) }
    }

    /// Whether every piece of advice that belongs to the data shows.
    fn advises(&self, shows: impl Fn(&Finder<'_>) -> bool) -> bool {
        self.advice.iter().all(|advice| shows(&Finder::new(&squeezed(advice))))
    }
}

/// What the facts lack, whatever the notice says.
fn check_facts(template: &Template, regime: &str, facts: &NoticeFacts, demands: &Demands) -> Vec<Violation> {
    let mut violations = Vec::new();
    if let Some(key) = unknown_category(&facts.data_categories) {
        violations.push(Violation::UnknownCategory(key.chars().take(60).collect()));
    }
    if withdraws(template, facts) {
        return violations;
    }
    if let Some(terms) = template.terms(regime)
        && demands.required.contains(&Element::IdentityTheftServices)
    {
        violations.extend(check_service(terms, facts));
    }
    if demands.required.contains(&Element::TollFreeNumber)
        && !facts.merchant.phone.as_deref().is_some_and(is_toll_free)
    {
        violations.push(Violation::NoTollFreeNumber);
    }
    violations
}

/// Whether the service on offer is what the law wants, if what leaked calls for one.
fn check_service(terms: &RegimeTerms, facts: &NoticeFacts) -> Option<Violation> {
    let mut leaked = facts.data_categories.iter().filter_map(|key| category_of(key));
    if !leaked.any(|category| terms.service_for.contains(category)) {
        return None;
    }
    let wanted = terms.service_months.unwrap_or(0);
    match &facts.identity_services {
        None => Some(Violation::NoIdentityService),
        Some(services) if services.months < wanted => {
            Some(Violation::IdentityServiceTooShort { months: services.months, wanted })
        }
        Some(_) => None,
    }
}

/// "1-800-555-0155", with or without the 1 of North America before it.
fn is_toll_free(phone: &str) -> bool {
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    let national = if digits.len() == 11 { digits.strip_prefix('1') } else { Some(digits.as_str()) };
    national.is_some_and(|national| {
        national.len() == 10 && TOLL_FREE.iter().any(|prefix| national.starts_with(prefix))
    })
}

/// Whether a notice tells a person that they are not concerned: it then has to say who writes, when, and how they can be
/// reached, and nothing of a breach. What is forbidden stays forbidden.
fn withdraws(template: &Template, facts: &NoticeFacts) -> bool {
    template.header().audience == Audience::Individual && facts.phase == Phase::Withdrawal
}

/// What a withdrawal has to show.
const OF_A_WITHDRAWAL: [Element; 3] = [Element::Contact, Element::ControllerIdentity, Element::NoticeDate];

/// What a notice is held against.
struct Gate<'a> {
    template: &'a Template,
    facts: &'a NoticeFacts,
    demands: &'a Demands,
    hosts: Hosts,
    /// The values of a letter to nobody in particular.
    values: Values<'a>,
    /// By which words each element shows, that is demanded or declared.
    evidence: Vec<(Element, Vec<Group>)>,
    /// The same for the blocks of other regimes, as far as fixed words show them.
    of_others: Vec<(Element, Vec<Group>)>,
    /// How the link of a text message to its reader's own notice begins, where there is one.
    details_link: Option<String>,
    /// What a notice prints that is not the letter's own.
    not_its_own: OfOthers,
}

/// Words of which one at least has to stand in a notice, squeezed.
type Group = Vec<Finder<'static>>;

impl<'a> Gate<'a> {
    fn of(
        template: &'a Template,
        regime: &str,
        facts: &'a NoticeFacts,
        demands: &'a Demands,
    ) -> Result<Self, RenderError> {
        let values = Values::of(template, regime, facts, &Reader::nobody())?;
        let hosts = Hosts::of(template, regime, facts);
        let carried = template.header().carried(regime);
        let of_others = template.header().blocks().into_iter().filter(|element| !carried.contains(element));
        let of_others: Vec<Element> = of_others.filter(|element| is_known_by_phrase(*element)).collect();
        let elements: BTreeSet<Element> = if withdraws(template, facts) {
            OF_A_WITHDRAWAL.into()
        } else {
            carried.into_iter().chain(demands.required.iter().copied()).collect()
        };
        let groups_of = |element: Element| {
            evidence(element, template, &values).iter().map(|words| group(words)).collect()
        };
        let evidence = elements.into_iter().map(|element| (element, groups_of(element))).collect();
        let of_others = of_others.into_iter().map(|element| (element, groups_of(element))).collect();
        let not_its_own = OfOthers::of(template, &values);
        let details_link = None;
        Ok(Self { template, facts, demands, hosts, values, evidence, of_others, details_link, not_its_own })
    }

    fn check(&self, rendered: &Rendered, leaked: Option<&Leaked<'_>>) -> Vec<Violation> {
        match rendered {
            Rendered::Email(email) => self.email(email, leaked),
            Rendered::Sms(sms) => self.sms(sms, leaked),
            Rendered::InApp(in_app) => self.in_app(in_app, leaked),
        }
    }

    fn email(&self, email: &Email, leaked: Option<&Leaked<'_>>) -> Vec<Violation> {
        let document = match html::read(&email.html) {
            Ok(document) => document,
            Err(error) => return vec![Violation::BadHtml(error)],
        };
        let mut violations = check_subject(&email.subject);
        violations.extend(check_syntax(&[&email.subject, &email.text, &email.html]));
        violations.extend(check_markup(&document, self.template));
        violations.extend(check_addresses(email, &document, &self.hosts));
        violations.extend(check_same_words(&email.text, &document.visible));
        violations.extend(check_sections(&email.text, &document));
        violations.extend(self.prescribed(&document));
        violations.extend(self.elements(&email.text, &document, leaked));
        violations.extend(self.forbidden(&document.impersonal));
        if self.demands.forbidden.contains(&Element::SensitiveValues)
            && shows_sensitive_value(&document.visible)
            && !shows_sensitive_value(&document.impersonal)
        {
            violations.push(Violation::ForbiddenShown(Element::SensitiveValues));
        }
        violations.extend(self.marks_of_origin(&email.text));
        violations.extend(self.wording(Part::Subject, &email.subject));
        violations.extend(self.wording(Part::Html, &document.impersonal));
        violations
    }

    /// What is wrong with the words that are the letter's own, as they would go out.
    fn wording(&self, part: Part, text: &str) -> Vec<Violation> {
        check_words(part, &self.not_its_own.taken_from(text), self.template, self.demands)
    }

    fn sms(&self, sms: &Sms, leaked: Option<&Leaked<'_>>) -> Vec<Violation> {
        let parts = sms::parts(&sms.text);
        let mut violations = self.short_form(&sms.text, &self.values.merchant.short_name, leaked);
        if parts.count > sms::MOST_PARTS {
            violations.push(Violation::SmsTooLong { count: parts.count, limit: sms::MOST_PARTS });
        }
        violations.extend(self.wording(Part::Sms, &sms.text));
        violations
    }

    fn in_app(&self, in_app: &InApp, leaked: Option<&Leaked<'_>>) -> Vec<Violation> {
        let mut violations = check_subject(&in_app.title);
        violations.extend(self.short_form(&in_app.text, &self.values.merchant.name, leaked));
        violations.extend(self.wording(Part::Subject, &in_app.title));
        violations.extend(self.wording(Part::InApp, &in_app.text));
        violations
    }

    /// Who, what leaked, the reference, and the page where the full notice stands.
    fn short_form(&self, text: &str, who: &str, leaked: Option<&Leaked<'_>>) -> Vec<Violation> {
        let shows = |word: &str| text.contains(word) || text.contains(&sms::spelt(word));
        let mut violations = Vec::from_iter(check_syntax(&[text]));
        violations.extend(check_text(text, &self.hosts));
        violations.extend(self.forbidden(text));
        violations.extend(self.marks_of_origin(text));
        if !shows(who) {
            violations.push(Violation::Lacks("who writes"));
        }
        let tells = match leaked {
            Some(leaked) => shows(&leaked.short),
            None => {
                let words = self.template.language().short_words(&self.facts.data_categories);
                words.iter().any(|word| shows(word))
            }
        };
        if !self.withdraws() && !tells {
            violations.push(Violation::Lacks("what leaked"));
        }
        violations
    }

    fn withdraws(&self) -> bool {
        withdraws(self.template, self.facts)
    }

    /// Titles and headings in the words of the law, in its order.
    fn prescribed(&self, document: &Document) -> Vec<Violation> {
        if self.withdraws() {
            return Vec::new();
        }
        let headings: Vec<&str> = document.sections.iter().map(|section| section.heading.trim()).collect();
        let mut violations = Vec::new();
        if self.demands.required.contains(&Element::TitleNoticeOfDataBreach)
            && headings.first() != Some(&CALIFORNIA_TITLE)
        {
            violations.push(Violation::NoTitle(CALIFORNIA_TITLE));
        }
        if self.demands.required.contains(&Element::PrescribedHeadings) {
            let mut rest = headings.iter();
            for wanted in CALIFORNIA_HEADINGS {
                if !rest.any(|heading| *heading == wanted) {
                    violations.push(Violation::NoHeading(wanted));
                    rest = headings.iter();
                }
            }
        }
        violations
    }

    /// Every element that is demanded or declared shows in both parts.
    fn elements(&self, text: &str, document: &Document, leaked: Option<&Leaked<'_>>) -> Vec<Violation> {
        let (text_words, html_words) = (squeezed(text), squeezed(&document.visible));
        let shows = |word: &Finder<'_>| {
            word.find(text_words.as_bytes()).is_some() && word.find(html_words.as_bytes()).is_some()
        };
        let mut violations = Vec::new();
        for (element, groups) in &self.evidence {
            let tells_all = (*element != Element::DataTypes || self.lists_data(text, document, leaked))
                && (*element != Element::ProtectiveSteps
                    || leaked.is_none_or(|leaked| leaked.advises(shows)));
            if !tells_all || !groups.iter().all(|group| group.iter().any(shows)) {
                violations.push(Violation::NotShown(*element));
            }
        }
        for (element, groups) in &self.of_others {
            if groups.iter().all(|group| group.iter().any(shows)) {
                violations.push(Violation::BlockOfOthers(*element));
            }
        }
        let declared = &self.template.header().elements;
        if declared.contains(&Element::PlainLanguage)
            || self.demands.required.contains(&Element::PlainLanguage)
        {
            violations.extend(check_sentences(&document.visible));
            violations.extend(self.check_grade(document));
        }
        violations
    }

    fn check_grade(&self, document: &Document) -> Option<Violation> {
        let grade = grade(document, self.template, &self.values, &self.facts.reference_prefix)?;
        grade.is_too_hard().then(|| Violation::TooHard { grade, limit: grade.limit() })
    }

    /// Every category that leaked of the reader is a point of a list in both parts, not just a sentence that has its words.
    /// Of a reader whom nobody knows, any of the incident is enough.
    fn lists_data(&self, text: &str, document: &Document, leaked: Option<&Leaked<'_>>) -> bool {
        let point = |line| POINTS.iter().find_map(|mark| str::strip_prefix(line, mark));
        let points: BTreeSet<&str> = text.lines().filter_map(point).map(named).collect();
        let lines: BTreeSet<&str> = document.visible.lines().map(str::trim).map(named).collect();
        match leaked {
            Some(leaked) => leaked.kinds.iter().all(|kind| points.contains(kind) && lines.contains(kind)),
            None => self.values.data.iter().any(|kind| points.contains(kind)),
        }
    }

    /// Nothing that the regime forbids, in whatever words the facts have for it.
    fn forbidden(&self, text: &str) -> Vec<Violation> {
        let shown = self.demands.forbidden.iter().filter(|element| match element {
            Element::Nature => self.tells_what_happened(text),
            Element::NumberOfResidents | Element::NumberOfPeople => self.tells_count(text),
            Element::SensitiveValues => shows_sensitive_value(text),
            Element::AccountsAtRisk
            | Element::Affiliation
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
            | Element::NumberOfRecords
            | Element::Phase
            | Element::PlainLanguage
            | Element::PoliceReportRight
            | Element::PrescribedHeadings
            | Element::ProtectiveSteps
            | Element::ReasonsForDelay
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
            | Element::UnauthorizedAcquisitionStatement => false,
        });
        shown.map(|element| Violation::ForbiddenShown(*element)).collect()
    }

    fn tells_what_happened(&self, text: &str) -> bool {
        let text = squeezed(text);
        let told = self.facts.texts.values().filter_map(|texts| texts.what_happened.as_deref());
        told.flat_map(crate::clean::paragraphs).any(|paragraph| text.contains(&squeezed(&paragraph)))
    }

    /// The count as a number of three digits or more, or any count before a word for people.
    fn tells_count(&self, text: &str) -> bool {
        let language = self.template.language();
        let text = spaced(text);
        let words: Vec<&str> = text.split_whitespace().collect();
        words.iter().enumerate().any(|(at, word)| {
            let Some(count) = number(word).filter(|number| counts(self.facts).any(|count| count == *number))
            else {
                return false;
            };
            let after = words.iter().skip(at + 1).take(3);
            let people = language.people_words();
            count >= 100 || after.map(|word| bare(word)).any(|word| people.contains(&word))
        })
    }

    /// One paragraph names the reference and the page, or the link to the full letter that names the page, and says that the
    /// reference can be checked.
    fn tells_how_to_check(&self, text: &str) -> bool {
        let tells = |paragraph: &str| {
            let words = paragraph.to_lowercase();
            self.template
                .language()
                .checks()
                .iter()
                .any(|word| words.contains(word) || words.contains(&sms::spelt(word)))
        };
        text.split("\n\n").any(|paragraph| {
            paragraph.contains(&self.facts.reference_prefix)
                && self.leads_to_the_notice(paragraph)
                && tells(paragraph)
        })
    }

    /// Behind the link stands the full letter, which names the page where its reference can be checked.
    fn leads_to_the_notice(&self, text: &str) -> bool {
        text.contains(&self.values.merchant.notice_page)
            || self.details_link.as_ref().is_some_and(|link| text.contains(link))
    }

    /// What shows a reader that the notice is real: a reference, and the page where it can be checked.
    fn marks_of_origin(&self, text: &str) -> Vec<Violation> {
        let mut violations = Vec::new();
        let prefix = &self.facts.reference_prefix;
        if prefix.is_empty() || !text.contains(prefix.as_str()) {
            violations.push(Violation::Lacks("a reference"));
        }
        match self.template.header().audience {
            Audience::Individual if !self.leads_to_the_notice(text) => {
                violations.push(Violation::Lacks("the page of the full notice"));
            }
            Audience::Individual if violations.is_empty() && !self.tells_how_to_check(text) => {
                violations.push(Violation::Lacks("how its reference is checked on the page"));
            }
            Audience::Individual | Audience::Authority | Audience::Controller | Audience::Card => {}
        }
        violations
    }
}

/// What a point of a list names: "Kind of data: names".
fn named(point: &str) -> &str {
    point.rsplit(": ").next().unwrap_or(point)
}

/// A word of which nothing is left shows nothing.
fn group(words: &[String]) -> Group {
    let words = words.iter().map(|word| squeezed(word)).filter(|word| !word.is_empty());
    words.map(|word| Finder::new(&word).into_owned()).collect()
}

/// The numbers of people that the facts know.
fn counts(facts: &NoticeFacts) -> impl Iterator<Item = u64> {
    let total = match facts.counts.people {
        Quantity::NotYetKnown => None,
        Quantity::About(number) | Quantity::Exactly(number) => Some(number),
    };
    facts.counts.people_by_residence.values().copied().chain(total)
}

/// "1,284" and "1.284." as 1284.
fn number(word: &str) -> Option<u64> {
    let word = Some(trimmed(word)).filter(|word| word.starts_with(|sign: char| sign.is_ascii_digit()))?;
    let digits: String = word.chars().filter(|sign| !matches!(sign, ',' | '.' | '\'' | '’')).collect();
    digits.parse().ok()
}

/// In lower case, without the signs around it.
fn bare(word: &str) -> String {
    trimmed(word).to_lowercase()
}

fn trimmed(word: &str) -> &str {
    word.trim_matches(|sign: char| !sign.is_alphanumeric())
}

fn check_subject(subject: &str) -> Vec<Violation> {
    let mut violations = Vec::new();
    if subject.trim().is_empty() {
        violations.push(Violation::Subject("is empty"));
    }
    if subject.chars().any(char::is_control) || subject.contains(['\u{2028}', '\u{2029}']) {
        violations.push(Violation::Subject("has more than one line, or control characters"));
    }
    if subject.chars().count() > SUBJECT_LIMIT {
        violations.push(Violation::Subject("has more than 200 characters"));
    }
    violations
}

fn check_syntax(parts: &[&str]) -> Option<Violation> {
    let left = parts
        .iter()
        .any(|part| SYNTAX.iter().any(|sign| memmem::find(part.as_bytes(), sign.as_bytes()).is_some()));
    if left { Some(Violation::LeftoverSyntax) } else { None }
}

/// Letter for letter the same words, whatever the layout.
fn check_same_words(text: &str, visible: &str) -> Option<Violation> {
    let (text, visible) = (letters(text), letters(visible));
    if text.clone().eq(visible.clone()) {
        return None;
    }
    let at = text.zip(visible).take_while(|(one, other)| one == other).count();
    Some(Violation::PartsDiffer { at })
}

fn letters(text: &str) -> impl Iterator<Item = char> + Clone {
    text.chars().filter(|sign| sign.is_alphanumeric())
}

/// No section is empty, and the text part has the same headings as lines of their own, in the same order.
fn check_sections(text: &str, document: &Document) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut lines = text.lines();
    if document.sections.is_empty() {
        violations.push(Violation::Lacks("any heading"));
    }
    for section in &document.sections {
        let heading = section.heading.trim();
        let letters = section.text.chars().filter(|sign| sign.is_alphanumeric());
        if letters.map(|sign| if is_unspaced(sign) { 2 } else { 1 }).sum::<usize>() < SECTION_MINIMUM {
            violations.push(Violation::EmptySection { heading: heading.to_owned() });
        }
        if !lines.any(|line| line == heading) {
            violations.push(Violation::TextLacksHeading { heading: heading.to_owned() });
            lines = text.lines();
        }
    }
    violations
}
