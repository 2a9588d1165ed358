package pipeline_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"satudata/transform/lake"
	"satudata/transform/pipeline"
)

// TestUpkeep lands a delivery in many batches: afterwards it is folded, and its files are few.
func TestUpkeep(t *testing.T) {
	const rows = 40_000
	for _, running := range []bool{false, true} {
		name := map[bool]string{false: "drain", true: "run"}[running]
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "izin.ndjson")
			writePermits(t, path, "ndjson", rows)
			r := openRoad(t, t.TempDir())
			r.ingest(t, path, "ndjson")
			batches := 0
			w := pipeline.New(pipeline.Options{Log: r.log, Lake: r.lake, Governance: r.cat, Reference: r.ref, BatchBytes: 1,
				Policy: lake.Policy{MinFiles: 1}, OnLanded: func(pipeline.Landed) { batches++ }})
			tidy := func() bool {
				infos, err := r.lake.Describe(t.Context(), "perizinan.izin")
				return err == nil && infos[0].Rows == rows && infos[1].Rows == rows && infos[1].Files < 8
			}
			if running {
				ctx, stop := context.WithTimeout(t.Context(), 10*time.Minute)
				done := make(chan error, 1)
				go func() { done <- w.Run(ctx) }()
				for !tidy() && ctx.Err() == nil {
					time.Sleep(20 * time.Millisecond)
				}
				stop()
				if err := <-done; err != nil {
					t.Fatal(err)
				}
			} else if err := w.Drain(t.Context()); err != nil {
				t.Fatal(err)
			}
			if !tidy() || batches < 8 {
				infos, err := r.lake.Describe(t.Context(), "perizinan.izin")
				t.Errorf("after %d batches: %+v, %v; want all rows folded, and fewer than 8 files in the history", batches, infos, err)
			}
			published, err := r.cat.Publications(t.Context(), "perizinan.izin")
			if err != nil {
				t.Fatal(err)
			}
			if ok, err := r.lake.CheckCurrent(t.Context(), "perizinan.izin", published); !ok || err != nil {
				t.Errorf("CheckCurrent = %t, %v", ok, err)
			}
		})
	}
}
