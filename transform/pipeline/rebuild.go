package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"satudata/ingest/eventlog"
	"satudata/transform/lake"
)

// Rebuild lands what the log holds of datasets, of all when none are named, and folds what the facts
// say is published. It decides nothing: what was decided is in the facts, and what was not is left
// to a worker. Tables that hold part of the log already go on from there. Workers share the
// partitions. A dataset that cannot be landed does not stop the others; its error is returned at the end.
func Rebuild(ctx context.Context, o Options, workers int, datasets ...string) error {
	if err := o.Governance.Sync(ctx); err != nil {
		return err
	}
	w := New(o)
	if len(datasets) == 0 {
		var err error
		if datasets, err = w.list(ctx); err != nil {
			return err
		}
	}
	if o.OnLanded != nil {
		var mu sync.Mutex // guards what the caller counts
		told := o.OnLanded
		o.OnLanded = func(l Landed) {
			mu.Lock()
			defer mu.Unlock()
			told(l)
		}
	}
	shares, err := deal(ctx, o.Log, max(workers, 1), datasets)
	if err != nil {
		return err
	}
	errs := make([]error, len(shares))
	var g errgroup.Group
	for i, share := range shares {
		g.Go(func() error {
			errs[i] = New(o).landShare(ctx, datasets, share)
			return nil
		})
	}
	_ = g.Wait() // errs has what each of them met
	for _, dataset := range datasets {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := w.upkeep.fold(ctx, dataset); err != nil && !errors.Is(err, lake.ErrNotFound) {
			errs = append(errs, fmt.Errorf("fold %s: %w", dataset, err))
		}
	}
	return errors.Join(errs...)
}

// deal deals the partitions of datasets to workers.
func deal(ctx context.Context, log eventlog.Log, workers int, datasets []string) ([]map[string][]int, error) {
	shares := make([]map[string][]int, workers)
	for i := range shares {
		shares[i] = map[string][]int{}
	}
	for _, dataset := range datasets {
		ranges, err := log.Ranges(ctx, dataset)
		if err != nil {
			return nil, err
		}
		for i, r := range ranges {
			share := shares[i%workers]
			share[dataset] = append(share[dataset], r.Partition)
		}
	}
	return slices.DeleteFunc(shares, func(s map[string][]int) bool { return len(s) == 0 }), nil
}

// landShare lands partitions of datasets to their ends.
func (w *Worker) landShare(ctx context.Context, datasets []string, share map[string][]int) error {
	defer w.forgetAll()
	var errs []error
	for _, dataset := range datasets {
		if len(share[dataset]) == 0 {
			continue
		}
		if _, err := w.land(dataset).pass(ctx, share); err != nil {
			errs = append(errs, fmt.Errorf("dataset %s: %w", dataset, err))
		}
		if err := ctx.Err(); err != nil {
			return errors.Join(append(errs, err)...)
		}
	}
	return errors.Join(errs...)
}
