//! The error table: what an error of the client says of the write or COMMIT
//! that ended in it.

use crate::sqlstate::{Severity, judge};
use exactly_adapter::Judged;
use exactly_model::Outcome;
use sqlx::Error;
use sqlx::postgres::{PgDatabaseError, PgSeverity};
use std::io::ErrorKind;

const fn judged(outcome: Outcome, because: &'static str) -> Judged {
    Judged { outcome, because }
}

/// What `error`, in which a write or a COMMIT ended, says of it.
///
/// `Fail` only where it certainly has no effect; `Unknown` wherever the
/// request may have reached the server and its reply may be lost.
///
/// ```
/// use exactly_model::Outcome;
///
/// // No connection was free: nothing was sent.
/// let judged = exactly_postgres::judge_error(&sqlx::Error::PoolTimedOut);
/// assert_eq!(judged.outcome, Outcome::Fail);
/// ```
pub fn judge_error(error: &Error) -> Judged {
    use Outcome::{Fail, Ok, Unknown};
    match error {
        Error::Database(error) => match error.try_downcast_ref::<PgDatabaseError>() {
            Some(error) => judge(error.code(), severity(error.severity())),
            None => judged(Unknown, "an error of another database's driver"),
        },
        Error::Io(error) => match error.kind() {
            ErrorKind::ConnectionRefused | ErrorKind::NotFound | ErrorKind::AddrNotAvailable => {
                judged(
                    Fail,
                    "connect(2) failed: no connection was established, nothing was sent",
                )
            }
            _ => judged(
                Unknown,
                "the connection was lost: the request may have been executed and its reply lost (manual, 54.2)",
            ),
        },
        Error::Protocol(_) => judged(
            Unknown,
            "the reply was not understood: the request may have been executed (sqlx::Error::Protocol)",
        ),
        Error::WorkerCrashed => judged(
            Unknown,
            "the client's worker ended with the request under way (sqlx::Error::WorkerCrashed)",
        ),
        Error::PoolTimedOut | Error::PoolClosed => judged(
            Fail,
            "no connection was acquired, nothing was sent (sqlx::Error::PoolTimedOut, PoolClosed)",
        ),
        Error::Configuration(_) | Error::InvalidArgument(_) | Error::Tls(_) => judged(
            Fail,
            "refused before a session was there, nothing was sent (sqlx::Error::Configuration, InvalidArgument, Tls)",
        ),
        Error::Encode(_) | Error::BeginFailed | Error::InvalidSavePointStatement => judged(
            Fail,
            "refused before the statement was sent (sqlx::Error::Encode, BeginFailed, InvalidSavePointStatement)",
        ),
        Error::RowNotFound => judged(
            Ok,
            "the statement was executed and answered no row (sqlx::Error::RowNotFound)",
        ),
        Error::TypeNotFound { .. }
        | Error::ColumnIndexOutOfBounds { .. }
        | Error::ColumnNotFound(_)
        | Error::ColumnDecode { .. }
        | Error::Decode(_) => judged(
            Unknown,
            "the client could not read the reply; the statement may have been executed (sqlx::Error::Decode and its kin)",
        ),
        _ => judged(Unknown, "an error that the table does not list"),
    }
}

fn severity(severity: PgSeverity) -> Severity {
    match severity {
        PgSeverity::Panic => Severity::Panic,
        PgSeverity::Fatal => Severity::Fatal,
        _ => Severity::Error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Outcome::{Fail, Ok, Unknown};
    use std::io;

    #[test]
    fn every_client_error_has_an_outcome() {
        let io = |kind: ErrorKind| Error::Io(io::Error::from(kind));
        let boxed = || Box::<dyn std::error::Error + Send + Sync>::from("x");
        for (error, outcome) in [
            (io(ErrorKind::ConnectionRefused), Fail),
            (io(ErrorKind::NotFound), Fail),
            (io(ErrorKind::ConnectionReset), Unknown),
            (io(ErrorKind::ConnectionAborted), Unknown),
            (io(ErrorKind::BrokenPipe), Unknown),
            (io(ErrorKind::UnexpectedEof), Unknown),
            (io(ErrorKind::TimedOut), Unknown),
            (Error::Protocol("x".into()), Unknown),
            (Error::WorkerCrashed, Unknown),
            (Error::PoolTimedOut, Fail),
            (Error::PoolClosed, Fail),
            (Error::Configuration(boxed()), Fail),
            (Error::InvalidArgument("x".into()), Fail),
            (Error::Tls(boxed()), Fail),
            (Error::Encode(boxed()), Fail),
            (Error::BeginFailed, Fail),
            (Error::InvalidSavePointStatement, Fail),
            (Error::RowNotFound, Ok),
            (Error::Decode(boxed()), Unknown),
            (Error::ColumnNotFound("x".into()), Unknown),
            (Error::ColumnIndexOutOfBounds { index: 1, len: 1 }, Unknown),
            (
                Error::TypeNotFound {
                    type_name: "x".into(),
                },
                Unknown,
            ),
        ] {
            let judged = judge_error(&error);
            assert_eq!(judged.outcome, outcome, "{error:?}");
            assert!(!judged.because.is_empty());
        }
    }
}
