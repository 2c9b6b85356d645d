//! The command line.

use crate::exit_codes;
use clap::{Args, Parser, Subcommand, ValueEnum};
use exactly_model::SEQUENCE_MAX;
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
    /// Runs claims and says of each variant what it really delivers.
    #[command(after_help = exit_codes::help())]
    Evaluate(EvaluateArgs),
    /// Judges a recorded run again, from its record alone.
    #[command(after_help = exit_codes::help())]
    Judge(JudgeArgs),
    /// Lists the claims, their variants and what is expected of each.
    List(ListArgs),
    /// Says what an anomaly code means (all of them without CODE).
    Explain {
        /// A code such as D3.
        code: Option<String>,
    },
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
    /// Ends what a dead harness left behind; what `evaluate` starts as a child.
    #[command(hide = true)]
    Guardian {
        /// What the run's processes carry in their environment.
        mark: String,
        /// The run's folder for temporary files, removed at the end.
        scratch: PathBuf,
    },
}

/// How the answer is printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
pub enum Format {
    /// Text for a reader.
    #[default]
    Human,
    /// JSON for a program.
    Json,
}

/// What `evaluate` takes.
#[derive(Args, Clone, PartialEq, Eq, Debug)]
pub struct EvaluateArgs {
    /// What to run: a claim, or one of its variants (all claims without any).
    #[arg(value_name = "CLAIM[/VARIANT]")]
    pub cells: Vec<String>,
    /// Where systems run; only `embedded` on one node exists so far.
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
    /// Messages fed in each trial.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(SEQUENCE_MAX)))]
    pub messages: Option<u32>,
    /// Seed of whatever is drawn at random.
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// Trials at the same time (twice the processors without it).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=64))]
    pub jobs: Option<u32>,
    /// Go through all points instead of representatives of each class.
    #[arg(long)]
    pub exhaustive: bool,
    /// How the report is printed.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Folder in which runs are kept, as DIR/runs/ID.
    #[arg(long, value_name = "DIR", default_value = ".exactly")]
    pub out: PathBuf,
    /// Never shorten a wait on behalf of a dead client.
    #[arg(long)]
    pub no_assist: bool,
    /// Check the measurement against this file (exactly.expect/1).
    #[arg(long, value_name = "FILE")]
    pub expect: Option<PathBuf>,
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
            "exactly judge",
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
