//! Why a call failed.

use crate::errors;
use crate::wire::Malformed;
use exactly_model::Outcome;

/// Codes that pass by themselves when a broker has died, stopped or come back
/// (the protocol guide's retriable ones, as far as our requests can meet them).
const TRANSIENT: &[i16] = &[
    UNKNOWN_TOPIC, // a broker whose metadata lag behind
    5,             // LEADER_NOT_AVAILABLE
    6,             // NOT_LEADER_OR_FOLLOWER
    7,             // REQUEST_TIMED_OUT
    8,             // BROKER_NOT_AVAILABLE
    9,             // REPLICA_NOT_AVAILABLE
    13,            // NETWORK_EXCEPTION
    14,            // COORDINATOR_LOAD_IN_PROGRESS
    15,            // COORDINATOR_NOT_AVAILABLE
    16,            // NOT_COORDINATOR
    19,            // NOT_ENOUGH_REPLICAS
    20,            // NOT_ENOUGH_REPLICAS_AFTER_APPEND
    41,            // NOT_CONTROLLER
    56,            // KAFKA_STORAGE_ERROR
    74,            // FENCED_LEADER_EPOCH
    75,            // UNKNOWN_LEADER_EPOCH
    78,            // OFFSET_NOT_AVAILABLE
];
/// A topic or partition that the broker does not know.
pub(crate) const UNKNOWN_TOPIC: i16 = 3;

/// A call that has no usable answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// Nothing was sent.
    #[error("cannot connect: {0}")]
    NotConnected(#[source] std::io::Error),
    /// Nothing was sent.
    #[error("cannot encode the request: {0}")]
    Encode(String),
    /// Nothing was sent.
    #[error("the broker does not offer {0}")]
    NotOffered(String),
    /// Nothing was sent.
    #[error("{0} has no leader")]
    NoLeader(String),
    /// The request may have been applied.
    #[error("the connection was lost before a reply: {0}")]
    Lost(#[source] std::io::Error),
    /// The request may have been applied.
    #[error("a reply that cannot be read: {0}")]
    Malformed(#[from] Malformed),
    /// The broker's own error.
    #[error("{}", errors::name(*.0))]
    Code(i16),
}

impl CallError {
    /// What the error says of the request.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::NotConnected(_) | Self::Encode(_) | Self::NotOffered(_) | Self::NoLeader(_) => {
                Outcome::Fail
            }
            Self::Lost(_) | Self::Malformed(_) => Outcome::Unknown,
            Self::Code(code) => errors::judge_code(*code).outcome,
        }
    }

    /// Whether the cluster may have changed since its metadata was read, or is
    /// just changing: another try may find another broker, or the same one ready.
    pub fn is_stale_metadata(&self) -> bool {
        match self {
            Self::NotConnected(_) | Self::Lost(_) | Self::NoLeader(_) => true,
            Self::Code(code) => TRANSIENT.contains(code),
            Self::Encode(_) | Self::NotOffered(_) | Self::Malformed(_) => false,
        }
    }

    /// Whether the harness's user may not do it.
    pub fn is_authorization(&self) -> bool {
        matches!(self, Self::Code(29..=31 | 53))
    }

    /// Whether no answer came at all.
    pub fn is_transport(&self) -> bool {
        matches!(self, Self::NotConnected(_) | Self::Lost(_))
    }

    /// `Ok` for code 0.
    pub fn check(code: i16) -> Result<(), Self> {
        match code {
            0 => Ok(()),
            code => Err(Self::Code(code)),
        }
    }
}
