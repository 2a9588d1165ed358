package lake_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"satudata/schemas"
	"satudata/transform/lake"
)

var keyed = []schemas.Field{field("kode", schemas.String), field("nilai", schemas.Integer)}

// landKeys lands n keys from first as one delivery and returns its publication.
func landKeys(t *testing.T, l *lake.Lake, at, first, n int) lake.Publication {
	t.Helper()
	var rows [][]any
	for i := range n {
		rows = append(rows, []any{fmt.Sprintf("k%06d", (first+i*7919)%100_000), int64(at)})
	}
	land(t, l, int64(at), origin(deliveryID(at), at+1), record(t, memory.DefaultAllocator, keyed, rows...))
	return lake.Publication{Delivery: deliveryID(at), FirstID: eventID(at + 1), At: time.UnixMilli(int64(at))}
}

func TestFoldShare(t *testing.T) {
	l := open(t, t.TempDir())
	ensure(t, l, keyed, 0)
	published := []lake.Publication{landKeys(t, l, 0, 0, 100)}
	steps := []struct {
		name  string
		keys  int // that land before
		force bool
		want  lake.FoldResult
	}{
		{"first", 0, false, lake.FoldResult{Folded: true, Rest: 100, Rows: 100}},
		{"nothing new", 0, true, lake.FoldResult{Rows: 100}},
		{"a little", 20, false, lake.FoldResult{Rest: 20, Rows: 100}},
		{"a little more", 1, false, lake.FoldResult{Folded: true, Rest: 21, Rows: 121}},
		{"forced", 1, true, lake.FoldResult{Folded: true, Rest: 1, Rows: 122}},
	}
	for i, step := range steps {
		if step.keys > 0 {
			published = append(published, landKeys(t, l, len(published), 50_000+100*i, step.keys))
		}
		got, err := l.Fold(t.Context(), dataset, published, step.force)
		if err != nil {
			t.Fatal(err)
		}
		got.Bytes = 0
		if diff := cmp.Diff(step.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step.name, diff)
		}
	}
}

// TestFoldIsSorted reads the file of a fold as it is.
func TestFoldIsSorted(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	ensure(t, l, keyed, 0)
	published := []lake.Publication{landKeys(t, l, 0, 0, 90_000)}
	if _, err := l.Fold(t.Context(), dataset, published, false); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "publik", "bencana", "kejadian_banjir", "data", "*.parquet"))
	if err != nil || len(files) != 1 {
		t.Fatalf("files of the current table: %v, %v", files, err)
	}
	got := rows(t, "SELECT count(*) FILTER (before >= kode), count(*) FROM (SELECT kode, lag(kode) OVER (ORDER BY file_row_number) AS before FROM read_parquet('"+files[0]+"', file_row_number = true))")
	if diff := cmp.Diff([][]string{{"0", "90000"}}, got); diff != "" {
		t.Errorf("rows out of order, rows (-want +got):\n%s", diff)
	}
}

func TestConcurrentFolds(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	ensure(t, l, keyed, 0)
	published := []lake.Publication{landKeys(t, l, 0, 0, 1000)}
	handles := []*lake.Lake{open(t, dir), open(t, dir)}
	errs := make([]error, 4)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { _, errs[i] = handles[i%2].Fold(t.Context(), dataset, published, true) })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil && !errors.Is(err, lake.ErrMoved) {
			t.Errorf("Fold = %v, want nil or ErrMoved", err)
		}
	}
	infos, err := l.Describe(t.Context(), dataset)
	if err != nil || infos[0].Rows != 1000 || infos[0].Snapshots != 1 {
		t.Errorf("current table %+v, %v; want 1000 rows in one snapshot", infos[0], err)
	}
	if faults, err := l.Check(t.Context(), dataset); err != nil || len(faults) > 0 {
		t.Errorf("Check = %v, %v", faults, err)
	}
}

// TestWriterRolls writes more than a file and a row group may hold, some rows selected.
func TestWriterRolls(t *testing.T) {
	dir := t.TempDir()
	l, err := lake.Open(t.Context(), dir, lake.Options{RowGroupRows: 1000, FileBytes: 20_000})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ensure(t, l, keyed, 0)
	w, err := l.NewWriter(t.Context(), dataset, lake.History, "b")
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	var values [][]any
	var selected []int32
	for i := range 2500 {
		values = append(values, []any{fmt.Sprint("k", i*7919%10_007), int64(i)})
		if i%5 > 0 {
			selected = append(selected, int32(i))
		}
	}
	rec := record(t, memory.DefaultAllocator, keyed, values...)
	defer rec.Release()
	n := int64(len(selected))
	for i := range 5 {
		err := w.Write(rec, origin(deliveryID(i), i+1), lake.Rows{Select: selected, Row: numbers(0, n), SourceRow: numbers(2, n)})
		if err != nil {
			t.Fatal(err)
		}
	}
	files, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 2 {
		t.Errorf("%d files, want several", len(files))
	}
	if err := l.Commit(t.Context(), dataset, lake.History, files, lake.Advance{Batch: "b", From: 0, To: 1}); err != nil {
		t.Fatal(err)
	}
	got := view(t, l, "kejadian_banjir_riwayat", nil, lake.AsOf{}, `SELECT count(*), count(DISTINCT nilai), min(nilai), max(nilai),
		sum(nilai)::BIGINT, count(DISTINCT (_peristiwa, _baris)), count(*) FILTER (kode = 'k' || (nilai * 7919 % 10007)) FROM %s`)
	if diff := cmp.Diff([][]string{{"10000", "2000", "1", "2499", "12500000", "10000", "10000"}}, got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if faults, err := l.Check(t.Context(), dataset); err != nil || len(faults) > 0 {
		t.Errorf("Check = %v, %v", faults, err)
	}
}
