package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"satudata/ingest/event"
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
	if slices.ContainsFunc(errs, func(err error) bool { return errors.Is(err, errBehind) }) {
		all, err := deal(ctx, o.Log, 1, datasets) // one worker lands what waits for what others landed
		if err != nil {
			return err
		}
		errs = []error{New(o).landShare(ctx, datasets, all[0])}
	}
	for _, dataset := range datasets {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := w.complete(ctx, dataset)
		if err == nil {
			err = w.upkeep.fold(ctx, dataset)
		}
		if err != nil && !errors.Is(err, lake.ErrNotFound) {
			errs = append(errs, fmt.Errorf("fold %s: %w", dataset, err))
		}
	}
	return errors.Join(errs...)
}

// complete makes tables of a dataset that are missing although its history is there, by way of the same
// contract versions.
func (w *Worker) complete(ctx context.Context, dataset string) error {
	versions, err := w.o.Governance.Versions(ctx, dataset)
	if err != nil {
		return err
	}
	for _, v := range versions {
		contract, err := w.plans.contract(ctx, dataset, v)
		if err != nil {
			return err
		}
		_, err = w.o.Lake.ColumnsNow(ctx, dataset, contract.Fields())
		if errors.Is(err, lake.ErrNotFound) {
			continue // the tables never followed it
		}
		if err == nil {
			err = w.o.Lake.Ensure(ctx, dataset, contract.Fields(), contract.Key())
		}
		if err != nil {
			return err
		}
	}
	return nil
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

// Lost returns the deliveries that are recorded as whole and of which the log no longer holds all that
// lies behind a position: nobody can land these again. It also says from which offset on the log
// holds a partition that begins behind the position.
func (v Verifier) Lost(ctx context.Context, dataset string, at lake.Positions) (lost []Recorded, begins map[int]int64, err error) {
	recorded, err := v.Recorded(ctx, dataset)
	if err != nil {
		return nil, nil, err
	}
	ranges, err := v.Log.Ranges(ctx, dataset)
	if err != nil && !errors.Is(err, eventlog.ErrNoTopic) {
		return nil, nil, err
	}
	begins = map[int]int64{}
	seen := map[string]map[int64]bool{} // numbers of each stream
	a := &audit{Verifier: v, dataset: dataset, report: &Report{}, damaged: map[eventlog.Position]bool{}}
	for _, r := range ranges {
		from := at.Offsets[r.Partition]
		if from < r.First {
			from, begins[r.Partition] = r.First, r.First
		}
		err := a.each(ctx, r.Partition, from, r.Next, func(rec eventlog.Record) error {
			if c, err := event.ParseChunk(rec.Message); err == nil {
				if seen[c.Stream] == nil {
					seen[c.Stream] = map[int64]bool{}
				}
				seen[c.Stream][c.Seq] = true
			}
			return nil
		})
		if err != nil {
			return nil, nil, err
		}
	}
	for _, d := range recorded {
		for seq := max(d.FirstSeq, at.Streams[d.Stream]+1); d.Whole && seq <= d.LastSeq; seq++ {
			if !seen[d.Stream][seq] {
				lost = append(lost, d)
				break
			}
		}
	}
	return lost, begins, nil
}
