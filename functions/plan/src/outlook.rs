//! Whether the plan can be carried out in time, as far as can be told when it is made, and who therefore is sent from
//! another region.

use jiff::{SignedDuration, Timestamp};
use tocsin_domain::feasibility::{self, Answer, LatestStart, Outlook, Question, Shortfall};
use tocsin_domain::plan::Wave;
use tocsin_domain::tenant::{Residency, Tenant};
use tocsin_ports::{Configured, ReadQuota, quota};

use crate::failover::{self, Failovers};

/// Who is sent from another region, by the quotas as they are now. Where the policy lets nobody be, nothing is asked; where
/// it cannot be told, nobody is.
pub async fn failovers(
    ports: &(impl ReadQuota + Configured),
    tenant: &Tenant,
    waves: &[Wave],
    now: Timestamp,
) -> Failovers {
    if tenant.residency.may_send_from.is_empty() {
        return Failovers::default();
    }
    let Ok(question) = question(ports, tenant, waves, now).await else {
        return Failovers::default();
    };
    failover::decide(&tenant.residency, question).unwrap_or_default()
}

/// From the quotas as they are now, with the approval when the tenant expects it. It is advice: what keeps it from being
/// given does not keep a plan from being made, and `watch` reckons again.
pub async fn of(
    ports: &(impl ReadQuota + Configured),
    tenant: &Tenant,
    waves: &[Wave],
    now: Timestamp,
) -> Result<Answer, String> {
    let question = question(ports, tenant, waves, now).await?;
    let answer = feasibility::answer(&question).map_err(|error| error.to_string())?;
    // The schedule is as long as the plan, and `dispatch` makes its own.
    Ok(Answer { schedule: Vec::new(), ..answer })
}

async fn question(
    ports: &(impl ReadQuota + Configured),
    tenant: &Tenant,
    waves: &[Wave],
    now: Timestamp,
) -> Result<Question, String> {
    let supplies = quota::supplies(ports, waves).await.map_err(|error| error.to_string())?;
    let approved = now + SignedDuration::from_mins(tenant.approval_minutes.into());
    let left = waves.iter().map(|wave| (wave, wave.recipients));
    let settling = ports.settings().settling_time;
    feasibility::of_waves(left, supplies, settling, (now, approved)).map_err(|error| error.to_string())
}

/// Where it cannot be told.
pub fn unknown(why: &str) -> String {
    format!("nobody can say yet whether the plan can be carried out in time ({why}); it is reckoned again")
}

/// What a person has to know at once.
pub fn warnings(answer: &Answer, residency: &Residency) -> Vec<String> {
    let sentences = answer.to_string();
    let shortfalls = if answer.fits() { None } else { Some(sentences) };
    let never = answer.outlooks.iter().filter(|outlook| outlook.latest_start == LatestStart::Never);
    let late = never
        .map(|outlook| format!("{}: no start is early enough to tell everybody in time", outlook.regime));
    let no_room = answer.outlooks.iter().filter(|outlook| outlook.without_room() > 0).map(no_room);
    let refused = answer.shortfalls.iter().filter_map(|shortfall| not_allowed(shortfall, residency));
    let mut warnings: Vec<String> =
        shortfalls.into_iter().chain(late).chain(no_room).chain(refused).collect();
    warnings.dedup();
    warnings
}

fn no_room(outlook: &Outlook) -> String {
    let Outlook { regime, region, channel, .. } = outlook;
    let (people, channel) = (outlook.without_room(), channel.as_str());
    format!("{regime}: {people} people cannot be told by {channel} in {region} as things stand")
}

/// What another region would buy back, were it allowed.
fn not_allowed(shortfall: &Shortfall, residency: &Residency) -> Option<String> {
    let Shortfall { region, channel, buys_back, .. } = shortfall;
    let allowed = residency.may_send_from(region);
    let others =
        buys_back.regions.as_ref()?.keys().filter(|other| *other != region && !allowed.contains(other));
    let others: Vec<&str> = others.map(String::as_str).collect();
    if others.is_empty() {
        return None;
    }
    Some(format!(
        "residency.may_send_from does not let {region} be sent from {} by {}: nobody is, though it would help",
        others.join(" or "),
        channel.as_str()
    ))
}
