//! Canaries: each region gets one on its schedule, over the same queue, sender, provider and reports as notices, and each
//! leaves a leaf in the installation's log: that it arrived, or that it is missing.

use jiff::Timestamp;
use tocsin_audit::{Action, Actor, Leaf};
use tocsin_domain::canary::{CanaryId, CanaryMessage, End, Flight};
use tocsin_domain::outcome::Halt;
use tocsin_ports::store::canaries;
use tocsin_ports::{CanarySettings, Configured, Enqueue, ReadHome, TenantScope, WriteHome, jobs};

/// What is not sent stops nothing of what was sent before from being judged.
pub async fn look_after(
    ports: &(impl ReadHome + WriteHome + Enqueue + Configured),
    installation: &TenantScope,
    now: Timestamp,
) -> Result<(), Halt> {
    let sent = send(ports, installation, now).await;
    let judged = judge(ports, installation, now).await;
    sent.and(judged)
}

async fn send(
    ports: &(impl ReadHome + WriteHome + Enqueue + Configured),
    installation: &TenantScope,
    now: Timestamp,
) -> Result<(), Halt> {
    let Some(CanarySettings { every, sender: _ }) = &ports.settings().canary else {
        return Ok(());
    };
    let mut failed = None;
    for region in &ports.settings().regions {
        // One region's trouble does not stop the others.
        if let Err(halt) = send_one(ports, installation, &CanaryId::of(region, *every, now), now).await {
            failed = Some(halt);
        }
    }
    failed.map_or(Ok(()), Err)
}

/// As a planned chunk, a canary is due until it is claimed: it is put on its queue at each tick until then, so that a
/// message that was lost is no lost canary. A second message loses the claim.
async fn send_one(
    ports: &(impl ReadHome + WriteHome + Enqueue),
    installation: &TenantScope,
    id: &CanaryId,
    now: Timestamp,
) -> Result<(), Halt> {
    match canaries::get(ports, id).await? {
        None => canaries::begin(ports, installation, id, now).await?,
        Some(CanaryMessage { flight: Flight::Due, is_judged: false, .. }) => {}
        Some(_) => return Ok(()),
    }
    jobs::canary(ports, id).await
}

async fn judge(
    ports: &(impl ReadHome + WriteHome),
    installation: &TenantScope,
    now: Timestamp,
) -> Result<(), Halt> {
    let mut failed = None;
    for id in canaries::to_look_at(ports, installation, now).await? {
        if let Err(halt) = judge_one(ports, installation, &id, now).await {
            failed = Some(halt);
        }
    }
    failed.map_or(Ok(()), Err)
}

async fn judge_one(
    ports: &(impl ReadHome + WriteHome),
    installation: &TenantScope,
    id: &CanaryId,
    now: Timestamp,
) -> Result<(), Halt> {
    let Some(canary) = canaries::get(ports, id).await?.filter(|canary| !canary.is_judged) else {
        return Ok(());
    };
    let Some(end) = canary.end(now) else {
        return Ok(());
    };
    if let End::Missing(why) = &end {
        // The alarm `canary-missing` of template.yaml looks for this line. Before the write: twice is better than never.
        tracing::error!(canary = %id, region = id.region, reason = why, "canary");
    }
    let leaf = leaf(installation, &canary, &end, now);
    canaries::judge(ports, installation, &canary, &end, &leaf).await
}

fn leaf(installation: &TenantScope, canary: &CanaryMessage, end: &End, now: Timestamp) -> Leaf {
    let mut subject = vec![("canary", canary.id.to_string()), ("region", canary.id.region.clone())];
    let (action, why) = match end {
        End::Arrived(time) => {
            subject.push(("seconds", time.as_secs().to_string()));
            (Action::CanaryArrived, "the way from a queue to a delivery works".to_owned())
        }
        End::Missing(why) => (Action::CanaryMissing, why.clone()),
    };
    let actor = Actor::Function("watch".to_owned());
    Leaf::new(installation.tenant(), None, now, actor, action, why, subject)
}
