//! `scope`: who is affected.
//!
//! The first message of an incident cuts the manifests of its datasets into slices on line borders; each slice is a
//! message of its own, reads its people into the people table of their region, and lists its bad rows. The slice
//! that ends last asks for the plan.
//!
//! - Idempotency: slices cut again come out the same; a slice that was read is skipped; a person written again is
//!   the same item.
//! - Retried: a table, vault or queue that did not answer.
//! - Parked: a message that cannot be read. A manifest that cannot be used blocks the incident and says why:
//!   that is a decision for a person, not a message to keep.
//! - Acknowledged: when everything the message asked for stands in the store and the next message is sent.

mod manifest;
mod slicing;

use std::collections::BTreeMap;

use jiff::Timestamp;
use tocsin_audit::{Action, Actor, Leaf};
use tocsin_domain::incident::{Halt as Stop, Incident, Stage};
use tocsin_domain::link::LinkKey;
use tocsin_domain::outcome::{Halt, Outcome, Parked, Progress, settle};
use tocsin_domain::person::Record;
use tocsin_domain::personal::Personal;
use tocsin_domain::tenant::{Dataset, Tenant};
use tocsin_domain::wire::{Message, ScopeJob, read};
use tocsin_ports::store::slices::{Slice, SliceCount};
use tocsin_ports::store::{incidents, people, slices, tenants};
use tocsin_ports::{
    Enqueue, Entropy, Proof, ReadHome, ReadSecrets, ReadVault, TenantScope, WriteHome, WritePeople,
    WriteVault, jobs, secrets,
};

use crate::manifest::{Manifest, Reject};

pub trait ScopePorts:
    ReadHome + WriteHome + WritePeople + ReadVault + WriteVault + ReadSecrets + Enqueue + Entropy
{
}

impl<T> ScopePorts for T where
    T: ReadHome + WriteHome + WritePeople + ReadVault + WriteVault + ReadSecrets + Enqueue + Entropy
{
}

pub async fn step(ports: &impl ScopePorts, message: Message<'_>, now: Timestamp) -> Outcome {
    settle(scope(ports, message, now).await)
}

async fn scope(ports: &impl ScopePorts, message: Message<'_>, now: Timestamp) -> Progress {
    let job: ScopeJob = read(message)?;
    let scope = TenantScope::proven(job.tenant, Proof::OwnQueue);
    let tenant = tenants::get(ports, &scope).await?;
    let incident = incidents::get(ports, &scope, job.incident).await?.incident;
    if incident.halt == Some(Stop::Cancelled) {
        return Ok(Outcome::Skip { why: "the incident is cancelled" });
    }
    match incident.stage {
        Stage::Scoping if job.scope != incident.scope_version => {
            return Ok(Outcome::Skip { why: "a message of an earlier scope" });
        }
        Stage::Scoping => {}
        Stage::Blocked | Stage::AwaitingApproval | Stage::Sending => {
            return Ok(Outcome::Skip { why: "the incident is past its scope" });
        }
    }
    let done = match job.slice {
        None => cut(ports, &scope, &tenant, &incident).await,
        Some(number) => read_slice(ports, &scope, &tenant, &incident, number).await,
    };
    match done {
        Err(Halt::Park(Parked::Manifest { detail })) => block(ports, &scope, &incident, &detail, now).await,
        other => other,
    }
}

/// Cuts every dataset's manifest and sends a message for each slice.
async fn cut(ports: &impl ScopePorts, scope: &TenantScope, tenant: &Tenant, incident: &Incident) -> Progress {
    let mut all = Vec::new();
    for (place, name) in (0_u32..).zip(&incident.datasets) {
        let dataset = dataset(tenant, name)?;
        let manifest = open(ports, scope, dataset).await?;
        all.extend(slicing::cut(ports, &manifest, name, place).await?);
    }
    if all.is_empty() {
        let detail = "the evidence names no dataset of this tenant with a row in it; add the dataset or its bucket \
                      to the tenant's settings";
        return Err(Parked::Manifest { detail: detail.to_owned() }.into());
    }
    for name in &incident.datasets {
        let of_one: Vec<Slice> = all.iter().filter(|slice| slice.dataset == *name).cloned().collect();
        if !slices::cut(ports, scope, incident.roster(), &of_one).await? {
            return Err(changed(name).into());
        }
    }
    jobs::read_slices(ports, scope, incident, all.iter().map(|slice| slice.number)).await?;
    Ok(Outcome::Done)
}

async fn read_slice(
    ports: &impl ScopePorts,
    scope: &TenantScope,
    tenant: &Tenant,
    incident: &Incident,
    number: u32,
) -> Progress {
    let mut slice = slices::get(ports, scope, incident.roster(), number).await?;
    if slice.counted.is_none() {
        let dataset = dataset(tenant, &slice.dataset)?;
        let manifest = open(ports, scope, dataset).await?;
        slice.counted = Some(read_people(ports, scope, tenant, incident, &manifest, &slice).await?);
        slices::finish(ports, scope, incident.roster(), &slice).await?;
    }
    ask_for_plan_when_last(ports, scope, incident).await
}

