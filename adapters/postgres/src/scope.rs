//! One trial's corner of a server: a schema of its own.

use crate::boundary::PgDecoder;
use crate::client::{self, Backup, Pool};
use crate::provision;
use crate::target::Target;
use async_trait::async_trait;
use exactly_adapter::{
    Backlog, Decoder, Fed, FeedError, Feeder, Left, ObserveError, Observing, Outgoing, Positions,
    Replayed, Replaying, Scope, Seen, StartError, TrialNames,
};
use exactly_model::{Observer, Position, Setup};
use std::collections::BTreeMap;

/// What stands for a server in the processes that dial it.
pub(crate) const PLACEHOLDERS: [&str; 9] = [
    "address", "url", "jdbc_url", "schema", "host", "port", "user", "password", "database",
];

/// A trial's schema.
pub(crate) struct PgScope {
    names: TrialNames,
    schema: String,
    target: Target,
    pool: Pool,
    commit_order: bool,
    backlog: String,
    /// What is in the schema after its setup, or why there is no copy of it.
    backup: Result<Backup, String>,
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
        // Few schedules restore it: only then is it said what is wrong with it.
        let backup = Backup::take(&pool, &schema).await;
        Ok(Self {
            names,
            schema,
            target,
            pool,
            commit_order,
            backlog: setup.backlog.clone(),
            backup,
        })
    }
}

#[async_trait]
impl Scope for PgScope {
    fn placeholders(&self, addresses: &[(String, u16)]) -> BTreeMap<String, String> {
        // One server has one address. Without it nothing can be filled in.
        let [(host, port), ..] = addresses else {
            return BTreeMap::new();
        };
        let target = &self.target;
        BTreeMap::from(
            [
                ("address", format!("{host}:{port}")),
                ("url", target.pipeline_url(host, *port, &self.schema)),
                ("jdbc_url", target.jdbc_url(host, *port, &self.schema)),
                ("password", target.password()),
                ("schema", self.schema.clone()),
                ("host", host.clone()),
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

    fn feeder(&self) -> Option<&dyn Feeder> {
        Some(self)
    }

    fn observing(&self) -> Option<&dyn Observing> {
        Some(self)
    }

    fn backlog(&self) -> Option<&dyn Backlog> {
        Some(self)
    }

    fn positions(&self) -> Option<&dyn Positions> {
        Some(self)
    }

    fn replaying(&self) -> Option<&dyn Replaying> {
        Some(self)
    }

    async fn close(&self) {
        provision::drop_schema(&self.pool, &self.schema).await;
    }
}

#[async_trait]
impl Feeder for PgScope {
    async fn feed(
        &self,
        to: &str,
        messages: &[Outgoing],
        concurrency: u32,
    ) -> Result<Vec<Fed>, FeedError> {
        client::feed(&self.pool, &self.schema, to, messages, concurrency).await
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
    async fn left(&self, dead_ports: &[u16], _: Option<&[Position]>) -> Result<Left, ObserveError> {
        // A table has no positions: whatever is kept, it is another system's.
        client::left(&self.pool, &self.schema, dead_ports, &self.backlog).await
    }
}

#[async_trait]
impl Positions for PgScope {
    async fn positions(&self, query: &str, target: &str) -> Result<Vec<Position>, ObserveError> {
        client::positions(&self.pool, &self.schema, query, target).await
    }
}

#[async_trait]
impl Replaying for PgScope {
    /// Restores the schema from the backup that was taken after its setup.
    async fn replay(&self) -> Result<Replayed, ObserveError> {
        match &self.backup {
            Ok(backup) => client::restore(&self.pool, &self.schema, backup).await,
            Err(why) => Err(client::no_backup(why)),
        }
    }
}
