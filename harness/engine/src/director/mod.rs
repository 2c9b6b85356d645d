//! One trial's schedule, applied to its exchanges.
//!
//! Boundaries tell the director of each exchange and do what it answers. It
//! names points, matches them with the armed faults, strikes, and records. All
//! bookkeeping happens under one lock that is never held across a wait.

mod ledger;
mod strike;

use crate::boundary::Life;
use crate::store::Recorder;
use exactly_adapter::{DecodeError, Delivered, Head, Reply};
use exactly_model::{
    Class, DeliveryRecord, Event, ExchangeRecord, Fate, Fault, FaultRecord, FaultState,
    Note, NoteKind, Outcome, Phase, Point, Position, Schedule,
};
pub use ledger::Observed;
use ledger::{Ledger, Open};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::watch;

/// Stands for every system in what is known of successors.
const ANY_SYSTEM: &str = "";

/// Number of an exchange within its trial.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ExchangeId(u64);

/// The fault that strikes an exchange, by its index in the schedule.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Strike(usize);

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

/// An exchange that the director follows.
#[derive(Debug)]
pub struct Opened {
    /// Its number.
    pub id: ExchangeId,
    /// The fault that strikes before the system sees it.
    pub strike: Option<Strike>,
    /// A hold waits for this exchange and has nothing in hand yet: the directed
    /// order wants the held one first.
    pub awaits_hold: bool,
}

/// What the director needs to know of the trial.
#[derive(Clone, Debug)]
pub struct Terms {
    /// Run number in message ids.
    pub run: u32,
    /// Trial.
    pub trial: u32,
    /// Declared client timeouts by system.
    pub client_timeouts: BTreeMap<String, Duration>,
    /// Grace period by process.
    pub graces: BTreeMap<String, Duration>,
    /// Longest hold.
    pub hold_max: Duration,
}

/// See the module.
pub struct Director {
    terms: Terms,
    recorder: Arc<Recorder>,
    state: Mutex<State>,
    /// Point-making exchanges that ended: what settling takes for progress.
    activity: AtomicU64,
    /// Faults that are being applied right now.
    in_progress: AtomicUsize,
    /// Whether a late delivery waits for a successor.
    late_waits: AtomicBool,
    /// Highest incarnation whose read or effect was seen, by system.
    successors: watch::Sender<BTreeMap<String, u32>>,
    /// Counts every change that a waiting strike may look for.
    changes: watch::Sender<u64>,
    opaque_notes: AtomicUsize,
}

struct State {
    faults: Vec<Armed>,
    ledger: Ledger,
}

