//! The embedded server: real PostgreSQL binaries, fetched once, run by the
//! engine's supervisor in a folder of the run.

mod download;

use crate::node::{Durability, Node, Programs};
use exactly_adapter::{Host, StartError};
use std::sync::Arc;

pub(crate) use download::at_hand;

/// Starts a server of the run's own.
pub(crate) async fn start(host: Arc<dyn Host>) -> Result<Node, StartError> {
    let programs = Programs::unpacked(&download::binaries(&host.cache()).await?);
    Node::make(host, programs, Durability::Process).await
}
