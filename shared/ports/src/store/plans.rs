//! Plans, their approvals, and the gates that every claim passes.
//!
//! A gate says which plan is approved, whether the incident is halted, and which waves are paused. Each claim checks one in
//! its own transaction. There are eight with the same content, chosen by chunk, because two transactions on one item
//! get in each other's way; an approval, hold, release, cancel or pause writes all eight in one transaction.

use jiff::Timestamp;
use tocsin_audit::{Action, Actor, Leaf};
use tocsin_domain::chunk::ChunkRef;
use tocsin_domain::feasibility::Answer;
use tocsin_domain::id::IncidentId;
use tocsin_domain::incident::{Halt as IncidentHalt, Incident, PlanRef};
use tocsin_domain::obligation::Obligation;
use tocsin_domain::outcome::{Halt, Parked};
use tocsin_domain::plan::{Approval, Plan, PlanHead, Wave, obligations_root, waves_tree};

use super::incidents::{self, Versioned};
use super::wake::{self, Kind, waking};
use super::{
    all, doc, missing, overtaken, read_doc, read_json, read_proven, unreadable, with_doc, with_proof,
};
use crate::scope::TenantScope;
use crate::table::{Attributes, Condition, Item, Key, ReadHome, Test, Value, Write, WriteHome};

const GATES: u32 = 8;

/// A wave that somebody has to look at: where its plan is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct WaveRef {
    pub incident: IncidentId,
    pub plan: u32,
    pub wave: u32,
}

impl WaveRef {
    /// The wave that a chunk belongs to.
    pub fn of(chunk: &ChunkRef) -> Self {
        Self { incident: chunk.incident, plan: chunk.plan, wave: chunk.wave }
    }

    /// A chunk of this wave.
    pub fn chunk(&self, number: u32) -> ChunkRef {
        ChunkRef { incident: self.incident, plan: self.plan, wave: self.wave, number }
    }
}

/// A plan's head with the approvals it has so far. Its lists are read by the functions below, which answer only with
/// what the head stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPlan {
    pub head: PlanHead,
    pub hash: String,
    pub approvals: Vec<Approval>,
    approvals_version: i64,
}

/// A version that no other run uses: two runs over the same incident write to different keys, and only the one
/// that still finds the incident as it left it puts its plan in force.
pub async fn next_version(
    ports: &(impl ReadHome + WriteHome),
    scope: &TenantScope,
    was: &Versioned,
) -> Result<(Versioned, u32), Halt> {
    let mut incident = was.incident.clone();
    incident.plan_versions += 1;
    incidents::change(ports, scope, was, &incident, &[], Vec::new()).await?;
    let version = incident.plan_versions;
    Ok((incidents::get(ports, scope, incident.id).await?, version))
}

/// Puts the lists and the brief of a plan that is being made, and its waves into the index. Until the plan is in force
/// they lead nowhere. The brief is what every notice is rendered from; no person's data is in it.
pub async fn put_parts(
    ports: &impl WriteHome,
    scope: &TenantScope,
    plan: &Plan,
    brief: &str,
) -> Result<(), Halt> {
    let (incident, version) = (plan.head.incident, plan.head.version);
    let mut items = vec![Item {
        key: brief_key(scope, incident, version),
        attributes: Attributes::from([("brief", brief.into())]),
    }];
    for (number, obligation) in (0_u32..).zip(&plan.obligations) {
        let key = scope.key(&[&incident.to_string()], format!("{}{number:05}", duty_prefix(version)));
        items.push(Item { key, attributes: with_doc(obligation)? });
    }
    for (wave, proof) in plan.waves.iter().zip(waves_tree(&plan.waves).proofs()) {
        let mut attributes = with_proof(wave, &proof)?;
        if !wave.stands_by {
            attributes.extend(waking(scope, Kind::Waves, wave.start));
        }
        let at = WaveRef { incident, plan: version, wave: wave.number };
        items.push(Item { key: wave_key(scope, at), attributes });
    }
    Ok(ports.put_all(items).await?)
}

/// Keeps whether a plan can be carried out in time, as it was last reckoned. It hangs on quotas that change, so no
/// approval binds it.
pub async fn put_outlook(
    ports: &impl WriteHome,
    scope: &TenantScope,
    incident: IncidentId,
    version: u32,
    outlook: &Answer,
) -> Result<(), Halt> {
    let item = Item { key: outlook_key(scope, incident, version), attributes: with_doc(outlook)? };
    Ok(ports.put_all(vec![item]).await?)
}

