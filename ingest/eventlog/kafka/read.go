package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/segmentio/kafka-go"

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
		n, size := fitting(pending, maxBytes, len(records) == 0)
		records = join(records, pending[:n:n], maxBytes)
		if len(records) > 0 {
			at.offset = records[len(records)-1].Offset + 1
		}
		if maxBytes -= size; n < len(pending) {
			at.offset = pending[n].Offset
			l.ahead.put(at, pending[n:])
			return records, nil
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

// fitting returns how many of records have at most so many bytes of values, and how many bytes these
// have. One may have more, when one there must be.
func fitting(records []eventlog.Record, most int, one bool) (n, size int) {
	for ; n < len(records); n++ {
		v := len(records[n].Message.Value)
		if size+v > most && (n > 0 || !one) {
			break
		}
		size += v
	}
	return n, size
}

// join appends records that were read next. It makes room for as many as will likely come in the
// bytes that are left.
func join(records, next []eventlog.Record, left int) []eventlog.Record {
	if len(records) == 0 {
		return next
	}
	if len(next) > cap(records)-len(records) {
		each := valueBytes(records)/len(records) + 1
		records = slices.Grow(records, max(len(next), min(left/each+1, mostAlike)))
	}
	return append(records, next...)
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
		r, err := f.log.fetch(ctx, f.at, f.size)
		if err == nil {
			err = r.err
		}
		if errors.Is(err, kafka.OffsetOutOfRange) {
			return nil, f.log.outOfRange(ctx, f.at)
		}
		if err != nil {
			return nil, f.damaged(err)
		}
		d := r.decode(f.at.offset)
		switch {
		case len(d.records) > 0: // damage behind them is that of the read that begins there
			return d.records, nil
		case d.damage != nil:
			return nil, f.damaged(d.damage)
		case f.at.offset >= r.next:
			return nil, nil
		case d.end == f.at.offset: // throttled
			return nil, fmt.Errorf("broker gave nothing at offset %d of %d", f.at.offset, r.next)
		}
		f.at.offset = d.end // over control records
	}
}

// fetch asks for what is at a place, unless it was asked for before, and asks for what is behind it:
// that comes and is decoded while the answer is being worked on.
func (l *Log) fetch(ctx context.Context, at place, size int) (*fetched, error) {
	r, err := l.flights.land(ctx, at)
	if r == nil && err == nil {
		r, err = l.request(ctx, at, size)
	}
	if err != nil || r.err != nil {
		return r, err
	}
	if end := batchesEnd(r.set); end > at.offset && end < r.next && l.enter(ctx) == nil {
		next := place{at.topic, at.partition, end}
		f := l.flights.start(next)
		go func() {
			defer l.calls.Done()
			defer close(f.done)
			if r, err := l.request(l.life, next, size); err == nil && r.err == nil {
				r.decode(next.offset)
				f.fetched = r
			}
		}()
	}
	return r, nil
}

// request asks the leader of a partition for what is at a place.
func (l *Log) request(ctx context.Context, at place, size int) (*fetched, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	r, err := l.transport.RoundTrip(ctx, l.client.Addr, newFetch(l.o.ClientID, l.fullName(at.topic), at.partition, at.offset, size))
	if err != nil {
		return nil, err
	}
	answer, ok := r.(*fetched)
	if !ok {
		return nil, fmt.Errorf("%w: it is a %T", errAnswer, r)
	}
	return answer, nil
}

// damaged makes an error that tells of damaged data an ErrCorrupt with its place. It must come twice,
// on two connections, to be the data's fault.
func (f *fetching) damaged(err error) error {
	switch {
	case errors.Is(err, kafka.InvalidMessage): // the broker's own finding
	case !errors.Is(err, errBatch):
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

// flights are answers on their way to reads that are to be expected, by their places.
type flights struct {
	mu sync.Mutex // guards on
	on map[place]*flight
}

type flight struct {
	done    chan struct{} // closed when it has landed
	fetched *fetched      // nil: it failed, and the read asks itself
}

// maxFlights is how many answers wait for a reader. One may have gone elsewhere.
const maxFlights = 16

func (f *flights) start(at place) *flight {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.on == nil || len(f.on) >= maxFlights {
		f.on = make(map[place]*flight)
	}
	f.on[at] = &flight{done: make(chan struct{})}
	return f.on[at]
}

// land waits for the answer that is on its way to a place. It is nil when there is none.
func (f *flights) land(ctx context.Context, at place) (*fetched, error) {
	f.mu.Lock()
	flight := f.on[at]
	delete(f.on, at)
	f.mu.Unlock()
	if flight == nil {
		return nil, nil
	}
	select {
	case <-flight.done:
		return flight.fetched, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
