package pipeline_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"satudata/ingest/eventlog"
	"satudata/transform/lake"
	"satudata/transform/pipeline"
)

// unreadable is a log whose records cannot be read while broken is set.
type unreadable struct {
	eventlog.Log
	broken atomic.Bool
}

func (l *unreadable) Read(ctx context.Context, topic string, partition int, from int64, most int) ([]eventlog.Record, error) {
	if l.broken.Load() && topic != eventlog.CatalogTopic {
		return nil, errors.New("unreadable")
	}
	return l.Log.Read(ctx, topic, partition, from, most)
}

// told is what a worker tells.
type told struct {
	mu    sync.Mutex // guards what follows
	steps map[string]map[string]bool
	now   map[string]string
	held  map[string][]string
}

func (o *told) step(loop, step, _ string, _ time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.steps[loop] == nil {
		o.steps[loop] = map[string]bool{}
	}
	o.steps[loop][step], o.now[loop] = true, step
}

func (o *told) holds(loop string, held map[string]error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.held[loop] = slices.Sorted(maps.Keys(held))
}

// await waits until the landing is held up in these.
func (o *told) await(want ...string) {
	for {
		o.mu.Lock()
		held, ok := o.held[pipeline.Landing]
		o.mu.Unlock()
		if ok && slices.Equal(held, want) {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// TestWatch: every loop of a running worker tells its steps and that it rests; a dataset is held up from
// its trouble until it lands, also while nobody tries it; and every stage took some time.
func TestWatch(t *testing.T) {
	r := prepare(t, 100)
	log := &unreadable{Log: r.log}
	log.broken.Store(true)
	o := &told{steps: map[string]map[string]bool{}, now: map[string]string{}, held: map[string][]string{}}
	landed, folded := make(chan pipeline.Landed, 10), make(chan string, 10)
	w := pipeline.New(pipeline.Options{Log: log, Lake: r.lake, Governance: r.cat, Reference: r.ref, PollEvery: time.Millisecond,
		OnLanded: func(l pipeline.Landed) { landed <- l },
		Watch: pipeline.Watch{Step: o.step, Held: o.holds,
			Folded: func(dataset string, _ lake.FoldResult, _ time.Duration) { folded <- dataset }}})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	o.await("perizinan.izin")
	log.broken.Store(false)
	if l := <-landed; min(l.Read, l.Decode, l.Check, l.Write, l.Commit) <= 0 {
		t.Errorf("a stage took no time: %+v", l)
	}
	o.await()
	if dataset := <-folded; dataset != "perizinan.izin" {
		t.Errorf("%s was folded", dataset)
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	want := map[string]map[string]bool{
		pipeline.Landing:  {"sync": true, "land": true, pipeline.Rest: true},
		pipeline.Settling: {"look": true, "check": true, pipeline.Rest: true},
		pipeline.Upkeep:   {"maintain": true, "fold": true, pipeline.Rest: true},
	}
	if diff := cmp.Diff(want, o.steps); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	for loop, step := range o.now {
		if step != pipeline.Rest {
			t.Errorf("%s ended and is at %s", loop, step)
		}
	}
}
