//! Errors that a boundary may give in a broker's name.
//!
//! One row for each API whose requests leave a trace. *Before*: a broker answers
//! so without applying the request, and clients send it again. *After*: a broker
//! may answer so although the request took effect. Where the protocol has no
//! such case there is none here, and nothing is injected.
//!
//! Sources are methods of Apache Kafka. The mapping of the coordinators' own log
//! appends was looked up in 4.3.1 (`CoordinatorOperationExceptionHelper` and
//! `TransactionStateManager` are the same there as in the sources read).

use exactly_model::Phase;
use kafka_protocol::messages::ApiKey;

pub(crate) const NOT_LEADER_OR_FOLLOWER: i16 = 6;
pub(crate) const REQUEST_TIMED_OUT: i16 = 7;
pub(crate) const COORDINATOR_NOT_AVAILABLE: i16 = 15;
pub(crate) const NOT_COORDINATOR: i16 = 16;
pub(crate) const CONCURRENT_TRANSACTIONS: i16 = 51;

/// A legal error, and why it is legal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Legal {
    pub code: i16,
    pub because: &'static str,
}

/// A row of the table.
struct Row {
    api: ApiKey,
    before: Legal,
    after: Option<Legal>,
}

const fn legal(code: i16, because: &'static str) -> Legal {
    Legal { code, because }
}

const MOVED_GROUP: Legal = legal(
    NOT_COORDINATOR,
    "CoordinatorRuntime.withActiveContextOrThrow: the group's partition has another leader, nothing is \
     written",
);
const MOVED_TRANSACTION: Legal = legal(
    NOT_COORDINATOR,
    "TransactionStateManager.getAndMaybeAddTransactionState: the id's partition has another leader, \
     nothing is written",
);
const BUSY: Legal = legal(
    CONCURRENT_TRANSACTIONS,
    "TransactionCoordinator.handleAddPartitionsToTransaction: the markers of the transaction before \
     are on their way, nothing is written",
);
const GROUP_LOG: Legal = legal(
    COORDINATOR_NOT_AVAILABLE,
    "CoordinatorRuntime.OperationTimeout completes an appended write with REQUEST_TIMED_OUT, which \
     CoordinatorOperationExceptionHelper.handleOperationException maps",
);
const TRANSACTION_LOG: Legal = legal(
    COORDINATOR_NOT_AVAILABLE,
    "TransactionStateManager.appendTransactionToLog, updateCacheCallback: REQUEST_TIMED_OUT and \
     NOT_ENOUGH_REPLICAS_AFTER_APPEND of its append, which the next coordinator reads from the log",
);

const TABLE: &[Row] = &[
    Row {
        api: ApiKey::Produce,
        before: legal(
            NOT_LEADER_OR_FOLLOWER,
            "ReplicaManager.getPartitionOrException, Partition.appendRecordsToLeader: leadership is \
             checked before the append",
        ),
        after: Some(legal(
            REQUEST_TIMED_OUT,
            "DelayedProduce: appended by the leader, and not by the in-sync replicas in time",
        )),
    },
    Row {
        api: ApiKey::OffsetCommit,
        before: MOVED_GROUP,
        after: Some(GROUP_LOG),
    },
    Row {
        api: ApiKey::TxnOffsetCommit,
        before: MOVED_GROUP,
        after: Some(GROUP_LOG),
    },
    Row {
        api: ApiKey::EndTxn,
        before: MOVED_TRANSACTION,
        after: Some(TRANSACTION_LOG),
    },
    Row {
        api: ApiKey::AddOffsetsToTxn,
        before: BUSY,
        after: Some(TRANSACTION_LOG),
    },
    Row {
        api: ApiKey::AddPartitionsToTxn,
        before: BUSY,
        after: Some(TRANSACTION_LOG),
    },
    Row {
        api: ApiKey::InitProducerId,
        before: MOVED_TRANSACTION,
        after: Some(TRANSACTION_LOG),
    },
    Row {
        api: ApiKey::JoinGroup,
        before: MOVED_GROUP,
        // A join is answered when its round is complete; what fails after that is
        // told with SyncGroup. An error in the place of the member's id would be
        // one that no coordinator gives to a member it has taken.
        after: None,
    },
];

/// The APIs that have a legal error.
pub(crate) fn legal_apis() -> impl Iterator<Item = ApiKey> {
    TABLE.iter().map(|row| row.api)
}

/// The error that a broker may answer to a request of `api` at `when`. `acks` is
/// what a Produce asks for.
pub(crate) fn legal_error(api: ApiKey, when: Phase, acks: Option<i16>) -> Option<Legal> {
    let row = TABLE.iter().find(|row| row.api == api)?;
    match when {
        Phase::Before => Some(row.before),
        // ReplicaManager.delayedProduceRequestRequired: who does not ask for all
        // replicas is answered from the append itself.
        Phase::After if acks.is_some_and(|acks| acks != -1) => None,
        Phase::After => row.after,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::errors::judge_code;
    use exactly_model::Outcome;

    #[test]
    fn what_may_follow_an_apply_is_never_a_failure() {
        for row in TABLE {
            if let Some(after) = row.after {
                let outcome = judge_code(after.code).outcome;
                assert_eq!(outcome, Outcome::Unknown, "{:?}", row.api);
                assert!(after.because.len() > 20);
            }
            // Clients send it again: they must not take it for done.
            assert_ne!(judge_code(row.before.code).outcome, Outcome::Ok);
            assert!(row.before.because.len() > 20);
        }
    }

    #[test]
    fn only_a_produce_that_waits_for_replicas_can_time_out_after_its_append() {
        let after = |acks| legal_error(ApiKey::Produce, Phase::After, Some(acks));
        assert_eq!(after(-1).map(|legal| legal.code), Some(REQUEST_TIMED_OUT));
        assert_eq!(after(1), None);
        let before = legal_error(ApiKey::Produce, Phase::Before, Some(1));
        assert_eq!(before.map(|legal| legal.code), Some(NOT_LEADER_OR_FOLLOWER));
        assert_eq!(legal_error(ApiKey::JoinGroup, Phase::After, None), None);
        assert_eq!(legal_error(ApiKey::Fetch, Phase::Before, None), None);
    }
}
