//! What commands take that run pipelines.

use super::time::duration;
use super::{CourseArgs, Format, PartArgs, PlaceArgs, PlanArgs, ReportArgs};
use clap::Args;
use exactly_model::SEQUENCE_MAX;
use std::path::PathBuf;
use std::time::Duration;

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
