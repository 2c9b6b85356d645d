//! What an error of the server says of the write or COMMIT that ended in it
//! (manual, Appendix A, "PostgreSQL Error Codes").

use exactly_adapter::Judged;
use exactly_model::Outcome;

/// How much an error ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Severity {
    /// The statement, and the transaction with it.
    Error,
    /// The session.
    Fatal,
    /// All sessions.
    Panic,
}

const fn judged(outcome: Outcome, because: &'static str) -> Judged {
    Judged { outcome, because }
}

/// The rule for `code`.
pub(crate) fn judge(code: &str, severity: Severity) -> Judged {
    use Outcome::{Fail, Unknown};
    if severity == Severity::Panic {
        return judged(
            Unknown,
            "PANIC: the server may have written the commit record before it stopped (manual, 19.8, severity levels)",
        );
    }
    match code {
        "40003" => judged(
            Unknown,
            "40003 statement_completion_unknown (manual, Appendix A)",
        ),
        "08007" => judged(
            Unknown,
            "08007 transaction_resolution_unknown (manual, Appendix A)",
        ),
        "08001" | "08004" => judged(
            Fail,
            "08001/08004: no connection was established, nothing was sent (manual, Appendix A)",
        ),
        "57014" => judged(
            Fail,
            "57014 query_canceled: the statement was undone; once a commit is written a cancel has no effect on it (manual, Appendix A)",
        ),
        "57P03" => judged(
            Fail,
            "57P03 cannot_connect_now: the connection was refused, nothing was sent (manual, Appendix A)",
        ),
        "57P05" => judged(
            Fail,
            "57P05 idle_session_timeout: the session ended before it read the request (manual, 19.11)",
        ),
        "25P03" => judged(
            Fail,
            "25P03 idle_in_transaction_session_timeout: the transaction was undone before the request was read (manual, 19.11)",
        ),
        "25P04" => judged(
            Unknown,
            "25P04 transaction_timeout: the session ended, before or after the commit (manual, 19.11)",
        ),
        "53300" => judged(
            Fail,
            "53300 too_many_connections: the connection was refused, nothing was sent (manual, Appendix A)",
        ),
        _ => by_class(code, severity),
    }
}

fn by_class(code: &str, severity: Severity) -> Judged {
    use Outcome::{Fail, Unknown};
    let class = code.get(..2).unwrap_or_default();
    match class {
        "08" => judged(
            Unknown,
            "class 08, connection exception: whether the request was executed is not known (manual, Appendix A)",
        ),
        "57" => judged(
            Unknown,
            "class 57, operator intervention: the session was ended, before or after the commit (manual, Appendix A)",
        ),
        "28" | "3D" => judged(
            Fail,
            "class 28/3D: the connection was refused, nothing was sent (manual, Appendix A)",
        ),
        _ if severity == Severity::Fatal => judged(
            Unknown,
            "FATAL: the session was ended, before or after the commit (manual, 19.8, severity levels)",
        ),
        "40" => judged(
            Fail,
            "class 40, transaction rollback: it was undone and may be run again (manual, 13.5 and Appendix A)",
        ),
        "23" => judged(
            Fail,
            "class 23, integrity constraint violation: the statement was undone (manual, Appendix A)",
        ),
        "25" => judged(
            Fail,
            "class 25, invalid transaction state: the statement was refused (manual, Appendix A)",
        ),
        "03" | "09" | "0A" | "0B" | "0F" | "0L" | "0P" | "0Z" | "10" | "20" | "21" | "22"
        | "24" | "26" | "27" | "2B" | "2D" | "2F" | "34" | "38" | "39" | "3B" | "3F" | "42"
        | "44" | "53" | "54" | "55" | "58" | "72" | "F0" | "HV" | "P0" | "XX" => judged(
            Fail,
            "ERROR: the statement was undone, and the transaction with it (manual, 19.8, severity levels)",
        ),
        _ => judged(
            Unknown,
            "a code that Appendix A of the manual does not list",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::{Severity::*, *};
    use exactly_model::Outcome::{Fail, Unknown};

    #[test]
    fn every_rule_of_the_table() {
        for (code, severity, outcome) in [
            ("40001", Error, Fail),
            ("40P01", Error, Fail),
            ("40003", Error, Unknown),
            ("23505", Error, Fail),
            ("23503", Error, Fail),
            ("22012", Error, Fail),
            ("42P01", Error, Fail),
            ("25P02", Error, Fail),
            ("25006", Error, Fail),
            ("25P03", Fatal, Fail),
            ("25P04", Fatal, Unknown),
            ("08007", Error, Unknown),
            ("08006", Error, Unknown),
            ("08P01", Fatal, Unknown),
            ("08001", Error, Fail),
            ("08004", Fatal, Fail),
            ("57014", Error, Fail),
            ("57P01", Fatal, Unknown),
            ("57P02", Fatal, Unknown),
            ("57P03", Fatal, Fail),
            ("57P04", Fatal, Unknown),
            ("57P05", Fatal, Fail),
            ("53100", Error, Fail),
            ("53100", Panic, Unknown),
            ("53200", Fatal, Unknown),
            ("53300", Fatal, Fail),
            ("28P01", Fatal, Fail),
            ("3D000", Fatal, Fail),
            ("58030", Error, Fail),
            ("58030", Panic, Unknown),
            ("40001", Panic, Unknown),
            ("XX000", Error, Fail),
            ("P0001", Error, Fail),
            ("00000", Error, Unknown),
            ("ZZ999", Error, Unknown),
            ("", Error, Unknown),
            ("é", Error, Unknown),
        ] {
            let judged = judge(code, severity);
            assert_eq!(judged.outcome, outcome, "{code} {severity:?}");
            assert!(!judged.because.is_empty());
        }
    }
}
