//! Queues, their dead letters, and what is parked.

use std::collections::VecDeque;

use jiff::SignedDuration;

use super::{Call, World};
use crate::ports::*;

impl World {
    /// Takes the oldest message of a queue, whether its time has come or not.
    pub fn take(&self, queue: &Queue) -> Option<Outgoing> {
        self.queues.borrow_mut().get_mut(queue)?.pop_front()
    }

    /// Queues that hold a message.
    pub fn busy_queues(&self) -> Vec<Queue> {
        self.queues
            .borrow()
            .iter()
            .filter(|(_, bodies)| !bodies.is_empty())
            .map(|(queue, _)| queue.clone())
            .collect()
    }

    /// Puts a message back, as a queue does when its reader dies.
    pub fn put_back(&self, queue: &Queue, body: String) {
        self.queues.borrow_mut().entry(queue.clone()).or_default().push_back(Outgoing::at_once(body));
    }

    /// Puts a message into the dead-letter queue behind its queue, as a queue does after five times.
    pub fn bury(&self, queue: &Queue, body: String) {
        let mut dead = self.dead.borrow_mut();
        let letters = dead.entry(queue.clone()).or_default();
        let message = format!("{queue}-{}", letters.len());
        letters.push(DeadLetter { message, body, received: 5, sent_at: self.now.get() });
    }

    /// Redrives end when somebody says so; until then they run.
    pub fn end_redrives(&self) {
        for redriving in self.redrives.borrow_mut().values_mut() {
            redriving.runs = false;
            redriving.status = "COMPLETED".to_owned();
        }
    }

    pub fn parked(&self) -> Vec<String> {
        self.parked.borrow().clone()
    }

    /// The messages that were put off, by their receipts, and for how long.
    pub fn postponed(&self) -> Vec<(String, SignedDuration)> {
        self.postponed.borrow().clone()
    }
}

impl Enqueue for World {
    async fn enqueue(&self, queue: &Queue, messages: Vec<Outgoing>) -> Result<(), PortError> {
        self.queue_calls.set(self.queue_calls.get() + messages.len().div_ceil(10) as u64);
        let call = match queue {
            Queue::Notices(region) => Call::Regional(region),
            Queue::Receipts(region) | Queue::Parked(region) => Call::Regional(region),
            Queue::Siem | Queue::Signals | Queue::Scope | Queue::Plan => Call::Other,
        };
        self.fallible_at(call, || {
            self.queues.borrow_mut().entry(queue.clone()).or_default().extend(messages);
            Ok(())
        })
    }
}

impl LookAtQueues for World {
    async fn standing(&self, queue: &Queue) -> Result<QueueStanding, PortError> {
        self.fallible(|| {
            let waiting = self.queues.borrow().get(queue).map_or(0, VecDeque::len) as u64;
            let dead = self.dead.borrow().get(queue).map_or(0, Vec::len) as u64;
            let dead = queue.has_dead_letters().then_some(dead);
            let redrive = self.redrives.borrow().get(queue).cloned();
            Ok(QueueStanding { waiting, in_flight: 0, dead, redrive })
        })
    }
}

impl DeadLetters for World {
    async fn dead_letters(&self, queue: &Queue, limit: u32) -> Result<Vec<DeadLetter>, PortError> {
        self.fallible(|| {
            let dead = self.dead.borrow();
            Ok(dead.get(queue).into_iter().flatten().take(limit as usize).cloned().collect())
        })
    }
}

impl Redrive for World {
    async fn redrive(&self, queue: &Queue, _a_second: Option<u32>) -> Result<(), PortError> {
        self.fallible(|| {
            let letters = self.dead.borrow_mut().remove(queue).unwrap_or_default();
            let moved = letters.len() as u64;
            let status = "RUNNING".to_owned();
            let redriving = Redriving { runs: true, status, moved, to_move: Some(moved) };
            self.redrives.borrow_mut().insert(queue.clone(), redriving);
            let mut queues = self.queues.borrow_mut();
            queues
                .entry(queue.clone())
                .or_default()
                .extend(letters.into_iter().map(|letter| Outgoing::at_once(letter.body)));
            Ok(())
        })
    }
}

impl Postpone for World {
    async fn postpone(&self, message: &InFlight, by: SignedDuration) -> Result<(), PortError> {
        self.postponed.borrow_mut().push((message.receipt.clone(), by));
        Ok(())
    }
}

impl Parking for World {
    async fn note_parked(&self, body: String) -> Result<(), PortError> {
        self.fallible(|| {
            self.parked.borrow_mut().push(body);
            Ok(())
        })
    }
}
