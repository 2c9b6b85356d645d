//! Faults of time: an exchange waits, and the process lives.

use super::exchange::ExchangeId;
use super::state::Director;
use super::strike::{Act, At};
use crate::boundary::Life;
use exactly_model::Fault;
use std::time::Duration;
use tokio::sync::watch;

/// How long an exchange that a hold waits for gives the held one to arrive.
const HOLD_IN_PLACE: Duration = Duration::from_millis(500);

impl Director {
    /// Waits until the hold that waits for this exchange has its own in hand.
    pub async fn hold_in_place(&self, life: &Life, id: ExchangeId) {
        let _in_progress = self.striking();
        tokio::select! {
            () = self.until(|state| (!state.hold_lacks(id)).then_some(())) => {}
            () = life.gate.closed() => {}
            () = tokio::time::sleep(HOLD_IN_PLACE) => {}
        }
    }

    /// Holds the request until the other exchange was answered.
    pub(super) async fn hold(&self, at: &At<'_>) -> Act {
        let released = self.until(|state| state.faults[at.strike.0].released.then_some(()));
        tokio::select! {
            biased;
            () = at.life.gate.closed() => {
                // Killed while it was held: that is what a directed schedule wants.
                // The end of the trial, or a crash, is not.
                if at.life.ended_by_fault() {
                    self.fire(at);
                }
                Act::Discard
            }
            () = released => {
                self.fire(at);
                Act::Forward
            }
            () = tokio::time::sleep(self.terms.hold_max) => {
                self.miss(at.strike);
                Act::Forward
            }
        }
    }

    /// Holds the request for longer than the lease: to everybody else its handler
    /// is slow. It counts as fired when the time is over, or when the client has
    /// given up meanwhile; what it does not want any more is not sent.
    pub(super) async fn slow_handler(
        &self,
        at: &At<'_>,
        fault: &Fault,
        client_left: impl Future<Output = ()>,
    ) -> Act {
        let Some(duration) = self.outlasting(fault) else {
            self.miss_because(at.strike, "no system has a lease, and it names no duration");
            return Act::Forward;
        };
        tokio::select! {
            biased;
            () = at.life.gate.closed() => Act::Discard,
            () = client_left => {
                self.fire(at);
                Act::Reset
            }
            () = tokio::time::sleep(duration) => {
                self.fire(at);
                Act::Forward
            }
        }
    }

    /// Holds the reply past the client's timeout. It counts as fired only when
    /// the client closed, or asked again, before the reply went out; or when it was to
    /// be held for so long and no longer, and that is more than the client waits for.
    pub(super) async fn delay(
        &self,
        at: &At<'_>,
        fault: &Fault,
        client_gone: &watch::Sender<bool>,
    ) -> Act {
        let life = at.life;
        let Some(asked) = self
            .state()
            .ledger
            .get(at.id)
            .map(|open| open.point.clone())
        else {
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
            (again || state.ledger.commits_again(at.id)).then_some(())
        });
        let mut gone = client_gone.subscribe();
        // Generous: on a busy machine a client gives up late, and only one that never
        // does makes us wait so long.
        let limit = timeout * 3 + Duration::from_millis(500);
        let stated = fault.duration_ms.map(Duration::from_millis);
        tokio::select! {
            biased;
            () = life.gate.closed() => return Act::Discard,
            _ = gone.wait_for(|gone| *gone) => {
                if let Some(open) = self.state().ledger.get_mut(at.id) {
                    open.client_left = true;
                }
                self.fire(at);
            }
            () = asked_again => self.fire(at),
            () = tokio::time::sleep(stated.unwrap_or(limit)) => match stated {
                Some(stated) if stated > timeout => self.fire(at),
                Some(_) => self.miss_because(at.strike, "the client waits for longer than that"),
                None => self.miss(at.strike),
            },
        }
        Act::Forward
    }
}
