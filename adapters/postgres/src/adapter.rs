//! The way in: an embedded server, an installed one, or the one the user points at.

use crate::client::Pool;
use crate::embedded;
use crate::instance::{Own, PgInstance};
use crate::local;
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
        let node = match place {
            SystemPlace::Embedded => embedded::start(host).await?,
            SystemPlace::Local { nodes } => local::start(host, *nodes).await?,
            SystemPlace::At(url) => {
                let target = Target::parse(url)?;
                let shown = format!("at {}", target.shown());
                return reach(target, None, shown).await;
            }
        };
        // An embedded server may be shared, and is not broken on purpose.
        let own = Own {
            node: Arc::new(node),
            is_breakable: matches!(place, SystemPlace::Local { .. }),
        };
        reach(own.node.target(), Some(own), place.to_string()).await
    }

    async fn at_hand(
        &self,
        place: &SystemPlace,
        host: Arc<dyn Host>,
    ) -> Result<Option<String>, StartError> {
        match place {
            SystemPlace::Embedded => embedded::at_hand(&host.cache()).map(Some),
            SystemPlace::Local { nodes } => local::at_hand(host.as_ref(), *nodes).await.map(Some),
            SystemPlace::At(_) => {
                let hint = "leave it embedded, or use a server of your own with --postgres URL";
                Err(StartError::nothing_installed(KIND, place, hint))
            }
        }
    }

    async fn join(&self, addresses: &[(String, u16)]) -> Result<Arc<dyn Instance>, StartError> {
        let port = addresses.first().map(|(_, port)| *port);
        let target = Target::own(port.unwrap_or_default());
        reach(target, None, SystemPlace::Embedded.to_string()).await
    }
}

async fn reach(
    target: Target,
    own: Option<Own>,
    shown: String,
) -> Result<Arc<dyn Instance>, StartError> {
    let (pool, facts) = Pool::open(&target).await?;
    Ok(Arc::new(PgInstance::new(target, pool, facts, own, shown)))
}
