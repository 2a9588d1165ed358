package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"satudata/ingest/event"
	"satudata/ingest/eventlog"
	"satudata/schemas"
	"satudata/transform/lake"
	"satudata/transform/normalize"
)

// batch is a range of offsets of one partition and the chunks in it that have not landed before. It
// is written while it is still being read.
type batch struct {
	dataset   string
	partition int
	from      int64
	plan      *schemas.Plan   // of the first chunk: whose contract the tables must follow
	runs      chan []piece    // closed at the end
	refuse    *event.Sentence // why all of it is rejected: it is counted and shown, and the road goes on
	watch     *stopwatch

	// What follows is for the reader, and for others once runs is closed.
	to      int64
	streams map[string]int64 // last number of each stream in the range
	bytes   int64            // payload
	weight  int              // payload and what the pieces take up beside it
}

// piece is one log record of a batch.
type piece struct {
	offset int64
	chunk  event.Chunk
	plan   *schemas.Plan
	refuse *event.Sentence // why the whole chunk is rejected, when it has no plan
}

// name identifies the range and what is made of it: the same offsets always hold the same records.
func (b *batch) name() string {
	return fmt.Sprintf("%s/%d/%d-%d", b.dataset, b.partition, b.from, b.to)
}

// start names where the batch begins, while nobody knows yet where it will end.
func (b *batch) start() string {
	return fmt.Sprintf("%s/%d/%d", b.dataset, b.partition, b.from)
}

// Bounds of reading.
const (
	unplanned = 8       // how many batches of foreign messages are read at once in search of the first chunk
	pieceCost = 128     // what a piece weighs beside its payload, so that many small ones are a full batch too
	readBytes = 4 << 20 // payload that is asked of the log at a time
)

// reading cuts a partition into batches, from where its history is to the end of a range, which moves
// on while the worker follows what is appended.
type reading struct {
	*land
	rng eventlog.Range
	at  lake.Positions // with what was read
	out chan<- *batch

	b       *batch
	batches int       // begun so far
	handed  bool      // b was handed on
	ended   bool      // b is as it will be
	waiting [][]piece // of b, until it is handed on
	run     []piece   // being gathered
	size    int       // payload of run
	parser  event.Parser
	others  elsewhere
	last    piece // whose plan the next chunk most likely has
}

// read reads batches until the end of the range. After an error what was read before is handed on.
func (r *reading) read(ctx context.Context) error {
	from, landed := r.at.Offsets[r.rng.Partition]
	if from < r.rng.First {
		if landed {
			return fmt.Errorf("%w: sudah mendarat sampai %d, tetapi log baru mulai di %d: yang di antaranya terhapus sebelum mendarat; perpanjang log.kafka.retention, dan minta OPD mengirim ulang "+
				"(landed up to %d, and the log begins at %d: what is between was removed before it landed; lengthen log.kafka.retention, and have it delivered again)",
				eventlog.ErrExpired, from, r.rng.First, from, r.rng.First)
		}
		from = r.rng.First
	}
	if from > r.rng.Next {
		return r.within(ctx, r.rng.Partition, from)
	}
	r.begin(from)
	for {
		var records []eventlog.Record
		var err error
		if r.b.to >= r.rng.Next && r.batches <= aheadBatches {
			if r.rng, err = r.w.grown(ctx, r.dataset, r.rng); err != nil {
				return errors.Join(err, r.end(ctx))
			}
		}
		if r.b.to < r.rng.Next {
			err = r.b.watch.time(&r.b.watch.read, func() error {
				records, err = r.w.o.Log.Read(ctx, r.dataset, r.rng.Partition, r.b.to, min(readBytes, r.w.o.BatchBytes))
				return err
			})
		}
		for _, rec := range records {
			if err = r.take(ctx, &rec); err != nil {
				break
			}
		}
		if err != nil || len(records) == 0 {
			return errors.Join(err, r.end(ctx))
		}
		if err := r.flush(ctx); err != nil {
			return errors.Join(err, r.end(ctx)) // whoever writes the batch waits for its end
		}
	}
}

func (r *reading) begin(from int64) {
	r.b = &batch{dataset: r.dataset, partition: r.rng.Partition, from: from, to: from, streams: map[string]int64{}, runs: make(chan []piece, 4),
		watch: &stopwatch{tracer: r.w.o.Tracer, begun: time.Now()}}
	r.batches++
	r.handed, r.ended, r.waiting = false, false, nil
}

// take adds a record to the batch. The batch ends when it is full, and before a chunk of another
// contract version, because it is one file of one schema.
func (r *reading) take(ctx context.Context, rec *eventlog.Record) error {
	p, err := r.piece(ctx, rec)
	if err == nil {
		err = r.inTurn(ctx, &p.chunk)
	}
	if err != nil {
		return err
	}
	if r.b.plan != nil && p.plan != nil && p.plan.Contract.Version != r.b.plan.Contract.Version {
		if err := r.next(ctx); err != nil {
			return err
		}
	}
	if err := r.add(ctx, &p); err != nil {
		return err
	}
	most := r.w.o.BatchBytes
	if r.b.plan == nil && len(r.at.Offsets) == 0 { // no tables yet, and nothing that says what they are like: look further
		most *= unplanned
	}
	if r.b.weight >= most {
		return r.next(ctx)
	}
	return nil
}

