//! For which places a rule gives an answer, and whom it counts there.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::Facts;
use crate::pack::{Book, RulePack};
use crate::rule::{Reach, Rule};
use crate::words::Jurisdiction;

/// One place for which a rule gives an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub jurisdiction: Jurisdiction,
    pub people: u64,
    /// Why the law applies, where residence does not say it.
    pub reasons: Vec<String>,
    /// Why the authority of this place is not the one to tell.
    pub barred: Option<String>,
    /// What counsel has to say before it is known whether the law applies.
    pub undecided: Option<String>,
}

/// The affected places that each book serves, by the book's number, and where in the book each is counted.
pub(crate) struct Homes<'a> {
    affected: Vec<BTreeMap<&'a Jurisdiction, Jurisdiction>>,
    /// The books of the places where the controller sits: its main establishment first.
    controller: Vec<(usize, Jurisdiction)>,
    /// Its main establishment in the one-stop-shop.
    lead: Option<&'a Jurisdiction>,
}

impl<'a> Homes<'a> {
    pub fn of(pack: &RulePack, facts: &'a Facts) -> Self {
        let mut affected = vec![BTreeMap::new(); pack.books.len()];
        for place in facts.affected.keys() {
            for (number, home) in pack.homes(place) {
                if let Some(of_book) = affected.get_mut(number) {
                    of_book.insert(place, home);
                }
            }
        }
        let named =
            || [&facts.controller.eu_main_establishment, &facts.controller.country].into_iter().flatten();
        let controller = named().flat_map(|place| pack.homes(place)).collect();
        let lead = named().find(|place| pack.in_one_stop_shop(place));
        Self { affected, controller, lead }
    }

    fn of_controller(&self, book: &Book) -> Option<Jurisdiction> {
        self.controller.iter().find(|(number, _)| *number == book.number).map(|(_, home)| *home)
    }
}

/// Whom a book concerns in one incident.
pub(crate) struct Concern<'a> {
    book: &'a Book,
    facts: &'a Facts,
    homes: BTreeMap<&'a Jurisdiction, Jurisdiction>,
    /// The people of the book's places.
    residents: BTreeMap<Jurisdiction, u64>,
    /// Where in the book's place the controller sits.
    seat: Option<Jurisdiction>,
    /// Where in the one-stop-shop it has its main establishment, as this book counts it.
    lead: Option<Jurisdiction>,
    /// Why the book binds the controller for everybody's data, where it does.
    established: Option<String>,
    /// The people of parts whose own law takes the place of this one, where the controller does not sit in this country.
    displaced: BTreeMap<&'a Jurisdiction, u64>,
}

impl<'a> Concern<'a> {
    pub fn of(pack: &RulePack, book: &'a Book, facts: &'a Facts, all: &Homes<'a>) -> Self {
        let homes = all.affected.get(book.number).cloned().unwrap_or_default();
        let mut residents: BTreeMap<Jurisdiction, u64> = BTreeMap::new();
        for (place, home) in &homes {
            let sum = residents.entry(*home).or_default();
            *sum = sum.saturating_add(facts.affected.get(*place).copied().unwrap_or_default());
        }
        let seat = all.of_controller(book);
        let lead = all.lead.map(|place| pack.home(book, place).unwrap_or(*place));
        let established = established(book, seat.as_ref(), facts);
        let displaced = displaced(pack, book, seat.as_ref(), facts);
        Self { book, facts, homes, residents, seat, lead, established, displaced }
    }

    /// Whether the facts name the book's place at all, be it with nobody affected.
    pub fn is_named(&self) -> bool {
        self.seat.is_some() || !self.homes.is_empty()
    }

    /// The places of a rule. A rule of reach `controller` always has one: its trigger names whom it binds.
    pub fn targets(&self, rule: &Rule) -> Vec<Target> {
        match rule.reach {
            Reach::EachJurisdiction => self.each_jurisdiction(),
            Reach::Whole => self.whole(),
            Reach::LeadAuthority => self.lead_authority(),
            Reach::Controller => vec![Target {
                jurisdiction: self.seat.unwrap_or(self.book.jurisdiction),
                people: self.facts.people(),
                reasons: Vec::new(),
                barred: None,
                undecided: None,
            }],
        }
    }

    /// The residences that a target counts: whoever lives there is a person of this duty.
    pub fn residences(&self, rule: &Rule, jurisdiction: &Jurisdiction) -> BTreeSet<Jurisdiction> {
        let everybody = self.established.is_some();
        let leads = everybody && self.seat.as_ref() == Some(jurisdiction);
        let all = || self.affected().map(|(place, _)| *place).collect();
        let at_home = |counts: &dyn Fn(&Jurisdiction) -> bool| {
            let homes = self.homes.iter().filter(|(place, home)| counts(home) && self.people(place) > 0);
            homes.map(|(place, _)| **place).collect()
        };
        match rule.reach {
            Reach::Controller => all(),
            Reach::Whole if everybody => all(),
            Reach::Whole | Reach::EachJurisdiction if self.residents.is_empty() && !everybody => {
                self.displaced.keys().map(|place| **place).collect()
            }
            Reach::Whole => at_home(&|_| true),
            Reach::LeadAuthority if leads => all(),
            // Abroad, a place counts those who live in it.
            Reach::EachJurisdiction if everybody && !self.residents.contains_key(jurisdiction) => {
                BTreeSet::from([*jurisdiction])
            }
            Reach::LeadAuthority | Reach::EachJurisdiction => at_home(&|home| home == jurisdiction),
        }
    }

