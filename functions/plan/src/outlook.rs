//! Whether the plan can be carried out in time, as far as can be told when it is made.

use jiff::{SignedDuration, Timestamp};
use tocsin_domain::feasibility::{self, Answer, LatestStart};
use tocsin_domain::plan::Wave;
use tocsin_domain::tenant::Tenant;
use tocsin_ports::{Configured, ReadQuota, quota};

/// From the quotas as they are now, with the approval when the tenant expects it. It is advice: what keeps it from being
/// given does not keep a plan from being made, and `watch` reckons again.
pub async fn of(
    ports: &(impl ReadQuota + Configured),
    tenant: &Tenant,
    waves: &[Wave],
    now: Timestamp,
) -> Result<Answer, String> {
    let supplies = quota::supplies(ports, waves).await.map_err(|error| error.to_string())?;
    let approved = now + SignedDuration::from_mins(tenant.approval_minutes.into());
    let left = waves.iter().map(|wave| (wave, wave.recipients));
    let settling = ports.settings().settling_time;
    let question = feasibility::of_waves(left, supplies, settling, (now, approved))
        .map_err(|error| error.to_string())?;
    let answer = feasibility::answer(&question).map_err(|error| error.to_string())?;
    // The schedule is as long as the plan, and `dispatch` makes its own.
    Ok(Answer { schedule: Vec::new(), ..answer })
}

/// Where it cannot be told.
pub fn unknown(why: &str) -> String {
    format!("nobody can say yet whether the plan can be carried out in time ({why}); it is reckoned again")
}

/// What a person has to know at once.
pub fn warnings(answer: &Answer) -> Vec<String> {
    let sentences = answer.to_string();
    let shortfalls = if answer.fits() { None } else { Some(sentences) };
    let never = answer.outlooks.iter().filter(|outlook| outlook.latest_start == LatestStart::Never);
    let late = never
        .map(|outlook| format!("{}: no start is early enough to tell everybody in time", outlook.regime));
    let mut warnings: Vec<String> = shortfalls.into_iter().chain(late).collect();
    warnings.dedup();
    warnings
}
