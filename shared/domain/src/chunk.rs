//! The chunk: at most fifty people handed to a provider in one call; the unit of claiming, retrying and settling.
//!
//! Mail and text-message providers have no idempotency token. A chunk therefore is a state machine whose every
//! step is a conditional write. What was proven not sent may go again; what may have been sent never goes again
//! by itself.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::id::{BadId, IncidentId, digest};
use crate::notice::Notice;

/// What one call of the provider takes at most (SES `SendBulkEmail`: 50 destinations).
pub const CHUNK_SIZE: usize = 50;

/// After how many hand-overs of a chunk a person is told. It goes on, more and more slowly: a notice that is owed is
/// not given up.
pub const TELL_AFTER: u32 = 6;

/// Why a notice was not taken when its provider takes no more in that moment: whoever reads it slows down.
pub const TOO_FAST: &str = "too many for the provider in that moment";

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

impl ChunkRef {
    /// What a person is asked about a chunk that may or may not have been sent and does not go again by itself.
    pub fn question(&self) -> String {
        format!(
            "chunk {self} may or may not have been sent, and it does not go again by itself: find out, and settle it"
        )
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

/// What does not change in a chunk after its plan was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk {
    #[serde(rename = "ref")]
    pub at: ChunkRef,
    /// Its notices stand by: each goes when it is called up, and not before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stands_by: bool,
    pub notices: Vec<Notice>,
}

impl Chunk {
    /// How far each notice has come while nobody has touched the chunk.
    pub fn untouched(&self) -> Vec<Entry> {
        vec![untouched(self.stands_by); self.notices.len()]
    }

    pub fn digest(&self) -> [u8; 32] {
        let notices: Vec<String> = self.notices.iter().map(Notice::to_string).collect();
        let standing = if self.stands_by { "stands by" } else { "goes" };
        let mut parts = vec![self.at.to_string(), standing.to_owned()];
        parts.extend(notices);
        digest("chunk", &parts.iter().map(String::as_bytes).collect::<Vec<_>>())
    }
}

/// Where a chunk is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChunkState {
    /// In a plan, approved or not; its first message may be on the queue. That message leaves no mark: it would
    /// cost a write a chunk, and a second one is harmless.
    Planned,
    /// On its region's queue again, after a refusal or a settlement.
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
    /// `dispatch` put it on its queue again.
    Enqueue,
    /// `send` takes it, and hands over next.
    Claim,
    /// The provider answered for every notice.
    Answer,
    /// Proven not sent, in whole or in part.
    Refuse,
    /// The lease ran out, or the answer was none.
    Lapse,
    /// Events of the provider, or a person, prove every notice sent.
    Evidence,
    /// The notice's written policy, or a person, says: send again, marked as a copy.
    SendAgain,
    /// A notice that stood by takes the place of one that did not arrive.
    CallUp,
    /// What was proven not sent goes again beside what a person is asked about.
    GoOn,
    /// Its plan is over before it went again: what may have been sent is in doubt, as it was.
    GiveUp,
    /// A person has a partner's notice posted again, under the id that the partner knows it by.
    Resend,
}

impl ChunkEvent {
    /// Whether it leads out of a chunk that may have come to its end: such a chunk begins another round.
    pub fn calls_out(self) -> bool {
        ChunkState::Accepted.after(self).is_some()
    }
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
        (Refused, Enqueue, Due),
        // When its message was lost or died: the claim makes a second one harmless.
        (Due, Enqueue, Due),
        (Due, Claim, HandingOver),
        (Planned, Claim, HandingOver),
        (HandingOver, Answer, Accepted),
        (HandingOver, Refuse, Refused),
        (HandingOver, Lapse, Undecided),
        // The events prove what was in doubt sent; what was throttled beside it may go again.
        (Undecided, Refuse, Refused),
        // A worker thought lost may come back with the answer. It never frees the chunk: only an answer for
        // every notice ends the doubt.
        (Undecided, Answer, Accepted),
        (Undecided, Evidence, Accepted),
        // Events came before the copy went that a settlement had decided on.
        (Due, Evidence, Accepted),
        (Undecided, SendAgain, Due),
        // Nothing of the chunk is under way: what stood by may go.
        (Planned, CallUp, Due),
        (Accepted, CallUp, Due),
        // What is in doubt of it stays so, and is no part of the next hand-over.
        (Undecided, CallUp, Due),
        (Undecided, GoOn, Due),
        (Due, GiveUp, Undecided),
        (Refused, GiveUp, Undecided),
        (Accepted, Resend, Due),
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
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// May have been sent, and goes again by policy: as a copy, which says that it is one.
    Repeat,
    /// It was in doubt, and a person found out that it was sent.
    Vouched,
    /// It was in doubt, and a person found out that it was not sent: it goes again, as it is.
    FoundUnsent,
    /// Waits until it is known that the notice whose place it would take does not arrive.
    StandsBy,
}

