//! `exactly judge RUN`: the record alone, judged again.

use crate::args::JudgeArgs;
use crate::failure::Failure;
use exactly_model::Report;
use std::path::{Path, PathBuf};

pub(super) fn run(args: &JudgeArgs) -> Result<u8, Failure> {
    let expectation = super::expectation(args.expect.as_deref())?;
    let events = locate(&args.run, &args.out)?;
    let report = judge(&events)?;
    super::finish(&report, args.format, expectation.as_ref())
}

/// Judges the history at `events` (an `events.ndjson`).
fn judge(events: &Path) -> Result<Report, Failure> {
    Err(Failure::Undecided(format!(
        "judging {} is not wired yet",
        events.display()
    )))
}

/// The history that `run` names: a file, a run's folder, or an id in `out`.
fn locate(run: &Path, out: &Path) -> Result<PathBuf, Failure> {
    const EVENTS: &str = "events.ndjson";
    let kept = out.join("runs").join(run);
    let places = [run.to_path_buf(), run.join(EVENTS), kept.join(EVENTS)];
    if let Some(found) = places.iter().find(|place| place.is_file()) {
        return Ok(found.clone());
    }
    let why = match run.is_dir() || kept.is_dir() {
        true => "it holds no events.ndjson".to_string(),
        false => format!(
            "there is no such file, folder or run in {}; {}",
            out.join("runs").display(),
            newest(&out.join("runs"))
        ),
    };
    Err(Failure::Usage(format!("run {}: {why}", run.display())))
}

/// Names runs that are there, to choose from.
fn newest(runs: &Path) -> String {
    const SHOWN_MAX: usize = 5;
    let mut ids: Vec<String> = std::fs::read_dir(runs)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    ids.sort_unstable();
    let last = ids.split_off(ids.len().saturating_sub(SHOWN_MAX));
    match last.as_slice() {
        [] => "none was recorded there yet".into(),
        ids => format!("the last ones are {}", ids.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_found_by_id_folder_and_file() {
        let home = tempfile::tempdir().unwrap();
        let out = home.path().join("store");
        let folder = out.join("runs").join("r7");
        std::fs::create_dir_all(&folder).unwrap();
        let events = folder.join("events.ndjson");
        let missing = locate(Path::new("r7"), &out).unwrap_err();
        assert!(missing.to_string().contains("holds no events.ndjson"));
        std::fs::write(&events, "").unwrap();
        for run in [Path::new("r7"), &folder, &events] {
            assert_eq!(locate(run, &out).unwrap(), events, "{}", run.display());
        }
        let unknown = locate(Path::new("r8"), &out).unwrap_err();
        assert_eq!(unknown.exit_code(), exactly_model::exit::USAGE);
        assert!(
            unknown.to_string().contains("the last ones are r7"),
            "{unknown}"
        );
    }
}
