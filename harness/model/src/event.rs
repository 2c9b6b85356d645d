//! The history: one JSON object a line, `.exactly/runs/<id>/events.ndjson`.

use crate::{
    Cell, Class, FaultKind, Note, Outcome, Phase, Pipeline, Place, Point, PointClass, Position,
    Schedule, SystemInfo,
};
use serde::{Deserialize, Serialize};

/// Major version of the history format.
pub const HISTORY_VERSION: u32 = 1;

/// One line of the history.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Record {
    /// [`HISTORY_VERSION`].
    pub v: u32,
    /// Line number, from 1.
    pub n: u64,
    /// Trial, from 1; 0 for what belongs to the run or a cell.
    pub trial: u32,
    /// Nanoseconds since the run began, monotonic.
    pub mono_ns: u64,
    /// Nanoseconds since the epoch.
    pub wall_ns: u64,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// What a line says.
#[expect(
    clippy::large_enum_variant,
    reason = "records are written and read one at a time, never kept in numbers"
)]
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "ev", rename_all = "snake_case")]
pub enum Event {
    /// The run began.
    Run(RunStart),
    /// What the run is going to judge, before the first cell begins.
    Selected(Selected),
    /// A cell began. Trials name it by `cell`.
    Cell(CellStart),
    /// What calibration found and what is planned; later ones add to it.
    Plan(Plan),
    /// A trial began.
    Trial(TrialStart),
    /// A message was sent, with what the sender knows of it.
    Attempt(AttemptRecord),
    /// An exchange ended (answered, dropped or cut).
    Exchange(ExchangeRecord),
    /// A fault was armed, fired or missed.
    Fault(FaultRecord),
    /// A process changed its state.
    Incarnation(IncarnationRecord),
    /// An effect was seen. It counts once its audit is complete.
    Effect(EffectRecord),
    /// An audit of one sink is complete.
    Audit(AuditRecord),
    /// A committed position, read at the system.
    Position(PositionRecord),
    /// Messages were handed to an incarnation.
    Delivery(DeliveryRecord),
    /// The trial came to rest, or did not.
    Settle(Settle),
    /// What a system forgets with time was forgotten.
    Horizon(HorizonRecord),
    /// A system gave a message up without an acknowledgement.
    PutAside(PutAsideRecord),
    /// What the harness did to shorten a wait.
    Assist(Assist),
    /// A remark; some cap the verdict.
    Note(Note),
    /// A trial ended. Trials without this line are not judged.
    TrialEnd(TrialEnd),
    /// Every planned trial of the cell ran and the final sweep is done.
    CellEnd(CellEnd),
}

/// Start of a run.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RunStart {
    /// Id of the run, which is the name of its folder.
    pub id: String,
    /// Version of the tool.
    pub tool: String,
    /// Number that stands in the message ids (20 bits).
    pub number: u32,
    /// Seed.
    pub seed: u64,
    /// Plan: `every-boundary`, `pairs`, `random` or `schedule`.
    pub plan: String,
    /// Whether all points were asked for instead of representatives.
    pub exhaustive: bool,
    /// The command line, without secrets.
    pub command: Vec<String>,
    /// The part of the plan that this run is; all of it where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
}

/// A part of a plan, of several that are run apart and put together by a merge.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Shard {
    /// Its number, from 1.
    pub index: u32,
    /// How many there are.
    pub of: u32,
}

impl Shard {
    /// The largest number of parts.
    pub const OF_MAX: u32 = 256;

    /// Whether it is the one that runs what has this checksum: each part is run by
    /// one shard, whatever else the plan has.
    pub const fn owns(self, checksum: u32) -> bool {
        checksum % self.of == self.index - 1
    }
}

impl std::str::FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/');
        let number = |text: &str| text.parse::<u32>().ok();
        let shard = parts.and_then(|(i, n)| Some((number(i)?, number(n)?)));
        match shard {
            Some((index, of)) if index >= 1 && index <= of && of <= Self::OF_MAX => {
                Ok(Self { index, of })
            }
            _ => Err(format!(
                "{text:?} is no shard: write its number and how many there are, as in 2/4 (at most {})",
                Self::OF_MAX
            )),
        }
    }
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

/// The cells that a run is going to judge. A run that ends before one of them
/// began has not decided it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Selected {
    /// In the order in which they are going to run.
    pub cells: Vec<Cell>,
}

/// Start of a cell.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct CellStart {
    /// Number of the cell within the run, from 0.
    pub cell: u32,
    /// The claim side.
    pub info: Cell,
    /// The pipeline side, with secrets removed.
    pub pipeline: Pipeline,
    /// The systems it ran on.
    pub systems: Vec<SystemInfo>,
}