impl Entry {
    /// Whether the provider said that we are too fast.
    pub fn is_too_fast(&self) -> bool {
        matches!(self, Entry::Throttled(why) if why == TOO_FAST)
    }

    /// Whether the next hand-over takes this notice along.
    pub fn goes_next(&self) -> bool {
        match self {
            Entry::Waiting | Entry::Throttled(_) | Entry::Repeat | Entry::FoundUnsent => true,
            Entry::Accepted(_)
            | Entry::Refused(_)
            | Entry::Withheld(_)
            | Entry::InDoubt
            | Entry::Vouched
            | Entry::StandsBy => false,
        }
    }
}

impl Entry {
    /// Whether the notice may have been sent, and nobody knows.
    pub fn is_doubtful(&self) -> bool {
        match self {
            Entry::InDoubt | Entry::Repeat => true,
            Entry::Waiting
            | Entry::Accepted(_)
            | Entry::Throttled(_)
            | Entry::Refused(_)
            | Entry::Withheld(_)
            | Entry::Vouched
            | Entry::FoundUnsent
            | Entry::StandsBy => false,
        }
    }

    /// Whether somebody may have the notice by now.
    pub fn may_have_been_sent(&self) -> bool {
        match self {
            Entry::Accepted(_) | Entry::InDoubt | Entry::Repeat | Entry::Vouched => true,
            Entry::Waiting
            | Entry::Throttled(_)
            | Entry::Refused(_)
            | Entry::Withheld(_)
            | Entry::FoundUnsent
            | Entry::StandsBy => false,
        }
    }

    /// Whether what goes next may turn out to have been taken before: it was in doubt, and what ended the doubt was no proof.
    pub fn needs_a_last_look(&self) -> bool {
        match self {
            Entry::Repeat | Entry::FoundUnsent => true,
            Entry::Waiting
            | Entry::Accepted(_)
            | Entry::Throttled(_)
            | Entry::Refused(_)
            | Entry::Withheld(_)
            | Entry::InDoubt
            | Entry::Vouched
            | Entry::StandsBy => false,
        }
    }

    /// The same notice when nothing of its chunk goes any more: a copy that was decided on leaves the doubt that it was
    /// for.
    pub fn given_up(&self) -> Entry {
        if self.is_doubtful() { Entry::InDoubt } else { self.clone() }
    }
}

/// How far a notice of an untouched chunk has come.
pub fn untouched(stands_by: bool) -> Entry {
    if stands_by { Entry::StandsBy } else { Entry::Waiting }
}

/// What the entries of a chunk that was in doubt make of it, once nothing in it is in doubt any more; `None` before.
pub fn end_of_doubt(entries: &[Entry]) -> Option<ChunkEvent> {
    if entries.contains(&Entry::InDoubt) {
        return None;
    }
    if entries.contains(&Entry::Repeat) {
        return Some(ChunkEvent::SendAgain);
    }
    if entries.iter().any(Entry::goes_next) {
        return Some(ChunkEvent::Refuse);
    }
    Some(ChunkEvent::Evidence)
}

/// Short, because every notice of a campaign is written so: one letter for the kind, then its text.
impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Entry::Waiting => f.write_str("-"),
            Entry::Accepted(id) => write!(f, "a{id}"),
            Entry::Throttled(why) => write!(f, "t{why}"),
            Entry::Refused(why) => write!(f, "r{why}"),
            Entry::Withheld(why) => write!(f, "w{why}"),
            Entry::InDoubt => f.write_str("?"),
            Entry::Repeat => f.write_str("+"),
            Entry::Vouched => f.write_str("!"),
            Entry::FoundUnsent => f.write_str("~"),
            Entry::StandsBy => f.write_str("="),
        }
    }
}

