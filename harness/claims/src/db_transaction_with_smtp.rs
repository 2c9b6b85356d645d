//! "The mail is inside the transaction."
//!
//! Said about the mails that a service sends while a database transaction is open. No
//! mail server takes part in one: the reply to the final dot commits the mail, whatever
//! becomes of the row (RFC 5321 6.1), and one that gets lost leaves its sender with a
//! mail that was taken or was not (RFC 1047).

use crate::witness::{
    database_commit, drop_reply, drop_request, kill_after, kill_before, late_then_refused, mail,
};
use crate::{Claim, Sink, Variant};
use exactly_model::Code::{D3, L1, T2};
use exactly_model::Guarantee::{AtLeastOnce, AtMostOnce, ExactlyOnce, None};

/// Between once and twice what a sender waits for: it has given up by then, and waits for
/// the next one's answer on the same connection.
const LATE_MS: u64 = 1_500;

/// The claim.
pub(crate) fn claim() -> Claim {
    let asserted = ExactlyOnce;
    let mut forbidden = asserted.forbids();
    // A row and its mail are one thing to whoever says so.
    forbidden.push(T2);
    Claim {
        id: "db-transaction-with-smtp",
        sentence: "The mail is inside the transaction.",
        asserted,
        forbidden,
        variants: variants(),
    }
}

fn variants() -> Vec<Variant> {
    vec![
        Variant {
            sinks_are_one_unit: true,
            ..Variant::new(
                "commit-fails",
                "mail-in-transaction-once",
                vec![Sink::rows(AtMostOnce), Sink::mails(AtMostOnce)],
                &[L1, T2],
                vec![drop_request(database_commit(1))],
            )
        },
        Variant {
            sinks_are_one_unit: true,
            ..Variant::new(
                "killed-before-commit",
                "mail-in-transaction",
                vec![Sink::rows(ExactlyOnce), Sink::mails(AtLeastOnce)],
                &[D3],
                vec![kill_before(database_commit(1))],
            )
        },
        Variant {
            sinks_are_one_unit: true,
            ..Variant::new(
                "mail-after-commit",
                "mail-after-commit",
                vec![Sink::rows(ExactlyOnce), Sink::mails(AtMostOnce)],
                &[L1, T2],
                vec![kill_after(database_commit(1))],
            )
        },
        Variant::new(
            "reply-lost",
            "mail-retried",
            vec![Sink::mails(AtLeastOnce)],
            &[D3],
            vec![
                drop_reply(mail(1)),
                late_then_refused(mail(0), LATE_MS, mail(1)),
            ],
        ),
        Variant {
            messages_min: 2,
            ..Variant::new(
                "send-cancelled",
                "mail-retried-by-pool",
                vec![Sink::mails(None)],
                &[L1, D3],
                vec![late_then_refused(mail(0), LATE_MS, mail(1))],
            )
        },
    ]
}
