//! The names that a template may use, each value clean for print.
//! A name that is not here is an error when the template is rendered.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::clean::{one_line, paragraphs, short_line, shown_name};
use crate::element::Element;
use tocsin_domain::plan::Phase;

use crate::facts::{Filing, Merchant, NoticeFacts, Officer, Reader};
use crate::header::{Agency, AgencyKind, Audience};
use crate::language::{Language, for_tag, unknown_category};
use crate::page;
use crate::render::RenderError;
use crate::template::Template;

/// The longest merchant name in a short message, in characters.
const SHORT_NAME_LIMIT: usize = 40;

/// What every part sees.
#[derive(Serialize)]
pub(crate) struct Values<'a> {
    pub language: &'a str,
    pub legal_basis: &'a str,
    /// Keys of the elements that the letter carries under this regime and not under every one.
    pub blocks: Vec<&'static str>,
    pub merchant: MerchantValues,
    /// The gap for the reader's reference.
    pub reference: &'static str,
    /// The gap for the reader's name, if there is one to greet by.
    pub name: Option<&'static str>,
    pub copy: bool,
    pub phase: Phase,
    pub late: bool,
    pub law_enforcement_delay: bool,
    pub occurred: String,
    pub discovered: String,
    pub notice_date: String,
    pub data: Vec<&'a str>,
    pub data_short: String,
    pub data_advice: Vec<&'a str>,
    pub texts: TextValues,
    pub identity_services: Option<ServiceValues>,
    pub credit_agencies: Vec<&'a Agency>,
    pub credit_reports: Vec<&'a Agency>,
    pub national_bodies: Vec<&'a Agency>,
    pub state_bodies: Vec<&'a Agency>,
    /// Counts and the like, which a letter to a person cannot even name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filing: Option<FilingValues>,
}

#[derive(Serialize)]
pub(crate) struct MerchantValues {
    pub name: String,
    pub short_name: String,
    pub controller: String,
    pub affiliate: Option<String>,
    pub address: Vec<String>,
    pub email: String,
    pub phone: Option<String>,
    pub dpo: Option<OfficerValues>,
    pub website: String,
    pub notice_page: String,
}

#[derive(Serialize)]
pub(crate) struct OfficerValues {
    pub name: String,
    pub email: String,
    pub phone: Option<String>,
}

/// Paragraphs; none where the block is not given.
#[derive(Serialize)]
pub(crate) struct TextValues {
    pub what_happened: Vec<String>,
    pub consequences: Vec<String>,
    pub measures: Vec<String>,
    pub advice: Vec<String>,
    pub reasons_for_delay: Vec<String>,
    pub communication: Vec<String>,
    pub cause: Vec<String>,
    pub recipients: Vec<String>,
    pub other: Vec<String>,
}

#[derive(Serialize)]
pub(crate) struct ServiceValues {
    pub provider: String,
    pub months: u16,
    pub phone: String,
}

#[derive(Serialize)]
pub(crate) struct FilingValues {
    pub authority: String,
    pub earlier_number: Option<String>,
    pub aware: Option<String>,
    pub people: String,
    pub records: String,
    pub people_categories: Vec<String>,
    pub people_by_residence: Vec<String>,
    pub accounts_by_brand: Vec<String>,
    pub not_yet_known: String,
}

impl<'a> Values<'a> {
    /// The values of one notice.
    ///
    /// # Errors
    /// A fact that the template needs and that is not given; a data category that the language has no words for.
    pub fn of(
        template: &'a Template,
        regime: &str,
        facts: &'a NoticeFacts,
        reader: &Reader,
    ) -> Result<Values<'a>, RenderError> {
        let terms = template.terms(regime).ok_or(RenderError::RegimeNotServed)?;
        let language = template.language();
        let categories = categories_of(facts, reader)?;
        Ok(Values {
            language: &template.header().language,
            legal_basis: &terms.legal_basis,
            blocks: terms.blocks.iter().map(|element| element.as_str()).collect(),
            merchant: merchant_values(&facts.merchant),
            reference: page::REFERENCE,
            name: reader.display_name.as_deref().and_then(shown_name).map(|_| page::NAME),
            copy: reader.copy,
            phase: facts.phase,
            late: facts.late,
            law_enforcement_delay: facts.law_enforcement_delay,
            occurred: language.occurred(facts.occurred),
            discovered: language.date_or_unknown(facts.discovered),
            notice_date: language.date(facts.notice_date),
            data: kinds(template, categories),
            data_short: language.short_list(categories),
            data_advice: language.advice(categories),
            texts: text_values(template, regime, facts)?,
            identity_services: service_values(facts),
            credit_agencies: template.agencies(regime, AgencyKind::CreditAgency).collect(),
            credit_reports: template.agencies(regime, AgencyKind::CreditReports).collect(),
            national_bodies: template.agencies(regime, AgencyKind::NationalBody).collect(),
            state_bodies: template.agencies(regime, AgencyKind::StateBody).collect(),
            filing: filing_values(template, facts)?,
        })
    }

    /// The same values as the engine takes them.
    pub fn for_engine(&self) -> minijinja::Value {
        minijinja::Value::from(minijinja::value::Serde(self))
    }
}

/// The categories as the points of a list.
pub(crate) fn kinds<'a>(template: &'a Template, categories: &BTreeSet<String>) -> Vec<&'a str> {
    match template.header().audience {
        Audience::Individual => template.language().labels(categories),
        Audience::Authority | Audience::Controller | Audience::Card => template.language().terms(categories),
    }
}

