//! What the clients of the programs wait for.

use crate::pipelines::app::{DATABASE_TIMEOUT, KAFKA_HEARTBEAT_MS, KAFKA_SOCKET_TIMEOUT_MS};
use crate::pipelines::charges::CHARGE_TIMEOUT;
use crate::pipelines::mails::MAIL_TIMEOUT;
use crate::pipelines::queues::ATTEMPT_TIMEOUT;
use crate::pipelines::streams::REDIS_TIMEOUT;

/// How long the Kafka client of every program waits for a reply at most.
///
/// librdkafka looks for requests that are too old once a second
/// (`rd_kafka_broker_timeout_scan`), and only when its thread for that
/// connection is awake anyway. A heartbeat wakes it, so with frequent heartbeats
/// the client gives up soon after `socket.timeout.ms` (seen: 300 ms after it;
/// 1700 ms with a heartbeat every two seconds).
pub(crate) const KAFKA_CLIENT_TIMEOUT_MS: u64 =
    KAFKA_SOCKET_TIMEOUT_MS + 1_000 + KAFKA_HEARTBEAT_MS;

/// The same of a program that has a Kafka producer. A producer sends no
/// heartbeats: its threads wake up once a second by themselves, so the look may
/// come a second after the timeout, and one more where it was missed by a moment
/// (seen: 2000 ms for EndTxn, AddOffsetsToTxn and InitProducerId, 1400 ms where
/// another thread's work wakes the connection).
pub(crate) const KAFKA_PRODUCER_TIMEOUT_MS: u64 = KAFKA_SOCKET_TIMEOUT_MS + 2_000;

/// How long a charge waits for a reply.
pub(crate) const HTTP_CLIENT_TIMEOUT_MS: u64 = CHARGE_TIMEOUT.as_millis() as u64 + 100;

/// How long a mail may take to be taken.
pub(crate) const MAIL_CLIENT_TIMEOUT_MS: u64 = MAIL_TIMEOUT.as_millis() as u64 + 100;

/// How long a command to Redis waits for a reply.
pub(crate) const REDIS_CLIENT_TIMEOUT_MS: u64 = REDIS_TIMEOUT.as_millis() as u64 + 100;

/// How long an attempt of the SDK waits for a reply.
pub(crate) const SQS_CLIENT_TIMEOUT_MS: u64 = ATTEMPT_TIMEOUT.as_millis() as u64 + 100;

/// How long a program that limits its statements waits for a reply.
pub(crate) const DATABASE_CLIENT_TIMEOUT_MS: u64 = DATABASE_TIMEOUT.as_millis() as u64;
