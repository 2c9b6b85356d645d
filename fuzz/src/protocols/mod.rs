//! The targets.

use crate::Protocol;

#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "kafka")]
pub mod kafka;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "redis")]
pub mod redis;
#[cfg(feature = "smtp")]
pub mod smtp;
#[cfg(feature = "sqs")]
pub mod sqs;

/// All of them.
pub const PROTOCOLS: &[Protocol] = &[
    #[cfg(feature = "http")]
    http::AUDITED,
    #[cfg(feature = "http")]
    http::TOWARDS,
    #[cfg(feature = "kafka")]
    kafka::KAFKA,
    #[cfg(feature = "postgres")]
    postgres::POSTGRES,
    #[cfg(feature = "redis")]
    redis::REDIS,
    #[cfg(feature = "smtp")]
    smtp::SMTP,
    #[cfg(feature = "sqs")]
    sqs::SQS,
];

/// For protocols whose boundary says nothing that depends on when what came.
#[cfg(any(feature = "kafka", feature = "postgres", feature = "redis"))]
const fn never(_: &[u8]) -> bool {
    false
}
