// Records each order of a Kafka topic as a row in PostgreSQL.
//
// The row is committed first and the offset after it, so that no order is lost.
// An error ends the process; whoever supervises it starts it again.

import { Kafka, logLevel } from 'kafkajs'
import pg from 'pg'

const { BROKERS, TOPIC, GROUP, DATABASE_URL } = process.env

const fail = (error) => {
  console.error('giving up:', error)
  process.exit(1)
}

const database = new pg.Client({
  connectionString: DATABASE_URL,
  connectionTimeoutMillis: 3_000,
  // What the server allows a statement, and how long we wait for its answer.
  statement_timeout: 2_000,
  query_timeout: 3_000,
})
database.on('error', fail)

const kafka = new Kafka({
  clientId: 'orders',
  brokers: BROKERS.split(','),
  logLevel: logLevel.WARN,
  connectionTimeout: 2_000,
  requestTimeout: 2_000,
  retry: { initialRetryTime: 50, maxRetryTime: 300, retries: 8 },
})

const consumer = kafka.consumer({
  groupId: GROUP,
  sessionTimeout: 6_000,
  rebalanceTimeout: 6_000,
  heartbeatInterval: 500,
  maxWaitTimeInMs: 200,
  // We are restarted from outside.
  retry: { restartOnFailure: async () => false },
})
consumer.on(consumer.events.CRASH, ({ payload }) => fail(payload.error))

// Inserts the order in a transaction of its own.
const record = async (order) => {
  await database.query('begin')
  await database.query('insert into orders (id, customer, n, sum) values ($1, $2, $3, $4)', [
    order.id,
    order.customer,
    order.n,
    order.sum,
  ])
  await database.query('commit')
}

// What became of a transaction that failed is unknown: nothing goes on after it.
const handle = async ({ topic, partition, message }) => {
  try {
    await record(JSON.parse(message.value))
    const offset = (BigInt(message.offset) + 1n).toString()
    await consumer.commitOffsets([{ topic, partition, offset }])
  } catch (error) {
    fail(error)
  }
}

const stop = async () => {
  await consumer.disconnect()
  await database.end()
  console.error('stopped')
}
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, () => stop().catch(fail))
}

const run = async () => {
  await database.connect()
  await consumer.connect()
  await consumer.subscribe({ topic: TOPIC, fromBeginning: true })
  await consumer.run({ autoCommit: false, eachMessage: handle })
  console.error('started')
}
run().catch(fail)
