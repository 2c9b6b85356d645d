//! The listener, and what its connections share.

use super::connection;
use krafka::testing::{ApiKey, FakeBroker};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Requests after which krafka's record of requests is cleared. It counts them
/// by going through the record at each request, so it is kept short.
const CLEAR_REQUESTS_EVERY: u64 = 64;
/// Requests after which its other records are cleared.
const CLEAR_RECORDS_EVERY: u64 = 4_096;

/// A broker behind its listener.
pub(crate) struct Bridge {
    listener: TcpListener,
    address: SocketAddr,
    core: Arc<Core>,
}

/// What connections share.
pub(super) struct Core {
    pub broker: FakeBroker,
    pub upstream: SocketAddr,
    /// Counts writes to any log: held fetches look again.
    pub writes: watch::Sender<u64>,
    requests: AtomicU64,
}

impl Bridge {
    /// Starts the broker and listens on a loopback port (0: a free one).
    pub async fn start(port: u16) -> std::io::Result<Self> {
        let broker = FakeBroker::start().await.map_err(std::io::Error::other)?;
        let upstream = broker
            .broker_addr(0)
            .ok_or_else(|| std::io::Error::other("the broker has no address"))?;
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let address = listener.local_addr()?;
        // Without stable offsets it is the answer to v5 in another layout; the
        // bridge sees to those.
        broker.set_api_versions(ApiKey::OffsetFetch, 5, 7);
        // The broker names the bridge wherever it names itself.
        broker.with_state(|state| {
            for node in &mut state.brokers {
                node.host = address.ip().to_string();
                node.port = i32::from(address.port());
            }
        });
        let core = Core {
            broker,
            upstream,
            writes: watch::channel(0).0,
            requests: AtomicU64::new(0),
        };
        Ok(Self {
            listener,
            address,
            core: Arc::new(core),
        })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves connections; ends only with an error of the listener.
    pub async fn run(self) -> std::io::Result<()> {
        loop {
            match self.listener.accept().await {
                Ok((stream, peer)) => {
                    let core = Arc::clone(&self.core);
                    tokio::spawn(serve(stream, peer, core));
                }
                // A client that is gone again, or no descriptor left for the
                // moment: neither is a reason to stop serving.
                Err(error) => {
                    tracing::warn!(%error, "embedded kafka: accept failed");
                    tokio::time::sleep(std::time::Duration::from_millis(10)).await;
                }
            }
        }
    }
}

async fn serve(stream: TcpStream, peer: SocketAddr, core: Arc<Core>) {
    if let Err(error) = connection::serve(stream, core).await {
        tracing::debug!(%peer, %error, "embedded kafka: connection ended");
    }
}

impl Core {
    /// A log was written.
    pub fn written(&self) {
        self.writes.send_modify(|count| *count += 1);
    }

    /// Keeps what krafka records for assertions from growing.
    pub fn count_request(&self) {
        let count = self.requests.fetch_add(1, Ordering::Relaxed) + 1;
        if count.is_multiple_of(CLEAR_REQUESTS_EVERY) {
            self.broker.clear_requests();
        }
        if count.is_multiple_of(CLEAR_RECORDS_EVERY) {
            self.broker.with_state(|state| {
                state.list_offsets_lookups.clear();
                state.leave_group_members.clear();
                state.consumer_group_heartbeats.clear();
            });
        }
    }
}
