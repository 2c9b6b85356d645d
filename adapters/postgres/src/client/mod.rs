//! The harness's own connections: what it asks a server, past the boundary.

mod backlog;
mod observe;
mod pool;
mod rows;

pub(crate) use backlog::left;
pub(crate) use observe::{count, observe};
pub(crate) use pool::{Facts, Pool};
