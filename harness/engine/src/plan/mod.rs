//! From calibration runs to points, classes and schedules. Pure.

mod ground;
mod kinds;
mod learn;
mod outages;
mod pairs;
mod random;
mod recovery;
mod replays;
mod schedules;
#[cfg(test)]
pub(crate) mod tests;

pub use ground::{Ground, LeftOut, Protocol};
pub use kinds::faults_at;
pub use learn::{Knowledge, Known, learn};
pub use outages::{OUTAGES_MAX, outages};
pub use pairs::{Pairs, pairs};
pub use random::Draws;
pub use recovery::novel;
pub use replays::replays;
pub use schedules::{Schedules, every_boundary, shuffle};
