//! What the director knows.

use super::exchange::ExchangeId;
use super::horizon::Reach;
use super::ledger::{self, Ledger, Observed};
use super::outage::Outages;
use super::owner::{Owners, Works};
use super::strike::Strike;
use super::successor::Successors;
use super::terms::Terms;
use crate::boundary::Life;
use crate::store::Recorder;
use exactly_model::{Fault, FaultKind, FaultState, Point, Position, Schedule};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::Duration;
use tokio::sync::watch;

/// See the module.
pub struct Director {
    pub(super) terms: Terms,
    pub(super) recorder: Arc<Recorder>,
    state: Mutex<State>,
    /// Point-making exchanges that ended: what settling takes for progress.
    pub(super) activity: AtomicU64,
    /// Faults that are being applied right now.
    pub(super) in_progress: Arc<AtomicUsize>,
    /// Windows that are being waited for.
    pub(super) waits: Arc<AtomicUsize>,
    pub(super) successors: Successors,
    pub(super) owners: Owners,
    pub(super) outages: Outages,
    /// The trial's corners of its systems.
    pub(super) reach: OnceLock<Reach>,
    /// Counts every change that a waiting strike may look for.
    pub(super) changes: watch::Sender<u64>,
    pub(super) opaque_notes: AtomicUsize,
    /// Remarks made, so that each is made once.
    pub(super) remarks: Mutex<BTreeSet<String>>,
}

pub(super) struct State {
    pub faults: Vec<Armed>,
    pub ledger: Ledger,
    /// Exchanges that ended while a cut was made, in words.
    pub cut: Option<Cut>,
    /// Who has begun to work; kept where a second owner is waited for.
    pub works: Option<Works>,
}

/// A fault of the schedule.
pub(super) struct Armed {
    pub fault: Fault,
    pub state: FaultState,
    /// How often it may strike yet.
    pub left: u32,
    /// Reserved by the exchange whose reply it waits for.
    pub reserved: Option<ExchangeId>,
    /// For holds: the exchange it waits for was answered.
    pub released: bool,
    /// For late deliveries: the sender is dead or has gone on, the request not
    /// delivered yet.
    pub late_due: bool,
    /// For what has to be overtaken: the exchange that was held back, and its incarnation.
    pub held: Option<(Point, u32)>,
}

/// A kill with several exchanges in flight, while it is made.
pub(super) struct Cut {
    pub process: String,
    pub incarnation: u32,
    pub ended: BTreeMap<ExchangeId, String>,
}

impl Director {
    /// A director for a trial with `schedule`; its faults are armed from now on.
    pub fn new(terms: Terms, schedule: &Schedule, recorder: Arc<Recorder>) -> Arc<Self> {
        let faults: Vec<Armed> = schedule
            .faults
            .iter()
            .map(|fault| Armed {
                fault: fault.clone(),
                state: FaultState::Armed,
                left: fault.times.unwrap_or(1),
                reserved: None,
                released: false,
                late_due: false,
                held: None,
            })
            .collect();
        let ledger = Ledger::new(terms.run, terms.trial);
        let second_owner = faults
            .iter()
            .any(|armed| armed.fault.kind == FaultKind::SecondOwner);
        let director = Self {
            state: Mutex::new(State {
                faults,
                ledger,
                cut: None,
                works: second_owner.then(Works::default),
            }),
            terms,
            recorder,
            activity: AtomicU64::new(0),
            in_progress: Arc::new(AtomicUsize::new(0)),
            waits: Arc::new(AtomicUsize::new(0)),
            successors: Successors::default(),
            owners: Owners::default(),
            outages: Outages::default(),
            reach: OnceLock::new(),
            changes: watch::Sender::new(0),
            opaque_notes: AtomicUsize::new(0),
            remarks: Mutex::default(),
        };
        for (index, fault) in schedule.faults.iter().enumerate() {
            director.record_fault(index, fault, FaultState::Armed, None, Vec::new());
        }
        Arc::new(director)
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .expect("no panic while the director's lock is held")
    }

    pub(super) fn changed(&self) {
        self.changes.send_modify(|n| *n += 1);
    }

    /// Waits until `found` answers something; it is asked anew after each change.
    pub(super) async fn until<T>(&self, mut found: impl FnMut(&mut State) -> Option<T>) -> T {
        let mut changes = self.changes.subscribe();
        loop {
            if let Some(found) = found(&mut self.state()) {
                return found;
            }
            // The sender lives as long as `self`: this cannot fail.
            let _ = changes.changed().await;
        }
    }

    /// Says where a message went, so that positions can be turned into ids.
    pub fn fed(&self, seq: u32, position: &Position) {
        self.state().ledger.fed(seq, position);
    }

    /// The longest lease that any system keeps to.
    pub fn lease(&self) -> Option<Duration> {
        self.terms.lease()
    }

    /// Exchanges that ended so far.
    pub fn activity(&self) -> u64 {
        self.activity.load(Ordering::Relaxed)
    }

