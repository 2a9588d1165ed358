// Package eventlog is the contract of the event log, the truth from which every table can be
// rebuilt. Package embedded keeps it in one file, package kafka in Apache Kafka; package logtest is
// the conformance suite that both pass.
package eventlog

import (
	"context"
	"errors"
	"hash/fnv"
	"time"

	"satudata/ingest/event"
)

// Errors that callers act on, with errors.Is.
var (
	ErrNoTopic  = errors.New("no such topic")        // the topic was never written
	ErrExpired  = errors.New("offset has expired")   // the log no longer holds what was asked for
	ErrLost     = errors.New("event log is lost")    // it was removed, or replaced by another or an older one
	ErrTooLarge = errors.New("message too large")    // the log does not take a message of that size
	ErrCorrupt  = errors.New("event log is corrupt") // what was read is not what was written
	ErrLocked   = errors.New("event log is in use")  // another process has the embedded log open
	ErrAccess   = errors.New("event log refuses us") // wrong credentials, no permission, TLS mismatch
	ErrFull     = errors.New("event log is full")    // its storage has no room; make some and try again
	ErrClosed   = errors.New("event log is closed")

	// ErrUnreachable says that the log did not answer for as long as a call waits for it.
	ErrUnreachable = errors.New("event log cannot be reached")
)

// CatalogTopic is where governance facts live; it has one partition.
const CatalogTopic = "_catalog"

// Record is a message at its place in the log.
type Record struct {
	Offset  int64
	Time    time.Time // when the log took it
	Message event.Message
}

// Position is a place in a topic.
type Position struct {
	Partition int
	Offset    int64
}

// Range is what a partition holds: offsets in [First, Next).
type Range struct {
	Partition   int
	First, Next int64
}

// Log is an append-only, partitioned, durable log. All methods may be called concurrently. Topic
// names are without prefix: a dataset name, or CatalogTopic.
type Log interface {
	// Append stores msgs durably: they survive power loss once it returns. Messages of one key go
	// to one partition, in the order given. It returns one position per message. On error some
	// messages may have been stored; the caller sends them again and readers drop the copies by
	// stream and sequence number (chunks) or id (facts). The values are not kept after it returns. Kafka may store a message twice also without
	// an error. A topic is created by its first append.
	// Errors: ErrTooLarge (nothing was stored), ErrFull, ErrAccess, ErrClosed.
	Append(ctx context.Context, topic string, msgs ...event.Message) ([]Position, error)

	// Read returns the records of a partition from offset from on: all there are, or as many as fit
	// in maxBytes of values, but at least one if there is one. No records and no error means that
	// the end was reached; it does not wait for more. Offsets increase but may have gaps. An offset
	// beyond the end is ErrExpired too: the log was replaced by one that holds less.
	// Errors: ErrNoTopic, ErrExpired, ErrCorrupt, ErrAccess, ErrClosed.
	Read(ctx context.Context, topic string, partition int, from int64, maxBytes int) ([]Record, error)

	// Ranges returns what each partition of a topic holds, by partition. Error: ErrNoTopic.
	Ranges(ctx context.Context, topic string) ([]Range, error)

	// Topics returns the names of the topics, sorted.
	Topics(ctx context.Context) ([]string, error)

	// Close releases the log after running calls have ended. It may be called twice.
	Close() error
}

// PartitionOf returns the partition of key among n. It is the same for every implementation, so a
// log copied from one to another with as many partitions keeps its layout.
func PartitionOf(key string, n int) int {
	h := fnv.New32a()
	h.Write([]byte(key))
	return int(h.Sum32() % uint32(n))
}
