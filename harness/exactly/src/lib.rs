//! What does a messaging pipeline really deliver when things break? A check in a
//! test, in about ten lines:
//!
//! ```no_run
//! use exactly::{Pipeline, Process};
//! use std::time::Duration;
//!
//! # /*
//! #[test]
//! # */
//! fn each_order_is_booked_exactly_once() {
//!     Pipeline::new("orders")
//!         .kafka("k", |k| k.topic("orders").client_timeout(Duration::from_secs(2)))
//!         .postgres("pg", |pg| pg.sql("create table orders (id text)"))
//!         .process(
//!             Process::cargo_bin("worker")
//!                 .env("BROKERS", "{k.address}")
//!                 .env("TOPIC", "{k.topic.orders}")
//!                 .env("GROUP", "{k.group}")
//!                 .env("DATABASE_URL", "{pg.url}"),
//!         )
//!         .feed("k", "orders")
//!         .observe_rows("orders", "pg", "select id from orders")
//!         .assert_exactly_once();
//! }
//! ```
//!
//! The worker runs as a real process behind boundaries, is killed or cut off at every
//! exchange with Kafka and PostgreSQL where that can matter, and the rows are counted.
//! Where one is lost or doubled the panic's message is the shortest way there. See
//! [`Pipeline`]; nothing has to be installed.
//!
//! Beneath it is the composition of adapters, engine and judge.
//!
//! [`evaluate`] runs cells (a claim's variants) on running systems and ends in
//! a report; [`judge`] makes the same report from a recorded run alone, through
//! the same fold, so that the two agree by construction. [`replay`] runs one
//! schedule again and again, a kept failure or one by hand, and counts how often
//! it shows what it shows.
//!
//! ```no_run
//! # async fn example() -> Result<(), exactly::Error> {
//! let mut options = exactly::Options::new("/path/to/exactly", Vec::new());
//! options.messages = Some(6);
//! let outcome = exactly::evaluate(options, |_progress| {}).await?;
//! println!("{} cells", outcome.report.variants().count());
//! # Ok(())
//! # }
//! ```

mod api;
pub mod config;
mod doctor;
mod evaluate;
mod failures;
mod ground;
mod judge;
mod keeper;
mod options;
mod overseer;
mod progress;
mod registry;
mod replay;
mod session;
mod systems;
#[cfg(test)]
mod testing;
mod up;

pub use api::{
    CheckError, Checked, HttpSystem, KafkaSystem, Pipeline, PostgresSystem, Process, RedisSystem,
    SmtpSystem, SqsQueue, SqsSystem, as_pipeline, is_pipeline,
};
pub use config::{Check, ConfigError, Id, Plan, Signal};
pub use doctor::{Found, Missing, doctor};
pub use evaluate::{Outcome, evaluate};
pub use exactly_check::{Expectations, Mismatch, compare, exit_code};
pub use exactly_engine::EngineError as Error;
pub use exactly_engine::supervisor::{Executable, guardian::watch as guard};
pub use exactly_model::{Code, FaultKind, Guarantee, Report, Verdict};
pub use exactly_sqs::clock;
pub use failures::{FindError, find_schedule};
pub use ground::Surroundings;
pub use judge::{JudgeError, judge, merge};
pub use keeper::{Sharing, keep};
pub use options::{Options, PlanChoice, Selected};
pub use progress::Progress;
pub use registry::{kinds, serve_embedded};
pub use replay::{ReplayOptions, ReplayOutcome, replay};
pub use up::{Standing, Up, UpOptions, standing};
