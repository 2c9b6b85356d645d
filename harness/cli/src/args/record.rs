//! What commands take that read what was recorded.

use super::{Format, ReportArgs};
use clap::Args;
use std::path::PathBuf;

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
