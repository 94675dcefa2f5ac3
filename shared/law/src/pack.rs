//! The law as a whole: books of rules, calendars, data categories.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use jiff::civil::Weekday;
use jiff::tz::TimeZone;

use crate::calendar::Calendar;
use crate::cases;
use crate::category::{Categories, DataClass};
use crate::load;
use crate::rule::{Reach, Rule, Zone};
use crate::shipped;
use crate::words::{Audience, Confidence, Jurisdiction};

/// All rules that the engine knows.
#[derive(Clone, Debug)]
pub struct RulePack {
    pub(crate) books: Vec<Book>,
    pub(crate) calendars: BTreeMap<String, Calendar>,
    pub(crate) categories: Categories,
    /// The books of each place that a file names as its own or as a part, by number.
    pub(crate) served_by: BTreeMap<Jurisdiction, Vec<usize>>,
    /// The places whose residents leave the scope of the law around them.
    pub(crate) displacing: BTreeSet<Jurisdiction>,
}

/// The law of one jurisdiction: one file.
#[derive(Clone, Debug)]
pub(crate) struct Book {
    /// Its place in the pack.
    pub number: usize,
    pub file: String,
    pub jurisdiction: Jurisdiction,
    /// Its parts, where they get answers of their own: member states, the states of a federation.
    pub members: BTreeSet<Jurisdiction>,
    pub zone: TimeZone,
    pub zone_name: String,
    pub languages: Vec<String>,
    pub weekend: Vec<Weekday>,
    /// Whether its residents are served by it, so that an affected one is not without a rule.
    pub covers_residents: bool,
    /// Whether it binds who is established there for everybody's data, wherever they live.
    pub binds_established: bool,
    /// Whether its authorities share the one-stop-shop of GDPR Article 56.
    pub one_stop_shop: bool,
    /// Whether its residents leave the scope of the parent's private-sector law (Quebec and Alberta in Canada).
    pub displaces_parent: bool,
    pub authorities: BTreeMap<Jurisdiction, Authority>,
    /// Versions of one id stand together, oldest first.
    pub rules: Vec<Rule>,
}

/// Who takes the filings of one place.
#[derive(Clone, Debug)]
pub(crate) struct Authority {
    pub name: String,
    pub filing: Option<String>,
    pub languages: Vec<String>,
}

/// Something in the rules that a lawyer should look at. The engine works in spite of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lint {
    pub file: String,
    pub rule: String,
    pub problem: String,
}

