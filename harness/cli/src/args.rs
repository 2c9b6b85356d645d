//! The command line.

mod course;
mod init;
mod output;
mod record;
mod run;
mod services;
mod time;
mod up;

pub use course::{CourseArgs, PartArgs, PlanArgs, PlanKind};
pub use init::{InitArgs, Template};
pub use output::{Format, ReportArgs};
pub use record::{JudgeArgs, MergeArgs};
pub use run::{CheckArgs, EvaluateArgs, ReplayArgs};
pub use services::ServiceArgs;
pub use up::{ClockCommand, DoctorArgs, ServerArgs, UpArgs};

use crate::exit_codes;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

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
    /// Starts systems by themselves, for clients of your own, until Ctrl-C. Prints
    /// `SYSTEM ADDRESS`, a line each, when all of them are ready.
    #[command(after_help = exit_codes::help())]
    Up(UpArgs),
    /// Moves the clock of an embedded system that `up` has started.
    Clock {
        /// What is done.
        #[command(subcommand)]
        command: ClockCommand,
    },
    /// Says what is there for each system and place, what is missing, and the
    /// command that gets it.
    #[command(after_help = exit_codes::help())]
    Doctor(DoctorArgs),
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
    EmbeddedKafka {
        /// The port (a free one without it).
        port: Option<u16>,
    },
    /// Serves the embedded SQS; what `evaluate` starts as a child.
    #[command(hide = true)]
    EmbeddedSqs {
        /// The port (a free one without it).
        port: Option<u16>,
    },
    /// Serves the payments service; what `evaluate` starts as a child.
    #[command(hide = true)]
    EmbeddedHttp {
        /// The port (a free one without it).
        port: Option<u16>,
    },
    /// Serves the embedded Redis; what `evaluate` starts as a child.
    #[command(hide = true)]
    EmbeddedRedis {
        /// The port (a free one without it).
        port: Option<u16>,
    },
    /// Serves the embedded mail server; what `evaluate` starts as a child.
    #[command(hide = true)]
    EmbeddedSmtp {
        /// The port (a free one without it).
        port: Option<u16>,
    },
    /// Ends what a dead harness left behind; what `evaluate` starts as a child.
    #[command(hide = true)]
    Guardian {
        /// What the run's processes carry in their environment.
        mark: String,
        /// The run's folder for temporary files, removed at the end.
        scratch: PathBuf,
    },
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
            "exactly up",
            "exactly up sqs --port 0",
            "exactly up sqs --port 65536",
            "exactly clock",
            "exactly clock advance",
            "exactly clock advance 5",
            "exactly clock advance 366d",
            "exactly nonsense",
        ] {
            let error = Cli::try_parse_from(line.split(' ')).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{line}");
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
