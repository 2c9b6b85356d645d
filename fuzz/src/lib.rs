//! Whatever is said on a connection, and however it is cut: what every decoder has to
//! keep to, and an input for each of them.
//!
//! An input is a conversation ([`conversation`]): bytes, with a mark wherever the other
//! side begins to speak. [`check`] drives a decoder with it as the engine does, and
//! asserts what a boundary relies on. A [`Protocol`] is all that a target needs: a way
//! to make a decoder, and words to begin with. Two things drive them:
//!
//! * `cargo test -p exactly-fuzz` mutates the seeds under `corpus/`, two seconds for
//!   each target or as many as `EXACTLY_FUZZ_SECONDS` says.
//! * `libfuzzer/` has a binary for each, guided by coverage: see its `Cargo.toml`.
//!
//! An input that failed is kept in `corpus/`, so that it is tried first from then on.
//! To add a protocol: a file in `protocols/`, a row in [`PROTOCOLS`], a feature, seeds,
//! and a binary of five lines.

pub mod check;
pub mod conversation;
pub mod drive;
pub mod mutate;
pub mod protocols;

pub use protocols::PROTOCOLS;

use exactly_adapter::{Decoder, Direction, TrialNames};

/// The trial whose connections these are.
pub const TRIAL: TrialNames = TrialNames { run: 7, trial: 12 };

/// What a target is made of.
#[derive(Clone, Copy, Debug)]
pub struct Protocol {
    /// Name of the target, and of its folder of seeds.
    pub name: &'static str,
    /// A decoder for a new connection, with no other one beside it.
    pub decoder: fn() -> Box<dyn Decoder>,
    /// Directions in which some units are passed on otherwise than they came.
    pub rewrites: &'static [Direction],
    /// Whether this conversation has something in it that depends on when what came
    /// (an answer of the boundary's own): then only the exchanges are compared.
    pub depends_on_time: fn(&[u8]) -> bool,
    /// Whether a request can be read without what came before it on its connection.
    pub reads_alone: bool,
    /// Words of the protocol, for whoever changes inputs.
    pub words: &'static [&'static [u8]],
}

impl Protocol {
    /// Checks one input. The number that it answers is the same for inputs that show
    /// the same kinds of exchanges: another one is worth keeping.
    pub fn run(&self, data: &[u8]) -> u32 {
        check::check(self, data)
    }
}
