//! `exactly evaluate`: measures what pipelines really deliver.

use super::signals::{Signals, first_signal};
use crate::args::EvaluateArgs;
use crate::expect;
use crate::failure::Failure;
use crate::place::Places;
use crate::progress::Display;
use crate::select::select;
use crate::terminal;
use exactly::{Options, Outcome, Progress, Selected};
use exactly_claims::Claim;
use exactly_model::redact;
use std::sync::{Arc, Mutex};

pub(super) fn run(catalogue: Vec<Claim>, args: &EvaluateArgs) -> Result<u8, Failure> {
    let expectations = super::expectations(args.expect.as_deref())?;
    if let Some(expectations) = &expectations {
        expect::check_names(expectations, &ids(&catalogue))
            .map_err(|why| Failure::Config(format!("expectation: {why}")))?;
    }
    let options = options(catalogue, args)?;
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let (outcome, signals) = super::block_on(&mut runtime, evaluate(options))??;
    let folder = outcome.folder.display();
    super::tell(&format!(
        "recorded; `exactly judge {folder}` judges it again"
    ));
    match outcome.error {
        None => super::finish(&outcome.report, args.format, expectations.as_ref()),
        Some(error) => {
            // What was measured before the run ended is worth showing.
            if outcome.report.variants().next().is_some() {
                super::show(&outcome.report, args.format)?;
            }
            Err(match first_signal(&signals) {
                Some(signal) => Failure::Interrupted(signal),
                None => error.into(),
            })
        }
    }
}

/// Runs what is asked for, with progress on stderr, until it is done or a
/// signal ends it.
async fn evaluate(mut options: Options) -> Result<(Outcome, Signals), Failure> {
    let display = Arc::new(Mutex::new(Display::stderr()));
    // A display that panicked once has nothing more to show.
    let show = |display: &Mutex<Display>, progress: &Progress| {
        if let Ok(mut display) = display.lock() {
            display.show(progress);
        }
    };
    let (for_signals, for_run) = (display.clone(), display.clone());
    let (signals, cancelled) =
        super::signals::listen(move |text| show(&for_signals, &Progress::Note(text)))?;
    options.cancelled = cancelled;
    let outcome = exactly::evaluate(options, move |progress| show(&for_run, progress)).await;
    if let Ok(display) = display.lock() {
        display.finish();
    }
    Ok((outcome?, signals))
}

/// Checks the arguments before anything is started.
fn options(catalogue: Vec<Claim>, args: &EvaluateArgs) -> Result<Options, Failure> {
    let usage = |error: &dyn std::error::Error| Failure::Usage(error.to_string());
    let claims = select(catalogue, &args.cells).map_err(|e| usage(&e))?;
    let places = Places::read(&args.on, args.kafka.as_deref(), args.postgres.as_deref())
        .map_err(|e| usage(&e))?;
    let mut options = Options::new(executable()?);
    options.messages = args.messages.unwrap_or(options.messages);
    check_messages(&claims, options.messages)?;
    options.cells = selected(claims);
    options.places = places.into_map();
    options.seed = args.seed;
    options.jobs = args.jobs.map_or(options.jobs, |jobs| jobs as usize);
    options.exhaustive = args.exhaustive;
    options.assist = !args.no_assist;
    options.store = args.out.clone();
    options.temporary = std::env::temp_dir();
    options.cache = terminal::cache_folder();
    options.command = std::env::args().map(|arg| redact(&arg)).collect();
    Ok(options)
}

/// This binary: it runs the pipelines and embedded servers as its children.
fn executable() -> Result<String, Failure> {
    let path = std::env::current_exe()
        .map_err(|error| Failure::Undecided(format!("cannot find my own binary: {error}")))?;
    path.into_os_string().into_string().map_err(|path| {
        Failure::Config(format!(
            "my own path {} is not valid UTF-8; move the binary elsewhere",
            path.display()
        ))
    })
}

fn selected(claims: Vec<Claim>) -> Vec<Selected> {
    let cells = claims.into_iter().flat_map(|claim| {
        let variants = claim.variants.clone();
        variants.into_iter().map(move |variant| Selected {
            claim: claim.clone(),
            variant,
        })
    });
    cells.collect()
}

/// `claim/variant` of every cell.
fn ids(catalogue: &[Claim]) -> Vec<String> {
    let of = |claim: &Claim| {
        let id = claim.id;
        let variants = claim.variants.iter();
        variants
            .map(|v| format!("{id}/{}", v.id))
            .collect::<Vec<_>>()
    };
    catalogue.iter().flat_map(of).collect()
}

/// A witness that covers the third message cannot fire with two.
fn check_messages(claims: &[Claim], messages: u32) -> Result<(), Failure> {
    let cells = claims
        .iter()
        .flat_map(|claim| claim.variants.iter().map(move |v| (claim.id, v)));
    let mut short = cells.filter(|(_, variant)| variant.messages_min > messages);
    match short.next() {
        None => Ok(()),
        Some((claim, variant)) => Err(Failure::Usage(format!(
            "--messages {messages}: {claim}/{} needs at least {}, or its witness can't fire",
            variant.id, variant.messages_min
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Cli, Command};
    use clap::Parser as _;
    use exactly_claims::catalogue;
    use exactly_model::exit;

    fn args(line: &str) -> EvaluateArgs {
        let words = ["exactly", "evaluate"].into_iter();
        let cli = Cli::try_parse_from(words.chain(line.split_whitespace())).unwrap();
        match cli.command {
            Command::Evaluate(args) => args,
            other => panic!("not evaluate: {other:?}"),
        }
    }

    #[test]
    fn a_wrong_request_is_refused_before_anything_starts() {
        for (line, part) in [
            ("nonsense", "no claim or variant is called \"nonsense\""),
            ("--on docker", "place \"docker\" does not exist"),
            ("--kafka nonsense", "host:port"),
            ("--messages 1", "needs at least"),
        ] {
            let args = args(line);
            let failure = options(catalogue(), &args).unwrap_err();
            assert_eq!(failure.exit_code(), exit::USAGE, "{line}");
            assert!(failure.to_string().contains(part), "{line}: {failure}");
        }
    }

    #[test]
    fn without_arguments_everything_is_asked_for() {
        let options = options(catalogue(), &args("")).unwrap();
        assert_eq!(options.cells.len(), ids(&catalogue()).len());
        assert!(options.assist && !options.exhaustive && options.places.is_empty());
        assert_eq!(options.store, std::path::Path::new(".exactly"));
    }

    #[test]
    fn every_argument_arrives() {
        let line = "ack-after-process --kafka h:1 --postgres postgres://u:p@h/d --messages 9 \
                    --seed 5 --jobs 3 --exhaustive --out elsewhere --no-assist";
        let options = options(catalogue(), &args(line)).unwrap();
        assert_eq!((options.messages, options.seed, options.jobs), (9, 5, 3));
        assert!(!options.assist && options.exhaustive);
        assert_eq!(options.store, std::path::Path::new("elsewhere"));
        assert_eq!(options.places.len(), 2);
    }
}
