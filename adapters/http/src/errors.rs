//! The tables: what a status, or an error of the client, says of the request
//! that ended in it; and the errors that a boundary may give in a service's name.
//!
//! A status is judged by what the RFC lets *any* server mean by it, since a
//! service of the user's own may be behind it: `Fail` only where a server that
//! keeps to the RFC has not done what it was asked for.

use exactly_adapter::Judged;
use exactly_model::Outcome;
use std::io::ErrorKind;

/// Statuses with a rule of their own, and where it is written.
const STATUSES: &[(u16, Outcome, &str)] = &[
    (
        301,
        Outcome::Fail,
        "RFC 9110 15.4.2: the resource is elsewhere now; the request was not followed there",
    ),
    (
        307,
        Outcome::Fail,
        "RFC 9110 15.4.8: the same request is to be sent elsewhere; it was not",
    ),
    (
        308,
        Outcome::Fail,
        "RFC 9110 15.4.9: the same request is to be sent elsewhere; it was not",
    ),
    (
        408,
        Outcome::Unknown,
        "RFC 9110 15.5.9 means a request that did not come whole, but time limits around handlers \
         answer so as well (tower-http, TimeoutLayer), when the handler has begun",
    ),
    (
        409,
        Outcome::Unknown,
        "RFC 9110 15.5.10: in conflict with the resource's state, which an earlier or a concurrent \
         attempt may have made (draft-ietf-httpapi-idempotency-key-header, 2.7)",
    ),
    (
        425,
        Outcome::Fail,
        "RFC 8470 5.2: unwilling to risk processing a request that might be replayed",
    ),
    (
        429,
        Outcome::Fail,
        "RFC 6585 4: refused for the number of requests, in the place of an answer to it",
    ),
];

/// Classes of statuses, by their first digit.
const CLASSES: &[(u16, Outcome, &str)] = &[
    (
        1,
        Outcome::Unknown,
        "RFC 9110 15.2: interim, the final response did not come",
    ),
    (
        2,
        Outcome::Ok,
        "RFC 9110 15.3: received, understood and accepted",
    ),
    (
        3,
        Outcome::Unknown,
        "RFC 9110 15.4: something further is needed; 302 and 303 are often given after the work was \
         done (15.4.3, 15.4.4)",
    ),
    (
        4,
        Outcome::Fail,
        "RFC 9110 15.5: the client has erred, the request is not fulfilled",
    ),
    (
        5,
        Outcome::Unknown,
        "RFC 9110 15.6: the server, or a gateway in front of it, failed on a request that seemed \
         valid; how far it got is not said",
    ),
];

/// What a response with this status says of its request.
///
/// ```
/// use exactly_model::Outcome;
///
/// assert_eq!(exactly_http::judge_status(201).outcome, Outcome::Ok);
/// assert_eq!(exactly_http::judge_status(422).outcome, Outcome::Fail);
/// // Whoever gets a 500 does not know whether the charge was made.
/// assert_eq!(exactly_http::judge_status(500).outcome, Outcome::Unknown);
/// ```
pub fn judge_status(status: u16) -> Judged {
    let own = STATUSES.iter().find(|(code, ..)| *code == status);
    let row = own.or_else(|| CLASSES.iter().find(|(class, ..)| *class == status / 100));
    match row {
        Some((_, outcome, because)) => Judged {
            outcome: *outcome,
            because,
        },
        None => Judged {
            outcome: Outcome::Unknown,
            because: "RFC 9110 15: no status of HTTP",
        },
    }
}

/// What an error in which a request ended without a response says of it.
/// `connected`: whether a connection was there.
pub(crate) fn judge_io(error: ErrorKind, connected: bool) -> Judged {
    match (connected, error) {
        (false, ErrorKind::ConnectionRefused) => Judged {
            outcome: Outcome::Fail,
            because: "connect(2), ECONNREFUSED: nobody listens there, nothing was sent",
        },
        (false, _) => Judged {
            outcome: Outcome::Fail,
            because: "connect(2) failed: no connection was established, nothing was sent",
        },
        (true, _) => Judged {
            outcome: Outcome::Unknown,
            because: "RFC 9110 9.2.2: the connection was lost before the response was read; the \
                      request may have been processed",
        },
    }
}

