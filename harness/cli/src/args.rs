//! The command line.

mod init;
mod output;
mod services;

pub use init::{InitArgs, Template};
pub use output::{Format, ReportArgs};
pub use services::ServiceArgs;

use crate::exit_codes;
use clap::{Args, Parser, Subcommand, ValueEnum};
use exactly_model::{SEQUENCE_MAX, Shard};
use std::path::PathBuf;
use std::str::FromStr as _;
use std::time::Duration;

/// Breaks messaging pipelines at every point where a break can matter, and
/// counts what they really deliver.
#[derive(Parser, Debug)]
#[command(name = "exactly", version, arg_required_else_help = true)]
#[command(after_help = exit_codes::help())]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Checks a pipeline of your own: breaks it at every boundary and says whether
    /// what is expected of it holds.
    #[command(after_help = exit_codes::help())]
    Check(CheckArgs),
    /// Writes a configuration to begin with.
    Init(InitArgs),
    /// Runs claims and says of each variant what it really delivers.
    #[command(after_help = exit_codes::help())]
    Evaluate(EvaluateArgs),
    /// Runs a counterexample, or a schedule by hand, again and counts how often
    /// it shows its anomaly.
    #[command(after_help = exit_codes::help())]
    Replay(ReplayArgs),
    /// Judges a recorded run again, from its record alone.
    #[command(after_help = exit_codes::help())]
    Judge(JudgeArgs),
    /// Puts the shards of one plan together: the same verdict as one run.
    #[command(after_help = exit_codes::help())]
    Merge(MergeArgs),
    /// Lists the claims, their variants and what is expected of each.
    List(ListArgs),
    /// Says what an anomaly code means (all of them without CODE).
    Explain {
        /// A code such as D3.
        code: Option<String>,
    },
    /// Prints the JSON Schema of exactly.toml, for editors.
    Schema,
    /// Prints a completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Runs a pipeline under test; what `evaluate` starts as a child.
    #[command(hide = true)]
    Pipeline {
        /// Id of the program.
        id: String,
    },
    /// Serves the embedded Kafka; what `evaluate` starts as a child.
    #[command(hide = true)]
    EmbeddedKafka,
    /// Serves the embedded SQS; what `evaluate` starts as a child.
    #[command(hide = true)]
    EmbeddedSqs,
    /// Serves the payments service; what `evaluate` starts as a child.
    #[command(hide = true)]
    EmbeddedHttp,
    /// Ends what a dead harness left behind; what `evaluate` starts as a child.
    #[command(hide = true)]
    Guardian {
        /// What the run's processes carry in their environment.
        mark: String,
        /// The run's folder for temporary files, removed at the end.
        scratch: PathBuf,
    },
}

/// What `evaluate` takes.
#[derive(Args, Clone, PartialEq, Eq, Debug)]
pub struct EvaluateArgs {
    /// What to run: a claim, or one of its variants (all claims without any).
    #[arg(value_name = "CLAIM[/VARIANT]")]
    pub cells: Vec<String>,
    /// Where systems run.
    #[command(flatten)]
    pub places: PlaceArgs,
    /// Messages fed in each trial.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(SEQUENCE_MAX)))]
    pub messages: Option<u32>,
    /// Seed of whatever is drawn at random.
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// How trials run.
    #[command(flatten)]
    pub course: CourseArgs,
    /// How faults are planned.
    #[command(flatten)]
    pub plan: PlanArgs,
    /// How the report is printed.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Check the measurement against this file (exactly.expect/1).
    #[arg(long, value_name = "FILE")]
    pub expect: Option<PathBuf>,
    /// Where else the report goes.
    #[command(flatten)]
    pub reports: ReportArgs,
}

/// What `check` takes.
#[derive(Args, Clone, PartialEq, Eq, Debug)]
pub struct CheckArgs {
    /// The configuration.
    #[arg(value_name = "FILE", default_value = "exactly.toml")]
    pub file: PathBuf,
    /// Where systems run, instead of what the file says: `embedded`, or `local`
    /// with 1 to 5 nodes, of the system (or kind of system) that is named; without
    /// a name of all that have the place.
    #[arg(long = "on", value_name = "[SYSTEM=]PLACE[:NODES]")]
    pub on: Vec<String>,
    /// Messages fed in each trial, instead of what the file says.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(SEQUENCE_MAX)))]
    pub messages: Option<u32>,
    /// Seed of whatever is drawn at random.
    #[arg(long, value_name = "S")]
    pub seed: Option<u64>,
    /// How trials run.
    #[command(flatten)]
    pub course: CourseArgs,
    /// How often each finding is run again to see whether it comes back.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=100))]
    pub replays: Option<u32>,
    /// No planned trial begins later than so long after the first one, as in 90s,
    /// 10m or 2h.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub max_time: Option<Duration>,
    /// Go through all points instead of representatives of each class.
    #[arg(long)]
    pub exhaustive: bool,
    /// Don't begin with the failures that earlier runs have kept.
    #[arg(long)]
    pub no_known: bool,
    /// How the plan is cut into parts, and when it ends early.
    #[command(flatten)]
    pub parts: PartArgs,
    /// How the report is printed.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Where else the report goes.
    #[command(flatten)]
    pub reports: ReportArgs,
}

