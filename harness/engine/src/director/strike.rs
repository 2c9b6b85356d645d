//! Applying a fault.

use super::{Act, Director, ExchangeId, FaultState, Strike};
use crate::boundary::{Cut, Life};
use exactly_model::{Fault, FaultKind, Others};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::watch;

/// How long a process that got SIGTERM may take to die before the exchange that
/// was held for it goes on.
const TERMINATE_PEEK: Duration = Duration::from_millis(30);
/// How long other exchanges in flight get to arrive at a cut.
const CUT_ARRIVE: Duration = Duration::from_millis(15);
/// How long the others of a cut get to be applied.
const CUT_APPLY: Duration = Duration::from_millis(500);
/// How long an exchange that a hold waits for gives the held one to arrive.
const HOLD_IN_PLACE: Duration = Duration::from_millis(500);
/// A freeze that names no duration.
const FREEZE: Duration = Duration::from_millis(150);

/// Counts a strike as in progress while it lives.
struct InProgress<'a>(&'a AtomicUsize);

impl<'a> InProgress<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for InProgress<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Director {
    fn fault(&self, strike: Strike) -> Fault {
        self.state().faults[strike.0].fault.clone()
    }

    /// Writes down that the fault fired, before anything irrevocable is done.
    fn fire(&self, strike: Strike, id: ExchangeId) {
        let mut state = self.state();
        state.faults[strike.0].state = FaultState::Fired;
        let (point, incarnation) = match state.ledger.get(id) {
            Some(open) => (Some(open.point.clone()), Some(open.incarnation)),
            None => (None, None),
        };
        let collateral = state.ledger.others(id).into_iter().map(|(_, label)| label).collect();
        let fault = state.faults[strike.0].fault.clone();
        drop(state);
        self.record_fault(strike.0, &fault, FaultState::Fired, point, incarnation, collateral);
    }

    fn miss(&self, strike: Strike) {
        self.state().faults[strike.0].state = FaultState::Missed;
    }

    /// Applies a fault whose phase is before: the request is in our hands.
    pub async fn before(&self, life: &Life, id: ExchangeId, strike: Strike) -> Act {
        let _in_progress = InProgress::new(&self.in_progress);
        let fault = self.fault(strike);
        match fault.kind {
            FaultKind::Kill => self.kill(life, id, strike, fault.others).await,
            FaultKind::KillDeliverLate => {
                self.late_waits.store(true, Ordering::SeqCst);
                self.state().faults[strike.0].late_due = true;
                self.kill(life, id, strike, None).await;
                Act::Late
            }
            FaultKind::Terminate => self.terminate(life, id, strike).await,
            FaultKind::DropRequest => {
                self.fire(strike, id);
                Act::Reset
            }
            FaultKind::Hold => self.hold(life, id, strike).await,
            FaultKind::Freeze | FaultKind::DropReply | FaultKind::DelayReply => Act::Forward,
        }
    }

    /// Applies a fault whose phase is after: the reply is in our hands.
    pub async fn after(
        &self,
        life: &Life,
        id: ExchangeId,
        strike: Strike,
        client_gone: &watch::Sender<bool>,
    ) -> Act {
        let _in_progress = InProgress::new(&self.in_progress);
        let fault = self.fault(strike);
        let act = match fault.kind {
            FaultKind::Kill => self.kill(life, id, strike, fault.others).await,
            FaultKind::Terminate => self.terminate(life, id, strike).await,
            FaultKind::DropReply => {
                self.fire(strike, id);
                Act::Reset
            }
            FaultKind::DelayReply => self.delay(life, id, strike, client_gone).await,
            FaultKind::Freeze => self.freeze(life, id, strike, &fault).await,
            FaultKind::Hold | FaultKind::DropRequest | FaultKind::KillDeliverLate => Act::Forward,
        };
        if act != Act::Forward {
            self.withheld(id);
        }
        act
    }

    /// Closes the gate of all boundaries, writes it down, then kills.
    async fn kill(&self, life: &Life, id: ExchangeId, strike: Strike, others: Option<Others>) -> Act {
        if let Some(others) = others {
            self.cut_others(life, id, others).await;
        }
        life.gate.close();
        life.blame_fault();
        self.fire(strike, id);
        if let Some(process) = life.handle() {
            process.kill();
        }
        Act::Discard
    }

    /// With several exchanges in flight a crash is a cut: brings the others
    /// where the schedule wants them. What had reached the system before cannot
    /// be called back; the record says so.
    async fn cut_others(&self, life: &Life, id: ExchangeId, others: Others) {
        life.gate.set_cut(Cut::Parking);
        tokio::time::sleep(CUT_ARRIVE).await;
        if others == Others::Dropped {
            return;
        }
        life.gate.set_cut(Cut::Releasing);
        let all_applied = async {
            let mut changes = self.changes.subscribe();
            loop {
                let waiting = {
                    let state = self.state();
                    state
                        .ledger
                        .others(id)
                        .iter()
                        .any(|(other, _)| state.ledger.get(*other).is_some_and(|o| !o.replied))
                };
                if !waiting || changes.changed().await.is_err() {
                    return;
                }
            }
        };
        let _ = tokio::time::timeout(CUT_APPLY, all_applied).await;
    }

    /// SIGTERM now; the exchange goes on if the process outlives the signal for a
    /// moment. SIGKILL when the grace period is over.
    async fn terminate(&self, life: &Life, id: ExchangeId, strike: Strike) -> Act {
        let Some(process) = life.handle().cloned() else { return Act::Forward };
        life.blame_fault();
        self.fire(strike, id);
        process.terminate();
        if process.wait_at_most(TERMINATE_PEEK).await.is_some() {
            life.gate.close();
            return Act::Discard;
        }
        let grace = self.terms.graces.get(&life.process).copied().unwrap_or_default();
        let gate_closer = process.clone();
        tokio::spawn(async move {
            if gate_closer.wait_at_most(grace).await.is_none() {
                gate_closer.kill();
            }
        });
        Act::Forward
    }

    /// Waits until the hold that waits for this exchange has its own in hand.
    pub async fn hold_in_place(&self, life: &Life, id: ExchangeId) {
        let _in_progress = InProgress::new(&self.in_progress);
        let in_place = async {
            let mut changes = self.changes.subscribe();
            while self.state().hold_lacks(id) && changes.changed().await.is_ok() {}
        };
        tokio::select! {
            () = in_place => {}
            () = life.gate.closed() => {}
            () = tokio::time::sleep(HOLD_IN_PLACE) => {}
        }
    }

    /// Holds the request until the other exchange was answered.
    async fn hold(&self, life: &Life, id: ExchangeId, strike: Strike) -> Act {
        let released = async {
            let mut changes = self.changes.subscribe();
            loop {
                if self.state().faults[strike.0].released {
                    return;
                }
                if changes.changed().await.is_err() {
                    return;
                }
            }
        };
        tokio::select! {
            // Killed while it was held: that is what a directed schedule wants.
            biased;
            () = life.gate.closed() => {
                self.fire(strike, id);
                Act::Discard
            }
            () = released => {
                self.fire(strike, id);
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
        client_gone: &watch::Sender<bool>,
    ) -> Act {
        let (system, asked) = match self.state().ledger.get(id) {
            Some(open) => (open.point.system.clone(), open.point.clone()),
            None => return Act::Forward,
        };
        let Some(timeout) = self.terms.client_timeouts.get(&system).copied() else {
            return Act::Forward;
        };
        let asked_again = async {
            let mut changes = self.changes.subscribe();
            loop {
                let again = self.state().ledger.observed().iter().rev().take(64).any(|seen| {
                    seen.incarnation == life.number
                        && seen.point.nth > asked.nth
                        && seen.point.operation == asked.operation
                        && seen.point.target == asked.target
                        && seen.point.ids == asked.ids
                });
                if again || changes.changed().await.is_err() {
                    return;
                }
            }
        };
        let mut gone = client_gone.subscribe();
        let limit = timeout + timeout / 2 + Duration::from_millis(300);
        tokio::select! {
            _ = gone.wait_for(|gone| *gone) => self.fire(strike, id),
            () = asked_again => self.fire(strike, id),
            () = life.gate.closed() => self.fire(strike, id),
            () = tokio::time::sleep(limit) => self.miss(strike),
        }
        Act::Forward
    }

    /// SIGSTOP, a while, SIGCONT; then the reply goes out.
    async fn freeze(&self, life: &Life, id: ExchangeId, strike: Strike, fault: &Fault) -> Act {
        let Some(process) = life.handle().cloned() else { return Act::Forward };
        self.fire(strike, id);
        process.freeze();
        let duration = fault.duration_ms.map_or(FREEZE, Duration::from_millis);
        tokio::time::sleep(duration).await;
        process.thaw();
        Act::Forward
    }
}