// next ends the batch and begins another.
func (r *reading) next(ctx context.Context) error {
	to := r.b.to
	if err := r.end(ctx); err != nil {
		return err
	}
	r.begin(to)
	return nil
}

// add takes p into the batch, unless it is a copy of a chunk that has landed or is in the batch.
func (r *reading) add(ctx context.Context, p *piece) error {
	b := r.b
	b.to = p.offset + 1
	b.bytes += int64(len(p.chunk.Data))
	b.weight += len(p.chunk.Data) + pieceCost
	if s := p.chunk.Stream; s != "" {
		if p.chunk.Seq <= r.at.Streams[s] {
			return nil
		}
		b.streams[s], r.at.Streams[s] = p.chunk.Seq, p.chunk.Seq
	}
	if b.plan == nil {
		b.plan = p.plan
	}
	if !r.joins(p) {
		if err := r.flush(ctx); err != nil {
			return err
		}
	}
	r.run = append(r.run, *p)
	r.size += len(p.chunk.Data)
	return nil
}

// Bounds of what is decoded as one: small enough to stay in the processor's cache.
const (
	maxJoinedRows  = 4 << 10
	maxJoinedBytes = 512 << 10
)

// joins says whether p may be decoded together with the run that is being gathered.
func (r *reading) joins(p *piece) bool {
	if len(r.run) == 0 {
		return true
	}
	q := &r.run[0]
	return p.plan != nil && p.plan == q.plan && p.chunk.Op == q.chunk.Op && p.chunk.ContentType == q.chunk.ContentType &&
		len(r.run)*p.plan.Observations() < maxJoinedRows && r.size+len(p.chunk.Data) <= maxJoinedBytes &&
		p.chunk.Rows <= maxJoinedRows/p.plan.Observations() && (len(r.run) > 1 || normalize.Joins(q.chunk)) && normalize.Joins(p.chunk)
}

// flush hands on the run that was gathered. A batch of which no plan is known waits.
func (r *reading) flush(ctx context.Context) error {
	if len(r.run) > 0 {
		r.waiting = append(r.waiting, r.run)
		r.run, r.size = r.spareRun(len(r.run)), 0 // most likely the next is as long
	}
	if r.b.plan == nil {
		return nil
	}
	return r.handOn(ctx)
}

// handOn gives what waits to the writer.
func (r *reading) handOn(ctx context.Context) error {
	if !r.handed {
		select {
		case r.out <- r.b:
		case <-ctx.Done():
			return ctx.Err()
		}
		r.handed = true
	}
	for _, run := range r.waiting {
		select {
		case r.b.runs <- run:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	r.waiting = r.waiting[:0]
	return nil
}

// end hands on the rest of the batch, if it holds anything. It does so once.
func (r *reading) end(ctx context.Context) error {
	if r.ended {
		return nil
	}
	r.ended = true
	defer close(r.b.runs)
	if r.b.to == r.b.from {
		return nil
	}
	if err := r.flush(ctx); err != nil {
		return err
	}
	if err := r.handOn(ctx); err != nil {
		return err
	}
	r.at.Offsets[r.b.partition] = r.b.to
	return nil
}

// piece decodes the envelope of a log record and finds its plan. What has none is rejected as a
// whole, so that it is counted and shown instead of stopping the road; trouble in reaching the
// catalog is an error.
func (r *reading) piece(ctx context.Context, rec *eventlog.Record) (piece, error) {
	p := piece{offset: rec.Offset}
	c, err := r.parser.Chunk(rec.Message)
	if err != nil {
		p.chunk = event.Chunk{Time: rec.Time, Rows: 1, Op: event.Upsert, Data: rec.Message.Value}
		p.refuse = &event.Sentence{
			ID: "pesan di log bukan potongan data satudata: " + err.Error(),
			EN: "the message in the log is not a satudata chunk: " + err.Error(),
		}
		return p, nil
	}
	p.chunk = c
	if c.Dataset != r.dataset {
		p.refuse = &event.Sentence{
			ID: fmt.Sprintf("potongan data untuk %s ada di topik %s", c.Dataset, r.dataset),
			EN: fmt.Sprintf("a chunk for %s is in the topic %s", c.Dataset, r.dataset),
		}
		return p, nil
	}
	if l := &r.last; l.plan != nil && l.chunk.Contract == c.Contract && l.chunk.Binding == c.Binding {
		p.plan = l.plan
		return p, nil
	}
	p.plan, err = r.w.plans.of(ctx, c)
	var unusable *unusablePlan
	if errors.As(err, &unusable) {
		p.refuse = &event.Sentence{
			ID: fmt.Sprintf("kontrak %s@%s dengan binding %s tidak dapat dipakai: %v", c.Dataset, c.Contract, c.Binding, unusable.err),
			EN: fmt.Sprintf("contract %s@%s with binding %s cannot be used: %v", c.Dataset, c.Contract, c.Binding, unusable.err),
		}
		err = nil
	}
	if err == nil {
		r.last = p
		r.last.chunk.Data = nil // no need to keep it
	}
	return p, err
}
