//! Waiting for the turn of a chunk at its provider's rate.

use jiff::{SignedDuration, Timestamp};
use tocsin_domain::chunk::CHUNK_SIZE;
use tocsin_domain::outcome::Halt;
use tocsin_domain::pace::{Lane, call_size, span};
use tocsin_domain::plan::{Channel, Door, Wave};
use tocsin_ports::store::chunks::StoredChunk;
use tocsin_ports::store::pace::{self, Pace};

use crate::SendPorts;

/// To write down how a call ended, with what a table's retries take.
const WRITE: SignedDuration = SignedDuration::from_secs(5);

/// Whether a step that began then has the time for one call more, however late that is answered. A function that is
/// killed while it waits leaves a doubt about everybody whom it claimed.
pub fn has_time(ports: &impl SendPorts, began: Timestamp) -> bool {
    let settings = ports.settings();
    ports.since(began) + settings.answer_within() + WRITE <= settings.send_timeout
}

/// A turn that has come.
pub struct Turn {
    /// `None` where no provider sets a pace.
    lane: Option<(Lane, Pace)>,
}

/// Waits for the chunk's turn; `None` when none is near.
pub async fn take(
    ports: &impl SendPorts,
    wave: &Wave,
    chunk: &StoredChunk,
    now: Timestamp,
) -> Result<Option<Turn>, Halt> {
    let Some(lane) = Lane::of(&wave.region, wave.channel) else {
        return Ok(Some(Turn { lane: None }));
    };
    let Some(pace) = pace::get(ports, &lane).await? else {
        return Err(Halt::Again(format!("nobody has said yet how fast {lane} goes: dispatch does")));
    };
    let messages = chunk.entries.iter().filter(|entry| entry.goes_next()).count();
    let is_open = |at: Timestamp| matches!(wave.door(at), Door::OpenUntil(_));
    match pace::take(ports, &lane, &pace, messages as u64, now).await? {
        // Its people sleep by then.
        pace::Turn::At(at) if !is_open(at) => Ok(None),
        pace::Turn::At(at) => {
            let wait = at.duration_since(now);
            if wait > SignedDuration::ZERO {
                ports.pause(wait).await;
            }
            Ok(Some(Turn { lane: Some((lane, pace)) }))
        }
        pace::Turn::Full => Ok(None),
    }
}

impl Turn {
    /// How many messages one call carries.
    pub fn call_size(&self) -> usize {
        self.lane.as_ref().map_or(CHUNK_SIZE, |(_, pace)| call_size(pace.a_second))
    }

    /// Waits for a turn more, for messages that go again at once. Where none is near, or the store does not answer, it waits
    /// for as long as they take: they have to go on, and are few. `false` where no time is left for that.
    pub async fn again(&self, ports: &impl SendPorts, messages: usize, began: Timestamp) -> bool {
        let Some((lane, pace)) = &self.lane else {
            return true;
        };
        let now = began + ports.since(began);
        let wait = match pace::take(ports, lane, pace, messages as u64, now).await {
            Ok(pace::Turn::At(at)) => at.duration_since(now),
            Ok(pace::Turn::Full) | Err(_) => self.span(messages),
        };
        let has_time = has_time(ports, began - wait);
        if has_time && wait > SignedDuration::ZERO {
            ports.pause(wait).await;
        }
        has_time
    }

    /// How long so many messages take at the provider's rate.
    pub fn span(&self, messages: usize) -> SignedDuration {
        self.lane.as_ref().map_or(SignedDuration::ZERO, |(_, pace)| span(messages as u64, pace.a_second))
    }

    /// The provider throttled us: all senders slow down. What it grants now is asked where it can be.
    pub async fn slow_down(&self, ports: &impl SendPorts) -> Result<(), Halt> {
        let Some((lane, pace)) = &self.lane else {
            return Ok(());
        };
        let granted = match lane.channel {
            Channel::Email => ports.mail_quota(&lane.region).await.ok().map(|quota| quota.a_second),
            Channel::Sms | Channel::InApp | Channel::Partner | Channel::Letter => None,
        };
        pace::slow_down(ports, lane, pace, granted).await
    }
}
