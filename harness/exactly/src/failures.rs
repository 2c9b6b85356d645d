//! Failures that are kept: `<store>/failures/<finding id>.json`, each a schedule
//! that has shown a forbidden code. They are run first by whoever runs their cell
//! on the same places again, and one by one by `replay`.
//!
//! A file is written in full or not at all: a crash of the harness leaves the
//! old one, or none.

use crate::options::Selected;
use crate::{Error, Options};
use exactly_engine::cell::Kept;
use exactly_model::{Candidate, Counterexample, Report, SCHEDULE_SCHEMA, ScheduleFile, Verdict};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Failures kept; beyond it the oldest are dropped.
const KEPT_MAX: usize = 200;
/// Failures of one cell that are run first: the last ones that were seen.
const KNOWN_MAX: usize = 10;
/// A longer file is none of ours.
const BYTES_MAX: u64 = 1 << 20;
/// How a file's name ends.
const ENDING: &str = ".json";

/// A schedule that was asked for could not be had.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// There is none of that name. Exit code 2.
    #[error("no failure {what:?} is kept in {folder}, and there is no such file; {hint}")]
    NotThere {
        /// What was asked for.
        what: String,
        /// Where it was looked for.
        folder: PathBuf,
        /// What there is.
        hint: String,
    },
    /// Its file could not be read. Exit code 105.
    #[error("cannot read {path}: {error}")]
    Unreadable {
        /// File.
        path: PathBuf,
        /// The error.
        error: io::Error,
    },
}

/// Finds a schedule by the id of a kept failure, or in a file. Answers the file
/// and its text.
pub fn find_schedule(what: &str, store: &Path) -> Result<(PathBuf, String), FindError> {
    let failures = Failures::of(store);
    let is_name = !what.is_empty() && !what.contains('/') && what != "." && what != "..";
    let kept = is_name.then(|| failures.path(what));
    let path = [kept, Some(PathBuf::from(what))]
        .into_iter()
        .flatten()
        .find(|path| path.is_file());
    let Some(path) = path else {
        return Err(failures.not_there(what));
    };
    match text_of(&path) {
        Ok(text) => Ok((path, text)),
        Err(error) => Err(FindError::Unreadable { path, error }),
    }
}

/// The folder of kept failures.
pub(crate) struct Failures {
    folder: PathBuf,
}

impl Failures {
    pub fn of(store: &Path) -> Self {
        Self {
            folder: store.join("failures"),
        }
    }

    /// For each cell of `options` the failures that were seen on the same places.
    pub fn known(&self, options: &Options) -> Result<Vec<Vec<Kept>>, Error> {
        // What cannot be read is nobody's failure; whoever asks for it by name is
        // told why.
        let read = |id: String| {
            let text = text_of(&self.path(&id)).ok()?;
            let file: ScheduleFile = serde_json::from_str(&text).ok()?;
            (file.schema == SCHEDULE_SCHEMA && file.messages > 0).then_some((id, file))
        };
        let files: Vec<(String, ScheduleFile)> =
            self.newest_first()?.into_iter().filter_map(read).collect();
        let cells = options.cells.iter();
        Ok(cells.map(|cell| known_of(cell, options, &files)).collect())
    }

    /// Keeps what `report` shows of refuted cells.
    pub fn keep(&self, report: &Report, options: &Options, run: &str) -> Result<(), Error> {
        let mut any = false;
        for (claim, variant) in report.variants() {
            let id = format!("{}/{}", claim.id, variant.id);
            let cell = options.cells.iter().find(|cell| cell.id() == id);
            let Some(cell) = cell.filter(|_| variant.verdict == Verdict::Refuted) else {
                continue;
            };
            // Wrong without any fault: every trial shows it.
            let shown = variant.counterexamples.iter();
            for shown in shown.filter(|shown| !shown.schedule.faults.is_empty()) {
                any = true;
                let file = file_of(shown, cell, options, run);
                self.write(&shown.id, &file)
                    .map_err(|error| self.unwritable(error))?;
            }
        }
        if any { self.drop_oldest() } else { Ok(()) }
    }

