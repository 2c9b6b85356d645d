// A round of Redis commands by go-redis, against the URL in the first argument. Ends with
// the line `ok` when everything was as Redis documents it, else with what was not.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

const soon = 10 * time.Second

func must[T any](value T, err error) T {
	if err != nil {
		log.Panicln(err)
	}
	return value
}

func same(what string, got, wanted any) {
	if !reflect.DeepEqual(got, wanted) {
		log.Panicf("%s: %#v, not %#v", what, got, wanted)
	}
}

func none(what string, err error) {
	if !errors.Is(err, redis.Nil) {
		log.Panicf("%s: %v, not a nil reply", what, err)
	}
}

// `SET NX PX` takes a lock once, until it runs out.
func keys(ctx context.Context, client *redis.Client) {
	lock := "round:go:lock"
	must(client.Del(ctx, lock).Result())
	same("SET NX", must(client.SetNX(ctx, lock, "a", time.Minute).Result()), true)
	same("SET NX again", must(client.SetNX(ctx, lock, "b", time.Minute).Result()), false)
	same("GET", must(client.Get(ctx, lock).Result()), "a")
	if ttl := must(client.TTL(ctx, lock).Result()); ttl < 55*time.Second || ttl > time.Minute {
		log.Panicf("TTL: %v", ttl)
	}
	if ttl := must(client.PTTL(ctx, lock).Result()); ttl <= 55*time.Second || ttl > time.Minute {
		log.Panicf("PTTL: %v", ttl)
	}
	same("DEL", must(client.Del(ctx, lock).Result()), int64(1))
	same("DEL again", must(client.Del(ctx, lock).Result()), int64(0))
	none("GET of none", client.Get(ctx, lock).Err())
	same("TTL of none", must(client.TTL(ctx, lock).Result()), time.Duration(-2))
	same("SET", must(client.Set(ctx, lock, "c", 0).Result()), "OK")
	same("TTL without an end", must(client.TTL(ctx, lock).Result()), time.Duration(-1))
	same("PEXPIRE", must(client.PExpire(ctx, lock, 30*time.Millisecond).Result()), true)
	time.Sleep(100 * time.Millisecond)
	none("GET of an expired one", client.Get(ctx, lock).Err())
	// Milliseconds, so that it is PX and not EX.
	same("SET NX PX", must(client.SetNX(ctx, lock, "d", 59_999*time.Millisecond).Result()), true)
	same("DEL", must(client.Del(ctx, lock).Result()), int64(1))
}

// heard answers the next message of a subscriber, or its next (un)subscription.
func heard(ctx context.Context, subscriber *redis.PubSub) string {
	for {
		switch said := must(subscriber.ReceiveTimeout(ctx, soon)).(type) {
		case *redis.Subscription:
			return fmt.Sprint(said.Kind, " ", said.Channel, " ", said.Count)
		case *redis.Message:
			return fmt.Sprint("message ", said.Pattern, ">", said.Channel, " ", said.Payload)
		}
	}
}

// A message reaches who is there, and `PUBLISH` says how many that were.
func pubsub(ctx context.Context, client *redis.Client) {
	channel := "round:go:news"
	publish := func(channel, text string) int64 {
		return must(client.Publish(ctx, channel, text).Result())
	}
	same("PUBLISH to nobody", publish(channel, "zero"), int64(0))
	byName := client.Subscribe(ctx, channel)
	same("SUBSCRIBE", heard(ctx, byName), "subscribe round:go:news 1")
	byPattern := client.PSubscribe(ctx, "round:go:n*")
	same("PSUBSCRIBE", heard(ctx, byPattern), "psubscribe round:go:n* 1")
	same("PUBLISH to two", publish(channel, "one"), int64(2))
	same("message", heard(ctx, byName), "message >round:go:news one")
	same("pmessage", heard(ctx, byPattern), "message round:go:n*>round:go:news one")
	same("PUBLISH to one", publish("round:go:none", "two"), int64(1))
	same("pmessage", heard(ctx, byPattern), "message round:go:n*>round:go:none two")
	same("PUNSUBSCRIBE", byPattern.PUnsubscribe(ctx, "round:go:n*"), nil)
	same("PUNSUBSCRIBE", heard(ctx, byPattern), "punsubscribe round:go:n* 0")
	same("PUBLISH to the one that is left", publish(channel, "three"), int64(1))
	same("message", heard(ctx, byName), "message >round:go:news three")
	same("UNSUBSCRIBE", byName.Unsubscribe(ctx, channel), nil)
	same("UNSUBSCRIBE", heard(ctx, byName), "unsubscribe round:go:news 0")
	same("PUBLISH to nobody again", publish(channel, "four"), int64(0))
	same("close", errors.Join(byName.Close(), byPattern.Close()), nil)
}

