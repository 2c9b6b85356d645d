//! A port that passes octets on by the decoder's units, as a boundary does.

use bytes::BytesMut;
use exactly_adapter::{Addresses, Decoder, Direction, Head, Reply, Scope};
use exactly_model::{Class, Phase};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// What went over it.
#[derive(Default)]
pub struct Seen {
    pub heads: Vec<Head>,
    pub replies: Vec<Reply>,
    pub errors: Vec<String>,
    /// Mails to be refused in the server's name.
    pub refuse: usize,
}

pub struct Relay {
    pub port: u16,
    pub seen: Arc<Mutex<Seen>>,
}

struct Nowhere;

impl Addresses for Nowhere {
    fn boundary_for(&self, _: &str, _: u16) -> std::io::Result<(String, u16)> {
        Err(std::io::Error::other("SMTP names no addresses"))
    }
}

type Shared = Arc<Mutex<Box<dyn Decoder>>>;
type Writer = Arc<tokio::sync::Mutex<OwnedWriteHalf>>;

impl Relay {
    pub async fn to(server: (String, u16), scope: Arc<dyn Scope>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let shared = seen.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(server.clone()).await.unwrap();
                let decoder: Shared = Arc::new(Mutex::new(scope.decoder()));
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                let to_client = Arc::new(tokio::sync::Mutex::new(to_client));
                let to_server = Arc::new(tokio::sync::Mutex::new(to_server));
                let up = Pump {
                    dir: Direction::ToSystem,
                    to: to_server.clone(),
                    back: to_client.clone(),
                    decoder: decoder.clone(),
                    seen: shared.clone(),
                };
                let down = Pump {
                    dir: Direction::ToClient,
                    to: to_client,
                    back: to_server,
                    decoder,
                    seen: shared.clone(),
                };
                tokio::spawn(up.run(from_client));
                tokio::spawn(down.run(from_server));
            }
        });
        Self { port, seen }
    }

    /// Effects that were seen: target, sequences and outcome of each.
    pub fn effects(&self) -> Vec<String> {
        let seen = self.seen.lock().unwrap();
        assert_eq!(seen.errors, [""; 0]);
        let effects = seen.heads.iter().filter(|head| head.class == Class::Effect);
        effects
            .map(|head| {
                let ids: Vec<_> = head.ids.iter().map(|id| id.sequence()).collect();
                let reply = seen.replies.iter().find(|reply| reply.key == head.key);
                let outcome = reply.map(|reply| reply.outcome);
                format!("{} {} {ids:?} {outcome:?}", head.operation, head.target)
            })
            .collect()
    }
}

struct Pump {
    dir: Direction,
    to: Writer,
    back: Writer,
    decoder: Shared,
    seen: Arc<Mutex<Seen>>,
}

impl Pump {
    async fn run(self, mut from: OwnedReadHalf) {
        let mut buf = BytesMut::new();
        while from.read_buf(&mut buf).await.is_ok_and(|n| n > 0) {
            loop {
                let next = self
                    .decoder
                    .lock()
                    .unwrap()
                    .next(self.dir, &mut buf, &Nowhere);
                let unit = match next {
                    Ok(Some(unit)) => unit,
                    Ok(None) => break,
                    Err(error) => return self.seen.lock().unwrap().errors.push(error.to_string()),
                };
                let key = unit.opens.as_ref().map(|head| (head.class, head.key));
                let instead = {
                    let mut seen = self.seen.lock().unwrap();
                    seen.heads.extend(unit.opens);
                    seen.replies.extend(unit.closes);
                    match key {
                        Some((Class::Effect, key)) if seen.refuse > 0 => {
                            seen.refuse -= 1;
                            self.decoder.lock().unwrap().error_reply(key, Phase::Before)
                        }
                        _ => None,
                    }
                };
                let (answer, forward) = match instead {
                    Some(error) => (error.bytes, bytes::Bytes::new()),
                    None => (unit.answer, unit.forward),
                };
                if self.back.lock().await.write_all(&answer).await.is_err()
                    || self.to.lock().await.write_all(&forward).await.is_err()
                {
                    return;
                }
            }
        }
        let _ = self.to.lock().await.shutdown().await;
    }
}
