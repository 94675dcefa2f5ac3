//! The incident: what people decide about.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::chunk::ChunkRef;
use crate::id::{IncidentId, ObligationId, SignalId, TenantId};
use crate::pause::Pause;
use crate::plan::Phase;
use crate::signal::Severity;
use crate::stated::Stated;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    pub id: IncidentId,
    pub tenant: TenantId,
    pub title: String,
    pub severity: Severity,
    pub opened_at: Timestamp,
    /// The instants that laws count from, by the law's own word: `awareness`, `discovery`, ...
    pub clocks: BTreeMap<String, Timestamp>,
    /// What people stated over that, and over what the settings say of the data.
    #[serde(default)]
    pub stated: Stated,
    /// The signals that opened or joined it, oldest first.
    pub signals: Vec<SignalId>,
    /// Names of the tenant's datasets that the evidence touches: they say whose data leaked, and which.
    pub datasets: Vec<String>,
    /// Datasets that later evidence touches, which this scope does not have: the next reading takes them in.
    pub datasets_later: Vec<String>,
    pub stage: Stage,
    pub halt: Option<Halt>,
    /// How often the evidence was read from its beginning, from 1: each time, people are found anew.
    pub scope_version: u32,
    pub scope: Option<ScopeCount>,
    /// The plan in force.
    pub plan: Option<PlanRef>,
    /// What the next plan says to those who were told under an earlier one; `None` before anybody was.
    #[serde(default)]
    pub amends_by: Option<Phase>,
    /// How many versions of a plan were begun: each run of `plan` takes the next one.
    pub plan_versions: u32,
    /// What a person has to see to, in words: evidence that came after the scope, a block, a doubt.
    pub attention: Vec<String>,
    /// Waves of the plan in force that were stopped for their bounces, refusals or complaints, or because of their canary, by
    /// number; those that a person let go on among them.
    #[serde(default)]
    pub pauses: BTreeMap<u32, Pause>,
}

/// How far an incident has come. Holding and cancelling stand beside it, in [`Halt`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Who is affected is being found out.
    Scoping,
    /// The plan cannot be made or approved as things stand; `attention` says why.
    Blocked,
    /// A plan waits for its approvals.
    AwaitingApproval,
    /// Approved: notices go out when they are due.
    Sending,
}

/// A stop by a person. It is part of every claim's condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Halt {
    /// Until somebody releases it.
    Held,
    /// For good.
    Cancelled,
}

impl Halt {
    pub fn as_str(self) -> &'static str {
        match self {
            Halt::Held => "held",
            Halt::Cancelled => "cancelled",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanRef {
    pub version: u32,
    /// SHA-256 in hex over the plan's body: what an approval binds.
    pub hash: String,
}

/// A roster: everybody whom one reading of an incident's evidence found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RosterRef {
    pub incident: IncidentId,
    /// The scope version under which it was read.
    pub scope: u32,
}

impl fmt::Display for RosterRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.incident, self.scope)
    }
}

/// How many slices the manifest of one dataset has at most. Slices are numbered by the place of their dataset in the
/// incident, then by their place in its manifest.
pub const SLICES_PER_DATASET: u32 = 1_000_000;

/// The place, in the incident, of the dataset that a slice belongs to.
pub fn dataset_place(slice: u32) -> usize {
    (slice / SLICES_PER_DATASET) as usize
}

/// What stands in a task that an amendment does.
pub const UNTIL_AMENDED: &str = ", and their plan is over: amend it, and whoever was not told is told";

/// The task while letters wait that nobody has taken to the print house.
pub const LETTERS_WAIT: &str =
    "letters wait for the print house: export them (tocsin letters export), and import the proof of posting";

/// What stands in the task that names how many rules counsel has to confirm.
const FOR_COUNSEL: &str = " wait for counsel";

/// The task while notices go out by a plan that was made before people stated facts otherwise.
pub const FACTS_STATED: &str = "facts were stated since the plan was made, and it goes on as it was approved: amend it, and the next one is made from them";

/// What stands in a task about a filing that waits for its supplement.
const OF_A_FILING: &str = "a filing of the duty";

/// What stands in a task about people whom no notice reaches.
const NOBODY_LEFT: &str = "somebody cannot be reached by any channel that is left";

/// How many tasks about single chunks an incident shows at most: an item of the store takes 400 KB. What is said of duties
/// and waves is not so much, and is never kept back.
const MOST_TASKS: usize = 500;

const MORE_TASKS: &str =
    "there are more chunks to look at than are shown here: settle some of these, and the others show";

/// How a task about one chunk begins.
pub const OF_A_CHUNK: &str = "chunk ";

