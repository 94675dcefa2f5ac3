//! What can be asked of the demo.

use std::path::PathBuf;

use clap::Parser;

/// Runs the main job on this machine: from a GuardDuty finding and a Shopify webhook to delivered notices and
/// computed coverage. Needs Rust and Python 3.11 or newer; no Docker, no AWS account.
#[derive(Debug, Clone, Parser)]
#[command(name = "cargo demo")]
pub struct Options {
    /// Give the approval without asking.
    #[arg(long)]
    pub yes: bool,
    /// How many customers stand in the file that is lost.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub people: u32,
    /// The same seed gives the same customers and the same weather.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Kill the processes of every function in the middle of the run, three times each, and check that nothing
    /// changes.
    #[arg(long)]
    pub kill: bool,
    /// Lose the answers of this share of the calls to SES: the mails go out and nobody hears of it.
    #[arg(long, default_value_t = 0.0)]
    pub lose_answers: f64,
    /// Write the final table of duties into this file, as JSON and without instants, to be compared with another run's.
    #[arg(long)]
    pub table: Option<PathBuf>,
    /// Leave everything running at the end, and say where to look.
    #[arg(long)]
    pub keep: bool,
    /// Print what each stage took and cost.
    #[arg(long)]
    pub figures: bool,
}
