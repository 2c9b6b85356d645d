//! What the systems under a pipeline let happen, and what is left out for it.

use exactly_adapter::Faultable;
use exactly_model::{FaultKind, Point};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

/// How much longer than a lease a planned fault lasts that is to outlive it. As
/// long as the director makes one that names no duration; a schedule that does
/// is the same one on every place.
const LEASE_MARGIN_MS: u64 = 700;
/// Operations named in one line.
const OPERATIONS_SHOWN_MAX: usize = 8;

/// Asks a system's protocol what can happen at a point.
pub type Protocol = Box<dyn Fn(&Point) -> Faultable + Send + Sync>;

/// What the systems of a pipeline, where they run now, let happen.
pub struct Ground {
    /// Systems with a declared client timeout.
    pub timeouts: BTreeSet<String>,
    /// The longest lease that a system keeps to, in milliseconds.
    pub lease_ms: Option<u64>,
    /// Whether every system with a lease lets several members in.
    pub members: bool,
    /// Nodes that the harness can break, by system.
    pub nodes: BTreeMap<String, Vec<u32>>,
    /// Systems that forget with time, and sooner where they are told to.
    pub forgetting: BTreeSet<String>,
    /// Systems that put a message that is fed aside, and after how many deliveries.
    pub gives_up: BTreeMap<String, u32>,
    /// What the protocols know.
    pub protocol: Protocol,
}

impl Default for Ground {
    fn default() -> Self {
        Self {
            timeouts: BTreeSet::new(),
            lease_ms: None,
            members: false,
            nodes: BTreeMap::new(),
            forgetting: BTreeSet::new(),
            gives_up: BTreeMap::new(),
            protocol: Box::new(|_| Faultable::default()),
        }
    }
}

impl Ground {
    /// How long a fault lasts that is to outlive every lease.
    pub(super) fn past_leases_ms(&self) -> Option<u64> {
        Some(self.lease_ms?.saturating_add(LEASE_MARGIN_MS))
    }
}

/// What is not planned and why: a line for each kind and system.
#[derive(Clone, Debug, Default)]
pub struct LeftOut {
    /// By kind, system and reason: the operations it is about, none where it is
    /// about the system.
    reasons: BTreeMap<(FaultKind, String, String), BTreeSet<String>>,
    /// Kinds that are planned somewhere on a system.
    planned: BTreeSet<(FaultKind, String)>,
    /// Whole lines.
    said: BTreeSet<String>,
}

impl LeftOut {
    /// `kind` is not planned at the operation of `point`.
    pub(super) fn at(&mut self, kind: FaultKind, point: &Point, why: impl Display) {
        let reason = (kind, point.system.clone(), why.to_string());
        let operations = self.reasons.entry(reason).or_default();
        operations.insert(point.operation.clone());
    }

    /// `kind` is not planned on `system`, or not everywhere.
    pub(super) fn on(&mut self, kind: FaultKind, system: &str, why: impl Display) {
        let reason = (kind, system.to_string(), why.to_string());
        self.reasons.entry(reason).or_default();
    }

    /// A line of its own.
    pub fn say(&mut self, line: impl Into<String>) {
        self.said.insert(line.into());
    }

    pub(super) fn is_planned(&mut self, kind: FaultKind, system: &str) {
        self.planned.insert((kind, system.to_string()));
    }

    /// The lines. What holds for several systems is said once.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = self.said.clone();
        let mut whole: BTreeMap<(FaultKind, &str), Vec<&str>> = BTreeMap::new();
        for ((kind, system, why), operations) in &self.reasons {
            let elsewhere = self.planned.contains(&(*kind, system.clone()));
            if elsewhere && !operations.is_empty() {
                let operations = shortened(operations);
                lines.insert(format!("{kind} at {system} {operations}: {why}"));
            } else {
                whole.entry((*kind, why)).or_default().push(system);
            }
        }
        let whole = whole.iter();
        lines.extend(whole.map(|((kind, why), systems)| {
            let systems = systems.join(" and ");
            format!("{kind} on {systems}: {why}")
        }));
        lines.into_iter().collect()
    }
}

fn shortened(operations: &BTreeSet<String>) -> String {
    let shown: Vec<&str> = operations
        .iter()
        .take(OPERATIONS_SHOWN_MAX)
        .map(String::as_str)
        .collect();
    let more = match operations.len() > OPERATIONS_SHOWN_MAX {
        true => ", …",
        false => "",
    };
    format!("{}{more}", shown.join(", "))
}
