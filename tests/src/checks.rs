//! What has to hold of an incident's log and of what people are shown of it, in every run.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tocsin_audit::{Action, Leaf};
use tocsin_ports::memory::World;
use tocsin_ports::{Proof, TenantScope};

use crate::run;

pub(crate) fn log(world: &World, tenant: &str) -> Result<Vec<Leaf>, String> {
    let scope = TenantScope::proven(tenant.parse().expect("a tenant"), Proof::Sweep);
    let (tiles, head) =
        run(tocsin_ports::store::leaves::log(world, &scope)).map_err(|halt| format!("{halt:?}"))?;
    let exported = tocsin_audit::export(&tiles, &head);
    tocsin_audit::verify(exported.as_bytes())
        .map(|verified| verified.leaves)
        .map_err(|error| error.to_string())
}

/// By how much two clocks may be apart, and how long a function takes.
pub(crate) const CLOCKS: SignedDuration = SignedDuration::from_secs(100);

/// Between the pause of a wave and its resumption none of its chunks is claimed. What happens nearly at one instant may
/// have happened in either order: clocks are off.
pub(crate) fn nothing_is_claimed_while_paused(leaves: &[Leaf], violations: &mut Vec<String>) {
    let of = |action: Action| leaves.iter().filter(move |leaf| leaf.action == action);
    for pause in of(Action::WavePaused) {
        let Some((incident, wave)) = pause.incident.zip(pause.subject.get("wave")) else {
            violations.push("a pause names no wave".to_owned());
            continue;
        };
        let same = |leaf: &&Leaf| leaf.incident == pause.incident && leaf.subject.get("wave") == Some(wave);
        let resumed = of(Action::WaveResumed)
            .filter(same)
            .map(|leaf| leaf.at)
            .filter(|at| *at + CLOCKS >= pause.at)
            .min();
        let chunks = format!("{incident}-{wave}-");
        let claimed = of(Action::ChunkClaimed)
            .filter(|leaf| leaf.subject.get("chunk").is_some_and(|chunk| chunk.starts_with(&chunks)))
            .filter(|leaf| {
                leaf.at > pause.at + CLOCKS && resumed.is_none_or(|resumed| leaf.at + CLOCKS < resumed)
            });
        violations
            .extend(claimed.map(|leaf| format!("claimed while paused: {:?}", leaf.subject.get("chunk"))));
    }
}

/// Every hand-over has its claim's leaf, and its end's.
pub(crate) fn every_claim_ended(leaves: &[Leaf], violations: &mut Vec<String>) {
    let attempts = |actions: &[Action]| -> BTreeSet<(String, String)> {
        let of = leaves.iter().filter(|leaf| actions.contains(&leaf.action));
        of.filter_map(|leaf| Some((leaf.subject.get("chunk")?.clone(), leaf.subject.get("attempt")?.clone())))
            .collect()
    };
    let claimed = attempts(&[Action::ChunkClaimed]);
    let ended = attempts(&[
        Action::ChunkAccepted,
        Action::ChunkRefused,
        Action::ChunkSettled,
        Action::ChunkUndecided,
        Action::ChunkWithheld,
    ]);
    violations
        .extend(claimed.difference(&ended).map(|(chunk, attempt)| format!("no end of {chunk} {attempt}")));
    violations
        .extend(ended.difference(&claimed).map(|(chunk, attempt)| format!("no claim of {chunk} {attempt}")));
}

/// Whether a settlement is that the chunk goes again, as the approved policy is.
pub(crate) fn by_policy(settlement: &Leaf) -> bool {
    settlement.why.contains("send again")
}

/// The places in its chunk of the notices of which a settlement says that they go again.
pub(crate) fn again(settlement: &Leaf) -> impl Iterator<Item = &str> {
    settlement.subject.get("again").into_iter().flat_map(|places| places.split_ascii_whitespace())
}

pub(crate) fn duties(shown: &Value) -> impl Iterator<Item = &Value> {
    shown["duties"].as_array().into_iter().flatten()
}

/// How many notices of an incident are shown as not having reached anybody, and why.
pub(crate) fn unreachable(shown: &Value, why: &str) -> u64 {
    duties(shown).filter_map(|duty| duty["coverage"]["unreachable"][why].as_u64()).sum()
}

/// Nothing is shown as undecided.
pub(crate) fn nothing_is_open(shown: &Value, violations: &mut Vec<String>) {
    for duty in duties(shown) {
        let coverage = &duty["coverage"];
        if coverage["undecided"].as_u64() != Some(0) {
            violations.push(format!("{} is undecided at the end", duty["duty"]["regime"]));
        }
    }
}

/// Where nobody was erased, nothing keeps a notice from going out.
pub(crate) fn nothing_is_withheld(shown: &Value, violations: &mut Vec<String>) {
    let withheld = unreachable(shown, "withheld");
    if withheld > 0 {
        violations.push(format!("{withheld} notices were withheld"));
    }
}

/// Each notice that was planned is counted once.
pub(crate) fn counted_as_planned(shown: &Value, violations: &mut Vec<String>) {
    let waves = || shown["plan"]["waves"].as_array().into_iter().flatten();
    for duty in duties(shown) {
        let of_duty =
            waves().filter(|wave| wave["obligation"] == duty["duty"]["id"] && wave["stands_by"] == false);
        let planned: u64 = of_duty.filter_map(|wave| wave["recipients"].as_u64()).sum();
        let coverage = &duty["coverage"];
        let unreachable = coverage["unreachable"].as_object().into_iter().flatten();
        let unreachable = unreachable.filter(|(why, _)| *why != "no-lawful-address");
        let counted = ["reached", "pending", "undecided"].into_iter().map(|part| &coverage[part]);
        let counted: u64 = counted.chain(unreachable.map(|(_, count)| count)).filter_map(Value::as_u64).sum();
        if counted != planned {
            let regime = &duty["duty"]["regime"];
            violations.push(format!("{regime} has {planned} notices, and {counted} are counted"));
        }
    }
}

/// A duty whose time is over was met, or somebody was told before.
pub(crate) fn in_time_or_escalated(
    shown: &Value,
    leaves: &[Leaf],
    now: Timestamp,
    violations: &mut Vec<String>,
) {
    for duty in duties(shown).filter(|duty| duty["duty"]["owed"] == "yes" && duty["state"] != "met") {
        let due = duty["duty"]["due"].as_str().and_then(|due| due.parse::<Timestamp>().ok());
        let Some(due) = due.filter(|due| *due < now) else {
            continue;
        };
        let of_duty = |leaf: &&Leaf| {
            leaf.action == Action::DeadlineEscalated
                && leaf.subject.get("obligation").map(String::as_str) == duty["duty"]["id"].as_str()
        };
        if !leaves.iter().any(|leaf| of_duty(&leaf) && leaf.at <= due) {
            let regime = &duty["duty"]["regime"];
            violations.push(format!("{regime} was due at {due}, and nobody was told before"));
        }
    }
}

/// Every incident is decided and every chunk has its end.
pub(crate) fn settled(shown: &Value, violations: &mut Vec<String>) {
    let incident = &shown["incident"];
    if incident["halt"] == "cancelled" {
        return;
    }
    if incident["stage"] != "sending" {
        violations.push(format!("the incident is still {}: {}", incident["stage"], incident["attention"]));
        return;
    }
    let states = shown["chunks"].as_object().cloned().unwrap_or_default();
    if states.keys().any(|state| state != "accepted" && state != "standing-by") {
        violations.push(format!("chunks have no end: {}", shown["chunks"]));
    }
}
