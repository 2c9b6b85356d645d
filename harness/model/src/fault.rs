//! Faults and schedules.

use crate::point::Selector;
use serde::{Deserialize, Serialize};

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
    /// Holds the exchange until another one is seen: a directed interleaving.
    Hold,
}

impl FaultKind {
    /// Every kind, in the order of the documentation.
    pub const ALL: [Self; 8] = [
        Self::Kill,
        Self::KillDeliverLate,
        Self::Terminate,
        Self::Freeze,
        Self::DropRequest,
        Self::DropReply,
        Self::DelayReply,
        Self::Hold,
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
            Self::Hold => "hold",
        }
    }

    /// The phases at which the kind can be applied.
    pub const fn phases(self) -> &'static [Phase] {
        match self {
            Self::Kill | Self::Terminate => &[Phase::Before, Phase::After],
            Self::KillDeliverLate | Self::DropRequest | Self::Hold => &[Phase::Before],
            Self::Freeze | Self::DropReply | Self::DelayReply => &[Phase::After],
        }
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
    /// For [`FaultKind::Hold`]: released when this exchange was answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Selector>,
    /// For freeze, terminate and delay-reply: how long, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// For kills with several exchanges in flight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub others: Option<Others>,
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
            _ => write!(f, "{} {} {}", self.kind, self.phase, self.point),
        }?;
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

/// A schedule as a file: what `replay` takes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ScheduleFile {
    /// [`SCHEDULE_SCHEMA`].
    pub schema: String,
    /// Seed of the trial.
    pub seed: u64,
    /// Messages fed.
    pub messages: u32,
    /// The faults.
    pub faults: Vec<Fault>,
}
