//! From a report to an exit code.

use exactly_model::{Inconclusive, Report, Verdict, exit};

/// [`exit::DONE`] when every cell that its place can host was decided,
/// [`exit::INCONCLUSIVE`] when one was not, or when none was: nothing judged is
/// nothing proven.
///
/// `evaluate` and `judge` both end in this function, so that a stored run
/// exits as the run itself did.
pub fn exit_code(report: &Report) -> u8 {
    let mut decided = 0_usize;
    for (_, variant) in report.variants() {
        match variant.verdict {
            // A shard has done its part; the merge decides.
            Verdict::Inconclusive if variant.reason == Some(Inconclusive::Partial) => decided += 1,
            Verdict::Inconclusive => return exit::INCONCLUSIVE,
            Verdict::NotHosted => {}
            Verdict::Upheld | Verdict::Refuted => decided += 1,
        }
    }
    if decided == 0 {
        exit::INCONCLUSIVE
    } else {
        exit::DONE
    }
}
