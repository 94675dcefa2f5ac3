//! A rule: one law's duty toward one audience, as written in `rules/`.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use serde::Deserialize;

use crate::category::DataClass;
use crate::clock::Clock;
use crate::deadline::Deadline;
use crate::element::Element;
use crate::facts::Facts;
use crate::filing::RawFiling;
use crate::finding::Owed;
use crate::keyed::keyed;
use crate::reading::OtherReading;
use crate::words::{Audience, Condition, Confidence, Encryption, Jurisdiction, Method, Risk, Status};

/// One version of one law's duty toward one audience.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rule {
    pub id: String,
    pub law: String,
    pub citation: String,
    pub audience: Audience,
    /// The first day on which this version is law.
    pub effective_from: Date,
    /// The last day on which this version is law; none while it stands.
    #[serde(default)]
    pub effective_to: Option<Date>,
    /// Where the rule was read.
    pub source: String,
    /// The day whose law the source tells, where it says so: the first of a month where it names no day.
    #[serde(default)]
    pub source_as_of: Option<Date>,
    pub confidence: Confidence,
    pub status: Status,
    /// What a lawyer should know besides.
    #[serde(default)]
    pub note: Option<String>,
    #[serde(default = "each_jurisdiction")]
    pub(crate) reach: Reach,
    /// Who is to be told, where the file's list of authorities does not say.
    #[serde(default)]
    pub recipient: Option<String>,
    #[serde(default)]
    pub filing: Option<String>,
    /// All of these must be met.
    pub(crate) trigger: Vec<Test>,
    #[serde(default = "ignored")]
    pub encryption: Encryption,
    /// The deadline counts from the earliest of these that is given.
    pub clocks: Vec<Clock>,
    /// What stands in when none of them is given; without it, the clocks nearest in meaning.
    #[serde(default)]
    pub clock_fallbacks: Option<Vec<Clock>>,
    pub deadline: Deadline,
    /// Other deadlines for other facts; the first whose tests are all met replaces `deadline`.
    #[serde(default)]
    pub(crate) instead: Vec<Instead>,
    /// Further ends: the earliest counts. One that ends before the rule's own clock starts binds nobody.
    #[serde(default)]
    pub(crate) no_later_than: Vec<Cap>,
    #[serde(default)]
    pub(crate) zone: Zone,
    #[serde(default)]
    pub calendar: Option<String>,
    #[serde(default)]
    pub(crate) ends_at: Option<Time>,
    #[serde(default)]
    pub(crate) first_day_counts: bool,
    #[serde(default)]
    pub(crate) from_end_of_year: bool,
    #[serde(default)]
    pub(crate) roll: Option<Roll>,
    /// How else the deadline is read, and by whom.
    #[serde(default)]
    pub(crate) other_readings: Vec<OtherReading>,
    /// How the law lets an investigating agency hold the notice back. None: it does not.
    #[serde(default)]
    pub(crate) hold: Option<Hold>,
    /// Filings beside the duty itself.
    #[serde(default)]
    pub(crate) further_filings: Vec<RawFiling>,
    /// What the notice must say.
    #[serde(default)]
    pub required: BTreeSet<Element>,
    #[serde(default)]
    pub(crate) required_when: Vec<RequiredWhen>,
    /// What the notice must not say.
    #[serde(default)]
    pub forbidden: BTreeSet<Element>,
    #[serde(default)]
    pub methods: Vec<Method>,
    #[serde(default)]
    pub conditions: BTreeSet<Condition>,
    #[serde(default)]
    pub substitute: Option<Substitute>,
    /// Language codes; without them, those of the authority or of the jurisdiction.
    #[serde(default)]
    pub languages: Vec<String>,
    #[serde(default, rename = "case")]
    pub cases: Vec<Case>,
}

fn each_jurisdiction() -> Reach {
    Reach::EachJurisdiction
}

fn ignored() -> Encryption {
    Encryption::Ignored
}

keyed! {
    /// To which places one rule gives an answer, and whom it counts.
    Reach, "reach" {
        /// One answer for each affected place of the file; counts its residents.
        EachJurisdiction = "each-jurisdiction",
        /// One answer for the whole file; counts everybody whom the law protects.
        Whole = "whole",
        /// The lead authority of a controller with a main establishment, else that of each affected place.
        LeadAuthority = "lead-authority",
        /// One answer for the enterprise itself, whoever is affected.
        Controller = "controller",
    }
}

/// The zone whose days count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub(crate) enum Zone {
    /// That of the rule's jurisdiction: where the people live.
    #[default]
    Jurisdiction,
    Controller,
    /// An IANA name.
    Named(String),
}

impl From<String> for Zone {
    fn from(text: String) -> Zone {
        match text.as_str() {
            "jurisdiction" => Zone::Jurisdiction,
            "controller" => Zone::Controller,
            _ => Zone::Named(text),
        }
    }
}

/// A test of the facts. See `trigger` for what a missing fact means.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Test {
    PeopleAtLeast(u64),
    PeopleMoreThan(u64),
    PeopleFewerThan(u64),
    RiskAtLeast(Risk),
    SignificantHarm,
    /// At least one category of data is of one of these classes.
    DataAnyOf(Vec<DataClass>),
    /// At least one category of data is of none of these classes.
    DataOtherThan(Vec<DataClass>),
    SectorAnyOf(Vec<String>),
    SectorNoneOf(Vec<String>),
    Processor,
    ImproperPurpose,
    SignificantIncident,
    ClockGiven(Clock),
    CardBrand(String),
    /// Owed only on the authority's order, which no fact here can state.
    Ordered,
    /// The exception for want of risk is shut until this was done: a filing, a consultation.
    ExceptionOpenedBy(String),
    /// A question that no fact here answers.
    AskCounsel(String),
    Any(Vec<Test>),
    All(Vec<Test>),
}

