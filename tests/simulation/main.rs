//! `cargo sim -- --first-seed S --seeds N`: N simulated installations, from seed S on. Ends with 1 and names the seeds
//! when something that is promised did not hold.

use std::process::ExitCode;

use clap::Parser;
use tocsin_tests::simulation::{Report, hush, seed};

#[derive(Debug, Parser)]
#[command(name = "cargo sim")]
struct Options {
    #[arg(long, default_value_t = 1)]
    first_seed: u64,
    #[arg(long, default_value_t = 100)]
    seeds: u64,
    /// How many run at once
    #[arg(long, default_value_t = 2)]
    threads: u64,
}

fn main() -> ExitCode {
    let options = Options::parse();
    hush();
    let reports: Vec<(u64, Report)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..options.threads)
            .map(|worker| {
                scope
                    .spawn(move || seeds(options.first_seed + worker, options.seeds, worker, options.threads))
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap_or_default()).collect()
    });
    let sum = |of: fn(&Report) -> u64| reports.iter().map(|(_, report)| of(report)).sum::<u64>();
    let violations = sum(|report| report.violations.len() as u64);
    println!(
        "{} seeds, {} notices, {} faults, {violations} violations",
        reports.len(),
        sum(|report| report.notices as u64),
        sum(|report| report.faults),
    );
    if violations == 0 && reports.len() as u64 == options.seeds {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Every `threads`-th seed, each said at once when something is wrong with it.
fn seeds(first: u64, count: u64, worker: u64, threads: u64) -> Vec<(u64, Report)> {
    let mine = (0..count.saturating_sub(worker).div_ceil(threads)).map(|turn| first + turn * threads);
    mine.map(|number| {
        let report = seed(number);
        for violation in &report.violations {
            println!("seed {number}: {violation}");
        }
        (number, report)
    })
    .collect()
}
