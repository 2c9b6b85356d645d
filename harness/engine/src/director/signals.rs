//! Faults of the process: kill, terminate, freeze.

use super::exchange::ExchangeId;
use super::state::{self, Director};
use super::strike::{Act, At};
use crate::boundary::{Cut, Life};
use crate::supervisor::Process;
use exactly_model::{Fault, Others};
use std::sync::Arc;
use std::time::Duration;

/// How long a process that handles SIGTERM may take to die of it before the
/// exchange that was held for it goes on.
const TERMINATE_PEEK: Duration = Duration::from_millis(30);
/// How long the kernel may take, on a busy machine, to end a process that a
/// signal is sure to end.
const DEATH: Duration = Duration::from_secs(5);
/// How long other exchanges in flight get to arrive at a cut.
const CUT_ARRIVE: Duration = Duration::from_millis(15);
/// How long the others of a cut get to be applied.
const CUT_APPLY: Duration = Duration::from_millis(500);
/// A freeze that names no duration, where there is no lease to outlive.
const FREEZE: Duration = Duration::from_millis(150);

/// A process that stands still while this lives, whatever becomes of who froze
/// it.
pub(super) struct Frozen(Arc<Process>);

impl Frozen {
    pub fn new(process: Arc<Process>) -> Self {
        process.freeze();
        Self(process)
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        self.0.thaw();
    }
}

impl Director {
    /// Closes the gate of all boundaries, writes it down, then kills.
    pub(super) async fn kill(&self, at: &At<'_>, others: Option<Others>) -> Act {
        let life = at.life;
        let process = life.process().await;
        if let Some(others) = others {
            self.cut_others(life, at.id, others).await;
        }
        life.blame_fault();
        life.gate.close();
        self.fire(at);
        if let Some(process) = process {
            process.kill();
        }
        Act::Discard
    }

    /// With several exchanges in flight a crash is a cut: brings the others
    /// where the schedule wants them. What had reached the system before cannot
    /// be called back; the record says so.
    async fn cut_others(&self, life: &Life, id: ExchangeId, others: Others) {
        self.state().cut = Some(state::Cut {
            process: life.process.clone(),
            incarnation: life.number,
            ended: Default::default(),
        });
        life.gate.set_cut(Cut::Parking);
        tokio::time::sleep(CUT_ARRIVE).await;
        if others == Others::Dropped {
            return;
        }
        life.gate.set_cut(Cut::Releasing);
        let all_applied = self.until(|state| {
            let waits = state.ledger.awaits_others(&life.process, life.number, id);
            (!waits).then_some(())
        });
        let _ = tokio::time::timeout(CUT_APPLY, all_applied).await;
    }

    /// SIGTERM now; the exchange goes on if the process outlives the signal for a
    /// moment. SIGKILL when the grace period is over.
    pub(super) async fn terminate(&self, at: &At<'_>, fault: &Fault) -> Act {
        let life = at.life;
        let Some(process) = life.process().await.cloned() else {
            return Act::Forward;
        };
        life.blame_fault();
        self.fire(at);
        let peek = if process.dies_of_stop_signal() {
            DEATH
        } else {
            TERMINATE_PEEK
        };
        process.terminate();
        if process.wait_at_most(peek).await.is_some() {
            life.gate.close();
            return Act::Discard;
        }
        let declared = self
            .terms
            .graces
            .get(&life.process)
            .copied()
            .unwrap_or_default();
        let grace = fault.duration_ms.map_or(declared, Duration::from_millis);
        // The fault is being applied until the process is gone.
        let in_progress = self.striking();
        let ended = life.clone();
        let grace = tokio::spawn(async move {
            if process.wait_at_most(grace).await.is_none() {
                ended.gate.close();
                process.kill();
                process.wait_at_most(DEATH).await;
            }
            drop(in_progress);
        });
        life.keep(grace.abort_handle());
        Act::Forward
    }

    /// SIGSTOP, a while, SIGCONT; then the reply goes out.
    pub(super) async fn freeze(&self, at: &At<'_>, fault: &Fault) -> Act {
        let Some(process) = at.life.process().await.cloned() else {
            return Act::Forward;
        };
        self.fire(at);
        let frozen = Frozen::new(process);
        tokio::time::sleep(self.outlasting(fault).unwrap_or(FREEZE)).await;
        drop(frozen);
        Act::Forward
    }

    /// How long the fault lasts: as it says, or longer than every lease.
    pub(super) fn outlasting(&self, fault: &Fault) -> Option<Duration> {
        let said = fault.duration_ms.map(Duration::from_millis);
        said.or_else(|| self.terms.past_leases())
    }
}
