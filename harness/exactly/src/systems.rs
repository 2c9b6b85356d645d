//! The systems of a run: started once, shared by its cells.

use crate::overseer::Live;
use crate::registry::adapter;
use exactly_adapter::{Host, Instance};
use exactly_engine::EngineError;
use exactly_model::{Pipeline, SystemPlace};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Running systems by their name in the pipelines.
pub(crate) struct Systems {
    host: Arc<dyn Host>,
    places: BTreeMap<String, SystemPlace>,
    running: BTreeMap<String, Arc<dyn Instance>>,
}

impl Systems {
    pub fn new(host: Arc<dyn Host>, places: BTreeMap<String, SystemPlace>) -> Self {
        Self {
            host,
            places,
            running: BTreeMap::new(),
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
            starting.spawn(async move { (name, adapter.start(&place, host).await) });
        }
        let mut first_error = None;
        while let Some(joined) = starting.join_next().await {
            let (name, started) =
                joined.map_err(|error| EngineError::Harness(error.to_string()))?;
            match started {
                Ok(instance) => drop(self.running.insert(name, instance)),
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
    }
}
