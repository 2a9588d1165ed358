package pipeline

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"satudata/transform/lake"
)

// How often a running worker looks after the tables of a dataset.
const (
	maintainAfter = 8               // batches of a dataset
	maintainEvery = 5 * time.Minute // while it gets any, for what waits for its time
	sweepEvery    = 24 * time.Hour  // for leftovers
)

// upkeep folds and maintains the datasets that batches or decisions have touched. A running worker
// does it beside the landing, which it must not hold up; one that drains the log does it at the end.
type upkeep struct {
	o    Options
	wake chan struct{}

	mu      sync.Mutex           // guards what follows
	decided map[string]bool      // datasets to fold
	batches map[string]int       // of a dataset, since it was maintained
	landed  map[string]time.Time // when the last batch was
	looked  map[string]time.Time // when it was maintained
	swept   map[string]time.Time
}

func newUpkeep(o Options) *upkeep {
	return &upkeep{o: o, wake: make(chan struct{}, 1), decided: map[string]bool{}, batches: map[string]int{},
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

// noteDecided notes that what is published of a dataset has changed.
func (u *upkeep) noteDecided(dataset string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.decided[dataset] = true
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

// do folds and maintains what is due.
func (u *upkeep) do(ctx context.Context) error {
	u.mu.Lock()
	decided := slices.Sorted(maps.Keys(u.decided))
	u.mu.Unlock()
	var errs []error
	for _, dataset := range decided {
		u.mu.Lock()
		delete(u.decided, dataset)
		u.mu.Unlock()
		if err := u.fold(ctx, dataset); err != nil {
			u.noteDecided(dataset)
			errs = append(errs, err)
		}
	}
	for _, dataset := range u.due() {
		if err := u.maintain(ctx, dataset); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// due are the datasets to maintain.
func (u *upkeep) due() []string {
	u.mu.Lock()
	defer u.mu.Unlock()
	var due []string
	for dataset, at := range u.landed {
		waiting := time.Since(at) < time.Hour && time.Since(u.looked[dataset]) > maintainEvery && !u.looked[dataset].IsZero()
		if u.batches[dataset] >= maintainAfter || waiting {
			due = append(due, dataset)
		}
	}
	return slices.Sorted(slices.Values(due))
}

func (u *upkeep) maintain(ctx context.Context, dataset string) error {
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
func (u *upkeep) fold(ctx context.Context, dataset string) error {
	published, err := u.o.Governance.Publications(ctx, dataset)
	if err != nil {
		return err
	}
	_, err = u.o.Lake.Fold(ctx, dataset, published, false)
	if errors.Is(err, lake.ErrMoved) {
		return nil // another worker has just folded it
	}
	return err
}
