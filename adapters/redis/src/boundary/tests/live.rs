//! A real client speaks to a real server through a relay that holds a decoder: what it
//! forwards is all that either side gets.

use super::wire::{Nowhere, id, names, shown};
use crate::boundary::{RedisDecoder, Shared};
use bytes::BytesMut;
use exactly_adapter::{Decoder, Direction, Head, Reply};
use exactly_model::Outcome;
use futures::StreamExt;
use redis::AsyncConnectionConfig;
use redis::aio::MultiplexedConnection;
use redis::streams::{StreamReadOptions, StreamReadReply};
use redis::{AsyncCommands, Client};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const WITHIN: Duration = Duration::from_secs(60);

/// A server of this test's own, gone with it.
struct Server {
    child: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// `None` where Redis is not installed.
    async fn start() -> Option<Self> {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let folder = tempfile::tempdir().unwrap();
        let child = Command::new("redis-server")
            .args(["--save", "", "--bind", "127.0.0.1", "--port"])
            .arg(port.to_string())
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .spawn();
        let Ok(child) = child else {
            println!("not run: redis-server is not installed");
            return None;
        };
        let server = Self {
            child,
            port,
            _folder: folder,
        };
        let up = async {
            while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(WITHIN, up).await.expect("it serves");
        Some(server)
    }
}

#[derive(Default)]
struct Log {
    heads: Vec<Head>,
    pushed: Vec<Head>,
    replies: Vec<Reply>,
}

/// All connections of a trial.
#[derive(Clone, Default)]
struct Relay {
    shared: Arc<Shared>,
    log: Arc<Mutex<Log>>,
}

impl Relay {
    /// Listens, and answers with the URL that leads to `server` through it.
    async fn open(&self, server: &Server, options: &str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (port, to, relay) = (
            listener.local_addr().unwrap().port(),
            server.port,
            self.clone(),
        );
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let system = TcpStream::connect(("127.0.0.1", to)).await.unwrap();
                relay.join(client, system);
            }
        });
        format!("redis://127.0.0.1:{port}/{options}")
    }

    fn join(&self, client: TcpStream, system: TcpStream) {
        let decoder = RedisDecoder::new(Arc::new(names()), self.shared.clone());
        let decoder = Arc::new(Mutex::new(decoder));
        let (from_client, to_client) = client.into_split();
        let (from_system, to_system) = system.into_split();
        let (up, down) = (self.clone(), self.clone());
        let other = decoder.clone();
        tokio::spawn(async move {
            up.pass(Direction::ToSystem, &decoder, from_client, to_system)
                .await;
        });
        tokio::spawn(async move {
            down.pass(Direction::ToClient, &other, from_system, to_client)
                .await;
        });
    }

    async fn pass(
        &self,
        dir: Direction,
        decoder: &Mutex<RedisDecoder>,
        mut from: impl AsyncRead + Unpin,
        mut to: impl AsyncWrite + Unpin,
    ) {
        let mut buf = BytesMut::new();
        let mut piece = [0; 7];
        // Pieces of seven bytes: no frame comes whole.
        while let Ok(n @ 1..) = from.read(&mut piece).await {
            buf.extend_from_slice(&piece[..n]);
            loop {
                let unit = decoder.lock().unwrap().next(dir, &mut buf, &Nowhere);
                let Some(unit) = unit.expect("the real server is understood") else {
                    break;
                };
                {
                    let mut log = self.log.lock().unwrap();
                    match dir {
                        Direction::ToSystem => log.heads.extend(unit.opens),
                        Direction::ToClient => log.pushed.extend(unit.opens),
                    }
                    log.replies.extend(unit.closes);
                }
                if to.write_all(&unit.forward).await.is_err() {
                    return;
                }
            }
        }
    }

    /// What was asked, without handshakes, each with what its reply said.
    fn shown(&self) -> Vec<String> {
        let log = self.log.lock().unwrap();
        let heads = log.heads.iter().map(shown);
        heads
            .filter(|label| !label.starts_with("Control"))
            .collect()
    }

    fn pushed(&self) -> Vec<String> {
        self.log.lock().unwrap().pushed.iter().map(shown).collect()
    }
}

async fn connected(url: &str) -> MultiplexedConnection {
    let client = Client::open(url).unwrap();
    client.get_multiplexed_async_connection().await.unwrap()
}

async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(WITHIN, work).await.expect("in time")
}

#[tokio::test]
async fn channels_of_a_real_server() {
    let Some(server) = Server::start().await else {
        return;
    };
    let relay = Relay::default();
    let url = relay.open(&server, "").await;
    within(async {
        let mut pubsub = Client::open(&*url)
            .unwrap()
            .get_async_pubsub()
            .await
            .unwrap();
        pubsub.subscribe(&["x7t12.news", "x7t12.b"]).await.unwrap();
        pubsub.psubscribe("x7t12.n*").await.unwrap();
        let mut publisher = connected(&url).await;
        let receivers: u64 = publisher.publish("x7t12.news", "x7-12-1").await.unwrap();
        assert_eq!(receivers, 2);
        let receivers: u64 = publisher.publish("x7t12.nobody", "x7-12-2").await.unwrap();
        assert_eq!(receivers, 1, "the pattern has it");
        let receivers: u64 = publisher.publish("x7t12.c", "x7-12-3").await.unwrap();
        assert_eq!(receivers, 0);
        let messages: Vec<String> = pubsub
            .on_message()
            .take(3)
            .map(|message| message.get_payload().unwrap())
            .collect()
            .await;
        assert_eq!(messages, ["x7-12-1", "x7-12-1", "x7-12-2"]);
        pubsub
            .unsubscribe(&["x7t12.news", "x7t12.b"])
            .await
            .unwrap();
    })
    .await;
    assert_eq!(
        relay.pushed(),
        [
            "Take message channel.news [1]",
            "Take pmessage channel.n* [1]",
            "Take pmessage channel.n* [2]",
        ]
    );
    assert_eq!(relay.shared.receivers(id(1)), Some(2));
    assert_eq!(relay.shared.receivers(id(3)), Some(0));
    let log = relay.log.lock().unwrap();
    assert_eq!(log.heads.len(), log.replies.len());
    // What the client says of itself is newer than Redis 7.0.
    let errors = log
        .replies
        .iter()
        .filter_map(|reply| reply.error.as_deref());
    let errors: Vec<_> = errors.filter(|error| !error.contains("SETINFO")).collect();
    assert_eq!(errors, Vec::<&str>::new());
}

