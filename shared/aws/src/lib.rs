//! Every port on AWS, for one type: [`Aws`]. The only crate that knows `aws-sdk-*`, and the only one that asks the
//! clock.
//!
//! What fails is told by the operation's name and the service's error code, never by the service's own message:
//! that may quote an address. Sending clients never retry (see `mail`); all others do, for a moment.

mod alerts;
mod clock;
pub mod console;
mod dead_letters;
mod expression;
mod failure;
mod http;
mod item;
#[cfg(test)]
mod loopback;
mod mail;
mod names;
mod partners;
mod queues;
mod quota;
mod secrets;
mod senders;
mod start;
mod table;
mod tables;
mod text;
mod vault;
mod write;

pub use start::{Aws, StartError};
