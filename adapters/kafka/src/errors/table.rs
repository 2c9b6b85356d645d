//! Broker errors, row by row.

use exactly_model::Outcome;

/// A row of the table of broker errors.
pub(crate) struct Row {
    pub code: i16,
    pub name: &'static str,
    pub outcome: Outcome,
    pub because: &'static str,
    /// Whether clients send the request again by themselves. What such a client
    /// reports in the end is the answer to its *last* attempt, and says nothing
    /// of the earlier ones.
    pub retried: bool,
}

const fn ok(code: i16, name: &'static str, because: &'static str) -> Row {
    Row {
        code,
        name,
        outcome: Outcome::Ok,
        because,
        retried: false,
    }
}

const fn refused(code: i16, name: &'static str, because: &'static str) -> Row {
    Row {
        code,
        name,
        outcome: Outcome::Fail,
        because,
        retried: false,
    }
}

const fn refused_for_now(code: i16, name: &'static str, because: &'static str) -> Row {
    Row {
        code,
        name,
        outcome: Outcome::Fail,
        because,
        retried: true,
    }
}

const fn unknown(code: i16, name: &'static str, because: &'static str) -> Row {
    Row {
        code,
        name,
        outcome: Outcome::Unknown,
        because,
        retried: true,
    }
}

const GUIDE: &str = "protocol guide, error codes: refused before it is applied";
const AUTH: &str = "protocol guide, error codes: authorisation is checked first";
const GROUP: &str = "KIP-98 and KIP-345: the coordinator checks membership before it writes";
const PRODUCER: &str = "KIP-98: the producer's id, epoch and state are checked before it writes";
const AFTER_APPEND: &str =
    "the leader's DelayedProduce and the coordinators' mapping of it: may follow a local append";