pub async fn outlook(
    ports: &impl ReadHome,
    scope: &TenantScope,
    incident: IncidentId,
    version: u32,
) -> Result<Option<Answer>, Halt> {
    let item = ports.get(&outlook_key(scope, incident, version)).await?;
    item.as_ref().map(read_doc).transpose()
}

/// Puts a plan whose chunks and parts stand in the store, makes it the one in force, and closes the gates.
pub async fn put(
    ports: &impl WriteHome,
    scope: &TenantScope,
    was: &Versioned,
    now_is: &Incident,
    head: &PlanHead,
    leaves: &[Leaf],
) -> Result<(), Halt> {
    let attributes = Attributes::from([
        ("doc", doc(head)?),
        ("hash", head.hash().into()),
        ("approvals", "[]".into()),
        ("approvals_version", Value::Number(0)),
    ]);
    let mut writes = vec![Write::Put {
        key: plan_key(scope, head.incident, head.version),
        attributes,
        only_if: Condition::Absent,
    }];
    writes.extend(gates(scope, head.incident, paused(now_is), vec!["approved"]));
    incidents::change(ports, scope, was, now_is, leaves, writes).await
}

/// The leaf of a plan that was made. Its id comes from the plan alone, so whoever holds the plan can name it.
pub fn made_leaf(scope: &TenantScope, head: &PlanHead, waves: usize, at: Timestamp) -> Leaf {
    let made = [("plan", head.hash()), ("version", head.version.to_string()), ("waves", waves.to_string())];
    of_plan(scope, head, at, (Action::PlanMade, "waits for its approvals"), made)
}

/// The leaf of the count that a plan rests on, named in the same way.
pub fn counted_leaf(scope: &TenantScope, head: &PlanHead, at: Timestamp) -> Leaf {
    let counted = [
        ("people", head.scope.people.to_string()),
        ("rows", head.scope.rows.to_string()),
        ("rejected", head.scope.rejected.to_string()),
    ];
    of_plan(scope, head, at, (Action::ScopeCounted, "every slice was read"), counted)
}

