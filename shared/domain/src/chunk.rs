//! The chunk: at most fifty people handed to a provider in one call; the unit of claiming, retrying and settling.
//!
//! Mail and text-message providers have no idempotency token. A chunk therefore is a state machine whose every
//! step is a conditional write. What was proven not sent may go again; what may have been sent never goes again
//! by itself.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::id::{BadId, IncidentId, PersonId, digest};

/// What one call of the provider takes at most (SES `SendBulkEmail`: 50 destinations).
pub const CHUNK_SIZE: usize = 50;

/// How often a chunk is handed over at most before a person is asked.
pub const MAX_ATTEMPTS: u32 = 6;

/// Where a chunk stands: in which incident, in which wave of its plan, at which place in that wave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChunkRef {
    pub incident: IncidentId,
    /// The plan's version within the incident: an amended plan has chunks of its own.
    pub plan: u32,
    pub wave: u32,
    pub number: u32,
}

impl fmt::Display for ChunkRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}-{}", self.incident, self.plan, self.wave, self.number)
    }
}

impl FromStr for ChunkRef {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        const BAD: BadId = BadId("chunk");
        let mut parts = text.split('-');
        let mut next = || parts.next().ok_or(BAD);
        let incident = next()?.parse()?;
        let [plan, wave, number] = [next()?, next()?, next()?].map(|part| part.parse().map_err(|_| BAD));
        let chunk = Self { incident, plan: plan?, wave: wave?, number: number? };
        if parts.next().is_some() || chunk.to_string() != text {
            return Err(BAD);
        }
        Ok(chunk)
    }
}

impl Serialize for ChunkRef {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ChunkRef {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// To whom one notice of a chunk goes. One message, one recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recipient {
    /// A person of the incident's roster.
    Person(PersonId),
    /// An authority, acquirer or other body: the name under which the tenant's settings keep its address.
    Contact(String),
}

/// What does not change in a chunk after its plan was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk {
    #[serde(rename = "ref")]
    pub at: ChunkRef,
    pub recipients: Vec<Recipient>,
    /// Over the rendered bytes of every notice of the chunk, in order. The approval binds it, and `send`
    /// compares it before it hands anything over.
    pub bytes: String,
}

impl Chunk {
    pub fn digest(&self) -> [u8; 32] {
        digest("chunk", &[self.at.to_string().as_bytes(), self.bytes.as_bytes()])
    }
}

/// Where a chunk is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChunkState {
    /// In an approved or not yet approved plan.
    Planned,
    /// On its region's queue.
    Due,
    /// Claimed by a sender: from this write on, nobody but the settlement frees it.
    HandingOver,
    /// The provider answered for every notice; each one's own end stands in the entries.
    Accepted,
    /// At least one notice was proven not sent and may go again; none is in doubt.
    Refused,
    /// The answer is unknown: a timeout, a reset, a crash. Settled by evidence, then by policy.
    Undecided,
}

/// What may happen to a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChunkEvent {
    /// `dispatch` put it on its queue.
    Enqueue,
    /// `send` takes it, and hands over next.
    Claim,
    /// The provider answered for every notice.
    Answer,
    /// Proven not sent, in whole or in part.
    Refuse,
    /// The lease ran out, or the answer was none.
    Lapse,
    /// Events of the provider prove every notice sent.
    Evidence,
    /// The notice's written policy says: send again, marked as a copy.
    SendAgain,
}

pub const STATES: [ChunkState; 6] = [
    ChunkState::Planned,
    ChunkState::Due,
    ChunkState::HandingOver,
    ChunkState::Accepted,
    ChunkState::Refused,
    ChunkState::Undecided,
];

/// The whole machine: (from, event, to). What is not in the table does not happen.
const TRANSITIONS: &[(ChunkState, ChunkEvent, ChunkState)] = {
    use ChunkEvent::*;
    use ChunkState::*;
    &[
        (Planned, Enqueue, Due),
        (Refused, Enqueue, Due),
        // Again on the queue, when its message was lost or died: the claim below makes a second one harmless.
        (Due, Enqueue, Due),
        (Due, Claim, HandingOver),
        // The message may be faster than the mark that it was sent.
        (Planned, Claim, HandingOver),
        (HandingOver, Answer, Accepted),
        (HandingOver, Refuse, Refused),
        (HandingOver, Lapse, Undecided),
        // A worker thought lost may come back with the answer. It never frees the chunk: only an answer for
        // every notice ends the doubt.
        (Undecided, Answer, Accepted),
        (Undecided, Evidence, Accepted),
        (Undecided, SendAgain, Due),
    ]
};

impl ChunkState {
    /// `None` where the event cannot happen in this state.
    pub fn after(self, event: ChunkEvent) -> Option<ChunkState> {
        TRANSITIONS.iter().find(|(from, on, _)| (*from, *on) == (self, event)).map(|(_, _, to)| *to)
    }

