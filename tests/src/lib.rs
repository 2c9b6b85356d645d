//! End-to-end tests of Exactly. There is no library here: see `tests/`.
//!
//! * `tests/tidy`: the layout, the arrows between crates, and the laws that
//!   can be read off the sources.
//! * `tests/e2e`: the command as people use it, on real processes: what every
//!   variant measures, swapped code, SIGKILL of the harness, bad input.
//! * `src/main.rs`: the command with misbehaving pipelines, for these tests.
