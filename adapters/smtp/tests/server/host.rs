//! A host that runs the sink in this process, and raw conversations with it.

use async_trait::async_trait;
use exactly_adapter::{
    Adapter, Host, Instance, Scope, Server, ServerCommand, StartError, TrialNames,
};
use exactly_model::{Observer, Setup, SinkKind, SystemPlace, View};
use exactly_smtp::Smtp;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

pub const NAMES: TrialNames = TrialNames { run: 7, trial: 12 };

pub struct InProcess;

struct Running(String);

#[async_trait]
impl Server for Running {
    fn ready_line(&self) -> &str {
        &self.0
    }
    fn pid(&self) -> u32 {
        0
    }
    fn output(&self) -> &Path {
        Path::new("/dev/null")
    }
    async fn stop(&self) {}
    async fn kill(&self) {}
    fn pause(&self) {}
    fn resume(&self) {}
    fn exited(&self) -> Option<String> {
        None
    }
}

#[async_trait]
impl Host for InProcess {
    async fn serve(&self, command: ServerCommand) -> Result<Box<dyn Server>, StartError> {
        assert_eq!(
            (command.name.as_str(), command.ready.as_str()),
            ("smtp", "embedded smtp ready")
        );
        let (said, line) = tokio::sync::oneshot::channel();
        tokio::spawn(exactly_smtp::serve_embedded(0, move |line: &str| {
            said.send(line.to_string()).unwrap();
        }));
        Ok(Box::new(Running(line.await.unwrap())))
    }
    async fn run(&self, _: ServerCommand) -> Result<(), StartError> {
        unreachable!("nothing is to be run")
    }
    fn embedded(&self, name: &str) -> ServerCommand {
        ServerCommand {
            name: name.into(),
            ..ServerCommand::default()
        }
    }
    fn scratch(&self) -> &Path {
        unreachable!("nothing is written")
    }
    fn setting(&self, _: &str) -> Option<String> {
        None
    }
    fn cache(&self) -> PathBuf {
        unreachable!("nothing is fetched")
    }
}

/// The embedded sink.
pub async fn sink() -> Arc<dyn Instance> {
    let started = Smtp
        .start(&SystemPlace::Embedded, Arc::new(InProcess))
        .await;
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
