//! The way in: an embedded server, or the one the user points at.

use crate::client::Pool;
use crate::embedded;
use crate::instance::PgInstance;
use crate::scope::PLACEHOLDERS;
use crate::target::Target;
use async_trait::async_trait;
use exactly_adapter::{Adapter, Host, Instance, StartError};
use exactly_model::{Setup, SystemPlace};
use std::sync::Arc;

/// Kind of the system, in names, labels and errors.
pub(crate) const KIND: &str = "postgres";

/// PostgreSQL.
#[derive(Clone, Copy, Debug, Default)]
pub struct Postgres;

#[async_trait]
impl Adapter for Postgres {
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
        let (target, server, shown) = match place {
            SystemPlace::Embedded => {
                let (target, server) = embedded::start(host.as_ref()).await?;
                (target, Some(server), "embedded".to_string())
            }
            SystemPlace::Local { .. } => {
                return Err(StartError::Config {
                    system: KIND,
                    why: format!("the place {place} is not there for PostgreSQL yet"),
                    hint: "leave it embedded, or use a server of your own with --postgres URL"
                        .into(),
                });
            }
            SystemPlace::At(url) => {
                let target = Target::parse(url)?;
                let shown = format!("at {}", target.shown());
                (target, None, shown)
            }
        };
        let (pool, facts) = Pool::open(&target).await?;
        Ok(Arc::new(PgInstance::new(
            target, pool, facts, server, shown,
        )))
    }

    async fn at_hand(
        &self,
        place: &SystemPlace,
        host: Arc<dyn Host>,
    ) -> Result<Option<String>, StartError> {
        match place {
            SystemPlace::Embedded => embedded::at_hand(&host.cache()).map(Some),
            SystemPlace::Local { .. } | SystemPlace::At(_) => {
                let hint = "leave it embedded, or use a server of your own with --postgres URL";
                Err(StartError::nothing_installed(KIND, place, hint))
            }
        }
    }

    async fn join(&self, addresses: &[(String, u16)]) -> Result<Arc<dyn Instance>, StartError> {
        let port = addresses.first().map(|(_, port)| *port);
        let target = Target::embedded(port.unwrap_or_default());
        let (pool, facts) = Pool::open(&target).await?;
        let shown = SystemPlace::Embedded.to_string();
        Ok(Arc::new(PgInstance::new(target, pool, facts, None, shown)))
    }
}
