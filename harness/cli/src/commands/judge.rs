//! `exactly judge RUN`: the record alone, judged again.

use crate::args::JudgeArgs;
use crate::destinations::Destinations;
use crate::failure::Failure;
use std::path::Path;

/// Runs that are named where the one asked for is not there.
const NAMED_MAX: usize = 5;

pub(super) fn run(args: &JudgeArgs) -> Result<u8, Failure> {
    let expectations = super::expectations(args.expect.as_deref())?;
    let destinations = Destinations::open(&args.reports)?;
    let report = exactly::judge(&args.run, &args.out).map_err(|error| {
        let text = format!("{error}; {}", newest(&args.out.join("runs")));
        match Failure::from(error) {
            Failure::Usage(_) => Failure::Usage(text),
            other => other,
        }
    })?;
    super::finish(&report, args.format, expectations.as_ref(), &destinations)
}

/// Names runs that are there, to choose from.
fn newest(runs: &Path) -> String {
    let mut ids: Vec<String> = std::fs::read_dir(runs)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    // Ids begin with the time of the run.
    ids.sort_unstable();
    let last = ids.split_off(ids.len().saturating_sub(NAMED_MAX));
    match last.as_slice() {
        [] => format!("none was recorded in {}", runs.display()),
        ids => format!("the last ones are {}", ids.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Format;
    use exactly_model::exit;

    #[test]
    fn an_unknown_run_is_a_usage_error_that_names_those_there() {
        let store = tempfile::tempdir().unwrap();
        let args = JudgeArgs {
            run: "r8".into(),
            out: store.path().into(),
            format: Format::Human,
            expect: None,
            reports: Default::default(),
        };
        let failure = run(&args).unwrap_err();
        assert_eq!(failure.exit_code(), exit::USAGE);
        assert!(
            failure.to_string().contains("none was recorded"),
            "{failure}"
        );
        std::fs::create_dir_all(store.path().join("runs/r7")).unwrap();
        let failure = run(&args).unwrap_err();
        assert!(
            failure.to_string().contains("the last ones are r7"),
            "{failure}"
        );
    }
}