struct Armed {
    fault: Fault,
    state: FaultState,
    /// Reserved by the exchange whose reply it waits for.
    reserved: Option<ExchangeId>,
    /// For holds: the exchange it waits for was answered.
    released: bool,
    /// For late deliveries: the sender is dead, the request not delivered yet.
    late_due: bool,
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
                reserved: None,
                released: false,
                late_due: false,
            })
            .collect();
        let director = Self {
            state: Mutex::new(State { faults, ledger: Ledger::new(terms.run, terms.trial) }),
            terms,
            recorder,
            activity: AtomicU64::new(0),
            in_progress: AtomicUsize::new(0),
            late_waits: AtomicBool::new(false),
            successors: watch::Sender::new(BTreeMap::new()),
            changes: watch::Sender::new(0),
            opaque_notes: AtomicUsize::new(0),
        };
        for (index, fault) in schedule.faults.iter().enumerate() {
            director.record_fault(index, fault, FaultState::Armed, None, None, Vec::new());
        }
        Arc::new(director)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic while the director's lock is held")
    }

    fn changed(&self) {
        self.changes.send_modify(|n| *n += 1);
    }

    /// Says where a message went, so that positions can be turned into ids.
    pub fn fed(&self, seq: u32, position: &Position) {
        self.state().ledger.fed(seq, position);
    }

    /// Exchanges that ended so far.
    pub fn activity(&self) -> u64 {
        self.activity.load(Ordering::Relaxed)
    }

    /// Whether a fault is being applied right now.
    pub fn is_striking(&self) -> bool {
        self.in_progress.load(Ordering::SeqCst) > 0
    }

    /// Whether every fault of the schedule has fired.
    pub fn all_fired(&self) -> bool {
        self.state().faults.iter().all(|armed| armed.state == FaultState::Fired)
    }

    /// The point-making exchanges seen so far, in the order of their requests.
    pub fn observed(&self) -> Vec<Observed> {
        self.state().ledger.observed().to_vec()
    }

    /// Notes something worth reading.
    pub fn remark(&self, text: &str) {
        self.note(NoteKind::Remark, text.into());
    }

    fn note(&self, kind: NoteKind, text: String) {
        self.recorder.record(self.terms.trial, Event::Note(Note { kind, text }));
    }

    /// Notes that a connection is passed on undecoded from here on.
    pub fn opaque(&self, system: &str, error: &DecodeError) {
        const NOTES_MAX: usize = 20;
        if self.opaque_notes.fetch_add(1, Ordering::Relaxed) < NOTES_MAX {
            self.note(NoteKind::Opaque, format!("{system}: passed on undecoded: {error}"));
        }
    }

    /// Notes what was handed to an incarnation.
    pub fn delivered(&self, life: &Life, delivers: Vec<Delivered>) {
        for delivered in delivers {
            self.recorder.record(
                self.terms.trial,
                Event::Delivery(DeliveryRecord {
                    process: life.process.clone(),
                    incarnation: life.number,
                    target: delivered.target,
                    partition: delivered.partition,
                    first: delivered.first,
                    last: delivered.last,
                }),
            );
        }
    }

    /// A request was seen. `None` when the director does not follow it: it makes
    /// no point.
    pub fn open(&self, life: &Life, system: &str, head: Head) -> Option<Opened> {
        let class = head.class;
        if !class.makes_points() {
            if class == Class::Read {
                self.saw(life, system);
            }
            return None;
        }
        let request_ns = self.recorder.clock().mono_ns();
        let mut state = self.state();
        let (id, ordinal) = state.ledger.open(life, system, head, request_ns);
        let strike = state.reserve(id, ordinal);
        let strike = strike.filter(|s| state.faults[s.0].fault.phase == Phase::Before);
        let awaits_hold = state.hold_lacks(id);
        drop(state);
        self.changed();
        Some(Opened { id, strike, awaits_hold })
    }

    /// Its bytes were handed to the system.
    pub fn forwarded(&self, id: ExchangeId) {
        let mut state = self.state();
        let Some(open) = state.ledger.get_mut(id) else { return };
        open.forwarded = true;
        let (number, system) = (open.incarnation, open.point.system.clone());
        let silent = !open.expects_reply;
        drop(state);
        self.saw_number(number, &system);
        if silent {
            self.end(id, Fate::Unanswered);
        }
    }

    /// Its reply was seen; the client has not got it yet. Answers the fault that
    /// strikes here.
    pub fn replied(&self, id: ExchangeId, reply: Reply) -> Option<Strike> {
        let mut state = self.state();
        let open = state.ledger.get_mut(id)?;
        open.replied = true;
        open.outcome = reply.outcome;
        open.error = reply.error;
        if reply.outcome == Outcome::Ok {
            state.ledger.commit(id);
        }
        let strike = state.faults.iter().position(|armed| {
            armed.reserved == Some(id)
                && armed.state == FaultState::Armed
                && armed.fault.phase == Phase::After
        });
        drop(state);
        self.changed();
        strike.map(Strike)
    }

    /// Its reply is about to reach the client: whoever was held until then may
    /// go on.
    pub fn answering(&self, id: ExchangeId) {
        let mut state = self.state();
        let Some(open) = state.ledger.get(id) else { return };
        let (point, incarnation, ordinal) = (open.point.clone(), open.incarnation, open.ordinal);
        let mut released = false;
        for armed in &mut state.faults {
            if let Some(until) = &armed.fault.until
                && ledger::selects(until, &point, incarnation, ordinal)
            {
                armed.released = true;
                released = true;
            }
        }
        drop(state);
        if released {
            self.changed();
        }
    }

    /// Its reply reached the client.
    pub fn answered(&self, id: ExchangeId) {
        self.end(id, Fate::Answered);
    }

    /// Its reply will never reach the client.
    pub fn withheld(&self, id: ExchangeId) {
        self.end(id, Fate::Applied);
    }

    /// Its bytes were handed to the system after its sender's death.
    pub fn delivered_late(&self, id: ExchangeId) {
        let mut state = self.state();
        if let Some(open) = state.ledger.get_mut(id) {
            open.late = true;
            open.forwarded = true;
        }
        for armed in &mut state.faults {
            armed.late_due &= armed.reserved != Some(id);
        }
        drop(state);
        self.changed();
    }

    /// Its connection ended.
    pub fn cut(&self, id: ExchangeId) {
        let fate = match self.state().ledger.get(id) {
            None => return,
            Some(open) if open.replied => Fate::Applied,
            Some(open) if open.forwarded => Fate::Unanswered,
            Some(_) => Fate::Dropped,
        };
        self.end(id, fate);
    }

    /// Waits for its end.
    pub async fn ended(&self, id: ExchangeId) {
        let mut changes = self.changes.subscribe();
        while self.state().ledger.get(id).is_some() {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    fn end(&self, id: ExchangeId, fate: Fate) {
        let Some(open) = self.state().ledger.close(id) else { return };
        let Open { incarnation, point, class, commits, request_ns, in_flight, outcome, error, late, .. } =
            open;
        self.activity.fetch_add(1, Ordering::Relaxed);
        self.recorder.record(
            self.terms.trial,
            Event::Exchange(ExchangeRecord {
                incarnation,
                point,
                class,
                commits,
                request_ns,
                fate: if late { Fate::Late } else { fate },
                outcome,
                error,
                in_flight,
            }),
        );
        self.changed();
    }

    /// Ends the trial: accounts for open exchanges and for faults that did not
    /// fire. A late delivery that found no successor did not happen.
    pub fn finish(&self) {
        let open = self.state().ledger.open_ids();
        for id in open {
            self.cut(id);
        }
        let mut state = self.state();
        for armed in state.faults.iter_mut().filter(|armed| armed.late_due) {
            armed.state = FaultState::Missed;
        }
        let missed: Vec<(usize, Fault)> = state
            .faults
            .iter()
            .enumerate()
            .filter(|(_, armed)| armed.state != FaultState::Fired)
            .map(|(index, armed)| (index, armed.fault.clone()))
            .collect();
        drop(state);
        for (index, fault) in missed {
            self.record_fault(index, &fault, FaultState::Missed, None, None, Vec::new());
        }
    }

    fn record_fault(
        &self,
        index: usize,
        fault: &Fault,
        state: FaultState,
        point: Option<Point>,
        incarnation: Option<u32>,
        collateral: Vec<String>,
    ) {
        let record = Event::Fault(FaultRecord {
            index: u32::try_from(index).unwrap_or(u32::MAX),
            kind: fault.kind,
            phase: fault.phase,
            state,
            point,
            incarnation,
            collateral,
        });
        if state == FaultState::Fired {
            self.recorder.record_durably(self.terms.trial, record);
        } else {
            self.recorder.record(self.terms.trial, record);
        }
    }

    /// A read or an effect of `life` was seen on `system`.
    fn saw(&self, life: &Life, system: &str) {
        self.saw_number(life.number, system);
    }

    fn saw_number(&self, number: u32, system: &str) {
        if !self.late_waits.load(Ordering::Relaxed) {
            return;
        }
        self.successors.send_if_modified(|seen| {
            let highest = seen.entry(system.to_string()).or_insert(0);
            let changed = number > *highest;
            *highest = number.max(*highest);
            changed
        });
    }

    /// Whether the request of a dead sender still waits for its delivery.
    pub fn is_late_due(&self) -> bool {
        self.late_waits.load(Ordering::SeqCst)
            && self.state().faults.iter().any(|armed| armed.late_due)
    }

    /// Lets late deliveries go although their successor has not been seen on
    /// that system: it has looked elsewhere, and come to rest.
    pub fn release_late(&self) {
        self.successors.send_modify(|seen| {
            for number in seen.values_mut() {
                *number = u32::MAX;
            }
            seen.insert(ANY_SYSTEM.into(), u32::MAX);
        });
    }

    /// Waits until a successor of `life` was seen on `system`.
    pub async fn successor_seen(&self, life: &Life, system: &str) {
        let mut successors = self.successors.subscribe();
        let _ = successors
            .wait_for(|seen| {
                [system, ANY_SYSTEM]
                    .iter()
                    .any(|name| seen.get(*name).is_some_and(|number| *number > life.number))
            })
            .await;
    }
}

impl State {
    /// Whether a hold that waits for exchange `id` has nothing in hand yet.
    fn hold_lacks(&self, id: ExchangeId) -> bool {
        let Some(open) = self.ledger.get(id) else { return false };
        self.faults.iter().any(|armed| {
            armed.state == FaultState::Armed
                && armed.reserved.is_none()
                && armed.fault.until.as_ref().is_some_and(|until| {
                    ledger::selects(until, &open.point, open.incarnation, open.ordinal)
                })
        })
    }

    /// Reserves the first armed fault that means exchange `id`.
    fn reserve(&mut self, id: ExchangeId, ordinal: u32) -> Option<Strike> {
        let open = self.ledger.get(id)?;
        let (point, incarnation) = (open.point.clone(), open.incarnation);
        let index = self.faults.iter().position(|armed| {
            armed.state == FaultState::Armed
                && armed.reserved.is_none_or(|other| self.ledger.get(other).is_none())
                && ledger::selects(&armed.fault.point, &point, incarnation, ordinal)
        })?;
        self.faults[index].reserved = Some(id);
        Some(Strike(index))
    }
}
