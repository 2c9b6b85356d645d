//! The tables: what a reply, or its absence, says of a mail; and the error that a
//! boundary may give in a server's name.

use exactly_adapter::Judged;
use exactly_model::Outcome;

/// Classes of replies, by their first digit.
const CLASSES: &[(u16, Outcome, &str)] = &[
    (
        2,
        Outcome::Ok,
        "RFC 5321 4.2.1, 4.2.5: done; behind the final dot the server is responsible for the mail now",
    ),
    (
        3,
        Outcome::Unknown,
        "RFC 5321 4.2.1: more is expected; to a content that is whole this is no answer",
    ),
    (
        4,
        Outcome::Fail,
        "RFC 5321 4.2.1: not accepted, the action did not occur; it may be asked for again. Also 421 \
         (4.2.3, 3.8): the server ends the session in the place of doing it",
    ),
    (
        5,
        Outcome::Fail,
        "RFC 5321 4.2.1: not accepted, the action did not occur",
    ),
];

/// What a reply of this code says of what it answers.
///
/// ```
/// use exactly_model::Outcome;
///
/// assert_eq!(exactly_smtp::judge_reply(250).outcome, Outcome::Ok);
/// assert_eq!(exactly_smtp::judge_reply(451).outcome, Outcome::Fail);
/// ```
pub fn judge_reply(code: u16) -> Judged {
    let row = CLASSES.iter().find(|(class, ..)| *class == code / 100);
    match row {
        Some((_, outcome, because)) => Judged {
            outcome: *outcome,
            because,
        },
        None => Judged {
            outcome: Outcome::Unknown,
            because: "RFC 5321 4.2: no code of SMTP",
        },
    }
}

/// What it says of a mail that the connection was lost before the reply came.
/// `whole`: whether the final dot had been sent.
pub fn judge_lost(whole: bool) -> Judged {
    match whole {
        true => Judged {
            outcome: Outcome::Unknown,
            because: "RFC 1047, RFC 5321 6.1: the server may have taken the mail, and its reply be lost",
        },
        false => Judged {
            outcome: Outcome::Fail,
            because: "RFC 5321 4.1.1.4: without its final dot a mail is not taken",
        },
    }
}

/// The error of a mail that was not passed on.
///
/// There is none for a mail that was: a server that answers 4yz or 5yz when it has taken
/// the mail breaks RFC 5321 4.2.5. What it can do is to be slow, or to die (RFC 1047).
pub(crate) const BEFORE: &str = "451 4.3.0 Not taken: an error in processing";
/// What is said to every command behind it (RFC 5321 3.8): the server behind the boundary
/// still waits for the content, and no command can be passed on to it.
pub(crate) const CLOSING: &str = "421 4.3.2 The session is ending";
/// What QUIT is answered there.
pub(crate) const BYE: &str = "221 2.0.0 Bye";
/// What STARTTLS is answered: the boundary has to read what passes (RFC 5321 4.2.4, RFC
/// 3207 4: a client may go on without it).
pub(crate) const NO_TLS: &str = "502 5.5.1 STARTTLS is not offered";

#[cfg(test)]
mod tests {
    use super::*;
    use Outcome::{Fail, Ok, Unknown};

    #[test]
    fn every_code_has_an_outcome_and_a_source() {
        for (code, outcome) in [
            (220, Ok),
            (250, Ok),
            (251, Ok),
            (252, Ok),
            (334, Unknown),
            (354, Unknown),
            (421, Fail),
            (450, Fail),
            (451, Fail),
            (452, Fail),
            (500, Fail),
            (521, Fail),
            (550, Fail),
            (552, Fail),
            (554, Fail),
            (0, Unknown),
            (100, Unknown),
            (600, Unknown),
        ] {
            let judged = judge_reply(code);
            assert_eq!(judged.outcome, outcome, "{code}");
            assert!(judged.because.contains("RFC"), "{code}");
        }
        assert_eq!(judge_lost(true).outcome, Unknown);
        assert_eq!(judge_lost(false).outcome, Fail);
    }

    #[test]
    fn what_is_given_before_says_that_nothing_was_taken() {
        let code = BEFORE[..3].parse().unwrap();
        assert_eq!(judge_reply(code).outcome, Fail);
        assert!(judge_reply(code).because.contains("did not occur"));
    }
}
