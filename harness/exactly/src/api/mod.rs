//! A check in a `#[test]`: about ten lines of Rust.
//!
//! [`Pipeline`] says which processes there are, what they talk to, what is fed in and
//! where effects are read; an assertion runs it, and panics with the shortest
//! counterexample. Nothing has to be installed, the `exactly` command included: the
//! harness's own children are the test binary, started again for the same test.
//!
//! Tests that run beside each other, as threads of one binary or as processes of their
//! own, share the embedded servers. Names of topics, groups and schemas are fresh in
//! each trial.

mod checked;
mod message;
mod pipeline;
mod process;
mod role;
mod run;
mod surroundings;
mod systems;

pub use checked::{CheckError, Checked};
pub use pipeline::Pipeline;
pub use process::{Process, as_pipeline, is_pipeline};
pub use systems::{
    HttpSystem, KafkaSystem, PostgresSystem, RedisSystem, SmtpSystem, SqsQueue, SqsSystem,
};

#[cfg(test)]
mod tests;
