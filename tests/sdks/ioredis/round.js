// A round of Redis commands by ioredis, against the URL in the first argument. Ends with
// the line `ok` when everything was as Redis documents it, else with what was not.
"use strict";

const assert = require("node:assert/strict");
const { once } = require("node:events");
const Redis = require("ioredis");
const { version } = require("ioredis/package.json");

const URL = process.argv[2];
const SOON = 10_000;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Every answer comes soon, and a connection that is lost is a failure. */
function connect() {
  const client = new Redis(URL, {
    commandTimeout: SOON,
    maxRetriesPerRequest: 0,
    retryStrategy: null,
  });
  client.on("error", (error) => {
    console.error(error);
    process.exit(1);
  });
  return client;
}

/** The next event of that name. */
const heard = (client, name) => once(client, name, { signal: AbortSignal.timeout(SOON) });

/** `SET NX PX` takes a lock once, until it runs out. */
async function keys(client) {
  const lock = "round:js:lock";
  await client.del(lock);
  assert.equal(await client.set(lock, "a", "PX", 60_000, "NX"), "OK");
  assert.equal(await client.set(lock, "b", "PX", 60_000, "NX"), null);
  assert.equal(await client.get(lock), "a");
  const ttl = await client.ttl(lock);
  assert.ok(ttl >= 55 && ttl <= 60, `TTL: ${ttl}`);
  const pttl = await client.pttl(lock);
  assert.ok(pttl > 55_000 && pttl <= 60_000, `PTTL: ${pttl}`);
  assert.equal(await client.del(lock), 1);
  assert.equal(await client.del(lock), 0);
  assert.equal(await client.get(lock), null);
  assert.equal(await client.ttl(lock), -2);
  assert.equal(await client.set(lock, "c"), "OK");
  assert.equal(await client.ttl(lock), -1);
  assert.equal(await client.pexpire(lock, 30), 1);
  await sleep(100);
  assert.equal(await client.get(lock), null);
  assert.equal(await client.set(lock, "d", "PX", 60_000, "NX"), "OK");
  assert.equal(await client.del(lock), 1);
}

/** A message reaches who is there, and `PUBLISH` says how many that were. */
async function pubsub(client) {
  const channel = "round:js:news";
  assert.equal(await client.publish(channel, "zero"), 0);
  const byName = connect();
  const byPattern = connect();
  assert.equal(await byName.subscribe(channel), 1);
  assert.equal(await byPattern.psubscribe("round:js:n*"), 1);
  let both = [heard(byName, "message"), heard(byPattern, "pmessage")];
  assert.equal(await client.publish(channel, "one"), 2);
  assert.deepEqual(await both[0], [channel, "one"]);
  assert.deepEqual(await both[1], ["round:js:n*", channel, "one"]);
  const other = heard(byPattern, "pmessage");
  assert.equal(await client.publish("round:js:none", "two"), 1);
  assert.deepEqual(await other, ["round:js:n*", "round:js:none", "two"]);
  assert.equal(await byPattern.punsubscribe(), 0);
  const left = heard(byName, "message");
  assert.equal(await client.publish(channel, "three"), 1);
  assert.deepEqual(await left, [channel, "three"]);
  assert.equal(await byName.unsubscribe(), 0);
  assert.equal(await client.publish(channel, "four"), 0);
  await Promise.all([byName.quit(), byPattern.quit()]);
}

/** What a member of a group has read and not acknowledged is pending, and can be claimed. */
async function streams(client) {
  const stream = "round:js:orders";
  const group = "shop";
  await client.del(stream);
  assert.equal(await client.xgroup("CREATE", stream, group, "0", "MKSTREAM"), "OK");
  await assert.rejects(client.xgroup("CREATE", stream, group, "0"), /^ReplyError: BUSYGROUP/);
  const ids = [];
  for (const n of ["0", "1", "2"]) {
    ids.push(await client.xadd(stream, "*", "n", n));
  }
  assert.equal(await client.xlen(stream), 3);

  const read = (member, ...more) => client.xreadgroup("GROUP", group, member, ...more);
  assert.deepEqual(await read("a", "COUNT", 2, "STREAMS", stream, ">"), [
    [stream, [[ids[0], ["n", "0"]], [ids[1], ["n", "1"]]]],
  ]);
  assert.equal(await client.xack(stream, group, ids[0]), 1);
  assert.equal(await client.xack(stream, group, ids[0]), 0);

  assert.deepEqual(await client.xpending(stream, group), [1, ids[1], ids[1], [["a", "1"]]]);
  const [[id, owner, , times]] = await client.xpending(stream, group, "-", "+", 10);
  assert.deepEqual([id, owner, times], [ids[1], "a", 1]);

  // What a member has in hand it reads again by an id instead of `>`.
  assert.deepEqual(await read("a", "STREAMS", stream, "0"), [[stream, [[ids[1], ["n", "1"]]]]]);

  await sleep(50);
  const claimed = await client.xautoclaim(stream, group, "b", 20, "0");
  assert.deepEqual(claimed.slice(0, 2), ["0-0", [[ids[1], ["n", "1"]]]]);
  const [[, heir]] = await client.xpending(stream, group, "-", "+", 10);
  assert.equal(heir, "b");
  assert.deepEqual((await client.xautoclaim(stream, group, "a", 60_000, "0"))[1], []);
  assert.equal(await client.xack(stream, group, ids[1]), 1);

  assert.deepEqual(await read("b", "BLOCK", 100, "STREAMS", stream, ">"), [
    [stream, [[ids[2], ["n", "2"]]]],
  ]);
  assert.equal(await client.xack(stream, group, ids[2]), 1);
  assert.equal(await read("b", "BLOCK", 50, "STREAMS", stream, ">"), null);
  assert.deepEqual(await client.xpending(stream, group), [0, null, null, null]);
  const all = await client.xrange(stream, "-", "+");
  assert.deepEqual(all.map(([entry]) => entry), ids);
  assert.equal(await client.del(stream), 1);
}

async function main() {
  const client = connect();
  assert.equal(await client.ping(), "PONG");
  await keys(client);
  await pubsub(client);
  await streams(client);
  await client.quit();
  console.log(`ioredis ${version}, Node ${process.versions.node}`);
  console.log("ok");
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
