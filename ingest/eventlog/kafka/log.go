// Package kafka is the event log in Apache Kafka 2.1 or newer, or whatever speaks its protocol.
//
// # Topics
//
// A topic is named "<prefix>.<topic>"; topics without the prefix are not seen. A message is a record
// with its key, headers and value as they are, in the CloudEvents binding that package event
// describes, so other programs can read and write the same topics. The first append to a topic
// creates it, with these settings beside the partitions, retention and message size of Options:
// timestamps are the broker's (a sender with a wrong clock must not make data expire), deletion
// instead of compaction, and what makes acknowledged messages durable: with three replicas or more
// one may be missing (min.insync.replicas is one less), with fewer each append is synced to disk
// (flush.messages=1), because then no other broker holds it. The catalog topic has one partition and
// is kept for ever.
//
// # Delivery
//
// Appends wait for all in-sync replicas. kafka-go has no idempotent producer, so an append whose
// acknowledgement was lost is sent again and may be stored twice: readers drop the copy, as the
// contract of [eventlog.Log] says. Calls repeat what may pass (a leader moved, a broker restarts, a
// connection broke) until Options.RetryFor is over.
//
// Reads return transactional messages before their transaction has ended, also when it was rolled
// back: whoever writes to these topics with transactions relies on something that kafka-go lacks.
//
// # Design
//
// Only kafka.Client and explicit partitions are used. The group Reader of kafka-go delivers again
// after a rebalance, and positions are kept in the lake anyway; [Log.Assignments] uses a consumer
// group only to share partitions among workers.
package kafka

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/compress"
	"github.com/segmentio/kafka-go/sasl"

	"satudata/ingest/eventlog"
)

var (
	_ eventlog.Log     = (*Log)(nil)
	_ eventlog.Creator = (*Log)(nil)
)

// requestTimeout is how long one request may take; brokers are told half of it.
const requestTimeout = 15 * time.Second

// Log is the event log in a Kafka cluster. It implements [eventlog.Log] and [eventlog.Creator].
type Log struct {
	o           Options
	tls         *tls.Config
	sasl        sasl.Mechanism
	compression compress.Compression
	transport   *kafka.Transport
	client      *kafka.Client
	ahead       readAhead
	flights     flights
	opened      atomic.Bool // the brokers have taken us

	life  context.Context    // ends when Close is called; of what no call waits for
	end   context.CancelFunc // ends life
	calls sync.WaitGroup     // running calls and flights; Add is called with mu held

	mu     sync.Mutex // guards closed and limits
	closed bool
	limits map[string]int // most bytes of a message, by topic
}

// Open connects to the brokers. It waits for them as long as calls do. Errors: eventlog.ErrAccess
// when they refuse us or are not who they should be.
func Open(ctx context.Context, o Options) (*Log, error) {
	o = o.withDefaults()
	l := &Log{o: o, limits: make(map[string]int)}
	l.life, l.end = context.WithCancel(context.WithoutCancel(ctx))
	var err error
	if err = o.check(); err == nil {
		l.compression, err = o.compression()
	}
	if err == nil {
		l.tls, err = o.TLS.config()
	}
	if err == nil {
		l.sasl, err = o.SASL.mechanism()
	}
	if err != nil {
		return nil, fmt.Errorf("open event log in kafka: %w: %w", ErrOptions, err)
	}
	if l.tls == nil && l.sasl != nil && l.sasl.Name() == "PLAIN" {
		o.Logger.Warn("the password is sent unencrypted: SASL PLAIN without TLS")
	}
	l.transport = l.newTransport(nil)
	l.client = &kafka.Client{Addr: kafka.TCP(o.Brokers...), Transport: l.transport, Timeout: requestTimeout}
	var cluster *kafka.MetadataResponse
	err = l.retry(ctx, func(ctx context.Context) (err error) {
		cluster, err = l.client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{}})
		return err
	})
	if err != nil {
		l.transport.CloseIdleConnections()
		return nil, fmt.Errorf("open event log in kafka %s: %w", strings.Join(o.Brokers, ","), err)
	}
	l.opened.Store(true)
	o.Logger.Info("event log opened", "cluster", cluster.ClusterID, "brokers", len(cluster.Brokers), "prefix", o.Prefix)
	return l, nil
}

// newTransport returns connections of their own. Their knowledge of the cluster is about topics, or
// about all when it is nil.
func (l *Log) newTransport(topics []string) *kafka.Transport {
	return &kafka.Transport{
		ClientID:       l.o.ClientID,
		TLS:            l.tls,
		SASL:           l.sasl,
		DialTimeout:    requestTimeout / 2,
		MetadataTTL:    4 * time.Second,
		MetadataTopics: topics,
	}
}

// Close implements [eventlog.Log]. It ends [Log.Assignments].
func (l *Log) Close() error {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.end()
	l.calls.Wait()
	l.transport.CloseIdleConnections()
	return nil
}

