//! second-owner: another instance with the same identity works while the first
//! one stands still; then the first one wakes up beside it.

use super::ExchangeId;
use super::signals::Frozen;
use super::state::{Director, State};
use super::strike::{Act, At};
use crate::boundary::Life;
use exactly_model::{Class, Fault, Outcome};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;
use tokio::sync::watch;

/// How long the second one may take to its first work, once every lease of the
/// first is over: it starts, joins, and waits for a rebalance.
const WORK_MAX: Duration = Duration::from_secs(6);
/// The second one has come to an idle moment when nothing of it ends for so long.
const IDLE: Duration = Duration::from_millis(200);
/// How long that moment is waited for.
const IDLE_MAX: Duration = Duration::from_secs(3);

/// Asks the trial for second owners.
#[derive(Default)]
pub(super) struct Owners {
    /// Process and incarnation of the first ones.
    asked: watch::Sender<Vec<(String, u32)>>,
    /// First ones that wake up when the reply they were frozen before is theirs.
    asleep: Mutex<BTreeMap<ExchangeId, Frozen>>,
}

impl Owners {
    /// Wakes up whoever was frozen before the reply to `id`. It finds it at hand:
    /// a client that looks at its clocks first would give up the request that it
    /// slept over, and never go on from where it stood.
    pub fn wake(&self, id: ExchangeId) {
        drop(self.asleep.lock().expect("no panic while held").remove(&id));
    }
}

/// Which incarnation of each process was last seen to have done some work: an
/// effect or an ack was answered.
#[derive(Default)]
pub(super) struct Works {
    any: BTreeMap<String, u32>,
    /// The same for work on messages that are in sight.
    seen: BTreeMap<String, u32>,
}

impl Works {
    fn have_begun(&self, life: &Life) -> bool {
        // Where messages are in sight, a statement without any is no work yet: a
        // pool that sets up its connections makes some.
        let by = match self.seen.contains_key(&life.process) {
            true => &self.seen,
            false => &self.any,
        };
        by.get(&life.process).is_some_and(|n| *n > life.number)
    }
}

impl State {
    /// Notes that exchange `id` was answered, if it is work.
    pub fn note_work(&mut self, id: ExchangeId) {
        let (Some(works), Some(open)) = (&mut self.works, self.ledger.get(id)) else {
            return;
        };
        let works_on = matches!(open.class, Class::Effect | Class::Ack);
        if !works_on || open.outcome != Outcome::Ok {
            return;
        }
        let note = |by: &mut BTreeMap<String, u32>| {
            let highest = by.entry(open.point.process.clone()).or_default();
            *highest = open.incarnation.max(*highest);
        };
        note(&mut works.any);
        if !open.point.ids.is_empty() {
            note(&mut works.seen);
        }
    }

    /// Notes whether messages are in sight of the process that made exchange `id`.
    fn note_sight(&mut self, id: ExchangeId) {
        if let (Some(works), Some(open)) = (&mut self.works, self.ledger.get(id))
            && !open.point.ids.is_empty()
        {
            works.seen.entry(open.point.process.clone()).or_default();
        }
    }

    fn second_has_begun(&self, first: &Life) -> bool {
        let works = self.works.as_ref();
        works.is_some_and(|works| works.have_begun(first))
    }
}

impl Director {
    /// Whose second instance is asked for, by process and incarnation. Each is
    /// said once.
    pub fn second_owners(&self) -> Vec<(String, u32)> {
        if self.owners.asked.borrow().is_empty() {
            return Vec::new();
        }
        self.owners.asked.send_replace(Vec::new())
    }

    /// Waits until a second instance is asked for.
    pub async fn second_owner_asked(&self) {
        let mut asked = self.owners.asked.subscribe();
        // The sender lives as long as `self`: this cannot fail.
        let _ = asked.wait_for(|asked| !asked.is_empty()).await;
    }

    /// SIGSTOP with the reply in hand; when a second instance has done its first
    /// work, every lease of the first is over, and the second has nothing to do
    /// for a moment, the reply goes out, and then SIGCONT.
    pub(super) async fn second_owner(&self, at: &At<'_>, fault: &Fault) -> Act {
        let life = at.life;
        let Some(process) = life.process().await.cloned() else {
            self.miss_because(at.strike, "its process has not begun");
            return Act::Forward;
        };
        let frozen = Frozen::new(process);
        self.state().note_sight(at.id);
        let first = (life.process.clone(), life.number);
        self.owners.asked.send_modify(|asked| asked.push(first));
        let least = self.outlasting(fault).unwrap_or_default();
        let worked = async {
            let begun = self.until(|state| state.second_has_begun(life).then_some(()));
            let begun = tokio::time::timeout(least + WORK_MAX, begun);
            let (begun, ()) = tokio::join!(begun, tokio::time::sleep(least));
            if begun.is_ok() {
                let _ = tokio::time::timeout(IDLE_MAX, self.second_is_idle(life)).await;
            }
            begun.is_ok()
        };
        tokio::select! {
            biased;
            () = life.gate.closed() => {
                self.miss_because(at.strike, "the first owner ended while it was frozen");
                return Act::Discard;
            }
            worked = worked => match worked {
                true => self.fire(at),
                false => self.miss_because(
                    at.strike,
                    &format!("the second owner did no work within {:?}", least + WORK_MAX),
                ),
            },
        }
        let mut asleep = self.owners.asleep.lock().expect("no panic while held");
        asleep.insert(at.id, frozen);
        Act::Forward
    }

    /// Waits until no effect or ack of a successor is in flight, and nothing has
    /// ended for a moment.
    async fn second_is_idle(&self, first: &Life) {
        loop {
            let before = self.activity();
            tokio::time::sleep(IDLE).await;
            let at_work = self
                .state()
                .ledger
                .has_successor_at_work(&first.process, first.number);
            if !at_work && self.activity() == before {
                return;
            }
        }
    }
}
