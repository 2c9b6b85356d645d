//! The harness's own connections: what it asks a server, past the boundary.

mod backlog;
mod feed;
mod look;
mod observe;
mod pool;
mod positions;
mod rows;

pub(crate) use backlog::left;
pub(crate) use feed::feed;
pub(crate) use observe::{count, observe};
pub(crate) use pool::{Facts, Pool};
pub(crate) use positions::positions;
