//! What can go wrong with a command of the harness's own.

use redis::{ErrorKind, RedisError};

/// See the module. None of it holds a password: a server does not repeat them.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum Trouble {
    /// There was no connection to send it on.
    #[error("no connection: {0}")]
    NotConnected(String),
    /// Whoever is there ended the connection before the command was sent.
    #[error("the connection was ended: {0}")]
    HungUp(String),
    /// The server answered with an error.
    #[error("{code} {what}")]
    Refused {
        /// First word of the reply.
        code: String,
        /// The others.
        what: String,
    },
    /// It was sent, and no answer came.
    #[error("{0}")]
    Unanswered(String),
    /// What came is not what a Redis says.
    #[error("an answer that is none of Redis's: {0}")]
    Strange(String),
}

impl Trouble {
    pub fn of(error: &RedisError) -> Self {
        let detail = error.detail().unwrap_or_default();
        match (error.code(), error.kind()) {
            (Some(code), _) => Self::Refused {
                code: code.into(),
                what: detail.into(),
            },
            (None, ErrorKind::Parse | ErrorKind::UnexpectedReturnType) => {
                Self::Strange(error.to_string())
            }
            (None, _) => Self::Unanswered(error.to_string()),
        }
    }

    /// The same, of what was not sent because of it.
    pub fn before_it_was_sent(self) -> Self {
        match self {
            Self::Unanswered(why) => Self::HungUp(why),
            other => other,
        }
    }

    pub fn is_refused(&self, with: &str) -> bool {
        matches!(self, Self::Refused { code, .. } if code == with)
    }

    /// Whether the key that was asked about is not there (`ERR no such key`).
    pub fn says_no_key(&self) -> bool {
        matches!(self, Self::Refused { code, what } if code == "ERR" && what.contains("no such key"))
    }
}
