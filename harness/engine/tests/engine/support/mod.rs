//! What the tests share: a protocol, a server that keeps what it applied, a
//! client, and a rig that puts a boundary between them.

mod client;
mod nodes;
mod protocol;
mod rig;
mod server;
mod tape;
mod toy;

pub use client::{Client, Saw};
pub use nodes::Nodes;
pub use protocol::ToyScope;
pub use rig::{Rig, Setup, at, effect};
pub use server::{Server, pattern};
pub use tape::Tape;
pub use toy::{SUBSCRIBER, Toy, WORKER, run_toy};

use std::time::{Duration, Instant};

/// Everything a test waits for comes within this time, however busy the machine
/// is; a test that waits longer fails.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until `condition` holds.
pub async fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < end, "waited for {PATIENCE:?}: {what}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Waits for `future`, which comes within the patience of the tests.
pub async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(value) => value,
        Err(_) => panic!("waited for {PATIENCE:?}: {what}"),
    }
}
