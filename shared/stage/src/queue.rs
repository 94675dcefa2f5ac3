//! Functions behind a queue.

use std::panic::AssertUnwindSafe;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use futures_util::FutureExt;
use jiff::{SignedDuration, Timestamp};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use tocsin_domain::outcome::{Halt, Outcome, Parked};
use tocsin_ports::{Clock, Metered, Parking, WriteHome, WriteVault};

use crate::park::{Parcel, park};
use crate::telemetry::{Metric, used};

/// No record is started with less time than this left.
const RESERVE: SignedDuration = SignedDuration::from_secs(5);

/// Runs a function behind a queue. The step gets the raw body: what it is, the step's own reader says.
pub async fn run<P>(
    function: &'static str,
    ports: P,
    step: impl AsyncFn(&P, &str, Timestamp) -> Outcome,
) -> Result<(), Error>
where
    P: Clock + Metered + WriteVault + WriteHome + Parking,
{
    let (ports, step) = (&ports, &step);
    let handler = async |event: LambdaEvent<SqsEvent>| {
        let deadline = deadline_of(event.context.deadline, ports.now());
        batch(function, ports, event.payload, deadline, step).await
    };
    lambda_runtime::run(service_fn(handler)).await
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
pub async fn batch<P>(
    function: &'static str,
    ports: &P,
    event: SqsEvent,
    deadline: Option<Timestamp>,
    step: &impl AsyncFn(&P, &str, Timestamp) -> Outcome,
) -> Result<SqsBatchResponse, Error>
where
    P: Clock + Metered + WriteVault + WriteHome + Parking,
{
    let mut answer = SqsBatchResponse::default();
    for record in &event.records {
        let id =
            record.message_id.as_deref().filter(|id| !id.is_empty()).ok_or("a record has no message id")?;
        if !one(function, ports, id, record, deadline, step).await {
            answer.add_failure(id);
        }
    }
    Ok(answer)
}

/// Whether the record may be acknowledged.
async fn one<P>(
    function: &'static str,
    ports: &P,
    id: &str,
    record: &SqsMessage,
    deadline: Option<Timestamp>,
    step: &impl AsyncFn(&P, &str, Timestamp) -> Outcome,
) -> bool
where
    P: Clock + Metered + WriteVault + WriteHome + Parking,
{
    let (started, before) = (ports.now(), ports.usage());
    let body = record.body.as_deref().unwrap_or_default();
    let (outcome, reason) = if deadline.is_some_and(|deadline| started + RESERVE > deadline) {
        ("not-started", "the function's time is nearly over".to_owned())
    } else {
        match AssertUnwindSafe(step(ports, body, started)).catch_unwind().await {
            Ok(outcome) => settle(function, ports, id, body, outcome).await,
            Err(_panic) => ("panic", "a defect; see the panic's own log line for the place".to_owned()),
        }
    };
    log(function, id, outcome, &reason);
    let ended = ports.now();
    Metric {
        function,
        outcome: outcome.to_owned(),
        reason,
        at_ms: started.as_millisecond(),
        duration_ms: ended.duration_since(started).as_millis() as i64,
        usage: used(before, ports.usage()),
    }
    .emit();
    matches!(outcome, "done" | "skip" | "park")
}

async fn settle<P>(
    function: &'static str,
    ports: &P,
    id: &str,
    body: &str,
    outcome: Outcome,
) -> (&'static str, String)
where
    P: Clock + Metered + WriteVault + WriteHome + Parking,
{
    match outcome {
        Outcome::Done => ("done", String::new()),
        Outcome::Skip { why } => ("skip", why.to_owned()),
        Outcome::Again { why, .. } => ("again", why),
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

    async fn step(_: &World, body: &str, now: Timestamp) -> Outcome {
        match body {
            "done" => Outcome::Done,
            "skip" => Outcome::Skip { why: "seen before" },
            "again" => Outcome::Again { not_before: Some(now), why: "throttled".to_owned() },
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

    #[tokio::test]
    async fn a_record_without_an_id_is_an_error_of_the_batch() {
        let event = serde_json::from_str(r#"{"Records": [{"body": "done"}]}"#).unwrap();
        assert!(batch("test", &world(), event, None, &step).await.is_err());
    }

    #[tokio::test]
    async fn a_parked_body_is_not_in_the_note() {
        let world = world();
        async fn park_it(_: &World, _: &str, _: Timestamp) -> Outcome {
            Outcome::Park { why: Parked::Unreadable { detail: "not JSON".to_owned() } }
        }
        batch("test", &world, event(&["ada@example.com"]), None, &park_it).await.unwrap();
        assert!(!world.parked()[0].contains("ada@"));
        assert!(!world.home_as_text().contains("ada@"));
    }
}
