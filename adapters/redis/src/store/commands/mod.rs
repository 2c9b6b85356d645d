//! What each command does, by what it is about.

pub(super) mod claim;
pub(super) mod config;
pub(super) mod connection;
pub(super) mod expiry;
pub(super) mod groups;
pub(super) mod hashes;
pub(super) mod info;
pub(super) mod keys;
pub(super) mod lists;
pub(super) mod numbers;
pub(super) mod pending;
pub(super) mod read;
pub(super) mod sets;
pub(super) mod streams;
pub(super) mod strings;
pub(super) mod xinfo;

use super::refusal::Refusal;
use super::state;
use bytes::Bytes;

/// Whether an argument is this word, in whatever case.
fn is(arg: &[u8], word: &str) -> bool {
    arg.eq_ignore_ascii_case(word.as_bytes())
}

/// The argument at a place, or a syntax error.
fn arg(args: &[Bytes], at: usize) -> Result<&Bytes, Refusal> {
    args.get(at).ok_or(Refusal::SYNTAX)
}
