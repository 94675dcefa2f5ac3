//! What the people of one incident found in their mailboxes, in a few bytes a person, and what has to hold of it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use tocsin_audit::{Action, Leaf};
use tocsin_ports::memory::Delivered;

use crate::checks::again;

pub(super) struct Mailbox {
    tenant: String,
    /// By the number in a person's address.
    people: Vec<Told>,
    /// Filings to bodies, by chunk.
    filings: BTreeMap<String, u64>,
    /// The chunks of which something went again, once for each mail that did.
    again: Vec<String>,
    /// Those mails that are no longer than the first to the same person, with how many had come before.
    alike: Vec<(String, u64)>,
    /// How many people were told.
    pub told: u64,
    pub last: Option<Timestamp>,
    pub violations: Vec<String>,
}

/// The first mail to a person, and how many there were.
#[derive(Clone, Copy, Default)]
struct Told {
    times: u8,
    wave: u32,
    chunk: u32,
    /// In bytes: a copy says that it is one, and so is longer.
    length: u32,
}

impl Mailbox {
    pub fn new(tenant: String, people: u32) -> Self {
        Self {
            tenant,
            people: vec![Told::default(); people as usize],
            filings: BTreeMap::new(),
            again: Vec::new(),
            alike: Vec::new(),
            told: 0,
            last: None,
            violations: Vec::new(),
        }
    }

    /// The address of the person with this number. Every thousandth mailbox is gone.
    pub fn address(tenant: &str, number: u32) -> String {
        let word = if number % 1000 == 7 { "bounce" } else { "customer" };
        format!("{word}.{number}@{tenant}.example")
    }

    pub fn take(&mut self, mail: &Delivered, is_approved: bool) {
        let chunk = tag(mail, "chunk");
        if !is_approved {
            self.violations.push(format!("{chunk} went out before anybody approved it"));
        }
        self.last = self.last.max(Some(mail.at));
        if mail.to == "filings@authority.example" {
            *self.filings.entry(chunk.to_owned()).or_default() += 1;
            return;
        }
        let Some(told) = number_in(&mail.to, &self.tenant).and_then(|number| self.people.get_mut(number))
        else {
            self.violations.push(format!("a mail of {} went to a stranger", self.tenant));
            return;
        };
        let (wave, number) = place_of(chunk);
        let length = (mail.subject.len() + mail.text.len() + mail.html.len()) as u32;
        if told.times == 0 {
            *told = Told { times: 1, wave, chunk: number, length };
            self.told += 1;
            return;
        }
        if (told.wave, told.chunk) != (wave, number) {
            self.violations.push(format!("somebody of {chunk} stands in another chunk, too"));
        }
        if length <= told.length {
            self.alike.push((chunk.to_owned(), told.times.into()));
        }
        told.times = told.times.saturating_add(1);
        self.again.push(chunk.to_owned());
    }

    pub fn notices(&self) -> u64 {
        self.told + self.copies() + self.filings.values().sum::<u64>()
    }

    pub fn copies(&self) -> u64 {
        self.again.len() as u64
    }

    /// How many of the chunk's notices went out.
    pub fn went(&self, chunk: &str) -> u64 {
        let place = place_of(chunk);
        let people = self.people.iter().filter(|told| told.times > 0 && (told.wave, told.chunk) == place);
        people.count() as u64 + self.filings.get(chunk).copied().unwrap_or_default()
    }

    /// Each notice once; again, where a settlement says so. `refused`: how many of the people are shown as refused by
    /// the provider.
    pub fn check(&mut self, leaves: &[Leaf], refused: u64) {
        let mut repeats: BTreeMap<&str, u64> = BTreeMap::new();
        for leaf in leaves.iter().filter(|leaf| leaf.action == Action::ChunkSettled) {
            if let Some(chunk) = leaf.subject.get("chunk").filter(|_| again(leaf).next().is_some()) {
                *repeats.entry(chunk).or_default() += 1;
            }
        }
        let allowed = |chunk: &str| 1 + repeats.get(chunk).copied().unwrap_or_default();
        let again: BTreeSet<&str> = self.again.iter().map(String::as_str).collect();
        let mut violations = Vec::new();
        for (chunk, before) in &self.alike {
            // The first that came may itself have been a copy, of one that never left: there is a settlement more then.
            if repeats.get(chunk.as_str()).is_none_or(|repeats| repeats <= before) {
                violations.push(format!("a notice of {chunk} went out again and does not say so"));
            }
        }
        for chunk in again {
            let place = place_of(chunk);
            let most = self.people.iter().filter(|told| (told.wave, told.chunk) == place);
            let most = most.map(|told| u64::from(told.times)).max().unwrap_or_default();
            if most > allowed(chunk) {
                let allowed = allowed(chunk);
                violations
                    .push(format!("somebody of {chunk} was told {most} times, and {allowed} were allowed"));
            }
        }
        for (chunk, times) in self.filings.iter().filter(|(chunk, times)| **times > allowed(chunk)) {
            violations.push(format!("the filing {chunk} went out {times} times"));
        }
        let missed = self.people.len() as u64 - self.told;
        if missed > refused {
            let tenant = &self.tenant;
            violations.push(format!(
                "{missed} people of {tenant} were not told, and {refused} are shown as refused"
            ));
        }
        self.violations.extend(violations);
    }
}

