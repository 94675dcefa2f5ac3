//! Feasibility against oracles that are written in another way, on questions small enough for them.

#![allow(clippy::unwrap_used)]

mod by_hand;
mod check;
mod oracle;
mod quotas;
mod rates;
mod sample;
