// Package service is what the two workers have in common: settings, clients,
// and the loop around a handler.
package service

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	// How long one request to a broker or one statement may take.
	requestTimeout = 3 * time.Second
	// How long one record may take, retries of the Kafka client included.
	recordTimeout = 10 * time.Second
	// How many records are taken from the client at once.
	pollRecords = 10
)

// Order is the value of a record.
type Order struct {
	ID       string `json:"id"`
	Customer string `json:"customer"`
	N        int64  `json:"n"`
	Sum      string `json:"sum"`
}

// Handler stores one order.
type Handler func(ctx context.Context, db *pgx.Conn, order Order) error

// Main runs a worker until SIGTERM or SIGINT. An error ends the process: whoever
// supervises it starts it again, and Kafka gives out again what was not
// committed.
func Main(handle Handler) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, handle); err != nil {
		log.Fatal(err)
	}
	log.Print("stopped")
}

func run(ctx context.Context, handle Handler) error {
	db, err := connectDatabase(ctx)
	if err != nil {
		return fmt.Errorf("database: %w", err)
	}
	defer closeDatabase(db)

	consumer, err := newConsumer()
	if err != nil {
		return fmt.Errorf("kafka: %w", err)
	}
	// Leaves the group, so that the next member need not wait for a timeout.
	defer consumer.CloseAllowingRebalance()
	if err := consumer.Ping(ctx); err != nil {
		return fmt.Errorf("kafka: %w", err)
	}

	log.Print("started")
	for {
		fetches := consumer.PollRecords(ctx, pollRecords)
		if ctx.Err() != nil {
			return nil
		}
		if err := fetches.Err(); err != nil {
			return fmt.Errorf("poll: %w", err)
		}
		for _, record := range fetches.Records() {
			// A record that was begun is finished, whatever signal comes.
			if err := take(context.WithoutCancel(ctx), consumer, db, record, handle); err != nil {
				return fmt.Errorf("record %d of partition %d: %w", record.Offset, record.Partition, err)
			}
			if ctx.Err() != nil {
				return nil
			}
		}
		consumer.AllowRebalance()
	}
}

// take stores one order and then commits its offset.
func take(ctx context.Context, consumer *kgo.Client, db *pgx.Conn, record *kgo.Record, handle Handler) error {
	ctx, cancel := context.WithTimeout(ctx, recordTimeout)
	defer cancel()
	var order Order
	if err := json.Unmarshal(record.Value, &order); err != nil {
		return fmt.Errorf("decode: %w", err)
	}
	if err := handle(ctx, db, order); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	if err := consumer.CommitRecords(ctx, record); err != nil {
		return fmt.Errorf("commit the offset: %w", err)
	}
	return nil
}

// InTransaction runs work in a transaction, each step of it within the timeout of
// a request.
func InTransaction(ctx context.Context, db *pgx.Conn, work func(ctx context.Context, tx pgx.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	return pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error { return work(ctx, tx) })
}

func connectDatabase(ctx context.Context) (*pgx.Conn, error) {
	url, err := required("DATABASE_URL")
	if err != nil {
		return nil, err
	}
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	config.ConnectTimeout = requestTimeout
	return pgx.ConnectConfig(ctx, config)
}

func closeDatabase(db *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = db.Close(ctx)
}

func newConsumer() (*kgo.Client, error) {
	brokers, err := required("BROKERS")
	topic, err2 := required("TOPIC")
	group, err3 := required("GROUP")
	session, err4 := sessionTimeout()
	if err := errors.Join(err, err2, err3, err4); err != nil {
		return nil, err
	}
	return kgo.NewClient(
		kgo.SeedBrokers(strings.Split(brokers, ",")...),
		kgo.ConsumeTopics(topic),
		kgo.ConsumeStartOffset(kgo.NewOffset().AtStart()),
		kgo.ConsumerGroup(group),
		kgo.DisableAutoCommit(),
		kgo.BlockRebalanceOnPoll(),
		kgo.SessionTimeout(session),
		kgo.RebalanceTimeout(session),
		kgo.HeartbeatInterval(session/4),
		kgo.FetchMaxWait(500*time.Millisecond),
		kgo.DialTimeout(requestTimeout),
		kgo.RequestTimeoutOverhead(requestTimeout),
		kgo.RetryTimeout(recordTimeout),
	)
}

func sessionTimeout() (time.Duration, error) {
	text, given := os.LookupEnv("SESSION_TIMEOUT_MS")
	if !given {
		return 10 * time.Second, nil
	}
	ms, err := strconv.Atoi(text)
	if err != nil {
		return 0, fmt.Errorf("SESSION_TIMEOUT_MS: %w", err)
	}
	return time.Duration(ms) * time.Millisecond, nil
}

func required(name string) (string, error) {
	value := os.Getenv(name)
	if value == "" {
		return "", fmt.Errorf("%s is not set", name)
	}
	return value, nil
}