impl FromStr for Entry {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        match text.split_at_checked(1).ok_or(BadId("entry"))? {
            ("-", "") => Ok(Entry::Waiting),
            ("a", id) => Ok(Entry::Accepted(id.to_owned())),
            ("t", why) => Ok(Entry::Throttled(why.to_owned())),
            ("r", why) => Ok(Entry::Refused(why.to_owned())),
            ("w", why) => Ok(Entry::Withheld(why.to_owned())),
            ("?", "") => Ok(Entry::InDoubt),
            ("+", "") => Ok(Entry::Repeat),
            ("!", "") => Ok(Entry::Vouched),
            ("~", "") => Ok(Entry::FoundUnsent),
            ("=", "") => Ok(Entry::StandsBy),
            (_, _) => Err(BadId("entry")),
        }
    }
}

impl Serialize for Entry {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
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

    const EVENTS: [ChunkEvent; 11] = [
        ChunkEvent::Enqueue,
        ChunkEvent::Claim,
        ChunkEvent::Answer,
        ChunkEvent::Refuse,
        ChunkEvent::Lapse,
        ChunkEvent::Evidence,
        ChunkEvent::SendAgain,
        ChunkEvent::CallUp,
        ChunkEvent::GoOn,
        ChunkEvent::GiveUp,
        ChunkEvent::Resend,
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
    fn after_hand_over_began_only_a_settlement_or_what_is_not_in_doubt_leads_back_to_the_queue() {
        let back = [ChunkState::HandingOver, ChunkState::Undecided].map(|state| {
            EVENTS
                .into_iter()
                .filter(|event| state.after(*event) == Some(ChunkState::Due))
                .collect::<Vec<_>>()
        });
        assert_eq!(back, [vec![], vec![ChunkEvent::SendAgain, ChunkEvent::CallUp, ChunkEvent::GoOn]]);
        assert!(!Entry::InDoubt.goes_next(), "no hand-over of others takes it along");
    }

    #[test]
    fn a_doubt_ends_when_nothing_is_in_doubt_any_more() {
        let accepted = || Entry::Accepted("id".to_owned());
        let throttled = || Entry::Throttled("rate".to_owned());
        for (entries, expected) in [
            (vec![accepted(), Entry::InDoubt, throttled()], None),
            (vec![accepted(), throttled()], Some(ChunkEvent::Refuse)),
            (vec![accepted(), Entry::Vouched], Some(ChunkEvent::Evidence)),
            (vec![accepted(), Entry::Repeat, throttled()], Some(ChunkEvent::SendAgain)),
        ] {
            let event = end_of_doubt(&entries);
            assert_eq!(event, expected, "{entries:?}");
            assert!(event.is_none_or(|event| ChunkState::Undecided.after(event).is_some()));
        }
    }

    #[test]
    fn out_of_an_accepted_chunk_only_what_stood_by_is_called_and_a_partners_notice_resent() {
        let out: Vec<ChunkEvent> =
            EVENTS.into_iter().filter(|event| ChunkState::Accepted.after(*event).is_some()).collect();
        assert_eq!(out, [ChunkEvent::CallUp, ChunkEvent::Resend]);
        assert!(!Entry::StandsBy.goes_next());
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
        assert_eq!(
            event_of_answers(&[accepted.clone(), Entry::InDoubt, throttled.clone()]),
            ChunkEvent::Lapse
        );
        assert_eq!(event_of_answers(&[accepted.clone(), throttled]), ChunkEvent::Refuse);
        assert_eq!(event_of_answers(&[accepted, Entry::Refused("bad".to_owned())]), ChunkEvent::Answer);
    }

    #[test]
    fn entries_and_notices_read_back_what_they_print() {
        let entries = [
            Entry::Waiting,
            Entry::Accepted("0102".to_owned()),
            Entry::Throttled("rate".to_owned()),
            Entry::Refused(String::new()),
            Entry::Withheld("gone".to_owned()),
            Entry::InDoubt,
            Entry::Repeat,
            Entry::Vouched,
            Entry::FoundUnsent,
            Entry::StandsBy,
        ];
        for entry in entries {
            assert_eq!(entry.to_string().parse(), Ok(entry));
        }
        assert!("x".parse::<Entry>().is_err());
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