impl Incident {
    /// Puts a task for a person on the incident, once.
    pub fn ask(&mut self, task: String) {
        let is_one_too_many = task.starts_with(OF_A_CHUNK)
            && self.attention.iter().filter(|known| known.starts_with(OF_A_CHUNK)).count() >= MOST_TASKS;
        let task = if is_one_too_many { MORE_TASKS.to_owned() } else { task };
        if !self.attention.contains(&task) {
            self.attention.push(task);
        }
    }

    /// Takes a task off the incident, and with it that there are more: whoever has one left asks again.
    pub fn answer(&mut self, task: &str) {
        self.attention.retain(|known| known != task && known != MORE_TASKS);
    }

    /// Asks counsel to confirm so many rules on which the plan rests, in the place of what was asked of an earlier plan.
    pub fn ask_counsel(&mut self, rules: usize) {
        self.attention.retain(|task| !task.contains(FOR_COUNSEL));
        if rules > 0 {
            let Incident { id, tenant, .. } = &self;
            let task = format!(
                "{rules} of the rules on which the plan rests are not verified and{FOR_COUNSEL}: read them, and confirm them \
                 (tocsin law confirm --tenant {tenant} --incident {id})"
            );
            self.ask(task);
        }
    }

    /// Whether a wave of the plan in force is stopped. Like a halt, it is part of every claim's condition.
    pub fn is_paused(&self, wave: u32) -> bool {
        self.pauses.get(&wave).is_some_and(|pause| !pause.lifted)
    }

    /// The task while an authority waits for what an incomplete filing left open.
    pub fn supplement_task(duty: ObligationId, form: &str) -> String {
        format!(
            "{OF_A_FILING} {duty} is incomplete: supplement it without undue further delay (tocsin filing prepare --form {form})"
        )
    }

    /// The task after so many weeks.
    pub fn supplement_again_task(duty: ObligationId, form: &str, weeks: i64) -> String {
        format!("{}; weeks gone by since: {weeks}", Self::supplement_task(duty, form))
    }

    /// Whether an authority waits for what an incomplete filing left open.
    pub fn waits_for_a_supplement(&self) -> bool {
        self.attention.iter().any(|task| task.starts_with(OF_A_FILING))
    }

    /// Takes what is asked about the supplement of a duty's filing off the incident.
    pub fn forget_supplement(&mut self, duty: ObligationId) {
        let of_the_duty = format!("{OF_A_FILING} {duty} ");
        self.attention.retain(|task| !task.starts_with(&of_the_duty));
    }

    /// How every task begins about a later phase of a duty.
    pub fn phase_task(regime: &str, recipient: &str, phase: &str) -> String {
        format!("{regime} ({recipient}), {phase}")
    }

    /// How the task begins that asks a person about a paused wave.
    pub fn paused_task(wave: u32) -> String {
        format!("wave {wave} is paused ")
    }

    /// Takes the question about a paused wave off the incident.
    pub fn answer_pause(&mut self, wave: u32) {
        let question = Self::paused_task(wave);
        let asked = self.attention.iter().filter(|task| task.starts_with(&question)).cloned();
        asked.collect::<Vec<String>>().iter().for_each(|task| self.answer(task));
    }

    /// For a plan whose waves are others.
    pub fn forget_pauses(&mut self) {
        let paused = std::mem::take(&mut self.pauses);
        paused.into_keys().for_each(|wave| self.answer_pause(wave));
    }

    /// The roster that is being read, or was last read.
    pub fn roster(&self) -> RosterRef {
        RosterRef { incident: self.id, scope: self.scope_version }
    }

    /// Stops a reading of the evidence that cannot end as things stand. A reading that is over, or a later one, stays.
    pub fn block(&mut self, scope_version: u32, why: &str) {
        if self.stage == Stage::Scoping && self.scope_version == scope_version {
            self.stage = Stage::Blocked;
            self.attention.retain(|task| outlasts_its_plan(task));
            self.attention.push(why.to_owned());
        }
    }

    /// Begins a new version of the plan. What is in force stays the last word until then, and nothing of it goes out.
    pub fn amend(&mut self, by: Phase) {
        self.amends_by = Some(by);
        self.stage = Stage::Scoping;
        self.attention.retain(|task| !task.contains(UNTIL_AMENDED) && task != FACTS_STATED);
    }

    /// Begins a new version of a plan that nobody approved, of the people who were read for it.
    pub fn plan_again(&mut self) {
        self.stage = Stage::Scoping;
        self.attention.retain(|task| outlasts_its_plan(task));
    }

    /// The instants that laws count from: a stated one stands over the incident's own.
    pub fn all_clocks(&self) -> BTreeMap<String, Timestamp> {
        let own = self.clocks.iter().chain(&self.stated.clocks);
        own.map(|(name, at)| (name.clone(), *at)).collect()
    }

