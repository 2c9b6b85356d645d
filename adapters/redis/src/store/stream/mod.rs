//! Streams (<https://redis.io/docs/latest/develop/data-types/streams/>): a log of
//! entries, and the groups that read it.

mod group;
mod id;
mod log;

pub(super) use group::{Group, Pending};
pub(super) use id::Id;
pub(super) use log::{Fields, Stream, Trim, Trimming};
