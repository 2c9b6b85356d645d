//! Faults and schedules.

use crate::Code;
use crate::point::Selector;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Schema name of a schedule file.
pub const SCHEDULE_SCHEMA: &str = "exactly.schedule/1";

/// What is done at a point.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// SIGKILL of the process group; the request is dropped (before) or was
    /// applied and its reply dropped (after).
    Kill,
    /// The request is held, the process killed and restarted, and the request
    /// delivered after the successor's first read or effect was seen.
    KillDeliverLate,
    /// SIGTERM, then SIGKILL when the grace period is over.
    Terminate,
    /// SIGSTOP for a while, then SIGCONT.
    Freeze,
    /// Connection reset before the request was applied.
    DropRequest,
    /// Applied, connection reset before the reply.
    DropReply,
    /// The reply arrives after the client's declared timeout.
    DelayReply,
    /// Half-open: for a while packets of the connection are dropped in both directions,
    /// without a reset and without an acknowledgement; then the path heals.
    Blackhole,
    /// Holds the exchange until another one is seen: a directed interleaving.
    Hold,
    /// Frozen with the reply in our hands; a second instance with the same
    /// identity starts, does its first work, and the frozen one wakes up.
    SecondOwner,
    /// The handler's next request is held for longer than the lease, while the
    /// process lives and renews what it renews by itself.
    SlowHandler,
    /// The request is held and the client's connection reset; once the client's
    /// retry on another connection was answered, the held one is delivered.
    HoldAndOvertake,
    /// Not applied; the client gets an error that says so.
    ErrorBefore,
    /// Applied; the client gets an error that is legal after an apply.
    ErrorAfter,
    /// A part of a batch is applied (some partitions of a Produce), then the
    /// connection is reset.
    ApplyPart,
    /// SIGKILL of a node of the system, which is started again.
    KillSystem,
    /// Orderly stop of a node of the system, and a start.
    RestartSystem,
    /// SIGSTOP of a node of the system for a while, then SIGCONT.
    PauseSystem,
    /// Applied, the process killed before it sees the reply, and started again
    /// only when the system has forgotten: its dedup window and its leases are
    /// over.
    ExpireHorizon,
    /// At rest: what the system has put aside (a dead-letter queue) is fed to
    /// the pipeline once more.
    Replay,
}

impl FaultKind {
    /// Every kind, in the order of the documentation.
    pub const ALL: [Self; 20] = [
        Self::Kill,
        Self::KillDeliverLate,
        Self::Terminate,
        Self::Freeze,
        Self::DropRequest,
        Self::DropReply,
        Self::DelayReply,
        Self::Blackhole,
        Self::Hold,
        Self::SecondOwner,
        Self::SlowHandler,
        Self::HoldAndOvertake,
        Self::ErrorBefore,
        Self::ErrorAfter,
        Self::ApplyPart,
        Self::KillSystem,
        Self::RestartSystem,
        Self::PauseSystem,
        Self::ExpireHorizon,
        Self::Replay,
    ];

    /// The name used in files and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::KillDeliverLate => "kill-deliver-late",
            Self::Terminate => "terminate",
            Self::Freeze => "freeze",
            Self::DropRequest => "drop-request",
            Self::DropReply => "drop-reply",
            Self::DelayReply => "delay-reply",
            Self::Blackhole => "blackhole",
            Self::Hold => "hold",
            Self::SecondOwner => "second-owner",
            Self::SlowHandler => "slow-handler",
            Self::HoldAndOvertake => "hold-and-overtake",
            Self::ErrorBefore => "error-before",
            Self::ErrorAfter => "error-after",
            Self::ApplyPart => "apply-part",
            Self::KillSystem => "kill-system",
            Self::RestartSystem => "restart-system",
            Self::PauseSystem => "pause-system",
            Self::ExpireHorizon => "expire-horizon",
            Self::Replay => "replay",
        }
    }

    /// The phases at which the kind can be applied.
    pub const fn phases(self) -> &'static [Phase] {
        match self {
            Self::Kill
            | Self::Terminate
            | Self::Blackhole
            | Self::KillSystem
            | Self::RestartSystem
            | Self::PauseSystem => &[Phase::Before, Phase::After],
            Self::KillDeliverLate
            | Self::DropRequest
            | Self::Hold
            | Self::SlowHandler
            | Self::HoldAndOvertake
            | Self::ErrorBefore
            | Self::ApplyPart => &[Phase::Before],
            Self::Freeze
            | Self::DropReply
            | Self::DelayReply
            | Self::SecondOwner
            | Self::ErrorAfter
            | Self::ExpireHorizon
            | Self::Replay => &[Phase::After],
        }
    }

    /// Whether only a witness or a schedule by hand has it: it needs something to
    /// wait for, or breaks what the sentence takes for granted.
    pub const fn is_directed(self) -> bool {
        matches!(
            self,
            Self::Hold | Self::SecondOwner | Self::ExpireHorizon | Self::Replay | Self::Blackhole
        )
    }

    /// Whether it strikes a request or its reply and leaves the process alone, so that it
    /// can strike the next one too.
    pub const fn repeats(self) -> bool {
        matches!(
            self,
            Self::DropRequest
                | Self::DropReply
                | Self::DelayReply
                | Self::ErrorBefore
                | Self::ErrorAfter
        )
    }

    /// Whether it strikes a node of the system. Such a trial has the system to
    /// itself.
    pub const fn strikes_system(self) -> bool {
        matches!(
            self,
            Self::KillSystem | Self::RestartSystem | Self::PauseSystem
        )
    }
}

