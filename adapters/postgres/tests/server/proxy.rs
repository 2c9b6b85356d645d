//! One listening port that passes bytes on by the decoder's units.

use bytes::BytesMut;
use exactly_adapter::{Addresses, Decoder, Direction, Head, Reply, Scope};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// What went over the proxy.
#[derive(Default)]
pub struct Seen {
    pub heads: Vec<Head>,
    pub replies: Vec<Reply>,
    pub errors: Vec<String>,
    /// Local ports of the proxy's connections to the server.
    pub ports: Vec<u16>,
}

pub struct Proxy {
    pub port: u16,
    pub seen: Arc<Mutex<Seen>>,
}

struct Nowhere;

impl Addresses for Nowhere {
    fn boundary_for(&self, _: &str, _: u16) -> std::io::Result<(String, u16)> {
        Err(std::io::Error::other("Postgres names no addresses"))
    }
}

type Shared = Arc<Mutex<Box<dyn Decoder>>>;

impl Proxy {
    pub async fn to(server: (String, u16), scope: Arc<dyn Scope>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let shared = seen.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(server.clone()).await.unwrap();
                shared
                    .lock()
                    .unwrap()
                    .ports
                    .push(server.local_addr().unwrap().port());
                let decoder: Shared = Arc::new(Mutex::new(scope.decoder()));
                join(client, server, decoder, shared.clone());
            }
        });
        Self { port, seen }
    }

    /// What was seen since the last call, in words; every exchange must have
    /// been closed.
    pub fn taken(&self) -> Vec<String> {
        let mut seen = self.seen.lock().unwrap();
        let replies = std::mem::take(&mut seen.replies);
        let heads = std::mem::take(&mut seen.heads);
        assert_eq!(seen.errors, [""; 0]);
        assert_eq!(heads.len(), replies.len(), "{heads:?} {replies:?}");
        heads
            .iter()
            .zip(&replies)
            .map(|(head, reply)| {
                assert_eq!(head.key, reply.key);
                let ids: Vec<_> = head.ids.iter().map(|id| id.sequence()).collect();
                let words = [
                    format!("{:?}", head.class).to_lowercase(),
                    head.operation.clone(),
                    head.target.clone(),
                    if ids.is_empty() {
                        String::new()
                    } else {
                        format!("{ids:?}")
                    },
                    format!("{:?}", reply.outcome),
                ];
                let words: Vec<_> = words.into_iter().filter(|w| !w.is_empty()).collect();
                words.join(" ")
            })
            .collect()
    }
}

fn join(client: TcpStream, server: TcpStream, decoder: Shared, seen: Arc<Mutex<Seen>>) {
    client.set_nodelay(true).unwrap();
    server.set_nodelay(true).unwrap();
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let to_client = Arc::new(tokio::sync::Mutex::new(to_client));
    let to_server = Arc::new(tokio::sync::Mutex::new(to_server));
    let (back, ahead) = (to_client.clone(), to_server.clone());
    let (shared, both) = (decoder.clone(), seen.clone());
    tokio::spawn(async move {
        pump(Direction::ToSystem, from_client, ahead, back, shared, both).await;
    });
    tokio::spawn(async move {
        pump(
            Direction::ToClient,
            from_server,
            to_client,
            to_server,
            decoder,
            seen,
        )
        .await;
    });
}

async fn pump(
    dir: Direction,
    mut from: OwnedReadHalf,
    to: Arc<tokio::sync::Mutex<OwnedWriteHalf>>,
    back: Arc<tokio::sync::Mutex<OwnedWriteHalf>>,
    decoder: Shared,
    seen: Arc<Mutex<Seen>>,
) {
    let mut buf = BytesMut::new();
    while from.read_buf(&mut buf).await.is_ok_and(|n| n > 0) {
        loop {
            let next = decoder.lock().unwrap().next(dir, &mut buf, &Nowhere);
            let unit = match next {
                Ok(Some(unit)) => unit,
                Ok(None) => break,
                Err(error) => return seen.lock().unwrap().errors.push(error.to_string()),
            };
            {
                let mut seen = seen.lock().unwrap();
                seen.heads.extend(unit.opens);
                seen.replies.extend(unit.closes);
            }
            if back.lock().await.write_all(&unit.answer).await.is_err()
                || to.lock().await.write_all(&unit.forward).await.is_err()
            {
                return;
            }
        }
    }
    let _ = to.lock().await.shutdown().await;
}
