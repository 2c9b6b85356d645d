//! What is too much.

use std::time::Duration;

/// Limits of the sink.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    /// Octets of a mail.
    pub mail: u64,
    /// Recipients of a mail: at least 100 have to be taken (RFC 5321 4.5.3.1.8).
    pub recipients: usize,
    /// Commands of a session that are refused, before it is ended.
    pub errors: u32,
    /// Octets of a line that has no end, before the session is ended.
    pub endless: usize,
    /// Mails kept.
    pub mails: usize,
    /// Octets of all mails kept.
    pub octets: u64,
    /// Sessions at the same time.
    pub sessions: usize,
    /// Silence of a client: at least five minutes (RFC 5321 4.5.3.2.7).
    pub idle: Duration,
    /// How long TLS may take to begin.
    pub handshake: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            mail: 25 << 20,
            recipients: 1000,
            errors: 100,
            endless: 1 << 20,
            mails: 250_000,
            octets: 512 << 20,
            sessions: 1000,
            idle: Duration::from_secs(300),
            handshake: Duration::from_secs(10),
        }
    }
}
