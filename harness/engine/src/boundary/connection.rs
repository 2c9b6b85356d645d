//! One connection: two loops, one per direction.

use super::link::{Boundaries, Net};
use super::said::Said;
use crate::director::{At, Director, ExchangeId, Strike};
use bytes::{Bytes, BytesMut};
use exactly_adapter::{Decoder, Direction, Unit};
use rustix::net::sockopt::set_socket_linger;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Mutex as AsyncMutex, Notify, watch};

const READ_BYTES: usize = 64 << 10;
/// How long the connections of a process that is being killed stay open for it.
const DYING: Duration = Duration::from_secs(1);

/// How a loop ended.
pub(super) enum End {
    /// Its source closed.
    Closed,
    /// Everything is to be cut, with a reset towards the client.
    Reset,
    /// The incarnation is dead: nothing more is passed on.
    Discarded,
}

pub(super) struct Connection {
    pub boundaries: Arc<Boundaries>,
    pub open: OpenExchanges,
    pub client_writer: AsyncMutex<OwnedWriteHalf>,
    /// The client, and the system, have closed their sides.
    pub client_gone: watch::Sender<bool>,
    pub system_gone: watch::Sender<bool>,
    /// The port that the client dialled from.
    client: u16,
    /// The address that it leads to.
    pub upstream: (String, u16),
    /// What the boundary says in the system's name.
    pub said: Said,
    /// Counts what the system pushed.
    pub pushes: AtomicU64,
    decoder: Option<Mutex<Box<dyn Decoder>>>,
    opaque: AtomicBool,
    /// Wakes the loop (towards the system, towards the client) that waits with
    /// half a unit in its hands when the connection has become opaque.
    turned_opaque: [Notify; 2],
}

/// Passes on what comes from either side until both have ended, or a fault says
/// otherwise. An end of one side is passed on; when the other follows is its own
/// affair. The end of the life aborts it.
pub(super) async fn run(
    client: TcpStream,
    system: TcpStream,
    upstream: (String, u16),
    boundaries: Arc<Boundaries>,
) {
    let port = client.peer_addr().map_or(0, |peer| peer.port());
    let (mut client_reader, client_writer) = client.into_split();
    let (mut system_reader, mut system_writer) = system.into_split();
    let connection = Connection {
        decoder: boundaries.mode.decoder().map(Mutex::new),
        open: OpenExchanges::new(boundaries.director.clone()),
        boundaries,
        opaque: AtomicBool::new(false),
        turned_opaque: [Notify::new(), Notify::new()],
        client_writer: AsyncMutex::new(client_writer),
        client_gone: watch::Sender::new(false),
        system_gone: watch::Sender::new(false),
        client: port,
        upstream,
        said: Said::default(),
        pushes: AtomicU64::new(0),
    };
    let end = {
        let up = async {
            let end = connection.up(&mut client_reader, &mut system_writer).await;
            connection.client_gone.send_replace(true);
            // An error too is an end of this direction only: what the system said
            // before it hung up is still to be heard.
            let end = end.unwrap_or(End::Closed);
            if matches!(end, End::Closed) {
                let _ = system_writer.shutdown().await;
            }
            end
        };
        let down = async {
            // A reset by the system is passed on as one.
            let end = connection
                .down(&mut system_reader)
                .await
                .unwrap_or(End::Reset);
            connection.system_gone.send_replace(true);
            if matches!(end, End::Closed) {
                let _ = connection.client_writer.lock().await.shutdown().await;
            }
            end
        };
        join(up, down).await
    };
    match end {
        End::Closed => {}
        End::Reset => {
            // Linger 0: the client sees a reset. Without `forget` the writer would
            // say an orderly end first.
            let _ = set_socket_linger(client_reader.as_ref(), Some(Duration::ZERO));
            connection.client_writer.into_inner().forget();
        }
        End::Discarded => {
            // The dead see no end of their connections: the signal comes first.
            if let Some(process) = connection.boundaries.life.handle() {
                process.wait_at_most(DYING).await;
            }
        }
    }
}

/// Runs both loops until both are closed, or one of them says otherwise.
async fn join(up: impl Future<Output = End>, down: impl Future<Output = End>) -> End {
    tokio::pin!(up, down);
    let (first, up_ended) = tokio::select! {
        end = &mut up => (end, true),
        end = &mut down => (end, false),
    };
    match (first, up_ended) {
        (End::Closed, true) => down.await,
        (End::Closed, false) => up.await,
        (end, _) => end,
    }
}

