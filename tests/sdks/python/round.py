"""A round of SQS operations by boto3, against the endpoint in AWS_ENDPOINT_URL_SQS.

Prints `sdk round done` when everything was as AWS documents it.
"""

import json
import sys

import boto3

sqs = boto3.client("sqs")


def refused(error, call, **arguments):
    """The call ends in the typed exception, with what AWS says."""
    try:
        call(**arguments)
    except error as refusal:
        return refusal.response["Error"]
    raise AssertionError(f"{call.__name__}({arguments}) was not refused")


def receive(queue, **arguments):
    return sqs.receive_message(QueueUrl=queue, **arguments).get("Messages", [])


def create():
    queue = sqs.create_queue(
        QueueName="python.fifo",
        Attributes={"FifoQueue": "true", "VisibilityTimeout": "30"},
        tags={"of": "boto3"},
    )["QueueUrl"]
    assert sqs.get_queue_url(QueueName="python.fifo")["QueueUrl"] == queue
    assert queue in sqs.list_queues(QueueNamePrefix="python")["QueueUrls"]
    assert sqs.list_queue_tags(QueueUrl=queue)["Tags"] == {"of": "boto3"}
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])
    assert attributes["Attributes"]["FifoQueue"] == "true"
    assert attributes["Attributes"]["QueueArn"].endswith(":python.fifo")
    refused(
        sqs.exceptions.QueueNameExists,
        sqs.create_queue,
        QueueName="python.fifo",
        Attributes={"FifoQueue": "true", "VisibilityTimeout": "31"},
    )
    missing = refused(sqs.exceptions.QueueDoesNotExist, sqs.get_queue_url, QueueName="gone")
    assert missing["QueryErrorCode"] == "QueueDoesNotExist", missing
    assert missing["Code"] == "AWS.SimpleQueueService.NonExistentQueue", missing
    return queue


def send(queue):
    def one(dedup, body):
        return sqs.send_message(
            QueueUrl=queue,
            MessageBody=body,
            MessageGroupId="g",
            MessageDeduplicationId=dedup,
            MessageAttributes={"kind": {"DataType": "String", "StringValue": "order"}},
        )

    first, again, second = one("1", "one"), one("1", "one"), one("2", "two")
    assert again["MessageId"] == first["MessageId"]
    assert again["SequenceNumber"] == first["SequenceNumber"]
    assert second["MessageId"] != first["MessageId"]
    assert len(first["SequenceNumber"]) == 20
    assert int(second["SequenceNumber"]) > int(first["SequenceNumber"])
    return first, second


def receive_and_change(queue, first, second):
    (message,) = receive(
        queue,
        MessageSystemAttributeNames=["All"],
        MessageAttributeNames=["All"],
        MaxNumberOfMessages=1,
    )
    assert message["MessageId"] == first["MessageId"]
    assert message["Body"] == "one"
    assert message["MessageAttributes"]["kind"]["StringValue"] == "order"
    system = message["Attributes"]
    assert system["ApproximateReceiveCount"] == "1"
    assert system["SequenceNumber"] == first["SequenceNumber"]
    assert system["MessageGroupId"] == "g"
    # Its group waits for it.
    assert receive(queue) == []
    handle = message["ReceiptHandle"]
    sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=handle, VisibilityTimeout=0)
    (again,) = receive(queue, MessageSystemAttributeNames=["All"], MaxNumberOfMessages=1)
    assert again["MessageId"] == first["MessageId"]
    assert again["Attributes"]["ApproximateReceiveCount"] == "2"
    refused(
        sqs.exceptions.ReceiptHandleIsInvalid,
        sqs.change_message_visibility,
        QueueUrl=queue,
        ReceiptHandle="nonsense",
        VisibilityTimeout=0,
    )
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=again["ReceiptHandle"])
    (then,) = receive(queue)
    assert then["MessageId"] == second["MessageId"]
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=then["ReceiptHandle"])
    # Once more is no error.
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=then["ReceiptHandle"])
    assert receive(queue) == []