fn of_plan<const N: usize>(
    scope: &TenantScope,
    head: &PlanHead,
    at: Timestamp,
    (action, why): (Action, &str),
    subject: [(&'static str, String); N],
) -> Leaf {
    let actor = Actor::Function("plan".to_owned());
    Leaf::new(scope.tenant(), Some(head.incident), at, actor, action, why, subject)
}

/// The head behind its hash. Parked when the stored one is another.
pub async fn get(
    ports: &impl ReadHome,
    scope: &TenantScope,
    incident: IncidentId,
    version: u32,
) -> Result<StoredPlan, Halt> {
    let Some(item) = ports.get(&plan_key(scope, incident, version)).await? else {
        return Err(missing(format!("plan {version} of the incident {incident}")));
    };
    let head: PlanHead = read_doc(&item)?;
    let hash = item.text("hash").map(str::to_owned).ok_or_else(|| unreadable(&item))?;
    if head.hash() != hash {
        return Err(changed("head"));
    }
    Ok(StoredPlan {
        head,
        hash,
        approvals: read_json(&item, "approvals")?,
        approvals_version: item.number("approvals_version").ok_or_else(|| unreadable(&item))?,
    })
}

/// The plan's obligations, in order.
pub async fn obligations(
    ports: &impl ReadHome,
    scope: &TenantScope,
    head: &PlanHead,
) -> Result<Vec<Obligation>, Halt> {
    let partition = scope.partition(&[&head.incident.to_string()]);
    let items = all(ports, partition, &duty_prefix(head.version)).await?;
    let obligations = items.iter().map(read_doc).collect::<Result<Vec<Obligation>, Halt>>()?;
    if obligations_root(&obligations) != head.obligations {
        return Err(changed("obligations"));
    }
    Ok(obligations)
}

/// The plan's waves, in order.
pub async fn waves(ports: &impl ReadHome, scope: &TenantScope, head: &PlanHead) -> Result<Vec<Wave>, Halt> {
    let partition = scope.partition(&[&head.incident.to_string()]);
    let items = all(ports, partition, &wave_prefix(head.version)).await?;
    let waves = items.iter().map(read_doc).collect::<Result<Vec<Wave>, Halt>>()?;
    if waves_tree(&waves).root() != head.waves {
        return Err(changed("waves"));
    }
    Ok(waves)
}

/// One wave, without reading the others.
pub async fn wave(
    ports: &impl ReadHome,
    scope: &TenantScope,
    head: &PlanHead,
    number: u32,
) -> Result<Wave, Halt> {
    let at = WaveRef { incident: head.incident, plan: head.version, wave: number };
    let Some(item) = ports.get(&wave_key(scope, at)).await? else {
        return Err(missing(format!("wave {number} of plan {}", head.version)));
    };
    let (wave, proof) = read_proven(&item)?;
    if !head.holds_wave(&wave, &proof) {
        return Err(changed("wave"));
    }
    Ok(wave)
}

/// What every notice of the plan is rendered from, as the renderer reads it.
pub async fn brief(ports: &impl ReadHome, scope: &TenantScope, head: &PlanHead) -> Result<String, Halt> {
    let Some(item) = ports.get(&brief_key(scope, head.incident, head.version)).await? else {
        return Err(missing(format!("the brief of plan {}", head.version)));
    };
    let brief = item.text("brief").ok_or_else(|| unreadable(&item))?;
    if !head.holds_brief(brief) {
        return Err(changed("brief"));
    }
    Ok(brief.to_owned())
}

/// What stands in the store is not what was planned: nothing of it may be acted on.
pub(super) fn changed(part: &str) -> Halt {
    let detail = format!(
        "the {part} in the store is not the one behind the plan's hash: somebody changed it; hold the incident, find \
         out who, and make a new plan"
    );
    Halt::Park(Parked::Notice { detail })
}

/// Adds an approval; `opens` makes it the last one needed: the gates then open for exactly this plan, whose
/// stored hash has to be the approved one. A stored plan never changes.
pub async fn approve(
    ports: &impl WriteHome,
    scope: &TenantScope,
    stored: &StoredPlan,
    approval: &Approval,
    incident: (&Versioned, &Incident),
    opens: bool,
    leaf: &Leaf,
) -> Result<(), Halt> {
    let mut approvals = stored.approvals.clone();
    approvals.push(approval.clone());
    let key = plan_key(scope, stored.head.incident, stored.head.version);
    let mut writes = vec![Write::Update {
        key,
        set: Attributes::from([
            ("approvals", doc(&approvals)?),
            ("approvals_version", Value::Number(stored.approvals_version + 1)),
        ]),
        remove: Vec::new(),
        only_if: Condition::Present(vec![
            Test::Is("approvals_version", stored.approvals_version.into()),
            Test::Is("hash", approval.hash.clone().into()),
        ]),
    }];
    if opens {
        let set = Attributes::from([("approved", Value::Number(stored.head.version.into()))]);
        writes.extend(gates(scope, stored.head.incident, set, Vec::new()));
    }
    incidents::change(ports, scope, incident.0, incident.1, std::slice::from_ref(leaf), writes).await
}

/// Begins a new version of the plan: the gates close in the same transaction. When this returns, nothing is claimed any
/// more until the new version is approved.
pub async fn amend(
    ports: &impl WriteHome,
    scope: &TenantScope,
    incident: (&Versioned, &Incident),
    leaf: &Leaf,
) -> Result<(), Halt> {
    let writes = gates(scope, incident.1.id, Attributes::new(), vec!["approved"]).collect();
    incidents::change(ports, scope, incident.0, incident.1, std::slice::from_ref(leaf), writes).await
}

/// A version of an incident's plan that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    pub head: PlanHead,
    /// Whether somebody approved it: under such a version something may have been handed over.
    pub is_approved: bool,
}

/// Every version of an incident's plan, ascending.
pub async fn made(
    ports: &impl ReadHome,
    scope: &TenantScope,
    incident: IncidentId,
) -> Result<Vec<Made>, Halt> {
    let items = all(ports, scope.partition(&[&incident.to_string()]), "plan#").await?;
    let made = items.iter().map(|item| {
        let approvals: Vec<Approval> = read_json(item, "approvals")?;
        Ok(Made { head: read_doc(item)?, is_approved: !approvals.is_empty() })
    });
    made.collect()
}

/// The versions of an incident's plan that somebody approved, ascending.
pub async fn approved_versions(
    ports: &impl ReadHome,
    scope: &TenantScope,
    incident: IncidentId,
) -> Result<Vec<u32>, Halt> {
    let made = made(ports, scope, incident).await?;
    Ok(made.into_iter().filter(|made| made.is_approved).map(|made| made.head.version).collect())
}

/// Halts or releases an incident at all its gates. When this returns, nothing is claimed any more.
pub async fn set_halt(
    ports: &impl WriteHome,
    scope: &TenantScope,
    incident: (&Versioned, &Incident),
    leaf: &Leaf,
) -> Result<(), Halt> {
    let (set, remove) = match incident.1.halt {
        Some(halt) => (Attributes::from([("halted", halt.as_str().into())]), Vec::new()),
        None => (Attributes::new(), vec!["halted"]),
    };
    let writes = gates(scope, incident.1.id, set, remove).collect();
    incidents::change(ports, scope, incident.0, incident.1, std::slice::from_ref(leaf), writes).await
}

/// Writes which waves are paused at all gates. When this returns, nothing of a wave that is newly paused is claimed any
/// more.
pub async fn set_pauses(
    ports: &impl WriteHome,
    scope: &TenantScope,
    incident: (&Versioned, &Incident),
    leaf: &Leaf,
) -> Result<(), Halt> {
    let writes = gates(scope, incident.1.id, paused(incident.1), Vec::new()).collect();
    incidents::change(ports, scope, incident.0, incident.1, std::slice::from_ref(leaf), writes).await
}

/// The paused waves as a gate holds them: each number between two semicolons.
fn paused(incident: &Incident) -> Attributes {
    let waves = incident.pauses.keys().filter(|wave| incident.is_paused(**wave));
    let list: String = waves.map(|wave| format!("{wave};")).collect();
    Attributes::from([("paused", format!(";{list}").into())])
}

/// Whether notices of the plan in force may go out now, as far as a look can tell. The claim decides.
pub fn is_open(incident: &Incident, plan: &PlanRef) -> bool {
    incident.plan.as_ref() == Some(plan)
        && incident.stage == tocsin_domain::incident::Stage::Sending
        && match incident.halt {
            None => true,
            Some(IncidentHalt::Held | IncidentHalt::Cancelled) => false,
        }
}

/// The condition of a claim: this plan is approved, the incident is not halted, and the wave is not paused.
pub(super) fn gate_check(scope: &TenantScope, chunk: &ChunkRef) -> Write {
    Write::Check {
        key: gate_key(scope, chunk.incident, chunk.number % GATES),
        only_if: Condition::Present(vec![
            Test::Is("approved", Value::Number(chunk.plan.into())),
            Test::Missing("halted"),
            Test::Lacks("paused", format!(";{};", chunk.wave)),
        ]),
    }
}

/// The condition of whatever else leaves: the incident is not halted.
pub(super) fn not_halted(scope: &TenantScope, incident: IncidentId) -> Write {
    let only_if = Condition::Present(vec![Test::Missing("halted")]);
    Write::Check { key: gate_key(scope, incident, 0), only_if }
}

fn gates(
    scope: &TenantScope,
    incident: IncidentId,
    set: Attributes,
    remove: Vec<&'static str>,
) -> impl Iterator<Item = Write> {
    (0..GATES).map(move |gate| Write::Update {
        key: gate_key(scope, incident, gate),
        set: set.clone(),
        remove: remove.clone(),
        only_if: Condition::Always,
    })
}

/// What a wave waits for that follows a canary. No other wave waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitsFor {
    /// Until each of its chunks was claimed.
    Canary,
    /// The canary has gone; from `again` on it is judged by what is known of it then.
    Receipts,
    /// The canary cleared it.
    Nothing,
}

