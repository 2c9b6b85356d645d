//! The incarnations of a trial's processes.

use super::Trial;
use super::placeholders::{fill, ports};
use super::ready::{OUTPUT_WAIT, wait_ready};
use crate::EngineError;
use crate::boundary::{Boundaries, Life, Mode};
use crate::supervisor::{Launch, Process, TRIAL, last_line};
use exactly_model::{
    Assist, Event, IncarnationRecord, IncarnationState, Process as ProcessSpec, ReadyWhen,
    TrialKind,
};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

/// How long the kernel may take to end a process that ignored its stop signal.
const STOPPED: Duration = Duration::from_secs(2);

/// One incarnation that was started.
pub(crate) struct Alive {
    pub life: Arc<Life>,
    pub process: Arc<Process>,
    /// The sign that it is ready, with everything filled in.
    pub ready: ReadyWhen,
    /// When it began, since the trial did.
    pub began: Duration,
}

impl Alive {
    pub fn kill(&self) {
        self.life.gate.close();
        self.process.kill();
    }
}

/// One process of the pipeline and its lives.
pub(crate) struct Slot {
    pub spec: ProcessSpec,
    pub now: Alive,
    /// Those that a second owner was started beside, and that still run.
    pub former: Vec<Alive>,
    /// Exits by itself that were made good so far.
    pub restarts: u32,
}

impl Slot {
    pub fn alive(&self) -> impl Iterator<Item = &Alive> {
        self.former.iter().chain([&self.now])
    }

    pub fn kill(&self) {
        self.alive().for_each(Alive::kill);
    }
}

