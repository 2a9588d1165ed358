package lake_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"satudata/ingest/event"
	"satudata/schemas"
	"satudata/transform/lake"
)

// digested has a column of each type.
var digested = []schemas.Field{
	field("teks", schemas.String), field("teks2", schemas.String), field("bulat", schemas.Integer), field("pecahan", schemas.Double),
	field("benar", schemas.Boolean), field("tanggal", schemas.Date), field("waktu", schemas.Timestamp), decimal("uang", 18, 2),
}

// someRows are rows of digested.
func someRows() [][]any {
	return [][]any{
		{"a", "bc", int64(1), 0.1, true, arrow.Date32(19_000), arrow.Timestamp(1_700_000_000_000_001), decimal128.FromI64(150)},
		{"a", "bc", int64(1), 0.1, true, arrow.Date32(19_000), arrow.Timestamp(1_700_000_000_000_001), decimal128.FromI64(150)},
		{nil, nil, nil, nil, nil, nil, nil, nil},
		{"", "", int64(-1), math.Copysign(0, -1), false, arrow.Date32(-1), arrow.Timestamp(-1), decimal128.FromI64(-1)},
		{"x:1;y", "12", int64(0), 0.0, false, arrow.Date32(0), arrow.Timestamp(0), decimal128.FromI64(0)},
	}
}

var bundle = lake.Origin{Event: event.Derive("peristiwa"), Delivery: event.Derive("kiriman"), OPD: "bpbd", Recorded: time.UnixMicro(1_700_000_000_000_000)}

// digestOf lands rows, each a batch of its own in the given order, and returns the digest of the history.
func digestOf(t *testing.T, rows [][]any, order ...int) (lake.Digest, *lake.Lake) {
	t.Helper()
	l := open(t, t.TempDir())
	if err := l.Ensure(t.Context(), dataset, digested, nil); err != nil {
		t.Fatal(err)
	}
	for at, i := range order {
		landRow(t, l, int64(at), int64(i), record(t, memory.DefaultAllocator, digested, rows[i]))
	}
	return digests(t, l, nil)[0], l
}

// landRow lands one row, which is the given one of its chunk.
func landRow(t *testing.T, l *lake.Lake, offset, row int64, rec arrow.RecordBatch) {
	t.Helper()
	defer rec.Release()
	batch := fmt.Sprintf("%d", offset)
	w, err := l.NewWriter(t.Context(), dataset, lake.History, batch)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(rec, bundle, lake.Rows{Row: []int64{row}, SourceRow: []int64{row + 2}}); err != nil {
		t.Fatal(err)
	}
	files, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Commit(t.Context(), dataset, lake.History, files, lake.Advance{Batch: batch, From: offset, To: offset + 1}); err != nil {
		t.Fatal(err)
	}
}