impl Test {
    fn sectors(&self) -> Vec<&String> {
        match self {
            Test::SectorAnyOf(sectors) | Test::SectorNoneOf(sectors) => sectors.iter().collect(),
            Test::Any(tests) | Test::All(tests) => tests.iter().flat_map(Test::sectors).collect(),
            Test::PeopleAtLeast(_)
            | Test::PeopleMoreThan(_)
            | Test::PeopleFewerThan(_)
            | Test::RiskAtLeast(_)
            | Test::SignificantHarm
            | Test::DataAnyOf(_)
            | Test::DataOtherThan(_)
            | Test::Processor
            | Test::ImproperPurpose
            | Test::SignificantIncident
            | Test::ClockGiven(_)
            | Test::CardBrand(_)
            | Test::Ordered
            | Test::ExceptionOpenedBy(_)
            | Test::AskCounsel(_) => Vec::new(),
        }
    }
}

/// Another deadline for other facts.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Instead {
    pub when: Vec<Test>,
    pub deadline: Deadline,
    /// The period starts with the end of the calendar year of the trigger.
    #[serde(default)]
    pub from_end_of_year: bool,
}

/// A further end of a deadline.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Cap {
    pub clock: Clock,
    pub deadline: Deadline,
}

/// What happens when the end of a period is no business day.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Roll {
    pub to: RollTo,
    #[serde(default)]
    pub exempt_sectors: Vec<String>,
}

keyed! {
    /// Where an end rolls to.
    RollTo, "roll" {
        NextBusinessDay = "next-business-day",
        NoonOfNextBusinessDay = "noon-of-next-business-day",
    }
}

/// A law-enforcement hold: it suspends the duty, and leaves the statute's own tail once it is lifted.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Hold {
    pub tail: Deadline,
    /// How long it can hold the notice back where nothing else is proven: an oral request, a first one.
    #[serde(default)]
    pub at_most: Option<HoldLimit>,
    /// The one who alone can hold the notice back. The facts do not tell who did, so the deadline stands.
    #[serde(default)]
    pub only_by: Option<String>,
}

/// A hold that does not last for ever.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct HoldLimit {
    pub deadline: Deadline,
    /// Why, and what makes it longer.
    pub why: String,
}

/// Elements that depend on what data was affected.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RequiredWhen {
    pub data_any_of: Vec<DataClass>,
    pub elements: BTreeSet<Element>,
}

/// When the law allows substitute notice instead of a direct one, and by what means.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Substitute {
    #[serde(default)]
    pub cost_usd_over: Option<u64>,
    #[serde(default)]
    pub people_over: Option<u64>,
    pub means: String,
}

impl Substitute {
    /// When it is allowed, for so many people. Whether the costs are that high, or contacts are lacking, is a person's word.
    pub(crate) fn allowed(&self, people: u64) -> String {
        let means = &self.means;
        if let Some(most) = self.people_over.filter(|most| people > *most) {
            return format!("substitute notice is allowed, {people} affected and more than {most}: {means}");
        }
        let cost = self.cost_usd_over.map(|cost| format!("direct notice costs more than {cost} US dollars"));
        let when: Vec<String> = cost.into_iter().chain(["contacts are lacking".to_owned()]).collect();
        format!("substitute notice is allowed where {}: {means}", when.join(", or "))
    }
}

/// A rule's own test: facts, and what the engine must answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Case {
    pub name: String,
    pub facts: Facts,
    pub owed: Owed,
    /// Which of several answers of the rule is meant.
    #[serde(default)]
    pub jurisdiction: Option<Jurisdiction>,
    #[serde(default)]
    pub due: Option<Timestamp>,
    #[serde(default)]
    pub due_rule: Option<String>,
    /// A text that stands in one of the reasons.
    #[serde(default)]
    pub reason: Option<String>,
}

impl Rule {
    /// What its notice must say for one set of facts or another.
    pub fn may_require(&self) -> BTreeSet<Element> {
        let further = self.required_when.iter().flat_map(|when| &when.elements);
        self.required.iter().chain(further).copied().collect()
    }

    /// What its notice must say, and what it must not, in the words in which an obligation says so.
    pub fn content_keys(&self) -> Vec<String> {
        let required = self.may_require().into_iter().map(|element| element.key().to_owned());
        let forbidden = self.forbidden.iter().map(|element| format!("must not include {}", element.key()));
        required.chain(forbidden).collect()
    }

    /// The trades and statuses that the rule names.
    pub(crate) fn sectors(&self) -> impl Iterator<Item = &String> {
        let instead = self.instead.iter().flat_map(|instead| &instead.when);
        let filings = self.further_filings.iter().flat_map(|filing| &filing.when);
        let tested = self.trigger.iter().chain(instead).chain(filings).flat_map(Test::sectors);
        tested.chain(self.roll.iter().flat_map(|roll| &roll.exempt_sectors))
    }

    /// The card brand whose contract this is.
    pub(crate) fn card_brand(&self) -> Option<&str> {
        self.trigger
            .iter()
            .find_map(|test| if let Test::CardBrand(brand) = test { Some(brand.as_str()) } else { None })
    }

    /// Whether this version is law on a day.
    pub fn in_force(&self, day: Date) -> bool {
        self.effective_from <= day && self.effective_to.is_none_or(|last| day <= last)
    }
}
