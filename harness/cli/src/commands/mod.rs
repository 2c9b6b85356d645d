//! The subcommands, and what they share: output and exit codes.

mod completions;
mod evaluate;
mod explain;
mod hidden;
mod judge;
mod list;

pub use explain::explanation;

use crate::args::{Cli, Command, Format};
use crate::expect::{Expectation, outcome};
use crate::failure::Failure;
use crate::terminal;
use clap::Parser as _;
use exactly_model::{Report, exit};
use std::io::{ErrorKind, Write as _};
use std::path::Path;
use std::process::ExitCode;

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are data and go to stdout; clap knows which.
            let printed = error.print();
            let code = u8::try_from(error.exit_code()).unwrap_or(exit::USAGE);
            return match printed {
                Err(e) if e.kind() != ErrorKind::BrokenPipe => ExitCode::from(exit::STORE),
                _ => ExitCode::from(code),
            };
        }
    };
    terminal::start_log();
    let result = match cli.command {
        Command::Evaluate(args) => evaluate::run(&args),
        Command::Judge(args) => judge::run(&args),
        Command::List(args) => list::run(&args),
        Command::Explain { code } => explain::run(code.as_deref()),
        Command::Completions { shell } => completions::run(shell),
        Command::Pipeline { id } => hidden::pipeline(&id),
        Command::EmbeddedKafka => hidden::embedded_kafka(),
        Command::Guardian => hidden::guardian(),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            complain(&failure.to_string());
            ExitCode::from(failure.exit_code())
        }
    }
}

/// Data for stdout. A reader that has seen enough (`| head`) is no failure: the
/// exit code stays that of the answer.
fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::Store(format!(
            "cannot write to stdout: {error}; what was recorded is kept, `exactly judge` prints it"
        ))),
        _ => Ok(()),
    }
}

/// A line on stderr. Where that cannot be written there is nobody to tell.
fn complain(text: &str) {
    drop(writeln!(std::io::stderr().lock(), "error: {text}"));
}

/// Reads `--expect`, before anything runs: a run of minutes must not end in a
/// typing mistake.
fn expectation(file: Option<&Path>) -> Result<Option<Expectation>, Failure> {
    let Some(file) = file else {
        return Ok(None);
    };
    let wrong = |why: String| Failure::Config(format!("expectation {}: {why}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
    Expectation::parse(&text).map(Some).map_err(wrong)
}

/// Prints a report and turns it into an exit code.
fn finish(
    report: &Report,
    format: Format,
    expectation: Option<&Expectation>,
) -> Result<u8, Failure> {
    print(&match format {
        Format::Human => exactly_report::human(report, terminal::stdout_style()),
        Format::Json => exactly_report::json(report),
    })?;
    if let Some(expectation) = expectation {
        expectation
            .check_names(report, &catalogue_ids())
            .map_err(|why| Failure::Config(format!("expectation: {why}")))?;
    }
    let outcome = outcome(report, expectation);
    for line in &outcome.broken {
        complain(&format!("expectation does not hold: {line}"));
    }
    for line in &outcome.undecided {
        complain(line);
    }
    Ok(outcome.exit_code())
}

/// `claim/variant` of every cell.
fn catalogue_ids() -> Vec<String> {
    let claims = exactly_claims::catalogue();
    let ids = claims.iter().flat_map(|claim| {
        claim
            .variants
            .iter()
            .map(|v| format!("{}/{}", claim.id, v.id))
    });
    ids.collect()
}
