//! What the law asks for where the demo's people live, written down by hand: whoever compares Tocsin with what Tocsin
//! says is owed learns nothing.

use std::collections::BTreeMap;

use tocsin_local::people::{Person, Population, Reach};

/// What an affected person of a residence gets.
struct Place {
    residence: &'static str,
    /// How many notices, by e-mail where there is an address.
    notices: usize,
    /// Whether a text message or the shop's inbox is a notice as well, for people without an address.
    without_address: bool,
}

const PLACES: [Place; 18] = [
    // Members of the European Union: Article 34 of the GDPR.
    notified_anyhow("DE"),
    notified_anyhow("ES"),
    notified_anyhow("FR"),
    notified_anyhow("IE"),
    notified_anyhow("IT"),
    notified_anyhow("NL"),
    notified_anyhow("PL"),
    notified_anyhow("SE"),
    notified_anyhow("GB"),
    notified_anyhow("CH"),
    notified_anyhow("BR"),
    notified_anyhow("AU"),
    // The states of the United States know letters, calls and e-mail, and no text message.
    notified_by_mail("US-CA"),
    notified_by_mail("US-FL"),
    notified_by_mail("US-NY"),
    notified_by_mail("US-TX"),
    notified_by_mail("US-WA"),
    // No letter in Japanese is shipped yet: a person has to write to them.
    Place { residence: "JP", notices: 0, without_address: false },
];

const fn notified_anyhow(residence: &'static str) -> Place {
    Place { residence, notices: 1, without_address: true }
}

const fn notified_by_mail(residence: &'static str) -> Place {
    Place { residence, notices: 1, without_address: false }
}

/// How many notices an affected person with an address gets; `None` where nobody wrote down what the law says.
pub fn notices(person: &Person) -> Option<usize> {
    place(&person.residence()).map(|place| place.notices)
}

/// How many text messages or notices in the shop's inbox an affected person gets whom no mail reaches.
pub fn notices_without_address(person: &Person) -> Option<usize> {
    let place = place(&person.residence())?;
    Some(if place.without_address { place.notices } else { 0 })
}

/// Who gets a text message, where that is a notice: whoever has no address that takes mail, but a telephone.
pub fn texted(population: &Population) -> impl Iterator<Item = &Person> {
    without_mail(population).filter(|person| person.phone.is_some())
}

/// Who finds it in the shop's inbox, where that is a notice: whoever has neither.
pub fn inboxed(population: &Population) -> impl Iterator<Item = &Person> {
    without_mail(population).filter(|person| person.phone.is_none())
}

fn without_mail(population: &Population) -> impl Iterator<Item = &Person> {
    let bouncing = population.with_reach(Reach::MailThatBounces);
    bouncing.chain(population.with_reach(Reach::PhoneOnly)).chain(population.with_reach(Reach::Nothing))
}

/// How many notices by another channel are tried because the mail came back.
pub fn moved(population: &Population) -> usize {
    population.with_reach(Reach::MailThatBounces).filter_map(notices_without_address).sum()
}

/// Whether people of a residence are tried by another channel when a mail comes back.
pub fn has_another_channel(residence: &str) -> bool {
    place(residence).is_some_and(|place| place.without_address)
}

/// How many duties toward the people of a residence notices fulfil.
pub fn duties(residence: &str) -> Option<usize> {
    place(residence).map(|place| place.notices)
}

/// Places and languages without a shipped letter: how many affected people with an address that concerns.
pub fn without_letter(population: &Population) -> BTreeMap<(String, String), usize> {
    let mut counts = BTreeMap::new();
    for person in addressed(population).filter(|person| notices(person) == Some(0)) {
        *counts.entry((person.residence(), person.locale.clone())).or_default() += 1;
    }
    counts
}

/// The affected people with an address, each once.
pub fn addressed(population: &Population) -> impl Iterator<Item = &Person> {
    population.with_reach(Reach::Mail).chain(population.with_reach(Reach::MailThatBounces))
}

fn place(residence: &str) -> Option<&'static Place> {
    PLACES.iter().find(|place| place.residence == residence)
}
