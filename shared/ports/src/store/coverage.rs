//! Coverage by obligation: computed from the chunks and the receipts, each time it is asked for.

use std::collections::{BTreeMap, BTreeSet};

use tocsin_domain::coverage::Coverage;
use tocsin_domain::id::ObligationId;
use tocsin_domain::outcome::Halt;
use tocsin_domain::plan::Plan;
use tocsin_domain::receipt::{Unreachable, reach};

use super::plans::WaveRef;
use super::{chunks, receipts};
use crate::scope::TenantScope;
use crate::table::ReadHome;

/// The coverage of each obligation that notices of the plan fulfil.
pub async fn of_plan(
    ports: &impl ReadHome,
    scope: &TenantScope,
    plan: &Plan,
) -> Result<BTreeMap<ObligationId, Coverage>, Halt> {
    let mut by_obligation: BTreeMap<ObligationId, Coverage> = BTreeMap::new();
    for (obligation, people) in &plan.no_address {
        let coverage = by_obligation.entry(*obligation).or_default();
        coverage.unreachable.insert(Unreachable::NoLawfulAddress, *people);
    }
    for wave in &plan.waves {
        let at = WaveRef { incident: plan.incident, plan: plan.version, wave: wave.number };
        let of_wave = of_wave(ports, scope, at).await?;
        by_obligation.entry(wave.obligation).or_default().merge(&of_wave);
    }
    Ok(by_obligation)
}

async fn of_wave(ports: &impl ReadHome, scope: &TenantScope, wave: WaveRef) -> Result<Coverage, Halt> {
    let facts = receipts::of_wave(ports, scope, wave).await?;
    let nothing = BTreeSet::new();
    let mut coverage = Coverage::default();
    for chunk in chunks::of_wave(ports, scope, wave).await? {
        let of_chunk = facts.get(&chunk.chunk.at.number);
        for (index, entry) in (0_u32..).zip(&chunk.entries) {
            let known = of_chunk.and_then(|facts| facts.get(&index)).unwrap_or(&nothing);
            coverage.add(&reach(entry, known));
        }
    }
    Ok(coverage)
}
