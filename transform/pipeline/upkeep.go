package pipeline

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"satudata/ingest/trace"
	"satudata/transform/lake"
)

// How often a running worker looks after the tables of a dataset.
const (
	maintainEvery = 5 * time.Minute // while it gets any, for what waits for its time
	sweepEvery    = 24 * time.Hour  // for leftovers
)

// upkeep folds and maintains the datasets that batches or decisions have touched. A running worker
// does it beside the landing, which it must not hold up; one that drains the log does it at the end.
type upkeep struct {
	o     Options
	wake  chan struct{}
	after int // how many batches of a dataset make it due: files that gather for longer are written together fewer times

	mu      sync.Mutex           // guards what follows
	decided map[string][]string  // datasets to fold, with the spans of deliveries that call for it
	batches map[string]int       // of a dataset, since it was maintained
	landed  map[string]time.Time // when the last batch was
	looked  map[string]time.Time // when it was maintained
	swept   map[string]time.Time
}

func newUpkeep(o Options) *upkeep {
	return &upkeep{o: o, wake: make(chan struct{}, 1), after: 4 * cmp.Or(o.Policy.MinFiles, 16), decided: map[string][]string{}, batches: map[string]int{},
		landed: map[string]time.Time{}, looked: map[string]time.Time{}, swept: map[string]time.Time{}}
}

// noteLanded notes n batches of a dataset.
func (u *upkeep) noteLanded(dataset string, n int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.batches[dataset] += n
	u.landed[dataset] = time.Now()
	if _, ok := u.swept[dataset]; !ok {
		u.swept[dataset] = time.Now()
	}
}

// noteDecided notes that what is published of a dataset has changed by deliveries with these spans.
func (u *upkeep) noteDecided(dataset string, spans ...string) {
	const most = 32 // that a span can usefully link to
	u.mu.Lock()
	defer u.mu.Unlock()
	u.decided[dataset] = append(u.decided[dataset], spans[:min(len(spans), most-len(u.decided[dataset]))]...)
}

// run does what is due whenever it is told to, until ctx ends. What fails is tried again.
func (u *upkeep) run(ctx context.Context) {
	t := time.NewTicker(maintainEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-u.wake:
		case <-t.C:
		}
		if err := u.do(ctx); err != nil && ctx.Err() == nil {
			u.o.Logger.Error("upkeep of tables is held up, trying again", "error", err)
			wait(ctx, nil, 5*time.Second)
			u.soon()
		}
	}
}

// soon makes run look what is due.
func (u *upkeep) soon() {
	select {
	case u.wake <- struct{}{}:
	default: // it is about to look
	}
}

// do maintains and folds what is due.
func (u *upkeep) do(ctx context.Context) error {
	defer u.o.Watch.rest(Upkeep)
	var errs []error
	held := map[string]error{}
	note := func(dataset string, err error) {
		errs = append(errs, err)
		held[dataset] = errors.Join(held[dataset], err)
	}
	for _, dataset := range u.due() { // before the folds: they may take longer than this process lives
		if err := u.maintain(ctx, dataset); err != nil {
			note(dataset, err)
		}
	}
	u.mu.Lock()
	decided := slices.Sorted(maps.Keys(u.decided))
	u.mu.Unlock()
	for _, dataset := range decided {
		u.mu.Lock()
		spans := u.decided[dataset]
		delete(u.decided, dataset)
		u.mu.Unlock()
		if err := u.fold(ctx, dataset, spans...); err != nil {
			u.noteDecided(dataset, spans...)
			note(dataset, err)
		}
	}
	u.o.Watch.round(ctx, Upkeep, held)
	return errors.Join(errs...)
}

// due are the datasets to maintain.
func (u *upkeep) due() []string {
	u.mu.Lock()
	defer u.mu.Unlock()
	var due []string
	for dataset, at := range u.landed {
		waiting := time.Since(at) < time.Hour && time.Since(u.looked[dataset]) > maintainEvery // or never: what was before this process is not counted
		if u.batches[dataset] >= u.after || waiting {
			due = append(due, dataset)
		}
	}
	return slices.Sorted(slices.Values(due))
}

func (u *upkeep) maintain(ctx context.Context, dataset string) error {
	u.o.Watch.begin(Upkeep, "maintain", dataset)
	p := u.o.Policy
	u.mu.Lock()
	n := u.batches[dataset]
	p.Sweep = p.Sweep || time.Since(u.swept[dataset]) > sweepEvery
	u.mu.Unlock()
	if _, err := u.o.Lake.Maintain(ctx, dataset, p); err != nil {
		return err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.batches[dataset] -= n
	u.looked[dataset] = time.Now()
	if p.Sweep {
		u.swept[dataset] = time.Now()
	}
	return nil
}

// fold brings the current table of a dataset up to what is published, when enough has gathered.
// Deliveries are the spans of those that call for it.
func (u *upkeep) fold(ctx context.Context, dataset string, deliveries ...string) (err error) {
	begun := time.Now()
	u.o.Watch.Step(Upkeep, "fold", dataset, begun)
	ctx, span := u.o.Tracer.StartUnder(ctx, begun, deliveries, "fold", trace.String("dataset", dataset))
	defer func() { span.End(err) }()
	published, err := u.o.Governance.Publications(ctx, dataset)
	if err != nil {
		return err
	}
	did, err := u.o.Lake.Fold(ctx, dataset, published, false)
	if errors.Is(err, lake.ErrMoved) {
		return nil // another worker has just folded it
	}
	if did.Folded {
		span.Set(trace.Int("rows", did.Rows), trace.Int("bytes", did.Bytes))
		u.o.Watch.Folded(dataset, did, time.Since(begun))
	}
	return err
}
