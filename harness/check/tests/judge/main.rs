//! What the judge says, and what it must not say.

#[path = "../support/mod.rs"]
mod support;

mod codes;
mod duplicate;
mod expect;
mod fold;
mod loss;
mod planted;
mod shown;
mod traps;
mod verdict;
