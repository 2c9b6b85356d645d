//! Exit codes in words: one table for `--help` and the documentation.

use exactly_model::exit;
use std::fmt::Write as _;

/// An exit code and when it is returned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ExitCodeText {
    /// The code.
    pub code: u8,
    /// When it is returned.
    pub when: &'static str,
}

const fn text(code: u8, when: &'static str) -> ExitCodeText {
    ExitCodeText { code, when }
}

/// Every exit code, ascending.
pub const fn exit_codes() -> &'static [ExitCodeText] {
    const TABLE: &[ExitCodeText] = &[
        text(exit::DONE, "done, and every selected cell was decided"),
        text(exit::USAGE, "the command line was not understood"),
        text(
            exit::INCONCLUSIVE,
            "at least one selected cell could not be decided, or a replay says nothing",
        ),
        text(
            exit::CONFIG,
            "a configuration, expectation or schedule file is wrong",
        ),
        text(
            exit::SYSTEM_UNAVAILABLE,
            "a system could not be reached or started",
        ),
        text(
            exit::PIPELINE_NOT_READY,
            "the pipeline under test never became ready",
        ),
        text(
            exit::REFUTED,
            "a check or an expectation (--expect) does not hold, or a replay came back",
        ),
        text(exit::PANIC, "a defect in exactly itself; please report it"),
        text(
            exit::STORE,
            "the run store or the output could not be written or read",
        ),
        text(exit::SIGINT, "ended by SIGINT"),
        text(exit::SIGTERM, "ended by SIGTERM"),
    ];
    TABLE
}

/// The table below `--help`.
pub(crate) fn help() -> String {
    let mut help = String::from("Exit codes:\n");
    for row in exit_codes() {
        let _ = writeln!(help, "  {:>3}  {}", row.code, row.when);
    }
    help
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_ascend_and_differ() {
        let codes = exit_codes();
        assert!(codes.windows(2).all(|pair| pair[0].code < pair[1].code));
        assert!(help().contains("  80  at least one"));
    }
}