/// What calibration found.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Plan {
    /// Cell.
    pub cell: u32,
    /// Fault-free runs that it was learnt from.
    pub calibrations: u32,
    /// Classes found (only the added ones in a later plan).
    pub classes: Vec<PointClass>,
    /// Points found (only the added ones in a later plan).
    pub points: Vec<PlannedPoint>,
    /// Points that come and go, by label.
    #[serde(default)]
    pub unstable: Vec<String>,
    /// What could not be faulted, and why.
    #[serde(default)]
    pub not_applicable: Vec<String>,
    /// Most point-making exchanges in flight at once.
    pub max_in_flight: u32,
    /// Trials planned.
    pub trials: u32,
    /// Cuts that exist over the planned points (1 per point with one exchange
    /// in flight) and cuts that are planned.
    pub cuts: (u64, u64),
    /// Pairs of faults that exist over class representatives, and pairs planned.
    #[serde(default)]
    pub pairs: (u64, u64),
}

/// A point of the plan.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PlannedPoint {
    /// The point.
    pub point: Point,
    /// Where it stands.
    pub place: Place,
    /// Whether it is among the representatives of its class.
    pub representative: bool,
}

impl PlannedPoint {
    /// The class the point belongs to.
    pub fn class(&self) -> PointClass {
        PointClass {
            process: self.point.process.clone(),
            system: self.point.system.clone(),
            operation: self.point.operation.clone(),
            target: self.point.target.clone(),
            place: self.place,
        }
    }
}

/// Why a trial runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrialKind {
    /// No fault: learns the points; must be clean.
    Calibration,
    /// A planned fault.
    Planned,
    /// A witness of the cell.
    Witness,
    /// A fault at a point that only recovery showed.
    Recovery,
    /// A fault of the system itself; it has the system alone.
    System,
    /// A second fault during recovery from a first one.
    Pair,
    /// Drawn at random.
    Random,
    /// A failure of an earlier run, or a schedule from a file.
    Known,
    /// Looks for a shorter way to what trial [`TrialStart::of`] showed. No
    /// evidence for a cell's counters or coverage.
    Shrink,
    /// Runs what trial [`TrialStart::of`] showed once more, to see how often it
    /// comes back. No evidence for a cell's counters or coverage.
    Replay,
}

impl TrialKind {
    /// Whether it only looks closer at what another trial showed.
    pub const fn looks_closer(self) -> bool {
        matches!(self, Self::Shrink | Self::Replay)
    }
}

/// Start of a trial.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct TrialStart {
    /// Cell.
    pub cell: u32,
    /// Why it runs.
    pub kind: TrialKind,
    /// Its faults.
    pub schedule: Schedule,
    /// Messages fed.
    pub messages: u32,
    /// For shrinking and replaying: the trial whose finding is looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<u32>,
}

/// An attempt to send one message.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AttemptRecord {
    /// Sequence within the trial.
    pub seq: u32,
    /// Key.
    pub key: String,
    /// Sequence within the key.
    pub key_seq: u32,
    /// Checksum sent.
    pub checksum: u32,
    /// What the sender knows.
    pub outcome: Outcome,
    /// Where it went, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    /// The sender's error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// To how many receivers the system says that it gave it, where it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receivers: Option<u64>,
}

/// What became of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It reached the system and its reply reached the client.
    Answered,
    /// It reached the system; the reply was held back for good.
    Applied,
    /// It never reached the system.
    Dropped,
    /// It reached the system after its sender was dead.
    Late,
    /// It reached the system and the connection ended before a reply.
    Unanswered,
}

/// An exchange.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ExchangeRecord {
    /// Incarnation, from 1.
    pub incarnation: u32,
    /// The point.
    pub point: Point,
    /// Its class.
    pub class: Class,
    /// Positions it commits (`offset` = next to be read).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commits: Vec<Position>,
    /// When the request was seen, in nanoseconds since the run began.
    pub request_ns: u64,
    /// When its last byte was with the system; absent where it never was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_ns: Option<u64>,
    /// When it ended; 0 in histories that did not record it.
    #[serde(default)]
    pub ended_ns: u64,
    /// Whether the reply says that its sender is not the owner any more
    /// (PRODUCER_FENCED and its kin).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fenced: bool,
    /// Messages that the system took this one for a repetition of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub duplicate_of: Vec<u32>,
    /// What became of it.
    pub fate: Fate,
    /// What the reply said.
    pub outcome: Outcome,
    /// The error in the reply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Point-making exchanges in flight in the incarnation, this one included.
    pub in_flight: u32,
}

