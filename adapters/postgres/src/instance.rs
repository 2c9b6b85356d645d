//! A running server.

use crate::adapter::KIND;
use crate::client::{Facts, Pool};
use crate::node::{Hold, Node};
use crate::scope::PgScope;
use crate::target::Target;
use async_trait::async_trait;
use exactly_adapter::{Control, Instance, Scope, StartError, TrialNames};
use exactly_model::{Setup, SystemInfo};
use std::sync::Arc;

/// A running server, shared by all trials of a run.
pub(crate) struct PgInstance {
    target: Target,
    pool: Pool,
    facts: Facts,
    own: Option<Own>,
    place: String,
}

/// A server of the harness's own.
pub(crate) struct Own {
    pub(crate) node: Arc<Node>,
    /// Whether it may be broken on purpose.
    pub(crate) is_breakable: bool,
}

impl PgInstance {
    pub(crate) fn new(
        target: Target,
        pool: Pool,
        facts: Facts,
        own: Option<Own>,
        place: String,
    ) -> Self {
        Self {
            target,
            pool,
            facts,
            own,
            place,
        }
    }
}

#[async_trait]
impl Instance for PgInstance {
    fn info(&self, name: &str) -> SystemInfo {
        SystemInfo {
            name: name.into(),
            kind: KIND.into(),
            place: self.place.clone(),
            version: self.facts.version.clone(),
            emulated: false,
        }
    }

    fn addresses(&self) -> Vec<(String, u16)> {
        vec![(self.target.host.clone(), self.target.port)]
    }

    fn endpoint(&self) -> String {
        self.target.endpoint()
    }

    fn control(&self) -> Option<Arc<dyn Control>> {
        let own = self.own.as_ref().filter(|own| own.is_breakable)?;
        Some(Arc::new(Hold::new(own.node.clone(), self.pool.clone())))
    }

    async fn open(&self, names: TrialNames, setup: &Setup) -> Result<Arc<dyn Scope>, StartError> {
        let scope = PgScope::open(
            names,
            setup,
            self.target.clone(),
            self.pool.clone(),
            self.facts.commit_order,
        )
        .await?;
        Ok(Arc::new(scope))
    }

    async fn stop(&self) {
        self.pool.close().await;
        if let Some(own) = &self.own {
            own.node.end().await;
        }
    }
}
