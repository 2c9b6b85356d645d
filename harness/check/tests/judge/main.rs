//! What the judge says, and what it must not say.

#[path = "../support/mod.rs"]
mod support;

mod codes;
mod expect;
mod fold;
mod planted;
mod traps;
mod verdict;
