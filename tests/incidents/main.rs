//! Whole incidents in one process: all real steps over the world in memory, driven by what people and providers do.

mod alerts;
mod amend;
mod canary;
mod canary_message;
mod channels;
mod counsel;
mod details;
mod endings;
mod facts;
mod failover;
mod fallback;
mod filings;
mod health;
mod hours;
mod incident;
mod letters;
mod order;
mod partners;
mod pause;
mod questions;
mod redrive;
mod senders;
mod short_of_time;
mod signals;
mod stuck;
mod templates;
