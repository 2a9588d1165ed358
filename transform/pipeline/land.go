package pipeline

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"satudata/ingest/event"
	"satudata/ingest/eventlog"
	"satudata/ingest/trace"
	"satudata/transform/lake"
)

// land lands one dataset. Its partitions are landed one after the other, each by three stages: read,
// write (which decodes and checks) and commit.
type land struct {
	w       *Worker
	dataset string
	at      *lake.Positions // what the history table says, as of our last look; another worker may be further
	ended   map[int]int64   // where the log of a partition ended when nothing was left of it
	ensured string          // contract version that the tables follow, as far as we know

	spare sync.Pool // *[]piece, runs that were written

	mu   sync.Mutex // guards keys
	keys map[uuid.UUID]*heldKeys

	trouble   error     // of the last pass; guarded by w.mu
	heldUntil time.Time // after it
	pause     time.Duration
}

func newLand(w *Worker, dataset string) *land {
	return &land{w: w, dataset: dataset, ended: map[int]int64{}, keys: map[uuid.UUID]*heldKeys{}}
}

// forget makes the worker ask the table again where it is: somebody else has moved it, or what was
// made did not land.
func (l *land) forget() {
	l.at = nil
	clear(l.ended)
	l.dropKeys()
}

// close gives up what l holds.
func (l *land) close() { l.dropKeys() }

// pass lands the partitions to their ends. After trouble the next pass waits.
func (l *land) pass(ctx context.Context, assigned map[string][]int) (landed int, err error) {
	l.w.abreast.moved(l.dataset)
	defer l.w.abreast.ended(l.dataset)
	landed, err = l.partitions(ctx, assigned)
	if err == nil || ctx.Err() != nil {
		l.pause = 0
		l.w.hold(ctx, l, nil)
		return landed, err
	}
	l.w.hold(ctx, l, err)
	l.pause = min(max(2*l.pause, l.w.o.PollEvery), slowest)
	l.heldUntil = time.Now().Add(l.pause)
	return landed, err
}

// partitions lands the partitions, one after the other. Of those where a stream goes on it lands the rest
// when what comes before has landed.
func (l *land) partitions(ctx context.Context, assigned map[string][]int) (landed int, err error) {
	ranges, err := l.w.o.Log.Ranges(ctx, l.dataset)
	if err != nil {
		return 0, err
	}
	ranges = slices.DeleteFunc(ranges, func(r eventlog.Range) bool {
		return assigned != nil && !slices.Contains(assigned[l.dataset], r.Partition)
	})
	for {
		n, err := l.toEnds(ctx, ranges)
		landed += n
		if n == 0 || !errors.Is(err, errBehind) {
			return landed, err
		}
	}
}

// toEnds lands partitions to the ends of ranges.
func (l *land) toEnds(ctx context.Context, ranges []eventlog.Range) (landed int, err error) {
	var behind error
	for _, r := range ranges {
		n, err := l.toEnd(ctx, r)
		landed += n
		if errors.Is(err, errBehind) {
			behind = err
		} else if err != nil {
			return landed, err
		}
	}
	return landed, behind
}

// toEnd lands a partition to the end of r.
func (l *land) toEnd(ctx context.Context, r eventlog.Range) (landed int, err error) {
	if l.at != nil && l.at.Offsets[r.Partition] > r.Next {
		if err := l.within(ctx, r.Partition, l.at.Offsets[r.Partition]); err != nil {
			return 0, err
		}
	}
	for ctx.Err() == nil && l.more(r) {
		n, err := l.partition(ctx, r)
		landed += n
		if err != nil && !errors.Is(err, lake.ErrMoved) {
			return landed, fmt.Errorf("partition %d: %w", r.Partition, err)
		}
	}
	return landed, nil
}

