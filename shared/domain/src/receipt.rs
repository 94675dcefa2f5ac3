//! Receipts: facts about delivery, append-only, unordered, never a status column.
//!
//! They arrive twice, late, in any order, and before the provider's answer is stored.
//! Where a notice stands is a pure function of the set.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::chunk::{ChunkRef, Entry};

/// One fact about one notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    pub chunk: ChunkRef,
    /// The notice's place in its chunk.
    pub index: u32,
    pub attempt: u32,
    pub fact: Fact,
    /// When it happened, by the provider.
    pub at: Timestamp,
    pub provider_id: String,
    /// The provider's own words, without any address.
    pub detail: String,
}

/// What a provider reports of a message, before it is known which notice that was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    pub provider_id: String,
    pub fact: Fact,
    /// When it happened, by the provider.
    pub at: Timestamp,
    /// The provider's own words, without any address.
    pub detail: String,
}

impl Report {
    /// The report as a receipt of the notice it is about.
    pub fn of(self, chunk: ChunkRef, index: u32, attempt: u32) -> Receipt {
        let Self { provider_id, fact, at, detail } = self;
        Receipt { chunk, index, attempt, fact, at, provider_id, detail }
    }
}

/// What a receipt can say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fact {
    /// The provider took it: it proves a hand-over, not a delivery.
    Sent,
    /// The receiving side took it.
    Delivered,
    /// It was opened, read, or complained about: it arrived.
    Seen,
    /// Refused for good by the receiving side.
    Bounced,
    /// Not now; may still arrive, or bounce.
    Delayed,
    /// The provider never sent it: a suppressed address, a rejected or badly rendered message.
    NeverSent,
}

impl Fact {
    pub fn as_str(self) -> &'static str {
        match self {
            Fact::Sent => "sent",
            Fact::Delivered => "delivered",
            Fact::Seen => "seen",
            Fact::Bounced => "bounced",
            Fact::Delayed => "delayed",
            Fact::NeverSent => "never-sent",
        }
    }
}

/// What is known of one message: each fact, and when it first happened.
pub type OfMessage = BTreeMap<Fact, Timestamp>;

/// What is known of one notice, by the attempt at which each of its messages was handed over: the first, and a copy.
pub type Known = BTreeMap<u32, OfMessage>;

/// Where one notice to one recipient stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// When it arrived, by the provider.
    Reached(Timestamp),
    /// Everything that was tried ended without arrival.
    Unreachable(Unreachable),
    /// Planned, on its way, or accepted: may still end either way.
    Pending,
    /// May have been sent; not settled yet.
    Undecided,
}

/// Why a notice did not and will not arrive by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unreachable {
    Bounced,
    NeverSent,
    RefusedByProvider,
    Withheld,
    NoLawfulAddress,
}

impl Unreachable {
    pub fn as_str(self) -> &'static str {
        match self {
            Unreachable::Bounced => "bounced",
            Unreachable::NeverSent => "never sent by the provider",
            Unreachable::RefusedByProvider => "refused by the provider",
            Unreachable::Withheld => "withheld",
            Unreachable::NoLawfulAddress => "no lawful channel, or no letter in the language",
        }
    }
}

/// The state of one notice: the provider's own answer, and every fact that came in for it. It arrived when the first of
/// its messages did, whatever became of another. Duplicates and order change nothing.
pub fn reach(entry: &Entry, known: &Known) -> Reach {
    if let Some(first) = known.values().filter_map(arrived).min() {
        return Reach::Reached(first);
    }
    // What was sent last may still arrive where nothing is said against it.
    if let Some(why) = known.values().next_back().and_then(did_not_arrive) {
        return Reach::Unreachable(why);
    }
    match entry {
        Entry::InDoubt if known.is_empty() => Reach::Undecided,
        Entry::InDoubt => Reach::Pending,
        Entry::Waiting
        | Entry::Throttled(_)
        | Entry::Accepted(_)
        | Entry::Repeat
        | Entry::Vouched
        | Entry::FoundUnsent
        | Entry::StandsBy => Reach::Pending,
        Entry::Refused(_) => Reach::Unreachable(Unreachable::RefusedByProvider),
        Entry::Withheld(_) => Reach::Unreachable(Unreachable::Withheld),
    }
}

/// When a message arrived: it did if anybody saw it. A bounce outweighs a delivery, because a receiving server may take a
/// message and refuse it later.
fn arrived(message: &OfMessage) -> Option<Timestamp> {
    let (delivered, seen) = (message.get(&Fact::Delivered), message.get(&Fact::Seen));
    if seen.is_none() && did_not_arrive(message).is_some() {
        return None;
    }
    delivered.into_iter().chain(seen).min().copied()
}

fn did_not_arrive(message: &OfMessage) -> Option<Unreachable> {
    let has = |fact| message.contains_key(&fact);
    if has(Fact::Bounced) {
        return Some(Unreachable::Bounced);
    }
    has(Fact::NeverSent).then_some(Unreachable::NeverSent)
}

