//! Functions behind a queue.

use std::cell::RefCell;
use std::panic::AssertUnwindSafe;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use futures_util::FutureExt;
use jiff::{SignedDuration, Timestamp};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::Value;
use tocsin_domain::outcome::{Halt, Outcome, Parked};
use tocsin_domain::wire::Message;
use tocsin_ports::{Clock, InFlight, Metered, Parking, Postpone, Usage, WriteHome, WriteVault};

use crate::park::{Parcel, park};
use crate::telemetry::{Metric, used};

/// No record is started with less time than this left.
const RESERVE: SignedDuration = SignedDuration::from_secs(5);

/// What a function behind a queue needs besides its own ports.
pub trait QueuePorts: Clock + Metered + WriteVault + WriteHome + Parking + Postpone {}

impl<P: Clock + Metered + WriteVault + WriteHome + Parking + Postpone> QueuePorts for P {}

/// Runs a function behind a queue. The step gets the raw body: what it is, the step's own reader says.
pub async fn run<P: QueuePorts>(
    function: &'static str,
    ports: P,
    step: impl AsyncFn(&P, Message<'_>, Timestamp) -> Outcome,
) -> Result<(), Error> {
    let (ports, step) = (&ports, &step);
    let handler = async |event: LambdaEvent<SqsEvent>| {
        let deadline = deadline_of(event.context.deadline, ports.now());
        batch(function, ports, event.payload, deadline, step).await
    };
    lambda_runtime::run(service_fn(handler)).await
}

/// Runs a function whose records are read one by one and written together: what many small writes would cost in calls
/// is then one.
pub async fn run_together<P: QueuePorts, T>(
    function: &'static str,
    ports: P,
    read: impl AsyncFn(&P, Message<'_>, Timestamp) -> Result<Vec<T>, Outcome>,
    write: impl AsyncFn(&P, Vec<T>) -> Result<(), Halt>,
) -> Result<(), Error> {
    let (ports, read, write) = (&ports, &read, &write);
    let handler = async |event: LambdaEvent<Value>| -> Result<SqsBatchResponse, Error> {
        let deadline = deadline_of(event.context.deadline, ports.now());
        match shape(event.payload, &event.context.request_id)? {
            Shape::Queue(event) => batch_together(function, ports, event, deadline, read, write).await,
            Shape::Logs(event) => whole(batch_together(function, ports, event, deadline, read, write).await?),
        }
    };
    lambda_runtime::run(service_fn(handler)).await
}

/// What woke the function, as a batch.
enum Shape {
    Queue(SqsEvent),
    /// A batch of one record, which is the whole event.
    Logs(SqsEvent),
}

/// A batch of a queue, or the lines of a log group that a subscription hands over: those are one record.
fn shape(event: Value, request: &str) -> Result<Shape, Error> {
    if event.get("awslogs").is_none() {
        return Ok(Shape::Queue(serde_json::from_value(event)?));
    }
    let mut record = SqsMessage::default();
    record.message_id = Some(request.to_owned());
    record.body = Some(event.to_string());
    let mut batch = SqsEvent::default();
    batch.records.push(record);
    Ok(Shape::Logs(batch))
}

/// Nobody reads the answer to a log group: what was not taken has to fail, to be tried again and then kept.
fn whole(answer: SqsBatchResponse) -> Result<SqsBatchResponse, Error> {
    if answer.batch_item_failures.is_empty() { Ok(answer) } else { Err("the lines were not recorded".into()) }
}

/// A deadline in the past is none: `cargo lambda watch` sends the year 1970.
fn deadline_of(milliseconds: u64, now: Timestamp) -> Option<Timestamp> {
    i64::try_from(milliseconds)
        .ok()
        .and_then(|ms| Timestamp::from_millisecond(ms).ok())
        .filter(|at| *at > now)
}

/// One batch, record by record. Only what is named in the answer comes back.
///
/// Errors when a record has no id: an answer with an empty id would be read by Lambda as "all failed" or worse.
pub async fn batch<P: QueuePorts>(
    function: &'static str,
    ports: &P,
    event: SqsEvent,
    deadline: Option<Timestamp>,
    step: &impl AsyncFn(&P, Message<'_>, Timestamp) -> Outcome,
) -> Result<SqsBatchResponse, Error> {
    let mut answer = SqsBatchResponse::default();
    for record in &event.records {
        let id = id_of(record)?;
        let taken = take_up(function, ports, id, record, deadline, step).await;
        if !taken.report(function, ports.now()) {
            come_back(ports, record, &taken).await;
            answer.add_failure(id);
        }
    }
    Ok(answer)
}

/// One batch whose records are read one by one, and whose findings are written together at the end. When that fails,
/// every record with findings comes back; what `write` writes twice has to do no harm.
pub async fn batch_together<P: QueuePorts, T>(
    function: &'static str,
    ports: &P,
    event: SqsEvent,
    deadline: Option<Timestamp>,
    read: &impl AsyncFn(&P, Message<'_>, Timestamp) -> Result<Vec<T>, Outcome>,
    write: &impl AsyncFn(&P, Vec<T>) -> Result<(), Halt>,
) -> Result<SqsBatchResponse, Error> {
    let found = RefCell::new(Vec::new());
    let step = async |ports: &P, message: Message<'_>, now: Timestamp| match read(ports, message, now).await {
        Ok(findings) => {
            found.borrow_mut().extend(findings);
            Outcome::Done
        }
        Err(outcome) => outcome,
    };
    let (mut answer, mut waiting) = (SqsBatchResponse::default(), Vec::new());
    for record in &event.records {
        let id = id_of(record)?;
        let taken = take_up(function, ports, id, record, deadline, &step).await;
        if taken.outcome == "done" {
            waiting.push((record, taken));
        } else if !taken.report(function, ports.now()) {
            come_back(ports, record, &taken).await;
            answer.add_failure(id);
        }
    }
    let before = ports.usage();
    let written = AssertUnwindSafe(write(ports, found.into_inner())).catch_unwind().await;
    let (outcome, reason) = match written {
        Ok(Ok(())) => ("done", String::new()),
        Ok(Err(Halt::Again(why))) => ("again", why),
        Ok(Err(Halt::Park(why))) => ("again", format!("could not be written: {why}")),
        Err(_panic) => ("panic", PANIC.to_owned()),
    };
    // What the write cost stands in the line of one record: the sum over all lines is right.
    if let Some((_, last)) = waiting.last_mut() {
        last.usage = last.usage.and(used(before, ports.usage()));
    }
    for (record, taken) in waiting {
        let taken = Taken { outcome, reason: reason.clone(), ..taken };
        if !taken.report(function, ports.now()) {
            come_back(ports, record, &taken).await;
            answer.add_failure(taken.id);
        }
    }
    Ok(answer)
}

/// Has what may work in a moment come back soon: the queue's own time is meant for functions that die. When that cannot
/// be done the message comes back after the queue's time.
async fn come_back<P: QueuePorts>(ports: &P, record: &SqsMessage, taken: &Taken<'_>) {
    let (Some(queue), Some(receipt)) = (&record.event_source_arn, &record.receipt_handle) else {
        return;
    };
    let message = InFlight { queue: queue.clone(), receipt: receipt.clone() };
    let received = record.attributes.get("ApproximateReceiveCount").and_then(|text| text.parse().ok());
    let by = match taken.outcome {
        // Nothing is wrong with it: the next process takes it.
        "not-started" => Some(SignedDuration::ZERO),
        "again" => back_off(received.unwrap_or(1)),
        _ => None,
    };
    if let Some(by) = by
        && let Err(error) = ports.postpone(&message, by).await
    {
        tracing::warn!(message_id = taken.id, error = %error, "postpone");
    }
}

/// How long a message waits that was received so often. The sum outlasts what a service of AWS is usually away; after
/// the fifth time the message lies in the dead-letter queue. `None`: as long as the queue's own time.
fn back_off(received: u32) -> Option<SignedDuration> {
    match received {
        0 | 1 => Some(SignedDuration::from_secs(5)),
        2 => Some(SignedDuration::from_mins(1)),
        3 => Some(SignedDuration::from_mins(5)),
        _ => None,
    }
}

fn id_of(record: &SqsMessage) -> Result<&str, Error> {
    let id = record.message_id.as_deref().filter(|id| !id.is_empty());
    Ok(id.ok_or("a record has no message id")?)
}

const PANIC: &str = "a defect; see the panic's own log line for the place";

/// A record that had its turn.
struct Taken<'a> {
    id: &'a str,
    outcome: &'static str,
    reason: String,
    started: Timestamp,
    usage: Usage,
}

async fn take_up<'a, P: QueuePorts>(
    function: &'static str,
    ports: &P,
    id: &'a str,
    record: &SqsMessage,
    deadline: Option<Timestamp>,
    step: &impl AsyncFn(&P, Message<'_>, Timestamp) -> Outcome,
) -> Taken<'a> {
    let (started, before) = (ports.now(), ports.usage());
    let body = record.body.as_deref().unwrap_or_default();
    let (outcome, reason) = if deadline.is_some_and(|deadline| started + RESERVE > deadline) {
        ("not-started", "the function's time is nearly over".to_owned())
    } else {
        let message = Message { body, sent_at: sent_at(record, started) };
        match AssertUnwindSafe(step(ports, message, started)).catch_unwind().await {
            Ok(outcome) => settle(function, ports, id, body, outcome).await,
            Err(_panic) => ("panic", PANIC.to_owned()),
        }
    };
    Taken { id, outcome, reason, started, usage: used(before, ports.usage()) }
}

/// By the queue's own attribute, which whoever sends a message cannot set. Never in the future; now, where a queue
/// says nothing.
fn sent_at(record: &SqsMessage, now: Timestamp) -> Timestamp {
    let milliseconds = record.attributes.get("SentTimestamp").and_then(|text| text.parse::<i64>().ok());
    milliseconds.and_then(|ms| Timestamp::from_millisecond(ms).ok()).unwrap_or(now).min(now)
}

impl Taken<'_> {
    /// Leaves the record's lines in the log. Whether it may be acknowledged.
    fn report(&self, function: &'static str, now: Timestamp) -> bool {
        log(function, self.id, self.outcome, &self.reason);
        Metric {
            function,
            outcome: self.outcome.to_owned(),
            reason: self.reason.clone(),
            at_ms: self.started.as_millisecond(),
            duration_ms: now.duration_since(self.started).as_millis() as i64,
            usage: self.usage,
        }
        .emit();
        matches!(self.outcome, "done" | "skip" | "park")
    }
}

