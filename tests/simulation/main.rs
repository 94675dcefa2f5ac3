//! `cargo sim -- --first-seed S --seeds N`: N simulated installations, from seed S on. Ends with 1 and names the seeds
//! when something that is promised did not hold, and tells the smallest story that was found of the first of them.
//! `cargo sim -- --first-seed S --seeds 1 --story` tells it again.

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};

use clap::Parser;
use tocsin_tests::crash_points;
use tocsin_tests::simulation::{Report, Shrunk, hush, seed, shrink};

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
    /// Stop at the first seed in which something did not hold
    #[arg(long)]
    until_violation: bool,
    /// Tell what happened in the first seed; where something did not hold, in the first such seed, made smaller
    #[arg(long)]
    story: bool,
    /// Tell it whole, as it was, without making it smaller
    #[arg(long)]
    whole: bool,
    /// Instead: a small incident, once for every two calls that fail
    #[arg(long)]
    pairs: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    hush();
    if options.pairs {
        return pairs();
    }
    let reports = run_all(&options);
    for (number, report) in &reports {
        for violation in &report.violations {
            println!("seed {number}: {violation}");
        }
    }
    let sum = |of: fn(&Report) -> u64| reports.iter().map(|(_, report)| of(report)).sum::<u64>();
    let violations = sum(|report| report.violations.len() as u64);
    tell(&options, &reports);
    println!(
        "{} seeds, {} notices, {} faults, {violations} violations",
        reports.len(),
        sum(|report| report.notices as u64),
        sum(|report| report.went_wrong.len() as u64),
    );
    if violations == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn pairs() -> ExitCode {
    let tried = crash_points::pairs();
    tried.failed.iter().for_each(|failed| println!("not everybody was told once: {failed}"));
    println!("{} pairs of failures, {} violations", tried.times, tried.failed.len());
    if tried.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn tell(options: &Options, reports: &[(u64, Report)]) {
    let bad = reports.iter().find(|(_, report)| !report.violations.is_empty());
    match (bad, reports.first()) {
        (Some((number, report)), _) if options.whole => {
            println!("\nthe whole story of seed {number}:");
            report.story.iter().chain(&report.violations).for_each(|line| println!("{line}"));
        }
        (Some((number, _)), _) if options.story || !options.until_violation => {
            if let Some(Shrunk { report, before, tellings }) = shrink(*number) {
                let left = report.went_wrong.len();
                println!(
                    "\nthe story of seed {number}, with {left} of the {before} things that went wrong ({tellings} tellings):"
                );
                report.story.iter().chain(&report.violations).for_each(|line| println!("{line}"));
            }
        }
        (None, Some((number, report))) if options.story => {
            println!("\nthe story of seed {number}:");
            report.story.iter().for_each(|line| println!("{line}"));
        }
        (_, _) => {}
    }
}

/// The reports of all seeds, in order; of those up to the first violation where the options say so. Which one that is
/// does not depend on the number of threads.
fn run_all(options: &Options) -> Vec<(u64, Report)> {
    let (next, first_bad) = (AtomicU64::new(options.first_seed), AtomicU64::new(u64::MAX));
    let end = options.first_seed.saturating_add(options.seeds);
    let work = || {
        let mut reports = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let is_late = options.until_violation && number > first_bad.load(Ordering::Relaxed);
            if number >= end || is_late {
                return reports;
            }
            let report = seed(number);
            if !report.violations.is_empty() {
                first_bad.fetch_min(number, Ordering::Relaxed);
            }
            reports.push((number, report));
        }
    };
    let mut reports: Vec<(u64, Report)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..options.threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("a worker")).collect()
    });
    reports.sort_by_key(|(number, _)| *number);
    reports
}
