//! Exchanges, and the points where a fault can be put.

use serde::{Deserialize, Serialize};

/// What an exchange does to the system it goes to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Changes what a sink can show.
    Effect,
    /// Moves a position (an offset commit, a delete, an XACK).
    Ack,
    /// A read that changes state (ReceiveMessage, JoinGroup).
    Take,
    /// Changes nothing.
    Read,
    /// Handshakes, heartbeats, BEGIN, session settings.
    Control,
}

impl Class {
    /// Points are made of the exchanges that leave a trace: effect, ack, take.
    pub const fn makes_points(self) -> bool {
        matches!(self, Self::Effect | Self::Ack | Self::Take)
    }
}

/// Outcome of an attempt or of an exchange.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Acknowledged: it happened.
    Ok,
    /// It certainly did not happen.
    Fail,
    /// It may have happened. Neither success nor failure.
    Unknown,
}

/// A position in a log. `offset` is the *next* offset to be read where a
/// position is committed, and the record's own offset where it is a record's.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Position {
    /// Logical name of the log (`topic.orders`).
    pub target: String,
    /// Partition or shard.
    pub partition: u32,
    /// Offset, see the type.
    pub offset: i64,
}

/// Where in the life of an incarnation an exchange stands.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// Before the first message was delivered to the incarnation.
    Startup,
    /// From the delivery of a message to the ack that covers it.
    #[default]
    Cycle,
    /// After the last ack.
    Shutdown,
}

/// One exchange of the pipeline, as every run of it shows it again.
///
/// `ids` are trial-relative sequences, so that the same point has the same
/// name in each trial. `nth` counts equal points within an incarnation.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Point {
    /// Name of the process.
    pub process: String,
    /// Name of the system.
    pub system: String,
    /// Operation label (`COMMIT`, `OffsetCommit`).
    pub operation: String,
    /// Logical target (`topic.orders`, a table), empty where there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub target: String,
    /// Sequences of the messages it carries or covers, ascending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<u32>,
    /// Ordinal among equal points of the incarnation, from 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub nth: u32,
}

fn is_zero(n: &u32) -> bool {
    *n == 0
}

impl std::fmt::Display for Point {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write_label(f, &self.system, &self.operation, &self.target)?;
        if !self.ids.is_empty() {
            write!(f, " {}", render_ids(&self.ids))?;
        }
        if self.nth > 0 {
            write!(f, " #{}", self.nth + 1)?;
        }
        Ok(())
    }
}

fn write_label(
    f: &mut std::fmt::Formatter<'_>,
    system: &str,
    operation: &str,
    target: &str,
) -> std::fmt::Result {
    write!(f, "{system} {operation}")?;
    if !target.is_empty() {
        write!(f, " {target}")?;
    }
    Ok(())
}

/// `{1,2,5}`, shortened after eight.
pub fn render_ids(ids: &[u32]) -> String {
    let shown: Vec<String> = ids.iter().take(8).map(u32::to_string).collect();
    let more = if ids.len() > 8 { ",…" } else { "" };
    format!("{{{}{more}}}", shown.join(","))
}

/// Points of one operation at one place of the cycle.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct PointClass {
    /// Name of the process.
    pub process: String,
    /// Name of the system.
    pub system: String,
    /// Operation label.
    pub operation: String,
    /// Logical target.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub target: String,
    /// Where in the incarnation's life.
    pub place: Place,
}

impl std::fmt::Display for PointClass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write_label(f, &self.system, &self.operation, &self.target)?;
        match self.place {
            Place::Startup => write!(f, " (startup)"),
            Place::Shutdown => write!(f, " (shutdown)"),
            Place::Cycle => Ok(()),
        }
    }
}

/// Says which exchanges are meant: every field that is given must agree.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Selector {
    /// Name of the process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<String>,
    /// Name of the system.
    pub system: String,
    /// Operation label.
    pub operation: String,
    /// Logical target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Exactly these sequences.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ids: Option<Vec<u32>>,
    /// This sequence among others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub covers: Option<u32>,
    /// Ordinal among equal points of the incarnation, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nth: Option<u32>,
    /// Incarnation, from 1; any where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incarnation: Option<u32>,
}

impl Selector {
    /// Any exchange of `operation` on `system`.
    pub fn new(system: &str, operation: &str) -> Self {
        Self {
            system: system.into(),
            operation: operation.into(),
            ..Self::default()
        }
    }

    /// Narrows to exchanges on `target`.
    pub fn on(mut self, target: &str) -> Self {
        self.target = Some(target.into());
        self
    }

    /// Narrows to exchanges that carry or cover message `sequence`.
    pub fn covering(mut self, sequence: u32) -> Self {
        self.covers = Some(sequence);
        self
    }

    /// Narrows to the incarnation numbered `n`, from 1.
    pub fn in_incarnation(mut self, n: u32) -> Self {
        self.incarnation = Some(n);
        self
    }

    /// Whether `point`, seen in incarnation `incarnation`, is meant.
    pub fn matches(&self, point: &Point, incarnation: u32) -> bool {
        self.system == point.system
            && self.operation == point.operation
            && self.process.as_ref().is_none_or(|p| *p == point.process)
            && self.target.as_ref().is_none_or(|t| *t == point.target)
            && self.ids.as_ref().is_none_or(|ids| *ids == point.ids)
            && self.covers.is_none_or(|id| point.ids.contains(&id))
            && self.nth.is_none_or(|nth| nth == point.nth)
            && self.incarnation.is_none_or(|n| n == incarnation)
    }
}

impl From<&Point> for Selector {
    fn from(point: &Point) -> Self {
        Self {
            process: Some(point.process.clone()),
            system: point.system.clone(),
            operation: point.operation.clone(),
            target: (!point.target.is_empty()).then(|| point.target.clone()),
            ids: Some(point.ids.clone()),
            covers: None,
            nth: Some(point.nth),
            incarnation: None,
        }
    }
}

impl std::fmt::Display for Selector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write_label(
            f,
            &self.system,
            &self.operation,
            self.target.as_deref().unwrap_or(""),
        )?;
        if let Some(ids) = self.ids.as_ref().filter(|ids| !ids.is_empty()) {
            write!(f, " {}", render_ids(ids))?;
        }
        if let Some(id) = self.covers {
            write!(f, " covering {id}")?;
        }
        if let Some(nth) = self.nth.filter(|nth| *nth > 0) {
            write!(f, " #{}", nth + 1)?;
        }
        if let Some(n) = self.incarnation {
            write!(f, " of incarnation {n}")?;
        }
        Ok(())
    }
}
