//! What a string of SQL does, as far as its tokens tell: verb, table, and
//! whether it certainly only reads.

mod label;
mod reads;
#[cfg(test)]
mod tests;
mod tokens;

pub(crate) use label::{Label, Moves, Statement, script};
