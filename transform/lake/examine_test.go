package lake_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"satudata/schemas"
	"satudata/transform/lake"
)

// TestKeysWithoutDeletions: a key that the delivery took away is not one that it has.
func TestKeysWithoutDeletions(t *testing.T) {
	l := open(t, t.TempDir())
	ensure(t, l, single, 0)
	d := deliveryID(1)
	gone := origin(d, 1)
	gone.Deleted = true
	land(t, l, 0, gone, record(t, memory.DefaultAllocator, single, []any{int64(1)}, []any{int64(2)}))
	land(t, l, 1, origin(d, 2), record(t, memory.DefaultAllocator, single, []any{int64(3)}))
	var got []int64
	err := l.Keys(t.Context(), dataset, d, func(key []arrow.Array, _ *array.Int64) error {
		got = append(got, key[0].(*array.Int64).Int64Values()...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int64{3}, got); diff != "" {
		t.Errorf("keys of the delivery (-want +got):\n%s", diff)
	}
}

// rejects lands rows of the rejected table as one batch of partition 0.
func rejects(t *testing.T, l *lake.Lake, offset int64, o lake.Origin, rows ...lake.Reject) {
	t.Helper()
	w, err := l.NewWriter(t.Context(), dataset, lake.Rejected, "ditolak")
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	if err := w.WriteRejects(o, rows); err != nil {
		t.Fatal(err)
	}
	files, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Commit(t.Context(), dataset, lake.Rejected, files, lake.Advance{Batch: "ditolak", From: offset, To: offset + 1}); err != nil {
		t.Fatal(err)
	}
}

// TestDoubles: a row is doubled when its place occurs twice, in one table or in both; the counts alone
// do not show it.
func TestDoubles(t *testing.T) {
	l := open(t, t.TempDir())
	ensure(t, l, single)
	d, clean := deliveryID(1), deliveryID(2)
	rec := func(rows ...[]any) arrow.RecordBatch { return record(t, memory.DefaultAllocator, single, rows...) }
	refused := func(row int64) lake.Reject {
		return lake.Reject{Row: row, Status: lake.StatusRejected, Reasons: "[]"}
	}
	rejects(t, l, 0, origin(d, 1), refused(1), refused(7)) // row 1 is also accepted
	land(t, l, 0, origin(d, 1), rec([]any{int64(1)}, []any{int64(2)}))
	land(t, l, 1, origin(d, 1), rec([]any{int64(1)})) // row 0 again
	land(t, l, 2, origin(clean, 2), rec([]any{int64(1)}, []any{int64(2)}))
	foreign := lake.Origin{Recorded: origin(d, 1).Recorded}
	rejects(t, l, 3, foreign, refused(0), refused(0)) // two messages that are no chunks
	y, err := l.Tally(t.Context(), dataset)
	if err != nil {
		t.Fatal(err)
	}
	got, err := y.Doubles(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[uuid.UUID]int64{d: 2}, got); diff != "" {
		t.Errorf("doubles (-want +got):\n%s", diff)
	}
	counts, err := y.Counts(t.Context(), []uuid.UUID{eventID(1)})
	if err != nil {
		t.Fatal(err)
	}
	want := map[uuid.UUID]lake.Count{d: {Accepted: 3}, clean: {Accepted: 2}, uuid.Nil: {Rejected: 2}}
	if diff := cmp.Diff(want, counts); diff != "" {
		t.Errorf("counts without the rejects of a chunk (-want +got):\n%s", diff)
	}
}

// TestTallyStays: what lands after a tally was opened is not in it.
func TestTallyStays(t *testing.T) {
	l := open(t, t.TempDir())
	ensure(t, l, single)
	d := deliveryID(1)
	land(t, l, 0, origin(d, 1), record(t, memory.DefaultAllocator, single, []any{int64(1)}))
	y, err := l.Tally(t.Context(), dataset)
	if err != nil {
		t.Fatal(err)
	}
	land(t, l, 1, origin(d, 2), record(t, memory.DefaultAllocator, single, []any{int64(2)}))
	counts, err := y.Counts(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if y.History.Offsets[0] != 1 || counts[d].Accepted != 1 {
		t.Errorf("tally at offset %d with %d rows, want 1 and 1", y.History.Offsets[0], counts[d].Accepted)
	}
}

// TestElsewhere: a lake that was copied or moved still leads to the files of where it was.
func TestElsewhere(t *testing.T) {
	parent := t.TempDir()
	at := func(name string) string { return filepath.Join(parent, name) }
	home := at("lake")
	l, err := lake.Open(t.Context(), home, lake.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ensure(t, l, []schemas.Field{field("kode", schemas.String)}, 0)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(at("salinan"), os.DirFS(home)); err != nil {
		t.Fatal(err)
	}
	refused := func(dir string) {
		t.Helper()
		_, err := lake.Open(t.Context(), dir, lake.Options{})
		if !errors.Is(err, lake.ErrElsewhere) || !strings.Contains(err.Error(), "the tables belong to "+home+";") {
			t.Errorf("Open(%s) = %v, want ErrElsewhere naming %s", dir, err, home)
		}
	}
	refused(at("salinan"))
	if err := os.Symlink(home, at("tautan")); err != nil {
		t.Fatal(err)
	}
	open(t, at("tautan"))
	open(t, home)
	if err := os.Rename(at("lake"), at("pindah")); err != nil {
		t.Fatal(err)
	}
	refused(at("pindah"))
}