// What a member of a group has read and not acknowledged is pending, and can be claimed.
func streams(ctx context.Context, client *redis.Client) {
	stream, group := "round:go:orders", "shop"
	must(client.Del(ctx, stream).Result())
	same("XGROUP CREATE", must(client.XGroupCreateMkStream(ctx, stream, group, "0").Result()), "OK")
	again := client.XGroupCreate(ctx, stream, group, "0").Err()
	if again == nil || !strings.HasPrefix(again.Error(), "BUSYGROUP") {
		log.Panicf("a second group of that name: %v", again)
	}
	var wanted []redis.XMessage
	for n := range 3 {
		values := map[string]any{"n": fmt.Sprint(n)}
		id := must(client.XAdd(ctx, &redis.XAddArgs{Stream: stream, Values: values}).Result())
		wanted = append(wanted, redis.XMessage{ID: id, Values: values})
	}
	same("XLEN", must(client.XLen(ctx, stream).Result()), int64(3))
	read := func(member, from string, count int64, block time.Duration) ([]redis.XStream, error) {
		return client.XReadGroup(ctx, &redis.XReadGroupArgs{
			Group: group, Consumer: member, Streams: []string{stream, from}, Count: count, Block: block,
		}).Result()
	}
	entries := func(batches []redis.XStream, err error) [][2]string {
		batches = must(batches, err)
		same("streams", len(batches), 1)
		same("stream", batches[0].Stream, stream)
		return short(batches[0].Messages)
	}
	ack := func(id string) int64 { return must(client.XAck(ctx, stream, group, id).Result()) }
	pending := func() []redis.XPendingExt {
		return must(client.XPendingExt(ctx, &redis.XPendingExtArgs{
			Stream: stream, Group: group, Start: "-", End: "+", Count: 10,
		}).Result())
	}
	claim := func(member string, idle time.Duration) ([][2]string, string) {
		claimed, cursor, err := client.XAutoClaim(ctx, &redis.XAutoClaimArgs{
			Stream: stream, Group: group, Consumer: member, MinIdle: idle, Start: "0",
		}).Result()
		return short(must(claimed, err)), cursor
	}

	same("XREADGROUP", entries(read("a", ">", 2, -1)), short(wanted[:2]))
	same("XACK", ack(wanted[0].ID), int64(1))
	same("XACK again", ack(wanted[0].ID), int64(0))
	all := must(client.XPending(ctx, stream, group).Result())
	same("XPENDING", *all, redis.XPending{
		Count: 1, Lower: wanted[1].ID, Higher: wanted[1].ID, Consumers: map[string]int64{"a": 1},
	})
	held := pending()
	same("XPENDING with a range", len(held), 1)
	same("its owner", held[0].Consumer, "a")
	same("its deliveries", held[0].RetryCount, int64(1))
	// What a member has in hand it reads again by an id instead of `>`.
	same("XREADGROUP 0", entries(read("a", "0", 0, -1)), short(wanted[1:2]))

	time.Sleep(50 * time.Millisecond)
	claimed, cursor := claim("b", 20*time.Millisecond)
	same("XAUTOCLAIM", claimed, short(wanted[1:2]))
	same("its cursor", cursor, "0-0")
	same("its owner now", pending()[0].Consumer, "b")
	claimed, _ = claim("a", time.Minute)
	same("none of it is idle", len(claimed), 0)
	same("XACK", ack(wanted[1].ID), int64(1))

	same("XREADGROUP of the rest", entries(read("b", ">", 0, 100*time.Millisecond)), short(wanted[2:]))
	same("XACK", ack(wanted[2].ID), int64(1))
	_, err := read("b", ">", 0, 50*time.Millisecond)
	none("XREADGROUP of none", err)
	same("XPENDING of none", len(pending()), 0)
	same("XRANGE", short(must(client.XRange(ctx, stream, "-", "+").Result())), short(wanted))
	same("DEL", must(client.Del(ctx, stream).Result()), int64(1))
}

// short tells entries by id and number.
func short(messages []redis.XMessage) [][2]string {
	all := [][2]string{}
	for _, message := range messages {
		all = append(all, [2]string{message.ID, fmt.Sprint(message.Values["n"])})
	}
	return all
}

func main() {
	log.SetFlags(0)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	for _, protocol := range []int{2, 3} {
		options := must(redis.ParseURL(os.Args[1]))
		options.Protocol = protocol
		options.MaxRetries = -1
		client := redis.NewClient(options)
		same("PING", must(client.Ping(ctx).Result()), "PONG")
		keys(ctx, client)
		pubsub(ctx, client)
		streams(ctx, client)
		same("close", client.Close(), nil)
		fmt.Printf("go-redis %s, RESP%d\n", redis.Version(), protocol)
	}
	fmt.Println("ok")
}