/// Broker errors, by code.
pub(crate) const TABLE: &[Row] = &[
    unknown(
        -1,
        "UNKNOWN_SERVER_ERROR",
        "protocol guide: unexpected error while processing",
    ),
    ok(0, "NONE", "protocol guide, error codes"),
    refused(1, "OFFSET_OUT_OF_RANGE", GUIDE),
    refused_for_now(
        2,
        "CORRUPT_MESSAGE",
        "protocol guide: failed its CRC, validated before the append",
    ),
    refused_for_now(
        3,
        "UNKNOWN_TOPIC_OR_PARTITION",
        "protocol guide: the server does not host it",
    ),
    refused_for_now(
        5,
        "LEADER_NOT_AVAILABLE",
        "protocol guide: an election is going on, no one took the request",
    ),
    unknown(6, "NOT_LEADER_OR_FOLLOWER", AFTER_APPEND),
    unknown(
        7,
        "REQUEST_TIMED_OUT",
        "protocol guide: appended, and not replicated in time",
    ),
    refused_for_now(8, "BROKER_NOT_AVAILABLE", GUIDE),
    refused_for_now(9, "REPLICA_NOT_AVAILABLE", GUIDE),
    refused(
        10,
        "MESSAGE_TOO_LARGE",
        "protocol guide: validated before the append",
    ),
    refused(12, "OFFSET_METADATA_TOO_LARGE", GUIDE),
    unknown(
        13,
        "NETWORK_EXCEPTION",
        "protocol guide: disconnected before a response",
    ),
    refused_for_now(
        14,
        "COORDINATOR_LOAD_IN_PROGRESS",
        "protocol guide: the coordinator is loading",
    ),
    unknown(15, "COORDINATOR_NOT_AVAILABLE", AFTER_APPEND),
    unknown(16, "NOT_COORDINATOR", AFTER_APPEND),
    refused(17, "INVALID_TOPIC_EXCEPTION", GUIDE),
    refused(
        18,
        "RECORD_LIST_TOO_LARGE",
        "protocol guide: validated before the append",
    ),
    refused_for_now(
        19,
        "NOT_ENOUGH_REPLICAS",
        "protocol guide: rejected for too few in-sync replicas",
    ),
    unknown(
        20,
        "NOT_ENOUGH_REPLICAS_AFTER_APPEND",
        "protocol guide: written to the log, but to fewer replicas than required",
    ),
    refused(21, "INVALID_REQUIRED_ACKS", GUIDE),
    refused(22, "ILLEGAL_GENERATION", GROUP),
    refused(23, "INCONSISTENT_GROUP_PROTOCOL", GUIDE),
    refused(24, "INVALID_GROUP_ID", GUIDE),
    refused(25, "UNKNOWN_MEMBER_ID", GROUP),
    refused(26, "INVALID_SESSION_TIMEOUT", GUIDE),
    refused_for_now(27, "REBALANCE_IN_PROGRESS", GROUP),
    refused(28, "INVALID_COMMIT_OFFSET_SIZE", GUIDE),
    refused(29, "TOPIC_AUTHORIZATION_FAILED", AUTH),
    refused(30, "GROUP_AUTHORIZATION_FAILED", AUTH),
    refused(31, "CLUSTER_AUTHORIZATION_FAILED", AUTH),
    refused(32, "INVALID_TIMESTAMP", GUIDE),
    refused(33, "UNSUPPORTED_SASL_MECHANISM", GUIDE),
    refused(34, "ILLEGAL_SASL_STATE", GUIDE),
    refused(35, "UNSUPPORTED_VERSION", GUIDE),
    refused(36, "TOPIC_ALREADY_EXISTS", GUIDE),
    refused(37, "INVALID_PARTITIONS", GUIDE),
    refused(38, "INVALID_REPLICATION_FACTOR", GUIDE),
    refused(39, "INVALID_REPLICA_ASSIGNMENT", GUIDE),
    refused(40, "INVALID_CONFIG", GUIDE),
    refused_for_now(41, "NOT_CONTROLLER", GUIDE),
    refused(42, "INVALID_REQUEST", GUIDE),
    refused(43, "UNSUPPORTED_FOR_MESSAGE_FORMAT", GUIDE),
    refused(44, "POLICY_VIOLATION", GUIDE),
    refused(45, "OUT_OF_ORDER_SEQUENCE_NUMBER", PRODUCER),
    ok(
        46,
        "DUPLICATE_SEQUENCE_NUMBER",
        "KIP-98: the batch is in the log already; clients take it as a success",
    ),
    refused(47, "INVALID_PRODUCER_EPOCH", PRODUCER),
    refused(48, "INVALID_TXN_STATE", PRODUCER),
    refused(49, "INVALID_PRODUCER_ID_MAPPING", PRODUCER),
    refused(50, "INVALID_TRANSACTION_TIMEOUT", PRODUCER),
    unknown(
        51,
        "CONCURRENT_TRANSACTIONS",
        "KIP-98: an end of this transaction is under way, perhaps by an earlier attempt",
    ),
    unknown(
        52,
        "TRANSACTION_COORDINATOR_FENCED",
        "protocol guide: the coordinator lost its place while it wrote",
    ),
    refused(53, "TRANSACTIONAL_ID_AUTHORIZATION_FAILED", AUTH),
    refused(54, "SECURITY_DISABLED", GUIDE),
    refused(
        55,
        "OPERATION_NOT_ATTEMPTED",
        "protocol guide: not attempted, another operation of the batch failed",
    ),
    unknown(
        56,
        "KAFKA_STORAGE_ERROR",
        "protocol guide: disk error; the log may hold the records when it comes back",
    ),
    refused(57, "LOG_DIR_NOT_FOUND", GUIDE),
    refused(58, "SASL_AUTHENTICATION_FAILED", AUTH),
    refused(59, "UNKNOWN_PRODUCER_ID", PRODUCER),
    refused(68, "NON_EMPTY_GROUP", GUIDE),
    refused(69, "GROUP_ID_NOT_FOUND", GUIDE),
    refused_for_now(70, "FETCH_SESSION_ID_NOT_FOUND", GUIDE),
    refused_for_now(71, "INVALID_FETCH_SESSION_EPOCH", GUIDE),
    refused(73, "TOPIC_DELETION_DISABLED", GUIDE),
    refused_for_now(
        74,
        "FENCED_LEADER_EPOCH",
        "KIP-320: the epoch is checked first",
    ),
    refused_for_now(
        75,
        "UNKNOWN_LEADER_EPOCH",
        "KIP-320: the epoch is checked first",
    ),
    refused(76, "UNSUPPORTED_COMPRESSION_TYPE", GUIDE),
    refused_for_now(78, "OFFSET_NOT_AVAILABLE", GUIDE),
    refused_for_now(
        79,
        "MEMBER_ID_REQUIRED",
        "KIP-394: asks to join again with the id that it gives",
    ),
    refused(81, "GROUP_MAX_SIZE_REACHED", GUIDE),
    refused(
        82,
        "FENCED_INSTANCE_ID",
        "KIP-345: another member took the instance id",
    ),
    refused(86, "GROUP_SUBSCRIBED_TO_TOPIC", GUIDE),
    refused(87, "INVALID_RECORD", "KIP-467: validated before the append"),
    refused_for_now(
        88,
        "UNSTABLE_OFFSET_COMMIT",
        "KIP-447: offsets of an open transaction",
    ),
    refused_for_now(89, "THROTTLING_QUOTA_EXCEEDED", "KIP-599: refused by quota"),
    refused(
        90,
        "PRODUCER_FENCED",
        "KIP-588: a newer producer has the transactional id",
    ),
    refused_for_now(100, "UNKNOWN_TOPIC_ID", GUIDE),
    refused(
        110,
        "FENCED_MEMBER_EPOCH",
        "KIP-848: the member epoch is checked first",
    ),
    refused(
        111,
        "UNRELEASED_INSTANCE_ID",
        "KIP-848: the instance id is in use",
    ),
    refused(112, "UNSUPPORTED_ASSIGNOR", GUIDE),
    refused_for_now(
        113,
        "STALE_MEMBER_EPOCH",
        "KIP-848: the member epoch is checked first",
    ),
    unknown(
        120,
        "TRANSACTION_ABORTABLE",
        "KIP-890: the transaction must be aborted, whatever part of it was applied",
    ),
];
