//! Logs in JSON with ids only, and metrics as CloudWatch's embedded metric format: one line a record.

use std::panic::PanicHookInfo;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use tocsin_ports::Usage;
use tracing_subscriber::EnvFilter;

/// Only a function prints: where steps run in one process by the thousand, nobody sums their metrics.
static STARTED: AtomicBool = AtomicBool::new(false);

/// Starts logging, and makes a panic log its place and not its text: the text may hold data.
pub fn start() {
    STARTED.store(true, Ordering::Relaxed);
    let filter = EnvFilter::try_from_env("TOCSIN_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().json().with_env_filter(filter).with_current_span(true).without_time().init();
    std::panic::set_hook(Box::new(log_panic));
}

fn log_panic(panic: &PanicHookInfo<'_>) {
    tracing::error!(place = %place_of(panic), "panic");
}

fn place_of(panic: &PanicHookInfo<'_>) -> String {
    panic
        .location()
        .map_or_else(|| "an unknown place".to_owned(), |at| format!("{}:{}", at.file(), at.line()))
}

/// One record's measurement. Format: CloudWatch embedded metric format specification.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    pub function: &'static str,
    /// `done`, `again`, `park`, `skip`, `panic`, `not-started`, or an HTTP status.
    pub outcome: String,
    pub reason: String,
    pub at_ms: i64,
    pub duration_ms: i64,
    /// What the record cost.
    pub usage: Usage,
}

/// What was used between two looks.
pub(crate) fn used(before: Usage, after: Usage) -> Usage {
    Usage {
        write_units: after.write_units - before.write_units,
        mail_calls: after.mail_calls - before.mail_calls,
        queue_calls: after.queue_calls - before.queue_calls,
    }
}

impl Metric {
    /// The line that CloudWatch turns into metrics. `reason` is a property, not a dimension: its values are many.
    /// So are the costs: they are summed from the log where somebody asks.
    pub fn line(&self) -> String {
        json!({
            "_aws": {
                "Timestamp": self.at_ms,
                "CloudWatchMetrics": [{
                    "Namespace": "Tocsin",
                    "Dimensions": [["function", "outcome"]],
                    "Metrics": [
                        { "Name": "records", "Unit": "Count" },
                        { "Name": "duration_ms", "Unit": "Milliseconds" },
                    ],
                }],
            },
            "function": self.function,
            "outcome": self.outcome,
            "reason": self.reason,
            "records": 1,
            "duration_ms": self.duration_ms,
            "write_units": self.usage.write_units,
            "mail_calls": self.usage.mail_calls,
            "queue_calls": self.usage.queue_calls,
        })
        .to_string()
    }

    pub(crate) fn emit(&self) {
        if STARTED.load(Ordering::Relaxed) {
            println!("{}", self.line());
        }
    }
}