async fn read_people(
    ports: &impl ScopePorts,
    scope: &TenantScope,
    tenant: &Tenant,
    incident: &Incident,
    manifest: &Manifest<'_>,
    slice: &Slice,
) -> Result<SliceCount, Halt> {
    let key = secrets::identity_key(ports, scope).await?;
    let bytes = ports.range(&manifest.dataset.manifest, &slice.tag, slice.from, slice.to).await?;
    let bytes = bytes.ok_or_else(|| changed(&manifest.dataset.name))?;
    let rows = manifest.rows(&bytes, slice.first_line, &key, || hex::encode(ports.random()));
    let read = rows.len() as u64;
    let (mut people, mut rejects) = (BTreeMap::new(), Vec::new());
    for row in rows {
        match row {
            Ok(mut person) => {
                let is_linked = tenant.senders.details.is_some() && person.phone.is_some();
                person.link_key = is_linked.then(|| Personal::new(LinkKey::of(&key, person.id)));
                people.entry(person.id).or_insert(person);
            }
            Err(reject) => rejects.push(reject),
        }
    }
    let mut by_region: BTreeMap<&str, Vec<Record>> = BTreeMap::new();
    for person in people.into_values() {
        let region = tenant.residency.region_of(person.residence.as_ref());
        by_region.entry(region).or_default().push(Record { slice: slice.number, person });
    }
    for (region, records) in by_region {
        people::put(ports, scope, region, incident.roster(), &records).await?;
    }
    let reject_file = keep_rejects(ports, scope, incident, slice, &rejects).await?;
    Ok(SliceCount { rows: read, rejected: rejects.len() as u64, reject_file })
}

/// The bad rows by line number and reason, for the person who mends the manifest. Nothing of the rows themselves.
async fn keep_rejects(
    ports: &impl WriteVault,
    scope: &TenantScope,
    incident: &Incident,
    slice: &Slice,
    rejects: &[Reject],
) -> Result<Option<String>, Halt> {
    if rejects.is_empty() {
        return Ok(None);
    }
    let file =
        scope.vault_key(&["rejects", &incident.roster().to_string(), &format!("{}.csv", slice.number)]);
    let lines: Vec<String> = rejects
        .iter()
        .map(|reject| format!("{},{},\"{}\"\n", slice.dataset, reject.line, reject.why))
        .collect();
    ports.put_file(&file, format!("dataset,line,why\n{}", lines.concat()).into_bytes()).await?;
    Ok(Some(file))
}

/// Two slices that end together may both ask: `plan` makes one plan of it.
async fn ask_for_plan_when_last(
    ports: &impl ScopePorts,
    scope: &TenantScope,
    incident: &Incident,
) -> Progress {
    let slices = slices::list(ports, scope, incident.roster()).await?;
    let incident = incidents::get(ports, scope, incident.id).await?.incident;
    if !slices::are_read(&slices, &incident.datasets) {
        return Ok(Outcome::Done);
    }
    jobs::plan(ports, scope, &incident).await?;
    Ok(Outcome::Done)
}

/// Stops the incident with what a person has to do.
async fn block(
    ports: &impl ScopePorts,
    scope: &TenantScope,
    incident: &Incident,
    detail: &str,
    now: Timestamp,
) -> Progress {
    let actor = Actor::Function("scope".to_owned());
    let leaf = Leaf::new(scope.tenant(), Some(incident.id), now, actor, Action::PlanBlocked, detail, []);
    let block = |now_is: &mut Incident| now_is.block(incident.scope_version, detail);
    incidents::amend(ports, scope, incident.id, block, &[leaf]).await?;
    Ok(Outcome::Done)
}

async fn open<'a>(
    ports: &impl ReadVault,
    scope: &TenantScope,
    dataset: &'a Dataset,
) -> Result<Manifest<'a>, Halt> {
    if !scope.owns_vault_key(&dataset.manifest) {
        let detail = format!("the manifest of {} does not lie under the tenant's own prefix", dataset.name);
        return Err(Parked::Manifest { detail }.into());
    }
    let Some(file) = ports.look(&dataset.manifest).await? else {
        let detail = format!("the manifest of {} is not in the vault", dataset.name);
        return Err(Parked::Manifest { detail }.into());
    };
    let head = ports.range(&dataset.manifest, &file.tag, 0, file.size.min(manifest::LONGEST_LINE)).await?;
    Manifest::open(dataset, file, &head.ok_or_else(|| changed(&dataset.name))?).map_err(Halt::from)
}

/// Whoever was read from the old file would stand beside whoever is read from the new one.
fn changed(dataset: &str) -> Parked {
    Parked::Manifest {
        detail: format!("the manifest of {dataset} changed while it was read: rescope the incident"),
    }
}

fn dataset<'a>(tenant: &'a Tenant, name: &str) -> Result<&'a Dataset, Halt> {
    tenant.datasets.iter().find(|dataset| dataset.name == name).ok_or_else(|| {
        Parked::Manifest { detail: format!("the dataset {name} is no longer in the tenant's settings") }
            .into()
    })
}
