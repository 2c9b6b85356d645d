//! Starts, signals and ends processes.
//!
//! Every process gets a process group of its own and carries the run's mark in
//! its environment. The [`guardian`] ends whatever carries the mark when the
//! harness is gone, `setsid` children included.

mod detached;
mod executable;
pub mod guardian;
mod host;
mod output;
mod proc;
mod process;
mod script;

pub use detached::detach;
pub use executable::{Again, Executable};
pub use host::LocalHost;
pub(crate) use output::{last_line, tail as output_tail};
pub use proc::{descendants, marked};
pub use process::{Launch, Process, Supervisor};
pub use script::{Errand, OUTPUT_MAX, Ran};

/// Environment variable that carries the run's mark.
pub const MARK: &str = "EXACTLY_RUN";
/// Environment variable of a process that wants a gentle signal first.
pub const STOP: &str = "EXACTLY_STOP";
/// Environment variable that tells the trials' processes apart.
pub const TRIAL: &str = "EXACTLY_TRIAL";
