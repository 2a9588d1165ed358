package pipeline

import (
	"context"
	"errors"
	"time"

	"satudata/ingest/eventlog"
)

// Follow lands each time that more says so, and when more is closed it lands what is left, as
// [Worker.Drain] does. It is for a reader of sources in the same process that knows when there is
// something to land. Trouble on the way is tried again; what Drain returns at the end is returned.
func (w *Worker) Follow(ctx context.Context, more <-chan struct{}) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case _, open := <-more:
			if !open {
				return w.Drain(ctx)
			}
		}
		w.listed = time.Time{} // the first records of a dataset make its topic
		_, err := w.pass(ctx, nil)
		err = errors.Join(err, w.upkeep.do(ctx))
		if errors.Is(err, eventlog.ErrClosed) || errors.Is(err, eventlog.ErrAccess) {
			return err
		}
		if err != nil && ctx.Err() == nil {
			w.o.Logger.Warn("landing is held up, trying again with the next records", "error", err)
		}
	}
}
