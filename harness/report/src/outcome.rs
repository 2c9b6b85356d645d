//! What a report comes to for whoever asked.

use crate::plain::sentence;
use exactly_model::{CHECK_CLAIM, Inconclusive, Report, VariantReport, Verdict, exit};

/// Whether `report` is a check of somebody's own pipelines, and not a
/// measurement of claims.
pub fn is_check(report: &Report) -> bool {
    matches!(report.claims.as_slice(), [only] if only.id == CHECK_CLAIM)
}

/// What does not hold, and what is open.
///
/// A measurement has no wrong result: without expectations only what was not
/// decided stands here. A check expects every pipeline to hold.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Outcome {
    /// Expectations that do not hold.
    pub broken: Vec<Remark>,
    /// What was not decided, though nobody expected that.
    pub undecided: Vec<Remark>,
}

/// A remark on a cell, or on the run as a whole.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Remark {
    /// `claim/variant`; empty for the run as a whole.
    pub cell: String,
    /// In words that make sense without the cell's name beside them.
    pub text: String,
}

impl Remark {
    /// A remark on `cell`.
    pub fn on(cell: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            cell: cell.into(),
            text: text.into(),
        }
    }

    /// A remark on the run as a whole.
    pub fn on_the_run(text: impl Into<String>) -> Self {
        Self::on("", text)
    }
}

impl Outcome {
    /// What a check comes to: each pipeline must hold what is asserted of it.
    pub fn of_check(report: &Report) -> Self {
        let mut outcome = Self::default();
        for (claim, variant) in report.variants() {
            let remark = || Remark::on(cell(&claim.id, variant), sentence(variant));
            match variant.verdict {
                Verdict::Upheld => {}
                Verdict::Refuted => outcome.broken.push(remark()),
                // A shard has done its part: what is put together decides.
                Verdict::Inconclusive if variant.reason == Some(Inconclusive::Partial) => {}
                Verdict::Inconclusive => outcome.undecided.push(remark()),
                // Listed, and no more: another place can hold it.
                Verdict::NotHosted => {}
            }
        }
        if report
            .variants()
            .all(|(_, v)| v.verdict == Verdict::NotHosted)
        {
            let text = "no pipeline was run, so that nothing is decided";
            outcome.undecided.push(Remark::on_the_run(text));
        }
        outcome
    }

    /// The exit code: what does not hold is certain and comes before what is
    /// open.
    pub fn exit_code(&self) -> u8 {
        match (self.broken.is_empty(), self.undecided.is_empty()) {
            (false, _) => exit::REFUTED,
            (true, false) => exit::INCONCLUSIVE,
            (true, true) => exit::DONE,
        }
    }

    /// What is said of `cell` (empty: of the run).
    pub(crate) fn of(&self, cell: &str) -> Standing {
        let texts = |remarks: &[Remark]| -> Vec<String> {
            let of_cell = remarks.iter().filter(|remark| remark.cell == cell);
            of_cell.map(|remark| remark.text.clone()).collect()
        };
        let (broken, open) = (texts(&self.broken), texts(&self.undecided));
        match (broken.is_empty(), open.is_empty()) {
            (false, _) => Standing::Broken(broken.join("; ")),
            (true, false) => Standing::Open(open.join("; ")),
            (true, true) => Standing::Fine,
        }
    }

    /// Cells that are spoken of and are not in `report`, each once.
    pub(crate) fn elsewhere(&self, report: &Report) -> Vec<String> {
        let known: Vec<String> = report.variants().map(|(c, v)| cell(&c.id, v)).collect();
        let mut cells: Vec<String> = Vec::new();
        for remark in self.broken.iter().chain(&self.undecided) {
            if !known.contains(&remark.cell) && !cells.contains(&remark.cell) {
                cells.push(remark.cell.clone());
            }
        }
        cells
    }
}

/// What an outcome says of one cell.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Standing {
    /// Nothing to complain about.
    Fine,
    /// Something does not hold.
    Broken(String),
    /// It was not decided.
    Open(String),
}

/// `claim/variant`.
pub(crate) fn cell(claim: &str, variant: &VariantReport) -> String {
    format!("{claim}/{}", variant.id)
}
