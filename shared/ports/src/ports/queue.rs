//! The queues of an installation, how they stand, and what lies in their dead-letter queues.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::Serialize;

use super::PortError;
use crate::settings::Settings;

/// A queue of the installation, by its name in the templates.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Queue {
    /// Findings of the SIEM, as they came. A body may hold personal data.
    Siem,
    Signals,
    Scope,
    Plan,
    /// The notices of one region.
    Notices(String),
    /// What the providers of one region say. A body holds addresses.
    Receipts(String),
    /// Notes of what was parked in one region: no function reads them, people do.
    Parked(String),
}

impl Queue {
    /// Every queue of an installation.
    pub fn all(settings: &Settings) -> Vec<Queue> {
        let of = |queue: fn(String) -> Queue| settings.regions.iter().cloned().map(queue);
        [Queue::Siem, Queue::Signals, Queue::Scope, Queue::Plan]
            .into_iter()
            .chain(of(Queue::Notices))
            .chain(of(Queue::Receipts))
            .chain(of(Queue::Parked))
            .collect()
    }

    /// The region in which it is.
    pub fn region<'a>(&'a self, settings: &'a Settings) -> &'a str {
        match self {
            Queue::Siem | Queue::Signals | Queue::Scope | Queue::Plan => &settings.home_region,
            Queue::Notices(region) | Queue::Receipts(region) | Queue::Parked(region) => region,
        }
    }

    /// Whether messages that failed five times go into a dead-letter queue behind it.
    pub fn has_dead_letters(&self) -> bool {
        match self {
            Queue::Siem
            | Queue::Signals
            | Queue::Scope
            | Queue::Plan
            | Queue::Notices(_)
            | Queue::Receipts(_) => true,
            Queue::Parked(_) => false,
        }
    }
}

impl fmt::Display for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Queue::Siem => f.write_str("siem"),
            Queue::Signals => f.write_str("signals"),
            Queue::Scope => f.write_str("scope"),
            Queue::Plan => f.write_str("plan"),
            Queue::Notices(region) => write!(f, "notices-{region}"),
            Queue::Receipts(region) => write!(f, "receipts-{region}"),
            Queue::Parked(region) => write!(f, "parked-{region}"),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a queue is siem, signals, scope, plan, notices-REGION, receipts-REGION or parked-REGION")]
pub struct NoQueue;

impl FromStr for Queue {
    type Err = NoQueue;

    fn from_str(text: &str) -> Result<Self, NoQueue> {
        match text {
            "siem" => Ok(Queue::Siem),
            "signals" => Ok(Queue::Signals),
            "scope" => Ok(Queue::Scope),
            "plan" => Ok(Queue::Plan),
            regional => {
                let (kind, region) = regional.split_once('-').ok_or(NoQueue)?;
                let region = Some(region).filter(|region| !region.is_empty()).ok_or(NoQueue)?.to_owned();
                match kind {
                    "notices" => Ok(Queue::Notices(region)),
                    "receipts" => Ok(Queue::Receipts(region)),
                    "parked" => Ok(Queue::Parked(region)),
                    _ => Err(NoQueue),
                }
            }
        }
    }
}

/// How a queue stands, as SQS reckons it: nearly right, and right when nothing moves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QueueStanding {
    pub waiting: u64,
    /// Taken by a function and not acknowledged.
    pub in_flight: u64,
    /// What lies in the dead-letter queue; `None` where there is none.
    pub dead: Option<u64>,
    /// The last redrive from the dead-letter queue, if there was one of late.
    pub redrive: Option<Redriving>,
}

/// A redrive, and how far it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Redriving {
    pub runs: bool,
    /// The service's own word: `RUNNING`, `COMPLETED`, `FAILED`, ...
    pub status: String,
    pub moved: u64,
    pub to_move: Option<u64>,
}

/// A message that failed five times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    pub message: String,
    pub body: String,
    /// How often it was received, over both queues.
    pub received: u64,
    /// When it reached its queue. A move to the dead-letter queue keeps it; a redrive does not.
    pub sent_at: Timestamp,
}

pub trait LookAtQueues {
    async fn standing(&self, queue: &Queue) -> Result<QueueStanding, PortError>;
}

pub trait DeadLetters {
    /// Some of what lies in the dead-letter queue, at most `limit`, oldest first. They stay there.
    async fn dead_letters(&self, queue: &Queue, limit: u32) -> Result<Vec<DeadLetter>, PortError>;
}

pub trait Redrive {
    /// Begins to move everything from the dead-letter queue back to its queue, at most so many a second.
    async fn redrive(&self, queue: &Queue, a_second: Option<u32>) -> Result<(), PortError>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::World;

    #[test]
    fn every_queue_reads_back_what_it_prints() {
        let all = Queue::all(&World::settings_for_tests());
        assert_eq!(all.len(), 4 + 3 * 3);
        for queue in all {
            assert_eq!(queue.to_string().parse(), Ok(queue));
        }
        for none in ["", "notices", "notices-", "letters-eu-central-1", "siem-eu-central-1"] {
            assert_eq!(none.parse::<Queue>(), Err(NoQueue), "{none}");
        }
    }
}
