//! The catalogue: sentences that people say about messaging, each with the
//! pipelines that test it.
//!
//! A [`Claim`] is a sentence with the guarantee it asserts. Each of its
//! [`Variant`]s is one cell of the claims matrix: what is expected at the sink,
//! the witnesses that must fire, and the [`Program`] that is run. Programs are
//! looked up apart from variants, so that a test can swap the code of a foil
//! and its cure under the same ids ([`catalogue_with`]) and see both verdicts
//! flip: the verdict follows the code, not the name.
//!
//! The pipelines themselves (`src/pipelines`) are written with the ordinary
//! client libraries as ordinary users write them. They know nothing of the
//! harness: they are told their addresses in the environment, and they are run
//! as child processes by [`run_program`].
//!
//! ```
//! use exactly_model::Guarantee;
//!
//! let claims = exactly_claims::catalogue();
//! let claim = claims.iter().find(|c| c.id == "ack-after-process").unwrap();
//! let cure = claim.variant("inbox-then-ack").unwrap();
//! assert_eq!(cure.expected, Guarantee::ExactlyOnce);
//!
//! // What the engine runs: a command line of the caller's own binary.
//! let spec = cure.pipeline_spec(6, "/usr/bin/exactly");
//! assert_eq!(
//!     spec.processes[0].command,
//!     ["/usr/bin/exactly", "pipeline", "kafka-inbox-then-ack"]
//! );
//!
//! // A sentence about more than one sink is predicted sink by sink.
//! let claim = claims.iter().find(|c| c.id == "kafka-eos-scope").unwrap();
//! let cell = claim.variant("row-before-commit").unwrap().cell(claim);
//! assert_eq!(cell.expected_at("out"), Guarantee::ExactlyOnce);
//! assert_eq!(cell.expected_at("orders"), Guarantee::AtLeastOnce);
//! ```

mod ack_after_process;
mod catalogue;
mod claim;
mod db_transaction_with_smtp;
mod kafka_eos_scope;
mod pipelines;
mod program;
mod programs;
mod redis_pubsub;
mod retries_without_idempotency;
mod spec;
mod sqs_fifo;
mod timeouts;
mod witness;

pub use catalogue::*;
pub use claim::*;
pub use program::*;