func digests(t *testing.T, l *lake.Lake, published []lake.Publication) []lake.Digest {
	t.Helper()
	d, err := l.Digests(t.Context(), dataset, published)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestDigest: a digest does not depend on the order of rows or on the files that hold them, and does
// on every value, also where two rows would read alike.
func TestDigest(t *testing.T) {
	want, first := digestOf(t, someRows(), 0, 1, 2, 3, 4)
	if want.Rows != 5 {
		t.Errorf("rows = %d, want 5", want.Rows)
	}
	if got, _ := digestOf(t, someRows(), 4, 2, 0, 3, 1); got != want {
		t.Errorf("digest in another order = %+v, want %+v", got, want)
	}
	if got, _ := digestOf(t, someRows(), 0, 1, 2, 3); got.Sum == want.Sum {
		t.Error("a row less has the same digest")
	}
	changed := []any{"ab", "c", int64(2), math.Nextafter(0.1, 1), false, arrow.Date32(19_001), arrow.Timestamp(1_700_000_000_000_002), decimal128.FromI64(151)}
	for i, f := range digested {
		rows := someRows()
		rows[0][i] = changed[i]
		if f.Name == "teks" {
			rows[0][1] = changed[1] // "a" and "bc" become "ab" and "c"
		}
		got, other := digestOf(t, rows, 0, 1, 2, 3, 4)
		if got.Sum == want.Sum {
			t.Errorf("another value of %s has the same digest", f.Name)
		}
		checkDiffer(t, first, other, lake.Difference{First: 1, Second: 1, Examples: []lake.Stray{
			{InFirst: false, Delivery: bundle.Delivery, Event: bundle.Event, SourceRow: 2},
			{InFirst: true, Delivery: bundle.Delivery, Event: bundle.Event, SourceRow: 2}}})
	}
	for i := range digested {
		rows := someRows()
		rows[3][i] = nil // as against "", false, -0
		if got, _ := digestOf(t, rows, 0, 1, 2, 3, 4); got.Sum == want.Sum {
			t.Errorf("no value of %s has the same digest as an empty one", digested[i].Name)
		}
	}
}

func checkDiffer(t *testing.T, a, b *lake.Lake, want lake.Difference) {
	t.Helper()
	got, err := a.Differ(t.Context(), b, dataset, lake.History, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("Differ = %+v, want %+v", got, want)
	}
}

// TestDifferTwice: a row that one table has twice is a difference.
func TestDifferTwice(t *testing.T) {
	one, a := digestOf(t, someRows(), 0, 2)
	two, b := digestOf(t, someRows(), 0, 2, 2)
	if one.Sum == two.Sum {
		t.Error("a row that is there twice has the same digest")
	}
	checkDiffer(t, a, b, lake.Difference{Second: 1, Examples: []lake.Stray{
		{Delivery: bundle.Delivery, Event: bundle.Event, Row: 2, SourceRow: 4},
		{Delivery: bundle.Delivery, Event: bundle.Event, Row: 2, SourceRow: 4}}})
}

// TestDigestOfCurrent: folded or not, the current state has the same digest.
func TestDigestOfCurrent(t *testing.T) {
	_, l := digestOf(t, someRows(), 0, 2, 4)
	published := []lake.Publication{{Delivery: bundle.Delivery, FirstID: bundle.Event, At: time.UnixMicro(1)}}
	before := digests(t, l, published)[2]
	if before.Rows != 3 || before.Kind != "current" {
		t.Errorf("digest before the fold: %+v, want 3 rows of the current table", before)
	}
	if r, err := l.Fold(t.Context(), dataset, published, true); err != nil || !r.Folded {
		t.Fatalf("Fold = %+v, %v", r, err)
	}
	if after := digests(t, l, published)[2]; after != before {
		t.Errorf("digest after the fold = %+v, want %+v", after, before)
	}
	if none := digests(t, l, nil)[2]; none.Rows != 0 {
		t.Errorf("digest with nothing published: %+v", none)
	}
}

// BenchmarkDigest reads every column of three million rows of the history.
func BenchmarkDigest(b *testing.B) {
	const rows = 3_000_000
	l := open(b, b.TempDir())
	if err := l.Ensure(b.Context(), dataset, permits, []int{0}); err != nil {
		b.Fatal(err)
	}
	batches := permitBatches(b, 100)
	w, err := l.NewWriter(b.Context(), dataset, lake.History, "bench")
	if err != nil {
		b.Fatal(err)
	}
	seq := numbers(0, permitRows)
	for written := 0; written < rows; written += permitRows {
		if err := w.Write(batches[written/permitRows%len(batches)], bundle, lake.Rows{Row: seq, SourceRow: seq}); err != nil {
			b.Fatal(err)
		}
	}
	files, err := w.Close()
	if err != nil {
		b.Fatal(err)
	}
	if err := l.Commit(b.Context(), dataset, lake.History, files, lake.Advance{Batch: "bench", To: 1}); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := l.Digests(b.Context(), dataset, nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
