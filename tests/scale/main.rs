//! `cargo scale -- --people N`: a platform's people are told, in simulated time, with the real steps. Ends with 1 when
//! something that is promised did not hold, or when more than 4 GiB of memory were needed. How long it took is printed.

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use tocsin_tests::scale::{Report, Scale, carry_out};
use tocsin_tests::simulation::hush;

/// A run asks for memory some hundred times a person, on two threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The memory that a run may need.
const MOST_KIB: u64 = 4 * 1024 * 1024;

#[derive(Debug, Parser)]
#[command(name = "cargo scale")]
struct Options {
    #[arg(long, default_value_t = 1_000_000)]
    people: u64,
    /// How many people one incident affects
    #[arg(long, default_value_t = 20_000)]
    incident: u32,
    /// How many messages a second each of the four lanes takes
    #[arg(long, default_value_t = 60)]
    rate: u32,
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn main() -> ExitCode {
    let Options { people, incident, rate, seed } = Options::parse();
    hush();
    let began = Instant::now();
    let report = carry_out(Scale { people, incident, rate, seed });
    let wall = began.elapsed().as_secs_f64();
    report.violations.iter().take(50).for_each(|violation| println!("{violation}"));
    let promised = tell(&report);
    let fits = tell_cost(&report, wall);
    if promised && fits { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Whether everything held.
fn tell(report: &Report) -> bool {
    let Report { people, incidents, chunks, calls, throttled, notices, copies, .. } = report;
    println!("{people} people in {incidents} incidents, {chunks} chunks, {calls} calls, {notices} notices");
    println!("{copies} of them copies, {} settlements, {} leaves", report.settlements, report.leaves);
    for (name, times) in &report.faults {
        println!("  {times:>9}  {name}");
    }
    let hours = report.lasted.as_secs_f64() / 3600.0;
    println!("{hours:.1} simulated hours, at most {} incidents at once in an installation", report.most_open);
    for (region, lane) in &report.lanes {
        let hours = |time: jiff::SignedDuration| time.as_secs_f64() / 3600.0;
        println!(
            "  {region}: {} messages in {:.2} hours, {:.2} at least: {:.1} % above",
            lane.messages,
            hours(lane.makespan()),
            hours(lane.bound()),
            lane.above_per_mille() as f64 / 10.0,
        );
    }
    println!("{throttled} calls throttled, {:.4} %", *throttled as f64 * 100.0 / (*calls).max(1) as f64);
    println!("{} violations", report.violations.len());
    report.violations.is_empty()
}

/// Whether it fitted into the memory.
fn tell_cost(report: &Report, wall: f64) -> bool {
    let cores = cpu_seconds();
    let each = |name: &str, seconds: f64| {
        println!(
            "  {seconds:>9.1} s  {name}, {:.1} µs a person",
            seconds * 1e6 / report.people.max(1) as f64
        );
    };
    println!("{wall:.1} s, {:.0} people a second", report.people as f64 / wall);
    for (name, time) in &report.spent {
        each(name, time.as_secs_f64());
    }
    each("all cores", cores);
    let peak = peak_kib();
    println!("{} MiB of memory at most", peak / 1024);
    peak <= MOST_KIB
}

/// The most memory that the process had (`VmHWM`); 0 where the system does not say.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

/// The time of all cores that the process had; 0 where the system does not say.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    let ticks =
        |place: usize| fields.get(place).and_then(|ticks| ticks.parse::<f64>().ok()).unwrap_or_default();
    (ticks(11) + ticks(12)) / 100.0
}
