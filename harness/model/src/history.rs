//! The history of one trial in memory: what the judge reads.
//!
//! Built from records by `exactly_check::fold`; compact, so that a trial of ten
//! million effects can be judged.

use crate::{
    DeliveryRecord, ExchangeRecord, FaultRecord, HorizonRecord, IncarnationRecord, MessageId, Note,
    Outcome, Position, PutAsideRecord, Schedule, Settle, SinkKind, TrialKind, View,
};

/// An attempt, compact.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Attempt {
    /// Sequence within the trial.
    pub seq: u32,
    /// Index into [`TrialHistory::keys`].
    pub key: u32,
    /// Sequence within the key.
    pub key_seq: u32,
    /// Checksum sent.
    pub checksum: u32,
    /// What the sender knows.
    pub outcome: Outcome,
    /// Partition and offset, when known.
    pub position: Option<(u32, i64)>,
}

/// An effect, compact.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Effect {
    /// Identity.
    pub id: MessageId,
    /// Index into [`TrialHistory::keys`]; `u32::MAX` for a key never sent.
    pub key: Option<u32>,
    /// Per-key sequence.
    pub key_seq: Option<u32>,
    /// Partition of a log, where the sink is one.
    pub partition: Option<u32>,
    /// Order at the sink.
    pub position: Option<i64>,
    /// Index into [`TrialHistory::units`].
    pub unit: Option<u32>,
    /// Checksum.
    pub checksum: Option<u32>,
    /// View.
    pub view: View,
}

/// The last complete audit of one sink.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct SinkAudit {
    /// Observer.
    pub observer: String,
    /// Declared cardinality.
    pub effects_per_message: u32,
    /// Kind of sink.
    pub kind: SinkKind,
    /// The view whose effects count. Effects of the other one are evidence for
    /// G2 only.
    pub view: View,
    /// Positions that held another value in an earlier audit: partition, offset
    /// and the sequence that stands there now.
    pub changed: Vec<(u32, i64, u32)>,
    /// Whether a complete audit is there. Without one nothing is decidable.
    pub complete: bool,
    /// What it saw.
    pub effects: Vec<Effect>,
}

/// Everything recorded of one trial.
#[derive(Clone, PartialEq, Debug)]
pub struct TrialHistory {
    /// Number of the run, as in message ids.
    pub run: u32,
    /// Trial.
    pub trial: u32,
    /// Cell.
    pub cell: u32,
    /// Why it ran.
    pub kind: TrialKind,
    /// Its faults.
    pub schedule: Schedule,
    /// Key names.
    pub keys: Vec<String>,
    /// Names of units that committed effects.
    pub units: Vec<String>,
    /// Sinks that have a message all or none, see [`crate::Cell::units`].
    pub together: Vec<Vec<String>>,
    /// Logical name of the log that is fed (`topic.orders`).
    pub feed_target: String,
    /// Sends in flight while feeding. Above one the send order is not known, so
    /// O1 is undecidable.
    pub feed_concurrency: u32,
    /// Keys whose messages the pipeline drops on purpose.
    pub dropped_keys: Vec<String>,
    /// Attempts, in the order of `seq`; `seq` has no gaps.
    pub attempts: Vec<Attempt>,
    /// Sequence, receivers and time (ns since the run began) of the attempts of which the
    /// system said how many received them.
    pub received: Vec<(u32, u64, u64)>,
    /// One per sink.
    pub sinks: Vec<SinkAudit>,
    /// Exchanges, in the order of their requests.
    pub exchanges: Vec<ExchangeRecord>,
    /// Fault states, in order.
    pub faults: Vec<FaultRecord>,
    /// Process states, in order, with the time (ns since the run began).
    pub incarnations: Vec<(u64, IncarnationRecord)>,
    /// Positions committed at the end, read at the system.
    pub committed: Option<Vec<Position>>,
    /// Deliveries, in order.
    pub deliveries: Vec<DeliveryRecord>,
    /// Windows of systems that passed, and when.
    pub horizons: Vec<(u64, HorizonRecord)>,
    /// Messages that a system gave up.
    pub put_aside: Vec<PutAsideRecord>,
    /// How it came to rest.
    pub settle: Option<Settle>,
    /// Remarks.
    pub notes: Vec<Note>,
    /// What went wrong with the harness.
    pub error: Option<String>,
}

impl TrialHistory {
    /// An empty history of trial `trial`.
    pub fn new(run: u32, trial: u32, cell: u32, kind: TrialKind) -> Self {
        Self {
            run,
            trial,
            cell,
            kind,
            schedule: Schedule::default(),
            keys: Vec::new(),
            units: Vec::new(),
            together: Vec::new(),
            feed_target: String::new(),
            feed_concurrency: 1,
            dropped_keys: Vec::new(),
            attempts: Vec::new(),
            received: Vec::new(),
            sinks: Vec::new(),
            exchanges: Vec::new(),
            faults: Vec::new(),
            incarnations: Vec::new(),
            committed: None,
            deliveries: Vec::new(),
            horizons: Vec::new(),
            put_aside: Vec::new(),
            settle: None,
            notes: Vec::new(),
            error: None,
        }
    }
}
