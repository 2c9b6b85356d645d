//! The harness's own requests, past the boundary.

mod audit;
mod call;
mod feed;

pub(crate) use audit::{Entry, Fate, read_log};
pub(crate) use call::{CallError, Sqs, queue_url};
pub(crate) use feed::{Feed, Groups, feed};