    /// The states in which the event may happen: the condition of its write.
    pub fn before(event: ChunkEvent) -> impl Iterator<Item = ChunkState> {
        TRANSITIONS.iter().filter(move |(_, on, _)| *on == event).map(|(from, _, _)| *from)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            ChunkState::Planned => "planned",
            ChunkState::Due => "due",
            ChunkState::HandingOver => "handing-over",
            ChunkState::Accepted => "accepted",
            ChunkState::Refused => "refused",
            ChunkState::Undecided => "undecided",
        }
    }
}

impl FromStr for ChunkState {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        STATES.into_iter().find(|state| state.as_str() == text).ok_or(BadId("chunk state"))
    }
}

/// How far one notice of a chunk has come, by what the provider itself answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Entry {
    /// Not handed over yet.
    Waiting,
    /// The provider gave it an id. Accepted is not reached.
    Accepted(String),
    /// Proven not sent and may go again: a throttle, a transient failure.
    Throttled(String),
    /// Proven not sent, for good.
    Refused(String),
    /// Never handed over, and why: the address is gone, the rendered bytes are not the approved ones.
    Withheld(String),
    /// May have been sent.
    InDoubt,
}

impl Entry {
    /// Whether the next hand-over takes this notice along.
    pub fn goes_next(&self) -> bool {
        match self {
            Entry::Waiting | Entry::Throttled(_) => true,
            Entry::Accepted(_) | Entry::Refused(_) | Entry::Withheld(_) | Entry::InDoubt => false,
        }
    }
}

/// What the answers for all notices of a chunk make of the chunk.
pub fn event_of_answers(entries: &[Entry]) -> ChunkEvent {
    if entries.contains(&Entry::InDoubt) {
        ChunkEvent::Lapse
    } else if entries.iter().any(Entry::goes_next) {
        ChunkEvent::Refuse
    } else {
        ChunkEvent::Answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{SignalId, TenantId};

    const EVENTS: [ChunkEvent; 7] = [
        ChunkEvent::Enqueue,
        ChunkEvent::Claim,
        ChunkEvent::Answer,
        ChunkEvent::Refuse,
        ChunkEvent::Lapse,
        ChunkEvent::Evidence,
        ChunkEvent::SendAgain,
    ];

    #[test]
    fn no_state_has_two_ways_for_one_event() {
        for state in STATES {
            for event in EVENTS {
                let ways = TRANSITIONS.iter().filter(|(from, on, _)| (*from, *on) == (state, event)).count();
                assert!(ways <= 1, "{state:?} {event:?}");
            }
        }
    }

    #[test]
    fn after_hand_over_began_only_a_settlement_leads_back_to_the_queue() {
        let back = [ChunkState::HandingOver, ChunkState::Undecided].map(|state| {
            EVENTS.into_iter().filter(|event| state.after(*event) == Some(ChunkState::Due)).collect::<Vec<_>>()
        });
        assert_eq!(back, [vec![], vec![ChunkEvent::SendAgain]]);
    }

    #[test]
    fn an_accepted_chunk_stays_accepted() {
        assert!(EVENTS.into_iter().all(|event| ChunkState::Accepted.after(event).is_none()));
    }

    #[test]
    fn a_claim_is_won_only_from_planned_or_due() {
        let from: Vec<_> = ChunkState::before(ChunkEvent::Claim).collect();
        assert_eq!(from, [ChunkState::Due, ChunkState::Planned]);
    }

    #[test]
    fn one_doubt_makes_the_chunk_undecided_and_one_throttle_refused() {
        let accepted = Entry::Accepted("id".to_owned());
        let throttled = Entry::Throttled("rate".to_owned());
        assert_eq!(event_of_answers(&[accepted.clone(), Entry::InDoubt, throttled.clone()]), ChunkEvent::Lapse);
        assert_eq!(event_of_answers(&[accepted.clone(), throttled]), ChunkEvent::Refuse);
        assert_eq!(event_of_answers(&[accepted, Entry::Refused("bad".to_owned())]), ChunkEvent::Answer);
    }

    #[test]
    fn references_read_back_what_they_print_and_nothing_else() {
        let tenant: TenantId = "shop".parse().unwrap();
        let incident = IncidentId::of(&tenant, SignalId::of(&tenant, "a", "b"));
        let chunk = ChunkRef { incident, plan: 1, wave: 2, number: 30 };
        let text = chunk.to_string();
        assert_eq!(text.parse(), Ok(chunk));
        for bad in [format!("{text}-1"), text.replace("-30", "-030"), incident.to_string(), String::new()] {
            assert!(bad.parse::<ChunkRef>().is_err(), "{bad}");
        }
    }
}
