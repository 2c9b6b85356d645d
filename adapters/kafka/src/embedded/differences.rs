//! What the embedded broker does otherwise than Apache Kafka.

/// A difference between the embedded broker and the real one, so that a cell
/// which the two decide differently has an explanation or is a finding.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Difference {
    /// What it is about.
    pub what: &'static str,
    /// What the embedded broker does.
    pub embedded: &'static str,
    /// What Apache Kafka 4.3.1 does.
    pub apache: &'static str,
    /// Where that is written.
    pub source: &'static str,
}

const fn row(
    what: &'static str,
    embedded: &'static str,
    apache: &'static str,
    source: &'static str,
) -> Difference {
    Difference {
        what,
        embedded,
        apache,
        source,
    }
}

/// What the embedded broker does otherwise. `tests/differences.rs` asks both for
/// everything else that transactional pipelines rest on: fencing, late requests,
/// sequences, markers, staged offsets.
pub const DIFFERENCES: &[Difference] = &[
    row(
        "session timeout",
        "a member stays until the next one joins",
        "a member without heartbeats is removed when its session runs out",
        "krafka has no timers for classic groups; KIP-62",
    ),
    row(
        "transaction timeout",
        "a transaction stays open until its owner ends it or a successor takes the id",
        "it is aborted, and its owner fenced, when transaction.timeout.ms has passed (looked at \
         every 10 s: transaction.abort.timed.out.transaction.cleanup.interval.ms)",
        "krafka: FakeBroker has no timer; TransactionCoordinator.abortTimedOutTransactions",
    ),
    row(
        "members of a group",
        "one: each join replaces the membership, and nobody is asked to join again",
        "any number; a join begins a round of all",
        "krafka handlers.rs, join_group; KIP-62",
    ),
    row(
        "consumer group protocol (KIP-848)",
        "not offered by the bridge",
        "offered",
        "embedded/versions.rs",
    ),
    row(
        "markers of a transaction",
        "written before EndTxn is answered",
        "written after it: until then the log is not stable, the next request of the producer may \
         be answered with CONCURRENT_TRANSACTIONS, and a late Produce gets into the transaction \
         that has ended, or is told to try again (NOT_ENOUGH_REPLICAS)",
        "krafka state.rs, end_transaction; TransactionCoordinator.endTransaction, \
         sendTxnMarkersCallback; ReplicaManager.handleProduceAppend",
    ),
    row(
        "replicas",
        "one node, in memory: acks=all is acks=1, nothing times out after an append, and nothing \
         survives the broker",
        "logs on disk, in-sync replicas, elections",
        "krafka testing/mod.rs; DelayedProduce",
    ),
    row(
        "second transaction protocol (KIP-890, transaction.version 2)",
        "spoken, and withdrawn by the boundary",
        "spoken, and withdrawn by the boundary",
        "boundary/rewrite.rs; librdkafka 2.12 asks for EndTxn v0-1 and Produce up to v10",
    ),
    row(
        "epochs used up",
        "the last epoch stays",
        "a new producer id",
        "krafka state.rs, bump_epoch; TransactionMetadata.prepareProducerIdRotation",
    ),
    row(
        "retention, and what is forgotten with it",
        "nothing expires: records, producer states, transactional ids, offsets",
        "each after its time (7 days by default, one day for producer states)",
        "krafka has no retention; TransactionStateManager.enableTransactionalIdExpiration",
    ),
    row(
        "deleting a group with members",
        "deleted",
        "NON_EMPTY_GROUP",
        "embedded/connection.rs, delete_groups; GroupMetadataManager.validateDeleteGroup",
    ),
    row(
        "fetch sessions",
        "none: each fetch names all its partitions",
        "kept",
        "embedded/fetch.rs; KIP-227",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_difference_is_told_from_both_sides_with_its_source() {
        for row in DIFFERENCES {
            for text in [row.what, row.embedded, row.apache, row.source] {
                assert!(text.len() > 3, "{row:?}");
            }
        }
        let whats: std::collections::BTreeSet<_> = DIFFERENCES.iter().map(|row| row.what).collect();
        assert_eq!(whats.len(), DIFFERENCES.len());
    }
}
