//! What the director writes down.

use super::state::Director;
use crate::boundary::Life;
use exactly_adapter::{DecodeError, Delivered};
use exactly_model::{DeliveryRecord, Event, Fault, FaultRecord, FaultState, Note, NoteKind, Point};
use std::sync::atomic::Ordering;

/// Notes of one kind per trial: a client that tries again and again does not fill
/// the store.
const NOTES_MAX: usize = 20;

impl Director {
    /// Notes something worth reading, once.
    pub fn remark(&self, text: &str) {
        let mut remarks = self.remarks.lock().expect("no panic while held");
        let new = remarks.len() < NOTES_MAX && remarks.insert(text.into());
        drop(remarks);
        if new {
            self.note(NoteKind::Remark, text.into());
        }
    }

    /// The trial that it directs.
    pub fn trial(&self) -> u32 {
        self.terms.trial
    }

    /// Notes, once for each text, that traffic goes around a boundary.
    pub fn bypass(&self, text: &str) {
        let mut remarks = self.remarks.lock().expect("no panic while held");
        if remarks.insert(text.into()) {
            self.note(NoteKind::Bypass, text.into());
        }
    }

    fn note(&self, kind: NoteKind, text: String) {
        self.recorder
            .record(self.terms.trial, Event::Note(Note::new(kind, text)));
    }

    /// Notes that a connection is passed on undecoded from here on.
    pub fn opaque(&self, system: &str, error: &DecodeError) {
        if self.opaque_notes.fetch_add(1, Ordering::Relaxed) < NOTES_MAX {
            self.note(
                NoteKind::Opaque,
                format!("{system}: passed on undecoded: {error}"),
            );
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

    /// Writes down a state of a fault and what it struck. That it fired is with
    /// the kernel before anything irrevocable is done.
    pub(super) fn record_fault(
        &self,
        index: usize,
        fault: &Fault,
        state: FaultState,
        struck: Option<(Point, u32)>,
        collateral: Vec<String>,
    ) {
        let (point, incarnation) = struck.unzip();
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
}
