//! The error table: what each error says of the request that it answers.
//!
//! Sources are named per row: the protocol guide's table of error codes, the
//! KIPs, the broker's own code where the guide is silent, and librdkafka's
//! documentation for errors that never were on a wire. A code without a row is
//! [`Outcome::Unknown`], never a failure.

mod fenced;
mod legal;
mod table;

pub(crate) use fenced::is_fenced;
pub(crate) use legal::{legal_apis, legal_error};

use exactly_adapter::Judged;
use exactly_model::Outcome;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use table::{Row, TABLE};

fn row(code: i16) -> Option<&'static Row> {
    TABLE
        .binary_search_by_key(&code, |row| row.code)
        .ok()
        .map(|at| &TABLE[at])
}

/// Name of a broker's error.
pub(crate) fn name(code: i16) -> String {
    row(code).map_or_else(|| format!("error {code}"), |row| row.name.into())
}

/// What a broker's error code says of the request it answers.
pub(crate) fn judge_code(code: i16) -> Judged {
    match row(code) {
        Some(row) => Judged {
            outcome: row.outcome,
            because: row.because,
        },
        None => Judged {
            outcome: Outcome::Unknown,
            because: "no row in the table: not known to have failed",
        },
    }
}

/// What several codes of one reply say of the whole: all must be fine for
/// [`Outcome::Ok`] and all must be refused for [`Outcome::Fail`]. In between,
/// a part of the request was applied: [`Outcome::Unknown`].
pub(crate) fn judge_all(codes: &[i16]) -> (Outcome, Option<String>) {
    let mut outcomes = codes.iter().map(|code| judge_code(*code).outcome);
    let first = outcomes.next().unwrap_or(Outcome::Ok);
    let outcome = match outcomes.all(|outcome| outcome == first) {
        true => first,
        false => Outcome::Unknown,
    };
    let error = codes
        .iter()
        .find(|code| **code != 0)
        .map(|code| name(*code));
    (outcome, error)
}

/// What a client's error says of the request that the application made: the
/// table of `librdkafka` and broker errors.
///
/// A broker's refusal after which the client tries again by itself is
/// [`Outcome::Unknown`] here, though the one reply that carried it was a
/// failure: an earlier attempt may have been applied.
pub fn judge_error(error: &KafkaError) -> Judged {
    match error {
        KafkaError::AdminOpCreation(_)
        | KafkaError::ClientConfig(..)
        | KafkaError::ClientCreation(_)
        | KafkaError::Nul(_)
        | KafkaError::Subscription(_) => Judged {
            outcome: Outcome::Fail,
            because: "rdkafka: refused by the client itself, nothing was sent",
        },
        KafkaError::Canceled => Judged {
            outcome: Outcome::Unknown,
            because: "rdkafka: the client was dropped before the delivery report",
        },
        _ => match error.rdkafka_error_code() {
            Some(code) => judge_client_code(code),
            None => Judged {
                outcome: Outcome::Unknown,
                because: "no row in the table: not known to have failed",
            },
        },
    }
}

