//! From calibration runs to points, classes and schedules. Pure.

mod learn;
mod recovery;
mod schedules;
#[cfg(test)]
mod tests;

pub use learn::{Knowledge, Known, learn};
pub use recovery::novel;
pub use schedules::{Schedules, every_boundary, faults_at, shuffle};
