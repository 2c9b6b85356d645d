// A round of SQS operations by @aws-sdk/client-sqs, against the endpoint in
// AWS_ENDPOINT_URL_SQS. Prints `sdk round done` when everything was as AWS documents it.
"use strict";

const assert = require("node:assert/strict");
const aws = require("@aws-sdk/client-sqs");
const { version } = require("@aws-sdk/client-sqs/package.json");

const sqs = new aws.SQSClient({});

const call = (operation, fields) => sqs.send(new aws[`${operation}Command`](fields));

/** The call ends in the typed exception. */
async function refused(type, operation, fields) {
  const error = await call(operation, fields).then(
    () => assert.fail(`${operation} was not refused`),
    (error) => error,
  );
  assert.ok(error instanceof type, `${operation}: ${error.name} is no ${type.name}`);
  return error;
}

const receive = async (queue, more = {}) =>
  (await call("ReceiveMessage", { QueueUrl: queue, ...more })).Messages ?? [];

async function create() {
  const Attributes = { FifoQueue: "true", VisibilityTimeout: "30" };
  const made = { QueueName: "node.fifo", Attributes, tags: { of: "node" } };
  const { QueueUrl } = await call("CreateQueue", made);
  const found = await call("GetQueueUrl", { QueueName: "node.fifo" });
  assert.equal(found.QueueUrl, QueueUrl);
  const listed = await call("ListQueues", { QueueNamePrefix: "node" });
  assert.ok(listed.QueueUrls.includes(QueueUrl));
  assert.deepEqual((await call("ListQueueTags", { QueueUrl })).Tags, { of: "node" });
  const shown = await call("GetQueueAttributes", { QueueUrl, AttributeNames: ["All"] });
  assert.equal(shown.Attributes.FifoQueue, "true");
  assert.ok(shown.Attributes.QueueArn.endsWith(":node.fifo"));
  await refused(aws.QueueNameExists, "CreateQueue", {
    QueueName: "node.fifo",
    Attributes: { ...Attributes, VisibilityTimeout: "31" },
  });
  await refused(aws.QueueDoesNotExist, "GetQueueUrl", { QueueName: "gone" });
  return QueueUrl;
}

async function send(queue) {
  const one = (dedup, body) =>
    call("SendMessage", {
      QueueUrl: queue,
      MessageBody: body,
      MessageGroupId: "g",
      MessageDeduplicationId: dedup,
      MessageAttributes: { kind: { DataType: "String", StringValue: "order" } },
    });
  const first = await one("1", "one");
  const again = await one("1", "one");
  const second = await one("2", "two");
  assert.equal(again.MessageId, first.MessageId);
  assert.equal(again.SequenceNumber, first.SequenceNumber);
  assert.notEqual(second.MessageId, first.MessageId);
  assert.equal(first.SequenceNumber.length, 20);
  assert.ok(BigInt(second.SequenceNumber) > BigInt(first.SequenceNumber));
  return [first, second];
}

async function receiveAndChange(queue, first, second) {
  const all = { MessageSystemAttributeNames: ["All"], MaxNumberOfMessages: 1 };
  const [message] = await receive(queue, { ...all, MessageAttributeNames: ["All"] });
  assert.equal(message.MessageId, first.MessageId);
  assert.equal(message.Body, "one");
  assert.equal(message.MessageAttributes.kind.StringValue, "order");
  assert.equal(message.Attributes.ApproximateReceiveCount, "1");
  assert.equal(message.Attributes.SequenceNumber, first.SequenceNumber);
  assert.equal(message.Attributes.MessageGroupId, "g");
  // Its group waits for it.
  assert.deepEqual(await receive(queue), []);
  await call("ChangeMessageVisibility", {
    QueueUrl: queue,
    ReceiptHandle: message.ReceiptHandle,
    VisibilityTimeout: 0,
  });
  const [again] = await receive(queue, all);
  assert.equal(again.MessageId, first.MessageId);
  assert.equal(again.Attributes.ApproximateReceiveCount, "2");
  await refused(aws.ReceiptHandleIsInvalid, "ChangeMessageVisibility", {
    QueueUrl: queue,
    ReceiptHandle: "nonsense",
    VisibilityTimeout: 0,
  });
  await call("DeleteMessage", { QueueUrl: queue, ReceiptHandle: again.ReceiptHandle });
  const [then] = await receive(queue);
  assert.equal(then.MessageId, second.MessageId);
  await call("DeleteMessage", { QueueUrl: queue, ReceiptHandle: then.ReceiptHandle });
  // Once more is no error.
  await call("DeleteMessage", { QueueUrl: queue, ReceiptHandle: then.ReceiptHandle });
  assert.deepEqual(await receive(queue), []);
}

