//! What the director needs to know of the trial.

use exactly_adapter::Control;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How much longer than a lease whatever is to outlive it lasts: the system
/// looks at its clock from time to time only.
const LEASE_MARGIN: Duration = Duration::from_millis(700);

/// See the module.
#[derive(Clone, Default)]
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
    /// Leases by system, of the systems that have any.
    pub leases: BTreeMap<String, Duration>,
    /// Whether a window that no clock shortens is waited for.
    pub allow_wait: bool,
    /// Who breaks nodes, by system; of the systems that the harness started.
    pub controls: BTreeMap<String, Arc<dyn Control>>,
}

impl Terms {
    /// The longest lease: whoever is silent for longer has lost all of them.
    pub fn lease(&self) -> Option<Duration> {
        self.leases.values().max().copied()
    }

    /// What outlives every lease.
    pub(super) fn past_leases(&self) -> Option<Duration> {
        Some(self.lease()? + LEASE_MARGIN)
    }
}
