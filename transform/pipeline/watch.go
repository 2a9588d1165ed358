package pipeline

import (
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"satudata/ingest/trace"
	"satudata/transform/lake"
)

// Watch is told what a worker does, by the goroutines that do it, several at once. Every field may be nil.
type Watch struct {
	Folded func(dataset string, did lake.FoldResult, took time.Duration)
	// Step is told what a loop does and since when, so that it shows when that does not end. Landing
	// does "look", "sync" and "land", Settling "look" and "check", Upkeep "fold" and "maintain", and all of them Rest.
	// Of the datasets that are landed at once, it is told of the one that has waited longest for a commit.
	Step func(loop, step, dataset string, since time.Time)
	// Held is told after every round of a loop in which datasets it is held up, and why; trouble that
	// is not of one dataset stands under "".
	Held func(loop string, held map[string]error)
}

// Loops of a worker that runs. One that drains the log does the same one after the other.
const (
	Landing  = "landing"
	Settling = "settling"
	Upkeep   = "upkeep"
)

// Rest is the step of a loop that waits: for new records, for its turn, or for a share of the partitions.
const Rest = "rest"

func (w Watch) withDefaults() Watch {
	if w.Folded == nil {
		w.Folded = func(string, lake.FoldResult, time.Duration) {}
	}
	if w.Step == nil {
		w.Step = func(string, string, string, time.Time) {}
	}
	if w.Held == nil {
		w.Held = func(string, map[string]error) {}
	}
	return w
}

// begin tells of a step that begins.
func (w Watch) begin(loop, step, dataset string) { w.Step(loop, step, dataset, time.Now()) }

// rest tells that a loop waits.
func (w Watch) rest(loop string) { w.begin(loop, Rest, "") }

// round tells what a round of a loop was held up in. One that was ended was not held up.
func (w Watch) round(ctx context.Context, loop string, held map[string]error) {
	if ctx.Err() == nil {
		w.Held(loop, held)
	}
}

// abreast are the datasets that are landed at once.
type abreast struct {
	watch Watch

	mu    sync.Mutex // guards since; held while telling, so that what is told last is so
	since map[string]time.Time
}

// moved notes that a dataset begins or has got on.
func (a *abreast) moved(dataset string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.since[dataset] = time.Now()
	a.tell()
}

// ended notes that nothing of a dataset is left to land for now.
func (a *abreast) ended(dataset string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.since, dataset)
	if len(a.since) > 0 {
		a.tell()
	}
}

func (a *abreast) tell() {
	slowest := slices.MinFunc(slices.Collect(maps.Keys(a.since)), func(x, y string) int { return a.since[x].Compare(a.since[y]) })
	a.watch.Step(Landing, "land", slowest, a.since[slowest])
}

// stopwatch times the stages of a batch and knows the traces of its deliveries. Stages go on side by
// side, so each is timed by the work that it was, over all goroutines.
type stopwatch struct {
	tracer  *trace.Tracer
	begun   time.Time
	read    time.Duration // what follows up to there is of the goroutine that reads
	taken   time.Time     // when decoding began; what follows is of those that decode and write
	decoded atomic.Int64  // nanoseconds
	checked time.Duration
	first   time.Time // run that was written
	written time.Duration
	ended   time.Time // decoding and writing
	traces  []string
	last    string // trace that was seen
}

// time calls do and adds to sum how long it took.
func (s *stopwatch) time(sum *time.Duration, do func() error) error {
	begun := time.Now()
	err := do()
	*sum += time.Since(begun)
	return err
}

// note notes the traces that a run belongs to, each once. More than a span can usefully link to are left out.
func (s *stopwatch) note(run []piece) {
	const most = 32
	if s.tracer == nil {
		return
	}
	for i := range run {
		t := run[i].chunk.Trace
		if t != s.last && t != "" && len(s.traces) < most && !slices.Contains(s.traces, t) {
			s.traces = append(s.traces, t)
		}
		s.last = t
	}
}

// span begins the span of a batch, at the time when it was begun to be read.
func (s *stopwatch) span(ctx context.Context, b *batch) (context.Context, trace.Span) {
	if s.tracer == nil {
		return ctx, trace.Span{}
	}
	return s.tracer.StartUnder(ctx, s.begun, s.traces, "land",
		trace.String("dataset", b.dataset), trace.Int("partition", int64(b.partition)), trace.Int("from", b.from))
}

// report fills in the times of a batch that is decoded and written, and records them as spans.
func (s *stopwatch) report(ctx context.Context, l *Landed) {
	l.Read, l.Decode, l.Check, l.Write = s.read, time.Duration(s.decoded.Load()), s.checked, s.written
	s.tracer.Add(ctx, "decode", s.taken, s.ended, trace.Seconds("busy_seconds", l.Decode))
	if !s.first.IsZero() {
		s.tracer.Add(ctx, "write", s.first, s.ended, trace.Seconds("busy_seconds", l.Write))
	}
}
