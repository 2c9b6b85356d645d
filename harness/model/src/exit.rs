//! Exit codes of the `exactly` command. They are part of the interface:
//! scripts rely on them, so a code keeps its meaning for ever.

/// The command did what it was asked and every selected cell was decided.
pub const DONE: u8 = 0;
/// The command line was not understood.
pub const USAGE: u8 = 2;
/// At least one selected cell could not be decided.
pub const INCONCLUSIVE: u8 = 80;
/// A configuration or expectation file is wrong.
pub const CONFIG: u8 = 96;
/// A system (broker, database) could not be reached or started.
pub const SYSTEM_UNAVAILABLE: u8 = 97;
/// The pipeline under test never became ready.
pub const PIPELINE_NOT_READY: u8 = 98;
/// An expectation does not hold.
pub const REFUTED: u8 = 100;
/// Never returned on purpose: Rust's own code for a panic.
pub const PANIC: u8 = 101;
/// The run store could not be written (or read).
pub const STORE: u8 = 105;
/// Ended by SIGINT.
pub const SIGINT: u8 = 130;
/// Ended by SIGTERM.
pub const SIGTERM: u8 = 143;
