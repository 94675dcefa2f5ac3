//! Who was told under a plan, by what became of its notices. A later plan of the incident rests on it.

use std::collections::BTreeMap;

use tocsin_domain::chunk::{ChunkState, Entry};
use tocsin_domain::id::{IncidentId, ObligationId, PersonId};
use tocsin_domain::notice::Recipient;
use tocsin_domain::outcome::Halt;
use tocsin_domain::plan::{Channel, PlanHead, Wave};
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
    pub reach: Reach,
    /// The channels that were tried.
    pub tried: Vec<Channel>,
}

pub type ByDuty = BTreeMap<(ObligationId, Who), Told>;

/// Everybody to whom something was handed over under a plan, or may have been.
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
                if !(under_way || was_handed_over(entry)) {
                    continue;
                }
                let known = of_chunk.and_then(|facts| facts.get(&index)).cloned().unwrap_or_default();
                let reach = reach(if under_way { &Entry::InDoubt } else { entry }, &known);
                let key = (wave.obligation, Who::of(&notice.recipient));
                let one = Told {
                    version: head.version,
                    wave: wave.number,
                    recipient: notice.recipient,
                    reach,
                    tried: vec![wave.channel],
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

/// Of the first notice and of the one that was called up in its place, what counts.
fn together(first: Told, second: Told) -> Told {
    let mut tried = first.tried.clone();
    tried.extend(&second.tried);
    let counts = match (&first.reach, &second.reach) {
        (Reach::Reached, _) | (_, Reach::Unreachable(_)) => first,
        (Reach::Unreachable(_) | Reach::Pending | Reach::Undecided, _) => second,
    };
    Told { tried, ..counts }
}

/// A notice that the provider refused was handed over too: its channel was tried.
fn was_handed_over(entry: &Entry) -> bool {
    match entry {
        Entry::Accepted(_) | Entry::InDoubt | Entry::Repeat | Entry::Vouched | Entry::Refused(_) => true,
        Entry::Waiting | Entry::Throttled(_) | Entry::Withheld(_) | Entry::StandsBy => false,
    }
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
        told.extend(under(ports, scope, &head, &waves).await?);
    }
    Ok(told)
}
