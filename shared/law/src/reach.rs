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
}

/// The places of a rule. A rule of reach `controller` always has one: its trigger names whom it binds.
pub(crate) fn targets(pack: &RulePack, book: &Book, rule: &Rule, facts: &Facts) -> Vec<Target> {
    let residents = residents(pack, book, facts);
    let established = established(pack, book, facts);
    match rule.reach {
        Reach::EachJurisdiction => each_jurisdiction(residents, established, pack, book, facts),
        Reach::Whole => whole(residents, established, book, facts),
        Reach::LeadAuthority => lead_authority(residents, established, pack, book, facts),
        Reach::Controller => vec![Target {
            jurisdiction: seat(pack, book, facts).unwrap_or_else(|| book.jurisdiction.clone()),
            people: facts.people(),
            reasons: Vec::new(),
            barred: None,
        }],
    }
}

/// The residences that a target counts: whoever lives there is a person of this duty.
pub(crate) fn residences(
    pack: &RulePack,
    book: &Book,
    rule: &Rule,
    facts: &Facts,
    jurisdiction: &Jurisdiction,
) -> BTreeSet<Jurisdiction> {
    let everybody = established(pack, book, facts).is_some();
    let leads = everybody && seat(pack, book, facts).as_ref() == Some(jurisdiction);
    let counted = |place: &Jurisdiction| match (rule.reach, pack.home(book, place)) {
        (Reach::Controller, _) => true,
        (Reach::Whole, home) => everybody || home.is_some(),
        (Reach::LeadAuthority, home) => leads || home.as_ref() == Some(jurisdiction),
        (Reach::EachJurisdiction, Some(home)) => home == *jurisdiction,
        (Reach::EachJurisdiction, None) => everybody && place == jurisdiction,
    };
    let affected = facts.affected.iter().filter(|(_, people)| **people > 0);
    affected.map(|(place, _)| place).filter(|place| counted(place)).cloned().collect()
}

/// Whether the facts name the book's place at all, be it with nobody affected.
pub(crate) fn concerned(pack: &RulePack, book: &Book, facts: &Facts) -> bool {
    seat(pack, book, facts).is_some() || facts.affected.keys().any(|place| pack.home(book, place).is_some())
}

fn residents(pack: &RulePack, book: &Book, facts: &Facts) -> BTreeMap<Jurisdiction, u64> {
    let mut residents: BTreeMap<Jurisdiction, u64> = BTreeMap::new();
    for (place, &people) in &facts.affected {
        if let Some(home) = pack.home(book, place) {
            let sum = residents.entry(home).or_default();
            *sum = sum.saturating_add(people);
        }
    }
    residents
}

/// Where in the book's place the controller sits.
fn seat(pack: &RulePack, book: &Book, facts: &Facts) -> Option<Jurisdiction> {
    let controller = &facts.controller;
    let named = [&controller.eu_main_establishment, &controller.country];
    named.into_iter().flatten().find_map(|place| pack.home(book, place))
}

/// Why the book binds the controller for everybody's data, where it does.
/// A controller whose country is not given is taken to sit in the country that keeps its time zone. Of a part of
/// a country with a law of its own, as the free zones of the Gulf, a time zone tells nothing.
fn established(pack: &RulePack, book: &Book, facts: &Facts) -> Option<String> {
    if !book.binds_established {
        return None;
    }
    if let Some(seat) = seat(pack, book, facts) {
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

fn each_jurisdiction(
    residents: BTreeMap<Jurisdiction, u64>,
    established: Option<String>,
    pack: &RulePack,
    book: &Book,
    facts: &Facts,
) -> Vec<Target> {
    let here = residents.into_iter().map(|(jurisdiction, people)| Target {
        jurisdiction,
        people,
        reasons: Vec::new(),
        barred: None,
    });
    let Some(reason) = established else {
        return here.collect();
    };
    let abroad =
        facts.affected.iter().filter(|(place, people)| **people > 0 && pack.home(book, place).is_none());
    let abroad = abroad.map(|(place, &people)| Target {
        jurisdiction: place.clone(),
        people,
        reasons: vec![reason.clone()],
        barred: None,
    });
    here.chain(abroad).collect()
}

fn whole(
    residents: BTreeMap<Jurisdiction, u64>,
    established: Option<String>,
    book: &Book,
    facts: &Facts,
) -> Vec<Target> {
    if residents.is_empty() && established.is_none() {
        return Vec::new();
    }
    let people = match established {
        Some(_) => facts.people(),
        None => sum(&residents),
    };
    vec![Target {
        jurisdiction: book.jurisdiction.clone(),
        people,
        reasons: established.into_iter().collect(),
        barred: None,
    }]
}

/// GDPR Articles 55 and 56: a main establishment, or the only one, gives one lead authority.
/// Without an establishment the authority of every affected place is competent;
/// a representative under Article 27 changes nothing in that (EDPB Guidelines 9/2022, paragraph 73).
fn lead_authority(
    residents: BTreeMap<Jurisdiction, u64>,
    established: Option<String>,
    pack: &RulePack,
    book: &Book,
    facts: &Facts,
) -> Vec<Target> {
    let controller = &facts.controller;
    let named = [&controller.eu_main_establishment, &controller.country].into_iter().flatten();
    let Some(lead) = named.into_iter().find(|place| pack.in_one_stop_shop(place)) else {
        let reasons = representative(facts);
        let places = residents.into_iter();
        return places
            .map(|(jurisdiction, people)| Target {
                jurisdiction,
                people,
                reasons: reasons.clone(),
                barred: None,
            })
            .collect();
    };
    let lead = pack.home(book, lead).unwrap_or_else(|| lead.clone());
    let others =
        residents.into_iter().filter(|(place, _)| *place != lead).map(|(jurisdiction, people)| Target {
            jurisdiction,
            people,
            reasons: Vec::new(),
            barred: Some(format!("the lead authority of {lead} alone is competent (GDPR Article 56)")),
        });
    let own = established.map(|_| Target {
        jurisdiction: lead.clone(),
        people: facts.people(),
        reasons: vec![format!(
            "the controller is established in {lead}: its authority leads (GDPR Article 56)"
        )],
        barred: None,
    });
    own.into_iter().chain(others).collect()
}

fn representative(facts: &Facts) -> Vec<String> {
    let every = "no establishment in the Union: the authority of every affected member state is to be told";
    match &facts.controller.eu_representative {
        Some(place) => vec![format!("{every}; the representative in {place} gives no one-stop-shop")],
        None => vec![every.to_owned()],
    }
}

fn sum(residents: &BTreeMap<Jurisdiction, u64>) -> u64 {
    residents.values().fold(0, |sum, &people| sum.saturating_add(people))
}
