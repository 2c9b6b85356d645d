//! Embedded servers that several runs share, in one process or in many.
//!
//! A **keeper** is a process that has started one embedded system and stays as long
//! as anybody uses it, and a little longer: the next test may be about to begin. It
//! ends by itself; nobody has to remember it. Runs on the same servers do not meet:
//! every name of a trial carries the run's number.
//!
//! Who is there is told by locks on files, which the kernel takes away from whoever
//! dies:
//!
//! | file | held |
//! |---|---|
//! | `begin.lock` | by one at a time: who looks for the keeper or starts it, and the keeper as it ends |
//! | `keeper.lock` | by the keeper, all its life |
//! | `users.lock` | shared, by each run that uses the system |
//! | `addresses.json` | no lock: where it serves, there while it serves |

mod folder;
mod lease;
mod serve;

pub use folder::Sharing;
pub(crate) use lease::Lease;
pub use serve::keep;

/// Word that asks this program to be a keeper: `keeper KIND FOLDER CACHE`.
const KEEPER: &str = "keeper";
/// What a line of its output contains once it serves, or is not going to.
const READY: &str = "exactly keeper ready";
const FAILED: &str = "exactly keeper failed: ";

#[cfg(test)]
mod tests;
