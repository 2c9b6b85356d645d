//! Faults of the system: a node is killed, stopped or paused, and mended.
//!
//! What is broken is mended by a task of its own, whatever becomes of the
//! connection that the fault struck: no outage outlives its trial.

use super::state::Director;
use super::strike::{Act, At, InProgress};
use crate::EngineError;
use crate::clock::Clock;
use exactly_adapter::{Control, StartError};
use exactly_model::{Fault, FaultKind, Nodes};
use futures::future::{join_all, try_join_all};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// How long a node that was killed stays away before it is started again.
const AWAY: Duration = Duration::from_millis(300);
/// How long a node is paused where the fault does not say.
const PAUSE: Duration = Duration::from_secs(2);
/// How long mending may take before the harness gives up: longer than systems
/// take until they say why they cannot.
const MEND_MAX: Duration = Duration::from_secs(180);

/// The outages of a trial.
#[derive(Default)]
pub(super) struct Outages {
    tasks: Mutex<Vec<JoinHandle<()>>>,
    tally: Arc<Tally>,
}

#[derive(Default)]
struct Tally {
    in_progress: AtomicUsize,
    ever: AtomicUsize,
    longest_ms: AtomicU64,
    failed: Mutex<Option<StartError>>,
}

/// One outage, from the blow to the end of mending.
struct Outage {
    kind: FaultKind,
    control: Arc<dyn Control>,
    nodes: Vec<u32>,
    pause: Duration,
    tally: Arc<Tally>,
    clock: Clock,
    _in_progress: InProgress,
}

impl Outage {
    async fn run(self, is_down: oneshot::Sender<()>) {
        let began_ns = self.clock.mono_ns();
        self.strike().await;
        // Nobody listens any more when the connection broke: it is down all the same.
        let _ = is_down.send(());
        if let Err(error) = self.mend().await {
            let mut failed = self.tally.failed.lock().expect("no panic while held");
            failed.get_or_insert(error);
        }
        let lasted_ms = (self.clock.mono_ns() - began_ns) / 1_000_000;
        self.tally.longest_ms.fetch_max(lasted_ms, Ordering::SeqCst);
        self.tally.in_progress.fetch_sub(1, Ordering::SeqCst);
    }

    async fn strike(&self) {
        let control = &self.control;
        let strikes = self.nodes.iter().map(async |node| match self.kind {
            FaultKind::KillSystem => control.kill(*node).await,
            FaultKind::RestartSystem => control.stop(*node).await,
            _ => control.pause(*node).await,
        });
        join_all(strikes).await;
    }

    async fn mend(&self) -> Result<(), StartError> {
        let control = &self.control;
        if self.kind == FaultKind::PauseSystem {
            tokio::time::sleep(self.pause).await;
            join_all(self.nodes.iter().map(|node| control.resume(*node))).await;
            return control.healed().await;
        }
        if self.kind == FaultKind::KillSystem {
            tokio::time::sleep(AWAY).await;
        }
        // At once: none of them may be able to serve before the others are back.
        try_join_all(self.nodes.iter().map(|node| control.start(*node))).await?;
        control.healed().await
    }
}

impl Director {
    /// Breaks nodes of the system that the exchange goes to. What breaks with the
    /// node that serves it is not passed on.
    pub(super) async fn outage(&self, at: &At<'_>, fault: &Fault) -> Act {
        let Some(control) = self.terms.controls.get(at.system).cloned() else {
            let why = format!("the harness has no hold on the nodes of {}", at.system);
            self.miss_because(at.strike, &why);
            return Act::Forward;
        };
        let serving = control.at(&at.upstream.0, at.upstream.1);
        let mut nodes = match fault.nodes.unwrap_or_default() {
            Nodes::Serving => Vec::from_iter(serving),
            Nodes::All => control.nodes(),
            Nodes::Node(node) => vec![node],
        };
        nodes.retain(|node| control.nodes().contains(node));
        if nodes.is_empty() {
            let why = format!("{} has no such node", at.system);
            self.miss_because(at.strike, &why);
            return Act::Forward;
        }
        let breaks =
            fault.kind != FaultKind::PauseSystem && serving.is_some_and(|n| nodes.contains(&n));
        let (sender, is_down) = oneshot::channel();
        self.begin(at, fault, control, nodes, sender);
        if !breaks {
            // Held for as long as another node takes to stop, it would come after
            // what the client does next.
            return Act::Forward;
        }
        let _ = is_down.await;
        Act::Reset
    }

    fn begin(
        &self,
        at: &At<'_>,
        fault: &Fault,
        control: Arc<dyn Control>,
        nodes: Vec<u32>,
        is_down: oneshot::Sender<()>,
    ) {
        // Taken first: whoever waits for the end of all outages finds this one once
        // it has fired.
        let mut tasks = self.outages.tasks.lock().expect("no panic while held");
        let broken = nodes.iter().map(|n| format!("node {n} of {}", at.system));
        self.fire_upon(at, broken.collect());
        let tally = self.outages.tally.clone();
        tally.ever.fetch_add(1, Ordering::SeqCst);
        tally.in_progress.fetch_add(1, Ordering::SeqCst);
        let outage = Outage {
            kind: fault.kind,
            control,
            nodes,
            pause: fault.duration_ms.map_or(PAUSE, Duration::from_millis),
            tally,
            clock: self.recorder.clock(),
            _in_progress: self.striking(),
        };
        tasks.push(tokio::spawn(outage.run(is_down)));
    }

    /// Whether nodes are away, or not yet mended.
    pub fn is_outage(&self) -> bool {
        self.outages.tally.in_progress.load(Ordering::SeqCst) > 0
    }

    /// The longest outage so far, once there was one. A client that doubles its
    /// waits may sleep for as long again.
    pub fn outage_lasted(&self) -> Option<Duration> {
        let tally = &self.outages.tally;
        (tally.ever.load(Ordering::SeqCst) > 0)
            .then(|| Duration::from_millis(tally.longest_ms.load(Ordering::SeqCst)))
    }

    /// What could not be mended, once: nothing that follows is evidence.
    pub fn mending_failed(&self) -> Result<(), EngineError> {
        let mut failed = self
            .outages
            .tally
            .failed
            .lock()
            .expect("no panic while held");
        failed.take().map_or(Ok(()), |error| Err(error.into()))
    }

    /// Waits until everything is mended.
    pub async fn mended(&self) -> Result<(), EngineError> {
        let tasks = std::mem::take(&mut *self.outages.tasks.lock().expect("no panic while held"));
        for mut task in tasks {
            let ended = tokio::time::timeout(MEND_MAX, &mut task).await;
            if !matches!(ended, Ok(Ok(()))) {
                task.abort();
                return Err(EngineError::Harness(format!(
                    "the nodes of a system were not mended within {MEND_MAX:?}; see its output in \
                     the run's folder"
                )));
            }
        }
        self.mending_failed()
    }

    /// Leaves nodes as they are: the run ends, and its systems with it.
    pub fn stop_mending(&self) {
        for task in self
            .outages
            .tasks
            .lock()
            .expect("no panic while held")
            .drain(..)
        {
            task.abort();
        }
    }
}
