//! One trial's corner of a server: a schema of its own.

use crate::boundary::PgDecoder;
use crate::client::{self, Pool};
use crate::provision;
use crate::target::Target;
use async_trait::async_trait;
use exactly_adapter::{
    Backlog, Decoder, Left, ObserveError, Observing, Scope, Seen, StartError, TrialNames,
};
use exactly_model::{Observer, Setup};
use std::collections::BTreeMap;

/// A trial's schema.
pub(crate) struct PgScope {
    names: TrialNames,
    schema: String,
    target: Target,
    pool: Pool,
    commit_order: bool,
}

impl PgScope {
    /// Creates the schema and applies the setup in it.
    pub(crate) async fn open(
        names: TrialNames,
        setup: &Setup,
        target: Target,
        pool: Pool,
        commit_order: bool,
    ) -> Result<Self, StartError> {
        let schema = provision::schema_of(names);
        provision::create(&pool, &schema, setup).await?;
        Ok(Self {
            names,
            schema,
            target,
            pool,
            commit_order,
        })
    }
}

#[async_trait]
impl Scope for PgScope {
    fn placeholders(&self, host: &str, port: u16) -> BTreeMap<String, String> {
        let target = &self.target;
        BTreeMap::from(
            [
                ("address", format!("{host}:{port}")),
                ("url", target.pipeline_url(host, port, &self.schema)),
                ("schema", self.schema.clone()),
                ("host", host.to_string()),
                ("port", port.to_string()),
                ("user", target.user.clone()),
                ("database", target.database.clone()),
            ]
            .map(|(name, value)| (name.to_string(), value)),
        )
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        Box::new(PgDecoder::new(self.names))
    }

    fn observing(&self) -> Option<&dyn Observing> {
        Some(self)
    }

    fn backlog(&self) -> Option<&dyn Backlog> {
        Some(self)
    }

    async fn close(&self) {
        provision::drop_schema(&self.pool, &self.schema).await;
    }
}

#[async_trait]
impl Observing for PgScope {
    async fn observe(
        &self,
        observer: &Observer,
        each: &mut (dyn FnMut(Seen) + Send),
    ) -> Result<(), ObserveError> {
        client::observe(&self.pool, &self.schema, self.commit_order, observer, each).await
    }

    async fn count(&self, observer: &Observer) -> Result<u64, ObserveError> {
        client::count(&self.pool, &self.schema, self.commit_order, observer).await
    }
}

#[async_trait]
impl Backlog for PgScope {
    async fn left(&self, dead_ports: &[u16]) -> Result<Left, ObserveError> {
        client::left(&self.pool, &self.schema, dead_ports).await
    }
}