impl Connection {
    /// The next unit of direction `dir`; without a decoder, or after it has
    /// failed, all the bytes there are.
    pub fn next(&self, dir: Direction, buf: &mut BytesMut) -> Option<Unit> {
        if buf.is_empty() {
            return None;
        }
        if let Some(mut decoder) = self.decoder() {
            match decoder.next(dir, buf, &Net(&self.boundaries)) {
                Ok(unit) => {
                    if let Some(unit) = &unit {
                        self.trace(dir, unit);
                    }
                    let is_reply = unit.as_ref().is_some_and(|unit| unit.opens.is_none());
                    if dir == Direction::ToClient && is_reply {
                        self.said.heard_a_reply();
                    }
                    return unit;
                }
                Err(error) => {
                    self.opaque.store(true, Ordering::Release);
                    self.boundaries
                        .director
                        .opaque(&self.boundaries.system, &error);
                    for direction in &self.turned_opaque {
                        direction.notify_one();
                    }
                }
            }
        }
        Some(Unit::pass(rest(buf)))
    }

    /// For `EXACTLY_LOG=trace`: reads are exchanges that no history has.
    fn trace(&self, dir: Direction, unit: &Unit) {
        tracing::trace!(
            trial = self.boundaries.director.trial(),
            life = self.boundaries.life.number,
            client = self.client,
            to = self.upstream.1,
            ?dir,
            opens = unit.opens.as_ref().map(|head| &*head.operation),
            closes = unit.closes.as_ref().map(|reply| reply.key),
            bytes = unit.forward.len(),
            "a unit"
        );
    }

    /// The decoder, unless the connection is opaque.
    pub fn decoder(&self) -> Option<MutexGuard<'_, Box<dyn Decoder>>> {
        let decoder = self.decoder.as_ref().filter(|_| !self.is_opaque())?;
        Some(decoder.lock().expect("a decoder does not panic"))
    }

    /// Where fault `strike` strikes.
    pub fn at(&self, id: ExchangeId, strike: Strike) -> At<'_> {
        At {
            life: &self.boundaries.life,
            system: &self.boundaries.system,
            upstream: &self.upstream,
            id,
            strike,
        }
    }

    fn is_opaque(&self) -> bool {
        self.opaque.load(Ordering::Acquire)
    }

    /// Reads more. `None` when what is there can be passed on without more.
    pub async fn more(
        &self,
        dir: Direction,
        reader: &mut OwnedReadHalf,
        buf: &mut BytesMut,
    ) -> io::Result<Option<usize>> {
        let half_a_unit = !buf.is_empty();
        buf.reserve(READ_BYTES);
        if !half_a_unit || self.decoder.is_none() {
            return reader.read_buf(buf).await.map(Some);
        }
        let turned = &self.turned_opaque[usize::from(dir == Direction::ToClient)];
        tokio::select! {
            n = reader.read_buf(buf) => n.map(Some),
            () = turned.notified() => Ok(None),
        }
    }
}

/// All the bytes there are.
pub(super) fn rest(buf: &mut BytesMut) -> Bytes {
    buf.split().freeze()
}

/// Open exchanges of a connection by the decoder's key. What is still open when
/// the connection ends, for whatever reason, is accounted for.
pub(super) struct OpenExchanges {
    director: Arc<Director>,
    by_key: Mutex<BTreeMap<u64, ExchangeId>>,
    /// Those that no reply will end, until they are sent.
    silent: Mutex<BTreeSet<ExchangeId>>,
}

impl OpenExchanges {
    fn new(director: Arc<Director>) -> Self {
        Self {
            director,
            by_key: Mutex::default(),
            silent: Mutex::default(),
        }
    }

    /// Follows an exchange whose reply will carry `key`.
    pub fn insert(&self, key: u64, id: ExchangeId) {
        self.by_key
            .lock()
            .expect("no panic while held")
            .insert(key, id);
    }

    /// Follows an exchange without a reply.
    pub fn insert_silent(&self, id: ExchangeId) {
        self.silent.lock().expect("no panic while held").insert(id);
    }

    /// Its request was sent.
    pub fn sent(&self, id: ExchangeId) {
        self.silent.lock().expect("no panic while held").remove(&id);
    }

    pub fn get(&self, key: u64) -> Option<ExchangeId> {
        self.by_key
            .lock()
            .expect("no panic while held")
            .get(&key)
            .copied()
    }

    /// Takes an exchange off the list, unless its key means another by now.
    pub fn remove(&self, key: u64, id: ExchangeId) {
        let mut by_key = self.by_key.lock().expect("no panic while held");
        if by_key.get(&key) == Some(&id) {
            by_key.remove(&key);
        }
    }
}

impl Drop for OpenExchanges {
    fn drop(&mut self) {
        let open = std::mem::take(&mut *self.by_key.lock().expect("no panic while held"));
        let silent = std::mem::take(&mut *self.silent.lock().expect("no panic while held"));
        for id in open.into_values().chain(silent) {
            self.director.cut(id);
        }
    }
}
