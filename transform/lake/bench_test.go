package lake_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"satudata/schemas"
	"satudata/transform/lake"
)

// permits are the columns of the reference work: licence applications.
var permits = []schemas.Field{
	field("nomor", schemas.String), field("nib", schemas.String), field("nama", schemas.String),
	field("kode_wilayah", schemas.String), field("kode_layanan", schemas.String),
	field("tanggal", schemas.Date), field("waktu", schemas.Timestamp),
	field("hari", schemas.Integer), decimal("retribusi", 18, 2), field("status", schemas.String),
}

// permitRows is how many of the reference records fit in a chunk.
const permitRows = 2200

// permitBatches are record batches of the reference work, one per chunk.
func permitBatches(t testing.TB, n int) []arrow.RecordBatch {
	r := rand.New(rand.NewPCG(7, 7))
	first := []string{"BUDI", "SITI", "AGUS", "DEWI", "RINA", "JOKO", "AYU", "EKO", "SRI", "TONO"}
	last := []string{"SANTOSO", "WIJAYA", "HIDAYAT", "LESTARI", "PUTRI", "SAPUTRA", "NUGROHO", "RAHAYU"}
	status := []string{"DITERIMA", "DITOLAK", "DIPROSES", "SELESAI"}
	batches := make([]arrow.RecordBatch, n)
	for b := range batches {
		values := make([][]any, permitRows)
		for i := range values {
			values[i] = []any{
				fmt.Sprintf("IZN-2024-%09d", b*permitRows+i), fmt.Sprintf("%013d", r.Int64N(1e13)),
				first[r.IntN(len(first))] + " " + last[r.IntN(len(last))] + fmt.Sprint(" ", r.IntN(10_000)),
				fmt.Sprintf("32.%02d", r.IntN(27)), fmt.Sprintf("LYN%03d", r.IntN(50)),
				arrow.Date32(19_000 + r.IntN(1500)), arrow.Timestamp(1_700_000_000_000_000 + r.Int64N(1e14)),
				r.Int64N(60), decimal128.FromI64(r.Int64N(1e9)), status[r.IntN(len(status))],
			}
		}
		batches[b] = record(t, memory.DefaultAllocator, permits, values...)
	}
	return batches
}

// BenchmarkWrite writes the reference work to durable Parquet files of the history, without commit.
func BenchmarkWrite(b *testing.B) {
	batches := permitBatches(b, 100)
	l := open(b, b.TempDir())
	if err := l.Ensure(b.Context(), dataset, permits, []int{0}); err != nil {
		b.Fatal(err)
	}
	for _, n := range []int{200_000, 3_000_000} {
		b.Run(fmt.Sprintf("rows=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			written := 0
			var bytes int64
			for b.Loop() {
				rows, size := writePermits(b, l, batches, n)
				written += rows
				bytes = size
			}
			b.ReportMetric(float64(written)/b.Elapsed().Seconds(), "rows/s")
			b.ReportMetric(float64(bytes)/float64(written/b.N), "bytes/row")
		})
	}
}

func writePermits(b *testing.B, l *lake.Lake, batches []arrow.RecordBatch, n int) (int, int64) {
	w, err := l.NewWriter(b.Context(), dataset, lake.History, "bench")
	if err != nil {
		b.Fatal(err)
	}
	defer w.Abort()
	seq := numbers(0, permitRows)
	rows := 0
	for i := 0; rows < n; i++ {
		o := lake.Origin{Event: eventID(i), Delivery: deliveryID(1), OPD: "dpmptsp", Recorded: time.UnixMicro(int64(i))}
		if err := w.Write(batches[i%len(batches)], o, lake.Rows{Row: seq, SourceRow: seq}); err != nil {
			b.Fatal(err)
		}
		rows += permitRows
	}
	files, err := w.Close()
	if err != nil {
		b.Fatal(err)
	}
	size := int64(0)
	for _, f := range files {
		size += f.Bytes
	}
	return rows, size
}

// BenchmarkFold folds a history of the reference work from nothing, and then a tenth of it again on
// top of that.
func BenchmarkFold(b *testing.B) {
	const chunks = 400
	batches := permitBatches(b, chunks)
	for b.Loop() {
		l := open(b, b.TempDir())
		if err := l.Ensure(b.Context(), dataset, permits, []int{0}); err != nil {
			b.Fatal(err)
		}
		published := []lake.Publication{
			{Delivery: deliveryID(0), FirstID: eventID(0)},
			{Delivery: deliveryID(1), FirstID: eventID(chunks), At: time.UnixMilli(1)},
		}
		landPermits(b, l, batches, 0, 0)
		landPermits(b, l, batches[:chunks/10], 1, chunks)
		for n, phase := range []string{"all", "tenth"} {
			start := time.Now()
			r, err := l.Fold(b.Context(), dataset, published[:n+1], true)
			if err != nil || !r.Folded {
				b.Fatal(r, err)
			}
			b.ReportMetric(float64(r.Rows)/time.Since(start).Seconds(), phase+"-rows/s")
		}
	}
}

// landPermits lands batches as one delivery whose first event is event.
func landPermits(b *testing.B, l *lake.Lake, batches []arrow.RecordBatch, delivery, event int) {
	batch := fmt.Sprint("delivery ", delivery)
	w, err := l.NewWriter(b.Context(), dataset, lake.History, batch)
	if err != nil {
		b.Fatal(err)
	}
	defer w.Abort()
	seq := numbers(0, permitRows)
	for i, rec := range batches {
		o := lake.Origin{Event: eventID(event + i), Delivery: deliveryID(delivery), OPD: "dpmptsp", Recorded: time.UnixMicro(1)}
		if err := w.Write(rec, o, lake.Rows{Row: seq, SourceRow: seq}); err != nil {
			b.Fatal(err)
		}
	}
	files, err := w.Close()
	if err != nil {
		b.Fatal(err)
	}
	a := lake.Advance{Batch: batch, From: int64(event), To: int64(event + len(batches))}
	if err := l.Commit(b.Context(), dataset, lake.History, files, a); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkCommit commits one small file after the other.
func BenchmarkCommit(b *testing.B) {
	l := open(b, b.TempDir())
	ensure(b, l, single)
	var at int64
	for b.Loop() {
		land(b, l, at, origin(deliveryID(1), int(at)), record(b, memory.DefaultAllocator, single, []any{at}))
		at++
	}
}
