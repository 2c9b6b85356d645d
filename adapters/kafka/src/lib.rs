//! Kafka for Exactly: what is on its wire, what happened in its logs, and a
//! broker to run it all on.
//!
//! Rooms:
//!
//! * `boundary`: the decoder of one connection. Requests become labelled
//!   exchanges, replies their outcomes and deliveries; addresses in replies lead
//!   to boundaries, for any number of brokers; version negotiation is clamped to
//!   what is read.
//! * `client`: the harness's own requests. Feeding, observing, backlog, topics.
//! * `local`: Apache Kafka from jars on this machine, as nodes that can be killed,
//!   paused and mended.
//! * `embedded`: krafka's test broker behind a bridge ([`serve_embedded`]).
//! * `provision`: the names and topics of a trial. `needs`: what a place lacks.
//! * `errors`: the table error -> Ok, Fail or Unknown ([`judge_error`]).
//! * `wire`: the bounded cursor that all of them read with.
//!
//! Bytes off a wire are read by the cursor alone, which believes no count beyond
//! the bytes that remain. `kafka-protocol` encodes, and is the oracle in tests.
//!
//! ```
//! use exactly_kafka::judge_error;
//! use exactly_model::Outcome;
//! use rdkafka::error::{KafkaError, RDKafkaErrorCode};
//!
//! // A send whose reply did not come in time is neither done nor failed.
//! let error = KafkaError::MessageProduction(RDKafkaErrorCode::MessageTimedOut);
//! assert_eq!(judge_error(&error).outcome, Outcome::Unknown);
//! ```

mod boundary;
mod client;
mod embedded;
mod errors;
mod local;
mod needs;
mod provision;
mod scope;
mod system;
#[cfg(test)]
mod testing;
mod wire;

pub use boundary::decoder;
pub use embedded::{DIFFERENCES, Difference, serve_embedded};
pub use errors::judge_error;
pub use system::Kafka;
