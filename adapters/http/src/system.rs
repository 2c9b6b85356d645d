//! The adapter, and a running service.

use crate::client::Target;
use crate::payments::{READY, VERSION};
use crate::provision;
use crate::scope::{HttpScope, PLACEHOLDERS};
use async_trait::async_trait;
use exactly_adapter::tls::Tunnel;
use exactly_adapter::{
    Adapter, Host, Instance, Scope, Server, ServerCommand, StartError, TrialNames,
};
use exactly_model::{Setup, SystemInfo, SystemPlace, redact};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;

/// How long the embedded service may take to be ready: it has nothing to load.
const EMBEDDED_READY_MS: u64 = 10_000;
/// How long an address that the user gave may take to answer.
const REACHED_WITHIN: Duration = Duration::from_secs(8);
const NO_TLS: &str = "see whether it speaks TLS there, and whether its certificate is for that name \
                      and by an authority of this machine's (or of SSL_CERT_FILE)";

/// HTTP/1.1: the embedded payments service, or a service of the user's.
#[derive(Clone, Copy, Debug, Default)]
pub struct Http;

#[async_trait]
impl Adapter for Http {
    fn kind(&self) -> &'static str {
        "http"
    }

    fn placeholders(&self, _: &Setup) -> Vec<String> {
        PLACEHOLDERS.map(String::from).to_vec()
    }

    async fn start(
        &self,
        place: &SystemPlace,
        host: Arc<dyn Host>,
    ) -> Result<Arc<dyn Instance>, StartError> {
        let instance = match place {
            SystemPlace::Embedded => start_embedded(host.as_ref()).await?,
            SystemPlace::At(url) => reach(url).await?,
            SystemPlace::Local { .. } => {
                return Err(StartError::Config {
                    system: "http",
                    why: format!("there is no place {place} for a service over HTTP"),
                    hint: "leave it embedded, or give the URL of a service of your own".into(),
                });
            }
        };
        Ok(Arc::new(instance))
    }

    async fn join(&self, addresses: &[(String, u16)]) -> Result<Arc<dyn Instance>, StartError> {
        let port = addresses.first().map(|(_, port)| *port);
        let target = Target::embedded(port.unwrap_or_default());
        connect(&target)
            .await
            .map_err(|why| StartError::Unreachable {
                system: "http",
                address: target.authority(),
                why,
                hint: "it was started for several runs and has ended since; begin again".into(),
            })?;
        Ok(Arc::new(HttpInstance::embedded(target, None)))
    }
}

async fn start_embedded(host: &dyn Host) -> Result<HttpInstance, StartError> {
    let server = host
        .serve(ServerCommand {
            ready: READY.into(),
            ready_within_ms: EMBEDDED_READY_MS,
            ..host.embedded("http")
        })
        .await?;
    let line = server.ready_line();
    let port = line.split_once(READY).and_then(|(_, address)| {
        let (_, port) = address.trim().rsplit_once(':')?;
        port.parse().ok()
    });
    let port = port.ok_or_else(|| StartError::NotStarted {
        system: "http",
        why: format!("it said {line:?} instead of its address"),
        hint: format!("see its output in {}", server.output().display()),
    })?;
    Ok(HttpInstance::embedded(Target::embedded(port), Some(server)))
}

/// Sees whether somebody listens there. Nothing is asked: what a request does to a
/// service of the user's is not known.
async fn reach(url: &str) -> Result<HttpInstance, StartError> {
    let mut target = Target::parse(url)?;
    let unreachable = |why: String, hint: &str| StartError::Unreachable {
        system: "http",
        address: redact(url),
        why,
        hint: hint.into(),
    };
    connect(&target)
        .await
        .map_err(|why| unreachable(why, "see whether the service is up"))?;
    let mut tunnel = None;
    if target.tls {
        let opened = tunnel_to(&target).await;
        let opened = opened.map_err(|why| unreachable(why, NO_TLS))?;
        target.tunnel = Some(opened.address());
        tunnel = Some(opened);
    }
    Ok(HttpInstance {
        target,
        place: SystemPlace::At(url.into()).to_string(),
        started: Started::ByTheUser { _tunnel: tunnel },
    })
}

/// A tunnel that TLS was spoken through once.
async fn tunnel_to(target: &Target) -> Result<Tunnel, String> {
    let tunnel = Tunnel::open(&target.host, target.port).await;
    let tunnel = tunnel.map_err(|error| error.to_string())?;
    let spoken = tokio::time::timeout(REACHED_WITHIN, tunnel.try_out()).await;
    spoken.unwrap_or_else(|_| Err(format!("no TLS within {REACHED_WITHIN:?}")))?;
    Ok(tunnel)
}

async fn connect(target: &Target) -> Result<(), String> {
    let stream = TcpStream::connect((target.host.as_str(), target.port));
    match tokio::time::timeout(REACHED_WITHIN, stream).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("no answer to a connection".into()),
    }
}

/// Who started it, and what is held of it.
enum Started {
    /// The payments service; another process's where nothing is held of it.
    Embedded(Option<Box<dyn Server>>),
    ByTheUser {
        /// Held for as long as somebody may dial it.
        _tunnel: Option<Tunnel>,
    },
}

/// A running service.
struct HttpInstance {
    target: Target,
    place: String,
    started: Started,
}

impl HttpInstance {
    fn embedded(target: Target, server: Option<Box<dyn Server>>) -> Self {
        Self {
            target,
            place: SystemPlace::Embedded.to_string(),
            started: Started::Embedded(server),
        }
    }

    fn is_embedded(&self) -> bool {
        matches!(self.started, Started::Embedded(_))
    }
}

#[async_trait]
impl Instance for HttpInstance {
    fn info(&self, name: &str) -> SystemInfo {
        let version = match self.is_embedded() {
            true => VERSION,
            false => "HTTP/1.1",
        };
        SystemInfo {
            name: name.into(),
            kind: "http".into(),
            place: self.place.clone(),
            version: version.into(),
            // It stands for payment services, and is none.
            emulated: self.is_embedded(),
        }
    }

    fn addresses(&self) -> Vec<(String, u16)> {
        vec![self.target.dialled()]
    }

    fn endpoint(&self) -> String {
        self.target.origin()
    }

    async fn open(&self, names: TrialNames, setup: &Setup) -> Result<Arc<dyn Scope>, StartError> {
        if self.is_embedded() {
            let account = provision::account_of(names);
            provision::open(&self.target, &account, setup).await?;
        }
        let target = self.target.clone();
        Ok(Arc::new(HttpScope::new(names, target, self.is_embedded())))
    }

    async fn stop(&self) {
        if let Started::Embedded(Some(server)) = &self.started {
            server.stop().await;
        }
    }
}
