//! The systems of a run: started once, shared by its cells.

use crate::keeper::{Lease, Sharing};
use crate::overseer::Live;
use crate::registry::adapter;
use exactly_adapter::{Adapter, Host, Instance, StartError};
use exactly_engine::EngineError;
use exactly_engine::supervisor::Executable;
use exactly_model::{Pipeline, SystemPlace};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Running systems by their name in the pipelines.
pub(crate) struct Systems {
    host: Arc<dyn Host>,
    places: BTreeMap<String, SystemPlace>,
    shared: Option<(Sharing, Executable)>,
    running: BTreeMap<String, Arc<dyn Instance>>,
    leases: Vec<Lease>,
}

/// A system that runs, and what keeps it running where it is shared.
type Started = (Arc<dyn Instance>, Option<Lease>);

impl Systems {
    /// Embedded ones are those of `shared`, where there is any.
    pub fn new(
        host: Arc<dyn Host>,
        places: BTreeMap<String, SystemPlace>,
        shared: Option<(Sharing, Executable)>,
    ) -> Self {
        Self {
            host,
            places,
            shared,
            running: BTreeMap::new(),
            leases: Vec::new(),
        }
    }

    /// Starts every system that `pipelines` name, at once.
    pub async fn start<'a>(
        &mut self,
        pipelines: impl Iterator<Item = &'a Pipeline>,
        live: &Live,
    ) -> Result<(), EngineError> {
        let named = pipelines.flat_map(|p| p.systems.iter());
        let named: BTreeMap<String, String> = named
            .map(|system| (system.name.clone(), system.kind.clone()))
            .collect();
        let mut starting = tokio::task::JoinSet::new();
        for (name, kind) in named {
            let adapter = adapter(&kind).ok_or_else(|| EngineError::Config {
                what: format!("there is no adapter for a system of kind {kind}"),
                hint: format!("use one of {}", crate::kinds().join(", ")),
            })?;
            let place = self
                .places
                .get(&name)
                .cloned()
                .unwrap_or(SystemPlace::Embedded);
            let called = match name == kind {
                true => String::new(),
                false => format!("{name}: "),
            };
            live.note(format!("starting {called}{kind} ({place})"));
            let host = self.host.clone();
            let shared = self.shared.clone();
            starting.spawn(async move {
                let started = match (place, shared) {
                    (SystemPlace::Embedded, Some((sharing, executable))) => {
                        join(adapter.as_ref(), sharing, executable).await
                    }
                    (place, _) => adapter
                        .start(&place, host)
                        .await
                        .map(|started| (started, None)),
                };
                (name, started)
            });
        }
        let mut first_error = None;
        while let Some(joined) = starting.join_next().await {
            let (name, started) =
                joined.map_err(|error| EngineError::Harness(error.to_string()))?;
            match started {
                Ok((instance, lease)) => {
                    self.running.insert(name, instance);
                    self.leases.extend(lease);
                }
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        first_error.map_or(Ok(()), |error| Err(error.into()))
    }

    /// The instances of one pipeline, by its own names.
    pub fn of(&self, pipeline: &Pipeline) -> BTreeMap<String, Arc<dyn Instance>> {
        pipeline
            .systems
            .iter()
            .filter_map(|system| {
                Some((system.name.clone(), self.running.get(&system.name)?.clone()))
            })
            .collect()
    }

    /// Stops what was started.
    pub async fn stop(self) {
        for instance in self.running.into_values() {
            instance.stop().await;
        }
        // Whoever keeps what is shared may now end it.
        drop(self.leases);
    }
}

/// Joins an embedded system that is shared; it is started where nobody has yet.
async fn join(
    adapter: &dyn Adapter,
    sharing: Sharing,
    executable: Executable,
) -> Result<Started, StartError> {
    let kind = adapter.kind();
    let leased = tokio::task::spawn_blocking(move || Lease::take(kind, &sharing, &executable));
    let lease = leased.await.map_err(|error| StartError::NotStarted {
        system: kind,
        why: error.to_string(),
        hint: "this is a defect of exactly; please report it".into(),
    })??;
    let instance = adapter.join(lease.addresses()).await?;
    Ok((instance, Some(lease)))
}
