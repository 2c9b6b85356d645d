//! "We use Kafka transactions, so our flow is exactly-once."
//!
//! Said about a flow that reads a topic and writes: to other topics, and as
//! often to a database or to somebody else's service. The sentence asserts exactly-once effects. Transactions
//! keep that promise for records, and for a reader that sees committed records
//! only; what else the flow does is not in them. The cure for rows is to keep the
//! position where the rows are.
//!
//! At-least-once shows as D3, at-most-once as L1. Who reads uncommitted meets the
//! records of aborted attempts as well, G2. An owner that was replaced and still
//! gets its row in shows as F1.

use crate::witness::{
    database_commit, end_of_transaction, kill_after, kill_before, offset_commit, produce,
    second_owner_after,
};
use crate::{Claim, Sink, Variant};
use exactly_model::Code::{D3, F1, G2, L1};
use exactly_model::Guarantee::{AtLeastOnce, AtMostOnce, ExactlyOnce};
use exactly_model::Need;

/// The claim with its variants for Kafka, PostgreSQL and the payments service.
pub(crate) fn claim() -> Claim {
    Claim {
        id: "kafka-eos-scope",
        sentence: "We use Kafka transactions, so our flow is exactly-once.",
        asserted: ExactlyOnce,
        // Who says it means the fencing of zombies, too.
        forbidden: ExactlyOnce.forbids().into_iter().chain([F1]).collect(),
        variants: variants(),
    }
}

fn variants() -> Vec<Variant> {
    vec![
        Variant {
            // Both records stand in one transaction: a message that only one of
            // the topics has is a torn unit.
            sinks_are_one_unit: true,
            ..Variant::new(
                "read-committed",
                "kafka-transactional",
                vec![
                    Sink::records("out", ExactlyOnce),
                    Sink::records("ledger", ExactlyOnce),
                ],
                &[],
                vec![
                    kill_before(end_of_transaction(1)),
                    kill_after(end_of_transaction(1)),
                ],
            )
        },
        Variant::new(
            "read-uncommitted",
            "kafka-transactional",
            vec![Sink::records("out", AtLeastOnce).uncommitted()],
            &[G2, D3],
            vec![kill_before(end_of_transaction(1))],
        ),
        Variant::new(
            "idempotent-only",
            "kafka-idempotent-only",
            vec![Sink::records("out", AtLeastOnce)],
            &[D3],
            vec![kill_before(offset_commit(1))],
        ),
        Variant::new(
            "row-before-commit",
            "kafka-row-before-commit",
            vec![Sink::records("out", ExactlyOnce), Sink::rows(AtLeastOnce)],
            &[D3],
            vec![kill_before(end_of_transaction(1))],
        ),
        Variant::new(
            "row-after-commit",
            "kafka-row-after-commit",
            vec![Sink::records("out", ExactlyOnce), Sink::rows(AtMostOnce)],
            &[L1],
            vec![kill_after(end_of_transaction(1))],
        ),
        Variant::new(
            "charge-before-commit",
            "kafka-charge-before-commit",
            vec![
                Sink::records("out", ExactlyOnce),
                Sink::charges(AtLeastOnce),
            ],
            &[D3],
            vec![kill_before(end_of_transaction(1))],
        ),
        Variant::new(
            "charge-after-commit",
            "kafka-charge-after-commit",
            vec![Sink::records("out", ExactlyOnce), Sink::charges(AtMostOnce)],
            &[L1],
            vec![kill_after(end_of_transaction(1))],
        ),
        Variant {
            needs: &[Need::Leases, Need::Members],
            ..Variant::new(
                "frozen-owner",
                "kafka-row-before-commit",
                vec![Sink::records("out", ExactlyOnce), Sink::rows(AtLeastOnce)],
                &[D3, F1],
                // Frozen before its INSERT, so that it is made by an owner that
                // has been replaced.
                vec![second_owner_after(produce(1).in_incarnation(1))],
            )
        },
        Variant::new(
            "position-in-database",
            "kafka-position-in-database",
            vec![Sink::rows(ExactlyOnce)],
            &[],
            vec![
                kill_before(database_commit(1)),
                kill_after(database_commit(1)),
            ],
        ),
    ]
}
