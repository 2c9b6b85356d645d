"""A round of Redis commands by redis-py, against the URL in the first argument.

Ends with the line `ok` when everything was as Redis documents it, else with what was not.
"""

import sys
import time

import redis

URL = sys.argv[1]


def same(what, got, wanted):
    assert got == wanted, f"{what}: {got!r}, not {wanted!r}"


def heard(subscriber):
    """The next message, or the next answer to a (un)subscription."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        message = subscriber.get_message(timeout=0.2)
        if message is not None:
            return message["type"], message["channel"], message["data"]
    raise AssertionError("nothing was heard for ten seconds")


def keys(client):
    """`SET NX PX` takes a lock once, until it runs out."""
    lock = "round:py:lock"
    client.delete(lock)
    same("SET NX", client.set(lock, "a", nx=True, px=60_000), True)
    same("SET NX again", client.set(lock, "b", nx=True, px=60_000), None)
    same("GET", client.get(lock), "a")
    ttl = client.ttl(lock)
    assert 55 <= ttl <= 60, f"TTL: {ttl}"
    assert 55_000 < client.pttl(lock) <= 60_000, "PTTL"
    same("DEL", client.delete(lock), 1)
    same("DEL again", client.delete(lock), 0)
    same("GET of none", client.get(lock), None)
    same("TTL of none", client.ttl(lock), -2)
    same("SET", client.set(lock, "c"), True)
    same("TTL without an end", client.ttl(lock), -1)
    same("EXPIRE", client.pexpire(lock, 30), True)
    time.sleep(0.1)
    same("GET of an expired one", client.get(lock), None)
    same("SET NX after it", client.set(lock, "d", nx=True, px=60_000), True)
    same("DEL", client.delete(lock), 1)


def pubsub(client):
    """A message reaches who is there, and `PUBLISH` says how many that were."""
    channel = "round:py:news"
    same("PUBLISH to nobody", client.publish(channel, "zero"), 0)
    by_name, by_pattern = client.pubsub(), client.pubsub()
    by_name.subscribe(channel)
    same("SUBSCRIBE", heard(by_name), ("subscribe", channel, 1))
    by_pattern.psubscribe("round:py:n*")
    same("PSUBSCRIBE", heard(by_pattern), ("psubscribe", "round:py:n*", 1))
    same("PUBLISH to two", client.publish(channel, "one"), 2)
    same("message", heard(by_name), ("message", channel, "one"))
    same("pmessage", heard(by_pattern), ("pmessage", channel, "one"))
    same("PUBLISH to one", client.publish("round:py:none", "two"), 1)
    same("pmessage", heard(by_pattern), ("pmessage", "round:py:none", "two"))
    by_pattern.punsubscribe()
    same("PUNSUBSCRIBE", heard(by_pattern)[0], "punsubscribe")
    same("PUBLISH to the one that is left", client.publish(channel, "three"), 1)
    same("message", heard(by_name), ("message", channel, "three"))
    by_name.unsubscribe()
    same("UNSUBSCRIBE", heard(by_name)[0], "unsubscribe")
    same("PUBLISH to nobody again", client.publish(channel, "four"), 0)
    by_name.close()
    by_pattern.close()


def streams(client):
    """What a member of a group has read and not acknowledged is pending, and can be claimed."""
    stream, group = "round:py:orders", "shop"
    client.delete(stream)
    client.xgroup_create(stream, group, id="0", mkstream=True)
    try:
        client.xgroup_create(stream, group, id="0")
        raise AssertionError("a second group of that name was not refused")
    except redis.ResponseError as refused:
        assert str(refused).startswith("BUSYGROUP"), refused
    ids = [client.xadd(stream, {"n": n}) for n in range(3)]
    assert ids == sorted(ids, key=lambda one: [int(part) for part in one.split("-")]), ids
    same("XLEN", client.xlen(stream), 3)

    read = client.xreadgroup(group, "a", {stream: ">"}, count=2)
    wanted = [(ids[0], {"n": "0"}), (ids[1], {"n": "1"})]
    same("XREADGROUP", entries(read, stream), wanted)
    same("XACK", client.xack(stream, group, ids[0]), 1)
    same("XACK again", client.xack(stream, group, ids[0]), 0)

    pending = client.xpending(stream, group)
    same("XPENDING", (pending["pending"], pending["min"]), (1, ids[1]))
    (one,) = client.xpending_range(stream, group, "-", "+", 10)
    shown = (one["message_id"], one["consumer"], one["times_delivered"])
    same("XPENDING with a range", shown, (ids[1], "a", 1))

    # What a member has in hand it reads again by an id instead of `>`.
    again = client.xreadgroup(group, "a", {stream: "0"})
    same("XREADGROUP 0", entries(again, stream), [(ids[1], {"n": "1"})])

    time.sleep(0.05)
    cursor, claimed, *_ = client.xautoclaim(stream, group, "b", min_idle_time=20)
    same("XAUTOCLAIM", (cursor, claimed), ("0-0", [(ids[1], {"n": "1"})]))
    (one,) = client.xpending_range(stream, group, "-", "+", 10)
    same("its owner now", one["consumer"], "b")
    same("none of it is idle", client.xautoclaim(stream, group, "a", 60_000)[1], [])
    same("XACK", client.xack(stream, group, ids[1]), 1)

    rest = client.xreadgroup(group, "b", {stream: ">"}, block=100)
    same("XREADGROUP of the rest", entries(rest, stream), [(ids[2], {"n": "2"})])
    same("XACK", client.xack(stream, group, ids[2]), 1)
    same("XREADGROUP of none", entries(client.xreadgroup(group, "b", {stream: ">"}, block=50), stream), [])
    same("XPENDING of none", client.xpending(stream, group)["pending"], 0)
    same("XRANGE", [id for id, _ in client.xrange(stream)], ids)
    same("DEL", client.delete(stream), 1)


def entries(read, stream):
    """What was read of a stream: RESP2 has pairs, RESP3 a map with a further list in it."""
    if not read:
        return []
    if isinstance(read, dict):
        return [entry for batch in read[stream] for entry in batch]
    ((name, batch),) = read
    same("stream", name, stream)
    return batch


def main():
    for protocol in (2, 3):
        client = redis.Redis.from_url(URL, protocol=protocol, decode_responses=True, socket_timeout=10)
        same("PING", client.ping(), True)
        keys(client)
        pubsub(client)
        streams(client)
        client.close()
        print(f"redis-py {redis.__version__}, RESP{protocol}")
    print("ok")


main()