// within is an error when a partition ends before the position up to which it has landed: what is
// written to it now would never land. It asks the log anew, for another worker may have landed what
// came since.
func (l *land) within(ctx context.Context, partition int, landed int64) error {
	ranges, err := l.w.o.Log.Ranges(ctx, l.dataset)
	if err != nil {
		return err
	}
	for _, r := range ranges {
		if r.Partition == partition && landed > r.Next {
			return fmt.Errorf("%w: partisi %d sudah mendarat sampai %d, tetapi log berakhir di %d: topik dihapus dan dibuat lagi, atau log dipulihkan dari cadangan lama; "+
				"kembalikan topik yang utuh, atau daratkan log ini ke ruang kerja baru "+
				"(partition %d has landed up to %d, and the log ends at %d: the topic was deleted and made again, or the log restored from an old backup; "+
				"bring the whole topic back, or land this log in a new workspace)",
				eventlog.ErrExpired, partition, landed, r.Next, partition, landed, r.Next)
		}
	}
	return nil
}

// more says whether a partition may hold what has not landed.
func (l *land) more(r eventlog.Range) bool {
	return l.ended[r.Partition] < r.Next && (l.at == nil || l.at.Offsets[r.Partition] < r.Next)
}

// locate fills in what the history table says.
func (l *land) locate(ctx context.Context) error {
	if l.at != nil {
		return nil
	}
	at, err := l.positions(ctx)
	if err == nil {
		l.at = &at
	}
	return err
}

// positions are what the history table says now.
func (l *land) positions(ctx context.Context) (lake.Positions, error) {
	at, err := l.w.o.Lake.Positions(ctx, l.dataset, lake.History)
	if errors.Is(err, lake.ErrNotFound) {
		return lake.Positions{Offsets: map[int]int64{}, Streams: map[string]int64{}}, nil
	}
	return at, err
}

// partition lands a partition from where the history is to the end of rng, and on while it grows, see
// [Worker.Follow]. lake.ErrMoved says that
// another worker was faster. Batches that were read before trouble with the log still land.
func (l *land) partition(ctx context.Context, rng eventlog.Range) (landed int, err error) {
	if err := l.locate(ctx); err != nil {
		return 0, err
	}
	at := lake.Positions{Offsets: maps.Clone(l.at.Offsets), Streams: maps.Clone(l.at.Streams)}
	batches, outputs := make(chan *batch), make(chan *output)
	in := reading{land: l, rng: rng, at: at, out: batches}
	var readErr error
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(batches)
		readErr = in.read(ctx)
		return nil
	})
	g.Go(func() error {
		defer close(outputs)
		return l.write(ctx, batches, outputs)
	})
	g.Go(func() error {
		for o := range outputs {
			if err := l.commit(ctx, o); err != nil {
				return err
			}
			landed++
		}
		return nil
	})
	err = g.Wait()
	if err != nil {
		l.forget()
	}
	if err == nil {
		err = readErr
	}
	if err == nil {
		l.ended[rng.Partition] = in.rng.Next
	}
	return landed, err
}

// write writes batches and hands them on to be committed.
func (l *land) write(ctx context.Context, batches <-chan *batch, outputs chan<- *output) error {
	var before *output // the one in flight
	for b := range batches {
		o, err := l.writeBatch(ctx, b, before)
		if err != nil {
			_, span := b.watch.span(ctx, b)
			span.End(err)
			return fmt.Errorf("land offsets from %d: %w", b.from, err)
		}
		select {
		case outputs <- o:
		case <-ctx.Done():
			o.abort()
			return ctx.Err()
		}
		before = o
	}
	return ctx.Err()
}

func (l *land) writeBatch(ctx context.Context, b *batch, before *output) (*output, error) {
	if before == nil { // else its commit tells
		if err := l.unmoved(ctx, b.partition, b.from); err != nil {
			return nil, err
		}
	}
	if err := l.ensure(ctx, b); err != nil {
		return nil, err
	}
	if err := l.trimKeys(ctx, before); err != nil {
		return nil, err
	}
	o, err := l.open(ctx, b, before)
	if err == nil {
		err = l.decode(ctx, b, o)
	}
	if err == nil {
		err = ctx.Err() // a batch that was read in part only may look whole
	}
	if err != nil && o != nil {
		o.abort()
	}
	return o, err
}