fn tag<'a>(mail: &'a Delivered, name: &str) -> &'a str {
    mail.tags.get(name).map(String::as_str).unwrap_or_default()
}

/// The number of a person of this tenant in an address.
fn number_in(address: &str, tenant: &str) -> Option<usize> {
    let (name, host) = address.split_once('@')?;
    let number = name.split_once('.')?.1.parse().ok()?;
    (host.strip_suffix(".example")? == tenant).then_some(number)
}

/// The wave and the number in it that a chunk's name ends with.
pub(super) fn place_of(chunk: &str) -> (u32, u32) {
    let mut parts = chunk.rsplit('-').map(|part| part.parse().unwrap_or(u32::MAX));
    let (number, wave) = (parts.next().unwrap_or(u32::MAX), parts.next().unwrap_or(u32::MAX));
    (wave, number)
}

#[cfg(test)]
mod tests {
    use tocsin_audit::Actor;

    use super::*;

    fn mail(to: &str, chunk: &str, text: &str) -> Delivered {
        Delivered {
            sealed: None,
            to: to.to_owned(),
            subject: String::new(),
            text: text.to_owned(),
            html: String::new(),
            tags: BTreeMap::from([("chunk", chunk.to_owned()), ("index", "0".to_owned())]),
            provider_id: String::new(),
            at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn each_promise_is_checked_by_itself() {
        let (one, other) = ("customer.0@shop.example", "customer.1@shop.example");
        let (first, copy) = (mail(one, "i-1-2-3", "text"), mail(one, "i-1-2-3", "a copy of the text"));
        let elsewhere = mail(one, "i-1-2-4", "a copy of the text");
        let cases: [(&str, bool, Vec<&Delivered>); 4] = [
            ("before anybody approved", false, vec![&first]),
            ("1 were allowed", true, vec![&first, &copy]),
            ("does not say so", true, vec![&first, &first]),
            ("stands in another chunk", true, vec![&first, &elsewhere]),
        ];
        for (expected, is_approved, mails) in cases {
            let mut mailbox = Mailbox::new("shop".to_owned(), 2);
            mails.iter().for_each(|mail| mailbox.take(mail, is_approved));
            mailbox.take(&mail(other, "i-1-2-3", "text"), true);
            mailbox.check(&[], 0);
            let found = mailbox.violations.iter().any(|violation| violation.contains(expected));
            assert!(found, "{expected}: {:?}", mailbox.violations);
        }
    }

    /// A first notice that never left, its copy that came and whose answer was lost, and the copy's copy.
    #[test]
    fn a_copy_of_a_copy_is_no_longer_than_it() {
        let copy = mail("customer.0@shop.example", "i-1-2-3", "a copy of the text");
        let settled = Leaf::new(
            &"shop".parse().unwrap(),
            None,
            Timestamp::UNIX_EPOCH,
            Actor::Function("watch".to_owned()),
            Action::ChunkSettled,
            "by policy",
            [("chunk", "i-1-2-3".to_owned()), ("again", "0".to_owned())],
        );
        for (settlements, violations) in [(1, 1), (2, 0)] {
            let mut mailbox = Mailbox::new("shop".to_owned(), 1);
            [&copy, &copy].into_iter().for_each(|mail| mailbox.take(mail, true));
            mailbox.check(&vec![settled.clone(); settlements], 0);
            assert_eq!(mailbox.violations.len(), violations, "{settlements}: {:?}", mailbox.violations);
        }
    }

    #[test]
    fn whoever_the_provider_refused_is_not_missed() {
        for (refused, violations) in [(0, 1), (1, 0)] {
            let mut mailbox = Mailbox::new("shop".to_owned(), 2);
            mailbox.take(&mail("customer.0@shop.example", "i-1-2-3", "text"), true);
            mailbox.check(&[], refused);
            assert_eq!(mailbox.violations.len(), violations, "{refused}");
        }
    }
}
