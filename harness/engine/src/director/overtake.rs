//! hold-and-overtake: a request is on its way for so long that its own retry, on
//! another connection, comes first.

use super::exchange::ExchangeId;
use super::ledger::{Open, selects};
use super::state::{Armed, Director, State};
use super::strike::At;
use exactly_model::{FaultKind, Outcome};

impl Armed {
    /// Whether exchange `id` is what a request that was overtaken waits for: its
    /// retry, or the one that the schedule names.
    pub fn is_overtaken_by(&self, held: Option<&Open>, id: ExchangeId, open: &Open) -> bool {
        let (Some(held), Some(held_id)) = (held, self.reserved) else {
            return false;
        };
        if self.fault.kind != FaultKind::HoldAndOvertake || !self.late_due || id <= held_id {
            return false;
        }
        match &self.fault.until {
            Some(until) => selects(until, open),
            None => is_retry(held, open),
        }
    }
}

/// One that was refused is asked again: it has overtaken nothing.
fn is_retry(held: &Open, open: &Open) -> bool {
    open.outcome != Outcome::Fail
        && held.incarnation == open.incarnation
        && held.point.process == open.point.process
        && held.point.system == open.point.system
        && held.point.operation == open.point.operation
        && held.point.target == open.point.target
        && held.point.ids == open.point.ids
}

impl State {
    /// Whether a request of the incarnation was overtaken and has still to be
    /// delivered or answered.
    pub fn overtaken_is_out(&self, process: &str, incarnation: u32) -> bool {
        self.faults.iter().any(|armed| {
            let held = armed.reserved.and_then(|id| self.ledger.get(id));
            armed.fault.kind == FaultKind::HoldAndOvertake
                && armed.released
                && held.is_some_and(|held| {
                    (armed.late_due || held.late)
                        && held.point.process == process
                        && held.incarnation == incarnation
                })
        })
    }
}

impl Director {
    /// The client's connection is about to be reset while its request stays in
    /// our hands. Answers what else is in flight.
    pub fn hold_back(&self, at: &At<'_>) -> Vec<String> {
        self.successors.wait_for_one();
        let mut state = self.state();
        state.faults[at.strike.0].late_due = true;
        if let Some(held) = state.ledger.get_mut(at.id) {
            held.held_back = true;
            let struck = (held.point.clone(), held.incarnation);
            state.faults[at.strike.0].held = Some(struck);
        }
        let collateral = state.collateral(at.life, at.id);
        drop(state);
        if let Some(wait) = self.disturbance(&self.fault(at.strike)) {
            at.life.disturb(wait);
        }
        collateral
    }

    /// Waits until the request was overtaken. `false`: not within the limit.
    pub async fn overtaken(&self, at: &At<'_>) -> bool {
        let released = self.until(|state| state.faults[at.strike.0].released.then_some(()));
        let limit = self.terms.hold_max;
        tokio::select! {
            biased;
            () = at.life.gate.closed() => false,
            () = released => true,
            () = tokio::time::sleep(limit) => {
                self.miss_because(at.strike, &format!("nothing overtook it within {limit:?}"));
                false
            }
        }
    }
}
