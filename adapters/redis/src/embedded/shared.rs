//! The state, the time, and who is to be awakened.

use crate::store::{ClientId, Refusal, Store};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::io::IoSlice;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::net::TcpStream;
use tokio::sync::Notify;

/// Slices of one call to the system: far below the kernel's limit, and enough for
/// what a socket takes at once.
const SLICES: usize = 64;

/// What all connections share.
#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    started: Instant,
    /// Wall-clock time at the start. From there on the monotonic clock counts: a
    /// wall clock that is set must not make keys expire.
    started_ms: u64,
}

#[derive(Debug)]
struct State {
    store: Store,
    bells: BTreeMap<ClientId, Arc<Notify>>,
}

/// What a connection is to do next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Next {
    /// Something waits to be written.
    pub has_output: bool,
    /// It waits in a read with `BLOCK`: its next request waits, too.
    pub is_waiting: bool,
    /// Until the wait is over, where it ends by itself.
    pub wait: Option<Duration>,
    /// Nothing more is read.
    pub is_closing: bool,
    /// It is hung up on at once.
    pub is_cut: bool,
}

impl Shared {
    pub fn new() -> Self {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let seed = u64::try_from(since_epoch.as_nanos()).unwrap_or(u64::MAX);
        Self {
            state: Mutex::new(State {
                store: Store::new(seed ^ u64::from(std::process::id())),
                bells: BTreeMap::new(),
            }),
            started: Instant::now(),
            started_ms: u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX),
        }
    }

    fn now_ms(&self) -> u64 {
        let elapsed_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.started_ms.saturating_add(elapsed_ms)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn connect(&self, from: SocketAddr) -> Result<(ClientId, Arc<Notify>), Refusal> {
        let mut state = self.lock();
        let client = state.store.connect(from.to_string(), self.now_ms())?;
        let bell = Arc::new(Notify::new());
        state.bells.insert(client, Arc::clone(&bell));
        Ok((client, bell))
    }

    pub fn disconnect(&self, client: ClientId) {
        let mut state = self.lock();
        state.bells.remove(&client);
        state.store.disconnect(client);
    }

    pub fn apply(&self, client: ClientId, args: &[Bytes]) -> Next {
        let mut state = self.lock();
        // Only under the lock, so that times are in the order of the commands.
        let now_ms = self.now_ms();
        state.store.apply(client, args, now_ms);
        state.wake(client);
        state.next(client, now_ms)
    }

    pub fn refuse(&self, client: ClientId, refusal: Refusal) {
        let mut state = self.lock();
        state.store.refuse(client, refusal, self.now_ms());
    }

    /// What is to be done for a client, after its wait has ended if its time is over.
    pub fn next(&self, client: ClientId) -> Next {
        let mut state = self.lock();
        let now_ms = self.now_ms();
        state.store.time_out(client, now_ms);
        state.wake(client);
        state.next(client, now_ms)
    }

    pub fn cycle(&self) {
        let mut state = self.lock();
        let now_ms = self.now_ms();
        state.store.cycle(now_ms);
        state.wake(0);
    }

    /// Writes what the socket takes of what waits.
    pub fn write(&self, client: ClientId, stream: &TcpStream) -> std::io::Result<()> {
        let mut state = self.lock();
        let Some(outbox) = state.store.outbox(client) else {
            return Ok(());
        };
        while !outbox.is_empty() {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let count = outbox.slices(&mut slices);
            match stream.try_write_vectored(&slices[..count]) {
                Ok(written) => outbox.written(written),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Nobody reads any more what this client is answered.
    pub fn throw_away(&self, client: ClientId) {
        if let Some(outbox) = self.lock().store.outbox(client) {
            outbox.clear();
        }
    }
}

impl State {
    /// Rings for those that have something to be written. Who asks looks itself.
    fn wake(&mut self, asking: ClientId) {
        for client in self.store.take_awakened() {
            let bell = self.bells.get(&client).filter(|_| client != asking);
            if let Some(bell) = bell {
                bell.notify_one();
            }
        }
    }

    fn next(&mut self, client: ClientId, now_ms: u64) -> Next {
        let waiting = self.store.is_waiting(client);
        let until_ms = waiting.flatten();
        let outbox = self.store.outbox(client);
        Next {
            has_output: outbox.is_some_and(|outbox| !outbox.is_empty()),
            is_waiting: waiting.is_some(),
            wait: until_ms.map(|at_ms| Duration::from_millis(at_ms.saturating_sub(now_ms))),
            is_closing: self.store.is_closing(client),
            is_cut: self.store.is_cut(client),
        }
    }
}
