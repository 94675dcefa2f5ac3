//! What lanes are granted: by the account's quota, and by the installation's own settings where they are lower.

use std::collections::BTreeSet;

use tocsin_domain::feasibility::{Capacity, Supply};
use tocsin_domain::pace::Lane;
use tocsin_domain::plan::{Channel, Wave};

use crate::ports::{PortError, Quota, ReadQuota};
use crate::settings::Configured;

/// What a lane takes now.
pub async fn granted(ports: &(impl ReadQuota + Configured), lane: &Lane) -> Result<Quota, PortError> {
    let settings = ports.settings();
    match lane.channel {
        Channel::Email => {
            let quota = ports.mail_quota(&lane.region).await?;
            Ok(Quota { a_second: quota.a_second.min(settings.send_rate), ..quota })
        }
        // Nobody tells what texts go at; the others have no lane.
        Channel::Sms | Channel::InApp | Channel::Partner | Channel::Letter => {
            Ok(Quota { a_second: settings.text_rate, a_day: None, sent: 0 })
        }
    }
}

/// What the lanes take that these waves go through, and the lanes of the same channels in other regions, which could help
/// out. Of those that cannot be asked now no help is to be had.
pub async fn supplies(
    ports: &(impl ReadQuota + Configured),
    waves: &[Wave],
) -> Result<Vec<Supply>, PortError> {
    let own: BTreeSet<Lane> = waves.iter().filter_map(|wave| Lane::of(&wave.region, wave.channel)).collect();
    let channels: BTreeSet<Channel> = own.iter().map(|lane| lane.channel).collect();
    let others = ports
        .settings()
        .regions
        .iter()
        .flat_map(|region| channels.iter().filter_map(|channel| Lane::of(region, *channel)))
        .filter(|lane| !own.contains(lane));
    let mut supplies = Vec::new();
    for lane in &own {
        supplies.push(supply(lane, granted(ports, lane).await?));
    }
    for lane in others {
        if let Ok(quota) = granted(ports, &lane).await {
            supplies.push(supply(&lane, quota));
        }
    }
    Ok(supplies)
}

fn supply(lane: &Lane, Quota { a_second, a_day, sent }: Quota) -> Supply {
    let capacity = Capacity { rate: a_second.into(), quota: a_day };
    let Lane { region, channel } = lane.clone();
    Supply { region, channel, sent, capacity, changes: Vec::new() }
}
