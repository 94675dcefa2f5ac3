//! `cargo demo`: the main job on one machine, with the real functions on the real templates.
//!
//! It starts the local cloud, builds and deploys the functions, gives two merchants customers, lets one of them
//! lose a file, and follows the incident to its end. Then it checks itself, and says so in its exit code.

mod checks;
mod command;
mod doubts;
mod figures;
mod killer;
mod merchants;
mod messages;
mod options;
mod screen;
mod story;
mod table;
mod truth;

use std::process::ExitCode;

use clap::Parser;

use crate::options::Options;

/// What went wrong, for the person at the terminal.
pub(crate) type Trouble = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    match story::tell(&options).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(trouble) => {
            eprintln!("the demo could not go on: {trouble}");
            ExitCode::FAILURE
        }
    }
}
