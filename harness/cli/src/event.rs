//! Progress of a run, until the facade has it.

use exactly_model::VariantReport;

/// What happened in a run.
#[derive(Clone, Debug)]
pub enum Progress {
    /// A cell began.
    CellStarted {
        /// Number of the cell, from 1.
        cell: u32,
        /// Cells of the run.
        of: u32,
        /// `claim/variant`.
        id: String,
    },
    /// Its plan stands.
    Planned {
        /// `claim/variant`.
        id: String,
        /// Classes found.
        classes: u32,
        /// Points found.
        points: u32,
        /// Trials planned.
        trials: u32,
    },
    /// A trial ended.
    TrialDone {
        /// `claim/variant`.
        id: String,
        /// Trials done.
        done: u32,
        /// Trials planned.
        planned: u32,
        /// Anomalies that the trial showed.
        anomalies: u64,
    },
    /// A cell is decided.
    CellDone {
        /// The cell's report.
        report: VariantReport,
    },
    /// A remark.
    Note(String),
}
