//! The subcommands, and what they share: output and exit codes.

mod check;
mod clock;
mod completions;
mod doctor;
mod evaluate;
mod explain;
mod hidden;
mod init;
mod judge;
mod list;
mod merge;
mod replay;
mod running;
mod signals;
mod up;

pub use explain::explanation;

use crate::args::{Cli, Command, Format};
use crate::destinations::Destinations;
use crate::expect;
use crate::failure::Failure;
use crate::terminal;
use clap::Parser as _;
use exactly::Expectations;
use exactly_claims::{Claim, catalogue};
use exactly_model::{REPORT_SCHEMA, Report, exit};
use exactly_report::{Outcome, Remark, check_human, human, is_check, json};
use std::io::{ErrorKind, Write as _};
use std::path::Path;
use std::process::ExitCode;

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    main_with(catalogue())
}

/// As [`main`], with another catalogue: tests swap the code of variants.
pub fn main_with(catalogue: Vec<Claim>) -> ExitCode {
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
        Command::Evaluate(args) => evaluate::run(catalogue, &args),
        Command::Check(args) => check::run(&args),
        Command::Init(args) => init::run(&args),
        Command::Schema => {
            print(&format!("{:#}\n", exactly::config::json_schema())).map(|()| exit::DONE)
        }
        Command::Merge(args) => merge::run(&args),
        Command::Judge(args) => judge::run(&args),
        Command::Replay(args) => replay::run(catalogue, &args),
        Command::Up(args) => up::run(&args),
        Command::Clock { command } => clock::run(&command),
        Command::Doctor(args) => doctor::run(&args),
        Command::List(args) => list::run(&catalogue, &args),
        Command::Explain { code } => explain::run(code.as_deref()),
        Command::Completions { shell } => completions::run(shell),
        Command::Pipeline { id } => hidden::pipeline(&id),
        Command::EmbeddedKafka { port } => hidden::embedded("kafka", port),
        Command::EmbeddedSqs { port } => hidden::embedded("sqs", port),
        Command::EmbeddedHttp { port } => hidden::embedded("http", port),
        Command::EmbeddedRedis { port } => hidden::embedded("redis", port),
        Command::EmbeddedSmtp { port } => hidden::embedded("smtp", port),
        Command::Guardian { mark, scratch } => Ok(hidden::guardian(&mark, &scratch)),
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

/// A remark on stderr.
fn tell(text: &str) {
    drop(writeln!(std::io::stderr().lock(), "{text}"));
}

/// Runs `future` on a runtime of its own.
fn block_on<T>(
    runtime: &mut tokio::runtime::Builder,
    future: impl Future<Output = T>,
) -> Result<T, Failure> {
    let runtime = runtime
        .enable_all()
        .build()
        .map_err(|error| Failure::Undecided(format!("cannot start a runtime: {error}")))?;
    Ok(runtime.block_on(future))
}

/// Reads `--expect`, before anything runs: a run of minutes must not end in a
/// typing mistake.
fn expectations(file: Option<&Path>) -> Result<Option<Expectations>, Failure> {
    let Some(file) = file else {
        return Ok(None);
    };
    let wrong = |why: String| Failure::Config(format!("expectation {}: {why}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
    expect::parse(&text).map(Some).map_err(wrong)
}

/// Prints a report, writes it wherever else it goes, and turns it into an exit
/// code.
fn finish(
    report: &Report,
    format: Format,
    expectations: Option<&Expectations>,
    destinations: &Destinations,
) -> Result<u8, Failure> {
    let shown = show(report, format);
    let outcome = expect::outcome(report, expectations);
    let written = destinations.write(report, &outcome);
    let what = match expectations {
        Some(_) => "expectation does not hold: ",
        None => "",
    };
    for remark in &outcome.broken {
        complain(&format!("{what}{}", remark.text));
    }
    for remark in &outcome.undecided {
        complain(&remark.text);
    }
    annotate(report, &outcome, destinations);
    shown.and(written)?;
    Ok(outcome.exit_code())
}

/// As [`finish`], for a run that `failure` ended: whoever collects reports is
/// told so, and nobody takes what is there for all. The exit code is that of
/// the failure.
fn cut_short(
    report: &Report,
    expectations: Option<&Expectations>,
    destinations: &Destinations,
    failure: &Failure,
) {
    let mut outcome = expect::outcome(report, expectations);
    let remark = Remark::on_the_run(failure.to_string());
    outcome.undecided.insert(0, remark);
    if let Err(unwritten) = destinations.write(report, &outcome) {
        complain(&unwritten.to_string());
    }
    annotate(report, &outcome, destinations);
}

/// The report of a run that ended before anything was recorded.
fn nothing() -> Report {
    Report {
        schema: REPORT_SCHEMA.into(),
        tool: format!("exactly {}", env!("CARGO_PKG_VERSION")),
        run: String::new(),
        seed: 0,
        plan: String::new(),
        systems: Vec::new(),
        claims: Vec::new(),
    }
}

/// GitHub reads commands from stderr as well as from stdout, where they would
/// stand among the data.
fn annotate(report: &Report, outcome: &Outcome, destinations: &Destinations) {
    let text = destinations.annotations(report, outcome);
    drop(std::io::stderr().lock().write_all(text.as_bytes()));
}

/// Prints a report.
fn show(report: &Report, format: Format) -> Result<(), Failure> {
    print(&match format {
        Format::Human if is_check(report) => check_human(report, terminal::stdout_style()),
        Format::Human => human(report, terminal::stdout_style()),
        Format::Json => json(report),
    })
}