impl WaitsFor {
    const STORED: [(Self, Option<i64>); 3] =
        [(Self::Canary, None), (Self::Receipts, Some(1)), (Self::Nothing, Some(2))];

    fn stored(self) -> Option<i64> {
        Self::STORED.into_iter().find(|(known, _)| *known == self).and_then(|(_, stored)| stored)
    }

    fn of_stored(number: Option<i64>) -> Option<Self> {
        Self::STORED.into_iter().find(|(_, stored)| *stored == number).map(|(known, _)| known)
    }
}

/// How far a wave is on its queue, and when somebody has to look at it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// The chunks below this number were put on the queue since the wave was last looked at from its first chunk on.
    /// It says where to go on, and nothing of what was claimed.
    pub queued: u32,
    pub waits_for: WaitsFor,
    /// `None` once no chunk waits for its first claim.
    pub again: Option<Timestamp>,
}

impl Look {
    /// Nobody has to look any more.
    pub const OVER: Self = Self { queued: 0, waits_for: WaitsFor::Canary, again: None };
}

/// What was last said of a wave. The index that leads to it lags behind: only this counts.
pub async fn wave_look(ports: &impl ReadHome, scope: &TenantScope, wave: WaveRef) -> Result<Look, Halt> {
    let Some(item) = ports.get(&wave_key(scope, wave)).await? else {
        return Err(missing(format!("wave {} of plan {}", wave.wave, wave.plan)));
    };
    let queued = match item.number("queued") {
        Some(queued) => queued.try_into().map_err(|_| unreadable(&item))?,
        None => 0,
    };
    let again = item.text("wake").map(str::parse).transpose().map_err(|_| unreadable(&item))?;
    let waits_for = WaitsFor::of_stored(item.number("follows")).ok_or_else(|| unreadable(&item))?;
    Ok(Look { queued, waits_for, again })
}

