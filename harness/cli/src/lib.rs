//! The `exactly` command as a library: the binary calls [`main`] and nothing
//! else.
//!
//! The only crate that reads arguments and environment. Data goes to stdout,
//! everything else (progress, errors) to stderr; the exit code is the verdict,
//! see [`exit_codes`].
//!
//! ```
//! // What `exactly explain d3` prints.
//! let page = exactly_cli::explanation("d3").unwrap();
//! assert!(page.starts_with("D3 duplicate-effect"));
//! ```

mod args;
mod commands;
mod destinations;
mod exit_codes;
mod expect;
mod failure;
mod json;
mod place;
mod progress;
mod schedule;
mod select;
mod terminal;

pub use args::{
    CheckArgs, Cli, ClockCommand, Command, CourseArgs, DoctorArgs, EvaluateArgs, Format, InitArgs,
    JudgeArgs, ListArgs, MergeArgs, PartArgs, PlaceArgs, PlanArgs, PlanKind, ReplayArgs,
    ReportArgs, ServerArgs, ServiceArgs, Template, UpArgs,
};
pub use commands::{explanation, main, main_with};
pub use exit_codes::{ExitCodeText, exit_codes};
pub use failure::{Failure, Signal};
pub use place::{PlaceError, Places};
pub use progress::Display;
pub use select::{SelectError, select};
