//! By which words a rendered notice shows that it carries an element.

use crate::element::Element;
use crate::header::Agency;
use crate::template::Template;
use crate::values::Values;

/// Groups of words: of each group, at least one must stand in the notice.
/// None where the element has nothing to show in this case, or is judged by other means.
pub fn evidence(element: Element, template: &Template, values: &Values<'_>) -> Vec<Vec<String>> {
    let texts = &values.texts;
    match element {
        Element::CraContacts => agencies(&values.credit_agencies),
        Element::FtcContacts => agencies(&values.national_bodies),
        Element::StateAgencyContacts => agencies(&values.state_bodies),
        Element::Affiliation => all(values.merchant.affiliate.clone()),
        Element::ControllerIdentity => all([values.merchant.controller.clone()]),
        Element::Contact => contact(values),
        Element::DataTypes => vec![owned(&values.data)],
        Element::ProtectiveSteps => vec![owned(&values.data_advice)],
        Element::DateOrEstimate => all([values.occurred.clone()]),
        Element::DiscoveryDate => all([values.discovered.clone()]),
        Element::NoticeDate => all([values.notice_date.clone()]),
        Element::DpoOrContactPoint => all([match &values.merchant.dpo {
            Some(officer) => officer.email.clone(),
            None => values.merchant.email.clone(),
        }]),
        Element::Nature => paragraphs(&texts.what_happened, template),
        Element::LikelyConsequences => paragraphs(&texts.consequences, template),
        Element::MeasuresTaken => paragraphs(&texts.measures, template),
        Element::ReasonsForDelay if values.late => paragraphs(&texts.reasons_for_delay, template),
        Element::ReasonsForDelay => Vec::new(),
        Element::Cause => paragraphs(&texts.cause, template),
        Element::OtherFacts => all(texts.other.iter().cloned()),
        Element::RecipientIdentity => paragraphs(&texts.recipients, template),
        // A number that is not there shows nothing, so that the notice is refused.
        Element::TollFreeNumber => vec![values.merchant.phone.iter().cloned().collect()],
        Element::IdentityTheftServices => identity_services(values),
        Element::AccountsAtRisk => accounts_at_risk(values, template),
        Element::Chronology => chronology(values, template),
        Element::NumberOfPeople => all(values.filing.as_ref().map(|filing| filing.people.clone())),
        Element::NumberOfRecords => all(values.filing.as_ref().map(|filing| filing.records.clone())),
        Element::CreditFreezeSteps
        | Element::FraudAlertStatement
        | Element::LawEnforcementDelay
        | Element::Phase
        | Element::PoliceReportRight
        | Element::FcraRights
        | Element::RegulatorInformed
        | Element::RemainVigilant
        | Element::ReportToAuthoritiesAdvice
        | Element::ResponseAndRelief
        | Element::ReviewStatementsAdvice
        | Element::RightToComplain
        | Element::UnauthorizedAcquisitionStatement => phrases(element, template),
        Element::Marketing
        | Element::NumberOfResidents
        | Element::PlainLanguage
        | Element::PrescribedHeadings
        | Element::SensitiveValues
        | Element::TitleNoticeOfDataBreach => Vec::new(),
    }
}

/// Each of these words.
fn all(words: impl IntoIterator<Item = String>) -> Vec<Vec<String>> {
    words.into_iter().map(|word| vec![word]).collect()
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// Every word of every agency; without an agency, a group that nothing satisfies.
fn agencies(agencies: &[&Agency]) -> Vec<Vec<String>> {
    if agencies.is_empty() {
        return vec![Vec::new()];
    }
    let words = |agency: &&Agency| {
        let known = [agency.name.clone(), agency.phone.clone(), agency.website.clone()];
        known.into_iter().chain(agency.address.clone())
    };
    all(agencies.iter().flat_map(words))
}

fn contact(values: &Values<'_>) -> Vec<Vec<String>> {
    let merchant = &values.merchant;
    all(merchant.address.iter().cloned().chain([merchant.email.clone()]).chain(merchant.phone.clone()))
}

/// Every paragraph; or, in a filing, that it is not yet known.
fn paragraphs(paragraphs: &[String], template: &Template) -> Vec<Vec<String>> {
    if paragraphs.is_empty() {
        return all([template.language().not_yet_known().to_owned()]);
    }
    all(paragraphs.iter().cloned())
}

/// Each brand with its number; or that none is known yet.
fn accounts_at_risk(values: &Values<'_>, template: &Template) -> Vec<Vec<String>> {
    let known = values.filing.as_ref().map(|filing| filing.accounts_by_brand.as_slice());
    paragraphs(known.unwrap_or_default(), template)
}

/// When it happened, was found, and became known for certain.
fn chronology(values: &Values<'_>, template: &Template) -> Vec<Vec<String>> {
    let aware = values.filing.as_ref().and_then(|filing| filing.aware.clone());
    let aware = aware.unwrap_or_else(|| template.language().not_yet_known().to_owned());
    all([values.occurred.clone(), values.discovered.clone(), aware])
}

fn identity_services(values: &Values<'_>) -> Vec<Vec<String>> {
    match &values.identity_services {
        Some(services) => {
            all([services.provider.clone(), services.phone.clone(), services.months.to_string()])
        }
        None => Vec::new(),
    }
}

fn phrases(element: Element, template: &Template) -> Vec<Vec<String>> {
    all(template.header().phrases.get(&element).into_iter().flatten().cloned())
}
