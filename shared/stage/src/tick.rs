//! Functions behind a schedule.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use jiff::Timestamp;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use tocsin_domain::outcome::Outcome;
use tocsin_ports::{Clock, Metered};

use crate::telemetry::{Metric, used};

/// Runs a function that a schedule invokes. What it did not finish it finds again at the next tick; an error is
/// therefore an alarm and not a retry.
pub async fn run<P: Clock + Metered>(
    function: &'static str,
    ports: P,
    step: impl AsyncFn(&P, Timestamp) -> Outcome,
) -> Result<(), Error> {
    let (ports, step) = (&ports, &step);
    let handler = async |_: LambdaEvent<serde_json::Value>| tick(function, ports, step).await;
    lambda_runtime::run(service_fn(handler)).await
}

async fn tick<P: Clock + Metered>(
    function: &'static str,
    ports: &P,
    step: &impl AsyncFn(&P, Timestamp) -> Outcome,
) -> Result<serde_json::Value, Error> {
    let (started, before) = (ports.now(), ports.usage());
    let (outcome, reason) = match AssertUnwindSafe(step(ports, started)).catch_unwind().await {
        Ok(Outcome::Done) => ("done", String::new()),
        Ok(Outcome::Skip { why }) => ("skip", why.to_owned()),
        Ok(Outcome::Again { why }) => ("again", why),
        Ok(Outcome::Park { why }) => ("park", why.to_string()),
        Err(_panic) => ("panic", "a defect; see the panic's own log line for the place".to_owned()),
    };
    let duration_ms = ports.now().duration_since(started).as_millis() as i64;
    Metric {
        function,
        outcome: outcome.to_owned(),
        reason: reason.clone(),
        at_ms: started.as_millisecond(),
        duration_ms,
        usage: used(before, ports.usage()),
    }
    .emit();
    match outcome {
        "done" | "skip" => Ok(serde_json::json!({ "outcome": outcome })),
        _ => {
            tracing::error!(function, outcome, reason, "tick");
            Err(reason.into())
        }
    }
}
