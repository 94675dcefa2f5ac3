//! Signatures and parsers: bytes from outside become signals and delivery events, or a reason why not.
//!
//! - [`webhook`]: an HTTPS request is verified over its raw bytes, and only then read.
//! - [`signal`]: the body of a queue message, whose format is found out.
//! - [`receipt`]: what a provider says about a message that it took.
//! - [`storefront`]: a shop that asks for one of its customers.
//! - [`explain`]: the same, for people: what the product would do with an input.
//!
//! Architecture invariants: no network, no clock (`now` is an argument), no panic on any bytes.
//! Nothing that comes out holds a recipient's address; only [`shopify::Compliance`] and [`storefront::Visit`] hold a
//! customer, as [`tocsin_domain::personal::Personal`].

pub mod envelope;
pub mod explain;
pub mod json;
pub mod receipt;
pub mod shopify;
pub mod signal;
pub mod storefront;
pub mod webhook;

mod draft;
mod text;
mod time;
mod topics;