// commit commits what was written of a batch.
func (l *land) commit(ctx context.Context, o *output) (err error) {
	defer o.abort()
	b := o.batch
	ctx, span := b.watch.span(ctx, b)
	defer func() { span.End(err) }()
	b.watch.report(ctx, &o.landed)
	if err := l.timed(ctx, o); err != nil {
		return fmt.Errorf("land offsets %d to %d: %w", b.from, b.to, err)
	}
	l.at.Offsets[b.partition] = b.to
	for stream, seq := range b.streams {
		l.at.Streams[stream] = seq
	}
	close(o.committed)
	l.w.abreast.moved(l.dataset)
	span.Set(trace.Int("to", b.to), trace.Int("bytes", b.bytes), trace.Seconds("read_seconds", o.landed.Read), trace.Seconds("check_seconds", o.landed.Check))
	l.w.o.Logger.Debug("batch landed", "dataset", l.dataset, "partition", b.partition, "from", b.from, "to", b.to, "accepted", o.landed.Accepted, "rejected", o.landed.Rejected)
	o.landed.To, o.landed.Bytes = b.to, b.bytes
	l.w.tell.Lock()
	defer l.w.tell.Unlock()
	l.w.o.OnLanded(o.landed)
	return nil
}

// timed commits an output, under a span, and notes how long it took.
func (l *land) timed(ctx context.Context, o *output) error {
	ctx, span := l.w.o.Tracer.Start(ctx, "commit", trace.Int("accepted", o.landed.Accepted), trace.Int("rejected", o.landed.Rejected))
	err := o.batch.watch.time(&o.landed.Commit, func() error { return o.commit(ctx) })
	span.End(err)
	return err
}

// unmoved says that the history is still where a batch begins. When it is not, what we know of keys
// is not what the batch would be judged by, and its files would replace those of another worker.
func (l *land) unmoved(ctx context.Context, partition int, from int64) error {
	at, err := l.w.o.Lake.Positions(ctx, l.dataset, lake.History)
	if errors.Is(err, lake.ErrNotFound) {
		return nil
	}
	if next, ok := at.Offsets[partition]; err == nil && ok && next != from {
		err = fmt.Errorf("%w: partition %d is at %d, not at %d", lake.ErrMoved, partition, next, from)
	}
	return err
}

// ensure makes the tables follow the contract of the batch, by way of the versions before it: so a
// table has had the columns of each, and chunks of any of them find their place in whatever order
// they come.
func (l *land) ensure(ctx context.Context, b *batch) error {
	if b.plan == nil {
		return l.ensureAny(ctx)
	}
	version := b.plan.Contract.Version
	if l.ensured == version {
		return nil
	}
	registered, err := l.w.o.Governance.Versions(ctx, l.dataset)
	if err != nil {
		return err
	}
	for _, v := range registered {
		contract, err := l.w.plans.contract(ctx, l.dataset, v)
		if err != nil {
			return err
		}
		err = l.w.o.Lake.Ensure(ctx, l.dataset, contract.Fields(), contract.Key())
		switch {
		case errors.Is(err, lake.ErrIncompatible) && v == version:
			b.refuse = &event.Sentence{
				ID: fmt.Sprintf("tabel %s tidak dapat mengikuti kontrak versi %s: %v", l.dataset, v, err),
				EN: fmt.Sprintf("the tables of %s cannot follow contract version %s: %v", l.dataset, v, err),
			}
			return nil
		case err != nil && !errors.Is(err, lake.ErrIncompatible):
			return fmt.Errorf("contract version %s: %w", v, err)
		}
		if v == version {
			break
		}
	}
	l.ensured = version
	return nil
}

// ensureAny makes tables for a batch that is of no contract where there are none yet: they begin with the
// first version, which chunks of later ones follow. What it holds need not wait for a chunk, which may be
// in the partition of another worker.
func (l *land) ensureAny(ctx context.Context) error {
	_, missing := l.w.o.Lake.Positions(ctx, l.dataset, lake.History)
	if !errors.Is(missing, lake.ErrNotFound) {
		return missing
	}
	registered, err := l.w.o.Governance.Versions(ctx, l.dataset)
	if err != nil {
		return err
	}
	if len(registered) == 0 {
		return fmt.Errorf("no contract is registered for what the topic holds: %w", missing)
	}
	contract, err := l.w.plans.contract(ctx, l.dataset, registered[0])
	if err != nil {
		return err
	}
	return l.w.o.Lake.Ensure(ctx, l.dataset, contract.Fields(), contract.Key())
}
