//! A running mail server.

use crate::KIND;
use crate::client::{Sink, Target};
use crate::scope::{Audit, SmtpScope};
use async_trait::async_trait;
use exactly_adapter::tls::Tunnel;
use exactly_adapter::{Instance, Scope, Server, StartError, TrialNames};
use exactly_model::{Setup, SystemInfo};
use std::sync::Arc;

/// What is held of a server, for as long as somebody may dial it.
pub(crate) enum Held {
    /// The sink, which ends with it.
    Sink(Box<dyn Server>),
    /// The way to a server that is spoken to with TLS.
    Tunnel { _open: Tunnel },
    /// Nothing: it is another's.
    Nothing,
}

/// A running mail server.
pub(crate) struct SmtpInstance {
    pub target: Target,
    pub place: String,
    pub version: String,
    pub audit: Audit,
    pub held: Held,
}

#[async_trait]
impl Instance for SmtpInstance {
    fn info(&self, name: &str) -> SystemInfo {
        SystemInfo {
            name: name.into(),
            kind: KIND.into(),
            place: self.place.clone(),
            version: self.version.clone(),
            // It stands for no other product: it is a server that keeps to the RFC.
            emulated: false,
        }
    }

    fn addresses(&self) -> Vec<(String, u16)> {
        vec![self.target.dialled()]
    }

    fn endpoint(&self) -> String {
        self.target.url()
    }

    async fn open(&self, names: TrialNames, _: &Setup) -> Result<Arc<dyn Scope>, StartError> {
        if let Audit::Sink = self.audit {
            let sink = Sink {
                host: &self.target.host,
                port: self.target.port,
                names,
            };
            let allowed = sink.allow_plain_auth().await;
            allowed.map_err(|error| StartError::NotStarted {
                system: KIND,
                why: format!("the sink does not answer: {error}"),
                hint: "begin again with a new run".into(),
            })?;
        }
        let (target, audit) = (self.target.clone(), self.audit.clone());
        Ok(Arc::new(SmtpScope::new(names, target, audit)))
    }

    async fn stop(&self) {
        if let Held::Sink(server) = &self.held {
            server.stop().await;
        }
    }
}
