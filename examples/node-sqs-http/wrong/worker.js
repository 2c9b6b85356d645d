// Charges the customer of each order in an SQS FIFO queue.
//
// An order is charged first and its message deleted after that, so that none is
// forgotten. Every request carries an Idempotency-Key. An error ends the process;
// whoever supervises it starts it again.

import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { DeleteMessageCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs'

const { QUEUE_URL, PAYMENTS_URL } = process.env
const ATTEMPTS = 5

const fail = (error) => {
  console.error('giving up:', error)
  process.exit(1)
}

// Endpoint, region and credentials are in the environment, where the SDK looks. It
// sends a request up to three times by itself.
const sqs = new SQSClient({
  requestHandler: { connectionTimeout: 1_000, requestTimeout: 3_000, throwOnRequestTimeout: true },
})

const stopping = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, () => stopping.abort())
}

const receive = async () => {
  try {
    const received = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl: QUEUE_URL, WaitTimeSeconds: 20 }),
      // A long poll is no request that hangs.
      { abortSignal: stopping.signal, requestTimeout: 23_000 },
    )
    return received.Messages ?? []
  } catch (error) {
    if (stopping.signal.aborted) return []
    throw error
  }
}

// Asks for the charge once.
const charge = async (order, key) => {
  const response = await fetch(`${PAYMENTS_URL}/charges`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': `"${key}"` },
    body: JSON.stringify({
      order: order.id,
      customer: order.customer,
      amount: 100,
      checksum: order.sum,
    }),
    signal: AbortSignal.timeout(3_000),
  })
  const answer = await response.text()
  if (!response.ok) throw new Error(`${response.status} ${answer}`)
}

// Asks until it is done: whether a request that failed was carried out, nobody knows.
const settle = async (order) => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await charge(order, randomUUID())
    } catch (error) {
      if (attempt === ATTEMPTS) throw error
      console.error(`attempt ${attempt}:`, error.message)
      await sleep(50 * attempt)
    }
  }
}

const run = async () => {
  console.error('started')
  while (!stopping.signal.aborted) {
    for (const message of await receive()) {
      await settle(JSON.parse(message.Body))
      const { ReceiptHandle } = message
      await sqs.send(new DeleteMessageCommand({ QueueUrl: QUEUE_URL, ReceiptHandle }))
    }
  }
  console.error('stopped')
}
run().catch(fail)
