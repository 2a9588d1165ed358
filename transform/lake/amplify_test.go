package lake_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"satudata/transform/lake"
)

// BenchmarkAmplify lands ten updates of every key, at random and in 300 deliveries, folds after each
// as the worker does, and prints how many bytes the folds wrote for each byte of the history. The
// keys are 30,000, or SATUDATA_BENCH_KEYS; that it stays below 8 is asked of 3,000,000.
func BenchmarkAmplify(b *testing.B) {
	keys := 30_000
	if text := os.Getenv("SATUDATA_BENCH_KEYS"); text != "" {
		var err error
		if keys, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	const deliveries = 300
	for b.Loop() {
		l := open(b, b.TempDir())
		if err := l.Ensure(b.Context(), dataset, permits, []int{0}); err != nil {
			b.Fatal(err)
		}
		var published []lake.Publication
		var input, written, rows int64
		folds := 0
		begun := time.Now()
		for n := range deliveries {
			updates := permitUpdates(b, n, keys, 10*keys/deliveries)
			for _, rec := range updates {
				rows += rec.NumRows()
			}
			input += landUpdates(b, l, n, updates)
			published = append(published, lake.Publication{Delivery: deliveryID(n), FirstID: eventID(n * 10_000), At: time.UnixMilli(int64(n)), Key: []string{"nomor"}})
			r, err := l.Fold(b.Context(), dataset, published, false)
			if err != nil {
				b.Fatal(err)
			}
			if r.Folded {
				folds++
			}
			written += r.Bytes
		}
		b.ReportMetric(float64(written)/float64(input), "written/input")
		b.ReportMetric(float64(folds), "folds")
		b.ReportMetric(float64(rows), "rows")
		b.ReportMetric(time.Since(begun).Seconds(), "s")
	}
}

// permitUpdates are n updates of the reference work of different keys, in chunks.
func permitUpdates(b testing.TB, delivery, keys, n int) (chunks []arrow.RecordBatch) {
	r := rand.New(rand.NewPCG(uint64(delivery), 11))
	first := r.IntN(keys)
	var values [][]any
	for i := range n {
		key := (first + i*7919) % keys // different ones, because 7919 divides no number of keys that is used
		values = append(values, permit(r, key))
		if len(values) == permitRows || i == n-1 {
			chunks = append(chunks, record(b, memory.DefaultAllocator, permits, values...))
			values = nil
		}
	}
	return chunks
}

// permit is a record of the reference work.
func permit(r *rand.Rand, key int) []any {
	return []any{
		fmt.Sprintf("IZN-2024-%09d", key), fmt.Sprintf("%013d", r.Int64N(1e13)), fmt.Sprintf("NAMA %07d", r.IntN(10_000_000)),
		fmt.Sprintf("32.%02d", r.IntN(27)), fmt.Sprintf("LYN%03d", r.IntN(50)),
		arrow.Date32(19_000 + r.IntN(1500)), arrow.Timestamp(1_700_000_000_000_000 + r.Int64N(1e14)),
		r.Int64N(60), decimal128.FromI64(r.Int64N(1e9)), []string{"DITERIMA", "DITOLAK", "DIPROSES", "SELESAI"}[r.IntN(4)],
	}
}

// landUpdates lands chunks as a delivery and returns the bytes of its files.
func landUpdates(b testing.TB, l *lake.Lake, delivery int, chunks []arrow.RecordBatch) (bytes int64) {
	batch := fmt.Sprint("delivery ", delivery)
	w, err := l.NewWriter(b.Context(), dataset, lake.History, batch)
	if err != nil {
		b.Fatal(err)
	}
	defer w.Abort()
	for i, rec := range chunks {
		o := lake.Origin{Event: eventID(delivery*10_000 + i), Delivery: deliveryID(delivery), OPD: "dpmptsp", Recorded: time.UnixMicro(1)}
		seq := numbers(0, rec.NumRows())
		if err := w.Write(rec, o, lake.Rows{Row: seq, SourceRow: seq}); err != nil {
			b.Fatal(err)
		}
		rec.Release()
	}
	files, err := w.Close()
	if err != nil {
		b.Fatal(err)
	}
	for _, f := range files {
		bytes += f.Bytes
	}
	if err := l.Commit(b.Context(), dataset, lake.History, files, lake.Advance{Batch: batch, From: int64(delivery), To: int64(delivery) + 1}); err != nil {
		b.Fatal(err)
	}
	return bytes
}
