//! From a report to an exit code.

use exactly_model::{Report, Verdict, exit};

/// [`exit::DONE`] when every cell was decided, [`exit::INCONCLUSIVE`] when one
/// was not, or when there is no cell at all: nothing judged is nothing proven.
///
/// `evaluate` and `judge` both end in this function, so that a stored run
/// exits as the run itself did.
pub fn exit_code(report: &Report) -> u8 {
    let mut cells = 0_usize;
    for (_, variant) in report.variants() {
        cells += 1;
        if variant.verdict == Verdict::Inconclusive {
            return exit::INCONCLUSIVE;
        }
    }
    if cells == 0 {
        exit::INCONCLUSIVE
    } else {
        exit::DONE
    }
}
