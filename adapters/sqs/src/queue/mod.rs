//! SQS as a state machine: an operation and a time go in, an answer or a refusal
//! comes out. It has no clock, no socket and no randomness, so that every rule can
//! be tested at the millisecond it speaks of.
//!
//! The rules are those of the Amazon SQS API Reference and developer guide; where
//! they leave something open, the comment at the rule says what is done here.

mod answer;
mod attempts;
mod batch;
mod clocks;
mod content;
mod dedup;
mod digest;
mod directory;
mod fields;
mod handle;
mod limits;
mod live;
mod log;
mod name;
mod one;
mod operation;
mod receive;
mod redrive;
mod refusal;
mod send;
mod settings;
mod sqs;
#[cfg(test)]
mod tests;
mod visibility;

pub use answer::{Answer, LogOf, MoveTask, Outcomes, Received, Sent};
pub use content::{Attribute, AttributeValue, Content};
pub use digest::{md5_of_attributes, md5_of_body, sha256_of_body};
pub use limits::{
    ATTEMPT_WINDOW_MS, BATCH_MAX, DEDUPLICATION_WINDOW_MS, Limits, MESSAGE_BYTES_MAX, PAUSE_MS,
    VISIBILITY_S_MAX, WAIT_S_MAX,
};
pub use log::{Became, Came, Entry};
pub use name::{ACCOUNT, arn};
pub use operation::*;
pub use refusal::{Code, Refusal};
pub use sqs::Sqs;
