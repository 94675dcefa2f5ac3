//! Demo people: generated from a seed, in eighteen jurisdictions, with every difficulty that real customers'
//! data has. All addresses stand under domains reserved for examples (RFC 2606), all telephone numbers in
//! ranges reserved for fiction.

mod manifest;
mod places;

use std::collections::{BTreeMap, BTreeSet};

use crate::random::Random;
pub use manifest::{Broken, BrokenRow, COLUMNS};
use places::{IRISH, PLACES, Place, Range};

/// How many people to make for a tenant.
#[derive(Clone, Debug)]
pub struct TenantSize {
    pub tenant: String,
    /// How many stand in the manifest. A hundredth of them stands there a second time, spelled differently.
    pub affected: usize,
    /// How many the incident does not touch; no manifest names them.
    pub unaffected: usize,
}

/// The people of one tenant, and the truth about them.
#[derive(Clone, Debug)]
pub struct Population {
    pub tenant: String,
    pub people: Vec<Person>,
    /// The affected people as CSV, as a merchant would export them.
    pub manifest: Vec<u8>,
    /// The rows of the manifest that cannot be read.
    pub broken: Vec<BrokenRow>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub id: String,
    pub name: String,
    /// The address as the manifest spells it.
    pub email: Option<String>,
    /// The mailbox behind the address: lower case, the domain in ASCII. People who share it are one person.
    pub mailbox: Option<String>,
    /// E.164.
    pub phone: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// ISO 3166-2 without the country.
    pub province: String,
    /// BCP 47.
    pub locale: String,
    pub affected: bool,
    pub reach: Reach,
    /// The person, by id, whom this row names again in another spelling.
    pub again: Option<String>,
}

/// How a person can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// The mailbox takes mail.
    Mail,
    /// The mailbox does not exist any more.
    MailThatBounces,
    /// No address, but a telephone number.
    PhoneOnly,
    /// Neither.
    Nothing,
}

const WITHOUT_EMAIL: f64 = 0.03;
const UNREACHABLE: f64 = 0.005;
const BOUNCING: f64 = 0.02;
const NAMED_AGAIN: f64 = 0.01;
const IN_EVERY_TENANT: f64 = 0.005;
/// Of those with an address: how many have a telephone number as well.
const WITH_PHONE: f64 = 0.2;
const WITH_IDN: f64 = 0.03;

const DOMAINS: [&str; 5] = ["example.com", "example.net", "example.org", "mail.example", "post.example"];
const IDN_DOMAINS: [&str; 3] = ["bücher.example", "żółw.example", "日本語.example"];

/// Makes the people of all tenants at once, so that no two persons share a mailbox or a telephone number, but
/// for the few who are customers of every tenant.
pub fn populate(seed: u64, tenants: &[TenantSize]) -> Vec<Population> {
    let mut registry = Registry::default();
    let smallest = tenants.iter().map(|size| size.affected).min().unwrap_or_default();
    let shared = if tenants.len() > 1 { share_of(smallest, IN_EVERY_TENANT) } else { 0 };
    let mut dice = Random::named(seed, "in every tenant");
    let everywhere: Vec<Person> = (0..shared).map(|_| registry.person(&mut dice, Reach::Mail)).collect();
    tenants.iter().map(|size| population(seed, size, &everywhere, &mut registry)).collect()
}

impl Population {
    pub fn affected(&self) -> impl Iterator<Item = &Person> {
        self.people.iter().filter(|person| person.affected)
    }

    /// The mailboxes that must get mail: those of affected people that take it.
    pub fn mailboxes(&self) -> BTreeSet<&str> {
        self.with_reach(Reach::Mail).filter_map(|person| person.mailbox.as_deref()).collect()
    }

    /// The affected people who can be reached that way, each once.
    pub fn with_reach(&self, reach: Reach) -> impl Iterator<Item = &Person> {
        self.affected().filter(move |person| person.reach == reach && person.again.is_none())
    }

    /// The affected people by residence, each once.
    pub fn residences(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for person in self.affected().filter(|person| person.again.is_none()) {
            *counts.entry(person.residence()).or_default() += 1;
        }
        counts
    }
}

impl Person {
    /// Whose law counts: the state in the United States (`US-CA`), the country elsewhere (`DE`).
    pub fn residence(&self) -> String {
        if self.country == "US" { format!("US-{}", self.province) } else { self.country.clone() }
    }
}

fn population(seed: u64, size: &TenantSize, everywhere: &[Person], registry: &mut Registry) -> Population {
    let mut dice = Random::named(seed, &size.tenant);
    let mut people: Vec<Person> = everywhere.to_vec();
    let own = size.affected.saturating_sub(everywhere.len());
    people.extend(
        reaches(own, size.affected, &mut dice).into_iter().map(|reach| registry.person(&mut dice, reach)),
    );
    dice.shuffle(&mut people);
    for (number, person) in (1..).zip(&mut people) {
        person.id = format!("{}-{number:06}", size.tenant);
        person.affected = true;
    }
    name_again(&mut people, size, &mut dice);
    let (manifest, broken) = manifest::write(&people, &mut dice);
    let named = people.len();
    people.extend((1..=size.unaffected).map(|number| Person {
        id: format!("{}-{:06}", size.tenant, named + number),
        ..registry.person(&mut dice, Reach::Mail)
    }));
    Population { tenant: size.tenant.clone(), people, manifest, broken }
}

