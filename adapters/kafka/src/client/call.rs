//! Why a call failed.

use crate::errors;
use crate::wire::Malformed;
use exactly_model::Outcome;

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

    /// Whether the cluster may have changed since its metadata was read.
    pub fn is_stale_metadata(&self) -> bool {
        matches!(
            self,
            Self::NotConnected(_)
                | Self::Lost(_)
                | Self::NoLeader(_)
                | Self::Code(3 | 5 | 6 | 14 | 15 | 16 | 41)
        )
    }

    /// `Ok` for code 0.
    pub fn check(code: i16) -> Result<(), Self> {
        match code {
            0 => Ok(()),
            code => Err(Self::Code(code)),
        }
    }
}
