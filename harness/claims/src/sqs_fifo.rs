//! "SQS FIFO is exactly-once."
//!
//! Said of two boundaries at once. "Exactly-once processing" (SQS developer guide)
//! means that a send that is repeated within five minutes is appended once; it says
//! nothing of what a consumer does with a message that comes again. And FIFO is
//! said to mean order: whoever says the sentence takes O1 for broken, too.

use crate::spec::VISIBILITY_MS;
use crate::witness::{
    away_after, delete, drop_replies, drop_request, given_up_and_replayed, insert, kill_after,
    kill_before, send, send_batch, slow_before,
};
use crate::{Claim, Sink, Variant};
use exactly_model::Code::{D3, D4, D6, O1};
use exactly_model::Guarantee::{AtLeastOnce, AtMostOnce, ExactlyOnce};
use exactly_model::{Code, Need, Schedule};

/// Longer than the visibility timeout, which SQS looks at with its own clock.
const SLOW_MS: u64 = VISIBILITY_MS + 700;

/// Attempts of the SDK before it tells the code above it (`RetryConfig::standard`).
const SDK_ATTEMPTS: u32 = 3;

/// The claim with its variants.
pub(crate) fn claim() -> Claim {
    Claim {
        id: "sqs-fifo",
        sentence: "SQS FIFO is exactly-once.",
        asserted: ExactlyOnce,
        forbidden: ExactlyOnce.forbids().into_iter().chain([O1]).collect(),
        variants: [appends(), effects(), order()].concat(),
    }
}

/// What stands in the queue that is written.
fn appends() -> Vec<Variant> {
    let appended = |expected| vec![Sink::messages("out", expected)];
    vec![
        Variant::new(
            "resend-within-window",
            "sqs-resend",
            appended(ExactlyOnce),
            &[],
            vec![kill_after(send(1)), kill_before(delete(1))],
        ),
        Variant {
            needs: &[Need::Horizon],
            ..Variant::new(
                "resend-after-window",
                "sqs-resend",
                appended(AtLeastOnce),
                &[D4],
                vec![away_after(send(1))],
            )
        },
        Variant {
            dedup_per_group: true,
            ..Variant::new(
                "dedup-by-group",
                "sqs-resend-by-number",
                appended(ExactlyOnce),
                &[],
                vec![kill_after(send_batch(1)), kill_before(delete(1))],
            )
        },
        Variant {
            content_based: true,
            needs_no_fault: true,
            ..Variant::new(
                "content-based-dedup",
                "sqs-resend-content-based",
                appended(AtMostOnce),
                &[D6],
                Vec::new(),
            )
        },
        Variant::new(
            "new-id-per-attempt",
            "sqs-resend-new-id",
            appended(AtLeastOnce),
            &[D3],
            vec![kill_after(send(1)), drop_replies(send(1), SDK_ATTEMPTS)],
        ),
    ]
}

/// What a consumer makes of the messages.
fn effects() -> Vec<Variant> {
    vec![
        rows(
            "delete-lost",
            "sqs-effect-then-delete",
            AtLeastOnce,
            &[D3],
            vec![kill_before(delete(1))],
        ),
        rows(
            "handler-slower-than-lease",
            "sqs-effect-then-delete",
            AtLeastOnce,
            &[D3],
            vec![slow_before(delete(1), SLOW_MS)],
        ),
        rows(
            "inbox-by-business-id",
            "sqs-inbox-by-business-id",
            ExactlyOnce,
            &[],
            vec![kill_before(delete(1)), slow_before(delete(1), SLOW_MS)],
        ),
        rows(
            "inbox-by-sequence-number",
            "sqs-inbox-by-sequence",
            ExactlyOnce,
            &[],
            vec![kill_before(delete(1)), slow_before(delete(1), SLOW_MS)],
        ),
        Variant {
            max_receives: Some(2),
            ..rows(
                "inbox-by-message-id-redriven",
                "sqs-inbox-by-message-id",
                AtLeastOnce,
                &[D3],
                vec![given_up_and_replayed(delete(1))],
            )
        },
    ]
}

/// In which order it makes them: every message once.
fn order() -> Vec<Variant> {
    vec![
        rows(
            "batch-stops-at-failure",
            "sqs-batch-stop",
            ExactlyOnce,
            &[],
            vec![drop_request(insert(0))],
        ),
        Variant {
            // The message that overtakes it is the next of its key.
            messages_min: 4,
            ..rows(
                "batch-goes-on-past-failure",
                "sqs-batch-go-on",
                ExactlyOnce,
                &[O1],
                vec![drop_request(insert(0))],
            )
        },
        Variant {
            max_receives: Some(2),
            messages_min: 4,
            ..rows(
                "dead-letters-redriven",
                "sqs-inbox-by-business-id",
                ExactlyOnce,
                &[O1],
                vec![given_up_and_replayed(insert(0))],
            )
        },
    ]
}

fn rows(
    id: &'static str,
    program: &str,
    expected: exactly_model::Guarantee,
    predicted: &'static [Code],
    witnesses: Vec<Schedule>,
) -> Variant {
    Variant::new(
        id,
        program,
        vec![Sink::rows(expected)],
        predicted,
        witnesses,
    )
}
