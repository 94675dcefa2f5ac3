//! `notice.toml`: what a template is for and what it carries.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::element::Element;
use crate::readability::Grade;
use crate::template::LoadError;

/// The head of a template.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The family of letters ("gdpr", "us").
    pub family: String,
    /// Who reads it.
    pub audience: Audience,
    /// The language of the whole letter, as a BCP 47 tag.
    pub language: String,
    /// Counts up with each change of the letter.
    pub version: u32,
    /// From when the letter may be used.
    pub effective_from: Date,
    /// The last day on which it may be; none if absent.
    pub effective_to: Option<Date>,
    /// The lawyer who read it; none yet if absent.
    pub reviewer: Option<String>,
    /// How hard it is to read, as [`crate::readability::measured`] finds over the sample; none where nothing is measured.
    pub readability: Option<Grade>,
    /// The channels that it has words for.
    pub channels: BTreeSet<Channel>,
    /// The elements that it carries under every regime, each marked in its text.
    pub elements: BTreeSet<Element>,
    /// Keys of the public bodies and credit agencies that it names under every regime.
    #[serde(default)]
    pub agencies: Vec<String>,
    /// The phases of an incident that it has words for.
    pub phases: BTreeSet<tocsin_domain::plan::Phase>,
    /// The regimes that it serves.
    pub regimes: BTreeMap<String, RegimeTerms>,
    /// Words that the letter must show for an element whose text is fixed.
    #[serde(default)]
    pub phrases: BTreeMap<Element, Vec<String>>,
}

/// What differs from regime to regime within one letter.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegimeTerms {
    /// The law under which the notice is given, as the letter names it.
    pub legal_basis: String,
    /// Keys of the public bodies and credit agencies that the letter names under this regime besides.
    #[serde(default)]
    pub agencies: Vec<String>,
    /// Elements that the letter carries under this regime and not under every one. In its text each stands in a branch
    /// that asks for it, so that nobody reads of rights that another state gives.
    #[serde(default)]
    pub blocks: BTreeSet<Element>,
    /// The letter may go to readers of other languages for which this regime has none.
    #[serde(default)]
    pub fallback: bool,
    /// The shortest identity theft service, in months, that the law accepts where identity numbers leaked.
    pub service_months: Option<u16>,
    /// The data categories whose leak calls for that service.
    #[serde(default = "identity_numbers")]
    pub service_for: BTreeSet<String>,
}

/// Numbers by which somebody could take on a person's identity (Cal. Civ. Code 1798.82(d)(2)(G)).
fn identity_numbers() -> BTreeSet<String> {
    ["drivers-license", "national-id", "ssn"].map(str::to_owned).into()
}

impl Header {
    /// Reads the text of a file of this name.
    pub(crate) fn read(file: &str, text: &str) -> Result<Header, LoadError> {
        toml::from_str(text)
            .map_err(|error| LoadError::Data { file: file.to_owned(), problem: error.message().to_owned() })
    }

    /// Family, audience and language, as the folders are named.
    pub(crate) fn id(&self) -> String {
        format!("{}/{}/{}", self.family, self.audience.as_str(), self.language)
    }

    /// Whether the letter may be used on a day.
    pub fn is_in_force(&self, day: Date) -> bool {
        self.effective_from <= day && self.effective_to.is_none_or(|last| day <= last)
    }

    /// The keys of all agencies that it names under any regime.
    pub(crate) fn all_agencies(&self) -> impl Iterator<Item = &String> {
        self.agencies.iter().chain(self.regimes.values().flat_map(|terms| &terms.agencies))
    }

    /// The elements that the letter carries under a regime.
    pub fn carried(&self, regime: &str) -> BTreeSet<Element> {
        let blocks = self.regimes.get(regime).into_iter().flat_map(|terms| &terms.blocks);
        self.elements.iter().chain(blocks).copied().collect()
    }

    /// The elements that it carries under some regimes alone.
    pub fn blocks(&self) -> BTreeSet<Element> {
        let all: BTreeSet<Element> = self.regimes.values().flat_map(|terms| &terms.blocks).copied().collect();
        all.difference(&self.elements).copied().collect()
    }
}

/// Who reads a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Audience {
    Individual,
    Authority,
    /// The enterprise for which a processor holds the data.
    Controller,
    /// The acquirer, and through it the card brand.
    Card,
}

/// How a notice goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    Email,
    Sms,
    InApp,
    /// To a body or a business, in the form of an e-mail, by a signed webhook.
    Partner,
    /// By post, in the words of an e-mail.
    Letter,
}

impl Audience {
    /// As in the folder names.
    pub fn as_str(self) -> &'static str {
        match self {
            Audience::Individual => "individual",
            Audience::Authority => "authority",
            Audience::Controller => "controller",
            Audience::Card => "card",
        }
    }
}

/// One entry of `agencies.toml`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Agency {
    pub kind: AgencyKind,
    pub name: String,
    pub phone: String,
    /// None where people only call: a help line.
    pub address: Option<String>,
    /// Host name. A notice may show it as a link.
    pub website: String,
    /// For those who check the file; no letter is another for it. What does not say so is not sure.
    #[serde(skip_serializing, default)]
    pub confidence: Confidence,
}

/// How sure it is that an agency's number and addresses are right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    WellKnown,
    /// To be looked up before a letter goes out that names it.
    #[default]
    Uncertain,
}

/// What an agency is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AgencyKind {
    CreditAgency,
    /// Where all credit agencies together give out the reports that the law makes free (15 U.S.C. 1681j).
    CreditReports,
    /// A body for the whole country.
    NationalBody,
    /// A body of one state or province.
    StateBody,
}
