//! How a wave is stopped, and a person asked. Whoever lets it go on is `console`.

use jiff::Timestamp;
use tocsin_audit::{Action, Actor, Leaf};
use tocsin_domain::incident::Incident;
use tocsin_domain::outcome::Halt;
use tocsin_domain::pause::{Figures, Pause};
use tocsin_domain::plan::Wave;

use super::incidents::Versioned;
use super::plans::{self, WaveRef};
use crate::scope::TenantScope;
use crate::table::WriteHome;

/// Why a wave is stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why {
    /// What is known, as a sentence without its end.
    pub known: String,
    /// What a person has to find out, in the same way.
    pub find_out: &'static str,
}

/// Stops a wave and asks a person, in one transaction with the leaf that says so. When this returns, nothing of the wave is
/// claimed any more. One that is stopped already, or whose plan is in force no more, stays as it is.
pub async fn pause(
    ports: &impl WriteHome,
    scope: &TenantScope,
    was: &Versioned,
    (at, wave): (WaveRef, &Wave),
    (figures, why): (Figures, &Why),
    (function, now): (&str, Timestamp),
) -> Result<(), Halt> {
    let is_in_force = was.incident.plan.as_ref().is_some_and(|plan| plan.version == at.plan);
    if !is_in_force || was.incident.is_paused(at.wave) {
        return Ok(());
    }
    let mut incident = was.incident.clone();
    incident.pauses.insert(at.wave, Pause { figures, lifted: false });
    incident.ask(task(scope, at, wave, why));
    let actor = Actor::Function(function.to_owned());
    let leaf = leaf(scope, at, &figures, (actor, Action::WavePaused, &why.known), now);
    plans::set_pauses(ports, scope, (was, &incident), &leaf).await
}

/// The leaf of a pause or of its end.
pub fn leaf(
    scope: &TenantScope,
    at: WaveRef,
    figures: &Figures,
    (actor, action, why): (Actor, Action, &str),
    now: Timestamp,
) -> Leaf {
    let Figures { accepted, refused, bounced, complained } = figures;
    let subject = [
        ("wave", format!("{}-{}", at.plan, at.wave)),
        ("accepted", accepted.to_string()),
        ("refused", refused.to_string()),
        ("bounced", bounced.to_string()),
        ("complained", complained.to_string()),
    ];
    Leaf::new(scope.tenant(), Some(at.incident), now, actor, action, why, subject)
}

fn task(scope: &TenantScope, at: WaveRef, wave: &Wave, why: &Why) -> String {
    format!(
        "{}({} in {}, {}): {}. {}; then let it go on: tocsin incident resume --tenant {} {} --wave {} --reason ...",
        Incident::paused_task(at.wave),
        wave.regime,
        wave.region,
        wave.language,
        why.known,
        why.find_out,
        scope.tenant(),
        at.incident,
        at.wave,
    )
}