/// State of a fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultState {
    /// Waiting for its point.
    Armed,
    /// Applied. On disk before the signal is sent.
    Fired,
    /// The trial ended without it.
    Missed,
}

/// A fault of the trial's schedule.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct FaultRecord {
    /// Index in the schedule.
    pub index: u32,
    /// Kind.
    pub kind: FaultKind,
    /// Phase.
    pub phase: Phase,
    /// State.
    pub state: FaultState,
    /// The exchange it struck; of a missed one that which was held back to be overtaken, in
    /// vain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point: Option<Point>,
    /// The incarnation it struck.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incarnation: Option<u32>,
    /// Other exchanges in flight, and what became of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub collateral: Vec<String>,
}

/// State of an incarnation.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncarnationState {
    /// Started.
    Started,
    /// Ready by its own rule.
    Ready,
    /// Ended by a fault of the harness.
    Killed,
    /// Ended by itself.
    Exited,
    /// Ended by the harness at the end of the trial.
    Stopped,
}

/// A process changed its state.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct IncarnationRecord {
    /// Process.
    pub process: String,
    /// Incarnation, from 1.
    pub incarnation: u32,
    /// State.
    pub state: IncarnationState,
    /// Exit code or signal, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
}

/// How a reader looked.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum View {
    /// Committed data only.
    #[default]
    ReadCommitted,
    /// Everything.
    ReadUncommitted,
}

/// An effect at a sink.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct EffectRecord {
    /// Observer.
    pub observer: String,
    /// Audit that saw it.
    pub audit: u32,
    /// The id as an `i64` (it may belong to another trial or to no one).
    pub id: crate::MessageId,
    /// Key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Per-key sequence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_seq: Option<u32>,
    /// Partition of a log, where the sink is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<u32>,
    /// Order at the sink.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<i64>,
    /// The unit (transaction) that committed it, by a name that is unique within
    /// the sink.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Checksum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum: Option<u32>,
    /// View.
    #[serde(default)]
    pub view: View,
}

/// An audit is complete: the effects before this line with its number are all
/// there were.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AuditRecord {
    /// Observer.
    pub observer: String,
    /// Number of the audit, from 1. The last complete one counts.
    pub audit: u32,
    /// Effects seen.
    pub effects: u64,
    /// Whether this is the final sweep.
    pub sweep: bool,
}

/// A committed position read at the system.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PositionRecord {
    /// System.
    pub system: String,
    /// The position; `offset` = next to be read.
    pub position: Position,
}

/// Records handed to an incarnation.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DeliveryRecord {
    /// Process.
    pub process: String,
    /// Incarnation.
    pub incarnation: u32,
    /// Log.
    pub target: String,
    /// Partition.
    pub partition: u32,
    /// First offset.
    pub first: i64,
    /// Last offset, included.
    pub last: i64,
}

/// How a trial came to rest.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SettleHow {
    /// Backlog zero, sinks unchanged for the quiet window, no armed fault in
    /// progress, incarnations stopped.
    Quiescent,
    /// Backlog left and no progress for the stated time, or restarts used up.
    Stuck,
    /// The limit was reached while there still was progress.
    Limit,
}

/// The trial came to rest, or did not.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Settle {
    /// How.
    pub how: SettleHow,
    /// Work left, by the systems' own definition.
    pub backlog: u64,
    /// How long it took, in milliseconds.
    pub waited_ms: u64,
    /// In words.
    pub detail: String,
}

/// A window of a system has passed, by its own clock or by a real wait.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct HorizonRecord {
    /// System.
    pub system: String,
    /// What has passed, in words (`the deduplication window`).
    pub what: String,
    /// How long it is, in seconds.
    pub seconds: u64,
}

/// A message that a system gave up, read when the trial had come to rest.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PutAsideRecord {
    /// System.
    pub system: String,
    /// The message.
    pub id: crate::MessageId,
    /// Why, in words.
    pub how: String,
}

/// What the harness did to shorten a wait.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Assist {
    /// System.
    pub system: String,
    /// What was done.
    pub what: String,
}

/// A trial ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TrialEnd {
    /// What went wrong with the harness, if anything did: such a trial is not
    /// evidence for anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Every planned trial ran.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CellEnd {
    /// Cell.
    pub cell: u32,
    /// Why the plan was cut short, if it was: the cell is inconclusive then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Why this place cannot hold the cell, if it cannot: nothing was run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_hosted: Option<String>,
}
