package pipeline_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/uuid"

	"satudata/catalog"
	"satudata/ingest/event"
	"satudata/transform/lake"
	"satudata/transform/pipeline"
)

// firsts is governance that counts what it records, and says of every delivery what first says.
type firsts struct {
	pipeline.Governance
	appends *int
	first   func(seq int64) int64
}

func (f firsts) Began(ctx context.Context, delivery uuid.UUID) (int64, int64, error) {
	seq, records, err := f.Governance.Began(ctx, delivery)
	return f.first(seq), records, err
}

func (f firsts) Record(ctx context.Context, facts ...event.Body) error {
	*f.appends++
	return f.Governance.Record(ctx, facts...)
}

// TestKeysOfNewDeliveries: keys that a delivery has twice are found by whichever worker lands it, also
// by one that takes over in the middle of it, and whether or not the fact that opened it is known.
func TestKeysOfNewDeliveries(t *testing.T) {
	for name, first := range map[string]func(int64) int64{
		"known":   func(seq int64) int64 { return seq },
		"unknown": func(int64) int64 { return 0 },
	} {
		t.Run(name, func(t *testing.T) {
			r := openRoad(t, t.TempDir())
			r.ingest(t, writeTwice(t, 20_000), "ndjson")
			appends := 0
			gov := firsts{r.cat, &appends, first}
			stopped := 0
			for done := false; !done && stopped < 100; { // a new worker for every batch
				ctx, stop := context.WithCancel(t.Context())
				w := pipeline.New(pipeline.Options{Log: r.log, Lake: r.lake, Governance: gov, Reference: r.ref, BatchBytes: 1,
					OnLanded: func(pipeline.Landed) { stop() }})
				done = w.Drain(ctx) == nil
				stopped++
				stop()
			}
			if stopped < 3 {
				t.Fatalf("%d workers had a part in it, want several", stopped)
			}
			if p := r.proof(t); p.Accepted != 20_000 || p.Rejected != 20_000 {
				t.Errorf("accepted %d and rejected %d, want 20,000 each", p.Accepted, p.Rejected)
			}
		})
	}
}

// TestManyDeliveries: deliveries that landed together are settled with few appends, each has files of
// its own, and the current state is these files.
func TestManyDeliveries(t *testing.T) {
	const n, rows = 6, 1500
	r := openRoad(t, t.TempDir())
	all := filepath.Join(t.TempDir(), "semua.ndjson")
	writePermits(t, all, "ndjson", n*rows)
	for i, lines := range cut(t, all, rows) {
		path := filepath.Join(t.TempDir(), fmt.Sprintf("izin-%d.ndjson", i))
		if err := os.WriteFile(path, lines, 0o600); err != nil {
			t.Fatal(err)
		}
		r.ingest(t, path, "ndjson")
	}
	appends := 0
	w := pipeline.New(pipeline.Options{Log: r.log, Lake: r.lake, Reference: r.ref,
		Governance: firsts{r.cat, &appends, func(seq int64) int64 { return seq }}})
	if err := w.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	deliveries, err := r.cat.Deliveries(t.Context(), topic)
	if err != nil || len(deliveries) != n {
		t.Fatalf("%d deliveries, %v, want %d", len(deliveries), err, n)
	}
	for _, d := range deliveries {
		if d.Status != catalog.Published || d.Check.Accepted != rows {
			t.Errorf("delivery %s is %s with %d rows, want it published with %d", d.Subject, d.Status, d.Check.Accepted, rows)
		}
	}
	if appends != 2 {
		t.Errorf("%d appends of facts, want one for the checks and one for the decisions", appends)
	}
	infos, err := r.lake.Describe(t.Context(), topic)
	if err != nil || infos[1].Files != n || infos[0].Rows != n*rows {
		t.Errorf("tables %+v, %v, want %d files of the history and all rows folded", infos, err, n)
	}
	published, err := r.cat.Publications(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	if res, err := r.lake.Fold(t.Context(), topic, published, true); err != nil || res.Folded {
		t.Errorf("Fold = %+v, %v, want nothing left to fold", res, err)
	}
	views, err := r.lake.Views(t.Context(), topic, published, lake.AsOf{})
	if err != nil || len(views) != 3 {
		t.Fatal(views, err)
	}
	r.proof(t)
}

// cut cuts a file into parts of so many lines.
func cut(t *testing.T, path string, lines int) (parts [][]byte) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	from, seen := 0, 0
	for i, c := range text {
		if c != '\n' {
			continue
		}
		if seen++; seen%lines == 0 {
			parts, from = append(parts, text[from:i+1]), i+1
		}
	}
	return parts
}
