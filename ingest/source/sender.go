package source

import (
	"context"
	"errors"
	"fmt"
	"io"

	"satudata/ingest/event"
	"satudata/ingest/trace"
)

// How much is appended to the log at a time, as each append waits for the disk or for the other
// brokers. Chunks count too: of a file with many gaps they can be of one record, and then their
// headers are most of what they weigh.
const (
	groupBytes  = 4 << 20
	groupChunks = 1024
)

// sender turns batches into chunks and appends them in groups, reading the next group while the
// one before is on its way.
type sender struct {
	*runner
	trace   string // context of the delivery's span
	open    event.DeliveryOpened
	ids     *event.IDs
	stored  stored // what the log holds, group by group
	records int64  // appended by this sender
	bytes   int64
	flight  chan error // the append under way, nil for none
	landing group      // what it carries
}

// group is chunks that are appended together.
type group struct {
	chunks  []event.Chunk
	data    []byte // of the chunks, one behind the other
	records int64
	bytes   int64
}

func (g *group) reset() { *g = group{chunks: g.chunks[:0], data: g.data[:0]} }

// read reads a batch of d behind the data. A batch's own is valid only until the next one is read.
func (g *group) read(ctx context.Context, d Delivery) (b Batch, err error) {
	if a, ok := d.(Appender); ok {
		g.data, b, err = a.AppendBatch(ctx, g.data)
		return b, err
	}
	if b, err = d.Read(ctx); err == nil {
		g.data = append(g.data, b.Data...)
	}
	return b, err
}

// add adds a chunk, whose data is in place.
func (g *group) add(c event.Chunk, b Batch) {
	g.chunks = append(g.chunks, c)
	g.records += int64(b.Rows)
	g.bytes += b.Bytes
}

// messages encodes the chunks.
func (g *group) messages() []event.Message {
	out, at := make([]event.Message, len(g.chunks)), 0
	for i, c := range g.chunks {
		n := len(c.Data)
		c.Data = g.data[at : at+n : at+n]
		out[i] = c.Message()
		at += n
	}
	return out
}

// send appends what d has left. When it returns, no append is under way.
func (s *sender) send(ctx context.Context, d Delivery) (err error) {
	defer func() {
		if werr := s.wait(); err == nil {
			err = werr
		}
	}()
	var g group
	seq := s.stored.lastSeq
	for {
		g.reset()
		for len(g.data) < groupBytes && len(g.chunks) < groupChunks && err == nil {
			var b Batch
			if b, err = g.read(ctx, d); err == nil {
				seq++
				g.add(s.chunk(b, seq), b)
			}
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if werr := s.wait(); werr != nil {
			return werr
		}
		if len(g.chunks) > 0 {
			g, s.landing = s.landing, g
			s.start(ctx)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
	}
}

// chunk makes the envelope of a batch. Its Data is the batch's, until the group lays it out.
func (s *sender) chunk(b Batch, seq int64) event.Chunk {
	return event.Chunk{
		ID: s.ids.Next(), Source: s.open.Source, Subject: s.open.Subject, Time: s.o.Now(), ContentType: b.ContentType,
		Dataset: s.open.Dataset, Contract: s.open.Contract, Binding: s.open.Binding, Delivery: s.open.Delivery,
		Stream: s.open.Stream, Seq: seq, FirstRow: b.FirstRow, Rows: b.Rows, Op: b.Op, Trace: s.trace, Data: b.Data,
	}
}

// start appends the landing group.
func (s *sender) start(ctx context.Context) {
	s.flight = make(chan error, 1)
	go func() {
		ctx, cancel := finishing(ctx)
		defer cancel()
		ctx, span := s.o.Tracer.Start(ctx, "append", trace.Int("chunks", int64(len(s.landing.chunks))),
			trace.Int("records", s.landing.records), trace.Int("bytes", int64(len(s.landing.data))))
		_, err := s.o.Log.Append(ctx, s.open.Dataset, s.landing.messages()...)
		span.End(err)
		s.flight <- err
	}()
}

// wait waits for the append under way and counts what it carried.
func (s *sender) wait() error {
	if s.flight == nil {
		return nil
	}
	err := <-s.flight
	s.flight = nil
	if err != nil {
		return fmt.Errorf("append %d chunks: %w", len(s.landing.chunks), err)
	}
	first, last := s.landing.chunks[0], s.landing.chunks[len(s.landing.chunks)-1]
	if s.stored.chunks == 0 {
		s.stored.firstID = first.ID
	}
	s.stored.chunks += int64(len(s.landing.chunks))
	s.stored.records += s.landing.records
	s.stored.lastSeq, s.stored.lastID = last.Seq, last.ID
	s.records += s.landing.records
	s.bytes += s.landing.bytes
	s.o.Progress.Advance(s.landing.records, s.landing.bytes)
	return nil
}
