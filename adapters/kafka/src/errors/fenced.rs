//! Errors that say: the sender is not the owner any more.

use kafka_protocol::messages::ApiKey;

/// Errors that say so to whoever asks, with where that is written.
const ANYWHERE: &[(i16, &str)] = &[
    // UNKNOWN_MEMBER_ID. The coordinator has removed the member: its session ran
    // out, or it left. ConsumerCoordinator.OffsetCommitResponseHandler: "it is
    // likely that the consumer was kicked out of the group".
    (
        25,
        "Errors.java: the coordinator is not aware of this member",
    ),
    // INVALID_PRODUCER_EPOCH. A partition's leader says so of an epoch below one
    // that it has seen (ProducerAppendInfo.checkProducerEpoch), and coordinators
    // say so in the place of PRODUCER_FENCED to requests older than KIP-588,
    // which are the ones that librdkafka sends (KafkaApis.handleEndTxnRequest).
    (47, "Errors.java: an old epoch"),
    // INVALID_PRODUCER_ID_MAPPING. The transactional id belongs to another
    // producer id (its epochs were used up by successors), or to none (expired).
    (
        49,
        "Errors.java: not currently assigned to its transactional id",
    ),
    (
        82,
        "KIP-345: another member registered with the instance id",
    ),
    (90, "KIP-588: a newer producer has the transactional id"),
    (110, "KIP-848: the member must abandon all its partitions"),
];

/// ILLEGAL_GENERATION. To a commit it says that the partitions were assigned
/// anew without its sender: that is the lease, gone. To other requests of a
/// group it may just say that a round went on meanwhile, which is no fencing.
/// Nor are REBALANCE_IN_PROGRESS (27), which asks a member to join again, and
/// STALE_MEMBER_EPOCH (113), which asks one to wait for its next heartbeat
/// (KIP-848).
const ILLEGAL_GENERATION: i16 = 22;

/// Whether a reply with these codes to a request of `api` says that its sender
/// is not the owner any more.
pub(crate) fn is_fenced(api: ApiKey, codes: &[i16]) -> bool {
    let commits = matches!(api, ApiKey::OffsetCommit | ApiKey::TxnOffsetCommit);
    codes.iter().any(|code| {
        ANYWHERE.iter().any(|(fenced, _)| fenced == code)
            || (commits && *code == ILLEGAL_GENERATION)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::errors::judge_code;
    use exactly_model::Outcome;

    #[test]
    fn who_is_fenced_was_certainly_refused() {
        for (code, because) in ANYWHERE {
            assert_eq!(judge_code(*code).outcome, Outcome::Fail, "{code}");
            assert!(because.len() > 10);
        }
    }

    #[test]
    fn a_rebalance_alone_is_no_fencing() {
        for code in [0, 27, 113, 48, 45, 51, 16, 74, 111, -1] {
            assert!(!is_fenced(ApiKey::OffsetCommit, &[code]), "{code}");
            assert!(!is_fenced(ApiKey::Produce, &[code]), "{code}");
        }
        for code in [25, 47, 49, 82, 90, 110] {
            assert!(is_fenced(ApiKey::Produce, &[0, code]), "{code}");
        }
        assert!(is_fenced(ApiKey::OffsetCommit, &[22]));
        assert!(is_fenced(ApiKey::TxnOffsetCommit, &[22]));
        assert!(!is_fenced(ApiKey::JoinGroup, &[22]));
        assert!(!is_fenced(ApiKey::Produce, &[]));
    }
}
