//! The operator's command, and what else talks to the console on a person's behalf.
//!
//! - [`console`]: the console's HTTP API as typed calls.
//! - [`show`]: its answers as tables for people.
//! - [`explain`]: what the product would do with an input; nothing is done, nothing is asked.
//! - [`args`] and [`command`]: the command line, and what each command does.
//!
//! Exit codes: 0 done; 1 the answer is "no" (a broken log, a refused request); 2 wrong usage or no connection.

pub mod args;
pub mod audit;
pub mod chromium;
pub mod command;
pub mod console;
pub mod counsel;
pub mod explain;
pub mod facts;
pub mod failure;
pub mod filing;
pub mod law;
pub mod letters;
pub mod notice;
pub mod preview;
mod register;
pub mod show;
pub mod template;
pub mod tenant;
pub mod verification;

mod table;
