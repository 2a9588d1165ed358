package eventlog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"satudata/ingest/event"
)

// Importer is a log that takes records with the times at which another log took them, so that moments
// mean the same in both.
type Importer interface {
	Log
	Creator
	// Import is Append for records; their offsets are not kept.
	Import(ctx context.Context, topic string, records ...Record) error
}

// Extraction says what Extract takes over.
type Extraction struct {
	Until      time.Time // records that the source took before this; zero: all
	Partitions int       // of the topics in the destination; 0: as many as in the source
	Progress   func(topic string, copied int64)
}

// Extract copies what a log held at a moment into an empty one: of each partition the records before
// the first that is not of before Until. What has one key keeps its order, whatever the number of
// partitions; offsets are not kept, so no position in the source means anything in the destination,
// and those that facts mention are left out.
//
// The source may be written to meanwhile. The facts are copied first, and of what comes after them
// only chunks of deliveries that they know: else a source that goes on in the destination would
// number other chunks as these are numbered.
//
// It returns ErrDiffers when the destination holds anything, and the errors of Log.
func Extract(ctx context.Context, dst Importer, src Log, x Extraction) error {
	there, err := dst.Topics(ctx)
	if err != nil {
		return fmt.Errorf("extract log: %w", err)
	}
	if len(there) > 0 {
		return fmt.Errorf("extract log: %w: it is not empty", ErrDiffers)
	}
	e := extractor{Extraction: x, dst: dst, src: src, opened: map[string]bool{}}
	if err := e.run(ctx); err != nil {
		return fmt.Errorf("extract log: %w", err)
	}
	return nil
}

type extractor struct {
	Extraction
	dst    Importer
	src    Log
	opened map[string]bool // deliveries
}

func (e *extractor) run(ctx context.Context) error {
	topics, err := e.src.Topics(ctx)
	if err != nil {
		return err
	}
	before := map[string][]Range{}
	for _, topic := range topics {
		if before[topic], err = e.src.Ranges(ctx, topic); err != nil {
			return err
		}
	}
	if ranges, ok := before[CatalogTopic]; ok {
		if err := e.topic(ctx, CatalogTopic, ranges, e.fact); err != nil {
			return err
		}
	}
	for _, topic := range topics {
		if topic == CatalogTopic {
			continue
		}
		now, err := e.src.Ranges(ctx, topic)
		if err != nil {
			return err
		}
		err = e.topic(ctx, topic, now, func(partition int, r *Record) (bool, error) {
			late := partition >= len(before[topic]) || r.Offset >= before[topic][partition].Next
			return !late || e.opened[r.Message.Header("ce_delivery")], nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// fact notes which deliveries are known. Offsets in it would be those of the source.
func (e *extractor) fact(_ int, r *Record) (bool, error) {
	if r.Message.Header("ce_type") != (event.DeliveryOpened{}).FactType() {
		return true, nil
	}
	f, err := event.ParseFact(r.Message)
	if errors.Is(err, event.ErrMalformed) {
		return true, nil // it is as good there as here
	}
	if err != nil {
		return false, err
	}
	e.opened[f.Body.(event.DeliveryOpened).Delivery.String()] = true
	var fields map[string]json.RawMessage // also those of a newer program
	if err := json.Unmarshal(r.Message.Value, &fields); err != nil {
		return false, err
	}
	fields["offsets"] = json.RawMessage(`{}`)
	r.Message.Value, err = json.Marshal(fields)
	return true, err
}

// topic copies the records of a topic that take lets through.
func (e *extractor) topic(ctx context.Context, topic string, ranges []Range, take func(partition int, r *Record) (bool, error)) error {
	n := e.Partitions
	if n == 0 || topic == CatalogTopic {
		n = len(ranges)
	}
	if err := e.dst.Create(ctx, topic, n); err != nil {
		return err
	}
	copied := int64(0)
	for _, rng := range ranges {
		src := reader{log: e.src, topic: topic, partition: rng.Partition, next: rng.First, end: rng.Next}
		if err := e.partition(ctx, topic, &src, take, &copied); err != nil {
			return fmt.Errorf("topic %s partition %d: %w", topic, rng.Partition, err)
		}
	}
	if e.Progress != nil {
		e.Progress(topic, copied)
	}
	return nil
}

func (e *extractor) partition(ctx context.Context, topic string, src *reader, take func(partition int, r *Record) (bool, error), copied *int64) error {
	var batch []Record
	size := 0
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		*copied += int64(len(batch))
		err := e.dst.Import(ctx, topic, batch...)
		clear(batch) // let go of the values
		batch, size = batch[:0], 0
		return err
	}
	for {
		r, err := src.read(ctx)
		if err != nil {
			return err
		}
		if r == nil || !e.Until.IsZero() && !r.Time.Before(e.Until) {
			return flush()
		}
		record := *r
		ok, err := take(src.partition, &record)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		batch = append(batch, record)
		if size += len(record.Message.Value); size >= copyBytes {
			if err := flush(); err != nil {
				return err
			}
		}
	}
}
