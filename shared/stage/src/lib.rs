//! The harness of every function: one place where a Lambda event becomes jobs, and outcomes become an answer.
//!
//! - A queue's batch is read record by record: one bad body never fails a batch.
//! - A record that can never succeed is parked (vault, audit leaf, parking queue) before it is acknowledged.
//! - A panic fails its own record alone.
//! - No record is started within the last seconds before the function's deadline.
//! - Every record leaves one metric line and one log line, with ids only.

pub mod http;
pub mod park;
pub mod queue;
mod telemetry;
pub mod tick;

pub use lambda_runtime::Error;
pub use telemetry::{Metric, start};
pub use tocsin_ports::{SettingError, Settings};
