//! The embedded broker: krafka's test broker behind a bridge, in a process of
//! its own, so that its memory is not the harness's.
//!
//! krafka's broker is a test double outside its crate's semver promise, hence
//! pinned. What librdkafka and this harness need beyond it, the bridge adds:
//!
//! * EndTxn before v3, TxnOffsetCommit before v5, LeaveGroup before v3 and
//!   Produce v9 are translated to the versions that krafka speaks, and so are
//!   the versions of older clients (`older`).
//! * Fetch is served here, from krafka's log: bounded by the sizes that the
//!   client asks for (krafka's answer is the whole rest of the log) and woken by
//!   the next write.
//! * What a coordinator of transactions refuses and krafka does not
//!   (`transactions`).
//! * acks=0 is not answered, DeleteGroups forgets a group.
//!
//! What it does otherwise than Apache Kafka all the same: [`DIFFERENCES`].

mod bridge;
mod connection;
mod differences;
mod fetch;
mod older;
mod transactions;
mod translate;
mod versions;

pub(crate) use bridge::Bridge;
pub use differences::{DIFFERENCES, Difference};

/// What the line that says the broker is ready starts with; the address
/// follows.
pub(crate) const READY: &str = "embedded kafka ready";
/// Version for the report.
pub(crate) const VERSION: &str = "krafka 0.28.1 test broker (emulated)";

/// Runs the embedded broker on a loopback port (0: a free one) until the process
/// ends. `announce` gets the line that says it is ready, with the address.
pub async fn serve_embedded(port: u16, announce: impl FnOnce(&str)) -> std::io::Result<()> {
    let bridge = Bridge::start(port).await?;
    announce(&format!("{READY} {}", bridge.address()));
    bridge.run().await
}
