//! Applying a fault.

use super::exchange::ExchangeId;
use super::state::{self, Director};
use crate::boundary::{Cut, Life};
use exactly_model::{Fault, FaultKind, FaultState, Others};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::watch;

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
/// How long an exchange that a hold waits for gives the held one to arrive.
const HOLD_IN_PLACE: Duration = Duration::from_millis(500);
/// A freeze that names no duration.
const FREEZE: Duration = Duration::from_millis(150);

/// The fault that strikes an exchange, by its index in the schedule.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Strike(pub(super) usize);

/// What the boundary is to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Act {
    /// Pass it on.
    Forward,
    /// Drop it; the incarnation is dead.
    Discard,
    /// Drop it and reset the connection.
    Reset,
    /// Deliver it once the successor has been seen.
    Late,
}

/// Counts a strike as in progress while it lives.
struct InProgress(Arc<AtomicUsize>);

impl InProgress {
    fn new(director: &Director) -> Self {
        director.in_progress.fetch_add(1, Ordering::SeqCst);
        Self(director.in_progress.clone())
    }
}

impl Drop for InProgress {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Director {
    fn fault(&self, strike: Strike) -> Fault {
        self.state().faults[strike.0].fault.clone()
    }

    /// Writes down that the fault fired, before anything irrevocable is done.
    fn fire(&self, strike: Strike, life: &Life, id: ExchangeId) {
        let mut state = self.state();
        state.faults[strike.0].state = FaultState::Fired;
        let struck = state
            .ledger
            .get(id)
            .map(|open| (open.point.clone(), open.incarnation));
        let collateral = state.collateral(life, id);
        let fault = state.faults[strike.0].fault.clone();
        drop(state);
        if matches!(
            fault.kind,
            FaultKind::DropRequest | FaultKind::DropReply | FaultKind::DelayReply
        ) {
            life.disturb();
        }
        self.record_fault(strike.0, &fault, FaultState::Fired, struck, collateral);
    }

    fn miss(&self, strike: Strike) {
        self.state().faults[strike.0].state = FaultState::Missed;
    }

    /// Applies a fault whose phase is before: the request is in our hands.
    pub async fn before(&self, life: &Arc<Life>, id: ExchangeId, strike: Strike) -> Act {
        let _in_progress = InProgress::new(self);
        let fault = self.fault(strike);
        match fault.kind {
            FaultKind::Kill => self.kill(life, id, strike, fault.others).await,
            FaultKind::KillDeliverLate => {
                self.successors.wait_for_one();
                self.state().faults[strike.0].late_due = true;
                self.kill(life, id, strike, None).await;
                Act::Late
            }
            FaultKind::Terminate => self.terminate(life, id, strike, &fault).await,
            FaultKind::DropRequest => {
                self.fire(strike, life, id);
                Act::Reset
            }
            FaultKind::Hold => self.hold(life, id, strike).await,
            _ => Act::Forward,
        }
    }

    /// Applies a fault whose phase is after: the reply is in our hands.
    pub async fn after(
        &self,
        life: &Arc<Life>,
        id: ExchangeId,
        strike: Strike,
        client_gone: &watch::Sender<bool>,
    ) -> Act {
        let _in_progress = InProgress::new(self);
        let fault = self.fault(strike);
        let act = match fault.kind {
            FaultKind::Kill => self.kill(life, id, strike, fault.others).await,
            FaultKind::Terminate => self.terminate(life, id, strike, &fault).await,
            FaultKind::DropReply => {
                self.fire(strike, life, id);
                Act::Reset
            }
            FaultKind::DelayReply => self.delay(life, id, strike, &fault, client_gone).await,
            FaultKind::Freeze => self.freeze(life, id, strike, &fault).await,
            _ => Act::Forward,
        };
        if act != Act::Forward {
            self.withheld(id);
        }
        act
    }

