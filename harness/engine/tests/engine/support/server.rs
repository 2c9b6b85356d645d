//! The toy system: keeps what it applied, in order.

use super::eventually;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{broadcast, watch};
use tokio::task::{JoinHandle, JoinSet};

struct State {
    /// Who asked for what is published hears it here.
    published: broadcast::Sender<u32>,
    applied: Mutex<Vec<String>>,
    received: Mutex<Vec<String>>,
    stalled: watch::Sender<BTreeSet<String>>,
    connected: AtomicUsize,
    ever: AtomicUsize,
    sent: AtomicU64,
    /// Length of the log, and the position in it that was acknowledged.
    fed: AtomicU64,
    committed: AtomicU64,
    paused: watch::Sender<bool>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            published: broadcast::Sender::new(1024),
            applied: Mutex::default(),
            received: Mutex::default(),
            stalled: watch::Sender::default(),
            connected: AtomicUsize::default(),
            ever: AtomicUsize::default(),
            sent: AtomicU64::default(),
            fed: AtomicU64::default(),
            committed: AtomicU64::default(),
            paused: watch::Sender::default(),
        }
    }
}

impl State {
    fn log(&self) -> (u64, u64) {
        let committed = self.committed.load(Ordering::SeqCst);
        (committed, self.fed.load(Ordering::SeqCst))
    }
}

/// Counts a connection while it lives, however it ends.
struct Connected(Arc<State>);

