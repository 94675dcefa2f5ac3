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

/// What the lanes take that these waves go through.
pub async fn supplies(
    ports: &(impl ReadQuota + Configured),
    waves: &[Wave],
) -> Result<Vec<Supply>, PortError> {
    let lanes: BTreeSet<Lane> =
        waves.iter().filter_map(|wave| Lane::of(&wave.region, wave.channel)).collect();
    let mut supplies = Vec::new();
    for lane in lanes {
        let Quota { a_second, a_day, sent } = granted(ports, &lane).await?;
        let capacity = Capacity { rate: a_second.into(), quota: a_day };
        let Lane { region, channel } = lane;
        supplies.push(Supply { region, channel, sent, capacity, changes: Vec::new() });
    }
    Ok(supplies)
}
