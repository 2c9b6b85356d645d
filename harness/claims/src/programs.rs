//! The table of programs.

use crate::pipelines::app::Settings;
use crate::pipelines::{
    ack_then_effect, auto_commit_timer, batch_commit, batch_partial_acked, batch_partial_retried,
    charge_after_commit, charge_before_commit, charge_new_key, charge_once, charge_retried,
    charge_same_key, concurrent_highest_offset, effect_then_ack, idempotent_only, inbox_then_ack,
    mail_after_commit, mail_in_transaction, mail_in_transaction_once, mail_retried,
    mail_retried_by_pool, position_in_database, redis_ack_then_effect, redis_effect_then_ack,
    redis_hint, redis_inbox_then_ack, redis_new_entries_only, redis_subscriber,
    redis_subscriber_twice, row_after_commit, row_before_commit, sqs_batch_go_on, sqs_batch_stop,
    sqs_delete_then_effect, sqs_effect_then_delete, sqs_inbox_by_business_id,
    sqs_inbox_by_message_id, sqs_inbox_by_sequence, sqs_resend, sqs_resend_by_number,
    sqs_resend_content_based, sqs_resend_new_id, transactional,
};
use crate::spec::{LEASE_MS, VISIBILITY_MS};
use crate::timeouts::{
    DATABASE_CLIENT_TIMEOUT_MS, HTTP_CLIENT_TIMEOUT_MS, KAFKA_CLIENT_TIMEOUT_MS,
    KAFKA_PRODUCER_TIMEOUT_MS, MAIL_CLIENT_TIMEOUT_MS, REDIS_CLIENT_TIMEOUT_MS,
    SQS_CLIENT_TIMEOUT_MS,
};
use crate::{Program, Source};
use futures::future::{BoxFuture, FutureExt};

/// A program that writes to the database, gives up on it when it is slow, and
/// lets its errors end it.
const fn program(
    id: &'static str,
    summary: &'static str,
    start: fn(Settings) -> BoxFuture<'static, anyhow::Result<()>>,
) -> Program {
    Program {
        id,
        summary,
        source: Source::Kafka,
        reads: &["DATABASE_URL"],
        source_timeout_ms: Some(KAFKA_CLIENT_TIMEOUT_MS),
        database_timeout_ms: Some(DATABASE_CLIENT_TIMEOUT_MS),
        http_timeout_ms: None,
        redis_timeout_ms: None,
        mail_timeout_ms: None,
        lease_ms: Some(LEASE_MS),
        positions: None,
        timers: &[],
        acks_ahead: false,
        start,
    }
}

/// A program with a Kafka producer that reads `reads`.
const fn producing(program: Program, reads: &'static [&'static str]) -> Program {
    Program {
        reads,
        source_timeout_ms: Some(KAFKA_PRODUCER_TIMEOUT_MS),
        ..program
    }
}

/// A program that charges its customers.
const fn charging(program: Program) -> Program {
    Program {
        reads: &["PAYMENTS_URL"],
        database_timeout_ms: None,
        http_timeout_ms: Some(HTTP_CLIENT_TIMEOUT_MS),
        ..program
    }
}

/// A program that mails its customers, beside what it writes to its database.
const fn mailing(program: Program) -> Program {
    Program {
        reads: &["DATABASE_URL", "SMTP_HOST", "SMTP_PORT"],
        mail_timeout_ms: Some(MAIL_CLIENT_TIMEOUT_MS),
        ..program
    }
}

/// A program whose orders come by a stream of Redis. Redis gives nothing that it has
/// handed out to another by itself.
const fn streaming(program: Program) -> Program {
    Program {
        source: Source::Stream,
        source_timeout_ms: None,
        redis_timeout_ms: Some(REDIS_CLIENT_TIMEOUT_MS),
        lease_ms: None,
        ..program
    }
}

/// A program that listens to a channel of Redis, which has no replies to wait for.
const fn listening(program: Program) -> Program {
    Program {
        redis_timeout_ms: None,
        source: Source::Channel,
        ..streaming(program)
    }
}

/// A program whose orders come by SQS.
const fn queued(program: Program) -> Program {
    Program {
        source: Source::Sqs,
        source_timeout_ms: Some(SQS_CLIENT_TIMEOUT_MS),
        lease_ms: Some(VISIBILITY_MS),
        ..program
    }
}

/// A program that sends them on by SQS, and has no database.
const fn resending(program: Program) -> Program {
    Program {
        reads: &["OUT_QUEUE_URL"],
        database_timeout_ms: None,
        ..queued(program)
    }
}

