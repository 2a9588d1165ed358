package pipeline

import (
	"context"
	"errors"
	"fmt"

	"satudata/ingest/event"
	"satudata/ingest/eventlog"
	"satudata/schemas"
	"satudata/transform/lake"
)

// batch is a range of offsets of one partition and the chunks in it that have not landed before.
type batch struct {
	dataset   string
	partition int
	from, to  int64
	plan      *schemas.Plan // of the first chunk: whose contract the tables must follow
	pieces    []piece
	streams   map[string]int64 // last number of each stream in the range
	bytes     int64            // payload
	weight    int              // payload and what the pieces take up beside it
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

// refuse rejects every piece of the batch as a whole: they are counted and shown, and the road goes on.
func (b *batch) refuse(why event.Sentence) {
	for i := range b.pieces {
		b.pieces[i].refuse = &why
	}
}

// next returns the offset from which a partition is to be landed, as far as we know.
func (w *Worker) next(dataset string, partition int) int64 {
	return w.at[dataset].Offsets[partition]
}

// forget makes the worker ask the table again where it is: somebody else has moved it.
func (w *Worker) forget(dataset string) {
	delete(w.at, dataset)
	clear(w.keys) // another worker may have landed rows of these deliveries
}

// locate fills in what the history table says.
func (w *Worker) locate(ctx context.Context, dataset string) error {
	if _, ok := w.at[dataset]; ok {
		return nil
	}
	at, err := w.o.Lake.Positions(ctx, dataset, lake.History)
	if errors.Is(err, lake.ErrNotFound) {
		at, err = lake.Positions{Offsets: map[int]int64{}, Streams: map[string]int64{}}, nil
	}
	if err == nil {
		w.at[dataset] = at
	}
	return err
}

// unplanned is how many batches of foreign messages are read at once in search of the first chunk.
const unplanned = 8

// pieceCost is what a piece takes up beside its payload, so that many small ones are a full batch too.
const pieceCost = 1 << 10

// read takes the next batch of a partition off the log. It ends before a chunk of another contract
// version, because a batch is one file of one schema, and it is nil at the end of the partition.
func (w *Worker) read(ctx context.Context, dataset string, rng eventlog.Range) (*batch, error) {
	at := w.at[dataset]
	from, landed := at.Offsets[rng.Partition]
	if from < rng.First {
		if landed {
			return nil, fmt.Errorf("%w: landed up to offset %d, the log begins at %d", eventlog.ErrExpired, from, rng.First)
		}
		from = rng.First
	}
	b := &batch{dataset: dataset, partition: rng.Partition, from: from, to: from, streams: map[string]int64{}}
	full := func() bool {
		if b.plan == nil && len(at.Offsets) == 0 { // no tables yet, and nothing that says what they are like: look further
			return b.weight >= unplanned*w.o.BatchBytes
		}
		return b.weight >= w.o.BatchBytes
	}
	for !full() {
		records, err := w.o.Log.Read(ctx, dataset, rng.Partition, b.to, w.o.BatchBytes)
		if err != nil {
			return nil, err
		}
		if len(records) == 0 {
			break
		}
		for _, rec := range records {
			p, err := w.piece(ctx, dataset, rec)
			if err != nil {
				return nil, err
			}
			if b.plan != nil && p.plan != nil && p.plan.Contract.Version != b.plan.Contract.Version {
				return b, nil
			}
			if b.add(p, at); full() {
				return b, nil
			}
		}
	}
	if b.to == b.from {
		return nil, nil
	}
	return b, nil
}

// add takes p into the batch, unless it is a copy of a chunk that has landed or is in the batch.
func (b *batch) add(p piece, at lake.Positions) {
	b.to = p.offset + 1
	b.bytes += int64(len(p.chunk.Data))
	b.weight += len(p.chunk.Data) + pieceCost
	if s := p.chunk.Stream; s != "" {
		if p.chunk.Seq <= max(at.Streams[s], b.streams[s]) {
			return
		}
		b.streams[s] = p.chunk.Seq
	}
	if b.plan == nil {
		b.plan = p.plan
	}
	b.pieces = append(b.pieces, p)
}

// piece decodes the envelope of a log record and finds its plan. What has none is rejected as a
// whole, so that it is counted and shown instead of stopping the road; trouble in reaching the
// catalog is an error.
func (w *Worker) piece(ctx context.Context, topic string, rec eventlog.Record) (piece, error) {
	p := piece{offset: rec.Offset}
	c, err := event.ParseChunk(rec.Message)
	if err != nil {
		p.chunk = event.Chunk{Time: rec.Time, Rows: 1, Op: event.Upsert, Data: rec.Message.Value}
		p.refuse = &event.Sentence{
			ID: "pesan di log bukan potongan data satudata: " + err.Error(),
			EN: "the message in the log is not a satudata chunk: " + err.Error(),
		}
		return p, nil
	}
	p.chunk = c
	if c.Dataset != topic {
		p.refuse = &event.Sentence{
			ID: fmt.Sprintf("potongan data untuk %s ada di topik %s", c.Dataset, topic),
			EN: fmt.Sprintf("a chunk for %s is in the topic %s", c.Dataset, topic),
		}
		return p, nil
	}
	p.plan, err = w.plans.of(ctx, c)
	var unusable *unusablePlan
	if errors.As(err, &unusable) {
		p.refuse = &event.Sentence{
			ID: fmt.Sprintf("kontrak %s@%s dengan binding %s tidak dapat dipakai: %v", c.Dataset, c.Contract, c.Binding, unusable.err),
			EN: fmt.Sprintf("contract %s@%s with binding %s cannot be used: %v", c.Dataset, c.Contract, c.Binding, unusable.err),
		}
		err = nil
	}
	return p, err
}

// unmoved says that the history is still where a batch begins. When it is not, what we know of keys
// is not what the batch would be judged by, and its files would replace those of another worker.
func (w *Worker) unmoved(ctx context.Context, dataset string, partition int, from int64) error {
	at, err := w.o.Lake.Positions(ctx, dataset, lake.History)
	if errors.Is(err, lake.ErrNotFound) {
		return nil
	}
	if next, ok := at.Offsets[partition]; err == nil && ok && next != from {
		err = fmt.Errorf("%w: partition %d is at %d, not at %d", lake.ErrMoved, partition, next, from)
	}
	return err
}
