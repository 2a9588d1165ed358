package kafka

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"

	"satudata/ingest/event"
	"satudata/ingest/eventlog"
)

// batchBytes is about how much is sent at once. Kafka stores and returns a compressed batch whole,
// so a reader that wants less than a batch pays for all of it.
const batchBytes = 1 << 20

// overhead is more than Kafka adds to a message and to a header of it.
const (
	messageOverhead = 100
	headerOverhead  = 10
)

// Append implements [eventlog.Log]. Messages of different partitions are sent at the same time.
func (l *Log) Append(ctx context.Context, topic string, msgs ...event.Message) ([]eventlog.Position, error) {
	if err := l.enter(ctx); err != nil {
		return nil, fmt.Errorf("append to topic %s: %w", topic, err)
	}
	defer l.calls.Done()
	if err := eventlog.CheckTopic(topic); err != nil {
		return nil, err
	}
	if len(msgs) == 0 {
		return nil, nil
	}
	positions, err := l.append(ctx, topic, msgs)
	if err != nil {
		return nil, fmt.Errorf("append to topic %s: %w", topic, err)
	}
	return positions, nil
}

func (l *Log) append(ctx context.Context, topic string, msgs []event.Message) ([]eventlog.Position, error) {
	n, err := l.partitions(ctx, topic)
	if errors.Is(err, eventlog.ErrNoTopic) {
		if err = l.create(ctx, topic, l.o.Partitions); err == nil {
			n, err = l.awaitTopic(ctx, topic)
		}
	}
	if err != nil {
		return nil, err
	}
	limit := l.limit(ctx, topic)
	parts := make(map[int][]int) // partition -> indexes in msgs
	for i, m := range msgs {
		if size := sizeOf(m); size > limit {
			return nil, fmt.Errorf("%w: message of %d bytes, the topic takes at most %d%s", eventlog.ErrTooLarge, size, limit, tooLarge)
		}
		p := eventlog.PartitionOf(m.Key, n)
		parts[p] = append(parts[p], i)
	}
	a := appending{log: l, topic: topic, msgs: msgs, limit: limit, positions: make([]eventlog.Position, len(msgs))}
	var wg sync.WaitGroup
	errs := make([]error, n)
	for p, indexes := range parts {
		wg.Go(func() { errs[p] = a.send(ctx, p, indexes) })
	}
	wg.Wait()
	return a.positions, errors.Join(errs...)
}

// sizeOf returns an upper bound of what m takes in Kafka, uncompressed.
func sizeOf(m event.Message) int {
	n := messageOverhead + len(m.Key) + len(m.Value)
	for _, h := range m.Headers {
		n += headerOverhead + len(h.Key) + len(h.Value)
	}
	return n
}

// limit returns the most bytes of a message in a topic, which somebody else may have created.
func (l *Log) limit(ctx context.Context, topic string) int {
	l.mu.Lock()
	limit, ok := l.limits[topic]
	l.mu.Unlock()
	if ok {
		return limit
	}
	limit, err := l.askLimit(ctx, topic)
	if err != nil { // we may write and yet not be allowed to ask
		l.o.Logger.Debug("the topic does not tell its largest message", "topic", topic, "err", err)
		return l.o.MaxMessage
	}
	l.mu.Lock()
	l.limits[topic] = limit
	l.mu.Unlock()
	return limit
}

func (l *Log) askLimit(ctx context.Context, topic string) (int, error) {
	r, err := l.client.DescribeConfigs(ctx, &kafka.DescribeConfigsRequest{Resources: []kafka.DescribeConfigRequestResource{{
		ResourceType: kafka.ResourceTypeTopic,
		ResourceName: l.fullName(topic),
		ConfigNames:  []string{maxMessageBytes},
	}}})
	if err != nil {
		return 0, err
	}
	for _, resource := range r.Resources {
		if resource.Error != nil {
			return 0, resource.Error
		}
		for _, e := range resource.ConfigEntries {
			if e.ConfigName == maxMessageBytes {
				return strconv.Atoi(e.ConfigValue)
			}
		}
	}
	return 0, errors.New("no such setting")
}

// appending is one call of Append.
type appending struct {
	log       *Log
	topic     string
	msgs      []event.Message
	limit     int
	positions []eventlog.Position // each partition's goroutine writes its own
}

// send stores the messages at indexes in a partition, batch after batch, so that they keep their
// order.
func (a *appending) send(ctx context.Context, partition int, indexes []int) error {
	for len(indexes) > 0 {
		n, size := 0, 0
		for n < len(indexes) {
			if size += sizeOf(a.msgs[indexes[n]]); n > 0 && size > min(batchBytes, a.limit) {
				break
			}
			n++
		}
		if err := a.produce(ctx, partition, indexes[:n]); err != nil {
			return fmt.Errorf("partition %d: %w", partition, err)
		}
		indexes = indexes[n:]
	}
	return nil
}

// produce stores one batch.
func (a *appending) produce(ctx context.Context, partition int, indexes []int) error {
	batch, err := encodeBatch(a.log.compression, a.msgs, indexes, a.log.o.Now())
	if err != nil {
		return err
	}
	size := binary.BigEndian.AppendUint32(nil, uint32(len(batch))) // kafka-go sends the set as it is, and this belongs to it
	var base int64
	err = a.log.retry(ctx, func(ctx context.Context) error {
		r, err := a.log.client.RawProduce(ctx, &kafka.RawProduceRequest{
			Topic:        a.log.fullName(a.topic),
			Partition:    partition,
			RequiredAcks: kafka.RequireAll,
			RawRecords:   protocol.RawRecordSet{Reader: io.MultiReader(bytes.NewReader(size), bytes.NewReader(batch))},
		})
		if err != nil {
			return err
		}
		base = r.BaseOffset
		return r.Error
	})
	if err != nil {
		return err
	}
	for i, index := range indexes {
		a.positions[index] = eventlog.Position{Partition: partition, Offset: base + int64(i)}
	}
	return nil
}
