"""Conversations with a broker, frame by frame as the protocol guide has them (the first
versions of each request, whose fields are easily written): what the recorded client did
not do."""

import struct

TOPIC, GROUP, TXN = "orders-r7-t12", "g-r7-t12", "tx-r7-t12"
PRODUCER = struct.pack(">qh", 9, 0)


def i8(value):
    return struct.pack(">b", value)


def i16(value):
    return struct.pack(">h", value)


def i32(value):
    return struct.pack(">i", value)


def i64(value):
    return struct.pack(">q", value)


def string(text):
    return i16(-1) if text is None else i16(len(text)) + text.encode()


def array(*items):
    return i32(len(items)) + b"".join(items)


def sized(data):
    return i32(len(data)) + data


def varint(value):
    value, out = (value << 1) ^ (value >> 63), b""
    while value >= 0x80:
        value, out = value >> 7, out + bytes([value & 0x7F | 0x80])
    return out + bytes([value])


def records(first, *values):
    """A record batch, version 2. Its checksum is 0: no boundary looks at it."""
    all_records = b""
    for at, value in enumerate(values):
        value = value.encode()
        record = i8(0) + varint(0) + varint(at) + varint(1) + b"k"
        record += varint(len(value)) + value + varint(0)
        all_records += varint(len(record)) + record
    batch = i32(0) + i8(2) + i32(0) + i16(0) + i32(len(values) - 1) + i64(1) + i64(1)
    batch += PRODUCER + i32(0) + i32(len(values)) + all_records
    return i64(first) + sized(batch)


def ask(api, version, correlation, body):
    return (">", sized(i16(api) + i16(version) + i32(correlation) + string("seed") + body))


def answer(correlation, body):
    return ("<", sized(i32(correlation) + body))


def topics(*partitions):
    return array(string(TOPIC) + array(*partitions))


OWNER = string(TXN) + PRODUCER
NODE = i32(1) + string("broker.test") + i32(9092)
OFFSET = i32(0) + i64(2) + string("")
FINE = i32(0) + i16(0)
VERSIONS = [(0, 3, 13), (1, 4, 17), (3, 0, 13), (10, 0, 6), (18, 0, 4), (71, 0, 0)]

CONVERSATIONS = {
    "finds-out": [
        ask(18, 0, 1, b""),
        answer(1, i16(0) + array(*(struct.pack(">hhh", *it) for it in VERSIONS))),
        ask(3, 1, 2, array(string(TOPIC))),
        answer(
            2,
            array(NODE + string(None))
            + i32(1)
            + array(
                i16(0) + string(TOPIC) + i8(0)
                + array(i16(0) + i32(0) + i32(1) + array(i32(1)) + array(i32(1)))
            ),
        ),
        ask(10, 0, 3, string(GROUP)),
        answer(3, i16(0) + NODE),
        ask(10, 0, 4, string(GROUP)),
        answer(4, i16(15) + i32(-1) + string("") + i32(-1)),
    ],
    "produces": [
        ask(0, 3, 1, string(None) + i16(-1) + i32(1000)
            + topics(i32(0) + sized(records(0, "x7-12-3", "x7-12-4")),
                     i32(1) + sized(records(0, "x7-12-5")))),
        answer(1, topics(i32(0) + i16(0) + i64(7) + i64(-1), i32(1) + i16(7) + i64(-1) + i64(-1))
               + i32(0)),
        ask(0, 3, 2, string(None) + i16(0) + i32(1000)
            + topics(i32(0) + sized(records(0, "x7-12-6")))),
    ],
    "fetches": [
        ask(1, 4, 1, i32(-1) + i32(500) + i32(1) + i32(1 << 20) + i8(1)
            + topics(i32(0) + i64(8) + i32(1 << 20))),
        answer(1, i32(0) + topics(i32(0) + i16(0) + i64(9) + i64(9) + array()
                                  + sized(records(7, "x7-12-3", "x7-12-4")))),
        ask(8, 2, 2, string(GROUP) + i32(1) + string("m") + i64(-1)
            + topics(OFFSET, i32(1) + i64(5) + string(None))),
        answer(2, topics(FINE, i32(1) + i16(22))),
    ],
    "transaction": [
        ask(22, 0, 1, string(TXN) + i32(60000)),
        answer(1, FINE + PRODUCER),
        ask(24, 0, 2, OWNER + topics(i32(0))),
        answer(2, i32(0) + topics(FINE)),
        ask(0, 3, 3, string(TXN) + i16(-1) + i32(1000)
            + topics(i32(0) + sized(records(0, "x7-12-3")))),
        answer(3, topics(i32(0) + i16(0) + i64(7) + i64(-1)) + i32(0)),
        ask(25, 0, 4, OWNER + string(GROUP)),
        answer(4, FINE),
        ask(28, 0, 5, string(TXN) + string(GROUP) + PRODUCER + topics(OFFSET, OFFSET)),
        answer(5, i32(0) + topics(FINE, FINE)),
        ask(26, 0, 6, OWNER + i8(1)),
        answer(6, FINE),
        ask(26, 0, 7, OWNER + i8(0)),
        answer(7, i32(0) + i16(47)),
    ],
}
