//! `exactly evaluate`: measures what pipelines really deliver.

use crate::args::EvaluateArgs;
use crate::failure::Failure;
use crate::place::Places;
use crate::select::select;
use exactly_claims::{Claim, catalogue};
use exactly_model::Report;

/// What is asked for, checked.
#[derive(Clone, PartialEq, Debug)]
struct Request<'a> {
    claims: Vec<Claim>,
    places: Places,
    args: &'a EvaluateArgs,
}

pub(super) fn run(args: &EvaluateArgs) -> Result<u8, Failure> {
    let expectation = super::expectation(args.expect.as_deref())?;
    let request = request(args)?;
    let report = evaluate(&request)?;
    super::finish(&report, args.format, expectation.as_ref())
}

/// Runs what is asked for and answers with the report.
fn evaluate(request: &Request<'_>) -> Result<Report, Failure> {
    let cells: usize = request.claims.iter().map(|c| c.variants.len()).sum();
    Err(Failure::Undecided(format!(
        "evaluating {cells} cells is not wired yet"
    )))
}

/// Checks the arguments before anything is started.
fn request(args: &EvaluateArgs) -> Result<Request<'_>, Failure> {
    let usage = |error: &dyn std::error::Error| Failure::Usage(error.to_string());
    let claims = select(catalogue(), &args.cells).map_err(|e| usage(&e))?;
    let places = Places::read(&args.on, args.kafka.as_deref(), args.postgres.as_deref())
        .map_err(|e| usage(&e))?;
    if let Some(messages) = args.messages {
        check_messages(&claims, messages)?;
    }
    Ok(Request {
        claims,
        places,
        args,
    })
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
            let failure = request(&args).unwrap_err();
            assert_eq!(failure.exit_code(), exit::USAGE, "{line}");
            assert!(failure.to_string().contains(part), "{line}: {failure}");
        }
    }

    #[test]
    fn without_arguments_everything_is_asked_for() {
        let args = args("");
        let request = request(&args).unwrap();
        assert_eq!(request.claims, catalogue());
        assert_eq!(request.args.seed, 1);
    }
}
