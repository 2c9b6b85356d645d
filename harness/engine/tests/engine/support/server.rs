//! The toy system: keeps what it applied, in order.

use super::eventually;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

#[derive(Default)]
struct State {
    applied: Mutex<Vec<String>>,
    received: Mutex<Vec<String>>,
    stalled: watch::Sender<BTreeSet<String>>,
    connected: AtomicUsize,
    ever: AtomicUsize,
    sent: AtomicU64,
}

/// A running server. It ends with the value.
pub struct Server {
    state: Arc<State>,
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Server {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpSocket::new_v4().unwrap();
        listener.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener: TcpListener = listener.listen(2048).unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State::default());
        let shared = state.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = shared.clone();
                state.connected.fetch_add(1, Ordering::SeqCst);
                state.ever.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(async move {
                    // A connection may end at any moment: that is what is tested.
                    let _ = serve(stream, &state).await;
                    state.connected.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Self {
            state,
            address,
            task,
        }
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
        self.task.abort();
    }
}

async fn serve(stream: TcpStream, state: &State) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    let mut line = Vec::new();
    loop {
        line.clear();
        if reader.read_until(b'\n', &mut line).await? == 0 {
            return Ok(());
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
        let (word, rest) = request.split_once(' ').unwrap_or((&request, ""));
        if word != "F" {
            state.applied.lock().unwrap().push(request.clone());
        }
        match word {
            "Q" => {}
            "F" => send(&mut writer, state, b"no such luck\n").await?,
            "B" => {
                let length: usize = rest.parse().unwrap_or(0);
                send(&mut writer, state, format!("data {length}\n").as_bytes()).await?;
                send(&mut writer, state, &pattern(length)).await?;
            }
            "E" | "A" | "R" | "T" => {
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
