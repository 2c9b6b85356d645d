//! "We retry with backoff, it's reliable."
//!
//! Said of a call to somebody else's service, which no transaction reaches. Reliable
//! is meant to say that what was asked for is done, and done once.

use crate::witness::{charge, drop_reply, drop_request, kill_before, offset_commit};
use crate::{Claim, Sink, Variant};
use exactly_model::Code::{D3, L1};
use exactly_model::Guarantee::{AtLeastOnce, AtMostOnce, ExactlyOnce};

/// The claim with its variants.
pub(crate) fn claim() -> Claim {
    Claim {
        id: "retries-without-idempotency",
        sentence: "We retry with backoff, it's reliable.",
        asserted: ExactlyOnce,
        forbidden: ExactlyOnce.forbids(),
        variants: variants(),
    }
}

fn variants() -> Vec<Variant> {
    let charged = |expected| vec![Sink::charges(expected)];
    vec![
        Variant::new(
            "retry-without-key",
            "charge-retried",
            charged(AtLeastOnce),
            &[D3],
            vec![drop_reply(charge(1))],
        ),
        Variant::new(
            "asked-once",
            "charge-once",
            charged(AtMostOnce),
            &[L1],
            vec![drop_request(charge(1))],
        ),
        Variant {
            keeps_keys: true,
            ..Variant::new(
                "new-key-per-retry",
                "charge-new-key",
                charged(AtLeastOnce),
                &[D3],
                vec![drop_reply(charge(1))],
            )
        },
        Variant {
            keeps_keys: true,
            ..Variant::new(
                "same-key-kept",
                "charge-same-key",
                charged(ExactlyOnce),
                &[],
                vec![drop_reply(charge(1)), kill_before(offset_commit(1))],
            )
        },
    ]
}
