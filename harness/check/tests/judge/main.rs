//! What the judge says, and what it must not say.

#[path = "../support/mod.rs"]
mod support;

mod classes;
mod closer;
mod codes;
mod duplicate;
mod expect;
mod fold;
mod loss;
mod merge;
mod order;
mod owners;
mod planted;
mod planted_logs;
mod records;
mod shown;
mod shrink;
mod sinks;
mod stories;
mod traps;
mod units;
mod verdict;
mod windows;