def batches(queue):
    def entry(name, **more):
        return {"Id": name, "MessageBody": name, "MessageGroupId": name, **more}

    sent = sqs.send_message_batch(
        QueueUrl=queue,
        Entries=[
            entry("a", MessageDeduplicationId="a"),
            # Without content-based deduplication an id has to be there.
            entry("b"),
            entry("c", MessageDeduplicationId="c"),
        ],
    )
    assert [one["Id"] for one in sent["Successful"]] == ["a", "c"], sent
    (failed,) = sent["Failed"]
    assert failed["Id"] == "b" and failed["SenderFault"] is True, failed
    assert failed["Code"] == "InvalidParameterValue", failed
    messages = receive(queue, MaxNumberOfMessages=10)
    assert sorted(message["Body"] for message in messages) == ["a", "c"]
    handles = {message["Body"]: message["ReceiptHandle"] for message in messages}
    changed = sqs.change_message_visibility_batch(
        QueueUrl=queue,
        Entries=[
            {"Id": "a", "ReceiptHandle": handles["a"], "VisibilityTimeout": 60},
            {"Id": "x", "ReceiptHandle": "nonsense", "VisibilityTimeout": 60},
        ],
    )
    assert [one["Id"] for one in changed["Successful"]] == ["a"], changed
    assert [one["Code"] for one in changed["Failed"]] == ["ReceiptHandleIsInvalid"], changed
    deleted = sqs.delete_message_batch(
        QueueUrl=queue,
        Entries=[
            {"Id": "a", "ReceiptHandle": handles["a"]},
            {"Id": "x", "ReceiptHandle": "nonsense"},
            {"Id": "c", "ReceiptHandle": handles["c"]},
        ],
    )
    assert [one["Id"] for one in deleted["Successful"]] == ["a", "c"], deleted
    assert [one["Id"] for one in deleted["Failed"]] == ["x"], deleted
    twice = [entry("a", MessageDeduplicationId="1"), entry("a", MessageDeduplicationId="2")]
    refused(
        sqs.exceptions.BatchEntryIdsNotDistinct,
        sqs.send_message_batch,
        QueueUrl=queue,
        Entries=twice,
    )
    refused(sqs.exceptions.EmptyBatchRequest, sqs.send_message_batch, QueueUrl=queue, Entries=[])
    many = [entry(f"m{i}", MessageDeduplicationId=f"m{i}") for i in range(11)]
    refused(
        sqs.exceptions.TooManyEntriesInBatchRequest,
        sqs.send_message_batch,
        QueueUrl=queue,
        Entries=many,
    )


def redrive():
    dead = sqs.create_queue(QueueName="python-dead.fifo", Attributes={"FifoQueue": "true"})
    dead = dead["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])
    arn = arn["Attributes"]["QueueArn"]
    policy = {"deadLetterTargetArn": arn, "maxReceiveCount": "2"}
    source = sqs.create_queue(
        QueueName="python-source.fifo",
        Attributes={
            "FifoQueue": "true",
            "VisibilityTimeout": "0",
            "RedrivePolicy": json.dumps(policy),
        },
    )["QueueUrl"]
    sent = sqs.send_message(
        QueueUrl=source, MessageBody="poison", MessageGroupId="g", MessageDeduplicationId="1"
    )
    for _ in range(2):
        (message,) = receive(source)
        assert message["MessageId"] == sent["MessageId"]
    assert receive(source) == []
    (message,) = receive(dead, MessageSystemAttributeNames=["All"], VisibilityTimeout=0)
    assert message["MessageId"] == sent["MessageId"]
    assert message["Attributes"]["DeadLetterQueueSourceArn"].endswith(":python-source.fifo")
    sources = sqs.list_dead_letter_source_queues(QueueUrl=dead)
    assert sources["queueUrls"] == [source], sources
    handle = sqs.start_message_move_task(SourceArn=arn)["TaskHandle"]
    assert handle
    (task,) = sqs.list_message_move_tasks(SourceArn=arn)["Results"]
    assert task["Status"] == "COMPLETED", task
    assert task["ApproximateNumberOfMessagesMoved"] == 1, task
    (message,) = receive(source, MessageSystemAttributeNames=["All"])
    assert message["Body"] == "poison"
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    refused(
        sqs.exceptions.ResourceNotFoundException,
        sqs.start_message_move_task,
        SourceArn=arn.replace("python-dead", "gone"),
    )


def forget(queue):
    sqs.purge_queue(QueueUrl=queue)
    refused(sqs.exceptions.PurgeQueueInProgress, sqs.purge_queue, QueueUrl=queue)
    sqs.delete_queue(QueueUrl=queue)
    refused(sqs.exceptions.QueueDoesNotExist, sqs.receive_message, QueueUrl=queue)


def main():
    queue = create()
    first, second = send(queue)
    receive_and_change(queue, first, second)
    batches(queue)
    redrive()
    forget(queue)
    print(f"sdk round done: boto3 {boto3.__version__}, Python {sys.version.split()[0]}")


main()
