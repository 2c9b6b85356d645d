#!/usr/bin/env python3
"""Makes the seeds of fuzz/corpus anew: from the conversations that the adapters' tests
have, and by asking the embedded servers.

    exactly up http sqs redis smtp            # in another terminal; it prints the ports
    python3 fuzz/seeds.py HTTP_PORT SQS_PORT REDIS_PORT SMTP_PORT
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


def resp(*words):
    """A request as clients of Redis write it."""
    parts = [f"${len(word)}\r\n{word}\r\n" for word in words]
    return f"*{len(words)}\r\n{''.join(parts)}".encode()


def added(n):
    return resp("XADD", "x7t12.orders", f"{n}-1", "payload", f'{{"id":"x7-12-{n}"}}')


READ = ("XREADGROUP", "GROUP", "x7t12.group", "worker", "COUNT", "2", "STREAMS", "x7t12.orders")
GROUP = resp("XGROUP", "CREATE", "x7t12.orders", "x7t12.group", "0", "MKSTREAM")
NEWS = ("PUBLISH", "x7t12.news", "x7-12-5")

REDIS = {
    "stream": [
        GROUP,
        added(1) + added(2),
        resp(*READ, ">"),
        resp("XACK", "x7t12.orders", "x7t12.group", "1-1", "2-1"),
        resp(*READ, "0"),
    ],
    "channel": [resp("SUBSCRIBE", "x7t12.news", "x7t12.more"), resp("PING"), resp("UNSUBSCRIBE")],
    "pushes": [
        resp("HELLO", "3"),
        resp("PSUBSCRIBE", "x7t12.n*"),
        resp(*NEWS) + resp("SET", "x7t12.a", "x7-12-6", "NX", "PX", "100"),
    ],
    "transaction": [
        resp("MULTI") + resp(*NEWS) + resp("INCR", "x7t12.n") + resp("EXEC"),
        resp("GET", "x7t12.n") + resp("LPUSH", "x7t12.n", "a") + b"PING inline\r\n",
    ],
}


def mail(n, text="Thank you.\r\n..\r\n"):
    head = f"From: a@b.example\r\nTo: c@d.example\r\nSubject: x7-12-{n}\r\n\r\n"
    return f"{head}{text}.\r\n".encode()


EHLO, DATA, QUIT = b"EHLO a.example\r\n", b"DATA\r\n", b"QUIT\r\n"
ENVELOPE = b"MAIL FROM:<a@b.example> BODY=8BITMIME\r\nRCPT TO:<c@d.example>\r\n"

SMTP = {
    "mails": [EHLO, ENVELOPE + DATA, mail(3), ENVELOPE + DATA, mail(4), QUIT],
    "refused": [b"HELO a\r\n", b"DATA\r\n", b"RCPT TO:<c@d>\r\n", b"OTHER\r\n", b"RSET\r\nNOOP\r\n"],
    "in-parts": [EHLO, ENVELOPE, DATA, mail(5)[:40], mail(5)[40:], b"QUIT\r\n"],
}


def main():
    http, sqs, redis, smtp = (int(port) for port in sys.argv[1:])
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
    for name, requests in REDIS.items():
        keep("redis", name, ask(redis, requests))
    for name, requests in SMTP.items():
        keep("smtp", name, ask(smtp, [b"", *requests]))


if __name__ == "__main__":
    main()
