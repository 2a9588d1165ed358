package ops

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"satudata/ingest/event"
	"satudata/transform/pipeline"
)

// Health knows whether the loops of this process turn and whether it can do its work. Its methods may
// be called concurrently.
type Health struct {
	o HealthOptions

	mu    sync.Mutex // guards what follows
	loops map[string]step
	held  map[string]trouble

	asking sync.Mutex // held while checks run, so that many who ask cost no more than one; guards what follows
	last   Report
	at     time.Time
}

// HealthOptions of NewHealth; the zero value works.
type HealthOptions struct {
	Checks     []Check          // of what work needs
	StuckAfter time.Duration    // a step that takes longer is stuck; default 10 minutes
	HeldAfter  time.Duration    // trouble that lasts no longer passes by itself; default 3 seconds
	Keep       time.Duration    // how long an answer to Ready is good for; default 1 second
	Patience   time.Duration    // how long one check may take; default 4 seconds
	Now        func() time.Time // nil is time.Now
}

// Check looks at one thing that work needs. Its name is for programs; Run returns what is there, and an
// error when work is not possible.
type Check struct {
	Name string
	Run  func(ctx context.Context) (event.Sentence, error)
}

type step struct {
	name, dataset string
	since         time.Time
}

type trouble struct {
	since time.Time
	err   error
}

// Report is an answer.
type Report struct {
	OK     bool     `json:"ok"`
	Checks []Result `json:"checks"`
}

// Result is what one check found.
type Result struct {
	Name string         `json:"name"`
	OK   bool           `json:"ok"`
	Say  event.Sentence `json:"say"`
}

// NewHealth returns the health of a process whose loops have not begun.
func NewHealth(o HealthOptions) *Health {
	if o.StuckAfter == 0 {
		o.StuckAfter = 10 * time.Minute
	}
	if o.HeldAfter == 0 {
		o.HeldAfter = 3 * time.Second
	}
	if o.Keep == 0 {
		o.Keep = time.Second
	}
	if o.Patience == 0 {
		o.Patience = 4 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Health{o: o, loops: map[string]step{}, held: map[string]trouble{}}
}

// Step notes what a loop does, and since when; pipeline.Rest is what may last.
func (h *Health) Step(loop, name, dataset string, since time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.loops[loop] = step{name, dataset, since}
}

// Sources is the part of the work that the loops of a worker are not: reading sources.
const Sources = "sources"

// parts of the work, each with a check of what is held up in it.
var parts = []string{pipeline.Landing, pipeline.Settling, pipeline.Upkeep, Sources}

// Held notes what is held up in a part of the work, and forgets what no longer is.
func (h *Health) Held(part string, held map[string]error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.o.Now()
	for name := range h.held {
		if own, ok := strings.CutPrefix(name, part+" "); ok && held[own] == nil {
			delete(h.held, name)
		}
	}
	for name, err := range held {
		if err == nil {
			continue
		}
		key := part + " " + name
		since := now
		if before, ok := h.held[key]; ok {
			since = before.since
		}
		h.held[key] = trouble{since, err}
	}
}

// Alive says whether every loop turns. A loop that is stuck does not come back by itself.
func (h *Health) Alive() Report {
	h.mu.Lock()
	defer h.mu.Unlock()
	r := Report{OK: true, Checks: []Result{}}
	for _, name := range slices.Sorted(maps.Keys(h.loops)) {
		s := h.loops[name]
		took := h.o.Now().Sub(s.since).Round(time.Second)
		where := strings.TrimSpace(s.name + " " + s.dataset)
		res := Result{Name: name, OK: true, Say: say("bekerja; kini: "+where, "turning; now: "+where)}
		if s.name == pipeline.Rest {
			res.Say = say("bekerja; kini menunggu pekerjaan", "turning; now waiting for work")
		}
		if s.name != pipeline.Rest && took > h.o.StuckAfter {
			res.OK, r.OK = false, false
			res.Say = say(fmt.Sprintf("macet: %s belum selesai sejak %s; mulai ulang prosesnya", where, took),
				fmt.Sprintf("stuck: %s has not ended for %s; restart the process", where, took))
		}
		r.Checks = append(r.Checks, res)
	}
	return r
}

// Ready says whether work is possible: every check passes and nothing is held up.
func (h *Health) Ready(ctx context.Context) Report {
	h.asking.Lock()
	defer h.asking.Unlock()
	if now := h.o.Now(); !h.at.IsZero() && now.Sub(h.at) < h.o.Keep && now.After(h.at) {
		return h.last
	}
	results := make([]Result, len(h.o.Checks))
	var wg sync.WaitGroup
	for i, c := range h.o.Checks {
		wg.Go(func() { results[i] = h.run(context.WithoutCancel(ctx), c) })
	}
	wg.Wait()
	for _, part := range parts {
		results = append(results, h.stuckIn(part))
	}
	r := Report{OK: true, Checks: results}
	for _, c := range r.Checks {
		r.OK = r.OK && c.OK
	}
	h.last, h.at = r, h.o.Now()
	return r
}

// run runs one check, and does not wait for one that hangs.
func (h *Health) run(ctx context.Context, c Check) Result {
	ctx, cancel := context.WithTimeout(ctx, h.o.Patience)
	defer cancel()
	done := make(chan Result, 1)
	go func() {
		found, err := c.Run(ctx)
		if err != nil {
			found = say(fmt.Sprintf("tidak siap: %v", err), fmt.Sprintf("not ready: %v", err))
		}
		done <- Result{Name: c.Name, OK: err == nil, Say: found}
	}()
	select {
	case r := <-done:
		return r
	case <-ctx.Done():
		return Result{Name: c.Name, Say: say(fmt.Sprintf("tidak menjawab dalam %s", h.o.Patience), fmt.Sprintf("no answer within %s", h.o.Patience))}
	}
}

// stuckIn says what is held up in a part of the work.
func (h *Health) stuckIn(part string) Result {
	h.mu.Lock()
	defer h.mu.Unlock()
	r := Result{Name: part, OK: true, Say: say("tidak ada yang tertahan", "nothing is held up")}
	var id, en []string
	for _, name := range slices.Sorted(maps.Keys(h.held)) {
		t := h.held[name]
		took := h.o.Now().Sub(t.since)
		if took < h.o.HeldAfter || !strings.HasPrefix(name, part+" ") {
			continue
		}
		name := strings.TrimSpace(name)
		id = append(id, fmt.Sprintf("%s tertahan sejak %s: %v", name, took.Round(time.Second), t.err))
		en = append(en, fmt.Sprintf("%s is held up for %s: %v", name, took.Round(time.Second), t.err))
	}
	if len(id) > 0 {
		r.OK, r.Say = false, say(strings.Join(id, "; "), strings.Join(en, "; "))
	}
	return r
}

// HeldUp is how many things are held up now, by part.
func (h *Health) HeldUp() map[string]int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := map[string]int{}
	for name, t := range h.held {
		if h.o.Now().Sub(t.since) >= h.o.HeldAfter {
			n[strings.TrimSpace(name)]++
		}
	}
	return n
}
