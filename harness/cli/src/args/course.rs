//! How trials run, and how faults are planned.

use super::time::duration;
use clap::{Args, ValueEnum};
use exactly_model::Shard;
use std::path::PathBuf;
use std::str::FromStr as _;
use std::time::Duration;

/// How trials run, and where they are kept.
#[derive(Args, Clone, PartialEq, Eq, Debug)]
pub struct CourseArgs {
    /// Trials at the same time (without it two for each processor; `evaluate` on
    /// embedded systems alone four).
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