impl Connected {
    fn new(state: &Arc<State>) -> Self {
        state.connected.fetch_add(1, Ordering::SeqCst);
        state.ever.fetch_add(1, Ordering::SeqCst);
        Self(state.clone())
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        self.0.connected.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A running server. It ends with the value.
pub struct Server {
    state: Arc<State>,
    address: SocketAddr,
    /// Never listens: keeps the port for us while the server is down, from everybody
    /// on this machine who asks for any.
    _port: TcpSocket,
    task: Mutex<Option<JoinHandle<()>>>,
}

fn bind(address: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.set_reuseport(true).unwrap();
    socket.bind(address).unwrap();
    socket
}

fn listen(address: SocketAddr) -> TcpListener {
    bind(address).listen(2048).unwrap()
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let connected = Connected::new(&state);
        connections.spawn(async move {
            // A connection may end at any moment: that is what is tested.
            let _ = serve(stream, &connected.0).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

impl Server {
    pub async fn start() -> Self {
        let port = bind("127.0.0.1:0".parse().unwrap());
        let address = port.local_addr().unwrap();
        let listener = listen(address);
        let state = Arc::new(State::default());
        let task = tokio::spawn(accept(listener, state.clone()));
        Self {
            state,
            address,
            _port: port,
            task: Mutex::new(Some(task)),
        }
    }

    /// Ends it as a SIGKILL would; what it applied stays.
    pub async fn kill(&self) {
        let task = self.task.lock().unwrap().take();
        if let Some(task) = task {
            task.abort();
            let _ = task.await;
        }
        self.is_alone().await;
    }

    /// Starts it again at its old address.
    pub fn restart(&self) {
        let task = tokio::spawn(accept(listen(self.address), self.state.clone()));
        *self.task.lock().unwrap() = Some(task);
    }

    pub fn is_up(&self) -> bool {
        self.task.lock().unwrap().is_some()
    }

    /// Lets it read, and do nothing.
    pub fn pause(&self, paused: bool) {
        self.state.paused.send_replace(paused);
    }

    pub fn is_paused(&self) -> bool {
        *self.state.paused.borrow()
    }

    /// Publishes message `seq`; answers to how many.
    pub fn publish(&self, seq: u32) -> u64 {
        self.state.published.send(seq).unwrap_or(0) as u64
    }

    /// Appends to the log; answers the new record's offset.
    pub fn append(&self) -> u64 {
        self.state.fed.fetch_add(1, Ordering::SeqCst)
    }

    /// Records in the log, and the acknowledged position.
    pub fn log(&self) -> (u64, u64) {
        let (committed, length) = self.state.log();
        (length, committed)
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Requests in the order in which they were applied.
    pub fn applied(&self) -> Vec<String> {
        self.state.applied.lock().unwrap().clone()
    }

    /// Requests in the order in which they arrived, applied or not.
    pub fn received(&self) -> Vec<String> {
        self.state.received.lock().unwrap().clone()
    }

    /// Bytes handed to the kernel so far.
    pub fn sent(&self) -> u64 {
        self.state.sent.load(Ordering::SeqCst)
    }

    /// Requests of this text arrive, and are not applied until released.
    pub fn stall(&self, request: &str) {
        self.state.stalled.send_modify(|stalled| {
            stalled.insert(request.into());
        });
    }

    pub fn release(&self, request: &str) {
        self.state.stalled.send_modify(|stalled| {
            stalled.remove(request);
        });
    }

    /// Connections ever made.
    pub fn connections_ever(&self) -> usize {
        self.state.ever.load(Ordering::SeqCst)
    }

    /// Connections open now.
    pub fn connected(&self) -> usize {
        self.state.connected.load(Ordering::SeqCst)
    }

    pub async fn has_received(&self, request: &str) {
        let there = || self.received().iter().any(|r| r == request);
        eventually(&format!("{request} at the server"), there).await;
    }

    /// Waits until every connection has ended: nothing more can arrive.
    pub async fn is_alone(&self) {
        let alone = || self.connected() == 0;
        eventually("every connection to the server ended", alone).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(task) = self.task.lock().unwrap().take() {
            task.abort();
        }
    }
}

async fn serve(stream: TcpStream, state: &State) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    let mut line = Vec::new();
    let mut published = None;
    loop {
        line.clear();
        loop {
            let push = async {
                match &mut published {
                    Some(published) => broadcast::Receiver::recv(published).await,
                    None => std::future::pending().await,
                }
            };
            // What was read of a line stays in it.
            tokio::select! {
                n = reader.read_until(b'\n', &mut line) => match n? {
                    0 => return Ok(()),
                    _ => break,
                },
                Ok(seq) = push => {
                    send(&mut writer, state, format!("push {seq}\n").as_bytes()).await?;
                }
            }
        }
        if line.last() != Some(&b'\n') {
            // Half a request is none.
            return Ok(());
        }
        let request = String::from_utf8_lossy(&line[..line.len() - 1]).into_owned();
        state.received.lock().unwrap().push(request.clone());
        let mut stalled = state.stalled.subscribe();
        let _ = stalled
            .wait_for(|stalled| !stalled.contains(&request))
            .await;
        let _ = state.paused.subscribe().wait_for(|paused| !paused).await;
        let (word, rest) = request.split_once(' ').unwrap_or((&request, ""));
        if word != "F" {
            state.applied.lock().unwrap().push(request.clone());
        }
        if word == "A" {
            let position = rest.parse().unwrap_or(0);
            state.committed.fetch_max(position, Ordering::SeqCst);
        }
        match word {
            "Q" => {}
            "N" | "P" => {
                let (mut at, mut length) = state.log();
                while word == "P" && at >= length {
                    tokio::select! {
                        () = tokio::time::sleep(Duration::from_millis(2)) => {}
                        more = reader.fill_buf() => if more?.is_empty() {
                            return Ok(());
                        }
                    }
                    (at, length) = state.log();
                }
                let reply = format!("ok {word} {at} {length}\n");
                send(&mut writer, state, reply.as_bytes()).await?;
            }
            "S" => {
                published = Some(state.published.subscribe());
                send(&mut writer, state, b"ok S\n").await?;
            }
            "F" => send(&mut writer, state, b"no such luck\n").await?,
            "B" => {
                let length: usize = rest.parse().unwrap_or(0);
                send(&mut writer, state, format!("data {length}\n").as_bytes()).await?;
                send(&mut writer, state, &pattern(length)).await?;
            }
            "E" | "A" | "M" | "R" | "T" => {
                send(&mut writer, state, format!("ok {request}\n").as_bytes()).await?;
            }
            // Nothing that the decoder knows.
            _ => send(&mut writer, state, format!("<<{request}>>\n").as_bytes()).await?,
        }
    }
}

/// Bytes that show when one of them is missing or in the wrong place.
pub fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i % 251) as u8).collect()
}

async fn send(
    writer: &mut tokio::net::tcp::OwnedWriteHalf,
    state: &State,
    mut bytes: &[u8],
) -> std::io::Result<()> {
    while !bytes.is_empty() {
        let written = writer.write(bytes).await?;
        state.sent.fetch_add(written as u64, Ordering::SeqCst);
        bytes = &bytes[written..];
    }
    Ok(())
}
