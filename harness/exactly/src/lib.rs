//! Runs claims and judges recorded runs: the composition of adapters, engine
//! and judge.
//!
//! [`evaluate`] runs cells (a claim's variants) on running systems and ends in
//! a report; [`judge`] makes the same report from a recorded run alone, through
//! the same fold, so that the two agree by construction. [`replay`] runs one
//! schedule again and again, a kept failure or one by hand, and counts how often
//! it shows what it shows.
//!
//! ```no_run
//! # async fn example() -> Result<(), exactly::Error> {
//! let mut options = exactly::Options::new("/path/to/exactly".into(), Vec::new());
//! options.messages = Some(6);
//! let outcome = exactly::evaluate(options, |_progress| {}).await?;
//! println!("{} cells", outcome.report.variants().count());
//! # Ok(())
//! # }
//! ```

pub mod config;
mod evaluate;
mod failures;
mod judge;
mod options;
mod overseer;
mod progress;
mod registry;
mod replay;
mod session;
mod systems;
#[cfg(test)]
mod testing;

pub use config::{Check, ConfigError};
pub use evaluate::{Outcome, evaluate};
pub use exactly_check::{Expectations, Mismatch, compare, exit_code};
pub use exactly_engine::{EngineError as Error, supervisor::guardian::watch as guard};
pub use failures::{FindError, find_schedule};
pub use judge::{JudgeError, judge, merge};
pub use options::{Options, PlanChoice, Selected};
pub use progress::Progress;
pub use registry::{kinds, serve_embedded};
pub use replay::{ReplayOptions, ReplayOutcome, replay};
