//! The harness's own connections: what it asks a server, past the boundary.

mod backlog;
mod backup;
mod feed;
mod look;
mod observe;
mod pool;
mod positions;
mod restore;
mod rows;

pub(crate) use backlog::left;
pub(crate) use backup::Backup;
pub(crate) use feed::feed;
pub(crate) use observe::{count, observe};
pub(crate) use pool::{Facts, Pool};
pub(crate) use positions::positions;
pub(crate) use restore::{no_backup, restore};
