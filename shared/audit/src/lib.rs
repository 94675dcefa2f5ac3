//! The audit log of a tenant: every decision and every hand-over is a leaf; leaves are sealed into tiles;
//! each tile carries the head of the chain so far.
//!
//! A leaf is written in the transaction of the change that it describes, and waits. `watch` seals what waits:
//! it gives each leaf its number and chains it to all before it. Nothing that was sealed can be changed, left
//! out, or put in without the head becoming another.
//!
//! Leaves hold ids, hashes, counts and reasons. They hold no personal data: a person appears as an id that
//! cannot be computed without the tenant's secret.
//!
//! Architecture invariant: no clock, no input or output. The verifier is a function of bytes.

mod leaf;
mod log;
mod verify;

pub use leaf::{Action, Actor, Leaf};
pub use log::{Head, Tile, seal};
pub use verify::{Broken, Verified, export, verify};