async fn settle<P: QueuePorts>(
    function: &'static str,
    ports: &P,
    id: &str,
    body: &str,
    outcome: Outcome,
) -> (&'static str, String) {
    match outcome {
        Outcome::Done => ("done", String::new()),
        Outcome::Skip { why } => ("skip", why.to_owned()),
        Outcome::Again { why } => ("again", why),
        Outcome::Park { why } => {
            let parcel = Parcel { function, message: id, body: body.as_bytes(), scope: None };
            match park(ports, parcel, &why, ports.now()).await {
                Ok(()) => ("park", why.to_string()),
                Err(Halt::Again(failed)) => ("again", format!("could not be parked: {failed}")),
                Err(Halt::Park(Parked::Defect { place })) => {
                    ("again", format!("could not be parked: {place}"))
                }
                Err(Halt::Park(other)) => ("again", format!("could not be parked: {other}")),
            }
        }
    }
}

/// One line a record, at the level of who has to act: nobody, or an operator.
fn log(function: &str, id: &str, outcome: &str, reason: &str) {
    match outcome {
        "done" | "skip" => tracing::info!(function, message_id = id, outcome, reason, "record"),
        "again" | "not-started" => tracing::warn!(function, message_id = id, outcome, reason, "record"),
        _ => tracing::error!(function, message_id = id, outcome, reason, "record"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tocsin_ports::memory::{Fault, World};

    fn world() -> World {
        World::new("2026-11-23T12:00:00Z".parse().unwrap(), World::settings_for_tests())
    }

    fn event(bodies: &[&str]) -> SqsEvent {
        let records: Vec<_> = bodies
            .iter()
            .enumerate()
            .map(|(place, body)| serde_json::json!({ "messageId": place.to_string(), "body": body }))
            .collect();
        serde_json::from_value(serde_json::json!({ "Records": records })).unwrap()
    }

    async fn step(_: &World, message: Message<'_>, _: Timestamp) -> Outcome {
        match message.body {
            "done" => Outcome::Done,
            "skip" => Outcome::Skip { why: "seen before" },
            "again" => Outcome::Again { why: "throttled".to_owned() },
            "park" => Outcome::Park { why: Parked::Unreadable { detail: "not JSON".to_owned() } },
            other => panic!("{other}"),
        }
    }

    async fn failures(world: &World, bodies: &[&str], deadline: Option<Timestamp>) -> Vec<String> {
        let answer = batch("test", world, event(bodies), deadline, &step).await.unwrap();
        answer.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
    }

    #[tokio::test]
    async fn only_what_must_come_back_is_named() {
        let world = world();
        assert_eq!(
            failures(&world, &["done", "again", "skip", "boom", "park", "done"], None).await,
            ["1", "3"]
        );
    }

    #[tokio::test]
    async fn what_is_parked_is_kept_recorded_and_noted_before_it_is_acknowledged() {
        let world = world();
        assert!(failures(&world, &["park"], None).await.is_empty());
        assert_eq!(world.parked().len(), 1);
        assert!(world.parked()[0].contains("unreadable"));
        assert_eq!(world.files().len(), 1);
        assert!(world.home_as_text().contains("message-parked"));
    }

    #[tokio::test]
    async fn what_could_not_be_parked_comes_back() {
        for call in 1..=3 {
            let world = world();
            world.fail_at(call, Fault::ErrorBefore);
            assert_eq!(failures(&world, &["park"], None).await, ["0"], "call {call}");
        }
    }

    #[tokio::test]
    async fn nothing_is_started_shortly_before_the_deadline() {
        let world = world();
        let soon = world.now() + SignedDuration::from_secs(4);
        assert_eq!(failures(&world, &["done", "done"], Some(soon)).await, ["0", "1"]);
    }

    #[test]
    fn a_deadline_in_the_past_is_none() {
        let now = "2026-11-23T12:00:00Z".parse().unwrap();
        assert_eq!(deadline_of(600_000, now), None);
        assert!(deadline_of(u64::try_from(now.as_millisecond()).unwrap() + 1000, now).is_some());
    }

    async fn together(bodies: &[&str], written: Result<(), Halt>) -> (Vec<String>, Vec<String>) {
        let kept = RefCell::new(Vec::new());
        let read = async |_: &World, message: Message<'_>, now: Timestamp| match message.body {
            "two" => Ok(vec!["a".to_owned(), "b".to_owned()]),
            body => match step(&world(), Message { body, sent_at: now }, now).await {
                Outcome::Done => Ok(vec![body.to_owned()]),
                other @ (Outcome::Again { .. } | Outcome::Park { .. } | Outcome::Skip { .. }) => Err(other),
            },
        };
        let write = async |_: &World, findings: Vec<String>| {
            kept.borrow_mut().extend(findings);
            written.clone()
        };
        let answer = batch_together("test", &world(), event(bodies), None, &read, &write).await.unwrap();
        let failed = answer.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect();
        (failed, kept.into_inner())
    }

    #[tokio::test]
    async fn what_is_read_is_written_once_and_what_fails_alone_comes_back_alone() {
        let (failed, written) = together(&["two", "again", "done", "boom", "skip", "park"], Ok(())).await;
        assert_eq!(failed, ["1", "3"]);
        assert_eq!(written, ["a", "b", "done"]);
    }

    #[tokio::test]
    async fn when_nothing_can_be_written_every_record_with_findings_comes_back() {
        let (failed, _) = together(&["two", "skip", "done"], Err(Halt::Again("no".to_owned()))).await;
        assert_eq!(failed, ["0", "2"]);
    }

    #[tokio::test]
    async fn what_may_work_in_a_moment_comes_back_soon_and_a_panic_after_the_queues_own_time() {
        let world = world();
        let record = |place: usize, body: &str, received: &str| {
            serde_json::json!({
                "messageId": place.to_string(), "body": body, "receiptHandle": format!("{body}-{received}"),
                "eventSourceARN": "arn:aws:sqs:eu-central-1:111122223333:tocsin-plan",
                "attributes": { "ApproximateReceiveCount": received },
            })
        };
        let records = [("again", "1"), ("again", "3"), ("again", "5"), ("boom", "1"), ("done", "1")];
        let records: Vec<_> = records
            .iter()
            .enumerate()
            .map(|(place, (body, received))| record(place, body, received))
            .collect();
        let event = serde_json::from_value(serde_json::json!({ "Records": records })).unwrap();
        batch("test", &world, event, None, &step).await.unwrap();
        let expected = [("again-1", 5), ("again-3", 300)]
            .map(|(receipt, seconds)| (receipt.to_owned(), SignedDuration::from_secs(seconds)));
        assert_eq!(world.postponed(), expected);
    }

    #[tokio::test]
    async fn lines_of_a_log_are_one_record_and_fail_as_a_whole() {
        let lines = serde_json::json!({ "awslogs": { "data": "H4sIAAAA" } });
        let read = async |_: &World, message: Message<'_>, _: Timestamp| Ok(vec![message.body.to_owned()]);
        for written in [Ok(()), Err(Halt::Again("no".to_owned()))] {
            let Ok(Shape::Logs(event)) = shape(lines.clone(), "request-1") else { panic!("not a log") };
            let write = async |_: &World, found: Vec<String>| {
                assert_eq!(found, [lines.to_string()]);
                written.clone()
            };
            let answer = batch_together("test", &world(), event, None, &read, &write).await.unwrap();
            assert_eq!(whole(answer).is_ok(), written.is_ok());
        }
        let queue = serde_json::json!({ "Records": [{ "messageId": "1", "body": "done" }] });
        assert!(matches!(shape(queue, "request-2"), Ok(Shape::Queue(event)) if event.records.len() == 1));
    }

    #[test]
    fn the_queue_says_when_a_message_reached_it() {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let sent = |value: Option<&str>| {
            let mut record = SqsMessage::default();
            if let Some(value) = value {
                record.attributes.insert("SentTimestamp".to_owned(), value.to_owned());
            }
            sent_at(&record, now)
        };
        let hour_ago = now - SignedDuration::from_hours(1);
        assert_eq!(sent(Some(&hour_ago.as_millisecond().to_string())), hour_ago);
        let ahead = (now + SignedDuration::from_secs(9)).as_millisecond().to_string();
        for no_past in [None, Some("soon"), Some(ahead.as_str())] {
            assert_eq!(sent(no_past), now);
        }
    }

    #[tokio::test]
    async fn a_record_without_an_id_is_an_error_of_the_batch() {
        let event = serde_json::from_str(r#"{"Records": [{"body": "done"}]}"#).unwrap();
        assert!(batch("test", &world(), event, None, &step).await.is_err());
    }

    #[tokio::test]
    async fn a_parked_body_is_not_in_the_note() {
        let world = world();
        async fn park_it(_: &World, _: Message<'_>, _: Timestamp) -> Outcome {
            Outcome::Park { why: Parked::Unreadable { detail: "not JSON".to_owned() } }
        }
        batch("test", &world, event(&["ada@example.com"]), None, &park_it).await.unwrap();
        assert!(!world.parked()[0].contains("ada@"));
        assert!(!world.home_as_text().contains("ada@"));
    }
}
