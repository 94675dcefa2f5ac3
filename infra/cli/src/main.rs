use std::process::ExitCode;

use clap::Parser;
use tocsin_cli::args::Args;
use tocsin_cli::command;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Err(failure) = command::run(Args::parse().command).await else {
        return ExitCode::SUCCESS;
    };
    eprintln!("tocsin: {failure}");
    failure.exit_code()
}
