//! One incarnation, as its boundaries see it.

use super::Gate;
use crate::supervisor::Process;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::AbortHandle;

/// Who used a local port last. Ports belong to the machine, hence the static; there
/// are at most 65 536.
static PORT_OWNERS: Mutex<BTreeMap<u16, u64>> = Mutex::new(BTreeMap::new());
static SERIALS: AtomicU64 = AtomicU64::new(0);

/// How long a process that has just been started may be unknown.
const BEGIN_MAX: Duration = Duration::from_secs(5);

/// One life of a process between two deaths. Effects can be attributed to it
/// because its boundaries are its own.
#[derive(Debug)]
pub struct Life {
    /// Name of the process.
    pub process: String,
    /// Number of the incarnation, from 1.
    pub number: u32,
    /// Its gate.
    pub gate: Gate,
    /// Tells lives of all trials apart.
    serial: u64,
    handle: OnceLock<Arc<Process>>,
    begun: watch::Sender<bool>,
    ended_by_fault: AtomicBool,
    /// In milliseconds.
    disturbance: AtomicU64,
    first_exchange: watch::Sender<bool>,
    upstream_ports: Mutex<Vec<u16>>,
    tasks: Mutex<Vec<AbortHandle>>,
}

impl Life {
    /// A life that has not begun.
    pub fn new(process: &str, number: u32) -> Arc<Self> {
        Arc::new(Self {
            process: process.into(),
            number,
            gate: Gate::default(),
            serial: SERIALS.fetch_add(1, Ordering::Relaxed),
            handle: OnceLock::new(),
            begun: watch::Sender::new(false),
            ended_by_fault: AtomicBool::new(false),
            disturbance: AtomicU64::new(0),
            first_exchange: watch::Sender::new(false),
            upstream_ports: Mutex::new(Vec::new()),
            tasks: Mutex::new(Vec::new()),
        })
    }

    /// Gives it its process.
    pub fn begin(&self, process: Arc<Process>) {
        // A life has one process: a second call would be a bug of the caller.
        assert!(
            self.handle.set(process).is_ok(),
            "an incarnation begins once"
        );
        self.begun.send_replace(true);
    }

    /// Its process. One that was just started may be seen at a boundary before the
    /// harness has noted it: waits for that.
    pub async fn process(&self) -> Option<&Arc<Process>> {
        let mut begun = self.begun.subscribe();
        let noted = begun.wait_for(|begun| *begun);
        let _ = tokio::time::timeout(BEGIN_MAX, noted).await;
        self.handle()
    }

    /// Its process, once it has begun.
    pub fn handle(&self) -> Option<&Arc<Process>> {
        self.handle.get()
    }

    /// Says that its end is a fault's doing and no crash of its own.
    pub fn blame_fault(&self) {
        self.ended_by_fault.store(true, Ordering::SeqCst);
    }

    /// Notes that a fault struck one of its connections or leases: it may wait in
    /// memory for so long before it tries again, and say nothing meanwhile.
    pub fn disturb(&self, wait: Duration) {
        let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        self.disturbance.fetch_max(wait_ms, Ordering::SeqCst);
    }

    /// How long it may be silent and still have something to do; zero where no
    /// fault struck it.
    pub fn disturbance(&self) -> Duration {
        Duration::from_millis(self.disturbance.load(Ordering::SeqCst))
    }

    /// Whether its end is a fault's doing.
    pub fn ended_by_fault(&self) -> bool {
        self.ended_by_fault.load(Ordering::SeqCst)
    }

    /// Notes that an exchange was seen.
    pub fn saw_exchange(&self) {
        if !*self.first_exchange.borrow() {
            self.first_exchange.send_replace(true);
        }
    }

    /// Whether an exchange was seen on any of its boundaries.
    pub fn has_exchanged(&self) -> bool {
        *self.first_exchange.borrow()
    }

    /// Waits for the first exchange on any of its boundaries.
    pub async fn first_exchange(&self) {
        let _ = self.first_exchange.subscribe().wait_for(|seen| *seen).await;
    }

    /// Notes the local port of a connection to a system.
    pub fn add_upstream_port(&self, port: u16) {
        PORT_OWNERS
            .lock()
            .expect("no panic while held")
            .insert(port, self.serial);
        self.upstream_ports
            .lock()
            .expect("no panic while held")
            .push(port);
    }

    /// Local ports of its connections to systems, without those that another
    /// life uses by now: the kernel gives ports out again.
    pub fn upstream_ports(&self) -> Vec<u16> {
        let owners = PORT_OWNERS.lock().expect("no panic while held");
        let ports = self.upstream_ports.lock().expect("no panic while held");
        ports
            .iter()
            .copied()
            .filter(|port| owners.get(port) == Some(&self.serial))
            .collect()
    }

    /// Keeps a task that ends with the life.
    pub fn keep(&self, task: AbortHandle) {
        let mut tasks = self.tasks.lock().expect("no panic while held");
        // Short connections must not pile up.
        if tasks.len() >= 64 && tasks.len().is_power_of_two() {
            tasks.retain(|task| !task.is_finished());
        }
        tasks.push(task);
    }

    /// Ends all of its boundaries: listeners, connections, late deliveries.
    pub fn end_tasks(&self) {
        self.gate.close();
        for task in self.tasks.lock().expect("no panic while held").drain(..) {
            task.abort();
        }
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        self.end_tasks();
    }
}
