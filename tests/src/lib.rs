//! The whole product in one process: every real step over the world in memory, in simulated time.

mod acts;
mod checks;
pub mod crash_points;
mod samples;
pub mod scale;
pub mod simulation;

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use aws_lambda_events::event::sqs::{SqsEvent, SqsMessage};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tocsin_domain::wire::Message;
use tocsin_ports::memory::World;
use tocsin_ports::{Clock, Queue, Settings};
use tocsin_stage::http::{Request, Response};
use tocsin_stage::queue::{batch, batch_together};

pub use acts::*;
pub use samples::*;

/// An installation in memory.
pub struct Town {
    pub world: World,
    /// Of how many mails and texts `receipts` was told what became of them.
    mails_told: usize,
    texts_told: usize,
    /// The providers report nothing.
    are_silent: bool,
}

impl Default for Town {
    fn default() -> Self {
        Self::new()
    }
}

impl Town {
    pub fn new() -> Self {
        Self::with(World::settings_for_tests())
    }

    pub fn with(settings: Settings) -> Self {
        Self::starting("2026-11-23T09:00:00Z".parse().expect("an instant"), settings)
    }

    pub fn starting(now: Timestamp, settings: Settings) -> Self {
        Self { world: World::new(now, settings), mails_told: 0, texts_told: 0, are_silent: false }
    }

    /// Another town in which the same has happened so far. What is to go wrong in it does not go over.
    pub fn copy(&self) -> Self {
        Self {
            world: self.world.copy(),
            mails_told: self.mails_told,
            texts_told: self.texts_told,
            are_silent: self.are_silent,
        }
    }

    /// A message on the SIEM queue, taken by its function. `true` when it was acknowledged.
    pub fn siem(&self, body: &str) -> bool {
        self.late_siem(body, self.world.now())
    }

    /// The same, for a message that has waited on its queue since `sent_at`.
    pub fn late_siem(&self, body: &str, sent_at: Timestamp) -> bool {
        take_in_finding_sent(&self.world, body, sent_at)
    }

    pub fn webhook(&self, request: Request) -> Response {
        let now = self.world.now();
        run(intake_webhook::step(&self.world, request, now))
    }

    /// A request of a shop for one of its customers.
    pub fn storefront(&self, request: Request) -> Response {
        let now = self.world.now();
        run(inbox::step(&self.world, request, now))
    }

    /// A request of `principal` to the console.
    pub fn console(&self, principal: &str, method: &str, path: &str, body: &Value) -> Response {
        let request = Request {
            method: method.to_owned(),
            path: path.to_owned(),
            body: body.to_string().into_bytes(),
            principal: Some(principal.to_owned()),
            ..Request::default()
        };
        let now = self.world.now();
        run(console::step(&self.world, request, now))
    }

    /// Lets every queue run empty. What is not acknowledged comes back, as a queue brings it back.
    pub fn drain(&self) {
        for _ in 0..10_000 {
            let Some(queue) = self.world.busy_queues().into_iter().next() else {
                return;
            };
            let Some(message) = self.world.take(&queue) else {
                continue;
            };
            if !deliver(&self.world, &queue, &message.body) {
                self.world.put_back(&queue, message.body);
            }
        }
        panic!("the queues never run empty");
    }

    /// One minute: the clock goes on, `dispatch` and `watch` tick, the queues run empty, and what the provider has
    /// to say comes in.
    pub fn minute(&mut self) {
        self.minutes(1);
    }

    /// So many minutes, each with its ticks.
    pub fn each_minute_of(&mut self, minutes: u32) {
        for _ in 0..minutes {
            self.minute();
        }
    }

    /// One minute's work, where a tick comes only after so many minutes.
    pub fn minutes(&mut self, minutes: i64) {
        self.world.advance_to(self.world.now() + SignedDuration::from_mins(minutes));
        let now = self.world.now();
        tick(async { dispatch::step(&self.world, now).await });
        self.drain();
        self.tell_events();
        tick(async { watch::step(&self.world, now).await });
        self.drain();
    }

    /// From now on the providers report nothing by themselves.
    pub fn silence_providers(&mut self) {
        self.are_silent = true;
    }

