//! The adapter: where a mail server runs.

use crate::KIND;
use crate::client::{Mailpit, Target, greeting};
use crate::embedded::{READY, VERSION};
use crate::instance::{Held, SmtpInstance};
use crate::scope::{Audit, PLACEHOLDERS};
use async_trait::async_trait;
use exactly_adapter::tls::Tunnel;
use exactly_adapter::{Adapter, Host, Instance, ServerCommand, StartError};
use exactly_model::{Setup, SystemPlace, redact};
use std::sync::Arc;

/// How long the sink may take to be ready: it makes two keys and loads nothing.
const EMBEDDED_READY_MS: u64 = 10_000;
const NO_TLS: &str = "see whether it speaks TLS there from the first octet on, and whether its \
                      certificate is for that name and by an authority of this machine's (or of \
                      SSL_CERT_FILE)";

/// SMTP: the embedded sink, or a server of the user's.
#[derive(Clone, Copy, Debug, Default)]
pub struct Smtp;

#[async_trait]
impl Adapter for Smtp {
    fn kind(&self) -> &'static str {
        KIND
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
            SystemPlace::Local { .. } => return Err(not_local(place)),
        };
        Ok(Arc::new(instance))
    }

    async fn at_hand(
        &self,
        place: &SystemPlace,
        _: Arc<dyn Host>,
    ) -> Result<Option<String>, StartError> {
        match place {
            SystemPlace::Embedded => Ok(Some(VERSION.into())),
            SystemPlace::At(url) => Ok(Some(reach(url).await?.version)),
            SystemPlace::Local { .. } => Err(not_local(place)),
        }
    }

    async fn join(&self, addresses: &[(String, u16)]) -> Result<Arc<dyn Instance>, StartError> {
        let port = addresses.first().map(|(_, port)| *port);
        let target = Target::embedded(port.unwrap_or_default());
        let greeted = greeting(&target.host, target.port).await;
        greeted.map_err(|error| StartError::Unreachable {
            system: KIND,
            address: target.url(),
            why: error.to_string(),
            hint: "it was started for several runs and has ended since; begin again".into(),
        })?;
        Ok(Arc::new(embedded(target, Held::Nothing)))
    }
}

fn not_local(place: &SystemPlace) -> StartError {
    StartError::Config {
        system: KIND,
        why: format!("there is no place {place}: the sink is the harness's own in every place"),
        hint: "leave it embedded, or give a server of your own as smtp://HOST:PORT".into(),
    }
}

fn embedded(target: Target, held: Held) -> SmtpInstance {
    SmtpInstance {
        target,
        place: SystemPlace::Embedded.to_string(),
        version: VERSION.into(),
        audit: Audit::Sink,
        held,
    }
}

async fn start_embedded(host: &dyn Host) -> Result<SmtpInstance, StartError> {
    let server = host
        .serve(ServerCommand {
            ready: READY.into(),
            ready_within_ms: EMBEDDED_READY_MS,
            ..host.embedded(KIND)
        })
        .await?;
    let line = server.ready_line();
    let port = line.split_once(READY).and_then(|(_, address)| {
        let (_, port) = address.trim().rsplit_once(':')?;
        port.parse().ok()
    });
    let port = port.ok_or_else(|| StartError::NotStarted {
        system: KIND,
        why: format!("it said {line:?} instead of its address"),
        hint: format!("see its output in {}", server.output().display()),
    })?;
    Ok(embedded(Target::embedded(port), Held::Sink(server)))
}

async fn reach(url: &str) -> Result<SmtpInstance, StartError> {
    let mut target = Target::parse(url)?;
    let unreachable = |why: String, hint: &str| StartError::Unreachable {
        system: KIND,
        address: redact(url),
        why,
        hint: hint.into(),
    };
    let mut held = Held::Nothing;
    if target.tls {
        let tunnel = Tunnel::open(&target.host, target.port).await;
        let tunnel = tunnel.map_err(|error| unreachable(error.to_string(), NO_TLS))?;
        let tried = tunnel.try_out().await;
        tried.map_err(|why| unreachable(why, NO_TLS))?;
        target.tunnel = Some(tunnel.address());
        held = Held::Tunnel { _open: tunnel };
    }
    let (host, port) = target.dialled();
    let version = greeting(&host, port).await;
    let version = version.map_err(|error| {
        unreachable(error.to_string(), "see whether an SMTP server is up there")
    })?;
    let audit = match target.api.clone() {
        None => Audit::Nobody,
        Some(api) => Audit::Mailpit(Arc::new(mailpit(api).await?)),
    };
    Ok(SmtpInstance {
        target,
        place: SystemPlace::At(url.into()).to_string(),
        version: version
            .chars()
            .filter(|c| !c.is_control())
            .take(100)
            .collect(),
        audit,
        held,
    })
}

/// A Mailpit that shows all that it takes.
async fn mailpit(api: (String, String)) -> Result<Mailpit, StartError> {
    let address = format!("http://{}{}", api.0, api.1);
    let mailpit = Mailpit::new(api);
    match mailpit.begin().await {
        Ok(true) => Ok(mailpit),
        Ok(false) => Err(StartError::Config {
            system: KIND,
            why: "Mailpit throws mails away whose Message-ID it knows: a mail that is sent twice \
                  could not be seen"
                .into(),
            hint: "start it without --ignore-duplicate-ids".into(),
        }),
        Err(error) => Err(match error.hint() {
            Some(hint) => StartError::Config {
                system: KIND,
                why: error.to_string(),
                hint: hint.into(),
            },
            None => StartError::Unreachable {
                system: KIND,
                address,
                why: error.to_string(),
                hint: "see whether a Mailpit serves its API there".into(),
            },
        }),
    }
}
