//! The harness's own requests, past the boundary: feeding, observing, what is left.

mod backlog;
mod content;
mod feed;
mod link;
mod observe;
mod reply;
mod streams;
mod trouble;
mod watch;

pub(crate) use backlog::{Fed, Rest, Stream};
pub(crate) use feed::{add, publish};
pub(crate) use link::{Link, Way};
pub(crate) use observe::{count, length, stream, values};
pub(crate) use reply::{EntryId, text};
pub(crate) use streams::{glob, remove};
pub(crate) use trouble::Trouble;
pub(crate) use watch::{Unheard, Watches};
