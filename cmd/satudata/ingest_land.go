package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"satudata/ingest/event"
	"satudata/ingest/eventlog"
	"satudata/transform/pipeline"
)

// whileLanding makes of a read that appends to the log one that at the same time lands what it appends:
//
//	read: sources → log        land: log → lake
//
// It ends when read has ended and all of it has landed and is decided. When read fails, what it had
// read is landed all the same; when the landing fails for good, read is ended.
func (w *workspace) whileLanding(r *reading, read func(context.Context, parts) error) func(context.Context, parts) error {
	out := r.out
	if r.quiet {
		out = io.Discard
	}
	return func(ctx context.Context, p parts) error {
		sum := &landings{commits: io.Discard, deliveries: out}
		log := &telling{Log: p.log, growth: pipeline.NewGrowth(), read: make(chan struct{}, 1)}
		p.log = log
		worker, err := w.worker(p, sum)
		if err != nil {
			return err
		}
		reading, end := context.WithCancel(ctx)
		defer end()
		var readErr, landErr error
		var both sync.WaitGroup
		both.Go(func() {
			defer log.growth.End()
			readErr = read(reading, p)
		})
		both.Go(func() {
			defer end()
			landErr = worker.Follow(ctx, log.growth, int64(w.cfg.Lake.BatchBytes)/4)
		})
		both.Wait()
		if landErr != nil {
			if errors.Is(readErr, context.Canceled) {
				readErr = nil // it was ended because of the landing
			}
			return errors.Join(readErr, landErr)
		}
		fmt.Fprintln(out, sum)
		return errors.Join(readErr, sum.verdict())
	}
}

// lines passes on whole writes, one at a time.
type lines struct {
	mu sync.Mutex // held while writing
	to io.Writer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.to.Write(b)
}

// tailBytes is what the embedded log holds in memory for a landing in the same process.
const tailBytes = 128 << 20

// How far reading may be ahead of landing: far enough for a disk that makes it wait, and no further, so
// that the two share the processors to the end, and the landing finds in memory what was appended.
// Reading waits for a landing that is slow, and goes on beside one that stands still.
const (
	maxAhead  = tailBytes / 4
	aheadWait = 2 * time.Second
)

// telling is a log that tells how it grows, and whose appends wait when landing falls behind.
type telling struct {
	eventlog.Log
	growth *pipeline.Growth
	ahead  atomic.Int64  // bytes that were appended and not read
	read   chan struct{} // told when something was read
}

// Read implements [eventlog.Log].
func (t *telling) Read(ctx context.Context, topic string, partition int, from int64, maxBytes int) ([]eventlog.Record, error) {
	records, err := t.Log.Read(ctx, topic, partition, from, maxBytes)
	if topic == eventlog.CatalogTopic {
		return records, err
	}
	var n int64
	for _, r := range records {
		n += int64(len(r.Message.Value))
	}
	t.ahead.Add(-n)
	select {
	case t.read <- struct{}{}:
	default:
	}
	return records, err
}

// wait waits while the landing is far behind and goes on.
func (t *telling) wait(ctx context.Context) {
	for t.ahead.Load() > maxAhead {
		select {
		case <-t.read:
		case <-ctx.Done():
			return
		case <-time.After(aheadWait):
			return
		}
	}
}

// Append implements [eventlog.Log].
func (t *telling) Append(ctx context.Context, topic string, msgs ...event.Message) ([]eventlog.Position, error) {
	if topic != eventlog.CatalogTopic {
		t.wait(ctx)
	}
	at, err := t.Log.Append(ctx, topic, msgs...)
	if err != nil || topic == eventlog.CatalogTopic {
		return at, err
	}
	var n int64
	for _, m := range msgs {
		n += int64(len(m.Value))
	}
	t.ahead.Add(n)
	t.growth.Add(topic, n)
	return at, nil
}
