package pipeline

import (
	"context"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/google/uuid"

	"satudata/ingest/event"
	"satudata/transform/quality"
)

// maxDeliveries is how many deliveries under way keep their keys in memory between batches. Those of
// more are read back from the history when they go on.
const maxDeliveries = 64

// heldKeys are the keys of a delivery under way.
type heldKeys struct {
	*quality.Keys
	bytes int64 // of memory, as they were last counted
}

// trimKeys forgets keys before a batch, never within one: keys of the batch are not in the history
// yet, nor are those of the one before while it is in flight.
func (l *land) trimKeys(ctx context.Context, before *output) error {
	l.mu.Lock()
	many := len(l.keys) > maxDeliveries
	l.mu.Unlock()
	if !many {
		return nil
	}
	if err := before.landedWhole(ctx); err != nil {
		return err
	}
	l.dropKeys()
	return nil
}

// decided forgets the keys of a delivery that is whole.
func (l *land) decided(delivery uuid.UUID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.drop(delivery)
}

// drop forgets keys; files that some of them are in are closed with the memory.
func (l *land) drop(delivery uuid.UUID) {
	if k := l.keys[delivery]; k != nil {
		l.w.keyed.Add(-k.bytes)
		delete(l.keys, delivery)
	}
}

func (l *land) dropKeys() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for delivery := range l.keys {
		l.drop(delivery)
	}
}

// checkKeys rejects the observations whose key the delivery had before. What it had before is what
// comes before in the log, so the verdict is the same however often the range is tried.
func (l *land) checkKeys(ctx context.Context, d *decoded, o *output) error {
	if d.Result == nil || len(d.pieces[0].plan.Key) == 0 || d.pieces[0].chunk.Op == event.Delete {
		return nil
	}
	var keys *heldKeys
	var of uuid.UUID
	used := map[uuid.UUID]*heldKeys{}
	var at part
	sourceRow := func(obs int) int64 { return at.sourceRow(obs) }
	err := d.parts(func(p part) error {
		at = p
		if delivery := p.chunk.Delivery; keys == nil || of != delivery {
			var err error
			if keys, err = l.keysOf(ctx, p.piece, o); err != nil {
				return err
			}
			of, used[delivery] = delivery, keys
		}
		return keys.CheckRange(d.Record, p.from, p.to, sourceRow, d.Verdicts)
	})
	for delivery, keys := range used {
		if err == nil {
			err = l.count(delivery, keys)
		}
	}
	return err
}

// count notes how much memory keys take up, and moves them to disk when that is too much for all.
func (l *land) count(delivery uuid.UUID, keys *heldKeys) error {
	here, moved := keys.Bytes()
	if l.w.keyed.Load()-keys.bytes+here+moved > l.w.o.KeyBytes && here > l.w.o.KeyBytes/16 {
		dir, err := l.w.o.Lake.SpillDir()
		if err != nil {
			return err
		}
		if err := keys.Spill(dir, l.w.o.KeyBytes/2); err != nil {
			return fmt.Errorf("delivery %s: %w", delivery, err)
		}
		here, moved = keys.Bytes()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.keys[delivery] == keys { // else it was decided meanwhile
		l.w.keyed.Add(here + moved - keys.bytes)
		keys.bytes = here + moved
	}
	return nil
}

// keysOf are the keys of the delivery of p. Those of one that began before this worker knew it are
// read from the history, when that has all that came before. Of one that begins with p the history
// has nothing: the numbers of its chunks do not begin before that of p, and a chunk whose number has
// landed or is in flight is passed over as a copy.
func (l *land) keysOf(ctx context.Context, p *piece, o *output) (*heldKeys, error) {
	l.mu.Lock()
	keys := l.keys[p.chunk.Delivery]
	l.mu.Unlock()
	if keys != nil {
		return keys, nil
	}
	first, records, err := l.w.o.Governance.Began(ctx, p.chunk.Delivery)
	if err != nil {
		return nil, err
	}
	keys = &heldKeys{Keys: quality.NewKeys(p.plan)}
	keys.Expect(records*int64(p.plan.Observations()), l.w.o.KeyBytes*3/4-l.w.keyed.Load())
	if p.chunk.Stream != "" && p.chunk.Seq == first {
		return l.know(p.chunk.Delivery, keys), nil
	}
	if err := o.before.landedWhole(ctx); err != nil {
		return nil, err
	}
	err = l.w.o.Lake.Keys(ctx, l.dataset, p.chunk.Delivery, func(key []arrow.Array, rows *array.Int64) error {
		if err := keys.Load(key, rows); err != nil {
			return err
		}
		return l.count(p.chunk.Delivery, keys)
	})
	if err != nil {
		return nil, err
	}
	// Positions only grow, so what was read is what had landed before the batch.
	if err := l.unmoved(ctx, o.batch.partition, o.batch.from); err != nil {
		return nil, err
	}
	return l.know(p.chunk.Delivery, keys), nil
}

// know keeps the keys of a delivery until it is decided. What they take up counts at once: the next
// delivery may be of the same run.
func (l *land) know(delivery uuid.UUID, keys *heldKeys) *heldKeys {
	here, moved := keys.Bytes()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.keys[delivery], keys.bytes = keys, here+moved
	l.w.keyed.Add(keys.bytes)
	return keys
}