impl RulePack {
    /// The law that this version of Tocsin ships, parsed once.
    ///
    /// # Panics
    /// When the shipped files do not load. They are part of this crate, and its tests load them.
    pub fn shipped() -> &'static RulePack {
        static PACK: OnceLock<RulePack> = OnceLock::new();
        PACK.get_or_init(|| match RulePack::compiled() {
            Ok(pack) => pack,
            Err(error) => panic!("the shipped law does not load: {error}"),
        })
    }

    /// The same, parsed anew.
    ///
    /// # Errors
    /// Never in practice: its tests load it.
    pub fn compiled() -> Result<RulePack, load::LoadError> {
        load::compiled(shipped::LAW)
    }

    /// Reads a pack from the texts of its files.
    ///
    /// # Errors
    /// Names the file, and the rule where it is known, of the first thing that is missing or makes no sense.
    pub fn load(
        rules: &[load::Source],
        calendars: &[load::Source],
        categories: &load::Source,
    ) -> Result<RulePack, load::LoadError> {
        load::written(rules, calendars, categories)
    }

    /// The newest version of a rule.
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.versions(id).last()
    }

    /// All versions of a rule, oldest first.
    pub fn versions(&self, id: &str) -> impl Iterator<Item = &Rule> {
        self.rules().filter(move |rule| rule.id == id)
    }

    /// All rules, by file.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.books.iter().flat_map(|book| &book.rules)
    }

    /// The trades and statuses that some rule names: any other word in `sectors` changes nothing.
    pub fn sectors(&self) -> BTreeSet<&str> {
        self.rules().flat_map(Rule::sectors).map(String::as_str).collect()
    }

    /// Every place that gets answers of its own, by file; that of the card brands' contracts among them.
    pub fn places(&self) -> impl Iterator<Item = &Jurisdiction> {
        self.books.iter().flat_map(|book| {
            let whole = book.members.is_empty().then_some(&book.jurisdiction);
            whole.into_iter().chain(&book.members)
        })
    }

    /// A calendar of business days by name.
    pub fn calendar(&self, name: &str) -> Option<&Calendar> {
        self.calendars.get(name)
    }

    /// The class of a word for data; none where the word is not listed, so that it could be of any.
    pub fn class(&self, word: &str) -> Option<DataClass> {
        self.categories.class(word)
    }

    pub(crate) fn categories(&self) -> &Categories {
        &self.categories
    }

    /// What a lawyer should look at, sorted by file and rule: cases that the rules do not answer as they say among it. The
    /// law that is compiled in has left its cases behind.
    pub fn lint(&self) -> Vec<Lint> {
        let mut found: Vec<Lint> = self.books.iter().flat_map(|book| lint_book(self, book)).collect();
        found.sort();
        found
    }

    /// The books that serve a place, by number, and under which of the book's places its people are counted: its own, or
    /// that of the country around it.
    pub(crate) fn homes(&self, place: &Jurisdiction) -> impl Iterator<Item = (usize, Jurisdiction)> {
        let serving = |place: &Jurisdiction| self.served_by.get(place).cloned().unwrap_or_default();
        let own = serving(place);
        let around = place.parent().filter(|_| !self.displacing.contains(place));
        let of_parent = around.iter().flat_map(serving).filter(|number| !own.contains(number));
        let homes = own.iter().map(|number| (*number, *place));
        let of_parent = of_parent.filter_map(|number| Some((number, around?)));
        homes.chain(of_parent).collect::<Vec<_>>().into_iter()
    }

    /// Where in a book a place is counted; none where the book does not serve it.
    pub(crate) fn home(&self, book: &Book, place: &Jurisdiction) -> Option<Jurisdiction> {
        self.homes(place).find(|(number, _)| *number == book.number).map(|(_, home)| home)
    }

    /// Whether a rule answers for whoever lives in a place.
    pub(crate) fn covers(&self, place: &Jurisdiction) -> bool {
        self.homes(place).any(|(number, _)| self.books.get(number).is_some_and(|book| book.covers_residents))
    }

    /// Whether a place shares the one-stop-shop of GDPR Article 56.
    pub fn in_one_stop_shop(&self, place: &Jurisdiction) -> bool {
        self.homes(place).any(|(number, _)| self.books.get(number).is_some_and(|book| book.one_stop_shop))
    }
}

fn lint_book(pack: &RulePack, book: &Book) -> Vec<Lint> {
    let mut found = Vec::new();
    for rule in &book.rules {
        let mut say = |problem: String| {
            found.push(Lint { file: book.file.clone(), rule: rule.id.clone(), problem });
        };
        for case in &rule.cases {
            let problems = cases::problems(pack, rule, case);
            problems.iter().for_each(|problem| say(format!("case `{}`: {problem}", case.name)));
        }
        if rule.confidence == Confidence::Verified && rule.source == "unverified" {
            say("is called verified, and its source unverified".to_owned());
        }
        for element in rule.required.intersection(&rule.forbidden) {
            say(format!("both requires and forbids `{element}`"));
        }
        if rule.methods.is_empty() && rule.audience == Audience::Individual {
            say("names no lawful method".to_owned());
        }
        if rule.reach == Reach::Controller && rule.zone == Zone::Jurisdiction && rule.deadline.has_number() {
            say("binds the enterprise, and counts in the zone of the jurisdiction".to_owned());
        }
        let filed = match rule.audience {
            Audience::Authority | Audience::AttorneyGeneral => true,
            Audience::Individual
            | Audience::ConsumerReportingAgency
            | Audience::CardBrand
            | Audience::Controller
            | Audience::Media
            | Audience::Other => false,
        };
        if filed && rule.recipient.is_none() && book.authorities.is_empty() {
            say("names nobody who takes the filing".to_owned());
        }
    }
    found
}
