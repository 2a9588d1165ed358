package kafka

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"

	"satudata/ingest/event"
	"satudata/ingest/eventlog"
)

// Bounds of what one request asks for. It counts compressed bytes, so more would come out of it
// than a reader wants.
const (
	minFetch = 64 << 10
	maxFetch = 1 << 20
)

// place is where a record is.
type place struct {
	topic     string
	partition int
	offset    int64
}

// Read implements [eventlog.Log]. What a request brought beyond maxBytes is kept for the read that
// goes on from there.
func (l *Log) Read(ctx context.Context, topic string, partition int, from int64, maxBytes int) ([]eventlog.Record, error) {
	if err := l.enter(ctx); err != nil {
		return nil, fmt.Errorf("read topic %s: %w", topic, err)
	}
	defer l.calls.Done()
	n, err := l.partitions(ctx, topic)
	switch {
	case err != nil:
		return nil, fmt.Errorf("read topic %s: %w", topic, err)
	case partition < 0 || partition >= n:
		return nil, fmt.Errorf("read topic %s: %w: partition %d of %d", topic, eventlog.ErrNoTopic, partition, n)
	case from < 0: // kafka-go gives these a meaning
		return nil, fmt.Errorf("read topic %s: %w: offset %d", topic, eventlog.ErrExpired, from)
	}
	records, err := l.read(ctx, place{topic, partition, from}, maxBytes)
	if err != nil {
		return nil, fmt.Errorf("read topic %s: %w", topic, err)
	}
	return records, nil
}

func (l *Log) read(ctx context.Context, at place, maxBytes int) ([]eventlog.Record, error) {
	var records []eventlog.Record
	pending := l.ahead.take(at)
	for {
		for i, r := range pending {
			n := len(r.Message.Value)
			if len(records) > 0 && n > maxBytes {
				at.offset = r.Offset
				l.ahead.put(at, pending[i:])
				return records, nil
			}
			records = append(records, r)
			maxBytes -= n
			at.offset = r.Offset + 1
		}
		if len(records) > 0 && maxBytes <= 0 {
			return records, nil
		}
		var err error
		f := fetching{log: l, at: at, size: min(max(maxBytes, minFetch), maxFetch)}
		if len(records) > 0 { // enough to give back: an error is that of the read that begins there
			if pending, err = f.once(ctx); err != nil && ctx.Err() == nil {
				return records, nil
			}
		} else {
			err = l.retry(ctx, func(ctx context.Context) error {
				pending, err = f.once(ctx)
				return err
			})
		}
		if err != nil || len(pending) == 0 {
			return records, err
		}
	}
}

// fetching asks for the records from a place on.
type fetching struct {
	log        *Log
	at         place
	size       int
	unreadable int // answers so far that could not be decoded
}

// once returns records, none at the end. It steps over what Kafka keeps for itself between records.
func (f *fetching) once(ctx context.Context) ([]eventlog.Record, error) {
	for {
		r, err := f.log.client.Fetch(ctx, &kafka.FetchRequest{
			Topic:     f.log.fullName(f.at.topic),
			Partition: f.at.partition,
			Offset:    f.at.offset,
			MaxBytes:  int64(f.size),
			MaxWait:   time.Millisecond, // an answer without records is an answer
		})
		if err == nil {
			err = r.Error
		}
		if errors.Is(err, kafka.OffsetOutOfRange) {
			return nil, f.log.outOfRange(ctx, f.at)
		}
		if err != nil {
			return nil, f.damaged(err)
		}
		records, next, err := decode(r.Records, f.at.offset)
		switch {
		case err != nil:
			return nil, f.damaged(err)
		case len(records) > 0 || f.at.offset >= r.HighWatermark:
			return records, nil
		case next == f.at.offset: // throttled
			return nil, fmt.Errorf("broker gave nothing at offset %d of %d", f.at.offset, r.HighWatermark)
		}
		f.at.offset = next // over control records
	}
}

