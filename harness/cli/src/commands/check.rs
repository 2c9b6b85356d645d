//! `exactly check`: does what is expected of a pipeline hold?

use super::running::{self, Watch};
use crate::args::{CheckArgs, Format};
use crate::destinations::Destinations;
use crate::failure::Failure;
use crate::progress::Display;
use crate::schedule;
use exactly::{Check, Options, Outcome, ReplayOptions};

/// Trials of a plan that is one schedule.
const REPEATS: u32 = 3;

pub(super) fn run(args: &CheckArgs) -> Result<u8, Failure> {
    let check = load(args)?;
    let destinations = Destinations::open(&args.reports)?;
    let options = options(&check, args)?;
    for note in check.notes() {
        super::tell(&format!("note: {note}"));
    }
    match scheduled(&check, &options)? {
        Some(_) if !destinations.are_none() => Err(Failure::Usage(
            "the plan is one schedule, of which there is no report for --junit, --markdown or \
             --github; leave them out, or choose another plan"
                .into(),
        )),
        Some(asked) => super::replay::run_schedule(asked, args.format),
        None => planned(options, args.format, &destinations),
    }
}

/// Reads the file, and what the arguments say beside it.
fn load(args: &CheckArgs) -> Result<Check, Failure> {
    let env = |name: &str| std::env::var(name).ok();
    let check = exactly::config::load(&args.file, &env);
    let mut check = check.map_err(|error| Failure::Config(error.to_string()))?;
    for given in &args.on {
        let put = check.put(given);
        put.map_err(|why| Failure::Usage(format!("--on {}: {why}", exactly_model::redact(given))))?;
    }
    Ok(check)
}

fn options(check: &Check, args: &CheckArgs) -> Result<Options, Failure> {
    let mut options = check.options(running::executable()?);
    running::apply(&mut options, &args.course);
    options.messages = args.messages;
    options.seed = args.seed.unwrap_or(options.seed);
    options.replays = args.replays.unwrap_or(options.replays);
    options.max_time = args.max_time.or(options.max_time);
    options.exhaustive |= args.exhaustive;
    options.known = !args.no_known;
    options.shard = args.parts.shard;
    options.fail_fast = args.parts.fail_fast;
    Ok(options)
}

/// The one schedule that the file's plan is, if it is one.
fn scheduled(check: &Check, options: &Options) -> Result<Option<ReplayOptions>, Failure> {
    let Some(path) = &check.schedule else {
        return Ok(None);
    };
    let wrong = |why: String| Failure::Config(format!("schedule {}: {why}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let file = schedule::parse(&text).map_err(wrong)?;
    schedule::check_names(&file, &check.selected.pipeline).map_err(wrong)?;
    Ok(Some(ReplayOptions {
        file,
        repeat: REPEATS,
        options: options.clone(),
    }))
}

fn planned(options: Options, format: Format, destinations: &Destinations) -> Result<u8, Failure> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let ended = super::block_on(&mut runtime, evaluate(options))?;
    let (outcome, failure) = ended.inspect_err(|failure| {
        super::cut_short(&super::nothing(), None, destinations, failure);
    })?;
    let folder = outcome.folder.display();
    super::tell(&format!(
        "recorded; `exactly judge {folder}` judges it again"
    ));
    let Some(failure) = failure else {
        return super::finish(&outcome.report, format, None, destinations);
    };
    // What was measured before the run ended is worth showing.
    if outcome.report.variants().any(|(_, v)| v.trials.0 > 0) {
        super::show(&outcome.report, format)?;
    }
    super::cut_short(&outcome.report, None, destinations, &failure);
    Err(failure)
}

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