/// How each of `own` people can be reached, where the shares are those of `all`.
fn reaches(own: usize, all: usize, dice: &mut Random) -> Vec<Reach> {
    let mut reaches = Vec::with_capacity(own);
    reaches.extend(vec![Reach::PhoneOnly; share_of(all, WITHOUT_EMAIL)]);
    reaches.extend(vec![Reach::Nothing; share_of(all, UNREACHABLE)]);
    reaches.extend(vec![Reach::MailThatBounces; share_of(all, BOUNCING)]);
    reaches.resize(own, Reach::Mail);
    dice.shuffle(&mut reaches);
    reaches
}

/// Adds rows that name a person who is there already, in another spelling, as a guest order does.
fn name_again(people: &mut Vec<Person>, size: &TenantSize, dice: &mut Random) {
    let mut candidates: Vec<Person> = people.iter().filter(|one| one.reach == Reach::Mail).cloned().collect();
    dice.shuffle(&mut candidates);
    let count = share_of(size.affected, NAMED_AGAIN).min(candidates.len());
    let (with_idn, others): (Vec<Person>, Vec<Person>) =
        candidates.into_iter().partition(|one| one.email.as_deref().is_some_and(|email| !email.is_ascii()));
    // A third of them in the other spelling of an international domain, as far as there are so many.
    let chosen: Vec<Person> =
        with_idn.into_iter().take(count.div_ceil(3)).chain(others).take(count).collect();
    for (number, person) in chosen.into_iter().enumerate() {
        let email = person.email.as_deref().map(|email| respelled(email, number));
        let id = format!("{}-{:06}", size.tenant, people.len() + 1);
        people.push(Person { id, email, again: Some(person.id.clone()), ..person });
    }
}

fn respelled(email: &str, variant: usize) -> String {
    match (email.is_ascii(), variant % 3) {
        (false, _) => canonical(email),
        (true, 0) => email.to_uppercase(),
        (true, 1) => format!("  {email} "),
        (true, _) => format!("{}\u{a0}", capitalised(email)),
    }
}

fn capitalised(email: &str) -> String {
    let mut letters = email.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Lower case, the domain in ASCII.
fn canonical(email: &str) -> String {
    let Some((local, domain)) = email.rsplit_once('@') else { return email.to_lowercase() };
    let domain = idna::domain_to_ascii(domain).unwrap_or_else(|_| domain.to_lowercase());
    format!("{}@{domain}", local.to_lowercase())
}

fn share_of(count: usize, share: f64) -> usize {
    // People are counted in thousands; no precision is lost.
    (count as f64 * share).ceil() as usize
}

/// Gives everybody a mailbox and a telephone number of their own.
#[derive(Debug, Default)]
struct Registry {
    people: usize,
    /// How many numbers of each range are taken.
    phones: BTreeMap<(&'static str, usize), usize>,
}

impl Registry {
    fn person(&mut self, dice: &mut Random, reach: Reach) -> Person {
        self.people += 1;
        let place = dice.pick(&PLACES).unwrap_or(&PLACES[0]);
        let pick =
            |choices: &[&'static str], dice: &mut Random| dice.pick(choices).copied().unwrap_or_default();
        let given = dice.pick(place.given).copied().unwrap_or_default();
        let family = dice.pick(place.family).copied().unwrap_or_default();
        let name = match place.family_first {
            true => format!("{} {}", family.0, given.0),
            false => format!("{} {}", given.0, family.0),
        };
        let email = self.email(dice, reach, given.1, family.1);
        let phone = match reach {
            Reach::Mail if dice.chance(WITH_PHONE) => Some(self.phone(place)),
            Reach::MailThatBounces if dice.chance(WITH_PHONE) => Some(self.phone(place)),
            Reach::PhoneOnly => Some(self.phone(place)),
            Reach::Mail | Reach::MailThatBounces | Reach::Nothing => None,
        };
        Person {
            id: String::new(),
            name,
            mailbox: email.as_deref().map(canonical),
            email,
            phone,
            country: place.country.to_owned(),
            province: pick(place.provinces, dice).to_owned(),
            locale: pick(place.locales, dice).to_owned(),
            affected: false,
            reach,
            again: None,
        }
    }

    fn email(&self, dice: &mut Random, reach: Reach, given: &str, family: &str) -> Option<String> {
        let number = self.people;
        match reach {
            Reach::Mail => {
                let domains = if dice.chance(WITH_IDN) { &IDN_DOMAINS[..] } else { &DOMAINS[..] };
                let domain = dice.pick(domains).copied().unwrap_or("example.com");
                Some(format!("{given}.{family}.{number}@{domain}"))
            }
            Reach::MailThatBounces => Some(format!("bounce+{number}@example.com")),
            Reach::PhoneOnly | Reach::Nothing => None,
        }
    }

    /// The next number of the place, or of Ireland's range where the place's own are used up.
    fn phone(&mut self, place: &Place) -> String {
        let of_the_place = place.phones.iter().find_map(|range| self.next_in(range));
        let number = of_the_place.or_else(|| IRISH.iter().find_map(|range| self.next_in(range)));
        // A hundred thousand people without an address exhaust fiction; the last of them share a number.
        number.unwrap_or_else(|| "+12025550100".to_owned())
    }

    fn next_in(&mut self, range: &'static Range) -> Option<String> {
        let used = self.phones.entry(range.name()).or_default();
        if *used == range.count {
            return None;
        }
        let number = range.first + *used;
        *used += 1;
        Some(format!("{}{number:0width$}", range.prefix, width = range.digits))
    }
}

#[cfg(test)]
mod tests;
