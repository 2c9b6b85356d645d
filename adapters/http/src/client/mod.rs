//! The harness's own requests: what it sends and reads past the boundary.

mod audit;
mod call;
mod feed;
mod target;

pub(crate) use audit::{Audit, AuditError};
pub(crate) use call::{Ended, call};
pub(crate) use feed::Feed;
pub(crate) use target::{Target, authority, is_path};
