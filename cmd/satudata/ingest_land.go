package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"satudata/ingest/event"
	"satudata/ingest/eventlog"
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
		worker, err := w.worker(p, sum)
		if err != nil {
			return err
		}
		log := &telling{Log: p.log, every: int64(w.cfg.Lake.BatchBytes) / 2, more: make(chan struct{}, 1)}
		p.log = log
		reading, end := context.WithCancel(ctx)
		defer end()
		var readErr, landErr error
		var both sync.WaitGroup
		both.Go(func() {
			defer close(log.more)
			readErr = read(reading, p)
		})
		both.Go(func() {
			defer end()
			landErr = worker.Follow(ctx, log.more)
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

// telling is a log that tells when there is enough to land for a file of good size.
type telling struct {
	eventlog.Log
	every int64 // bytes
	held  atomic.Int64
	more  chan struct{}
}

// Append implements [eventlog.Log].
func (t *telling) Append(ctx context.Context, topic string, msgs ...event.Message) ([]eventlog.Position, error) {
	at, err := t.Log.Append(ctx, topic, msgs...)
	if err != nil || topic == eventlog.CatalogTopic {
		return at, err
	}
	var n int64
	for _, m := range msgs {
		n += int64(len(m.Value))
	}
	if t.held.Add(n) < t.every {
		return at, nil
	}
	t.held.Store(0)
	select {
	case t.more <- struct{}{}:
	default: // it has been told and has not looked yet
	}
	return at, nil
}
