//! What can end a run early. Each has its exit code.

use exactly_adapter::{FeedError, ObserveError, StartError};
use exactly_model::exit;
use std::path::PathBuf;

/// An error that ends a run or a cell.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// A system could not be started or reached.
    #[error(transparent)]
    Start(#[from] StartError),
    /// Messages could not be fed.
    #[error(transparent)]
    Feed(#[from] FeedError),
    /// A sink could not be read.
    #[error(transparent)]
    Observe(#[from] ObserveError),
    /// The pipeline never became ready.
    #[error("process {process} did not become ready: {why}; its output is in {output}{tail}")]
    NotReady {
        /// Process.
        process: String,
        /// What happened instead.
        why: String,
        /// Where its output is.
        output: PathBuf,
        /// The end of it.
        tail: String,
    },
    /// The store could not be written.
    #[error("cannot write {path}: {error}; free some space or choose another folder with --out")]
    Store {
        /// File.
        path: PathBuf,
        /// The error.
        error: std::io::Error,
    },
    /// The pipeline's definition is wrong.
    #[error("{what}; {hint}")]
    Config {
        /// What is wrong.
        what: String,
        /// What to do next.
        hint: String,
    },
    /// Something the harness itself needs failed.
    #[error("the harness failed: {0}")]
    Harness(String),
    /// A signal asked the run to end.
    #[error("interrupted")]
    Interrupted,
}

impl EngineError {
    /// The exit code that goes with it, see [`exactly_model::exit`].
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Start(StartError::Config { .. })
            | Self::Observe(ObserveError::Config { .. })
            | Self::Config { .. } => exit::CONFIG,
            Self::Start(_) | Self::Observe(_) | Self::Feed(_) => exit::SYSTEM_UNAVAILABLE,
            Self::NotReady { .. } => exit::PIPELINE_NOT_READY,
            Self::Store { .. } => exit::STORE,
            Self::Harness(_) => exit::INCONCLUSIVE,
            Self::Interrupted => exit::SIGINT,
        }
    }
}
