package pipeline

import (
	"context"
	"errors"
	"sync"
	"time"

	"satudata/ingest/eventlog"
)

// Growth tells a landing how the log grows, and when it grows no more. It is for a reader of sources in
// the same process, and may be used concurrently.
type Growth struct {
	mu    sync.Mutex // guards what follows
	bytes int64
	topic string // that was appended to last
	ended bool
	more  chan struct{} // closed at the next change
}

// NewGrowth returns the growth of a log to which nothing was appended yet.
func NewGrowth() *Growth { return &Growth{more: make(chan struct{})} }

// Add says that so many bytes of records are durable in a topic.
func (g *Growth) Add(topic string, bytes int64) {
	g.change(func() { g.topic, g.bytes = topic, g.bytes+bytes })
}

// End says that nothing more will be appended. It may be called twice.
func (g *Growth) End() { g.change(func() { g.topic, g.ended = "", true }) }

func (g *Growth) change(do func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	do()
	close(g.more)
	g.more = make(chan struct{})
}

// now is how far the log has grown, and what is closed when that is no longer so.
func (g *Growth) now() (bytes int64, ended bool, more <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.bytes, g.ended, g.more
}

// growing says whether a topic is the one that is being appended to, and gives what is closed when
// that may have changed.
func (g *Growth) growing(topic string) (is bool, more <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.topic == topic, g.more
}

// Follow lands what is appended while it is appended, and after g has ended what is left, as
// [Worker.Drain] does. It begins with the first records and goes on from there: batches are filled
// while there is more to come, and once landing has caught up it waits for another every bytes. Trouble
// on the way is tried again; what Drain returns at the end is returned.
func (w *Worker) Follow(ctx context.Context, g *Growth, every int64) error {
	troubled := false // what is known of the tables may be wrong
	w.growth = g
	defer func() { w.growth = nil }()
	for seen := int64(0); ; {
		bytes, ended, more := g.now()
		switch {
		case ended && troubled:
			return w.Drain(ctx)
		case ended:
			return w.drain(ctx)
		case bytes == 0 || seen > 0 && bytes-seen < every:
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-more:
			}
			continue
		}
		seen = bytes
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

// aheadBatches is how many batches of a partition are landed at most before the worker settles what
// arrived and looks after the tables, however much more is appended meanwhile.
const aheadBatches = 16

// grown says where a partition ends now. While its dataset is the one that is being appended to, it
// waits a while until it has grown.
func (w *Worker) grown(ctx context.Context, dataset string, before eventlog.Range) (eventlog.Range, error) {
	if w.growth == nil {
		return before, nil
	}
	for until := time.Now().Add(w.o.PollEvery); ; {
		growing, more := w.growth.growing(dataset)
		ranges, err := w.o.Log.Ranges(ctx, dataset)
		if err != nil {
			return before, err
		}
		for _, r := range ranges {
			if r.Partition == before.Partition && r.Next > before.Next {
				return r, nil
			}
		}
		if left := time.Until(until); !growing || left <= 0 || !wait(ctx, more, left) {
			return before, nil
		}
	}
}
