//! The words of Tocsin as types: ids, signals, incidents, obligations, plans, chunks, receipts, coverage.
//!
//! Architecture invariant: no clock, no input or output, no async runtime, no AWS.
//! Time, ids and randomness come in as arguments, so everything here is a function of what it is given.

pub mod alert;
pub mod canary;
pub mod changes;
pub mod chunk;
pub mod coverage;
pub mod escalation;
pub mod feasibility;
pub mod health;
pub mod id;
pub mod incident;
pub mod link;
pub mod merkle;
pub mod notice;
pub mod obligation;
pub mod outcome;
pub mod pace;
pub mod pause;
pub mod person;
pub mod personal;
pub mod plan;
pub mod receipt;
pub mod signal;
pub mod stated;
pub mod tenant;
pub mod webhook_signature;
pub mod window;
pub mod wire;
pub mod zones;