    /// Closes the gate of all boundaries, writes it down, then kills.
    async fn kill(
        &self,
        life: &Life,
        id: ExchangeId,
        strike: Strike,
        others: Option<Others>,
    ) -> Act {
        let process = life.process().await;
        if let Some(others) = others {
            self.cut_others(life, id, others).await;
        }
        life.blame_fault();
        life.gate.close();
        self.fire(strike, life, id);
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
    async fn terminate(
        &self,
        life: &Arc<Life>,
        id: ExchangeId,
        strike: Strike,
        fault: &Fault,
    ) -> Act {
        let Some(process) = life.process().await.cloned() else {
            return Act::Forward;
        };
        life.blame_fault();
        self.fire(strike, life, id);
        let peek = if process.dies_of_sigterm() {
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
        let in_progress = InProgress::new(self);
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

    /// Waits until the hold that waits for this exchange has its own in hand.
    pub async fn hold_in_place(&self, life: &Life, id: ExchangeId) {
        let _in_progress = InProgress::new(self);
        tokio::select! {
            () = self.until(|state| (!state.hold_lacks(id)).then_some(())) => {}
            () = life.gate.closed() => {}
            () = tokio::time::sleep(HOLD_IN_PLACE) => {}
        }
    }

    /// Holds the request until the other exchange was answered.
    async fn hold(&self, life: &Life, id: ExchangeId, strike: Strike) -> Act {
        let released = self.until(|state| state.faults[strike.0].released.then_some(()));
        tokio::select! {
            biased;
            () = life.gate.closed() => {
                // Killed while it was held: that is what a directed schedule wants.
                // The end of the trial, or a crash, is not.
                if life.ended_by_fault() {
                    self.fire(strike, life, id);
                }
                Act::Discard
            }
            () = released => {
                self.fire(strike, life, id);
                Act::Forward
            }
            () = tokio::time::sleep(self.terms.hold_max) => {
                self.miss(strike);
                Act::Forward
            }
        }
    }

    /// Holds the reply past the client's timeout. It counts as fired only when
    /// the client closed, or asked again, before the reply went out.
    async fn delay(
        &self,
        life: &Life,
        id: ExchangeId,
        strike: Strike,
        fault: &Fault,
        client_gone: &watch::Sender<bool>,
    ) -> Act {
        let Some(asked) = self.state().ledger.get(id).map(|open| open.point.clone()) else {
            return Act::Forward;
        };
        let Some(timeout) = self.terms.client_timeouts.get(&asked.system).copied() else {
            return Act::Forward;
        };
        let asked_again = self.until(|state| {
            // Without ids in sight a neighbour's statement would look the same.
            let again = !asked.ids.is_empty()
                && state.ledger.observed().iter().rev().take(64).any(|seen| {
                    seen.incarnation == life.number
                        && seen.point.nth > asked.nth
                        && seen.point.operation == asked.operation
                        && seen.point.target == asked.target
                        && seen.point.ids == asked.ids
                        && seen.point.process == asked.process
                        && seen.point.system == asked.system
                });
            again.then_some(())
        });
        let mut gone = client_gone.subscribe();
        // Generous: on a busy machine a client gives up late, and only one that never
        // does makes us wait so long.
        let limit = timeout * 3 + Duration::from_millis(500);
        let limit = fault.duration_ms.map_or(limit, Duration::from_millis);
        tokio::select! {
            biased;
            () = life.gate.closed() => return Act::Discard,
            _ = gone.wait_for(|gone| *gone) => {
                if let Some(open) = self.state().ledger.get_mut(id) {
                    open.client_left = true;
                }
                self.fire(strike, life, id);
            }
            () = asked_again => self.fire(strike, life, id),
            () = tokio::time::sleep(limit) => self.miss(strike),
        }
        Act::Forward
    }

    /// SIGSTOP, a while, SIGCONT; then the reply goes out.
    async fn freeze(&self, life: &Life, id: ExchangeId, strike: Strike, fault: &Fault) -> Act {
        let Some(process) = life.process().await.cloned() else {
            return Act::Forward;
        };
        self.fire(strike, life, id);
        process.freeze();
        let duration = fault.duration_ms.map_or(FREEZE, Duration::from_millis);
        tokio::time::sleep(duration).await;
        process.thaw();
        Act::Forward
    }
}
