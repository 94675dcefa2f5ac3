//! `cargo planted`: does the simulation find what it is there to find? Each fault of `tests/faults.toml` is planted,
//! one after the other, and the simulation has to catch it. Ends with 1 where it does not.

mod copy;
mod faults;
mod graft;

use std::fs;
use std::process::{Command, ExitCode};

use clap::Parser;

use crate::copy::Copy;
use crate::faults::Fault;

/// What went wrong with the run itself, for the person at the terminal.
type Trouble = Box<dyn std::error::Error>;

#[derive(Debug, Parser)]
#[command(name = "cargo planted")]
struct Options {
    /// Plant this fault alone
    #[arg(long)]
    only: Option<String>,
    /// Within how many seeds a fault has to be caught
    #[arg(long, default_value_t = 1000)]
    seeds: u64,
}

fn main() -> ExitCode {
    match plant_all(&Options::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(trouble) => {
            eprintln!("the faults could not be planted: {trouble}");
            ExitCode::FAILURE
        }
    }
}

/// Whether every fault was caught. The sources as they are have to hold first: else everything would be caught.
fn plant_all(options: &Options) -> Result<bool, Trouble> {
    let copy = Copy::of_the_sources();
    let faults = faults::read(&copy)?;
    let chosen: Vec<&Fault> =
        faults.iter().filter(|fault| options.only.as_ref().is_none_or(|only| *only == fault.name)).collect();
    if chosen.is_empty() {
        return Err("tests/faults.toml has no fault of this name".into());
    }
    copy.bring_up_to_date(&faults)?;
    build(&copy)?;
    if let Some(caught) = simulate(&copy, None, 1, 20)?.first() {
        return Err(format!("without any fault there is a violation: {caught}").into());
    }
    let mut caught = 0;
    for fault in &chosen {
        match catch(&copy, fault, options.seeds).as_deref() {
            Ok([violation, ..]) => {
                caught += 1;
                println!("caught  {:<40} {violation}", fault.name);
            }
            Ok([]) => {
                println!("MISSED  {:<40} {} seeds found nothing: {}", fault.name, options.seeds, fault.life)
            }
            Err(trouble) => println!("BROKEN  {:<40} {trouble}", fault.name),
        }
    }
    println!("{caught} of {} faults caught", chosen.len());
    Ok(caught == chosen.len())
}

/// Builds the simulation of the copy, and puts it where the next build of the sources leaves it alone.
fn build(copy: &Copy) -> Result<(), Trouble> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let program = std::env::current_exe()?;
    let profile = program.parent().ok_or("this program lies nowhere")?;
    let target = profile.parent().ok_or("there is no target directory")?;
    let built = Command::new(cargo)
        .args(["build", "--quiet", "--package", "tocsin-tests", "--bin", "sim"])
        .current_dir(copy.sources())
        .env("CARGO_TARGET_DIR", target)
        .output()?;
    if !built.status.success() {
        return Err(format!("it does not build:\n{}", String::from_utf8_lossy(&built.stderr)).into());
    }
    fs::rename(profile.join("sim"), copy.simulation())?;
    Ok(())
}

/// The violations of a seed that has none without the fault: of the one that caught it last, else of the first that does.
fn catch(copy: &Copy, fault: &Fault, seeds: u64) -> Result<Vec<String>, Trouble> {
    if let Some(seed) = fault.seed.filter(|seed| *seed <= seeds) {
        let caught = simulate(copy, Some(fault), seed, 1)?;
        if !caught.is_empty() {
            return by_the_fault(copy, caught);
        }
    }
    let caught = simulate(copy, Some(fault), 1, seeds)?;
    by_the_fault(copy, caught)
}

fn by_the_fault(copy: &Copy, caught: Vec<String>) -> Result<Vec<String>, Trouble> {
    let seed = |violation: &String| violation.strip_prefix("seed ")?.split(':').next()?.parse().ok();
    if let Some(seed) = caught.first().and_then(seed)
        && let Some(without) = simulate(copy, None, seed, 1)?.first()
    {
        return Err(format!("without the fault there is a violation, too: {without}").into());
    }
    Ok(caught)
}

/// Runs the simulation, with a fault in it or none, until the first violation. The violations, each with its seed.
fn simulate(copy: &Copy, fault: Option<&Fault>, first: u64, seeds: u64) -> Result<Vec<String>, Trouble> {
    let output = Command::new(copy.simulation())
        .args(["--until-violation", "--first-seed", &first.to_string(), "--seeds", &seeds.to_string()])
        .env_remove(graft::CHOICE)
        .envs(fault.map(|fault| (graft::CHOICE, &fault.name)))
        .output()?;
    let text = String::from_utf8(output.stdout)?;
    let violations: Vec<String> =
        text.lines().filter(|line| line.starts_with("seed ")).map(str::to_owned).collect();
    if output.status.success() != violations.is_empty() {
        return Err(format!("the simulation ended with {} and said:\n{text}", output.status).into());
    }
    Ok(violations)
}
