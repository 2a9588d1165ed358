package main

import (
	"context"

	"satudata/ingest/source"
	"satudata/ingest/source/file"
)

// early is a source whose first delivery is inspected from the start, while the log and the tables are
// still being opened: that mostly waits for the disk.
type early struct {
	*file.Source
	cancel context.CancelFunc
	first  chan offer // nil once it was taken
}

// offer is what a source answered.
type offer struct {
	delivery source.Delivery
	err      error
}

// begin opens the source of a feed and inspects its first delivery. A source that cannot be opened is
// left for when its turn comes.
func (f feed) begin(ctx context.Context) *early {
	src, err := f.open(false)
	if err != nil {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	e := &early{Source: src, cancel: cancel, first: make(chan offer, 1)}
	first := e.first
	go func() {
		d, err := src.Next(ctx)
		first <- offer{d, err}
	}()
	return e
}

// Next implements [source.Source].
func (e *early) Next(ctx context.Context) (source.Delivery, error) {
	if e.first == nil {
		return e.Source.Next(ctx)
	}
	select {
	case o := <-e.first:
		e.first = nil
		return o.delivery, o.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Close implements [source.Source]. It may be called twice.
func (e *early) Close() error {
	e.cancel()
	if e.first != nil {
		<-e.first // the source closes what it was
		e.first = nil
	}
	return e.Source.Close()
}