/// An error that a boundary may give in a service's name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Legal {
    pub status: u16,
    /// Whether it says when to come again.
    pub retry_after: bool,
    /// Title of the problem (RFC 9457).
    pub title: &'static str,
    /// Why it is legal there.
    pub because: &'static str,
}

const fn legal(
    status: u16,
    retry_after: bool,
    title: &'static str,
    because: &'static str,
) -> Legal {
    Legal {
        status,
        retry_after,
        title,
        because,
    }
}

/// Errors of a request that was not passed on.
pub(crate) const BEFORE: &[Legal] = &[
    legal(
        503,
        true,
        "Service Unavailable",
        "RFC 9110 15.6.4: unable to handle the request for now, as any load balancer says that has \
         no server to pass it to",
    ),
    legal(
        429,
        true,
        "Too Many Requests",
        "RFC 6585 4: a rate limit answers in front of the service, which does not see the request",
    ),
];

/// Errors of a request that was applied.
pub(crate) const AFTER: &[Legal] = &[
    legal(
        500,
        false,
        "Internal Server Error",
        "RFC 9110 15.6.1: an unexpected condition, which may come up after the commit",
    ),
    legal(
        502,
        false,
        "Bad Gateway",
        "RFC 9110 15.6.3: a gateway got no valid response from the server, which had applied it",
    ),
    legal(
        504,
        false,
        "Gateway Timeout",
        "RFC 9110 15.6.5: a gateway got no response in time from the server, which had applied it",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use Outcome::{Fail, Ok, Unknown};

    #[test]
    fn every_status_has_an_outcome_and_a_source() {
        for (status, outcome) in [
            (100, Unknown),
            (103, Unknown),
            (200, Ok),
            (201, Ok),
            (202, Ok),
            (204, Ok),
            (207, Ok),
            (300, Unknown),
            (301, Fail),
            (302, Unknown),
            (303, Unknown),
            (304, Unknown),
            (307, Fail),
            (308, Fail),
            (400, Fail),
            (401, Fail),
            (402, Fail),
            (403, Fail),
            (404, Fail),
            (405, Fail),
            (408, Unknown),
            (409, Unknown),
            (410, Fail),
            (412, Fail),
            (413, Fail),
            (415, Fail),
            (421, Fail),
            (422, Fail),
            (425, Fail),
            (428, Fail),
            (429, Fail),
            (500, Unknown),
            (501, Unknown),
            (502, Unknown),
            (503, Unknown),
            (504, Unknown),
            (599, Unknown),
            (0, Unknown),
            (99, Unknown),
            (600, Unknown),
            (999, Unknown),
        ] {
            let judged = judge_status(status);
            assert_eq!(judged.outcome, outcome, "{status}");
            assert!(judged.because.contains("RFC"), "{status}");
        }
    }

    #[test]
    fn without_a_response_it_depends_on_the_connection() {
        for kind in [
            ErrorKind::ConnectionRefused,
            ErrorKind::TimedOut,
            ErrorKind::HostUnreachable,
        ] {
            assert_eq!(judge_io(kind, false).outcome, Fail, "{kind:?}");
        }
        for kind in [
            ErrorKind::ConnectionReset,
            ErrorKind::BrokenPipe,
            ErrorKind::UnexpectedEof,
            ErrorKind::TimedOut,
            ErrorKind::ConnectionRefused,
        ] {
            assert_eq!(judge_io(kind, true).outcome, Unknown, "{kind:?}");
        }
    }

    #[test]
    fn what_is_given_after_an_apply_never_says_that_there_was_none() {
        for legal in AFTER {
            assert_eq!(judge_status(legal.status).outcome, Unknown, "{legal:?}");
        }
        for legal in BEFORE {
            assert_ne!(judge_status(legal.status).outcome, Ok, "{legal:?}");
            assert!(legal.retry_after && !legal.because.is_empty());
        }
    }
}