async function batches(queue) {
  const entry = (id, dedup) => ({
    Id: id,
    MessageBody: id,
    MessageGroupId: id,
    MessageDeduplicationId: dedup,
  });
  const ids = (entries) => (entries ?? []).map((one) => one.Id);
  const batch = (operation, entries) => call(operation, { QueueUrl: queue, Entries: entries });
  // Without content-based deduplication an id has to be there.
  const sent = await batch("SendMessageBatch", [entry("a", "a"), entry("b"), entry("c", "c")]);
  assert.deepEqual(ids(sent.Successful), ["a", "c"]);
  assert.deepEqual(ids(sent.Failed), ["b"]);
  assert.equal(sent.Failed[0].SenderFault, true);
  assert.equal(sent.Failed[0].Code, "InvalidParameterValue");
  const messages = await receive(queue, { MaxNumberOfMessages: 10 });
  assert.deepEqual(messages.map((one) => one.Body).sort(), ["a", "c"]);
  const handles = Object.fromEntries(messages.map((one) => [one.Body, one.ReceiptHandle]));
  const changed = await batch("ChangeMessageVisibilityBatch", [
    { Id: "a", ReceiptHandle: handles.a, VisibilityTimeout: 60 },
    { Id: "x", ReceiptHandle: "nonsense", VisibilityTimeout: 60 },
  ]);
  assert.deepEqual(ids(changed.Successful), ["a"]);
  assert.deepEqual(
    changed.Failed.map((one) => one.Code),
    ["ReceiptHandleIsInvalid"],
  );
  const deleted = await batch("DeleteMessageBatch", [
    { Id: "a", ReceiptHandle: handles.a },
    { Id: "x", ReceiptHandle: "nonsense" },
    { Id: "c", ReceiptHandle: handles.c },
  ]);
  assert.deepEqual(ids(deleted.Successful), ["a", "c"]);
  assert.deepEqual(ids(deleted.Failed), ["x"]);
  const wrong = (type, entries) =>
    refused(type, "SendMessageBatch", { QueueUrl: queue, Entries: entries });
  await wrong(aws.BatchEntryIdsNotDistinct, [entry("a", "1"), entry("a", "2")]);
  await wrong(aws.EmptyBatchRequest, []);
  const many = Array.from({ length: 11 }, (_, i) => entry(`m${i}`, `m${i}`));
  await wrong(aws.TooManyEntriesInBatchRequest, many);
}

async function redrive() {
  const dead = await call("CreateQueue", {
    QueueName: "node-dead.fifo",
    Attributes: { FifoQueue: "true" },
  });
  const shown = await call("GetQueueAttributes", {
    QueueUrl: dead.QueueUrl,
    AttributeNames: ["QueueArn"],
  });
  const arn = shown.Attributes.QueueArn;
  const source = await call("CreateQueue", {
    QueueName: "node-source.fifo",
    Attributes: {
      FifoQueue: "true",
      VisibilityTimeout: "0",
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: arn, maxReceiveCount: "2" }),
    },
  });
  const sent = await call("SendMessage", {
    QueueUrl: source.QueueUrl,
    MessageBody: "poison",
    MessageGroupId: "g",
    MessageDeduplicationId: "1",
  });
  for (let i = 0; i < 2; i++) {
    const [message] = await receive(source.QueueUrl);
    assert.equal(message.MessageId, sent.MessageId);
  }
  assert.deepEqual(await receive(source.QueueUrl), []);
  const all = { MessageSystemAttributeNames: ["All"], VisibilityTimeout: 0 };
  const [message] = await receive(dead.QueueUrl, all);
  assert.equal(message.MessageId, sent.MessageId);
  assert.ok(message.Attributes.DeadLetterQueueSourceArn.endsWith(":node-source.fifo"));
  const sources = await call("ListDeadLetterSourceQueues", { QueueUrl: dead.QueueUrl });
  assert.deepEqual(sources.queueUrls, [source.QueueUrl]);
  const task = await call("StartMessageMoveTask", { SourceArn: arn });
  assert.ok(task.TaskHandle);
  const { Results } = await call("ListMessageMoveTasks", { SourceArn: arn });
  assert.equal(Results.length, 1);
  assert.equal(Results[0].Status, "COMPLETED");
  assert.equal(Results[0].ApproximateNumberOfMessagesMoved, 1);
  const [back] = await receive(source.QueueUrl, { MessageSystemAttributeNames: ["All"] });
  assert.equal(back.Body, "poison");
  assert.equal(back.Attributes.ApproximateReceiveCount, "1");
  const gone = arn.replace("node-dead", "gone");
  await refused(aws.ResourceNotFoundException, "StartMessageMoveTask", { SourceArn: gone });
}

async function forget(queue) {
  await call("PurgeQueue", { QueueUrl: queue });
  await refused(aws.PurgeQueueInProgress, "PurgeQueue", { QueueUrl: queue });
  await call("DeleteQueue", { QueueUrl: queue });
  await refused(aws.QueueDoesNotExist, "ReceiveMessage", { QueueUrl: queue });
}

async function main() {
  const queue = await create();
  const [first, second] = await send(queue);
  await receiveAndChange(queue, first, second);
  await batches(queue);
  await redrive();
  await forget(queue);
  console.log(`sdk round done: @aws-sdk/client-sqs ${version}, Node ${process.versions.node}`);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