// damaged makes an error that tells of damaged data an ErrCorrupt with its place. kafka-go has no
// error of its own for an answer whose checksum or compression is wrong; it is what is neither the
// network's nor the broker's. It must come twice, on two connections, to be the data's fault.
func (f *fetching) damaged(err error) error {
	var code kafka.Error
	switch {
	case errors.Is(err, kafka.InvalidMessage):
	case errors.As(err, &code), errors.As(err, new(protocol.Error)), disconnected(err):
		return err
	default:
		if f.unreadable++; f.unreadable < 2 {
			return err
		}
	}
	return fmt.Errorf("%w: topic %s partition %d offset %d: %w", eventlog.ErrCorrupt, f.at.topic, f.at.partition, f.at.offset, err)
}

// outOfRange says why an offset cannot be read.
func (l *Log) outOfRange(ctx context.Context, at place) error {
	ranges, err := l.ranges(ctx, at.topic, at.partition)
	if err != nil {
		return err
	}
	if r := ranges[0]; at.offset < r.First || at.offset > r.Next {
		return fmt.Errorf("%w: partition %d holds offsets %d to %d, not %d", eventlog.ErrExpired, at.partition, r.First, r.Next, at.offset)
	}
	return kafka.OffsetNotAvailable // a new leader that is catching up
}

// decode reads the records of an answer from an offset on, and the offset after the last of all,
// control records included.
func decode(in kafka.RecordReader, from int64) ([]eventlog.Record, int64, error) {
	parts := []protocol.RecordReader{in}
	if stream, ok := in.(*protocol.RecordStream); ok {
		parts = stream.Records
	}
	var records []eventlog.Record
	next := from
	for _, part := range parts {
		_, control := part.(*protocol.ControlBatch)
		for {
			r, err := part.ReadRecord()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return records, next, err
			}
			if control || r.Offset < from { // a batch comes whole, also when it began before
				next = max(next, r.Offset+1)
				release(r)
				continue
			}
			m, err := message(r)
			if err != nil {
				return records, next, err
			}
			records = append(records, eventlog.Record{Offset: r.Offset, Time: r.Time.UTC(), Message: m})
			next = r.Offset + 1
		}
	}
	return records, next, nil
}

func message(r *kafka.Record) (event.Message, error) {
	defer release(r)
	key, err := kafka.ReadAll(r.Key)
	if err != nil {
		return event.Message{}, err
	}
	value, err := kafka.ReadAll(r.Value)
	if err != nil {
		return event.Message{}, err
	}
	m := event.Message{Key: string(key), Value: value}
	if len(r.Headers) > 0 {
		m.Headers = make([]event.Header, len(r.Headers))
		for i, h := range r.Headers {
			m.Headers[i] = event.Header(h)
		}
	}
	return m, nil
}

// release gives the pages of a record back to kafka-go.
func release(r *kafka.Record) {
	for _, b := range []kafka.Bytes{r.Key, r.Value} {
		if b != nil {
			_ = b.Close() // of memory: it has no error
		}
	}
}

// maxAhead is about the most bytes of values that are kept for reads to come.
const maxAhead = 64 << 20

// readAhead keeps records that were fetched and not yet asked for, by the place of the first.
type readAhead struct {
	mu   sync.Mutex // guards all below
	kept map[place][]eventlog.Record
	size int
}

func (a *readAhead) take(at place) []eventlog.Record {
	a.mu.Lock()
	defer a.mu.Unlock()
	records := a.kept[at]
	delete(a.kept, at)
	a.size -= valueBytes(records)
	return records
}

func (a *readAhead) put(at place, records []eventlog.Record) {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := valueBytes(records)
	if a.kept == nil || a.size+n > maxAhead { // readers that went elsewhere left theirs behind
		a.kept, a.size = make(map[place][]eventlog.Record), 0
	}
	a.size += n - valueBytes(a.kept[at])
	a.kept[at] = records
}

func valueBytes(records []eventlog.Record) int {
	n := 0
	for _, r := range records {
		n += len(r.Message.Value)
	}
	return n
}