    /// Whether effects or acks of `life` are in flight.
    pub fn is_at_work(&self, life: &Life) -> bool {
        self.state().ledger.is_at_work(&life.process, life.number)
    }

    /// Whether a fault is being applied right now.
    pub fn is_striking(&self) -> bool {
        self.in_progress.load(Ordering::SeqCst) > 0
    }

    /// Whether a window is being waited for: the trial's limit is one of work.
    pub fn is_waiting(&self) -> bool {
        self.waits.load(Ordering::SeqCst) > 0
    }

    /// Whether any fault of the schedule has fired.
    pub fn any_fired(&self) -> bool {
        let state = self.state();
        state
            .faults
            .iter()
            .any(|armed| armed.state == FaultState::Fired)
    }

    /// Whether every fault of the schedule has fired.
    pub fn all_fired(&self) -> bool {
        self.state()
            .faults
            .iter()
            .all(|armed| armed.state == FaultState::Fired)
    }

    /// The point-making exchanges seen so far, in the order of their requests.
    pub fn observed(&self) -> Vec<Observed> {
        self.state().ledger.observed().to_vec()
    }

    /// Ends the trial: accounts for open exchanges and for faults that did not
    /// fire.
    pub fn finish(&self) {
        // A late delivery is among them if it found no successor.
        let open = self.state().ledger.open_ids();
        for id in open {
            self.cut(id);
        }
        let state = self.state();
        let missed: Vec<_> = state
            .faults
            .iter()
            .enumerate()
            .filter(|(_, armed)| armed.state != FaultState::Fired)
            .map(|(index, armed)| (index, armed.fault.clone(), armed.held.clone()))
            .collect();
        drop(state);
        for (index, fault, held) in missed {
            self.record_fault(index, &fault, FaultState::Missed, held, Vec::new());
        }
    }
}

impl Armed {
    /// Whether it waits for an exchange to strike: its first, or another one.
    pub fn is_due(&self) -> bool {
        match self.state {
            FaultState::Armed => true,
            FaultState::Fired => self.left > 0,
            FaultState::Missed => false,
        }
    }

    /// It cannot be applied, and is not tried again. What has struck before has fired.
    pub fn miss(&mut self) {
        self.left = 0;
        if self.state == FaultState::Armed {
            self.state = FaultState::Missed;
        }
    }
}

impl State {
    /// Reserves the first armed fault that means exchange `id`.
    pub fn reserve(&mut self, id: ExchangeId) -> Option<Strike> {
        let open = self.ledger.get(id)?;
        let index = self.faults.iter().position(|armed| {
            armed.is_due()
                && armed.fault.kind != FaultKind::Replay
                && armed
                    .reserved
                    .is_none_or(|other| self.ledger.get(other).is_none())
                && ledger::selects(&armed.fault.point, open)
        })?;
        self.faults[index].reserved = Some(id);
        Some(Strike(index))
    }

    /// Whether a hold that waits for exchange `id` has nothing in hand yet.
    pub fn hold_lacks(&self, id: ExchangeId) -> bool {
        let Some(open) = self.ledger.get(id) else {
            return false;
        };
        self.faults.iter().any(|armed| {
            armed.fault.kind == FaultKind::Hold
                && armed.state == FaultState::Armed
                && armed.reserved.is_none()
                && armed
                    .fault
                    .until
                    .as_ref()
                    .is_some_and(|until| ledger::selects(until, open))
        })
    }

    /// Exchange `id` will not be delivered any more: what should have come late
    /// never came.
    pub fn give_up_late(&mut self, id: ExchangeId) {
        let due = |armed: &&mut Armed| armed.late_due && armed.reserved == Some(id);
        for armed in self.faults.iter_mut().filter(due) {
            armed.late_due = false;
            armed.state = FaultState::Missed;
        }
    }

    /// Lets go on whoever was held until exchange `id` was answered. Answers
    /// whether anybody was.
    pub fn release(&mut self, id: ExchangeId) -> bool {
        let Some(open) = self.ledger.get(id) else {
            return false;
        };
        let mut released = false;
        for armed in &mut self.faults {
            let held = armed.reserved.and_then(|held| self.ledger.get(held));
            let until = armed
                .fault
                .until
                .as_ref()
                .filter(|_| armed.fault.kind == FaultKind::Hold);
            if until.is_some_and(|until| ledger::selects(until, open))
                || armed.is_overtaken_by(held, id, open)
            {
                armed.released = true;
                released = true;
            }
        }
        released
    }

    /// Other exchanges in flight in the incarnation `life`, and what became of
    /// them.
    pub fn collateral(&mut self, life: &Life, struck: ExchangeId) -> Vec<String> {
        let of_life = |cut: &Cut| cut.process == life.process && cut.incarnation == life.number;
        let cut = self.cut.take().filter(of_life);
        let mut met = cut.map(|cut| cut.ended).unwrap_or_default();
        met.extend(self.ledger.in_flight(&life.process, life.number));
        met.remove(&struck);
        met.into_values().collect()
    }
}
