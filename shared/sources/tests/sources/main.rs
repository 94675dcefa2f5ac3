//! The crate from outside, with samples and keys of its own.

#![expect(clippy::unwrap_used, reason = "a test stops where its own samples are wrong")]

mod common;
mod explain;
mod hostile;
mod receipt;
mod siem;
mod signal;
mod webhook;
