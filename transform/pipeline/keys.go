package pipeline

import (
	"context"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"satudata/ingest/event"
	"satudata/transform/quality"
)

// maxDeliveries is how many deliveries under way keep their keys in memory between batches. Those of
// more are read back from the history when they go on.
const maxDeliveries = 64

// trimKeys forgets keys before a batch, never within one: keys of the batch are not in the history yet.
func (w *Worker) trimKeys() {
	if len(w.keys) > maxDeliveries {
		clear(w.keys)
	}
}

// checkKeys rejects the observations whose key the delivery had before. What it had before is what
// landed of it, so the verdict is the same however often the range is tried.
func (w *Worker) checkKeys(ctx context.Context, d decoded, b *batch) error {
	if len(d.plan.Key) == 0 || d.chunk.Op == event.Delete {
		return nil
	}
	keys := w.keys[d.chunk.Delivery]
	if keys == nil {
		keys = quality.NewKeys(d.plan)
		err := w.o.Lake.Keys(ctx, d.chunk.Dataset, d.chunk.Delivery, func(key []arrow.Array, rows *array.Int64) error {
			return keys.Load(key, rows)
		})
		if err != nil {
			return err
		}
		// Positions only grow, so what was read is what had landed before the batch.
		if err := w.unmoved(ctx, b.dataset, b.partition, b.from); err != nil {
			return err
		}
		w.keys[d.chunk.Delivery] = keys
	}
	k := int64(d.plan.Observations())
	keys.Check(d.Record, func(obs int) int64 { return d.chunk.FirstRow + int64(obs)/k }, d.Verdicts)
	return nil
}
