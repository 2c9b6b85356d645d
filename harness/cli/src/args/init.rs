//! What `exactly init` takes.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// What `init` takes.
#[derive(Args, Clone, PartialEq, Eq, Debug)]
pub struct InitArgs {
    /// The file to write. One that is there is never overwritten.
    #[arg(value_name = "FILE", default_value = "exactly.toml")]
    pub file: PathBuf,
    /// What the pipeline does.
    #[arg(long, value_enum, default_value_t)]
    pub template: Template,
}

/// What a pipeline does, as far as its configuration differs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
pub enum Template {
    /// Reads a topic, writes rows.
    #[default]
    KafkaPostgres,
    /// Reads a topic, writes another one.
    KafkaKafka,
    /// Reads a table, writes rows.
    PostgresPostgres,
    /// Reads a queue, writes rows.
    SqsPostgres,
    /// Is fed and read by commands of your own.
    Commands,
}
