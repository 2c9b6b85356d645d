//! Judging a recorded run, from its record alone.

use exactly_check::Fold;
use exactly_engine::store::{EVENTS, read};
use exactly_model::Report;
use std::io;
use std::path::{Path, PathBuf};

/// A recorded run could not be judged.
#[derive(Debug, thiserror::Error)]
pub enum JudgeError {
    /// There is no such run. Exit code 2.
    #[error("no run at {looked}; `exactly evaluate` keeps its runs under .exactly/runs")]
    NotThere {
        /// Where it was looked for.
        looked: String,
    },
    /// Runs that do not belong together. Exit code 2.
    #[error(transparent)]
    Merge(#[from] exactly_check::MergeError),
    /// Its history could not be read. Exit code 105.
    #[error("cannot read {path}: {error}")]
    Unreadable {
        /// File.
        path: PathBuf,
        /// The error, with the line.
        error: io::Error,
    },
}

/// Judges `run`: an id under `store`, a run's folder, or its history file.
pub fn judge(run: &Path, store: &Path) -> Result<Report, JudgeError> {
    fold(run, store).map(|fold| fold.report())
}

/// Judges shards of one plan together: what one run of it all would have come to.
pub fn merge(runs: &[PathBuf], store: &Path) -> Result<Report, JudgeError> {
    let mut merged: Option<Fold> = None;
    for run in runs {
        let fold = fold(run, store)?;
        match &mut merged {
            None => merged = Some(fold),
            Some(merged) => merged.absorb(fold)?,
        }
    }
    Ok(merged.unwrap_or_default().report())
}

fn fold(run: &Path, store: &Path) -> Result<Fold, JudgeError> {
    let path = find(run, store)?;
    let unreadable = |error| JudgeError::Unreadable {
        path: path.clone(),
        error,
    };
    let mut fold = Fold::new();
    for record in read(&path).map_err(unreadable)? {
        fold.push(&record.map_err(unreadable)?);
    }
    Ok(fold)
}

fn find(run: &Path, store: &Path) -> Result<PathBuf, JudgeError> {
    let candidates = [
        run.to_path_buf(),
        run.join(EVENTS),
        store.join("runs").join(run).join(EVENTS),
    ];
    candidates
        .iter()
        .find(|path| path.is_file())
        .cloned()
        .ok_or_else(|| JudgeError::NotThere {
            looked: candidates
                .map(|path| path.display().to_string())
                .join(" or "),
        })
}
