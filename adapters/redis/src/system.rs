//! The way in: the embedded server, the `redis-server` of this machine, or a server of
//! the user's.

use crate::KIND;
use crate::client::{Link, Trouble, Way};
use crate::embedded::{READY, VERSION};
use crate::instance::{RedisInstance, Started};
use crate::local::{Local, PUBSUB_LIMIT};
use crate::reach::reach;
use crate::scope::PLACEHOLDERS;
use crate::target::Target;
use async_trait::async_trait;
use exactly_adapter::{Adapter, Host, Instance, Server, StartError};
use exactly_model::{Setup, SystemPlace};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::time::Duration;

/// How long it may take to be told its limits.
const LIMITED_WITHIN: Duration = Duration::from_secs(5);
/// How long the embedded server may take to start.
const READY_WITHIN_MS: u64 = 10_000;

/// Redis: embedded, `redis-server` of this machine, or a server of the user's.
#[derive(Clone, Copy, Debug, Default)]
pub struct RedisSystem;

#[async_trait]
impl Adapter for RedisSystem {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn placeholders(&self, setup: &Setup) -> Vec<String> {
        let streams = setup.streams.iter().map(|s| format!("stream.{}", s.name));
        let channels = setup.channels.iter().map(|name| format!("channel.{name}"));
        let fixed = PLACEHOLDERS.map(String::from).into_iter();
        fixed.chain(streams).chain(channels).collect()
    }

    async fn start(
        &self,
        place: &SystemPlace,
        host: Arc<dyn Host>,
    ) -> Result<Arc<dyn Instance>, StartError> {
        let instance = match place {
            SystemPlace::Embedded => start_embedded(host.as_ref()).await?,
            SystemPlace::Local { nodes } => start_local(host, *nodes).await?,
            SystemPlace::At(url) => start_at(url).await?,
        };
        Ok(Arc::new(instance))
    }

    /// `redis-server` is there when it runs, and then says which version it is.
    async fn at_hand(
        &self,
        place: &SystemPlace,
        host: Arc<dyn Host>,
    ) -> Result<Option<String>, StartError> {
        match place {
            SystemPlace::Embedded => Ok(None),
            SystemPlace::Local { nodes } => {
                let local = Local::start(host, *nodes).await?;
                let version = local.version().to_string();
                local.end().await;
                Ok(Some(version))
            }
            SystemPlace::At(_) => {
                let hint = "leave it embedded, or point at a server of your own with --redis URL";
                Err(StartError::nothing_installed(KIND, place, hint))
            }
        }
    }

    async fn join(&self, addresses: &[(String, u16)]) -> Result<Arc<dyn Instance>, StartError> {
        let (host, port) = addresses.first().cloned().unwrap_or_default();
        Ok(Arc::new(embedded(Target::new(host, port), None)))
    }
}

fn embedded(target: Target, server: Option<Box<dyn Server>>) -> RedisInstance {
    RedisInstance {
        way: Way::plain(target),
        place: SystemPlace::Embedded.to_string(),
        version: VERSION.into(),
        tag: String::new(),
        started: Started::Embedded(server),
    }
}

async fn start_embedded(host: &dyn Host) -> Result<RedisInstance, StartError> {
    let mut command = host.embedded(KIND);
    command.ready = READY.into();
    command.ready_within_ms = READY_WITHIN_MS;
    let server = host.serve(command).await?;
    let line = server.ready_line();
    let address = line.rsplit(' ').next().and_then(|a| a.rsplit_once(':'));
    let parsed = address.and_then(|(host, port)| Some(Target::new(host, port.parse().ok()?)));
    let target = parsed.ok_or_else(|| StartError::NotStarted {
        system: KIND,
        why: format!("it said {line:?}, which names no address"),
        hint: "this is a defect of exactly; please report it".into(),
    })?;
    let instance = embedded(target, Some(server));
    lower_limit(&instance.way)
        .await
        .map_err(|error| StartError::NotStarted {
            system: KIND,
            why: format!("it takes no limit of its output: {error}"),
            hint: "this is a defect of exactly; please report it".into(),
        })?;
    Ok(instance)
}

/// The same limit as at the place `local`, so that what is slow at one is slow at the
/// other.
async fn lower_limit(way: &Arc<Way>) -> Result<(), Trouble> {
    let mut command = redis::cmd("CONFIG");
    command
        .arg("SET")
        .arg("client-output-buffer-limit")
        .arg(PUBSUB_LIMIT);
    let link = Link::new(way.clone());
    link.ask(&command, LIMITED_WITHIN).await.map(drop)
}

async fn start_local(host: Arc<dyn Host>, nodes: u32) -> Result<RedisInstance, StartError> {
    let local = Local::start(host, nodes).await?;
    Ok(RedisInstance {
        way: local.way().clone(),
        place: SystemPlace::Local { nodes }.to_string(),
        version: local.version().into(),
        tag: String::new(),
        started: Started::Local(local),
    })
}

async fn start_at(url: &str) -> Result<RedisInstance, StartError> {
    let reached = reach(Target::parse(url)?).await?;
    Ok(RedisInstance {
        place: format!("at {}", reached.way.target.shown()),
        way: reached.way,
        version: reached.version,
        tag: tag(),
        started: Started::ByTheUser,
    })
}

/// What sets the keys of this run apart from those of others at the same server.
fn tag() -> String {
    let drawn = RandomState::new().hash_one(std::process::id());
    format!("-{:08x}", drawn & u64::from(u32::MAX))
}
