//! Everybody who is affected, from every region's people table, and their numbers, exact.

use std::collections::BTreeMap;

use tocsin_domain::id::PersonId;
use tocsin_domain::incident::{Incident, ScopeCount};
use tocsin_domain::outcome::Halt;
use tocsin_domain::person::Person;
use tocsin_domain::tenant::Tenant;
use tocsin_ports::TenantScope;
use tocsin_ports::store::{people, slices};

use crate::PlanPorts;

pub struct Roster {
    /// By region, each in the order of their ids.
    pub by_region: BTreeMap<String, Vec<Person>>,
    pub count: ScopeCount,
}

pub async fn read(
    ports: &impl PlanPorts,
    scope: &TenantScope,
    tenant: &Tenant,
    incident: &Incident,
) -> Result<Roster, Halt> {
    let mut count = counted_rows(ports, scope, incident).await?;
    let mut by_region = BTreeMap::new();
    for region in regions(tenant) {
        by_region.insert(region.to_owned(), of_region(ports, scope, region, incident).await?);
    }
    once_each(&mut by_region);
    for person in by_region.values().flatten() {
        match &person.residence {
            Some(residence) => *count.by_residence.entry(residence.to_string()).or_default() += 1,
            None => count.residence_unknown += 1,
        }
        count.people += 1;
    }
    Ok(Roster { by_region, count })
}

/// Two records of one person with two countries stand in two regions: here too the first row counts.
fn once_each(by_region: &mut BTreeMap<String, Vec<Person>>) {
    let mut first: BTreeMap<PersonId, (u64, String)> = BTreeMap::new();
    for (region, people) in by_region.iter() {
        for person in people {
            let here = (person.row, region.clone());
            let known = first.entry(person.id).or_insert_with(|| here.clone());
            if here < *known {
                *known = here;
            }
        }
    }
    for (region, people) in by_region.iter_mut() {
        people.retain(|person| first.get(&person.id).is_some_and(|(_, counts)| counts == region));
    }
}

/// The regions in which this tenant's people can be.
fn regions(tenant: &Tenant) -> std::collections::BTreeSet<&str> {
    let named = tenant.residency.regions.values().chain([&tenant.residency.otherwise]);
    named.map(String::as_str).collect()
}

async fn counted_rows(
    ports: &impl PlanPorts,
    scope: &TenantScope,
    incident: &Incident,
) -> Result<ScopeCount, Halt> {
    let mut count = ScopeCount::default();
    let slices = slices::list(ports, scope, incident.id).await?;
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

async fn of_region(
    ports: &impl PlanPorts,
    scope: &TenantScope,
    region: &str,
    incident: &Incident,
) -> Result<Vec<Person>, Halt> {
    let mut found = Vec::new();
    for shard in people::SHARDS {
        let mut after = None;
        loop {
            let (page, next) = people::page(ports, scope, region, incident.id, shard, after).await?;
            found.extend(page);
            match next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
    }
    Ok(found)
}
