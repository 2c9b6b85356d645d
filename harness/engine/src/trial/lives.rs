//! The incarnations of a trial's processes.

use super::Trial;
use crate::EngineError;
use crate::boundary::{Boundaries, Life, Mode};
use crate::supervisor::{Launch, Process, TRIAL, output_tail};
use exactly_model::{
    Assist, Event, IncarnationRecord, IncarnationState, Process as ProcessSpec, ReadyWhen,
    TrialKind,
};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

/// How long the last output of a process that failed is waited for.
const OUTPUT_WAIT: Duration = Duration::from_secs(1);

/// One process of the pipeline and its current life.
pub(crate) struct Slot {
    pub spec: ProcessSpec,
    pub life: Arc<Life>,
    pub process: Arc<Process>,
    /// Exits by itself that were made good so far.
    pub restarts: u32,
}

impl Slot {
    pub fn kill(&self) {
        self.life.gate.close();
        self.process.kill();
    }
}

impl Trial<'_> {
    /// Starts the first incarnation of each process and waits until it is ready.
    pub(crate) async fn start_processes(&mut self, kind: TrialKind) -> Result<(), EngineError> {
        for spec in &self.stage.pipeline.processes {
            let slot = self.begin(spec, 1, 0)?;
            self.slots.push(slot);
        }
        for slot in &self.slots {
            let ready = wait_ready(slot).await;
            match ready {
                Ok(()) => self.record_life(&slot.life, IncarnationState::Ready, None),
                // A fault at its start is what recovery is about.
                Err(_) if kind != TrialKind::Calibration && slot.life.ended_by_fault() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Starts incarnation `number` behind boundaries of its own.
    pub(crate) fn begin(
        &self,
        spec: &ProcessSpec,
        number: u32,
        restarts: u32,
    ) -> Result<Slot, EngineError> {
        let life = Life::new(&spec.name, number);
        let values = self.open_boundaries(&life)?;
        let fill = |text: &str| fill(text, &values, &spec.name);
        let mut env: Vec<(String, String)> =
            vec![(TRIAL.into(), self.stage.trial_mark(self.number))];
        for (name, value) in &spec.env {
            env.push((name.clone(), fill(value)?));
        }
        let launch = Launch {
            command: spec
                .command
                .iter()
                .map(|part| fill(part))
                .collect::<Result<_, _>>()?,
            env,
            user: None,
            output: self
                .stage
                .output_folder()
                .join(format!("t{}-{}-{number}.log", self.number, spec.name)),
            output_bytes: self.stage.pipeline.limits.output_bytes,
            ready: match &spec.ready.when {
                ReadyWhen::Log(text) => Some(text.clone()),
                ReadyWhen::FirstExchange => None,
            },
            gentle: None,
        };
        let process =
            self.stage
                .supervisor
                .spawn(&launch)
                .map_err(|error| EngineError::NotReady {
                    process: spec.name.clone(),
                    why: format!(
                        "cannot run {}: {error}",
                        launch.command.first().map_or("", String::as_str)
                    ),
                    output: launch.output.clone(),
                    tail: String::new(),
                })?;
        let process = Arc::new(process);
        life.begin(process.clone());
        self.record_life(&life, IncarnationState::Started, None);
        Ok(Slot {
            spec: spec.clone(),
            life,
            process,
            restarts,
        })
    }

    /// Opens a boundary to each system; answers what placeholders stand for.
    fn open_boundaries(&self, life: &Arc<Life>) -> Result<BTreeMap<String, String>, EngineError> {
        let mut values = BTreeMap::new();
        for (name, scope) in &self.scopes {
            let instance = &self.stage.instances[name];
            let mode = Mode::Decoded(scope.clone());
            let boundaries = Boundaries::new(life.clone(), self.director.clone(), name, mode);
            let mut addresses = Vec::new();
            for (host, port) in instance.addresses() {
                let local = boundaries.open(&host, port).map_err(|error| {
                    EngineError::Harness(format!("cannot open a boundary: {error}"))
                })?;
                addresses.push((Ipv4Addr::LOCALHOST.to_string(), local));
            }
            for (key, value) in scope.placeholders(&addresses) {
                values.insert(format!("{name}.{key}"), value);
            }
        }
        Ok(values)
    }

    pub(crate) fn record_life(&self, life: &Life, state: IncarnationState, status: Option<String>) {
        self.record(Event::Incarnation(IncarnationRecord {
            process: life.process.clone(),
            incarnation: life.number,
            state,
            status,
        }));
    }

    /// Replaces processes that have ended. `Err` inside `Ok` says in words why one
    /// cannot be.
    pub(crate) async fn revive(&mut self) -> Result<Result<bool, String>, EngineError> {
        let mut changed = false;
        for i in 0..self.slots.len() {
            let Some(status) = self.slots[i].process.exited() else {
                continue;
            };
            changed = true;
            let slot = &self.slots[i];
            let (life, spec, mut restarts) = (slot.life.clone(), slot.spec.clone(), slot.restarts);
            let by_fault = life.ended_by_fault();
            if by_fault {
                life.gate.close();
            }
            // What a process sent before it exited by itself is on its way.
            let state = if by_fault {
                IncarnationState::Killed
            } else {
                IncarnationState::Exited
            };
            self.record_life(&life, state, Some(status.clone()));
            if !by_fault {
                restarts += 1;
                if restarts > spec.restart.max {
                    return Ok(Err(format!(
                        "process {} ended by itself {restarts} times, last with {status}",
                        spec.name
                    )));
                }
                tokio::time::sleep(Duration::from_millis(spec.restart.delay_ms)).await;
            }
            self.release_dead().await;
            let next = self.begin(&spec, life.number + 1, restarts)?;
            self.ended.push(life);
            self.slots[i] = next;
        }
        Ok(Ok(changed))
    }

    async fn release_dead(&self) {
        if !self.stage.assist {
            return;
        }
        for (name, scope) in &self.scopes {
            let Some(assist) = scope.assist() else {
                continue;
            };
            for what in assist.release_dead().await {
                self.record(Event::Assist(Assist {
                    system: name.clone(),
                    what,
                }));
            }
        }
    }

    /// Local ports of the boundary connections of the dead. None while one of them
    /// still has a request to deliver: its connection is open by intent.
    pub(crate) fn dead_ports(&self) -> Vec<u16> {
        if self.director.is_late_due() {
            return Vec::new();
        }
        self.ended
            .iter()
            .flat_map(|life| life.upstream_ports())
            .collect()
    }

    /// Waits until a process ends, at most `limit`.
    pub(crate) async fn next_exit(&self, limit: Duration) {
        if self.slots.is_empty() {
            return tokio::time::sleep(limit).await;
        }
        let exits = self.slots.iter().map(|slot| Box::pin(slot.process.wait()));
        let _ = tokio::time::timeout(limit, futures::future::select_all(exits)).await;
    }

    /// Whether any process is at work or waits for a processor: then it is not at
    /// rest, however silent.
    pub(crate) fn is_running(&self) -> bool {
        self.slots.iter().any(|slot| slot.process.is_running())
    }

    /// Stops every process by its own signal, then SIGKILL.
    pub(crate) async fn stop_gracefully(&self) {
        for slot in &self.slots {
            slot.process.terminate();
        }
        for slot in &self.slots {
            let grace = Duration::from_millis(slot.spec.stop.grace_ms);
            if slot.process.wait_at_most(grace).await.is_none() {
                slot.kill();
                slot.process.wait_at_most(Duration::from_secs(2)).await;
            }
        }
    }

    /// Ends every process and its boundaries.
    pub(crate) fn end_lives(&self, state: IncarnationState) {
        for slot in &self.slots {
            if slot.process.exited().is_none() {
                slot.kill();
            }
            self.record_life(&slot.life, state, None);
            slot.life.end_tasks();
        }
        for life in &self.ended {
            life.end_tasks();
        }
    }
}

async fn wait_ready(slot: &Slot) -> Result<(), EngineError> {
    let within = Duration::from_millis(slot.spec.ready.within_ms);
    let sign = async {
        match &slot.spec.ready.when {
            ReadyWhen::FirstExchange => {
                slot.life.first_exchange().await;
                true
            }
            ReadyWhen::Log(_) => slot.process.wait_ready_line().await.is_some(),
        }
    };
    let why = tokio::select! {
        biased;
        ready = sign => {
            if ready {
                return Ok(());
            }
            "its output ended".to_string()
        }
        status = slot.process.wait() => format!("it ended at once ({status})"),
        () = tokio::time::sleep(within) => format!("no sign of it within {within:?}"),
    };
    // What it said last is what its author needs to see.
    slot.process.drained(OUTPUT_WAIT).await;
    Err(EngineError::NotReady {
        process: slot.spec.name.clone(),
        why,
        output: slot.process.output().into(),
        tail: output_tail(slot.process.output()),
    })
}

/// Fills in `{system.name}` placeholders. One that stands for nothing is an
/// error; braces around anything else are left alone.
fn fill(
    text: &str,
    values: &BTreeMap<String, String>,
    process: &str,
) -> Result<String, EngineError> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some(start) = rest.find('{') {
        let (before, from) = rest.split_at(start);
        filled.push_str(before);
        let name = from[1..].split('}').next().unwrap_or("");
        let looks_like_one = from.contains('}')
            && name.contains('.')
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
        if !looks_like_one {
            filled.push('{');
            rest = &from[1..];
            continue;
        }
        let value = values.get(name).ok_or_else(|| EngineError::Config {
            what: format!("process {process}: nothing is called {{{name}}}"),
            hint: format!(
                "use one of {}",
                values
                    .keys()
                    .map(|k| format!("{{{k}}}"))
                    .collect::<Vec<_>>()
                    .join(" ")
            ),
        })?;
        filled.push_str(value);
        rest = &from[name.len() + 2..];
    }
    filled.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::fill;
    use std::collections::BTreeMap;

    #[test]
    fn placeholders_are_filled_and_unknown_ones_named() {
        let values = BTreeMap::from([("k.address".to_string(), "h:1".to_string())]);
        let fill = |text| fill(text, &values, "worker").map_err(|error| error.to_string());
        assert_eq!(fill("a={k.address},{}").unwrap(), "a=h:1,{}");
        assert_eq!(fill(r#"{"json":1}"#).unwrap(), r#"{"json":1}"#);
        assert_eq!(fill("{k.address").unwrap(), "{k.address");
        let error = fill("{k.adress}").unwrap_err();
        assert!(
            error.contains("{k.adress}") && error.contains("{k.address}"),
            "{error}"
        );
    }
}
