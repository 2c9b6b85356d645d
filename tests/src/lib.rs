//! End-to-end tests of Exactly. There is no library here: see `tests/`.
//!
//! * `tests/tidy`: the layout, the arrows between crates, and the laws that
//!   can be read off the sources.