/// The reader's categories, or the incident's if the reader's are not known.
pub(crate) fn categories_of<'a>(
    facts: &'a NoticeFacts,
    reader: &'a Reader,
) -> Result<&'a BTreeSet<String>, RenderError> {
    let categories =
        if reader.data_categories.is_empty() { &facts.data_categories } else { &reader.data_categories };
    if categories.is_empty() {
        return Err(RenderError::MissingFact { fact: "data_categories" });
    }
    match unknown_category(categories) {
        Some(_) => Err(RenderError::UnknownCategory),
        None => Ok(categories),
    }
}

fn merchant_values(merchant: &Merchant) -> MerchantValues {
    MerchantValues {
        name: short_line(&merchant.name, 100),
        short_name: short_line(&merchant.name, SHORT_NAME_LIMIT),
        controller: one_line(&merchant.controller),
        affiliate: merchant.affiliate.as_deref().map(one_line),
        address: merchant.address.iter().map(|line| one_line(line)).collect(),
        email: one_line(&merchant.email),
        phone: merchant.phone.as_deref().map(one_line),
        dpo: merchant.dpo.as_ref().map(officer_values),
        website: one_line(&merchant.website),
        notice_page: one_line(&merchant.notice_page),
    }
}

fn officer_values(officer: &Officer) -> OfficerValues {
    OfficerValues {
        name: one_line(&officer.name),
        email: one_line(&officer.email),
        phone: officer.phone.as_deref().map(one_line),
    }
}

fn text_values(template: &Template, regime: &str, facts: &NoticeFacts) -> Result<TextValues, RenderError> {
    let texts = for_tag(&facts.texts, &template.header().language).cloned().unwrap_or_default();
    let values = TextValues {
        what_happened: block(&texts.what_happened),
        consequences: block(&texts.consequences),
        measures: block(&texts.measures),
        advice: block(&texts.advice),
        reasons_for_delay: block(&texts.reasons_for_delay),
        communication: block(&texts.communication),
        cause: block(&texts.cause),
        recipients: block(&texts.recipients),
        other: block(&texts.other),
    };
    match template.header().audience {
        Audience::Individual => need_texts(template, regime, facts, &values)?,
        Audience::Authority | Audience::Controller | Audience::Card => {}
    }
    Ok(values)
}

fn block(text: &Option<String>) -> Vec<String> {
    text.as_deref().map(paragraphs).unwrap_or_default()
}

/// A letter to a person is not sent with a gap; a filing says that something is not yet known.
fn need_texts(
    template: &Template,
    regime: &str,
    facts: &NoticeFacts,
    texts: &TextValues,
) -> Result<(), RenderError> {
    let carried = template.header().carried(regime);
    let needs = [
        (Element::Nature, "what_happened", texts.what_happened.is_empty()),
        (Element::LikelyConsequences, "consequences", texts.consequences.is_empty()),
        (Element::MeasuresTaken, "measures", texts.measures.is_empty()),
        (Element::Cause, "cause", texts.cause.is_empty()),
        (Element::ReasonsForDelay, "reasons_for_delay", facts.late && texts.reasons_for_delay.is_empty()),
    ];
    for (element, fact, missing) in needs {
        if missing && carried.contains(&element) {
            return Err(RenderError::MissingFact { fact });
        }
    }
    Ok(())
}

fn service_values(facts: &NoticeFacts) -> Option<ServiceValues> {
    facts.identity_services.as_ref().map(|services| ServiceValues {
        provider: one_line(&services.provider),
        months: services.months,
        phone: one_line(&services.phone),
    })
}

fn filing_values(template: &Template, facts: &NoticeFacts) -> Result<Option<FilingValues>, RenderError> {
    match (template.header().audience, &facts.filing) {
        (Audience::Individual, _) => Ok(None),
        (Audience::Authority | Audience::Controller | Audience::Card, None) => {
            Err(RenderError::MissingFact { fact: "filing" })
        }
        (Audience::Authority | Audience::Controller | Audience::Card, Some(filing)) => {
            Ok(Some(known_filing(template.language(), facts, filing)))
        }
    }
}

fn known_filing(language: &Language, facts: &NoticeFacts, filing: &Filing) -> FilingValues {
    FilingValues {
        authority: one_line(&filing.authority),
        earlier_number: filing.earlier_number.as_deref().map(one_line),
        aware: aware_in_words(language, filing),
        people: language.quantity(facts.counts.people),
        records: language.quantity(facts.counts.records),
        people_categories: filing.people_categories.iter().map(|category| one_line(category)).collect(),
        people_by_residence: facts
            .counts
            .people_by_residence
            .iter()
            .map(|(residence, number)| format!("{}: {}", one_line(residence), language.number(*number)))
            .collect(),
        accounts_by_brand: facts
            .counts
            .accounts_by_brand
            .iter()
            .map(|(brand, number)| format!("{}: {}", one_line(brand), language.quantity(*number)))
            .collect(),
        not_yet_known: language.not_yet_known().to_owned(),
    }
}

/// "6 March 2026, 09:40 (Europe/Berlin)"
fn aware_in_words(language: &Language, filing: &Filing) -> Option<String> {
    let aware = filing.aware?;
    let time = format!("{}, {:02}:{:02}", language.date(aware.date()), aware.hour(), aware.minute());
    match &filing.time_zone {
        Some(zone) => Some(format!("{time} ({})", one_line(zone))),
        None => Some(time),
    }
}
