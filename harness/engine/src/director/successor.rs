//! Successors of dead incarnations: a late delivery waits for one to be at work.

use super::state::Director;
use crate::boundary::Life;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::watch;

/// How long a successor waits for the late request that it gave the sign for.
const LATE_FIRST: Duration = Duration::from_millis(1_000);

/// Who was seen at work.
#[derive(Default)]
pub(super) struct Successors {
    /// Whether anybody waits: nothing is noted otherwise.
    awaited: AtomicBool,
    seen: watch::Sender<Seen>,
}

#[derive(Default)]
struct Seen {
    /// Highest incarnation whose read or take has reached a system, or whose effect
    /// is about to, by process and system.
    highest: BTreeMap<(String, String), u32>,
    /// Nobody has to wait any more.
    released: bool,
}

impl Successors {
    /// Notes from now on who is at work.
    pub fn wait_for_one(&self) {
        self.awaited.store(true, Ordering::SeqCst);
    }

    pub fn seen(&self, process: &str, system: &str, incarnation: u32) {
        if !self.awaited.load(Ordering::Relaxed) {
            return;
        }
        self.seen.send_if_modified(|seen| {
            let highest = seen
                .highest
                .entry((process.into(), system.into()))
                .or_insert(0);
            let changed = incarnation > *highest;
            *highest = incarnation.max(*highest);
            changed
        });
    }
}

impl Director {
    /// A read of `life` has reached `system`.
    pub fn saw_read(&self, life: &Life, system: &str) {
        self.successors.seen(&life.process, system, life.number);
    }

    /// Whether the request of a dead sender still waits for its delivery.
    pub fn is_late_due(&self) -> bool {
        self.successors.awaited.load(Ordering::SeqCst)
            && self.state().faults.iter().any(|armed| armed.late_due)
    }

    /// Lets late deliveries go although their successor has not been seen on
    /// that system: it has looked elsewhere, and come to rest.
    pub fn release_late(&self) {
        self.successors
            .seen
            .send_modify(|seen| seen.released = true);
    }

    /// Once `life` has given a late request its sign to go, what `life` does next
    /// comes after it, or the order of the two would be luck. Bounded: the late one
    /// may itself wait for a lock that `life` holds.
    pub async fn late_goes_first(&self, life: &Life) {
        if !self.successors.awaited.load(Ordering::Relaxed) {
            return;
        }
        let gone = self.until(|state| {
            let late = state.faults.iter().filter_map(|armed| {
                let open = state.ledger.get(armed.reserved?)?;
                (armed.late_due || open.late).then_some(open)
            });
            let seen = self.successors.seen.borrow();
            let waits = late.into_iter().any(|open| {
                let of = (open.point.process.clone(), open.point.system.clone());
                let at_work = seen.highest.get(&of).copied().unwrap_or(0);
                open.point.process == life.process
                    && open.incarnation < life.number
                    && at_work >= life.number
            });
            let overtaken = state.overtaken_is_out(&life.process, life.number);
            (!waits && !overtaken).then_some(())
        });
        let _ = tokio::time::timeout(LATE_FIRST, gone).await;
    }

    /// Waits until a successor of `life` was at work on `system`.
    pub async fn successor_seen(&self, life: &Life, system: &str) {
        let of = (life.process.clone(), system.to_string());
        let mut seen = self.successors.seen.subscribe();
        let at_work = |seen: &Seen| {
            seen.released
                || seen
                    .highest
                    .get(&of)
                    .is_some_and(|number| *number > life.number)
        };
        // The sender lives as long as `self`: this cannot fail.
        let _ = seen.wait_for(at_work).await;
    }
}
