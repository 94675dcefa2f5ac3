//! Coverage by obligation: computed from the chunks and the receipts, each time it is asked for.

use std::collections::BTreeMap;

use jiff::Timestamp;
use tocsin_domain::chunk::Entry;
use tocsin_domain::coverage::Coverage;
use tocsin_domain::id::ObligationId;
use tocsin_domain::notice::Place;
use tocsin_domain::outcome::Halt;
use tocsin_domain::plan::{Phase, PlanHead, Wave};
use tocsin_domain::receipt::{Known, Reach, Unreachable, reach};

use super::plans::WaveRef;
use super::told::{self, ByDuty, Who};
use super::{chunks, receipts};
use crate::scope::TenantScope;
use crate::table::ReadHome;

/// The coverage of each obligation that notices of the plan fulfil, or that an earlier plan's did: the last notice to a
/// recipient counts.
pub async fn of_plan(
    ports: &impl ReadHome,
    scope: &TenantScope,
    head: &PlanHead,
    waves: &[Wave],
) -> Result<BTreeMap<ObligationId, Coverage>, Halt> {
    let mut by_obligation: BTreeMap<ObligationId, Coverage> = BTreeMap::new();
    for (obligation, people) in &head.no_address {
        let coverage = by_obligation.entry(*obligation).or_default();
        coverage.unreachable.insert(Unreachable::NoLawfulAddress, *people);
    }
    let called = called_up(ports, scope, head, waves).await?;
    let mut told = told::under_all(ports, scope, head.incident, &head.earlier).await?;
    for wave in waves.iter().filter(|wave| !wave.stands_by) {
        let before = reached_before(ports, scope, place_of(head, wave), wave, &mut told).await?;
        let of_wave = of_wave(ports, scope, place_of(head, wave), wave, (&called, &before)).await?;
        by_obligation.entry(wave.obligation).or_default().merge(&of_wave);
    }
    // Those who have no notice in this plan.
    for (key, told) in told {
        add(by_obligation.entry(key.0).or_default(), told.phase, told.first_reached, &told.reach);
    }
    Ok(by_obligation)
}

/// When an earlier plan's notice reached those who have one in this wave. They are taken out of those who were told: what
/// became of the earlier notice counts no more but for this.
async fn reached_before(
    ports: &impl ReadHome,
    scope: &TenantScope,
    at: WaveRef,
    wave: &Wave,
    told: &mut ByDuty,
) -> Result<BTreeMap<Place, Timestamp>, Halt> {
    let mut before = BTreeMap::new();
    if told.is_empty() {
        return Ok(before);
    }
    for chunk in chunks::planned_in(ports, scope, at).await? {
        for (index, notice) in (0..).zip(&chunk.notices) {
            let earlier = told.remove(&(wave.obligation, Who::of(&notice.recipient)));
            if let Some(reached) = earlier.and_then(|told| told.first_reached) {
                before.insert(Place { wave: wave.number, chunk: chunk.at.number, index }, reached);
            }
        }
    }
    Ok(before)
}

/// How far the notices have come that were called up, by the place of the notice that each takes the place of.
async fn called_up(
    ports: &impl ReadHome,
    scope: &TenantScope,
    head: &PlanHead,
    waves: &[Wave],
) -> Result<BTreeMap<Place, Reach>, Halt> {
    let mut called = BTreeMap::new();
    for wave in waves.iter().filter(|wave| wave.stands_by) {
        let at = place_of(head, wave);
        let standing = chunks::of_wave(ports, scope, at, wave).await?;
        let touched =
            standing.iter().filter(|chunk| chunk.entries.iter().any(|entry| *entry != Entry::StandsBy));
        let mut facts = None;
        for standing in touched {
            let facts = match &mut facts {
                Some(known) => known,
                None => facts.insert(receipts::of_wave(ports, scope, at).await?),
            };
            let chunk = chunks::get(ports, scope, &standing.at).await?.chunk;
            let reaches = reaches(&standing.entries, facts.get(&standing.at.number));
            for ((notice, entry), reach) in chunk.notices.iter().zip(&standing.entries).zip(reaches) {
                if let Some(place) = notice.counterpart.filter(|_| *entry != Entry::StandsBy) {
                    called.insert(place, reach);
                }
            }
        }
    }
    Ok(called)
}

async fn of_wave(
    ports: &impl ReadHome,
    scope: &TenantScope,
    at: WaveRef,
    wave: &Wave,
    (called, before): (&BTreeMap<Place, Reach>, &BTreeMap<Place, Timestamp>),
) -> Result<Coverage, Halt> {
    let facts = receipts::of_wave(ports, scope, at).await?;
    let mut coverage = Coverage::default();
    for chunk in chunks::of_wave(ports, scope, at, wave).await? {
        let number = chunk.at.number;
        for (index, first) in (0_u32..).zip(reaches(&chunk.entries, facts.get(&number))) {
            let place = Place { wave: wave.number, chunk: number, index };
            let reach = match called.get(&place) {
                // Whoever turns out to have got the first one after all is reached, since the earlier of the two.
                Some(second) => {
                    coverage.moved += 1;
                    match (&first, second) {
                        (Reach::Reached(at), Reach::Reached(other)) if other < at => second,
                        (Reach::Reached(_), _) => &first,
                        (Reach::Unreachable(_) | Reach::Pending | Reach::Undecided, _) => second,
                    }
                }
                None => &first,
            };
            add(&mut coverage, wave.phase, before.get(&place).copied(), reach);
        }
    }
    Ok(coverage)
}

/// Counts a recipient by their newest notice, of this phase, whom an earlier one may have reached before.
fn add(coverage: &mut Coverage, phase: Phase, before: Option<Timestamp>, reach: &Reach) {
    match phase {
        Phase::First | Phase::FollowUp | Phase::Correction => coverage.add_again(before, reach),
        Phase::Withdrawal => coverage.add_withdrawal(reach),
    }
}

/// How far each notice of a chunk has come.
pub(super) fn reaches(entries: &[Entry], facts: Option<&receipts::Facts>) -> Vec<Reach> {
    let nothing = Known::new();
    let known = |index: u32| facts.and_then(|facts| facts.get(&index)).unwrap_or(&nothing);
    (0_u32..).zip(entries).map(|(index, entry)| reach(entry, known(index))).collect()
}

fn place_of(head: &PlanHead, wave: &Wave) -> WaveRef {
    WaveRef { incident: head.incident, plan: head.version, wave: wave.number }
}
