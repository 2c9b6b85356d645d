//! Everything that touches the world: boundaries, processes, trials, the run
//! store.
//!
//! The engine acts and records; it never judges. Each module has one side
//! effect to its name:
//!
//! * [`clock`] is the only one that reads clocks;
//! * [`store`] writes the run's history;
//! * [`supervisor`] starts, signals and ends processes, and its guardian ends
//!   them when the harness itself is killed;
//! * [`boundary`] is the proxy on the link between one incarnation of a process
//!   and one system; the [`director`] tells it what to do with each exchange;
//! * [`plan`] (pure) turns calibration runs into points and schedules;
//! * [`trial`] runs one trial, [`cell`] all trials of one pipeline.

pub mod boundary;
pub mod cell;
pub mod clock;
pub mod director;
mod error;
pub mod plan;
pub mod settle;
pub mod store;
pub mod supervisor;
pub mod trial;

pub use error::EngineError;