#[tokio::test]
async fn pushes_of_a_real_server_among_replies() {
    let Some(server) = Server::start().await else {
        return;
    };
    let relay = Relay::default();
    let url = relay.open(&server, "?protocol=resp3").await;
    within(async {
        let (sender, mut pushes) = tokio::sync::mpsc::unbounded_channel();
        let config = AsyncConnectionConfig::new().set_push_sender(sender);
        let client = Client::open(&*url).unwrap();
        let connecting = client.get_multiplexed_async_connection_with_config(&config);
        let mut redis = connecting.await.unwrap();
        redis.subscribe(&["x7t12.news", "x7t12.b"]).await.unwrap();
        for n in 1..=20 {
            // Its own subscriber: each reply has a push beside it.
            let message = format!("x7-12-{n}");
            let receivers: u64 = redis.publish("x7t12.news", message).await.unwrap();
            assert_eq!(receivers, 1);
        }
        redis.unsubscribe(&["x7t12.news", "x7t12.b"]).await.unwrap();
        let mut messages = 0;
        while messages < 20 {
            let push = pushes.recv().await.unwrap();
            messages += usize::from(push.kind == redis::PushKind::Message);
        }
    })
    .await;
    let expect: Vec<String> = (1..=20)
        .map(|n| format!("Take message channel.news [{n}]"))
        .collect();
    assert_eq!(relay.pushed(), expect);
    let log = relay.log.lock().unwrap();
    assert_eq!(log.heads.len(), log.replies.len());
}

#[tokio::test]
async fn streams_of_a_real_server_in_both_versions() {
    let Some(server) = Server::start().await else {
        return;
    };
    for options in ["", "?protocol=resp3"] {
        let relay = Relay::default();
        let url = relay.open(&server, options).await;
        within(async {
            let mut redis = connected(&url).await;
            let _: () = redis.del("x7t12.orders").await.unwrap();
            let _: () = redis
                .xgroup_create_mkstream("x7t12.orders", "g", "0")
                .await
                .unwrap();
            for n in 1..=3 {
                let fields = [("id", format!("x7-12-{n}"))];
                let _: String = redis.xadd("x7t12.orders", "*", &fields).await.unwrap();
            }
            let options = StreamReadOptions::default().group("g", "c").count(2);
            let read: StreamReadReply = redis
                .xread_options(&["x7t12.orders"], &[">"], &options)
                .await
                .unwrap();
            let entries: Vec<&str> = read.keys[0].ids.iter().map(|entry| &*entry.id).collect();
            assert_eq!(entries.len(), 2);
            let _: u64 = redis
                .xack("x7t12.orders", "g", &entries[1..])
                .await
                .unwrap();
            // Another consumer takes what is pending.
            let mut claim = redis::cmd("XAUTOCLAIM");
            claim.arg(&["x7t12.orders", "g", "d", "0", "0-0"]);
            let _: redis::Value = claim.query_async(&mut redis).await.unwrap();
            let _: u64 = redis
                .xack("x7t12.orders", "g", &entries[..1])
                .await
                .unwrap();
            // A pipeline, and an error in it.
            let mut pipeline = redis::pipe();
            pipeline.set("x7t12.a", "x7-12-8").ignore().get("x7t12.a");
            let _: redis::Value = pipeline.query_async(&mut redis).await.unwrap();
            let wrong: redis::RedisResult<u64> = redis.lpush("x7t12.a", "x7-12-9").await;
            assert!(wrong.is_err());
            let mut transaction = redis::pipe();
            transaction
                .atomic()
                .set("x7t12.b", "x7-12-5")
                .incr("x7t12.n", 1);
            let _: redis::Value = transaction.query_async(&mut redis).await.unwrap();
        })
        .await;
        assert_eq!(
            relay.shown(),
            [
                "Effect DEL stream.orders",
                "Effect XADD stream.orders [1]",
                "Effect XADD stream.orders [2]",
                "Effect XADD stream.orders [3]",
                "Take XREADGROUP stream.orders",
                "Ack XACK stream.orders [2]",
                "Take XAUTOCLAIM stream.orders",
                "Ack XACK stream.orders [1]",
                "Effect SET key.a [8]",
                "Read GET key.a",
                "Effect LPUSH key.a [9]",
                "Effect EXEC key.b,key.n [5]",
            ],
            "{options}"
        );
        let log = relay.log.lock().unwrap();
        assert_eq!(log.heads.len(), log.replies.len());
        let failed = log.replies.iter().filter(|r| r.outcome == Outcome::Fail);
        let errors: Vec<_> = failed.filter_map(|reply| reply.error.as_deref()).collect();
        assert!(
            errors.iter().any(|error| error.starts_with("WRONGTYPE")),
            "{errors:?}"
        );
        assert!(
            relay
                .shared
                .handed_out()
                .iter()
                .all(|entry| entry.acknowledged)
        );
    }
}
