//! What a notice is about: the incident and the merchant, and the one person who reads it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::civil::{Date, DateTime};
use serde::{Deserialize, Serialize};
use tocsin_domain::plan::Phase;

/// Everything about an incident and its merchant that a letter may say. No personal data of a reader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeFacts {
    /// Who writes.
    pub merchant: Merchant,
    /// When the breach happened.
    pub occurred: Occurred,
    /// When it became known to the merchant, as a date in the merchant's zone.
    pub discovered: Option<Date>,
    /// The date that the notice bears.
    pub notice_date: Date,
    /// Which of the notices of this incident this is.
    pub phase: Phase,
    /// The notice goes out after its due instant: reasons must be given where a regime asks for them.
    pub late: bool,
    /// Law enforcement asked for a delay of the notice.
    pub law_enforcement_delay: bool,
    /// Keys of the data categories affected in the incident ("email", "payment-card").
    pub data_categories: BTreeSet<String>,
    /// The approved text blocks, by BCP 47 language tag.
    pub texts: BTreeMap<String, Texts>,
    /// The identity theft service on offer, if there is one.
    pub identity_services: Option<IdentityServices>,
    /// How many people and records are affected; for filings alone.
    pub counts: Counts,
    /// What a filing to an authority or a business says beyond a letter.
    pub filing: Option<Filing>,
    /// What every reference of this merchant begins with ("EXM").
    pub reference_prefix: String,
}

/// The shop, and the company behind it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merchant {
    /// The name that customers know.
    pub name: String,
    /// The legal entity that owes the notices.
    pub controller: String,
    /// Parent or affiliated company, if there is one.
    pub affiliate: Option<String>,
    /// Postal address, line by line.
    pub address: Vec<String>,
    /// Where a reader can write to.
    pub email: String,
    /// Where a reader can call; free of charge where the law says so.
    pub phone: Option<String>,
    /// The data protection officer, if there is one.
    pub dpo: Option<Officer>,
    /// Host name of the shop ("shop.example").
    pub website: String,
    /// Address of the page, on that host, where the full notice stands and a reference can be checked.
    pub notice_page: String,
}

/// A data protection officer or privacy officer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Officer {
    pub name: String,
    pub email: String,
    pub phone: Option<String>,
}

/// When a breach happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Occurred {
    On(Date),
    Between { from: Date, to: Date },
    NotYetKnown,
}

/// Text blocks about the incident in one language, as people approved them. Paragraphs are parted by an empty line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Texts {
    pub what_happened: Option<String>,
    pub consequences: Option<String>,
    pub measures: Option<String>,
    /// Advice beyond that which the data categories call for.
    pub advice: Option<String>,
    pub reasons_for_delay: Option<String>,
    /// What brought the incident about, where a law asks for that by itself.
    pub cause: Option<String>,
    /// Who got the data, as far as known.
    pub recipients: Option<String>,
    /// What else a reader should know.
    pub other: Option<String>,
    /// For a filing: whether, when and how the people concerned are told.
    pub communication: Option<String>,
}

/// A free service against identity theft.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityServices {
    /// The company that renders it.
    pub provider: String,
    /// How long it is free, in months.
    pub months: u16,
    /// The number to call to take it up; a notice bears no links to companies that its reader does not know.
    pub phone: String,
}

/// How many people and records are affected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub people: Quantity,
    pub records: Quantity,
    /// People by residence: ISO 3166-1, or 3166-2 for states of the United States.
    pub people_by_residence: BTreeMap<String, u64>,
    /// Card accounts at risk by brand, as an acquirer is told of them ("Visa"); empty while they are not yet known.
    #[serde(default)]
    pub accounts_by_brand: BTreeMap<String, Quantity>,
}

/// A number as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Quantity {
    NotYetKnown,
    About(u64),
    Exactly(u64),
}

/// What a filing to an authority or a business says beyond a letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filing {
    /// The name of the authority, the controller or the acquirer.
    pub authority: String,
    /// The number that they gave to an earlier filing on this incident.
    pub earlier_number: Option<String>,
    /// When the controller became aware, in local time.
    pub aware: Option<DateTime>,
    /// The IANA zone of `aware`.
    pub time_zone: Option<String>,
    /// Which kinds of people are affected ("customers", "newsletter readers").
    pub people_categories: Vec<String>,
}

/// One reader. Personal data: it has no `Serialize`, and its `Debug` tells nothing about the person.
#[derive(Clone, PartialEq, Eq)]
pub struct Reader {
    /// The name as the shop holds it: hostile until cleaned.
    pub display_name: Option<String>,
    /// Keys of the data categories of this person that leaked.
    /// If empty, the letter names those of the incident: too much rather than too little.
    pub data_categories: BTreeSet<String>,
    /// The letter repeats one that may have arrived already, and says so.
    pub copy: bool,
}

impl Reader {
    /// A reader who is no person: an authority or a business.
    pub fn nobody() -> Reader {
        Reader { display_name: None, data_categories: BTreeSet::new(), copy: false }
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Reader").finish_non_exhaustive()
    }
}
