//! The lanes of an installation, and how much each takes on in this round.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use tocsin_domain::outcome::Halt;
use tocsin_domain::pace::{Lane, Spread};
use tocsin_domain::plan::Channel;
use tocsin_ports::store::pace;
use tocsin_ports::{Configured, Quota, ReadHome, ReadQuota, WriteHome};

/// For how long messages lie on a queue ahead of their time: the next tick may come late.
const AHEAD: SignedDuration = SignedDuration::from_mins(2);

/// Only of lanes that are asked for: an installation at rest costs nothing.
pub struct Lanes {
    now: Timestamp,
    asked: BTreeMap<Lane, Spread>,
}

impl Lanes {
    pub fn new(now: Timestamp) -> Self {
        Self { now, asked: BTreeMap::new() }
    }

    /// After how long from now the messages go into a region by a channel; `None` when they do not go in this round.
    pub async fn take(
        &mut self,
        ports: &(impl ReadHome + WriteHome + ReadQuota + Configured),
        region: &str,
        channel: Channel,
        messages: usize,
    ) -> Result<Option<SignedDuration>, Halt> {
        let Some(lane) = Lane::of(region, channel) else {
            return Ok(Some(SignedDuration::ZERO));
        };
        let spread = match self.asked.get_mut(&lane) {
            Some(spread) => spread,
            None => {
                let spread = open(ports, &lane, self.now).await?;
                self.asked.entry(lane).or_insert(spread)
            }
        };
        Ok(spread.take(messages as u64))
    }

    /// Remembers how far messages were laid out.
    pub async fn close(self, ports: &impl WriteHome) -> Result<(), Halt> {
        for (lane, spread) in self.asked {
            pace::laid(ports, &lane, spread.next).await?;
        }
        Ok(())
    }
}

async fn open(
    ports: &(impl ReadHome + WriteHome + ReadQuota + Configured),
    lane: &Lane,
    now: Timestamp,
) -> Result<Spread, Halt> {
    let settings = ports.settings();
    let granted = match lane.channel {
        Channel::Email => {
            let quota = ports.mail_quota(&lane.region).await?;
            Quota { a_second: quota.a_second.min(settings.send_rate), ..quota }
        }
        // Nobody tells what texts go at; the others have no lane.
        Channel::Sms | Channel::InApp | Channel::Partner | Channel::Letter => {
            Quota { a_second: settings.text_rate, a_day: None, sent: 0 }
        }
    };
    let pace = pace::grant(ports, lane, granted.a_second, now).await?;
    Ok(Spread::new(now, AHEAD, pace.laid_until, pace.a_second, granted.left()))
}
