package lake_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/memory"

	"satudata/transform/lake"
)

// BenchmarkCreep lands 2,000 small deliveries one after the other, each published, folded and
// maintained as the worker does it, and compares the commits, and what planning a query takes, at
// the end with those at the beginning. It prints medians of 21.
func BenchmarkCreep(b *testing.B) {
	const commits, window = 2000, 21
	for b.Loop() {
		l := open(b, b.TempDir())
		ensure(b, l, keyed, 0)
		var commit, plan []time.Duration
		var published []lake.Publication
		var upkeep time.Duration
		for n := range commits {
			rec := record(b, memory.DefaultAllocator, keyed, []any{fmt.Sprintf("k%06d", n*7919%100_000), int64(n)})
			batch := fmt.Sprintf("0|%d", n)
			files := write(b, l, batch, origin(deliveryID(n), n+1), rec)
			rec.Release()
			begun := time.Now()
			if err := l.Commit(b.Context(), dataset, lake.History, files, lake.Advance{Batch: batch, From: int64(n), To: int64(n + 1)}); err != nil {
				b.Fatal(err)
			}
			commit = append(commit, time.Since(begun))
			published = append(published, lake.Publication{Delivery: deliveryID(n), FirstID: eventID(n + 1), At: time.UnixMilli(int64(n)), Key: []string{"kode"}})
			if n < 2*window || n >= commits-window {
				begun = time.Now()
				if _, err := l.Views(b.Context(), dataset, published, lake.AsOf{}); err != nil {
					b.Fatal(err)
				}
				plan = append(plan, time.Since(begun))
			}
			begun = time.Now()
			if _, err := l.Fold(b.Context(), dataset, published, false); err != nil {
				b.Fatal(err)
			}
			if n%8 == 7 {
				if _, err := l.Maintain(b.Context(), dataset, lake.Policy{}); err != nil {
					b.Fatal(err)
				}
			}
			upkeep += time.Since(begun)
		}
		report := func(name string, d []time.Duration) {
			first, last := median(d[window/2:][:window]), median(d[len(d)-window:])
			b.ReportMetric(float64(first.Microseconds())/1000, name+"20-ms")
			b.ReportMetric(float64(last.Microseconds())/1000, name+"2000-ms")
			b.ReportMetric(float64(last)/float64(first), name+"-ratio")
		}
		report("commit", commit)
		report("plan", plan)
		b.ReportMetric(float64(upkeep.Milliseconds())/commits, "upkeep-ms/commit")
	}
}

func median(d []time.Duration) time.Duration {
	d = slices.Sorted(slices.Values(d))
	return d[len(d)/2]
}
