//! "We ack after processing, so nothing is lost or doubled."
//!
//! Said about the rows that a consumer writes. The sentence asserts
//! exactly-once effects; of the pipelines people mean by it only the one with
//! an inbox in the effect's own transaction keeps that promise.
//!
//! Every variant asserts the same sentence, the foils included: they differ in
//! what the code does, and the `expected` guarantee is what the design predicts
//! of that code. At-least-once shows as D3, at-most-once as L1, `none` as both;
//! L4 stands where a position runs ahead of a handler that is still at work.

use crate::witness::{delete, drop_request, insert, kill_after, kill_before, offset_commit, xack};
use crate::{Claim, Sink, Variant};
use exactly_model::Code::{D3, L1, L4};
use exactly_model::{Code, Fault, FaultKind, Guarantee, Others, Phase, Schedule};

/// The claim with its Kafka variants.
pub(crate) fn claim() -> Claim {
    let asserted = Guarantee::ExactlyOnce;
    Claim {
        id: "ack-after-process",
        sentence: "We ack after processing, so nothing is lost or doubled.",
        asserted,
        forbidden: asserted.forbids(),
        variants: variants(),
    }
}

fn variants() -> Vec<Variant> {
    vec![
        variant(
            "effect-then-ack",
            Guarantee::AtLeastOnce,
            &[D3],
            vec![kill_before(offset_commit(1))],
        ),
        variant(
            "ack-then-effect",
            Guarantee::AtMostOnce,
            &[L1],
            vec![kill_after(offset_commit(1))],
        ),
        variant(
            "auto-commit-timer",
            Guarantee::None,
            &[L1, L4, D3],
            vec![overtaken_by_ack(0), kill_after(insert(0))],
        ),
        variant(
            "batch-commit",
            Guarantee::AtLeastOnce,
            &[D3],
            vec![kill_before(offset_commit(2))],
        ),
        variant(
            "batch-partial-retried",
            Guarantee::AtLeastOnce,
            &[D3],
            vec![drop_request(insert(1))],
        ),
        variant(
            "batch-partial-acked",
            Guarantee::None,
            &[L1, D3],
            vec![drop_request(insert(1)), kill_before(offset_commit(1))],
        ),
        Variant {
            // Message 0 is overtaken by a neighbour, so there must be one.
            messages_min: 2,
            ..variant(
                "concurrent-highest-offset",
                Guarantee::None,
                &[L1, L4, D3],
                // Whatever the handlers' order: before any OffsetCommit at
                // least one row is there, and its message comes again.
                vec![overtaken_by_ack(0), kill_before(offset_commit(0))],
            )
        },
        sqs_variant(
            "sqs-effect-then-delete",
            Guarantee::AtLeastOnce,
            &[D3],
            vec![kill_before(delete(1))],
        ),
        sqs_variant(
            "sqs-delete-then-effect",
            Guarantee::AtMostOnce,
            &[L1],
            vec![kill_after(delete(1))],
        ),
        redis_variant(
            "redis-effect-then-ack",
            Guarantee::AtLeastOnce,
            &[D3],
            vec![kill_before(xack(1))],
        ),
        redis_variant(
            "redis-ack-then-effect",
            Guarantee::AtMostOnce,
            &[L1],
            vec![kill_after(xack(1))],
        ),
        variant(
            "inbox-then-ack",
            Guarantee::ExactlyOnce,
            &[],
            vec![kill_before(offset_commit(1))],
        ),
    ]
}

/// A variant that runs the program of its own name and is read at its rows.
fn variant(
    id: &'static str,
    expected: Guarantee,
    predicted: &'static [Code],
    witnesses: Vec<Schedule>,
) -> Variant {
    let program = format!("kafka-{id}");
    let sinks = vec![Sink::rows(expected)];
    Variant::new(id, &program, sinks, predicted, witnesses)
}

/// The same on a stream of Redis.
fn redis_variant(
    id: &'static str,
    expected: Guarantee,
    predicted: &'static [Code],
    witnesses: Vec<Schedule>,
) -> Variant {
    Variant::new(id, id, vec![Sink::rows(expected)], predicted, witnesses)
}

/// The same on SQS.
fn sqs_variant(
    id: &'static str,
    expected: Guarantee,
    predicted: &'static [Code],
    witnesses: Vec<Schedule>,
) -> Variant {
    Variant::new(id, id, vec![Sink::rows(expected)], predicted, witnesses)
}

/// The effect of a message is held until someone has committed past it, and
/// the process is killed there. The statement that is held must not reach the
/// database after all, hence `others: dropped`.
fn overtaken_by_ack(sequence: u32) -> Schedule {
    Schedule {
        faults: vec![
            Fault::hold(insert(sequence), offset_commit(sequence)),
            Fault {
                others: Some(Others::Dropped),
                ..Fault::new(FaultKind::Kill, Phase::After, offset_commit(sequence))
            },
        ],
    }
}