fn judge_client_code(code: RDKafkaErrorCode) -> Judged {
    use RDKafkaErrorCode as C;
    let number = code as i32;
    if number >= 0 {
        let code = i16::try_from(number).unwrap_or(-1);
        return match row(code) {
            Some(row) if row.retried && row.outcome == Outcome::Fail => Judged {
                outcome: Outcome::Unknown,
                because: "the client tries again by itself: an earlier attempt may have been applied",
            },
            _ => judge_code(code),
        };
    }
    let (outcome, because) = match code {
        C::QueueFull => (
            Outcome::Fail,
            "librdkafka: the local queue is full, nothing was enqueued",
        ),
        C::PurgeQueue => (
            Outcome::Fail,
            "librdkafka: purged from the queue, never sent",
        ),
        C::UnknownTopic | C::UnknownPartition => (
            Outcome::Fail,
            "librdkafka: the topic or partition does not exist, nothing was sent",
        ),
        C::InvalidArgument
        | C::NotImplemented
        | C::UnsupportedFeature
        | C::State
        | C::ReadOnly
        | C::NotConfigured
        | C::Conflict
        | C::BadCompression
        | C::KeySerialization
        | C::ValueSerialization => (
            Outcome::Fail,
            "librdkafka: refused by the client itself, nothing was sent",
        ),
        C::NoOffset => (
            Outcome::Fail,
            "librdkafka: there was no offset to commit, nothing was sent",
        ),
        C::MessageTimedOut | C::OperationTimedOut | C::TimedOutQueue => (
            Outcome::Unknown,
            "librdkafka: no reply in time; the request may have been applied",
        ),
        C::PurgeInflight => (
            Outcome::Unknown,
            "librdkafka: purged in flight; the request may have been applied",
        ),
        C::BrokerTransportFailure | C::AllBrokersDown => (
            Outcome::Unknown,
            "librdkafka: the connection was lost; the request may have been applied",
        ),
        C::Fenced | C::Fatal => (
            Outcome::Unknown,
            "librdkafka: fatal; an earlier attempt may have been applied",
        ),
        _ => (
            Outcome::Unknown,
            "no row in the table: not known to have failed",
        ),
    };
    Judged { outcome, because }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kafka_protocol::error::ResponseError;

    #[test]
    fn the_table_is_in_order_and_named_as_in_the_protocol() {
        assert!(TABLE.windows(2).all(|two| two[0].code < two[1].code));
        for row in TABLE.iter().filter(|row| row.code > 0) {
            let theirs = ResponseError::try_from_code(row.code).expect(row.name);
            // The library writes CamelCase names and has old ones here and there.
            let theirs: String = format!("{theirs:?}").to_lowercase();
            let ours: String = row.name.replace('_', "").to_lowercase();
            let same =
                theirs == ours || theirs.replace("exception", "") == ours.replace("exception", "");
            assert!(same, "{} {theirs} {ours}", row.code);
        }
    }

    #[test]
    fn each_row_says_why() {
        for row in TABLE {
            assert!(row.because.len() > 10, "{}", row.name);
            assert_eq!(judge_code(row.code).outcome, row.outcome, "{}", row.name);
        }
    }

    #[test]
    fn ambiguous_codes_are_never_failures() {
        for code in [-1, 6, 7, 13, 15, 16, 20, 51, 52, 56, 120, 999, -7] {
            assert_eq!(judge_code(code).outcome, Outcome::Unknown, "{code}");
        }
        for code in [3, 10, 19, 22, 25, 29, 45, 47, 87, 90] {
            assert_eq!(judge_code(code).outcome, Outcome::Fail, "{code}");
        }
    }

    #[test]
    fn a_reply_of_two_minds_is_unknown() {
        assert_eq!(judge_all(&[]), (Outcome::Ok, None));
        assert_eq!(judge_all(&[0, 0]), (Outcome::Ok, None));
        assert_eq!(
            judge_all(&[0, 10]),
            (Outcome::Unknown, Some("MESSAGE_TOO_LARGE".into()))
        );
        assert_eq!(
            judge_all(&[22, 25]),
            (Outcome::Fail, Some("ILLEGAL_GENERATION".into()))
        );
        assert_eq!(judge_all(&[0, 7]).0, Outcome::Unknown);
    }

    #[test]
    fn client_errors() {
        use RDKafkaErrorCode as C;
        for (code, expect) in [
            (C::MessageTimedOut, Outcome::Unknown),
            (C::OperationTimedOut, Outcome::Unknown),
            (C::BrokerTransportFailure, Outcome::Unknown),
            (C::AllBrokersDown, Outcome::Unknown),
            (C::PurgeInflight, Outcome::Unknown),
            (C::Fatal, Outcome::Unknown),
            (C::Fenced, Outcome::Unknown),
            (C::Fail, Outcome::Unknown),
            (C::Unknown, Outcome::Unknown),
            (C::QueueFull, Outcome::Fail),
            (C::PurgeQueue, Outcome::Fail),
            (C::UnknownTopic, Outcome::Fail),
            (C::UnknownPartition, Outcome::Fail),
            (C::NoOffset, Outcome::Fail),
            (C::State, Outcome::Fail),
            (C::MessageSizeTooLarge, Outcome::Fail),
            (C::IllegalGeneration, Outcome::Fail),
            (C::ProducerFenced, Outcome::Fail),
            (C::RequestTimedOut, Outcome::Unknown),
            (C::NotEnoughReplicasAfterAppend, Outcome::Unknown),
            // Certain on the wire, not after the client's own retries.
            (C::NotEnoughReplicas, Outcome::Unknown),
        ] {
            let produced = judge_error(&KafkaError::MessageProduction(code));
            assert_eq!(produced.outcome, expect, "{code:?}");
            let committed = judge_error(&KafkaError::ConsumerCommit(code));
            assert_eq!(committed, produced, "{code:?}");
        }
        assert_eq!(judge_error(&KafkaError::Canceled).outcome, Outcome::Unknown);
        let refused = KafkaError::Subscription("orders".into());
        assert_eq!(judge_error(&refused).outcome, Outcome::Fail);
        assert_eq!(
            judge_error(&KafkaError::NoMessageReceived).outcome,
            Outcome::Unknown
        );
    }
}
