//! Applying a fault: which one does what, and when it counts as fired.

use super::exchange::ExchangeId;
use super::state::Director;
use crate::boundary::Life;
use exactly_model::{Fault, FaultKind, FaultState};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::watch;

/// How long a process that lost a connection may wait in memory before it tries
/// again. A backoff longer than this is out of bounds.
const RETRY: Duration = Duration::from_millis(400);
/// The same for a process that was told to try again: librdkafka doubles its wait
/// up to `retry.backoff.max.ms`, 1 s, and looks for what is due twice in that time.
const BACKOFF: Duration = Duration::from_millis(1_200);
/// The same for a process that lost a lease: it has to join again first.
const REJOIN: Duration = Duration::from_secs(1);

/// How long a path is dead where nothing says how long anybody waits.
const SILENCE: Duration = Duration::from_secs(2);

/// The fault that strikes an exchange, by its index in the schedule.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Strike(pub(super) usize);

/// Where a fault strikes.
#[derive(Clone, Copy)]
pub struct At<'a> {
    /// The incarnation.
    pub life: &'a Arc<Life>,
    /// The pipeline's name of the system.
    pub system: &'a str,
    /// The address that the connection leads to.
    pub upstream: &'a (String, u16),
    /// The exchange.
    pub id: ExchangeId,
    /// The fault.
    pub strike: Strike,
}

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
    /// Answer the request with an error in the system's name.
    Refuse,
    /// Pass an error on in the place of the reply.
    Replace,
    /// Pass on a part of the request, then reset the connection.
    Part,
    /// Reset the client's side; deliver the request once its retry was answered.
    Overtake,
    /// Drop what is on the connection for so long, then pass it on.
    Silence(Duration),
}

/// Counts a strike as in progress while it lives.
pub struct InProgress(Arc<AtomicUsize>);

impl InProgress {
    pub(super) fn of(counter: &Arc<AtomicUsize>) -> Self {
        counter.fetch_add(1, Ordering::SeqCst);
        Self(counter.clone())
    }
}

impl Drop for InProgress {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Director {
    /// Says that a fault is being applied until the answer is dropped.
    pub fn striking(&self) -> InProgress {
        InProgress::of(&self.in_progress)
    }

    pub(super) fn fault(&self, strike: Strike) -> Fault {
        self.state().faults[strike.0].fault.clone()
    }

    /// Writes down that the fault fired, before anything irrevocable is done.
    pub fn fire(&self, at: &At<'_>) {
        self.fire_upon(at, Vec::new());
    }

    /// The same, with what else it struck.
    pub fn fire_upon(&self, at: &At<'_>, also: Vec<String>) {
        let mut state = self.state();
        let armed = &mut state.faults[at.strike.0];
        armed.state = FaultState::Fired;
        armed.left = armed.left.saturating_sub(1);
        let struck = state
            .ledger
            .get(at.id)
            .map(|open| (open.point.clone(), open.incarnation));
        let mut collateral = also;
        for other in state.collateral(at.life, at.id) {
            if !collateral.contains(&other) {
                collateral.push(other);
            }
        }
        let fault = state.faults[at.strike.0].fault.clone();
        drop(state);
        if let Some(wait) = self.disturbance(&fault) {
            at.life.disturb(wait);
        }
        self.record_fault(at.strike.0, &fault, FaultState::Fired, struck, collateral);
    }

    /// How long the process may be silent after the fault and still have
    /// something to do.
    pub(super) fn disturbance(&self, fault: &Fault) -> Option<Duration> {
        match fault.kind {
            FaultKind::DropRequest
            | FaultKind::DropReply
            | FaultKind::DelayReply
            | FaultKind::HoldAndOvertake
            | FaultKind::ApplyPart
            | FaultKind::KillSystem
            | FaultKind::RestartSystem
            | FaultKind::PauseSystem => Some(RETRY),
            FaultKind::ErrorBefore | FaultKind::ErrorAfter => Some(BACKOFF),
            // Whoever was not heard for long is asked again after as long.
            FaultKind::Blackhole => Some(BACKOFF * 2),
            FaultKind::SecondOwner => Some(REJOIN),
            FaultKind::Freeze | FaultKind::SlowHandler => self.terms.lease().map(|_| REJOIN),
            FaultKind::Kill
            | FaultKind::KillDeliverLate
            | FaultKind::Terminate
            | FaultKind::Hold
            | FaultKind::ExpireHorizon
            | FaultKind::Replay => None,
        }
    }

