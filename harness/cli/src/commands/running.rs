//! What `evaluate` and `replay` share: options, progress, signals.

use super::signals::{Signals, first_signal, listen};
use crate::args::CourseArgs;
use crate::failure::Failure;
use crate::place::Places;
use crate::progress::Display;
use crate::terminal;
use exactly::{Options, Progress, Selected};
use exactly_claims::Claim;
use exactly_model::redact;
use std::sync::{Arc, Mutex};
use tokio::sync::watch;

/// Options with what every run takes from the command line and the
/// environment.
pub(super) fn options(places: Places, course: &CourseArgs) -> Result<Options, Failure> {
    let mut options = Options::new(executable()?, Vec::new());
    options.places = places.into_map();
    apply(&mut options, course);
    Ok(options)
}

/// How trials run, and what the environment says.
pub(super) fn apply(options: &mut Options, course: &CourseArgs) {
    options.jobs = course.jobs.map_or(options.jobs, |jobs| jobs as usize);
    options.assist = !course.no_assist;
    options.allow_wait = course.allow_wait;
    options.store = course.out.clone();
    options.temporary = std::env::temp_dir();
    options.cache = terminal::cache_folder();
    options.settings = terminal::settings();
    options.command = std::env::args().map(|arg| redact(&arg)).collect();
}

/// This binary: it runs the pipelines and embedded servers as its children.
pub(super) fn executable() -> Result<String, Failure> {
    let path = std::env::current_exe()
        .map_err(|error| Failure::Undecided(format!("cannot find my own binary: {error}")))?;
    path.into_os_string().into_string().map_err(|path| {
        Failure::Config(format!(
            "my own path {} is not valid UTF-8; move the binary elsewhere",
            path.display()
        ))
    })
}

/// Messages fed in each trial of a claim, where nothing else is said.
const MESSAGES: u32 = 6;

/// Every variant of `claims` as a cell. `executable` runs the pipelines.
pub(super) fn selected(claims: &[Claim], executable: &str) -> Vec<Selected> {
    let variants = claims
        .iter()
        .flat_map(|claim| claim.variants.iter().map(move |v| (claim, v)));
    let cells = variants.map(|(claim, variant)| Selected {
        cell: variant.cell(claim),
        pipeline: variant.pipeline_spec(MESSAGES.max(variant.messages_min), executable),
    });
    cells.collect()
}

/// `claim/variant` of every cell.
pub(super) fn ids(catalogue: &[Claim]) -> Vec<String> {
    let of = |claim: &Claim| {
        let id = claim.id;
        let variants = claim.variants.iter();
        variants
            .map(|v| format!("{id}/{}", v.id))
            .collect::<Vec<_>>()
    };
    catalogue.iter().flat_map(of).collect()
}

/// Progress on stderr, and the signals that end a run.
pub(super) struct Watch {
    display: Arc<Mutex<Display>>,
    signals: Signals,
    /// Becomes true with the first signal.
    pub cancelled: watch::Receiver<bool>,
}

impl Watch {
    /// Begins to show on `display` and to listen; needs a runtime.
    pub fn start(display: Display) -> Result<Self, Failure> {
        let display = Arc::new(Mutex::new(display));
        let for_signals = display.clone();
        let (signals, cancelled) = listen(move |text| show(&for_signals, &Progress::Note(text)))?;
        Ok(Self {
            display,
            signals,
            cancelled,
        })
    }

    /// Shows what a run tells.
    pub fn teller(&self) -> impl FnMut(&Progress) + Send + 'static {
        let display = self.display.clone();
        move |progress| show(&display, progress)
    }

    /// Takes the progress off the screen. `error` is what ended the run, a
    /// signal where one came.
    pub fn end(&self, error: Option<exactly::Error>) -> Option<Failure> {
        if let Ok(display) = self.display.lock() {
            display.finish();
        }
        error.map(|error| match first_signal(&self.signals) {
            Some(signal) => Failure::Interrupted(signal),
            None => error.into(),
        })
    }
}

/// A display that panicked once has nothing more to show.
fn show(display: &Mutex<Display>, progress: &Progress) {
    if let Ok(mut display) = display.lock() {
        display.show(progress);
    }
}