impl std::fmt::Display for FaultKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// On which side of the system's work a fault strikes. From outside an
/// exchange has two: the request was not applied, or it was and the reply
/// was not seen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The request has not reached the system.
    Before,
    /// The system has answered, the client has not seen it.
    After,
}

impl std::fmt::Display for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Before => "before",
            Self::After => "after",
        })
    }
}

/// What becomes of the other exchanges in flight when a process is killed:
/// with several in flight a crash is a cut, not a point.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Others {
    /// Each was applied.
    Applied,
    /// Each that had not reached the system was dropped.
    Dropped,
}

/// Which nodes of a system a fault strikes.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Nodes {
    /// The one that serves the exchange: the leader or the coordinator.
    #[default]
    Serving,
    /// Every one at once.
    All,
    /// The one with this number.
    Node(u32),
}

impl std::fmt::Display for Nodes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Serving => f.write_str("the node that serves it"),
            Self::All => f.write_str("all nodes"),
            Self::Node(n) => write!(f, "node {n}"),
        }
    }
}

/// A kind at a point.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What is done.
    pub kind: FaultKind,
    /// On which side of the system's work.
    pub phase: Phase,
    /// Where.
    pub point: Selector,
    /// For [`FaultKind::Hold`]: released when this exchange was answered. For
    /// [`FaultKind::HoldAndOvertake`]: what overtakes, instead of the retry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Selector>,
    /// For freeze, terminate, delay-reply, blackhole, slow-handler and pause-system: how
    /// long, in milliseconds. For second-owner: how long the first one stays
    /// frozen at least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// For kills with several exchanges in flight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub others: Option<Others>,
    /// For faults of a request or of its reply: it strikes the first so many exchanges
    /// that are meant, and not only one. A client that repeats by itself (the SDKs of AWS
    /// ask three times) tells the code above it nothing of a single loss.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// For faults of the system: which of its nodes. Absent: the one that serves
    /// the exchange.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nodes: Option<Nodes>,
}

impl Fault {
    /// `kind` at `point`, with nothing else said.
    pub fn new(kind: FaultKind, phase: Phase, point: Selector) -> Self {
        Self {
            kind,
            phase,
            point,
            until: None,
            duration_ms: None,
            others: None,
            times: None,
            nodes: None,
        }
    }

    /// Holds `point` until `until` was answered.
    pub fn hold(point: Selector, until: Selector) -> Self {
        Self {
            until: Some(until),
            ..Self::new(FaultKind::Hold, Phase::Before, point)
        }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.until, self.kind) {
            (Some(until), FaultKind::Hold) => write!(f, "hold {} until {until}", self.point),
            (Some(until), kind) => {
                write!(f, "{kind} {} {} until {until}", self.phase, self.point)
            }
            _ => write!(f, "{} {} {}", self.kind, self.phase, self.point),
        }?;
        if let Some(nodes) = self.nodes {
            write!(f, " ({nodes})")?;
        }
        if let Some(times) = self.times {
            write!(f, " ({times} times)")?;
        }
        match self.others {
            Some(Others::Applied) => write!(f, " (others in flight applied)"),
            Some(Others::Dropped) => write!(f, " (others in flight dropped)"),
            None => Ok(()),
        }
    }
}

/// The faults of one trial. An empty one is a calibration.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Schedule {
    /// Its faults; each fires at most once.
    pub faults: Vec<Fault>,
}

impl Schedule {
    /// One fault.
    pub fn single(fault: Fault) -> Self {
        Self {
            faults: vec![fault],
        }
    }
}

impl std::fmt::Display for Schedule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.faults.is_empty() {
            return f.write_str("no fault");
        }
        for (i, fault) in self.faults.iter().enumerate() {
            if i > 0 {
                f.write_str(", then ")?;
            }
            write!(f, "{fault}")?;
        }
        Ok(())
    }
}

/// A schedule as a file: what `replay` takes, and what the store keeps of a
/// failure.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleFile {
    /// [`SCHEDULE_SCHEMA`].
    pub schema: String,
    /// Seed of the trial.
    #[serde(default)]
    pub seed: u64,
    /// Messages fed.
    pub messages: u32,
    /// The faults.
    pub faults: Vec<Fault>,
    /// `claim/variant` that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cell: Option<String>,
    /// The code that it showed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// Where each system ran, as `--on` takes it; systems that are not named ran
    /// embedded.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub places: BTreeMap<String, String>,
    /// The run that found it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// The configuration of the pipeline that it was found in, where that is none of
    /// the catalogue's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<String>,
}

impl ScheduleFile {
    /// Its faults.
    pub fn schedule(&self) -> Schedule {
        Schedule {
            faults: self.faults.clone(),
        }
    }
}

impl Schedule {
    /// A number that is the same for the same faults, in every run.
    pub fn checksum(&self) -> u32 {
        let faults = serde_json::to_string(&self.faults).unwrap_or_default();
        crc32fast::hash(faults.as_bytes())
    }
}

/// Id of a finding: the same finding has the same id in every run.
pub fn finding_id(cell: &str, code: Code, messages: u32, schedule: &Schedule) -> String {
    let faults = serde_json::to_string(&schedule.faults).unwrap_or_default();
    let sum = crc32fast::hash(format!("{cell} {code} {messages} {faults}").as_bytes());
    let variant = cell.rsplit('/').next().unwrap_or(cell);
    format!("{variant}-{code}-{sum:08x}")
}
