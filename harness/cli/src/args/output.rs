//! What the command writes, and where.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// How the answer is printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
pub enum Format {
    /// Text for a reader.
    #[default]
    Human,
    /// JSON for a program.
    Json,
}

/// Where else a report goes, beside stdout.
#[derive(Args, Clone, PartialEq, Eq, Debug, Default)]
pub struct ReportArgs {
    /// Write the report as JUnit XML too.
    #[arg(long, value_name = "FILE")]
    pub junit: Vec<PathBuf>,
    /// Write the report as Markdown too, as short as GitHub's step summaries
    /// need it.
    #[arg(long, value_name = "FILE")]
    pub markdown: Vec<PathBuf>,
    /// Tell GitHub on stderr what does not hold (annotations).
    #[arg(long)]
    pub github: bool,
}
