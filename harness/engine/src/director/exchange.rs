//! An exchange from its request to its end.

use super::ledger::Open;
use super::state::Director;
use super::strike::Strike;
use crate::boundary::Life;
use exactly_adapter::{Head, Reply};
use exactly_model::{Class, Event, ExchangeRecord, Fate, Outcome, Phase};
use std::sync::atomic::Ordering;

/// Number of an exchange within its trial.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ExchangeId(pub(super) u64);

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

impl Director {
    /// A request was seen. `None` when the director does not follow it: it makes
    /// no point.
    pub fn open(&self, life: &Life, system: &str, head: Head) -> Option<Opened> {
        if !head.class.makes_points() {
            return None;
        }
        let request_ns = self.recorder.clock().mono_ns();
        // A successor has looked when it has read or is about to make an effect;
        // to join a group or to acknowledge is neither. The effect itself comes
        // after the late request that waits for this sign: sent first, it would
        // race with it.
        if head.class == Class::Effect {
            self.successors.seen(&life.process, system, life.number);
        }
        let mut state = self.state();
        let id = state.ledger.open(life, system, head, request_ns);
        let strike = state
            .reserve(id)
            .filter(|strike| state.faults[strike.0].fault.phase == Phase::Before);
        let awaits_hold = state.hold_lacks(id);
        drop(state);
        self.changed();
        Some(Opened {
            id,
            strike,
            awaits_hold,
        })
    }

    /// The system gave the client something that it had not asked for. The system has
    /// done its part by that; all that is left is whether the client gets it. Answers
    /// the fault that strikes here.
    pub fn pushed(
        &self,
        life: &Life,
        system: &str,
        head: Head,
    ) -> Option<(ExchangeId, Option<Strike>)> {
        if !head.class.makes_points() {
            return None;
        }
        let now = self.recorder.clock().mono_ns();
        let mut state = self.state();
        let id = state.ledger.open(life, system, head, now);
        state.ledger.is_pushed(id, now);
        let strike = state
            .reserve(id)
            .filter(|strike| state.faults[strike.0].fault.phase == Phase::After);
        drop(state);
        self.changed();
        Some((id, strike))
    }

    /// Its bytes were handed to the system.
    pub fn forwarded(&self, id: ExchangeId) {
        let mut state = self.state();
        let Some(open) = state.ledger.get_mut(id) else {
            return;
        };
        open.forwarded = true;
        open.sent_ns = Some(self.recorder.clock().mono_ns());
        if open.expects_reply {
            return;
        }
        state.ledger.ended(id);
        let released = state.release(id);
        drop(state);
        if released {
            self.changed();
        }
        self.end(id, Fate::Unanswered);
    }

    /// Its reply was seen; the client has not got it yet. Answers the fault that
    /// strikes here.
    pub fn replied(&self, id: ExchangeId, reply: Reply) -> Option<Strike> {
        let mut state = self.state();
        let duplicate_of = state.ledger.of_trial(&reply.duplicate_of);
        state.ledger.ended(id);
        let open = state.ledger.get_mut(id)?;
        open.duplicate_of = duplicate_of;
        open.idle = reply.idle;
        open.replied = true;
        open.outcome = reply.outcome;
        open.error = reply.error;
        open.fenced = reply.fenced;
        if open.part {
            open.says_only_of_a_part();
        }
        if open.outcome == Outcome::Ok {
            state.ledger.commit(id);
        }
        let strike = state.faults.iter().position(|armed| {
            armed.reserved == Some(id) && armed.is_due() && armed.fault.phase == Phase::After
        });
        drop(state);
        self.changed();
        strike.map(Strike)
    }

    /// Its reply is about to reach the client: whoever was held until then may
    /// go on.
    pub fn answering(&self, id: ExchangeId) {
        let mut state = self.state();
        if let Some(open) = state.ledger.get_mut(id) {
            open.answering = true;
        }
        state.note_work(id);
        let changed = state.release(id) || state.works.is_some();
        drop(state);
        if changed {
            self.changed();
        }
    }

    /// Its reply reached the client, unless the client had left before.
    pub fn answered(&self, id: ExchangeId) {
        let left = self
            .state()
            .ledger
            .get(id)
            .is_some_and(|open| open.client_left);
        self.end(id, if left { Fate::Applied } else { Fate::Answered });
    }

    /// It was not passed on; the client is told so in the system's name.
    pub fn refused(&self, id: ExchangeId, error: &str) {
        if let Some(open) = self.state().ledger.get_mut(id) {
            open.outcome = Outcome::Fail;
            open.error = Some(error.into());
        }
        self.end(id, Fate::Dropped);
    }

    /// Whether its reply says that it was applied.
    pub fn is_applied(&self, id: ExchangeId) -> bool {
        let state = self.state();
        let open = state.ledger.get(id);
        open.is_some_and(|open| open.replied && open.outcome == Outcome::Ok)
    }

    /// It was applied; the client is told another thing.
    pub fn belied(&self, id: ExchangeId, error: &str) {
        if let Some(open) = self.state().ledger.get_mut(id) {
            open.error = Some(format!("applied; the client was told {error}"));
        }
        self.end(id, Fate::Applied);
    }

    /// Only a part of it is going to be passed on.
    pub fn cut_down(&self, id: ExchangeId) {
        if let Some(open) = self.state().ledger.get_mut(id) {
            open.part = true;
        }
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
            open.sent_ns = Some(self.recorder.clock().mono_ns());
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
        self.until(|state| state.ledger.get(id).is_none().then_some(()))
            .await;
    }

    fn end(&self, id: ExchangeId, fate: Fate) {
        let mut state = self.state();
        let Some(open) = state.ledger.close(id) else {
            return;
        };
        if !open.late {
            state.give_up_late(id);
        }
        if let Some(cut) = &mut state.cut
            && cut.incarnation == open.incarnation
            && cut.process == open.point.process
        {
            cut.ended.insert(id, open.in_words());
        }
        drop(state);
        let Open {
            incarnation,
            point,
            class,
            commits,
            request_ns,
            sent_ns,
            fenced,
            duplicate_of,
            in_flight,
            outcome,
            error,
            idle,
            ..
        } = open;
        self.owners.wake(id);
        // A poll that found nothing has moved nothing.
        self.activity.fetch_add(u64::from(!idle), Ordering::Relaxed);
        self.recorder.record(
            self.terms.trial,
            Event::Exchange(ExchangeRecord {
                incarnation,
                point,
                class,
                commits,
                request_ns,
                sent_ns,
                ended_ns: self.recorder.clock().mono_ns(),
                fenced,
                duplicate_of,
                fate: if open.late { Fate::Late } else { fate },
                outcome,
                error,
                in_flight,
            }),
        );
        self.changed();
    }
}