/// How a plan is cut into parts, and when it ends early.
#[derive(Args, Clone, PartialEq, Eq, Debug, Default)]
pub struct PartArgs {
    /// Run one part of the plan, as in 2/4; `exactly merge` puts the parts together.
    #[arg(long, value_name = "I/N", value_parser = Shard::from_str)]
    pub shard: Option<Shard>,
    /// Begin nothing more of a plan once something forbidden was seen.
    #[arg(long)]
    pub fail_fast: bool,
}

/// What `merge` takes.
#[derive(Args, Clone, PartialEq, Eq, Debug)]
pub struct MergeArgs {
    /// Runs: ids, folders, or events.ndjson files, one for each shard.
    #[arg(value_name = "RUN", required = true)]
    pub runs: Vec<PathBuf>,
    /// Folder in which runs are kept, where RUN is an id.
    #[arg(long, value_name = "DIR", default_value = ".exactly")]
    pub out: PathBuf,
    /// How the report is printed.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Check the measurement against this file (exactly.expect/1).
    #[arg(long, value_name = "FILE")]
    pub expect: Option<PathBuf>,
    /// Where else the report goes.
    #[command(flatten)]
    pub reports: ReportArgs,
}

/// Where systems run.
#[derive(Args, Clone, PartialEq, Eq, Debug, Default)]
pub struct PlaceArgs {
    /// Where systems run: `embedded`, or `local` (Kafka's jars in KAFKA_HOME, with
    /// 1 to 5 nodes; ElasticMQ's in ELASTICMQ_HOME). Without SYSTEM= for every system that has the place;
    /// the others stay embedded.
    #[arg(long = "on", value_name = "[SYSTEM=]PLACE[:NODES]")]
    pub on: Vec<String>,
    /// Use the Kafka at these bootstrap servers (host:port) instead.
    #[arg(
        long,
        value_name = "URL",
        env = "EXACTLY_KAFKA",
        hide_env_values = true
    )]
    pub kafka: Option<String>,
    /// Use the PostgreSQL at this URL instead.
    #[arg(
        long,
        value_name = "URL",
        env = "EXACTLY_POSTGRES",
        hide_env_values = true
    )]
    pub postgres: Option<String>,
    /// Services.
    #[command(flatten)]
    pub services: ServiceArgs,
}

/// How trials run, and where they are kept.
#[derive(Args, Clone, PartialEq, Eq, Debug)]
pub struct CourseArgs {
    /// Trials at the same time (twice the processors without it).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=64))]
    pub jobs: Option<u32>,
    /// Folder in which runs are kept, as DIR/runs/ID.
    #[arg(long, value_name = "DIR", default_value = ".exactly")]
    pub out: PathBuf,
    /// Never shorten a wait on behalf of a dead client.
    #[arg(long)]
    pub no_assist: bool,
    /// Really wait for windows that no clock shortens (SQS elsewhere: 300 s).
    #[arg(long)]
    pub allow_wait: bool,
}

/// How faults are planned.
#[derive(Args, Clone, PartialEq, Eq, Debug)]
pub struct PlanArgs {
    /// Which faults are put where.
    #[arg(long, value_enum, default_value_t)]
    pub plan: PlanKind,
    /// Go through all points instead of representatives of each class.
    #[arg(long)]
    pub exhaustive: bool,
    /// Pairs run at most for each variant (--plan pairs).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub pairs_max: Option<u32>,
    /// Trials drawn for each variant (--plan random).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=500_000))]
    pub trials: Option<u32>,
    /// Faults in one trial at most (--plan random).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=8))]
    pub faults_max: Option<u32>,
    /// No trial of a variant's plan begins later than so long after its first,
    /// as in 90s, 10m or 2h. With --plan random and without --trials: goes on
    /// drawing until then.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub max_time: Option<Duration>,
    /// How often each finding is run again to see whether it comes back.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=100))]
    pub replays: Option<u32>,
    /// Don't begin with the failures that earlier runs have kept.
    #[arg(long)]
    pub no_known: bool,
    /// How the plan is cut into parts, and when it ends early.
    #[command(flatten)]
    pub parts: PartArgs,
}