    /// Asks for an amendment because notices of a plan that is over were not sent after all.
    pub fn ask_to_amend(&mut self, unsent: usize, of: ChunkRef) {
        self.ask(format!("{unsent} notices of chunk {of} were not sent{UNTIL_AMENDED}"));
    }

    /// What is asked for when notices of a plan that is over did not arrive.
    pub fn not_arrived_task(plan: u32) -> String {
        format!("notices of plan {plan} did not arrive{UNTIL_AMENDED}, by a channel that was not tried")
    }

    /// Asks about people of a wave whom no notice reaches any more.
    pub fn nobody_left_task(plan: u32, wave: u32) -> String {
        format!(
            "wave {wave} of plan {plan}: {NOBODY_LEFT}: look at the coverage, and give substitute notice where the law asks \
             for one (a page, the media)"
        )
    }

    /// Whether notices of this version of the plan may go out, but for a halt that is lifted.
    pub fn goes_by(&self, version: u32) -> bool {
        let is_in_force = self.plan.as_ref().is_some_and(|plan| plan.version == version);
        is_in_force && self.stage == Stage::Sending && self.halt != Some(Halt::Cancelled)
    }

    /// Begins to find out anew who is affected. What was planned before is not in force any more.
    pub fn scope_again(&mut self) {
        self.scope_version += 1;
        self.datasets.append(&mut self.datasets_later);
        self.stage = Stage::Scoping;
        self.scope = None;
        self.plan = None;
        self.pauses.clear();
        self.attention.retain(|task| outlasts_its_plan(task));
    }
}

/// Whether a task is of what went out already: nobody asks for it again when another plan is made.
fn outlasts_its_plan(task: &str) -> bool {
    task == LETTERS_WAIT || task.contains(NOBODY_LEFT) || task.contains(OF_A_FILING)
}

/// Who is affected, in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopeCount {
    /// The scope version that was counted.
    pub version: u32,
    /// Rows read from the manifests, good and bad.
    pub rows: u64,
    /// Rows that could not be read; each stands with its line number in a reject file.
    pub rejected: u64,
    pub reject_files: Vec<String>,
    /// Distinct people.
    pub people: u64,
    pub by_residence: BTreeMap<String, u64>,
    /// People whose residence is not known: no law can be named for them until somebody settles it.
    pub residence_unknown: u64,
}

impl ScopeCount {
    /// Whether more than `share_per_mille` of the rows were bad.
    pub fn too_many_rejected(&self, share_per_mille: u32) -> bool {
        u128::from(self.rejected) * 1000 > u128::from(self.rows) * u128::from(share_per_mille)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_stand_once_and_beyond_the_most_only_that_there_are_more() {
        let tenant: TenantId = "shop".parse().unwrap();
        let signal = SignalId::of(&tenant, "a", "b");
        let mut incident = Incident {
            id: IncidentId::of(&tenant, signal),
            tenant,
            title: String::new(),
            severity: Severity::High,
            opened_at: Timestamp::UNIX_EPOCH,
            clocks: BTreeMap::new(),
            stated: Stated::default(),
            signals: vec![signal],
            datasets: Vec::new(),
            datasets_later: Vec::new(),
            stage: Stage::Sending,
            halt: None,
            scope_version: 1,
            scope: None,
            plan: None,
            amends_by: None,
            plan_versions: 0,
            attention: Vec::new(),
            pauses: BTreeMap::new(),
        };
        for number in (0..MOST_TASKS + 3).chain(0..MOST_TASKS + 3) {
            incident.ask(format!("{OF_A_CHUNK}{number}"));
        }
        assert_eq!(incident.attention.len(), MOST_TASKS + 1);
        assert_eq!(incident.attention.last().map(String::as_str), Some(MORE_TASKS));
        incident.ask("a duty's time is over".to_owned());
        assert_eq!(incident.attention.pop().as_deref(), Some("a duty's time is over"));
        incident.answer("chunk 0");
        assert_eq!(incident.attention.len(), MOST_TASKS - 1);
        incident.ask("chunk late".to_owned());
        assert_eq!(incident.attention.last().map(String::as_str), Some("chunk late"));
    }

    #[test]
    fn the_share_of_bad_rows_is_exact_at_its_border() {
        let count = |rows, rejected| ScopeCount { rows, rejected, ..ScopeCount::default() };
        assert!(!count(1000, 5).too_many_rejected(5));
        assert!(count(1000, 6).too_many_rejected(5));
        assert!(!count(0, 0).too_many_rejected(0));
        assert!(count(u64::MAX, u64::MAX).too_many_rejected(999));
    }
}
