package pipeline_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"satudata/catalog"
	"satudata/ingest/eventlog"
	"satudata/transform/lake"
	"satudata/transform/pipeline"
)

// undecided is a catalog in which no delivery ever arrives whole, so that a worker lands and no more.
type undecided struct{ *catalog.Catalog }

func (undecided) Arrived(context.Context) ([]pipeline.Delivery, error) { return nil, nil }

// cpu is the processor time that this process has used.
func cpu(tb testing.TB) time.Duration {
	tb.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// benchRows is how many permits a benchmark lands, ROWS when that is set.
func benchRows(b *testing.B, usual int) int {
	b.Helper()
	text := os.Getenv("ROWS")
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		b.Fatal(err)
	}
	return n
}

// BenchmarkHistory lands a filled log until the history is committed: no check, publication or fold.
func BenchmarkHistory(b *testing.B) {
	rows := benchRows(b, 1_000_000)
	for _, format := range []string{"ndjson", "csv"} {
		b.Run("input="+format, func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "izin."+format)
			b.SetBytes(writePermits(b, path, format, rows))
			r := openRoad(b, b.TempDir())
			r.ingest(b, path, format)
			benchmarkHistory(b, r, r.log, rows)
		})
	}
}

// benchmarkHistory lands the rows of a log into a fresh lake each time.
func benchmarkHistory(b *testing.B, r *road, log eventlog.Log, rows int) {
	var used time.Duration
	var before, after runtime.MemStats
	allocs, bytes := uint64(0), int64(0)
	forgetPeak(b)
	for b.Loop() {
		b.StopTimer()
		tables, err := lake.Open(b.Context(), b.TempDir(), lake.Options{})
		if err != nil {
			b.Fatal(err)
		}
		accepted := int64(0)
		w := pipeline.New(pipeline.Options{Log: log, Lake: tables, Governance: undecided{r.cat}, Reference: r.ref,
			OnLanded: func(l pipeline.Landed) { accepted += l.Accepted }})
		runtime.GC()
		runtime.ReadMemStats(&before)
		begun := cpu(b)
		b.StartTimer()
		err = w.Drain(b.Context())
		b.StopTimer()
		used += cpu(b) - begun
		runtime.ReadMemStats(&after)
		allocs += after.Mallocs - before.Mallocs
		bytes = folderSize(b, tables.Dir())
		if err := tables.Close(); err != nil {
			b.Fatal(err)
		}
		if err != nil || accepted != int64(rows) {
			b.Fatal(fmt.Errorf("%d rows accepted, want %d: %w", accepted, rows, err))
		}
		b.StartTimer()
	}
	n := float64(rows) * float64(b.N)
	b.ReportMetric(n/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64(used.Nanoseconds())/n, "cpu-ns/row")
	b.ReportMetric(float64(allocs)/n, "allocs/row")
	b.ReportMetric(float64(bytes)/float64(rows), "lake-B/row")
	b.ReportMetric(float64(peak(b))/(1<<20), "peak-MiB")
}

// peak is the most memory that this process had since forgetPeak.
func peak(tb testing.TB) int64 {
	tb.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		tb.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if f := strings.Fields(line); f[0] == "VmHWM:" {
			kb, err := strconv.ParseInt(f[1], 10, 64)
			if err != nil {
				tb.Fatal(err)
			}
			return kb << 10
		}
	}
	tb.Fatal("no VmHWM in /proc/self/status")
	return 0
}

// forgetPeak gives memory back to the system and begins to look for the peak anew.
func forgetPeak(tb testing.TB) {
	tb.Helper()
	debug.FreeOSMemory()
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		tb.Fatal(err)
	}
}

// folderSize is how many bytes the files below dir have.
func folderSize(tb testing.TB, dir string) (n int64) {
	tb.Helper()
	err := filepath.Walk(dir, func(_ string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			n += info.Size()
		}
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return n
}

// BenchmarkMessages lands messages of one record each. They are held in memory, so that what a log
// takes to give them back does not count.
func BenchmarkMessages(b *testing.B) {
	rows := benchRows(b, 400_000)
	r := openRoad(b, b.TempDir())
	r.register(b, "ndjson")
	held := &heldLog{Log: r.log}
	for i := range rows {
		c := chunk(int64(i+1), permit(i), 1)
		c.FirstRow = int64(i + 1)
		held.records = append(held.records, eventlog.Record{Offset: int64(i), Time: c.Time, Message: c.Message()})
	}
	benchmarkHistory(b, r, held, rows)
}

// heldLog is a log whose only topic is in memory.
type heldLog struct {
	eventlog.Log
	records []eventlog.Record
}

func (h *heldLog) Topics(context.Context) ([]string, error) { return []string{topic}, nil }

func (h *heldLog) Ranges(context.Context, string) ([]eventlog.Range, error) {
	return []eventlog.Range{{Next: int64(len(h.records))}}, nil
}

func (h *heldLog) Read(_ context.Context, _ string, _ int, from int64, maxBytes int) ([]eventlog.Record, error) {
	to := from
	for ; to < int64(len(h.records)) && maxBytes > 0; to++ {
		maxBytes -= len(h.records[to].Message.Value)
	}
	return h.records[from:to], nil
}
