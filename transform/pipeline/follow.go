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
	troubled := false // what is known of the tables may be wrong
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case _, open := <-more:
			switch {
			case !open && troubled:
				return w.Drain(ctx)
			case !open:
				return w.drain(ctx)
			}
		}
		w.listed = time.Time{} // the first records of a dataset make its topic
		err := w.step(ctx)
		troubled = troubled || err != nil
		if errors.Is(err, eventlog.ErrClosed) || errors.Is(err, eventlog.ErrAccess) {
			return err
		}
		if err != nil && ctx.Err() == nil {
			w.o.Logger.Warn("landing is held up, trying again with the next records", "error", err)
		}
	}
}