    fn path(&self, id: &str) -> PathBuf {
        self.folder.join(format!("{id}{ENDING}"))
    }

    fn write(&self, id: &str, file: &ScheduleFile) -> io::Result<()> {
        std::fs::create_dir_all(&self.folder)?;
        let mut new = tempfile::NamedTempFile::new_in(&self.folder)?;
        serde_json::to_writer_pretty(&mut new, file)?;
        new.write_all(b"\n")?;
        new.persist(self.path(id))?;
        Ok(())
    }

    fn drop_oldest(&self) -> Result<(), Error> {
        for id in self.newest_first()?.iter().skip(KEPT_MAX) {
            std::fs::remove_file(self.path(id)).map_err(|error| self.unwritable(error))?;
        }
        Ok(())
    }

    /// Ids, the last one written first.
    fn newest_first(&self) -> Result<Vec<String>, Error> {
        let mut ids = self.ids().map_err(|error| self.unwritable(error))?;
        ids.sort_by(|a, b| b.cmp(a));
        Ok(ids.into_iter().map(|(_, id)| id).collect())
    }

    fn ids(&self) -> io::Result<Vec<(SystemTime, String)>> {
        let entries = match std::fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut ids = Vec::new();
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name().into_string().unwrap_or_default();
            if let Some(id) = name.strip_suffix(ENDING) {
                ids.push((entry.metadata()?.modified()?, id.to_string()));
            }
        }
        Ok(ids)
    }

    fn unwritable(&self, error: io::Error) -> Error {
        Error::Store {
            path: self.folder.clone(),
            error,
        }
    }

    fn not_there(&self, what: &str) -> FindError {
        let ids = self.newest_first().unwrap_or_default();
        // Whole thousandths order totally.
        let likeness = |id: &&String| (strsim::jaro_winkler(id, what) * 1000.0) as u32;
        let hint = match ids.iter().max_by_key(likeness) {
            Some(nearest) => format!("the nearest one is {nearest}"),
            None => "none is kept there; `exactly evaluate` keeps what it finds".into(),
        };
        FindError::NotThere {
            what: what.into(),
            folder: self.folder.clone(),
            hint,
        }
    }
}

fn text_of(path: &Path) -> io::Result<String> {
    if std::fs::metadata(path)?.len() > BYTES_MAX {
        let why = format!("it is longer than {BYTES_MAX} bytes, and no schedule is");
        return Err(io::Error::new(io::ErrorKind::InvalidData, why));
    }
    std::fs::read_to_string(path)
}

fn known_of(cell: &Selected, options: &Options, files: &[(String, ScheduleFile)]) -> Vec<Kept> {
    let (id, places) = (cell.id(), options.places_of(cell));
    let of_cell = files
        .iter()
        .filter(|(_, file)| file.cell.as_ref() == Some(&id) && file.places == places);
    let mut known: Vec<Kept> = of_cell
        .take(KNOWN_MAX)
        .map(|(id, file)| Kept {
            id: id.clone(),
            code: file.code,
            candidate: Candidate {
                schedule: file.schedule(),
                messages: file.messages,
            },
        })
        .collect();
    // The order in which they were last seen is luck.
    known.sort_by(|a, b| (&a.candidate, &a.id).cmp(&(&b.candidate, &b.id)));
    // What shows several codes is run once.
    known.dedup_by(|other, one| other.candidate == one.candidate);
    known
}

fn file_of(shown: &Counterexample, cell: &Selected, options: &Options, run: &str) -> ScheduleFile {
    ScheduleFile {
        schema: SCHEDULE_SCHEMA.into(),
        seed: options.seed,
        messages: shown.messages,
        faults: shown.schedule.faults.clone(),
        cell: Some(cell.id()),
        code: Some(shown.code),
        places: options.places_of(cell),
        run: Some(run.into()),
        config: options.config.clone(),
    }
}

#[cfg(test)]
mod tests;
