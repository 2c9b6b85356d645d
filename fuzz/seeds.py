#!/usr/bin/env python3
"""Makes the seeds of fuzz/corpus anew: from the conversations that the adapters' tests
have, and by asking the embedded servers.

    exactly up http sqs            # in another terminal; it prints the ports
    python3 fuzz/seeds.py HTTP_PORT SQS_PORT
"""

import json
import pathlib
import socket
import sys

import seeds_kafka

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Bytes of a seed: a fuzzer does little with more.
SEED_MAX = 6 * 1024
# An answer is whole when nothing more has come for so long.
QUIET_S = 0.2
# As in src/conversation.rs.
MARKS = {">": b"\xf5>>\xf5", "<": b"\xf5<<\xf5"}

RECORDED = [
    ("kafka", "adapters/kafka/src/boundary/tests/recorded/kafkajs.txt"),
    ("postgres", "adapters/postgres/src/boundary/tests/clients/psycopg.txt"),
    ("postgres", "adapters/postgres/src/boundary/tests/clients/node-postgres.txt"),
]


def keep(protocol, name, chunks):
    """Writes the first part of a conversation."""
    seed = b""
    for direction, data in chunks:
        if len(seed) >= SEED_MAX:
            break
        seed += MARKS[direction] + data
    folder = ROOT / "fuzz" / "corpus" / protocol
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(seed)
    print(f"{protocol}/{name}: {len(seed)} bytes")


def recorded(path):
    """Chunks by connection: a line is a connection, a direction, and bytes."""
    connections = {}
    for line in path.read_text().splitlines():
        if not line.startswith("#"):
            connection, direction, data = line.split(" ")
            chunks = connections.setdefault(connection, [])
            chunks.append((direction, bytes.fromhex(data)))
    return connections


def ask(port, requests):
    """Asks one request after the other on one connection; some are made of the answer."""
    chunks = []
    with socket.create_connection(("127.0.0.1", port), timeout=QUIET_S) as stream:
        answer = b""
        for request in requests:
            if callable(request):
                request = request(answer)
            stream.sendall(request)
            chunks.append((">", request))
            answer = b""
            try:
                while more := stream.recv(65536):
                    answer += more
            except TimeoutError:
                pass
            chunks.append(("<", answer))
    return chunks


def request(line, body="", *headers):
    head = [f"{line} HTTP/1.1", "Host: 127.0.0.1:8080", *headers]
    if body:
        head.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(head) + "\r\n\r\n" + body).encode()


def charge(n, *headers):
    body = json.dumps({"order": f"x7-12-{n}", "customer": "k0", "amount": 500})
    return request("POST /x7-12/charges", body, "Content-Type: application/json", *headers)


def chunks(*parts):
    sized = [f"{len(part):x}{extension}\r\n{part}\r\n" for part, extension in parts]
    return "".join([*sized, "0\r\nX-Sum: 1\r\n\r\n"]).encode()


CHUNKED = request(
    "POST /x7-12/charges", "", "Content-Type: application/json", "Transfer-Encoding: chunked"
) + chunks(('{"order":"x7-12-7","custome', ""), ('r":"k0","amount":500}', ";last=1"))

HTTP = {
    "charges": [charge(3), charge(4), request("GET /x7-12/charges?limit=1")],
    "keys": [charge(5, "Idempotency-Key: x7-12-5")] * 2,
    "pipelined": [charge(1) + request("GET /x7-12/charges") + charge(2)],
    "chunked": [CHUNKED, request("GET /x7-12/charges/ch_000001")],
    "asks-first": [charge(6, "Expect: 100-continue")],
    "refused": [
        request("GET /nothing"),
        request("PATCH /x7-12/charges"),
        request("HEAD /x7-12/charges"),
        b"GET / HTTP/1.0\r\n\r\n",
    ],
}

PLAIN = "QueueUrl=http%3A%2F%2F127.0.0.1%3A8080%2F000000000000%2Fx7-12-plain"
ENTRY = "SendMessageBatchRequestEntry.1"


