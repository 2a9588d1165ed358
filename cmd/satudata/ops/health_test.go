package ops_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"satudata/cmd/satudata/ops"
	"satudata/ingest/event"
	"satudata/transform/pipeline"
)

// TestStuckLoop: a step of any loop that does not end makes the process unhealthy while the others turn,
// rest does not, and neither does a step that has ended.
func TestStuckLoop(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	h := ops.NewHealth(ops.HealthOptions{StuckAfter: time.Minute, Now: func() time.Time { return now }})
	handler := ops.Handler(ops.NewMetrics("uji"), h)
	alive := func(want int) ops.Report {
		t.Helper()
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/healthz", nil))
		var r ops.Report
		if err := json.Unmarshal(w.Body.Bytes(), &r); err != nil || w.Code != want || r.OK != (want == http.StatusOK) {
			t.Fatalf("/healthz answers %d, want %d: %s", w.Code, want, w.Body)
		}
		return r
	}
	alive(http.StatusOK)
	loops := []string{pipeline.Landing, pipeline.Settling, pipeline.Upkeep}
	for _, stuck := range loops {
		begun := now
		h.Step(stuck, "work", "a.b", begun)
		now = now.Add(time.Minute)
		alive(http.StatusOK)
		now = now.Add(time.Second)
		for _, other := range loops {
			if other != stuck {
				h.Step(other, "work", "", now)
			}
		}
		for _, c := range alive(http.StatusServiceUnavailable).Checks {
			if c.OK != (c.Name != stuck) || !c.OK && !strings.Contains(c.Say.EN, "work a.b has not ended for 1m1s") {
				t.Errorf("while %s is stuck: %+v", stuck, c)
			}
		}
		for _, loop := range loops {
			h.Step(loop, pipeline.Rest, "", now)
		}
		now = now.Add(time.Hour)
		for _, c := range alive(http.StatusOK).Checks {
			if c.Say.ID != "bekerja; kini menunggu pekerjaan" {
				t.Errorf("at rest: %+v", c)
			}
		}
	}
}

// TestHeldUp: trouble counts when it lasts, is forgotten when it ends, and other parts are not touched.
func TestHeldUp(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	hang := make(chan struct{})
	defer close(hang)
	checks := []ops.Check{{Name: "cepat", Run: func(context.Context) (event.Sentence, error) { return event.Sentence{ID: "ada", EN: "there"}, nil }}}
	h := ops.NewHealth(ops.HealthOptions{Checks: checks, Now: func() time.Time { return now }})
	step := func(want bool) ops.Report {
		t.Helper()
		now = now.Add(5 * time.Second)
		r := h.Ready(t.Context())
		if r.OK != want {
			t.Fatalf("ready is %t, want %t: %+v", r.OK, want, r)
		}
		return r
	}
	step(true)
	h.Held(pipeline.Landing, map[string]error{"a.b": errors.New("disk")})
	if r := h.Ready(t.Context()); !r.OK {
		t.Errorf("trouble that has just begun counts: %+v", r)
	}
	step(false)
	h.Held(ops.Sources, map[string]error{"/opd/a/b": nil})
	step(false)
	h.Held(pipeline.Landing, map[string]error{"": errors.New("log")})
	step(false)
	h.Held(pipeline.Upkeep, map[string]error{"a.b": errors.New("fold")})
	h.Held(pipeline.Landing, nil)
	step(false)
	h.Held(pipeline.Upkeep, nil)
	step(true)

	hanging := ops.NewHealth(ops.HealthOptions{Patience: 10 * time.Millisecond, Checks: []ops.Check{{Name: "macet", Run: func(context.Context) (event.Sentence, error) {
		<-hang
		return event.Sentence{}, nil
	}}}})
	if r := hanging.Ready(t.Context()); r.OK || !strings.Contains(r.Checks[0].Say.EN, "no answer") {
		t.Errorf("a check that hangs passes: %+v", r)
	}
}
