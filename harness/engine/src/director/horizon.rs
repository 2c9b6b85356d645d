//! Faults of time and of history: a window passes, what was put aside comes again.
//!
//! A window passes for the system alone while every client of the trial stands
//! still: a clock that jumped for one side of a lease only is something that does
//! not happen.

use super::signals::Frozen;
use super::state::Director;
use super::strike::{Act, At, InProgress};
use exactly_adapter::{Horizon, Passed, Replayed, Scope};
use exactly_model::{Event, Fault, FaultKind, FaultState, HorizonRecord};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The trial's corners of its systems, by the pipeline's names.
pub type Reach = BTreeMap<String, Arc<dyn Scope>>;

impl Director {
    /// Hands over the trial's corners, once they are open.
    pub fn reaches(&self, scopes: Reach) {
        // A trial opens its corners once.
        let _ = self.reach.set(scopes);
    }

    fn scope(&self, system: &str) -> Option<Arc<dyn Scope>> {
        self.reach.get()?.get(system).cloned()
    }

    /// The process is frozen, the window passes, and the process is killed: whoever
    /// comes next finds that the system has forgotten.
    pub(super) async fn expire_horizon(&self, at: &At<'_>) -> Act {
        let frozen = at.life.process().await.cloned().map(Frozen::new);
        let scope = self.scope(at.system);
        let horizon = scope.as_ref().and_then(|scope| scope.horizon());
        let passed = match horizon {
            None => Err(format!("{} forgets nothing by a clock", at.system)),
            Some(horizon) => self.let_pass(horizon).await,
        };
        match passed {
            Ok(passed) => {
                self.record_horizon(at.system, passed);
                let act = self.kill(at, None).await;
                drop(frozen);
                act
            }
            Err(why) => {
                self.miss_because(at.strike, &why);
                Act::Forward
            }
        }
    }

    async fn let_pass(&self, horizon: &dyn Horizon) -> Result<Passed, String> {
        let waits = horizon.waits();
        if let Some(wait) = waits.filter(|_| !self.terms.allow_wait) {
            let seconds = wait.as_secs();
            return Err(format!(
                "no clock can be moved there; --allow-wait waits {seconds} s instead"
            ));
        }
        let _waiting = waits.map(|_| InProgress::of(&self.waits));
        horizon.expire().await.map_err(|error| error.to_string())
    }

    fn record_horizon(&self, system: &str, passed: Passed) {
        self.recorder.record(
            self.terms.trial,
            Event::Horizon(HorizonRecord {
                system: system.into(),
                what: passed.what,
                seconds: passed.seconds,
            }),
        );
    }

    /// Replays that wait for the trial to come to rest, by their index.
    pub fn replays(&self) -> Vec<usize> {
        let state = self.state();
        let armed = state.faults.iter().enumerate();
        armed
            .filter(|(_, armed)| {
                armed.fault.kind == FaultKind::Replay && armed.state == FaultState::Armed
            })
            .map(|(index, _)| index)
            .collect()
    }

    /// Feeds the pipeline what was put aside. Answers whether anything was.
    pub async fn replay(&self, index: usize) -> bool {
        let fault = self.state().faults[index].fault.clone();
        let why = match self.replayed(&fault).await {
            Ok(replayed) if replayed.messages == 0 => "nothing was put aside".into(),
            Ok(replayed) => {
                if let Some(instead) = replayed.instead {
                    self.remark(&instead);
                }
                self.state().faults[index].state = FaultState::Fired;
                self.record_fault(index, &fault, FaultState::Fired, None, Vec::new());
                return true;
            }
            Err(why) => why,
        };
        self.state().faults[index].state = FaultState::Missed;
        self.remark(&format!("{fault}: missed, {why}"));
        false
    }

    async fn replayed(&self, fault: &Fault) -> Result<Replayed, String> {
        let system = &fault.point.system;
        let scope = self.scope(system);
        let replaying = scope.as_ref().and_then(|scope| scope.replaying());
        let replaying = replaying.ok_or_else(|| format!("{system} puts nothing aside"))?;
        replaying.replay().await.map_err(|error| error.to_string())
    }
}