/// The entries of a chunk after what is known of its notices is weighed: any fact about a notice proves that the
/// provider took it, whatever a person found out, and ends a doubt about it. What was going to be sent again is then not
/// needed.
pub fn with_evidence(entries: &[Entry], known: &[Receipt]) -> Vec<Entry> {
    let ids: BTreeMap<u32, &str> =
        known.iter().map(|receipt| (receipt.index, receipt.provider_id.as_str())).collect();
    (0_u32..)
        .zip(entries)
        .map(|(index, entry)| match (entry, ids.get(&index)) {
            (Entry::InDoubt | Entry::Repeat | Entry::FoundUnsent, Some(id)) => {
                Entry::Accepted((*id).to_owned())
            }
            (other, _) => other.clone(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FACTS: [Fact; 6] =
        [Fact::Sent, Fact::Delivered, Fact::Seen, Fact::Bounced, Fact::Delayed, Fact::NeverSent];

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// Of one message, each in the second of its place among all.
    fn known(facts: impl IntoIterator<Item = Fact>) -> Known {
        let second = |fact| FACTS.iter().position(|other| *other == fact).unwrap() as i64;
        let message: OfMessage = facts.into_iter().map(|fact| (fact, at(second(fact)))).collect();
        if message.is_empty() { Known::new() } else { Known::from([(1, message)]) }
    }

    fn accepted() -> Entry {
        Entry::Accepted("id".to_owned())
    }

    #[test]
    fn a_bounce_after_a_delivery_counts_and_accepted_is_not_reached() {
        let table: [(&[Fact], Reach); 9] = [
            (&[], Reach::Pending),
            (&[Fact::Sent], Reach::Pending),
            (&[Fact::Sent, Fact::Delayed], Reach::Pending),
            (&[Fact::Delivered], Reach::Reached(at(1))),
            (&[Fact::Delivered, Fact::Delayed], Reach::Reached(at(1))),
            (&[Fact::Delivered, Fact::Bounced], Reach::Unreachable(Unreachable::Bounced)),
            (&[Fact::NeverSent], Reach::Unreachable(Unreachable::NeverSent)),
            (&[Fact::Bounced, Fact::Seen], Reach::Reached(at(2))),
            (&[Fact::Delivered, Fact::Bounced, Fact::Seen], Reach::Reached(at(1))),
        ];
        for (facts, expected) in table {
            assert_eq!(reach(&accepted(), &known(facts.iter().copied())), expected, "{facts:?}");
        }
    }

    #[test]
    fn a_notice_arrived_when_the_first_of_its_messages_did_whatever_became_of_another() {
        use Fact::{Bounced, Delivered, Sent};
        let message = |facts: &[(Fact, i64)]| -> OfMessage {
            facts.iter().map(|(fact, second)| (*fact, at(*second))).collect()
        };
        for (first, copy, expected) in [
            (message(&[(Bounced, 1)]), message(&[(Delivered, 5)]), Reach::Reached(at(5))),
            (message(&[(Delivered, 3)]), message(&[(Bounced, 5)]), Reach::Reached(at(3))),
            (message(&[(Delivered, 9)]), message(&[(Delivered, 5)]), Reach::Reached(at(5))),
            (message(&[(Delivered, 1), (Bounced, 2)]), message(&[(Sent, 5)]), Reach::Pending),
            (
                message(&[(Sent, 1)]),
                message(&[(Delivered, 5), (Bounced, 6)]),
                Reach::Unreachable(Unreachable::Bounced),
            ),
        ] {
            let known = Known::from([(1, first), (2, copy)]);
            assert_eq!(reach(&accepted(), &known), expected, "{known:?}");
        }
    }

    #[test]
    fn a_doubt_stays_a_doubt_until_a_fact_comes() {
        assert_eq!(reach(&Entry::InDoubt, &Known::new()), Reach::Undecided);
        for fact in FACTS {
            assert_ne!(reach(&Entry::InDoubt, &known([fact])), Reach::Undecided, "{fact:?}");
        }
    }

    #[test]
    fn any_fact_ends_a_doubt_and_makes_a_copy_needless() {
        let incident = "0123456789abcdef0123456789abcdef-1-1-0".parse().unwrap();
        let receipt = |index, fact| Receipt {
            chunk: incident,
            index,
            attempt: 1,
            fact,
            at: Timestamp::UNIX_EPOCH,
            provider_id: "id".to_owned(),
            detail: String::new(),
        };
        for (entry, expected) in [
            (Entry::InDoubt, accepted()),
            (Entry::Repeat, accepted()),
            (Entry::FoundUnsent, accepted()),
            (Entry::Waiting, Entry::Waiting),
        ] {
            for fact in FACTS {
                assert_eq!(
                    with_evidence(&[Entry::InDoubt, entry.clone()], &[receipt(1, fact)]),
                    [Entry::InDoubt, expected.clone()],
                    "{entry:?} {fact:?}"
                );
            }
        }
    }

    #[test]
    fn the_answer_may_come_after_the_facts() {
        for bits in 1..64_u32 {
            let facts = known(
                FACTS.into_iter().enumerate().filter(|(bit, _)| bits & (1 << bit) != 0).map(|(_, f)| f),
            );
            let before = reach(&Entry::InDoubt, &facts);
            let after = reach(&accepted(), &facts);
            assert_eq!(before, after, "{facts:?}");
        }
    }
}
