//! Everybody who is affected, from every region's people table, and their numbers, exact.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use tocsin_domain::id::PersonId;
use tocsin_domain::incident::{Incident, ScopeCount};
use tocsin_domain::outcome::Halt;
use tocsin_domain::person::Member;
use tocsin_domain::tenant::Tenant;
use tocsin_ports::TenantScope;
use tocsin_ports::store::{people, slices};

use crate::PlanPorts;

pub struct Roster {
    /// By region, each in the order of their ids. Everybody stands in one region, that of their first record.
    pub by_region: BTreeMap<String, Vec<Member>>,
    pub count: ScopeCount,
}

pub async fn read(
    ports: &impl PlanPorts,
    scope: &TenantScope,
    tenant: &Tenant,
    incident: &Incident,
) -> Result<Roster, Halt> {
    let mut count = counted_rows(ports, scope, incident).await?;
    let mut members: BTreeMap<PersonId, (Member, &str)> = BTreeMap::new();
    for region in tenant.residency.all() {
        for shard in people::SHARDS {
            read_shard(ports, scope, region, incident, shard, &mut members).await?;
        }
    }
    let mut by_region: BTreeMap<String, Vec<Member>> = BTreeMap::new();
    for (member, region) in members.into_values() {
        match &member.person.residence {
            Some(residence) => *count.by_residence.entry(residence.to_string()).or_default() += 1,
            None => count.residence_unknown += 1,
        }
        count.people += 1;
        by_region.entry(region.to_owned()).or_default().push(member);
    }
    Ok(Roster { by_region, count })
}

/// Records of one person with two countries stand in two regions: the region of the first one counts.
async fn read_shard<'a>(
    ports: &impl PlanPorts,
    scope: &TenantScope,
    region: &'a str,
    incident: &Incident,
    shard: &str,
    members: &mut BTreeMap<PersonId, (Member, &'a str)>,
) -> Result<(), Halt> {
    let mut after = None;
    loop {
        let (page, next) = people::page(ports, scope, region, incident.roster(), shard, after).await?;
        for record in page {
            match members.entry(record.person.id) {
                Entry::Vacant(unknown) => {
                    unknown.insert((Member::of(record), region));
                }
                Entry::Occupied(mut known) => {
                    let (member, counts) = known.get_mut();
                    if member.slices.first().is_none_or(|first| record.slice < *first) {
                        *counts = region;
                    }
                    member.add(record);
                }
            }
        }
        match next {
            Some(next) => after = Some(next),
            None => return Ok(()),
        }
    }
}

async fn counted_rows(
    ports: &impl PlanPorts,
    scope: &TenantScope,
    incident: &Incident,
) -> Result<ScopeCount, Halt> {
    let mut count = ScopeCount { version: incident.scope_version, ..ScopeCount::default() };
    let slices = slices::list(ports, scope, incident.roster()).await?;
    if let Some(uncut) =
        incident.datasets.iter().find(|name| !slices.iter().any(|slice| slice.dataset == **name))
    {
        return Err(Halt::Again(format!("the manifest of {uncut} is not cut yet")));
    }
    for slice in slices {
        let Some(counted) = slice.counted else {
            return Err(Halt::Again(format!("slice {} is not read to its end", slice.number)));
        };
        count.rows += counted.rows;
        count.rejected += counted.rejected;
        count.reject_files.extend(counted.reject_file);
    }
    Ok(count)
}
