"""Records each order of a Kafka topic as a row in PostgreSQL, once.

The id of an order and its row are committed together, and the offset after
them. An order that is delivered again finds its id there and is only
acknowledged. An error ends the process; whoever supervises it starts it again.
"""

import faulthandler
import json
import logging
import os
import signal
import sys
from contextlib import contextmanager

import psycopg
from confluent_kafka import Consumer, KafkaException

# How long a server may take to answer, in seconds.
STATEMENT_TIMEOUT = 2
ANSWER_TIMEOUT = 3

log = logging.getLogger("orders")


@contextmanager
def watchdog():
    """Ends the process when what is inside takes too long.

    libpq waits for a server's answer for as long as the connection is open. A
    connection whose answer is overdue is of no use any more, and neither is a
    process that waits for it.
    """
    faulthandler.dump_traceback_later(ANSWER_TIMEOUT, exit=True)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


def connect_database():
    """Opens the connection to the database; transactions are explicit."""
    with watchdog():
        database = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
        database.execute(f"set statement_timeout = '{STATEMENT_TIMEOUT}s'")
    return database


def connect_consumer():
    """Joins the consumer group; offsets are committed by hand."""
    consumer = Consumer(
        {
            "bootstrap.servers": os.environ["BROKERS"],
            "group.id": os.environ["GROUP"],
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "session.timeout.ms": 6_000,
            "heartbeat.interval.ms": 500,
            "max.poll.interval.ms": 30_000,
            "fetch.wait.max.ms": 100,
            "socket.timeout.ms": 2_000,
            "reconnect.backoff.ms": 20,
            "reconnect.backoff.max.ms": 500,
        }
    )
    consumer.subscribe([os.environ["TOPIC"]])
    return consumer


def record(database, order):
    """Inserts the order, unless its id has been here before."""
    with watchdog(), database.transaction():
        arrived = database.execute(
            "insert into inbox (id) values (%s) on conflict do nothing",
            (order["id"],),
        )
        if arrived.rowcount == 0:
            return
        database.execute(
            "insert into orders (id, customer, n, sum) values (%s, %s, %s, %s)",
            (order["id"], order["customer"], order["n"], order["sum"]),
        )


def run():
    stopping = False

    def stop(_signal, _frame):
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)

    with connect_database() as database:
        consumer = connect_consumer()
        log.info("started")
        try:
            while not stopping:
                message = consumer.poll(timeout=0.2)
                if message is None:
                    continue
                if message.error():
                    raise KafkaException(message.error())
                record(database, json.loads(message.value()))
                consumer.commit(message=message, asynchronous=False)
        finally:
            consumer.close()
    log.info("stopped")


def main():
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        run()
    except (KafkaException, psycopg.Error):
        log.exception("giving up")
        sys.exit(1)


if __name__ == "__main__":
    main()
