//! Who was told under a plan, by what became of its notices. A later plan of the incident rests on it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use tocsin_domain::chunk::{ChunkState, Entry};
use tocsin_domain::id::{IncidentId, ObligationId, PersonId};
use tocsin_domain::notice::Recipient;
use tocsin_domain::outcome::Halt;
use tocsin_domain::plan::{Channel, Phase, PlanHead, Wave};
use tocsin_domain::receipt::{Reach, reach};

use super::plans::{self, WaveRef};
use super::{chunks, receipts};
use crate::scope::TenantScope;
use crate::table::ReadHome;

/// A recipient of a duty, whatever their records are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    Person(PersonId),
    Contact(String),
}

impl Who {
    pub fn of(recipient: &Recipient) -> Self {
        match recipient {
            Recipient::Person(id, _) => Who::Person(*id),
            Recipient::Contact(name) => Who::Contact(name.clone()),
        }
    }
}

/// What became of the notices of one duty to one recipient under one plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    pub version: u32,
    /// The wave of the last of them.
    pub wave: u32,
    pub recipient: Recipient,
    /// Of which phase the last of them was.
    pub phase: Phase,
    pub reach: Reach,
    /// When the first notice of the duty that reached them did, whatever became of later ones.
    pub first_reached: Option<Timestamp>,
    /// The channels that were tried.
    pub tried: Vec<Channel>,
    /// Whether anything was handed over, or may have been. What is proven not sent tells nobody.
    pub handed_over: bool,
}

pub type ByDuty = BTreeMap<(ObligationId, Who), Told>;

/// Everybody of a chunk that was claimed under a plan.
pub async fn under(
    ports: &impl ReadHome,
    scope: &TenantScope,
    head: &PlanHead,
    waves: &[Wave],
) -> Result<ByDuty, Halt> {
    let mut told = ByDuty::new();
    for wave in waves {
        let at = WaveRef { incident: head.incident, plan: head.version, wave: wave.number };
        let standing = chunks::of_wave(ports, scope, at, wave).await?;
        let touched: Vec<_> =
            standing.into_iter().filter(|chunk| chunk.state != ChunkState::Planned).collect();
        if touched.is_empty() {
            continue;
        }
        let facts = receipts::of_wave(ports, scope, at).await?;
        for chunk in touched {
            let notices = chunks::get(ports, scope, &chunk.at).await?.chunk.notices;
            let of_chunk = facts.get(&chunk.at.number);
            for (index, (notice, entry)) in (0_u32..).zip(notices.into_iter().zip(&chunk.entries)) {
                let under_way = chunk.state == ChunkState::HandingOver && entry.goes_next();
                let in_doubt = under_way || may_have_been_taken(wave.channel, entry);
                if *entry == Entry::StandsBy {
                    continue;
                }
                let known = of_chunk.and_then(|facts| facts.get(&index)).cloned().unwrap_or_default();
                // A report proves a hand-over, whatever was answered to it.
                let handed_over = in_doubt || was_handed_over(entry) || !known.is_empty();
                let reach = reach(if in_doubt { &Entry::InDoubt } else { entry }, &known);
                // What takes a notice back fulfils nothing.
                let first_reached = match (wave.phase, &reach) {
                    (Phase::First | Phase::FollowUp | Phase::Correction, Reach::Reached(at)) => Some(*at),
                    (Phase::Withdrawal, Reach::Reached(_))
                    | (_, Reach::Unreachable(_) | Reach::Pending | Reach::Undecided) => None,
                };
                let key = (wave.obligation, Who::of(&notice.recipient));
                let one = Told {
                    version: head.version,
                    wave: wave.number,
                    recipient: notice.recipient,
                    phase: wave.phase,
                    reach,
                    first_reached,
                    tried: if handed_over { vec![wave.channel] } else { Vec::new() },
                    handed_over,
                };
                let both = match told.remove(&key) {
                    Some(other) => together(other, one),
                    None => one,
                };
                told.insert(key, both);
            }
        }
    }
    Ok(told)
}

/// Of a notice and of a later one to the same recipient, which was called up in its place or stands in a later plan, what
/// counts: the later one, unless that told nobody and the first may have.
fn together(first: Told, second: Told) -> Told {
    let tried: BTreeSet<Channel> = first.tried.iter().chain(&second.tried).copied().collect();
    let first_reached = first.first_reached.into_iter().chain(second.first_reached).min();
    let told_nobody = !second.handed_over || matches!(second.reach, Reach::Unreachable(_));
    let first_may_have = first.handed_over && !matches!(first.reach, Reach::Unreachable(_));
    let called_up = first.version == second.version;
    let counts = match first.reach {
        Reach::Reached(_) if called_up => first,
        Reach::Reached(_) | Reach::Pending | Reach::Undecided if told_nobody && first_may_have => first,
        Reach::Reached(_) | Reach::Pending | Reach::Undecided | Reach::Unreachable(_) => second,
    };
    Told { tried: tried.into_iter().collect(), first_reached, ..counts }
}

/// What goes again as a copy may have been taken the first time. And a partner that did not answer as it should may have the
/// notice: under its plan it would go again under the same id, which a later plan does not.
fn may_have_been_taken(channel: Channel, entry: &Entry) -> bool {
    match entry {
        Entry::Repeat => true,
        Entry::Throttled(_) => channel == Channel::Partner,
        Entry::Waiting
        | Entry::Accepted(_)
        | Entry::Refused(_)
        | Entry::Withheld(_)
        | Entry::InDoubt
        | Entry::Vouched
        | Entry::FoundUnsent
        | Entry::StandsBy => false,
    }
}

/// A notice that the provider refused was handed over too: its channel was tried.
fn was_handed_over(entry: &Entry) -> bool {
    entry.may_have_been_sent() || matches!(entry, Entry::Refused(_))
}

/// Everybody who was told under the plans of these versions. The last plan has the last word.
pub async fn under_all(
    ports: &impl ReadHome,
    scope: &TenantScope,
    incident: IncidentId,
    versions: &[u32],
) -> Result<ByDuty, Halt> {
    let mut told = ByDuty::new();
    for version in versions {
        let head = plans::get(ports, scope, incident, *version).await?.head;
        let waves = plans::waves(ports, scope, &head).await?;
        for (key, later) in under(ports, scope, &head, &waves).await? {
            let counts = match told.remove(&key) {
                Some(earlier) => together(earlier, later),
                None => later,
            };
            told.insert(key, counts);
        }
    }
    Ok(told)
}

/// Whether something is being handed over under the plans of these versions: its end is not known yet.
pub async fn is_under_way(
    ports: &impl ReadHome,
    scope: &TenantScope,
    incident: IncidentId,
    versions: &[u32],
) -> Result<bool, Halt> {
    for version in versions {
        let head = plans::get(ports, scope, incident, *version).await?.head;
        for wave in plans::waves(ports, scope, &head).await? {
            let at = WaveRef { incident, plan: *version, wave: wave.number };
            let standing = chunks::of_wave(ports, scope, at, &wave).await?;
            if standing.iter().any(|chunk| chunk.state == ChunkState::HandingOver) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}
