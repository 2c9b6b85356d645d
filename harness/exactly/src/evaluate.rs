//! Running claims.

use crate::failures::Failures;
use crate::overseer::Live;
use crate::session::Session;
use crate::{Error, Options, Progress};
use exactly_model::Report;
use std::path::PathBuf;

/// How a run ended.
#[derive(Debug)]
pub struct Outcome {
    /// The report, also of a run that ended early.
    pub report: Report,
    /// Folder of the run.
    pub folder: PathBuf,
    /// What ended it early.
    pub error: Option<Error>,
}

/// Runs the selected cells one after the other. What was recorded is kept and
/// reported even when an error ends the run; only a run that could not begin is
/// an `Err`.
///
/// What was found is kept under `<store>/failures`, to be run first next time,
/// and to be run again by [`replay`](crate::replay).
pub async fn evaluate(
    options: Options,
    tell: impl FnMut(&Progress) + Send + 'static,
) -> Result<Outcome, Error> {
    let cells = u32::try_from(options.cells.len()).unwrap_or(u32::MAX);
    let live = Live::new(cells, Box::new(tell));
    let failures = Failures::of(&options.store);
    let known = match options.known {
        true => failures.known(&options)?,
        false => Vec::new(),
    };
    let session = Session {
        options: &options,
        plan: options.plan.name(),
        planning: options.planning(),
        known,
    };
    let ended = session.run(&live).await?;
    let report = live.report();
    let kept = failures.keep(&report, &options, &ended.run.id);
    Ok(Outcome {
        report,
        folder: ended.run.folder,
        error: ended.error.or(kept.err()),
    })
}
