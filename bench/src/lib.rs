//! Figures for `docs/performance.md`.
//!
//! No figure is a test: a busy machine must not fail anybody's build. What is
//! compared is measured in rounds that take turns (A B C, C A B, ...), and the
//! ratio is taken within a round, so that a disturbance meets all of them.
//!
//! * [`figures`] keeps what was measured and writes `docs/performance/*.json`;
//! * [`rig`] starts real systems and puts real boundaries before them;
//! * [`plain`] is a boundary to Kafka that decodes addresses and nothing else;
//! * [`feeder`] is our feeder beside Kafka's load generator;
//! * [`kafka`], [`pgbench`] and [`latency`] load the boundaries;
//! * [`redis`] loads boundaries before Redis, and the embedded one, [`smtp`] the sink;
//! * [`peers`] are programs of others that make the load, or are compared with;
//! * [`sqs`] loads the embedded SQS and boundaries before it, beside [`hyper_proxy`];
//! * [`random`] kills at random moments, to compare with;
//! * [`run`] starts the `exactly` command and watches it;
//! * [`profile`] reads where a trial's time went off its history.

pub mod feeder;
pub mod figures;
pub mod hyper_proxy;
pub mod kafka;
pub mod latency;
pub mod peers;
pub mod pgbench;
pub mod plain;
pub mod profile;
pub mod random;
pub mod redis;
pub mod rig;
pub mod run;
pub mod smtp;
pub mod sqs;
