//! What a run tells while it runs.

use exactly_model::VariantReport;

/// One step of a run.
#[expect(
    clippy::large_enum_variant,
    reason = "one is shown at a time, none is kept"
)]
#[derive(Clone, PartialEq, Debug)]
pub enum Progress {
    /// A cell began: its number (from 1), how many there are, its id.
    CellStarted {
        /// Number, from 1.
        cell: u32,
        /// Cells in all.
        of: u32,
        /// `claim/variant`.
        id: String,
    },
    /// Calibration is done and the trials are planned.
    Planned {
        /// `claim/variant`.
        id: String,
        /// Classes found so far.
        classes: u32,
        /// Points found so far.
        points: u32,
        /// Trials planned so far, calibration included.
        trials: u32,
    },
    /// A trial ended.
    TrialDone {
        /// `claim/variant`.
        id: String,
        /// Trials done.
        done: u32,
        /// Trials planned so far.
        planned: u32,
        /// Forbidden anomalies it showed.
        anomalies: u64,
    },
    /// A cell is decided, or could not be.
    CellDone {
        /// What the report will say of it.
        report: VariantReport,
    },
    /// Something worth knowing.
    Note(String),
}