pub(crate) static PROGRAMS: [Program; 42] = [
    program(
        "kafka-effect-then-ack",
        "inserts the row, then commits the offset",
        |settings| effect_then_ack::run(settings).boxed(),
    ),
    Program {
        acks_ahead: true,
        ..program(
            "kafka-ack-then-effect",
            "commits the offset, then inserts the row",
            |settings| ack_then_effect::run(settings).boxed(),
        )
    },
    Program {
        timers: &["kafka OffsetCommit"],
        acks_ahead: true,
        ..program(
            "kafka-auto-commit-timer",
            "inserts the row; a timer of the client commits what was handed over",
            |settings| auto_commit_timer::run(settings).boxed(),
        )
    },
    program(
        "kafka-batch-commit",
        "inserts three rows in one transaction, then commits the last offset",
        |settings| batch_commit::run(settings).boxed(),
    ),
    Program {
        database_timeout_ms: None,
        ..program(
            "kafka-batch-partial-retried",
            "inserts three rows one by one; retries all three if one failed, then commits",
            |settings| batch_partial_retried::run(settings).boxed(),
        )
    },
    Program {
        database_timeout_ms: None,
        ..program(
            "kafka-batch-partial-acked",
            "inserts three rows one by one; logs what failed and commits all the same",
            |settings| batch_partial_acked::run(settings).boxed(),
        )
    },
    Program {
        database_timeout_ms: None,
        // Which handler finishes first is a race, so which messages an
        // OffsetCommit newly covers differs from run to run.
        timers: &["kafka OffsetCommit"],
        acks_ahead: true,
        ..program(
            "kafka-concurrent-highest-offset",
            "inserts three rows at once; each that is done commits the highest offset",
            |settings| concurrent_highest_offset::run(settings).boxed(),
        )
    },
    program(
        "kafka-inbox-then-ack",
        "inserts the row and the message id in one transaction, then commits the offset",
        |settings| inbox_then_ack::run(settings).boxed(),
    ),
    Program {
        database_timeout_ms: None,
        ..producing(
            program(
                "kafka-transactional",
                "sends two records on and commits the offset in one Kafka transaction",
                |settings| transactional::run(settings).boxed(),
            ),
            &["TRANSACTIONAL_ID", "OUT_TOPIC", "LEDGER_TOPIC"],
        )
    },
    Program {
        database_timeout_ms: None,
        ..producing(
            program(
                "kafka-idempotent-only",
                "sends a record on with an idempotent producer, then commits the offset",
                |settings| idempotent_only::run(settings).boxed(),
            ),
            &["OUT_TOPIC"],
        )
    },
    producing(
        program(
            "kafka-row-before-commit",
            "inserts the row before it commits the Kafka transaction",
            |settings| row_before_commit::run(settings).boxed(),
        ),
        &["TRANSACTIONAL_ID", "OUT_TOPIC", "DATABASE_URL"],
    ),
    Program {
        acks_ahead: true,
        ..producing(
            program(
                "kafka-row-after-commit",
                "inserts the row after it has committed the Kafka transaction",
                |settings| row_after_commit::run(settings).boxed(),
            ),
            &["TRANSACTIONAL_ID", "OUT_TOPIC", "DATABASE_URL"],
        )
    },
    Program {
        // It is in no group and has no transaction in Kafka.
        lease_ms: None,
        positions: Some("select partition, next from positions"),
        ..program(
            "kafka-position-in-database",
            "inserts the row and moves its own position in one database transaction",
            |settings| position_in_database::run(settings).boxed(),
        )
    },
    producing(
        charging(program(
            "kafka-charge-before-commit",
            "charges before it commits the Kafka transaction",
            |settings| charge_before_commit::run(settings).boxed(),
        )),
        &["TRANSACTIONAL_ID", "OUT_TOPIC", "PAYMENTS_URL"],
    ),
    Program {
        acks_ahead: true,
        ..producing(
            charging(program(
                "kafka-charge-after-commit",
                "charges after it has committed the Kafka transaction",
                |settings| charge_after_commit::run(settings).boxed(),
            )),
            &["TRANSACTIONAL_ID", "OUT_TOPIC", "PAYMENTS_URL"],
        )
    },
    charging(program(
        "charge-retried",
        "charges, again after an error, then commits the offset",
        |settings| charge_retried::run(settings).boxed(),
    )),
    Program {
        acks_ahead: true,
        ..charging(program(
            "charge-once",
            "commits the offset, then charges once",
            |settings| charge_once::run(settings).boxed(),
        ))
    },
    charging(program(
        "charge-new-key",
        "charges under a key drawn at each attempt, then commits the offset",
        |settings| charge_new_key::run(settings).boxed(),
    )),
    charging(program(
        "charge-same-key",
        "charges under the order's own id as key, then commits the offset",
        |settings| charge_same_key::run(settings).boxed(),
    )),
    queued(program(
        "sqs-effect-then-delete",
        "inserts the row, then deletes the message",
        |settings| sqs_effect_then_delete::run(settings).boxed(),
    )),
    Program {
        acks_ahead: true,
        ..queued(program(
            "sqs-delete-then-effect",
            "deletes the message, then inserts the row",
            |settings| sqs_delete_then_effect::run(settings).boxed(),
        ))
    },
    queued(program(
        "sqs-inbox-by-business-id",
        "inserts row and order id in one transaction, then deletes the message",
        |settings| sqs_inbox_by_business_id::run(settings).boxed(),
    )),
    queued(program(
        "sqs-inbox-by-message-id",
        "inserts row and MessageId in one transaction, then deletes the message",
        |settings| sqs_inbox_by_message_id::run(settings).boxed(),
    )),
    queued(program(
        "sqs-inbox-by-sequence",
        "inserts row and highest number of the group in one transaction, then deletes",
        |settings| sqs_inbox_by_sequence::run(settings).boxed(),
    )),
    Program {
        // It gives up on the statement and not on the connection.
        database_timeout_ms: None,
        ..queued(program(
            "sqs-batch-stop",
            "handles a batch in order and stops at the first failure",
            |settings| sqs_batch_stop::run(settings).boxed(),
        ))
    },
    Program {
        // It gives up on the statement and not on the connection.
        database_timeout_ms: None,
        ..queued(program(
            "sqs-batch-go-on",
            "handles a batch in order and goes on past a failure",
            |settings| sqs_batch_go_on::run(settings).boxed(),
        ))
    },
    resending(program(
        "sqs-resend",
        "sends the order on under its own id, then deletes the message",
        |settings| sqs_resend::run(settings).boxed(),
    )),
    resending(program(
        "sqs-resend-by-number",
        "sends orders on under their customers' numbers, then deletes their messages",
        |settings| sqs_resend_by_number::run(settings).boxed(),
    )),
    resending(program(
        "sqs-resend-content-based",
        "sends what the order says on and leaves the deduplication id to the queue",
        |settings| sqs_resend_content_based::run(settings).boxed(),
    )),
    resending(program(
        "sqs-resend-new-id",
        "sends the order on under an id drawn at each attempt, then deletes the message",
        |settings| sqs_resend_new_id::run(settings).boxed(),
    )),
    streaming(program(
        "redis-effect-then-ack",
        "inserts the row, then acknowledges the entry",
        |settings| redis_effect_then_ack::run(settings).boxed(),
    )),
    Program {
        acks_ahead: true,
        ..streaming(program(
            "redis-ack-then-effect",
            "acknowledges the entry, then inserts the row",
            |settings| redis_ack_then_effect::run(settings).boxed(),
        ))
    },
    streaming(program(
        "redis-new-entries-only",
        "inserts the row, then acknowledges; asks for new entries only",
        |settings| redis_new_entries_only::run(settings).boxed(),
    )),
    streaming(program(
        "redis-inbox-then-ack",
        "inserts row and id in one transaction, then acknowledges the entry",
        |settings| redis_inbox_then_ack::run(settings).boxed(),
    )),
    listening(program(
        "redis-subscriber",
        "inserts a row for each message of a channel",
        |settings| redis_subscriber::run(settings).boxed(),
    )),
    listening(Program {
        reads: &["DATABASE_URL", "CHANNEL_PATTERN"],
        ..program(
            "redis-subscriber-twice",
            "inserts a row for each message of a channel and of a pattern",
            |settings| redis_subscriber_twice::run(settings).boxed(),
        )
    }),
    Program {
        source: Source::Table,
        reads: &["REDIS_URL", "HINTS"],
        source_timeout_ms: None,
        redis_timeout_ms: Some(REDIS_CLIENT_TIMEOUT_MS),
        lease_ms: None,
        ..program(
            "redis-hint",
            "looks into the table at each hint of a channel, and from time to time",
            |settings| redis_hint::run(settings).boxed(),
        )
    },
    mailing(program(
        "mail-in-transaction",
        "inserts the row and mails in one transaction, then commits the offset",
        |settings| mail_in_transaction::run(settings).boxed(),
    )),
    Program {
        acks_ahead: true,
        ..mailing(program(
            "mail-in-transaction-once",
            "commits the offset, then inserts the row and mails in one transaction",
            |settings| mail_in_transaction_once::run(settings).boxed(),
        ))
    },
    mailing(program(
        "mail-after-commit",
        "inserts the row in a transaction, mails after it, then commits the offset",
        |settings| mail_after_commit::run(settings).boxed(),
    )),
    Program {
        reads: &["SMTP_HOST", "SMTP_PORT"],
        database_timeout_ms: None,
        ..mailing(program(
            "mail-retried",
            "mails, again after a timeout or an error, then commits the offset",
            |settings| mail_retried::run(settings).boxed(),
        ))
    },
    Program {
        reads: &["SMTP_HOST", "SMTP_PORT"],
        database_timeout_ms: None,
        ..mailing(program(
            "mail-retried-by-pool",
            "mails, again by a pool of connections, then commits the offset",
            |settings| mail_retried_by_pool::run(settings).boxed(),
        ))
    },
];
