//! `exactly evaluate`: measures what pipelines really deliver.

use super::running::{self, Watch, ids, selected};
use crate::args::{EvaluateArgs, PlanArgs, PlanKind};
use crate::destinations::Destinations;
use crate::expect;
use crate::failure::Failure;
use crate::place::Places;
use crate::progress::Display;
use crate::select::select;
use exactly::{Options, Outcome, PlanChoice};
use exactly_claims::Claim;
use exactly_model::SystemPlace;

pub(super) fn run(catalogue: Vec<Claim>, args: &EvaluateArgs) -> Result<u8, Failure> {
    let expectations = super::expectations(args.expect.as_deref())?;
    if let Some(expectations) = &expectations {
        expect::check_names(expectations, &ids(&catalogue))
            .map_err(|why| Failure::Config(format!("expectation: {why}")))?;
    }
    if expectations.is_some() && args.plan.parts.shard.is_some() {
        let why = "--expect is about the whole plan: give it to `exactly merge` instead";
        return Err(Failure::Usage(why.into()));
    }
    let destinations = Destinations::open(&args.reports)?;
    let options = options(catalogue, args)?;
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let ended = super::block_on(&mut runtime, evaluate(options))?;
    let (outcome, failure) = ended.inspect_err(|failure| {
        super::cut_short(&super::nothing(), None, &destinations, failure);
    })?;
    let folder = outcome.folder.display();
    super::tell(&format!(
        "recorded; `exactly judge {folder}` judges it again"
    ));
    match failure {
        None => super::finish(
            &outcome.report,
            args.format,
            expectations.as_ref(),
            &destinations,
        ),
        Some(failure) => {
            // What was measured before the run ended is worth showing.
            if outcome.report.variants().next().is_some() {
                super::show(&outcome.report, args.format)?;
            }
            let expectations = expectations.as_ref();
            super::cut_short(&outcome.report, expectations, &destinations, &failure);
            Err(failure)
        }
    }
}

/// Runs what is asked for, with progress on stderr, until it is done or a
/// signal ends it.
async fn evaluate(mut options: Options) -> Result<(Outcome, Option<Failure>), Failure> {
    let watch = Watch::start(Display::stderr())?;
    options.cancelled = watch.cancelled.clone();
    match exactly::evaluate(options, watch.teller()).await {
        Ok(mut outcome) => {
            let failure = watch.end(outcome.error.take());
            Ok((outcome, failure))
        }
        Err(error) => Err(watch.end(None).unwrap_or_else(|| error.into())),
    }
}

/// Checks the arguments before anything is started.
fn options(catalogue: Vec<Claim>, args: &EvaluateArgs) -> Result<Options, Failure> {
    let usage = |error: &dyn std::error::Error| Failure::Usage(error.to_string());
    let claims = select(catalogue, &args.cells).map_err(|e| usage(&e))?;
    let places = Places::read(&args.places).map_err(|e| usage(&e))?;
    let mut options = running::options(places, &args.course)?;
    options.cells = selected(&claims, options.executable.program());
    options.messages = args.messages;
    if let Some(messages) = options.messages {
        check_messages(&claims, messages)?;
    }
    options.seed = args.seed;
    options.jobs = args
        .course
        .jobs
        .map_or_else(|| jobs(&options), |jobs| jobs as usize);
    plan(&mut options, &args.plan)?;
    Ok(options)
}

/// Trials at once where nobody says. The pipelines of claims are small, and so are
/// embedded servers: twice as many as of a pipeline and a server that nobody knows.
fn jobs(options: &Options) -> usize {
    let mut places = options.places.values();
    match places.all(|place| *place == SystemPlace::Embedded) {
        true => 2 * options.jobs,
        false => options.jobs,
    }
}

/// How faults are planned. An option of another plan is refused: it would
/// change nothing, and whoever gave it expects something.
fn plan(options: &mut Options, args: &PlanArgs) -> Result<(), Failure> {
    let pairs = [("--pairs-max", args.pairs_max.is_some())];
    let random = [
        ("--trials", args.trials.is_some()),
        ("--faults-max", args.faults_max.is_some()),
    ];
    let of_plans = [
        (PlanKind::Pairs, "pairs", &pairs[..]),
        (PlanKind::Random, "random", &random[..]),
    ];
    for (plan, name, flags) in of_plans {
        let given = flags.iter().find(|(_, given)| *given);
        if let Some((flag, _)) = given.filter(|_| args.plan != plan) {
            return Err(Failure::Usage(format!(
                "{flag} belongs to --plan {name}; add that, or leave it out"
            )));
        }
    }
    options.plan = match args.plan {
        PlanKind::EveryBoundary => PlanChoice::EveryBoundary,
        PlanKind::Pairs => PlanChoice::Pairs,
        PlanKind::Random => PlanChoice::Random,
    };
    options.exhaustive = args.exhaustive;
    options.pairs_max = args.pairs_max.unwrap_or(options.pairs_max);
    options.trials = args.trials;
    options.faults_max = args.faults_max.unwrap_or(options.faults_max);
    options.max_time = args.max_time;
    options.replays = args.replays.unwrap_or(options.replays);
    options.known = !args.no_known;
    options.shard = args.parts.shard;
    options.fail_fast = args.parts.fail_fast;
    Ok(())
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
            ("--pairs-max 9", "--pairs-max belongs to --plan pairs"),
            (
                "--plan pairs --trials 9",
                "--trials belongs to --plan random",
            ),
            ("--faults-max 2", "--faults-max belongs to --plan random"),
            ("--on http=local", "no place `local`"),
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
        assert_eq!(
            (options.messages, options.seed, options.jobs),
            (Some(9), 5, 3)
        );
        assert!(!options.assist && options.exhaustive);
        assert_eq!(options.store, std::path::Path::new("elsewhere"));
        assert_eq!(options.places.len(), 2);
        assert!(options.known && options.plan == PlanChoice::EveryBoundary);
    }

    #[test]
    fn every_argument_of_a_plan_arrives() {
        let asked = |line: &str| options(catalogue(), &args(line)).unwrap();
        let line = "--plan random --trials 70 --faults-max 4 --max-time 90s --replays 5 --no-known";
        let random = asked(line);
        assert_eq!(random.plan, PlanChoice::Random);
        assert_eq!(
            (random.trials, random.faults_max, random.replays),
            (Some(70), 4, 5)
        );
        assert_eq!(random.max_time, Some(std::time::Duration::from_secs(90)));
        assert!(!random.known);
        let pairs = asked("--plan pairs --pairs-max 12");
        assert_eq!((pairs.plan, pairs.pairs_max), (PlanChoice::Pairs, 12));
        // Where nothing is said, the facade decides.
        let usual = Options::new(String::new(), Vec::new());
        assert_eq!(asked("--plan pairs").pairs_max, usual.pairs_max);
        assert_eq!(asked("").replays, usual.replays);
    }
}
