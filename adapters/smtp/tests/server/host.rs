//! The sink on a thread, and raw conversations with it.

use exactly_adapter::testing::{TestHost, on_a_thread};
use exactly_adapter::{Adapter, Instance, Scope, TrialNames};
use exactly_model::{Observer, Setup, SinkKind, SystemPlace, View};
use exactly_smtp::Smtp;
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

pub const NAMES: TrialNames = TrialNames { run: 7, trial: 12 };

/// With the sink on a thread.
pub fn host() -> Arc<TestHost> {
    let start = || on_a_thread(|ready| exactly_smtp::serve_embedded(0, ready));
    Arc::new(TestHost::new(&[]).embedding(start))
}

/// The embedded sink.
pub async fn sink() -> Arc<dyn Instance> {
    let started = Smtp.start(&SystemPlace::Embedded, host()).await;
    started.unwrap()
}

pub async fn open(instance: &Arc<dyn Instance>) -> Arc<dyn Scope> {
    instance.open(NAMES, &Setup::default()).await.unwrap()
}

pub fn port_of(instance: &Arc<dyn Instance>) -> u16 {
    instance.addresses()[0].1
}

pub fn observer(query: &str) -> Observer {
    Observer {
        name: "mails".into(),
        system: "smtp".into(),
        kind: SinkKind::Mail,
        query: query.into(),
        effects_per_message: 1,
        view: View::ReadCommitted,
        by: None,
    }
}

/// Sequences of the trial's messages, in the order of the sink.
pub async fn seen(scope: &Arc<dyn Scope>, query: &str) -> Vec<u32> {
    let mut found = Vec::new();
    let observing = scope.observing().unwrap();
    let mut each = |seen: exactly_adapter::Seen| found.push(seen);
    observing
        .observe(&observer(query), &mut each)
        .await
        .unwrap();
    let positions: Vec<_> = found.iter().map(|seen| seen.position.unwrap()).collect();
    assert!(positions.is_sorted(), "{positions:?}");
    found.iter().map(|seen| seen.id.sequence()).collect()
}

pub async fn count(scope: &Arc<dyn Scope>, query: &str) -> u64 {
    let observing = scope.observing().unwrap();
    observing.count(&observer(query)).await.unwrap()
}

/// A conversation by hand.
pub struct Talk {
    pub stream: BufReader<TcpStream>,
}

impl Talk {
    /// Dials, and hears the greeting.
    pub async fn with(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let mut talk = Self {
            stream: BufReader::new(stream),
        };
        assert!(talk.hear().await.starts_with("220 "));
        talk
    }

    pub async fn send(&mut self, text: &str) {
        self.stream
            .get_mut()
            .write_all(text.as_bytes())
            .await
            .unwrap();
    }

    /// One reply, all its lines; empty when the connection has ended.
    pub async fn hear(&mut self) -> String {
        let mut reply = String::new();
        loop {
            let before = reply.len();
            self.stream.read_line(&mut reply).await.unwrap();
            if reply.as_bytes()[before..].get(3) != Some(&b'-') {
                return reply;
            }
        }
    }

    /// Says something, and hears the code of what it is answered with.
    pub async fn ask(&mut self, text: &str) -> u16 {
        self.send(text).await;
        let reply = self.hear().await;
        reply
            .get(..3)
            .and_then(|code| code.parse().ok())
            .unwrap_or(0)
    }
}