    /// How long the path is dead: longer than the client waits, where that is known.
    fn silent_for(&self, at: &At<'_>, fault: &Fault) -> Duration {
        let timeout = self.terms.client_timeouts.get(at.system);
        let patience = timeout.map(|timeout| *timeout * 2);
        let said = self.outlasting(fault);
        said.or(patience).unwrap_or(SILENCE)
    }

    pub(super) fn miss(&self, strike: Strike) {
        self.state().faults[strike.0].miss();
    }

    /// The fault cannot be applied here, and the run says why.
    pub fn miss_because(&self, strike: Strike, why: &str) {
        let mut state = self.state();
        state.faults[strike.0].miss();
        let fault = state.faults[strike.0].fault.clone();
        drop(state);
        self.remark(&format!("{fault}: missed, {why}"));
    }

    /// Applies a fault whose phase is before: the request is in our hands.
    /// `client_left` comes when the client has closed its side meanwhile.
    pub async fn before(&self, at: &At<'_>, client_left: impl Future<Output = ()>) -> Act {
        let _in_progress = self.striking();
        let fault = self.fault(at.strike);
        match fault.kind {
            FaultKind::Kill => self.kill(at, fault.others).await,
            FaultKind::KillDeliverLate => {
                self.successors.wait_for_one();
                self.state().faults[at.strike.0].late_due = true;
                self.kill(at, None).await;
                Act::Late
            }
            FaultKind::Terminate => self.terminate(at, &fault).await,
            FaultKind::DropRequest => {
                self.fire(at);
                Act::Reset
            }
            FaultKind::Hold => self.hold(at).await,
            FaultKind::SlowHandler => self.slow_handler(at, &fault, client_left).await,
            FaultKind::HoldAndOvertake => Act::Overtake,
            FaultKind::Blackhole => Act::Silence(self.silent_for(at, &fault)),
            FaultKind::ErrorBefore => Act::Refuse,
            FaultKind::ApplyPart => Act::Part,
            FaultKind::KillSystem | FaultKind::RestartSystem | FaultKind::PauseSystem => {
                self.outage(at, &fault).await
            }
            FaultKind::Freeze
            | FaultKind::DropReply
            | FaultKind::DelayReply
            | FaultKind::SecondOwner
            | FaultKind::ErrorAfter
            | FaultKind::ExpireHorizon
            | FaultKind::Replay => Act::Forward,
        }
    }

    /// Applies a fault whose phase is after: the reply is in our hands.
    pub async fn after(&self, at: &At<'_>, client_gone: &watch::Sender<bool>) -> Act {
        let _in_progress = self.striking();
        let fault = self.fault(at.strike);
        let act = match fault.kind {
            FaultKind::Kill => self.kill(at, fault.others).await,
            FaultKind::Terminate => self.terminate(at, &fault).await,
            FaultKind::DropReply => {
                self.fire(at);
                Act::Reset
            }
            FaultKind::DelayReply => self.delay(at, &fault, client_gone).await,
            FaultKind::Freeze => self.freeze(at, &fault).await,
            FaultKind::SecondOwner => self.second_owner(at, &fault).await,
            FaultKind::ErrorAfter => Act::Replace,
            FaultKind::Blackhole => Act::Silence(self.silent_for(at, &fault)),
            FaultKind::ExpireHorizon => self.expire_horizon(at).await,
            FaultKind::KillSystem | FaultKind::RestartSystem | FaultKind::PauseSystem => {
                self.outage(at, &fault).await
            }
            FaultKind::KillDeliverLate
            | FaultKind::DropRequest
            | FaultKind::Hold
            | FaultKind::SlowHandler
            | FaultKind::HoldAndOvertake
            | FaultKind::ErrorBefore
            | FaultKind::ApplyPart
            | FaultKind::Replay => Act::Forward,
        };
        if !matches!(act, Act::Forward | Act::Replace | Act::Silence(_)) {
            self.withheld(at.id);
        }
        act
    }
}
