//! The way in: the embedded server, ElasticMQ, or a server of the user's.

use crate::client::{CallError, Signer, Sqs, Target};
use crate::embedded::{READY, VERSION};
use crate::local::Local;
use crate::names::Names;
use crate::reading::Reading;
use crate::scope::{DEDUP_WINDOW_S, PLACEHOLDERS, SqsScope};
use crate::{KIND, provision};
use async_trait::async_trait;
use exactly_adapter::{Adapter, Host, Instance, Lack, Scope, Server, StartError, TrialNames};
use exactly_model::{Need, Setup, SystemInfo, SystemPlace, redact};
use serde_json::json;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::time::Duration;

/// How long the embedded server may take to start.
const READY_WITHIN_MS: u64 = 10_000;
/// How long an address that the user gave may take to answer.
const REACHED_WITHIN: Duration = Duration::from_secs(8);
const NO_TLS: &str = "see whether it speaks TLS there, and whether its certificate is for that name \
                      and by an authority of this machine's (or of SSL_CERT_FILE)";

/// SQS: embedded, ElasticMQ from jars on this machine, AWS's own, or whatever else
/// speaks its protocol.
#[derive(Clone, Copy, Debug, Default)]
pub struct SqsSystem;

#[async_trait]
impl Adapter for SqsSystem {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn placeholders(&self, setup: &Setup) -> Vec<String> {
        let queues = setup.queues.iter();
        let named = queues.flat_map(|queue| {
            [
                format!("queue.{}", queue.name),
                format!("queue_url.{}", queue.name),
            ]
        });
        PLACEHOLDERS
            .map(String::from)
            .into_iter()
            .chain(named)
            .collect()
    }

    async fn start(
        &self,
        place: &SystemPlace,
        host: Arc<dyn Host>,
    ) -> Result<Arc<dyn Instance>, StartError> {
        let instance = match place {
            SystemPlace::Embedded => start_embedded(host.as_ref()).await?,
            SystemPlace::Local { nodes } => start_local(host.as_ref(), *nodes).await?,
            SystemPlace::At(url) => reach(url, host.as_ref()).await?,
        };
        Ok(Arc::new(instance))
    }

    /// ElasticMQ is there when it runs: it has no tool that would say so for less.
    async fn at_hand(
        &self,
        place: &SystemPlace,
        host: Arc<dyn Host>,
    ) -> Result<Option<String>, StartError> {
        match place {
            SystemPlace::Embedded => Ok(None),
            SystemPlace::Local { nodes } => {
                let local = Local::start(host.as_ref(), *nodes).await?;
                let version = local.version().to_string();
                local.end().await;
                Ok(Some(version))
            }
            SystemPlace::At(_) => {
                let hint = "leave it embedded, or point at a server of your own with --sqs";
                Err(StartError::nothing_installed(KIND, place, hint))
            }
        }
    }

    async fn join(&self, addresses: &[(String, u16)]) -> Result<Arc<dyn Instance>, StartError> {
        let (host, port) = addresses.first().cloned().unwrap_or_default();
        Ok(Arc::new(SqsInstance::embedded(
            Target::new(host, port),
            None,
        )))
    }
}

async fn start_embedded(host: &dyn Host) -> Result<SqsInstance, StartError> {
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
    Ok(SqsInstance::embedded(target, Some(server)))
}

async fn start_local(host: &dyn Host, nodes: u32) -> Result<SqsInstance, StartError> {
    let local = Local::start(host, nodes).await?;
    Ok(SqsInstance {
        sqs: Sqs::new(local.target()),
        place: SystemPlace::Local { nodes }.to_string(),
        version: local.version().into(),
        tag: String::new(),
        started: Started::Local(local),
    })
}