// enter begins a call; when it returns nil the caller calls l.calls.Done at its end.
func (l *Log) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return eventlog.ErrClosed
	}
	l.calls.Add(1)
	return nil
}

func (l *Log) fullName(topic string) string { return l.o.Prefix + "." + topic }

// Topics implements [eventlog.Log].
func (l *Log) Topics(ctx context.Context) ([]string, error) {
	if err := l.enter(ctx); err != nil {
		return nil, fmt.Errorf("list topics: %w", err)
	}
	defer l.calls.Done()
	topics, err := l.topics(ctx)
	if err != nil {
		return nil, fmt.Errorf("list topics: %w", err)
	}
	return topics, nil
}

func (l *Log) topics(ctx context.Context) ([]string, error) {
	var topics []string
	err := l.retry(ctx, func(ctx context.Context) error {
		cluster, err := l.ask(ctx, nil)
		if err != nil {
			return err
		}
		topics = topics[:0]
		for _, t := range cluster.Topics {
			if name, ok := strings.CutPrefix(t.Name, l.o.Prefix+"."); ok && !t.Internal {
				topics = append(topics, name)
			}
		}
		return nil
	})
	slices.Sort(topics)
	return topics, err
}

// ask asks a broker about topics, all when nil. The client's own answers come from a cache that is
// some seconds old.
func (l *Log) ask(ctx context.Context, topics []string) (*kafka.MetadataResponse, error) {
	t := l.newTransport(topics)
	defer t.CloseIdleConnections()
	c := kafka.Client{Addr: l.client.Addr, Transport: t, Timeout: requestTimeout}
	return c.Metadata(ctx, &kafka.MetadataRequest{Topics: topics})
}

// Ranges implements [eventlog.Log].
func (l *Log) Ranges(ctx context.Context, topic string) ([]eventlog.Range, error) {
	if err := l.enter(ctx); err != nil {
		return nil, fmt.Errorf("look up topic %s: %w", topic, err)
	}
	defer l.calls.Done()
	n, err := l.partitions(ctx, topic)
	if err != nil {
		return nil, fmt.Errorf("look up topic %s: %w", topic, err)
	}
	partitions := make([]int, n)
	for p := range partitions {
		partitions[p] = p
	}
	ranges, err := l.ranges(ctx, topic, partitions...)
	if err != nil {
		return nil, fmt.Errorf("look up topic %s: %w", topic, err)
	}
	return ranges, nil
}

// ranges returns what partitions hold, in their order.
func (l *Log) ranges(ctx context.Context, topic string, partitions ...int) ([]eventlog.Range, error) {
	var requests []kafka.OffsetRequest
	for _, p := range partitions {
		requests = append(requests, kafka.FirstOffsetOf(p), kafka.LastOffsetOf(p))
	}
	name := l.fullName(topic)
	var ranges []eventlog.Range
	err := l.retry(ctx, func(ctx context.Context) error {
		r, err := l.client.ListOffsets(ctx, &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{name: requests}})
		if err != nil {
			return err
		}
		ranges = ranges[:0]
		for _, p := range r.Topics[name] {
			if p.Error != nil {
				return p.Error
			}
			if p.FirstOffset < 0 || p.LastOffset < 0 {
				return fmt.Errorf("broker gave no offsets of partition %d", p.Partition)
			}
			ranges = append(ranges, eventlog.Range{Partition: p.Partition, First: p.FirstOffset, Next: p.LastOffset})
		}
		if len(ranges) != len(partitions) {
			return fmt.Errorf("broker gave offsets of %d partitions instead of %d", len(ranges), len(partitions))
		}
		return nil
	})
	slices.SortFunc(ranges, func(a, b eventlog.Range) int { return a.Partition - b.Partition })
	return ranges, err
}

// partitions returns how many partitions a topic has. Error: eventlog.ErrNoTopic.
func (l *Log) partitions(ctx context.Context, topic string) (int, error) {
	name, n := []string{l.fullName(topic)}, 0
	err := l.retry(ctx, func(ctx context.Context) error {
		cached, err := l.client.Metadata(ctx, &kafka.MetadataRequest{Topics: name})
		if err != nil {
			return err
		}
		if n, err = countPartitions(cached); !errors.Is(err, kafka.UnknownTopicOrPartition) {
			return err
		}
		known, err := l.ask(ctx, name)
		if err != nil {
			return err
		}
		n, err = countPartitions(known)
		if errors.Is(err, kafka.UnknownTopicOrPartition) {
			return eventlog.ErrNoTopic
		}
		l.transport.CloseIdleConnections() // drops the cache that did not know it
		return err
	})
	return n, err
}

// countPartitions reads the answer to a question about one topic.
func countPartitions(m *kafka.MetadataResponse) (int, error) {
	if len(m.Topics) != 1 {
		return 0, kafka.UnknownTopicOrPartition
	}
	t := m.Topics[0]
	if t.Error == nil && len(t.Partitions) == 0 {
		return 0, kafka.LeaderNotAvailable
	}
	return len(t.Partitions), t.Error
}