def call(operation, **fields):
    headers = ["Content-Type: application/x-amz-json-1.0", f"X-Amz-Target: AmazonSQS.{operation}"]
    return request("POST /", json.dumps(fields), *headers)


def form(body):
    return request("POST /", body, "Content-Type: application/x-www-form-urlencoded")


class Queue:
    """Calls about one queue."""

    def __init__(self, name):
        self.name = name
        self.url = f"http://127.0.0.1:8080/000000000000/{name}"

    def call(self, operation, **fields):
        return call(operation, QueueUrl=self.url, **fields)

    def create(self):
        return call("CreateQueue", QueueName=self.name, Attributes={"FifoQueue": "true"})

    def send(self):
        message = {"MessageBody": '{"id":"x7-12-3"}', "MessageGroupId": "k0"}
        return self.call("SendMessage", **message, MessageDeduplicationId="x7-12-3")

    def batch(self):
        of = {"DataType": "String", "StringValue": "x7-12-5"}
        message = {"MessageGroupId": "k1", "MessageDeduplicationId": "b"}
        entries = [
            {"Id": "a", "MessageBody": "x7-12-4", **message, "MessageDeduplicationId": "a"},
            {"Id": "b", "MessageBody": "b", **message, "MessageAttributes": {"of": of}},
        ]
        return self.call("SendMessageBatch", Entries=entries)

    def receive(self):
        return self.call("ReceiveMessage", MaxNumberOfMessages=10, MessageAttributeNames=["All"])

    def give_back(self, answer):
        handle = handles(answer)[0]
        return self.call("ChangeMessageVisibility", ReceiptHandle=handle, VisibilityTimeout=0)

    def delete(self, answer):
        entries = [{"Id": f"e{n}", "ReceiptHandle": it} for n, it in enumerate(handles(answer))]
        entries.append({"Id": "none", "ReceiptHandle": "h1"})
        return self.call("DeleteMessageBatch", Entries=entries)


def handles(answer):
    """What the messages of an answer in JSON are deleted with."""
    messages = json.loads(answer.split(b"\r\n\r\n", 1)[1])["Messages"]
    return [message["ReceiptHandle"] for message in messages]


ORDERS, BATCHES, BACK = (Queue(f"x7-12-{name}.fifo") for name in ("orders", "batches", "back"))

SQS = {
    "sends": [ORDERS.create(), ORDERS.send(), ORDERS.send()],
    "batches": [BATCHES.create(), BATCHES.batch(), BATCHES.receive(), BATCHES.delete],
    "given-back": [BACK.create(), BACK.batch(), BACK.receive(), BACK.give_back, BACK.receive()],
    "urls": [
        call("SendMessage", QueueUrl="http://h/1/none", MessageBody="a"),
        call("GetQueueUrl", QueueName="none"),
        call("ListQueues"),
    ],
    "forms": [
        form("Action=CreateQueue&QueueName=x7-12-plain"),
        form(f"Action=SendMessage&{PLAIN}&MessageBody=x7-12-9"),
        form(f"Action=SendMessageBatch&{PLAIN}&{ENTRY}.Id=a&{ENTRY}.MessageBody=x7-12-10"),
        form(f"Action=ReceiveMessage&{PLAIN}&MaxNumberOfMessages=10"),
        form(f"Action=DeleteMessage&{PLAIN}&ReceiptHandle=h1"),
    ],
}


def main():
    http, sqs = (int(port) for port in sys.argv[1:])
    for protocol, path in RECORDED:
        path = ROOT / path
        for connection, chunks in recorded(path).items():
            keep(protocol, f"{path.stem}-{connection}", chunks)
    for name, chunks in seeds_kafka.CONVERSATIONS.items():
        keep("kafka", name, chunks)
    ask(http, [request("PUT /_exactly/accounts/x7-12", "{}", "Content-Type: application/json")])
    for name, requests in HTTP.items():
        keep("http", name, ask(http, requests))
    for name, requests in SQS.items():
        keep("sqs", name, ask(sqs, requests))


if __name__ == "__main__":
    main()