    /// The providers' events for every mail and text that they took and did not speak of yet.
    pub fn tell_events(&mut self) {
        if self.are_silent {
            return;
        }
        let mails = self.world.mails_since(self.mails_told);
        for mail in &mails {
            let body = ses_event(mail, self.world.now());
            self.tell(&body);
        }
        self.mails_told += mails.len();
        let texts = self.world.texts();
        for text in texts.iter().skip(self.texts_told) {
            self.tell(&sns_text_log(text, self.world.now()));
        }
        self.texts_told = texts.len();
    }

    pub fn tell(&self, event: &Value) {
        let body = event.to_string();
        assert!((0..10).any(|_| take_in_event(&self.world, &body)), "a delivery event is never taken");
    }

    /// How many mails each address got.
    pub fn mails_by_address(&self) -> BTreeMap<String, usize> {
        let mut by_address: BTreeMap<String, usize> = BTreeMap::new();
        for mail in self.world.mails() {
            *by_address.entry(mail.to).or_default() += 1;
        }
        by_address
    }
}

/// A message of a queue, taken by its function. `true` when it was acknowledged.
pub fn deliver(world: &World, queue: &Queue, body: &str) -> bool {
    match queue {
        Queue::Siem => take_in_finding(world, body),
        Queue::Receipts(_) => take_in_event(world, body),
        Queue::Parked(_) => panic!("people read the parking queue, and no function does"),
        Queue::Signals => {
            run(one(world, "triage", body, &async |world: &World, message: Message<'_>, now| {
                triage::step(world, message, now).await
            }))
        }
        Queue::Scope => run(one(world, "scope", body, &async |world: &World, message: Message<'_>, now| {
            scope::step(world, message, now).await
        })),
        Queue::Plan => run(one(world, "plan", body, &async |world: &World, message: Message<'_>, now| {
            plan::step(world, message, now).await
        })),
        Queue::Notices(_) => {
            run(one(world, "send", body, &async |world: &World, message: Message<'_>, now| {
                send::step(world, message, now).await
            }))
        }
    }
}

/// A message of the SIEM queue, taken by its function. `true` when it was acknowledged.
pub fn take_in_finding(world: &World, body: &str) -> bool {
    take_in_finding_sent(world, body, world.now())
}

fn take_in_finding_sent(world: &World, body: &str, sent_at: Timestamp) -> bool {
    let step = async |world: &World, message: Message<'_>, now| intake_siem::step(world, message, now).await;
    let answer = run(batch("intake-siem", world, record(body, sent_at), None, &step));
    answer.expect("an answer").batch_item_failures.is_empty()
}

/// An event of a provider, taken by `receipts`. `true` when it was acknowledged.
pub fn take_in_event(world: &World, body: &str) -> bool {
    take_in_events(world, &[body]).is_empty()
}

/// A batch of them. Answers the places of those that come back.
pub fn take_in_events(world: &World, bodies: &[&str]) -> Vec<usize> {
    let event = records(bodies, world.now());
    let answer = run(batch_together("receipts", world, event, None, &receipts::read, &receipts::append));
    let failures = answer.expect("an answer").batch_item_failures;
    failures.iter().map(|failure| failure.item_identifier.parse().expect("a place")).collect()
}

/// One record through the real harness. `true` when it was acknowledged.
async fn one(
    world: &World,
    function: &'static str,
    body: &str,
    step: &impl AsyncFn(&World, Message<'_>, Timestamp) -> tocsin_domain::outcome::Outcome,
) -> bool {
    let event = record(body, world.now());
    let answer = batch(function, world, event, None, step).await.expect("an answer");
    answer.batch_item_failures.is_empty()
}

/// What Lambda hands over of one message.
fn record(body: &str, sent_at: Timestamp) -> SqsEvent {
    records(&[body], sent_at)
}

/// What Lambda hands over of a batch, each message under its place as its id.
fn records(bodies: &[&str], sent_at: Timestamp) -> SqsEvent {
    let sent_at = sent_at.as_millisecond().to_string();
    let mut event = SqsEvent::default();
    event.records.extend(bodies.iter().enumerate().map(|(place, body)| {
        let mut record = SqsMessage::default();
        record.message_id = Some(place.to_string());
        record.body = Some((*body).to_owned());
        record.attributes.insert("SentTimestamp".to_owned(), sent_at.clone());
        record
    }));
    event
}

/// A tick that dies is followed by the next one.
pub fn tick(step: impl Future<Output = tocsin_domain::outcome::Outcome>) {
    let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(step)));
}

/// The world in memory never waits: a future is ready when it is asked.
pub fn run<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..1_000_000 {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
    panic!("the future waits for something that is not in this world");
}