/// Asks for a queue that is not there: any server that is an SQS says so.
async fn reach(url: &str, host: &dyn Host) -> Result<SqsInstance, StartError> {
    let target = Target::parse(url)?;
    let signer = Signer::of(host, &target);
    let unreachable = |why: String, hint: &str| StartError::Unreachable {
        system: KIND,
        address: redact(url),
        why,
        hint: hint.into(),
    };
    let reached = tokio::time::timeout(REACHED_WITHIN, Sqs::reach(target, signer)).await;
    let late = || Err(format!("no TLS within {REACHED_WITHIN:?}"));
    let sqs = reached.unwrap_or_else(|_| late());
    let sqs = sqs.map_err(|why| unreachable(why, NO_TLS))?;
    let fields = json!({ "QueueName": "exactly-asks-who-is-there" });
    let asked = sqs.call("GetQueueUrl", &fields);
    let asked = tokio::time::timeout(REACHED_WITHIN, asked).await;
    match asked {
        Ok(Ok(_)) => {}
        Ok(Err(CallError::Refused { code, .. })) if code.contains("QueueDoesNotExist") => {}
        Ok(Err(error @ CallError::Refused { .. })) => {
            return Err(unreachable(
                error.to_string(),
                "see whether it is an SQS, and who AWS_ACCESS_KEY_ID is to it",
            ));
        }
        Ok(Err(error)) => {
            let hint = "see whether it is up, and speaks AWS JSON 1.0";
            return Err(unreachable(error.to_string(), hint));
        }
        Err(_) => {
            let why = format!("no answer within {REACHED_WITHIN:?}");
            return Err(unreachable(why, "see whether it is up"));
        }
    }
    Ok(SqsInstance {
        version: match (sqs.target().is_aws(), sqs.server()) {
            (true, _) => format!("Amazon SQS ({})", sqs.target().host),
            (false, Some(server)) => format!("SQS by {server}"),
            (false, None) => "SQS".into(),
        },
        sqs,
        place: SystemPlace::At(url.into()).to_string(),
        tag: tag(),
        started: Started::ByTheUser,
    })
}

/// What sets the queues of this run apart from those of others at the same server: a
/// queue that is created twice is the same queue.
fn tag() -> String {
    let drawn = RandomState::new().hash_one(std::process::id());
    format!("-{:08x}", drawn & u64::from(u32::MAX))
}

/// Who started it, and what is held of it.
enum Started {
    /// The server of this package; another process's where nothing is held of it.
    Embedded(Option<Box<dyn Server>>),
    Local(Local),
    ByTheUser,
}

/// A running server, shared by all trials of a run.
struct SqsInstance {
    sqs: Sqs,
    place: String,
    version: String,
    /// Stands in the names of all queues.
    tag: String,
    started: Started,
}

impl SqsInstance {
    fn embedded(target: Target, server: Option<Box<dyn Server>>) -> Self {
        Self {
            sqs: Sqs::new(target),
            place: SystemPlace::Embedded.to_string(),
            version: VERSION.into(),
            tag: String::new(),
            started: Started::Embedded(server),
        }
    }

    fn is_embedded(&self) -> bool {
        matches!(self.started, Started::Embedded(_))
    }
}

#[async_trait]
impl Instance for SqsInstance {
    fn info(&self, name: &str) -> SystemInfo {
        SystemInfo {
            name: name.into(),
            kind: KIND.into(),
            place: self.place.clone(),
            version: self.version.clone(),
            // SQS is a service of AWS: whatever speaks its protocol elsewhere stands
            // for it, and is another thing.
            emulated: !self.sqs.target().is_aws(),
        }
    }

    fn addresses(&self) -> Vec<(String, u16)> {
        vec![self.sqs.address()]
    }

    fn endpoint(&self) -> String {
        self.sqs.url()
    }

    /// Visibility is a lease everywhere, and a queue has as many consumers as like.
    fn lacks(&self, need: Need) -> Option<Lack> {
        match need {
            Need::Horizon if !self.is_embedded() => Some(Lack::Waits {
                why: "its clock cannot be moved".into(),
                seconds: DEDUP_WINDOW_S,
            }),
            _ => None,
        }
    }

    async fn open(&self, names: TrialNames, setup: &Setup) -> Result<Arc<dyn Scope>, StartError> {
        let names = Names::new(names, &self.tag, &setup.queues);
        provision::create(&self.sqs, &names).await?;
        let reading = match self.started {
            Started::Embedded(_) => Reading::Log,
            Started::Local(_) | Started::ByTheUser => Reading::consuming(&self.sqs),
        };
        Ok(Arc::new(SqsScope::new(self.sqs.clone(), reading, names)))
    }

    async fn stop(&self) {
        match &self.started {
            Started::Embedded(Some(server)) => server.stop().await,
            Started::Local(local) => local.end().await,
            Started::Embedded(None) | Started::ByTheUser => {}
        }
    }
}
