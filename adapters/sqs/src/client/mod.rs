//! The harness's own requests, past the boundary.

mod aside;
mod audit;
mod call;
mod consumer;
mod feed;
mod messages;
mod redrive;
mod sign;
mod target;

pub(crate) use aside::Asides;
pub(crate) use audit::{Entry, Fate, read_log};
pub(crate) use call::{CallError, Sqs};
pub(crate) use consumer::Consumers;
pub(crate) use feed::{Feed, Groups, feed};
pub(crate) use messages::{release, waiting};
pub(crate) use redrive::{Dead, redrive};
pub(crate) use sign::Signer;
pub(crate) use target::Target;
