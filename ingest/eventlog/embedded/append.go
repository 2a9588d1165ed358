package embedded

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"

	"satudata/ingest/event"
	"satudata/ingest/eventlog"
)

// inlineMax is the longest stored record that shares pages with its neighbours. bbolt rewrites the
// last page of a bucket at every append, so longer records are kept out of it.
const inlineMax = 2 << 10

// batch is one append on its way into the file.
type batch struct {
	topic     string
	keys      []string
	bodies    []*[]byte   // encoded, not sealed
	times     []time.Time // when another log took them; nil: now
	positions []eventlog.Position
	tail      []kept // for the tail, of a log that has one
	err       error  // err and done are guarded by Log.committing
	done      bool
}

// Append implements [eventlog.Log].
func (l *Log) Append(ctx context.Context, topic string, msgs ...event.Message) ([]eventlog.Position, error) {
	if err := l.enter(ctx); err != nil {
		return nil, fmt.Errorf("append to topic %s: %w", topic, err)
	}
	defer l.running.RUnlock()
	if err := eventlog.CheckTopic(topic); err != nil {
		return nil, err
	}
	if len(msgs) == 0 {
		return nil, nil
	}
	b, err := l.encode(topic, msgs)
	defer b.release(l.codec)
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = l.commit(b)
	}
	if err != nil {
		return nil, fmt.Errorf("append to topic %s: %w", topic, err)
	}
	return b.positions, nil
}

// encode encodes msgs on as many processors as there are: compression takes longer than storing.
func (l *Log) encode(topic string, msgs []event.Message) (*batch, error) {
	b := &batch{topic: topic, keys: make([]string, len(msgs)), bodies: make([]*[]byte, len(msgs))}
	errs := make([]error, len(msgs))
	if l.tail != nil && topic != eventlog.CatalogTopic { // facts are few, and read by many
		b.tail = make([]kept, len(msgs))
	}
	var next atomic.Int64
	work := func() {
		for i := int(next.Add(1)) - 1; i < len(msgs); i = int(next.Add(1)) - 1 {
			b.keys[i] = msgs[i].Key
			b.bodies[i], errs[i] = l.codec.encode(msgs[i])
			if b.tail != nil && errs[i] == nil {
				b.tail[i].payload, b.tail[i].valueLen = payloadOf(msgs[i]), len(msgs[i].Value)
			}
		}
	}
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(msgs)) - 1 {
		wg.Go(work)
	}
	work()
	wg.Wait()
	return b, errors.Join(errs...)
}

// release gives back the memory of the encoded messages. No commit may be using it.
func (b *batch) release(c *codec) {
	for _, body := range b.bodies {
		c.release(body)
	}
	b.bodies = nil
}

// commit stores b, together with every other append that is waiting. Once begun it is finished: it
// looks at no context.
func (l *Log) commit(b *batch) error {
	l.mu.Lock()
	l.waiting = append(l.waiting, b)
	l.mu.Unlock()

	l.committing.Lock()
	defer l.committing.Unlock()
	if b.done { // the append that held the lock took it along
		return b.err
	}
	l.mu.Lock()
	group := l.waiting
	l.waiting = nil
	l.mu.Unlock()

	start := l.o.Now()
	err := l.update(func(tx *bolt.Tx) error {
		for _, b := range group {
			if err := l.store(tx, b); err != nil {
				return err
			}
		}
		return nil
	})
	for _, b := range group {
		b.err, b.done = err, true
		if err == nil && b.tail != nil {
			l.tail.add(b.tail)
		}
	}
	l.o.Logger.Debug("event log committed", "appends", len(group), "took", l.o.Now().Sub(start))
	return err
}

// store puts the messages of b at the ends of their partitions.
func (l *Log) store(tx *bolt.Tx, b *batch) error {
	topic, err := createTopic(tx, b.topic, l.o.Partitions)
	if err != nil {
		return err
	}
	n, now := partitions(topic), l.o.Now()
	b.positions = make([]eventlog.Position, len(b.bodies))
	for i, body := range b.bodies {
		if b.times != nil {
			now = b.times[i]
		}
		at := place{topic: b.topic, partition: eventlog.PartitionOf(b.keys[i], n)}
		p := topic.Bucket(partitionKey(at.partition))
		if at.offset, err = nextOffset(p, at); err != nil {
			return err
		}
		if err := put(p, at.offset, seal(*body, at, now)); err != nil {
			return err
		}
		b.positions[i] = eventlog.Position{Partition: at.partition, Offset: at.offset}
		if b.tail != nil {
			b.tail[i].at, b.tail[i].time = at, time.Unix(0, now.UnixNano()).UTC()
		}
	}
	return nil
}

// put stores a sealed record as the last of its partition.
func put(p *bolt.Bucket, offset int64, record []byte) error {
	p.FillPercent = 1 // keys only ever grow, so full pages are never split again
	key := offsetKey(offset)
	if len(record) > inlineMax {
		own, err := p.CreateBucket(key)
		if err != nil {
			return err
		}
		if err := own.Put(valueKey, record); err != nil {
			return err
		}
	} else if err := p.Put(key, record); err != nil {
		return err
	}
	return p.SetSequence(uint64(offset) + 1)
}
