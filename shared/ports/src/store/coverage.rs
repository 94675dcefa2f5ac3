//! Coverage by obligation: computed from the chunks and the receipts, each time it is asked for.

use std::collections::{BTreeMap, BTreeSet};

use tocsin_domain::coverage::Coverage;
use tocsin_domain::id::ObligationId;
use tocsin_domain::outcome::Halt;
use tocsin_domain::plan::{PlanHead, Wave};
use tocsin_domain::receipt::{Unreachable, reach};

use super::plans::WaveRef;
use super::{chunks, receipts};
use crate::scope::TenantScope;
use crate::table::ReadHome;

/// The coverage of each obligation that notices of the plan fulfil.
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
    for wave in waves {
        let at = WaveRef { incident: head.incident, plan: head.version, wave: wave.number };
        let of_wave = of_wave(ports, scope, at, wave).await?;
        by_obligation.entry(wave.obligation).or_default().merge(&of_wave);
    }
    Ok(by_obligation)
}

async fn of_wave(
    ports: &impl ReadHome,
    scope: &TenantScope,
    at: WaveRef,
    wave: &Wave,
) -> Result<Coverage, Halt> {
    let facts = receipts::of_wave(ports, scope, at).await?;
    let nothing = BTreeSet::new();
    let mut coverage = Coverage::default();
    for chunk in chunks::of_wave(ports, scope, at, wave).await? {
        let of_chunk = facts.get(&chunk.at.number);
        for (index, entry) in (0_u32..).zip(&chunk.entries) {
            let known = of_chunk.and_then(|facts| facts.get(&index)).unwrap_or(&nothing);
            coverage.add(&reach(entry, known));
        }
    }
    Ok(coverage)
}