pub async fn look_at_wave(
    ports: &impl WriteHome,
    scope: &TenantScope,
    wave: WaveRef,
    look: Look,
) -> Result<(), Halt> {
    let mut set = look.again.map(|at| waking(scope, Kind::Waves, at)).unwrap_or_default();
    set.insert("queued", Value::Number(look.queued.into()));
    set.extend(look.waits_for.stored().map(|number| ("follows", Value::Number(number))));
    let write = Write::Update {
        key: wave_key(scope, wave),
        set,
        remove: if look.again.is_none() { wake::ATTRIBUTES.to_vec() } else { Vec::new() },
        only_if: Condition::Present(Vec::new()),
    };
    ports.write(vec![write]).await.map_err(overtaken)
}

/// Has every wave of a plan that still has chunks to go looked at from its first chunk on: what was skipped while the
/// plan or a wave was stopped lies before where they would go on.
pub async fn begin_again(
    ports: &(impl ReadHome + WriteHome),
    scope: &TenantScope,
    incident: IncidentId,
    plan: u32,
) -> Result<(), Halt> {
    let head = get(ports, scope, incident, plan).await?.head;
    for wave in waves(ports, scope, &head).await? {
        let at = WaveRef { incident, plan, wave: wave.number };
        let look = wave_look(ports, scope, at).await?;
        if look.again.is_some() && look.queued > 0 {
            look_at_wave(ports, scope, at, Look { queued: 0, ..look }).await?;
        }
    }
    Ok(())
}

/// The waves whose start has come.
pub async fn waves_to_start(
    ports: &impl ReadHome,
    scope: &TenantScope,
    now: Timestamp,
) -> Result<Vec<WaveRef>, Halt> {
    let woken = wake::woken(ports, scope, Kind::Waves, now).await?;
    Ok(woken.iter().filter_map(|woken| wave_of(scope, &woken.key)).collect())
}

fn plan_key(scope: &TenantScope, incident: IncidentId, version: u32) -> Key {
    scope.key(&[&incident.to_string()], format!("plan#{version:04}"))
}

fn outlook_key(scope: &TenantScope, incident: IncidentId, plan: u32) -> Key {
    scope.key(&[&incident.to_string()], format!("outlook#{plan:04}"))
}

fn gate_key(scope: &TenantScope, incident: IncidentId, gate: u32) -> Key {
    scope.key(&[&incident.to_string()], format!("gate#{gate}"))
}

fn brief_key(scope: &TenantScope, incident: IncidentId, plan: u32) -> Key {
    scope.key(&[&incident.to_string()], format!("brief#{plan:04}"))
}

fn duty_prefix(plan: u32) -> String {
    format!("duty#{plan:04}-")
}

fn wave_prefix(plan: u32) -> String {
    format!("wave#{plan:04}-")
}

fn wave_key(scope: &TenantScope, at: WaveRef) -> Key {
    scope.key(&[&at.incident.to_string()], format!("{}{:05}", wave_prefix(at.plan), at.wave))
}

fn wave_of(scope: &TenantScope, key: &Key) -> Option<WaveRef> {
    let incident = key.partition().strip_prefix(scope.tenant().as_str())?.strip_prefix('#')?.parse().ok()?;
    let (plan, wave) = key.sort().strip_prefix("wave#")?.split_once('-')?;
    Some(WaveRef { incident, plan: plan.parse().ok()?, wave: wave.parse().ok()? })
}
