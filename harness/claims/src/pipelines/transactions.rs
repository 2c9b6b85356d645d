//! Kafka transactions as librdkafka's manual has them ("Transactional
//! producer"), for every service that uses them.
//!
//! Errors come in three kinds, and each has its own answer:
//!
//! * retriable: the call is made again, a few times.
//! * abortable: the transaction is aborted, and the consumer goes back to the
//!   committed offset: the message comes again.
//! * fatal (another producer has taken the `transactional.id` over, or the
//!   coordinator no longer knows this one): this producer is of no use any
//!   more. The process ends, and its supervisor starts it anew.
//!
//! The offsets are committed with the group's metadata (KIP-447), and
//! `init_transactions` comes before the subscription: it ends the transaction
//! that a predecessor left open, whose offsets would otherwise still be pending.

use super::app::Settings;
use anyhow::{Context, anyhow};
use rdkafka::consumer::{Consumer, StreamConsumer};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::BorrowedMessage;
use rdkafka::producer::{FutureProducer, Producer};
use rdkafka::{Message, Offset, TopicPartitionList};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

/// How long one call of `init_transactions` may take: a coordinator that has
/// just started loads its log first.
const INIT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long the group coordinator may take to say what is committed.
const REWIND_TIMEOUT: Duration = Duration::from_secs(5);

/// How long one call within a transaction may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(3);

/// How long committing or aborting may take in all before the process gives
/// itself up, as a liveness probe would.
///
/// librdkafka 2.12 keeps to the limits of its calls by itself, and not always: when
/// the broker that coordinates the group had died before it answered a
/// TxnOffsetCommit, `send_offsets_to_transaction` was seen to return no more,
/// limit or not, and to ask nobody.
const LIVENESS: Duration = Duration::from_secs(10);

/// How often a call is made whose error says that it can be made again.
const TRIES: u32 = 3;

/// A transactional producer that is ready to begin.
pub(crate) fn producer(settings: &Settings) -> anyhow::Result<FutureProducer> {
    let producer: FutureProducer = settings.transactional()?.create()?;
    retried(|| producer.init_transactions(INIT_TIMEOUT))
        .context("cannot become the owner of the transactional id")?;
    Ok(producer)
}

/// A consumer that sees committed messages and offsets only.
pub(crate) fn consumer(settings: &Settings) -> anyhow::Result<StreamConsumer> {
    let consumer: StreamConsumer = settings
        .kafka()
        .set("enable.auto.commit", "false")
        .set("isolation.level", "read_committed")
        .create()?;
    consumer.subscribe(&[&settings.topic])?;
    Ok(consumer)
}

/// Makes the offset after `message` a part of the transaction, and commits it.
pub(crate) fn commit(
    producer: &FutureProducer,
    consumer: &StreamConsumer,
    message: &BorrowedMessage<'_>,
) -> KafkaResult<()> {
    let _alive = Liveness::watched();
    let mut offsets = TopicPartitionList::new();
    let next = Offset::Offset(message.offset() + 1);
    offsets.add_partition_offset(message.topic(), message.partition(), next)?;
    let group = consumer
        .group_metadata()
        .expect("a consumer with a group.id has a group");
    retried(|| producer.send_offsets_to_transaction(&offsets, &group, CALL_TIMEOUT))?;
    retried(|| producer.commit_transaction(CALL_TIMEOUT))
}

/// After `error` within a transaction: aborts it and goes back to the committed
/// offset.
///
/// # Errors
///
/// The producer or the consumer cannot go on, and neither can the process.
pub(crate) fn abort_and_rewind(
    producer: &FutureProducer,
    consumer: &StreamConsumer,
    error: KafkaError,
) -> anyhow::Result<()> {
    if let Some((_, reason)) = producer.client().fatal_error() {
        return Err(anyhow!(error).context(format!("the producer cannot go on: {reason}")));
    }
    eprintln!("transaction aborted: {error}");
    let _alive = Liveness::watched();
    retried(|| producer.abort_transaction(CALL_TIMEOUT)).context("cannot abort")?;
    rewind(consumer).context("cannot go back to the committed offset")
}

fn rewind(consumer: &StreamConsumer) -> KafkaResult<()> {
    let assigned = consumer.assignment()?;
    if assigned.count() == 0 {
        // The group has taken it away: whoever has it now goes on.
        return Ok(());
    }
    let committed = consumer.committed_offsets(assigned, REWIND_TIMEOUT)?;
    let mut targets = TopicPartitionList::new();
    for partition in committed.elements() {
        partition.error()?;
        let offset = match partition.offset() {
            committed @ Offset::Offset(_) => committed,
            _ => Offset::Beginning,
        };
        targets.add_partition_offset(partition.topic(), partition.partition(), offset)?;
    }
    for partition in consumer
        .seek_partitions(targets, REWIND_TIMEOUT)?
        .elements()
    {
        partition.error()?;
    }
    Ok(())
}

/// Ends the process unless it is dropped in time.
struct Liveness {
    _done: mpsc::Sender<()>,
}

impl Liveness {
    fn watched() -> Self {
        let (done, watched) = mpsc::channel::<()>();
        std::thread::spawn(move || {
            if watched.recv_timeout(LIVENESS) == Err(RecvTimeoutError::Timeout) {
                eprintln!("no progress in {LIVENESS:?}: giving up");
                std::process::exit(1);
            }
        });
        Self { _done: done }
    }
}

fn retried(call: impl Fn() -> KafkaResult<()>) -> KafkaResult<()> {
    let mut tries = 1;
    loop {
        match call() {
            Err(KafkaError::Transaction(error)) if error.is_retriable() && tries < TRIES => {
                tries += 1;
            }
            result => return result,
        }
    }
}