    fn people(&self, place: &Jurisdiction) -> u64 {
        self.facts.affected.get(place).copied().unwrap_or_default()
    }

    fn affected(&self) -> impl Iterator<Item = (&'a Jurisdiction, u64)> {
        self.facts.affected.iter().filter(|(_, people)| **people > 0).map(|(place, people)| (place, *people))
    }

    fn at_home(&self) -> impl Iterator<Item = Target> {
        self.residents.iter().map(|(jurisdiction, people)| Target {
            jurisdiction: *jurisdiction,
            people: *people,
            reasons: Vec::new(),
            barred: None,
            undecided: None,
        })
    }

    fn each_jurisdiction(&self) -> Vec<Target> {
        let Some(reason) = &self.established else {
            return self
                .at_home()
                .chain(self.across_the_border().filter(|_| self.residents.is_empty()))
                .collect();
        };
        let abroad = self.affected().filter(|(place, _)| !self.homes.contains_key(place));
        let abroad = abroad.map(|(place, people)| Target {
            jurisdiction: *place,
            people,
            reasons: vec![reason.clone()],
            barred: None,
            undecided: None,
        });
        self.at_home().chain(abroad).collect()
    }

    fn whole(&self) -> Vec<Target> {
        if self.residents.is_empty() && self.established.is_none() {
            return self.across_the_border().into_iter().collect();
        }
        let people = match self.established {
            Some(_) => self.facts.people(),
            None => self.residents.values().fold(0_u64, |sum, people| sum.saturating_add(*people)),
        };
        vec![Target {
            jurisdiction: self.book.jurisdiction,
            people,
            reasons: self.established.iter().cloned().collect(),
            barred: None,
            undecided: None,
        }]
    }

    /// The law of a part takes the place of this one for what is done inside it; data that crosses its border may fall under
    /// both.
    fn across_the_border(&self) -> Option<Target> {
        let places: Vec<&str> = self.displaced.keys().map(|place| place.as_str()).collect();
        (!places.is_empty()).then(|| Target {
            jurisdiction: self.book.jurisdiction,
            people: self.displaced.values().fold(0_u64, |sum, people| sum.saturating_add(*people)),
            reasons: Vec::new(),
            barred: None,
            undecided: Some(format!(
                "undecided: the law of {} takes the place of this one inside, and the controller is not said to sit there",
                places.join(", ")
            )),
        })
    }

    /// GDPR Articles 55 and 56: a main establishment, or the only one, gives one lead authority.
    /// Without an establishment the authority of every affected place is competent;
    /// a representative under Article 27 changes nothing in that (EDPB Guidelines 9/2022, paragraph 73).
    fn lead_authority(&self) -> Vec<Target> {
        let Some(lead) = &self.lead else {
            let reasons = representative(self.facts);
            return self.at_home().map(|target| Target { reasons: reasons.clone(), ..target }).collect();
        };
        let others = self.at_home().filter(|target| target.jurisdiction != *lead).map(|target| Target {
            barred: Some(format!("the lead authority of {lead} alone is competent (GDPR Article 56)")),
            ..target
        });
        let own = self.established.as_ref().map(|_| Target {
            jurisdiction: *lead,
            people: self.facts.people(),
            reasons: vec![format!(
                "the controller is established in {lead}: its authority leads (GDPR Article 56)"
            )],
            barred: None,
            undecided: None,
        });
        own.into_iter().chain(others).collect()
    }
}

/// A controller whose country is not given is taken to sit in the country that keeps its time zone. Of a part of
/// a country with a law of its own, as the free zones of the Gulf, a time zone tells nothing.
fn established(book: &Book, seat: Option<&Jurisdiction>, facts: &Facts) -> Option<String> {
    if !book.binds_established {
        return None;
    }
    if let Some(seat) = seat {
        return Some(format!(
            "the controller is established in {seat}: the law protects everybody in its data"
        ));
    }
    let controller = &facts.controller;
    let unplaced = controller.country.is_none() && controller.eu_main_establishment.is_none();
    let a_country = book.jurisdiction.parent().is_none();
    (unplaced && a_country && controller.time_zone == book.zone_name).then(|| {
        let place = &book.jurisdiction;
        format!(
            "the controller's country is not given; by its time zone it is taken as established in {place}"
        )
    })
}

fn displaced<'a>(
    pack: &RulePack,
    book: &Book,
    seat: Option<&Jurisdiction>,
    facts: &'a Facts,
) -> BTreeMap<&'a Jurisdiction, u64> {
    let sits_in_a_part = facts.controller.country.is_some_and(|country| pack.displacing.contains(&country));
    if seat.is_some() || sits_in_a_part {
        return BTreeMap::new();
    }
    // The parts are few, and every book asks.
    let parts = pack.displacing.iter().filter(|part| part.parent() == Some(book.jurisdiction));
    let affected = parts.filter_map(|part| facts.affected.get_key_value(part));
    affected.filter(|(_, people)| **people > 0).map(|(place, people)| (place, *people)).collect()
}

fn representative(facts: &Facts) -> Vec<String> {
    let every = "no establishment in the Union: the authority of every affected member state is to be told";
    match &facts.controller.eu_representative {
        Some(place) => vec![format!("{every}; the representative in {place} gives no one-stop-shop")],
        None => vec![every.to_owned()],
    }
}
