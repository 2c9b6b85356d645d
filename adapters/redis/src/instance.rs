//! A running server.

use crate::KIND;
use crate::client::{Link, Way};
use crate::local::Local;
use crate::names::Names;
use crate::provision;
use crate::scope::{Forgetting, RedisScope};
use async_trait::async_trait;
use exactly_adapter::{Control, Instance, Lack, Scope, Server, StartError, TrialNames};
use exactly_model::{Need, Setup, SystemInfo};
use std::sync::Arc;

/// Who started it, and what is held of it.
pub(crate) enum Started {
    /// The server of this package; another process's where nothing is held of it.
    Embedded(Option<Box<dyn Server>>),
    Local(Arc<Local>),
    ByTheUser,
}

/// A running server, shared by all trials of a run.
pub(crate) struct RedisInstance {
    pub way: Arc<Way>,
    pub place: String,
    pub version: String,
    /// Stands in all names.
    pub tag: String,
    pub started: Started,
}

impl RedisInstance {
    const fn is_embedded(&self) -> bool {
        matches!(self.started, Started::Embedded(_))
    }
}

#[async_trait]
impl Instance for RedisInstance {
    fn info(&self, name: &str) -> SystemInfo {
        SystemInfo {
            name: name.into(),
            kind: KIND.into(),
            place: self.place.clone(),
            version: self.version.clone(),
            emulated: self.is_embedded(),
        }
    }

    fn addresses(&self) -> Vec<(String, u16)> {
        vec![self.way.address()]
    }

    fn endpoint(&self) -> String {
        let (host, port) = self.way.address();
        self.way.target.endpoint(&host, port)
    }

    /// A pending entry is held like a lease: once it has been idle for long enough,
    /// another consumer claims it (XAUTOCLAIM). A group has as many consumers as like.
    fn lacks(&self, need: Need) -> Option<Lack> {
        match need {
            Need::Horizon if !self.is_embedded() => Some(Lack::NotHosted(
                "its clock cannot be moved, and how long its keys live is the pipeline's to say"
                    .into(),
            )),
            Need::Outages if self.control().is_none() => Some(Lack::NotHosted(
                "a server that nobody kills: what the embedded one would lose is its own to say, \
                 and one of yours is yours"
                    .into(),
            )),
            _ => None,
        }
    }

    fn control(&self) -> Option<Arc<dyn Control>> {
        match &self.started {
            Started::Local(local) => Some(local.clone()),
            Started::Embedded(_) | Started::ByTheUser => None,
        }
    }

    async fn open(&self, names: TrialNames, setup: &Setup) -> Result<Arc<dyn Scope>, StartError> {
        let names = Names::new(names, &self.tag, setup);
        let link = Link::new(self.way.clone());
        provision::create(&link, &names).await?;
        let forgetting = match self.is_embedded() {
            true => Forgetting::ByItsClock,
            false => Forgetting::WithTime,
        };
        Ok(Arc::new(RedisScope::new(link, names, forgetting)))
    }

    async fn stop(&self) {
        match &self.started {
            Started::Embedded(Some(server)) => server.stop().await,
            Started::Local(local) => local.end().await,
            Started::Embedded(None) | Started::ByTheUser => {}
        }
    }
}