impl Trial<'_> {
    /// Starts the first incarnation of each process and waits until it is ready.
    pub(crate) async fn start_processes(&mut self, kind: TrialKind) -> Result<(), EngineError> {
        for spec in &self.stage.pipeline.processes {
            let slot = Slot {
                spec: spec.clone(),
                now: self.begin(spec, 1)?,
                former: Vec::new(),
                restarts: 0,
            };
            self.slots.push(slot);
        }
        for slot in &self.slots {
            let ready = tokio::select! {
                ready = wait_ready(slot) => ready,
                // It stands still until another one works: that is what follows.
                () = self.director.second_owner_asked() => continue,
            };
            let by_fault = slot.now.life.ended_by_fault() || self.director.any_fired();
            match ready {
                Ok(()) => self.record_life(&slot.now.life, IncarnationState::Ready, None),
                // A fault at its start is what recovery is about.
                Err(_) if kind != TrialKind::Calibration && by_fault => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Starts incarnation `number` behind boundaries of its own.
    pub(crate) fn begin(&self, spec: &ProcessSpec, number: u32) -> Result<Alive, EngineError> {
        let life = Life::new(&spec.name, number);
        let mut values = self.open_boundaries(&life)?;
        values.extend(
            ports(spec).map_err(|error| {
                EngineError::Harness(format!("cannot find a free port: {error}"))
            })?,
        );
        let fill = |text: &str| fill(text, &values, &spec.name);
        let ready = match &spec.ready.when {
            ReadyWhen::Tcp(address) => ReadyWhen::Tcp(fill(address)?),
            ReadyWhen::Http(url) => ReadyWhen::Http(fill(url)?),
            other => other.clone(),
        };
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
            dir: spec.dir.clone(),
            user: None,
            stop: spec.stop.signal,
            output: self
                .stage
                .output_folder()
                .join(format!("t{}-{}-{number}.log", self.number, spec.name)),
            output_bytes: self.stage.pipeline.limits.output_bytes,
            ready: match &spec.ready.when {
                ReadyWhen::Log(text) => Some(text.clone()),
                ReadyWhen::FirstExchange | ReadyWhen::Tcp(_) | ReadyWhen::Http(_) => None,
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
                    tail: format!(
                        "\n    check `command`, and the folder it runs in{}",
                        in_dir(spec)
                    ),
                })?;
        let process = Arc::new(process);
        life.begin(process.clone());
        self.record_life(&life, IncarnationState::Started, None);
        Ok(Alive {
            life,
            process,
            ready,
            began: self.elapsed(),
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

    /// Replaces processes that have ended, and starts second owners. `Err` inside
    /// `Ok` says in words why one cannot be.
    pub(crate) async fn revive(&mut self) -> Result<Result<bool, String>, EngineError> {
        let mut changed = self.start_second_owners()? | self.bury_former();
        for i in 0..self.slots.len() {
            let Some(status) = self.slots[i].now.process.exited() else {
                continue;
            };
            changed = true;
            let slot = &self.slots[i];
            let (life, spec) = (slot.now.life.clone(), slot.spec.clone());
            self.record_end(&life, &status);
            if !life.ended_by_fault() {
                let restarts = slot.restarts + 1;
                if restarts > spec.restart.max {
                    let process = &slot.now.process;
                    process.drained(OUTPUT_WAIT).await;
                    let said = last_line(process.output())
                        .map_or(String::new(), |line| format!(", having said: {line}"));
                    return Ok(Err(format!(
                        "process {} ended by itself {restarts} times, last with {status}{said}",
                        spec.name
                    )));
                }
                self.slots[i].restarts = restarts;
                tokio::time::sleep(Duration::from_millis(spec.restart.delay_ms)).await;
            }
            self.release_dead().await;
            self.slots[i].now = self.begin(&spec, life.number + 1)?;
            self.ended.push(life);
        }
        Ok(Ok(changed))
    }

    fn record_end(&self, life: &Life, status: &str) {
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
        self.record_life(life, state, Some(status.into()));
    }

    /// Starts another instance beside each one that stands still for it.
    fn start_second_owners(&mut self) -> Result<bool, EngineError> {
        let mut started = false;
        for (process, number) in self.director.second_owners() {
            let first = |slot: &Slot| slot.spec.name == process && slot.now.life.number == number;
            let Some(i) = self.slots.iter().position(first) else {
                continue;
            };
            let next = self.begin(&self.slots[i].spec, number + 1)?;
            let first = std::mem::replace(&mut self.slots[i].now, next);
            self.slots[i].former.push(first);
            started = true;
        }
        Ok(started)
    }

    /// Former owners that have ended are not replaced: their successor is there.
    fn bury_former(&mut self) -> bool {
        let mut gone = Vec::new();
        for slot in &mut self.slots {
            gone.extend(
                slot.former
                    .extract_if(.., |alive| alive.process.exited().is_some()),
            );
        }
        for alive in &gone {
            let status = alive.process.exited().unwrap_or_default();
            self.record_end(&alive.life, &status);
        }
        let any = !gone.is_empty();
        self.ended.extend(gone.into_iter().map(|alive| alive.life));
        any
    }

    async fn release_dead(&self) {
        // The system is not told who of those it has seen is dead: while a former
        // owner lives, leases are waited for.
        let zombies = self.slots.iter().any(|slot| !slot.former.is_empty());
        if !self.stage.assist || zombies {
            return;
        }
        let all_dead = self.alive().all(|alive| alive.process.exited().is_some());
        for (name, scope) in &self.scopes {
            let Some(assist) = scope.assist() else {
                continue;
            };
            for what in assist.release_dead(all_dead).await {
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
        let exits = self.alive().map(|alive| Box::pin(alive.process.wait()));
        let _ = tokio::time::timeout(limit, futures::future::select_all(exits)).await;
    }

    /// Whether any process is at work or waits for a processor: then it is not at
    /// rest, however silent.
    pub(crate) fn is_running(&self) -> bool {
        self.alive().any(|alive| alive.process.is_running())
    }

    /// Whether any process has begun and sent nothing yet, within the time that it
    /// may take to be ready: it is not stuck, it is starting.
    pub(crate) fn is_starting(&self) -> bool {
        let now = self.elapsed();
        self.slots.iter().any(|slot| {
            let within = Duration::from_millis(slot.spec.ready.within_ms);
            slot.alive()
                .any(|alive| !alive.life.has_exchanged() && now < alive.began + within)
        })
    }

    /// Whether effects or acks of any incarnation are in flight.
    pub(crate) fn is_at_work(&self) -> bool {
        self.alive()
            .any(|alive| self.director.is_at_work(&alive.life))
    }

    /// Every incarnation that was started and has not been seen to end.
    pub(crate) fn alive(&self) -> impl Iterator<Item = &Alive> {
        self.slots.iter().flat_map(Slot::alive)
    }

    /// Stops every process by its own signal, then SIGKILL.
    pub(crate) async fn stop_gracefully(&self) {
        for alive in self.alive() {
            alive.process.terminate();
        }
        for slot in &self.slots {
            let grace = Duration::from_millis(slot.spec.stop.grace_ms);
            for alive in slot.alive() {
                if alive.process.wait_at_most(grace).await.is_none() {
                    alive.kill();
                    alive.process.wait_at_most(STOPPED).await;
                }
            }
        }
    }

    /// Ends every process and its boundaries.
    pub(crate) fn end_lives(&self, state: IncarnationState) {
        for alive in self.alive() {
            if alive.process.exited().is_none() {
                alive.kill();
            }
            self.record_life(&alive.life, state, None);
            alive.life.end_tasks();
        }
        for life in &self.ended {
            life.end_tasks();
        }
    }
}

fn in_dir(spec: &ProcessSpec) -> String {
    spec.dir
        .as_ref()
        .map_or(String::new(), |dir| format!(" ({dir})"))
}