/// Which faults are put where.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
pub enum PlanKind {
    /// Every kind of fault at every class of points, one at a time.
    #[default]
    EveryBoundary,
    /// That, and a second fault during recovery from each.
    Pairs,
    /// Several faults at once, drawn with the seed.
    Random,
}

/// What `replay` takes.
#[derive(Args, Clone, PartialEq, Eq, Debug)]
pub struct ReplayArgs {
    /// A finding's id as a report prints it, or a schedule file
    /// (exactly.schedule/1).
    #[arg(value_name = "ID|FILE")]
    pub what: String,
    /// The variant to run it on, where the file names none or another is meant.
    #[arg(long, value_name = "CLAIM/VARIANT")]
    pub cell: Option<String>,
    /// How often it is run.
    #[arg(long, value_name = "K", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub repeat: u32,
    /// Where systems run; where nothing is said, as recorded.
    #[command(flatten)]
    pub places: PlaceArgs,
    /// How trials run.
    #[command(flatten)]
    pub course: CourseArgs,
    /// How the report is printed.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// `90s`, `10m`, `2h`.
fn duration(text: &str) -> Result<Duration, String> {
    const UNITS: [(char, u64); 3] = [('s', 1), ('m', 60), ('h', 3600)];
    const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);
    let seconds = UNITS.iter().find_map(|(unit, seconds)| {
        let number: u64 = text.strip_suffix(*unit)?.parse().ok()?;
        number.checked_mul(*seconds)
    });
    match seconds.map(Duration::from_secs) {
        Some(time) if !time.is_zero() && time <= LONGEST => Ok(time),
        _ => Err("give a time of up to a week, as in 90s, 10m or 2h".into()),
    }
}

/// What `judge` takes.
#[derive(Args, Clone, PartialEq, Eq, Debug)]
pub struct JudgeArgs {
    /// A run: its id, its folder, or its events.ndjson.
    pub run: PathBuf,
    /// Folder in which runs are kept, where RUN is an id.
    #[arg(long, value_name = "DIR", default_value = ".exactly")]
    pub out: PathBuf,
    /// How the report is printed.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Check the measurement against this file (exactly.expect/1).
    #[arg(long, value_name = "FILE")]
    pub expect: Option<PathBuf>,
    /// Where else the report goes.
    #[command(flatten)]
    pub reports: ReportArgs,
}

/// What `list` takes.
#[derive(Args, Clone, PartialEq, Eq, Debug)]
pub struct ListArgs {
    /// How the list is printed.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn numbers_out_of_range_are_refused() {
        for line in [
            "exactly evaluate --messages 0",
            "exactly evaluate --messages 16777216",
            "exactly evaluate --jobs 0",
            "exactly evaluate --jobs 65",
            "exactly evaluate --seed -1",
            "exactly evaluate --format xml",
            "exactly evaluate --plan nonsense",
            "exactly evaluate --pairs-max 0",
            "exactly evaluate --faults-max 9",
            "exactly evaluate --max-time 10",
            "exactly evaluate --max-time 0s",
            "exactly evaluate --max-time 8d",
            "exactly evaluate --max-time 169h",
            "exactly evaluate --max-time 99999999999999999h",
            "exactly evaluate --replays 101",
            "exactly evaluate --shard 0/4",
            "exactly evaluate --shard 5/4",
            "exactly evaluate --shard 2",
            "exactly check --shard 1/257",
            "exactly merge",
            "exactly replay",
            "exactly replay x --repeat 0",
            "exactly judge",
            "exactly nonsense",
        ] {
            let error = Cli::try_parse_from(line.split(' ')).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{line}");
        }
    }

    #[test]
    fn times_have_a_unit() {
        for (text, seconds) in [("90s", 90), ("10m", 600), ("2h", 7200), ("168h", 604_800)] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "s", "1.5h", "-1s", "1h30m", "10 m", "+1s "] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn addresses_from_the_environment_are_not_shown() {
        let help = Cli::command()
            .find_subcommand_mut("evaluate")
            .unwrap()
            .render_long_help()
            .to_string();
        assert!(help.contains("[env: EXACTLY_POSTGRES]"), "{help}");
        assert!(help.contains("  80  "), "{help}");
    }
}
