package lake_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"satudata/schemas"
	"satudata/transform/lake"
)

// TestEvolution lands rows under two contract versions, the second with a column renamed, one
// widened, one added in the middle, and the order changed; then rows of the first version again,
// that were still on their way.
func TestEvolution(t *testing.T) {
	l := open(t, t.TempDir())
	v1 := []schemas.Field{field("kode", schemas.String), field("jumlah", schemas.Integer), decimal("rugi", 9, 2)}
	ensure(t, l, v1, 0)
	d1, d2, d3 := deliveryID(1), deliveryID(2), deliveryID(3)
	old := func(kode string, n int64) []any { return []any{kode, n, decimal128.FromI64(n * 100)} }
	land(t, l, 0, origin(d1, 1), record(t, memory.DefaultAllocator, v1, old("a", 1), old("b", 2)))
	published := []lake.Publication{{Delivery: d1, FirstID: eventID(1)}}
	if _, err := l.Fold(t.Context(), dataset, published, true); err != nil {
		t.Fatal(err)
	}

	renamed := field("jumlah_kejadian", schemas.Integer)
	renamed.RenamedFrom = "jumlah"
	v2 := []schemas.Field{decimal("rugi", 18, 2), field("kode", schemas.String), field("sebab", schemas.String), renamed}
	for range 2 { // the second time there is nothing to do
		ensure(t, l, v2, 1)
	}
	ensure(t, l, v1, 0) // of which rows are still on their way
	land(t, l, 1, origin(d2, 2), record(t, memory.DefaultAllocator, v2, []any{decimal128.FromI64(12345678901), "b", "hujan", int64(9)}))
	land(t, l, 2, origin(d3, 3), record(t, memory.DefaultAllocator, v1, old("c", 3)))
	published = append(published, lake.Publication{Delivery: d2, FirstID: eventID(2), At: time.UnixMilli(1)},
		lake.Publication{Delivery: d3, FirstID: eventID(3), At: time.UnixMilli(2)})

	want := [][]string{{"1.00", "a", "<nil>", "1"}, {"123456789.01", "b", "hujan", "9"}, {"3.00", "c", "<nil>", "3"}}
	for _, when := range []string{"before fold", "after fold"} {
		got := view(t, l, "kejadian_banjir", published, lake.AsOf{}, "SELECT rugi::VARCHAR, * EXCLUDE rugi FROM %s ORDER BY kode")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", when, diff)
		}
		if _, err := l.Fold(t.Context(), dataset, published, true); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEnsureRefuses(t *testing.T) {
	have := []schemas.Field{field("kode", schemas.String), field("jumlah", schemas.Integer), decimal("rugi", 18, 2)}
	tests := []struct {
		name   string
		fields []schemas.Field
		key    []int
		want   string
	}{
		{"dropped column", have[:2], nil, `column "rugi" is missing`},
		{"other type", []schemas.Field{have[0], field("jumlah", schemas.String), have[2]}, nil, `column "jumlah" is long and cannot become string`},
		{"narrower decimal", []schemas.Field{have[0], have[1], decimal("rugi", 9, 2)}, nil, "cannot become decimal(9, 2)"},
		{"other scale", []schemas.Field{have[0], have[1], decimal("rugi", 20, 3)}, nil, "cannot become decimal(20, 3)"},
		{"reserved name", append(have[:3:3], field("_peristiwa", schemas.String)), nil, "is reserved"},
		{"twice but for case", append(have[:3:3], field("KODE", schemas.String)), nil, "appears twice"},
		{"no such type", append(have[:3:3], decimal("x", 39, 2)), nil, "has type decimal(39,2)"},
		{"key beyond", have, []int{3}, "key column 3 of 3"},
	}
	l := open(t, t.TempDir())
	ensure(t, l, have)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := l.Ensure(t.Context(), dataset, tt.fields, tt.key)
			if !errors.Is(err, lake.ErrIncompatible) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Ensure = %v, want ErrIncompatible: %s", err, tt.want)
			}
		})
	}
	for _, name := range []string{"", "banjir", "a.b.c", "bencana.Banjir", "bencana.banjir_riwayat", "../x.y"} {
		if err := l.Ensure(t.Context(), name, have, nil); !errors.Is(err, lake.ErrDataset) {
			t.Errorf("Ensure(%q) = %v, want ErrDataset", name, err)
		}
	}
}

// TestRenamedBack gives a column its first name again, which must not pass for the first version.
func TestRenamedBack(t *testing.T) {
	l := open(t, t.TempDir())
	for _, name := range []string{"luas", "luas_m2", "luas"} {
		f := field(name, schemas.Integer)
		f.RenamedFrom = map[string]string{"luas_m2": "luas", "luas": "luas_m2"}[name]
		ensure(t, l, []schemas.Field{f})
		got := view(t, l, "kejadian_banjir", nil, lake.AsOf{}, "SELECT column_name FROM (DESCRIBE SELECT * FROM %s)")
		if diff := cmp.Diff([][]string{{name}}, got); diff != "" {
			t.Errorf("columns (-want +got):\n%s", diff)
		}
	}
}

// TestKeyChange folds under one key and reads under another.
func TestKeyChange(t *testing.T) {
	l := open(t, t.TempDir())
	fields := []schemas.Field{field("kode", schemas.String), field("tahun", schemas.Integer)}
	ensure(t, l, fields, 0)
	d := deliveryID(1)
	land(t, l, 0, origin(d, 1), record(t, memory.DefaultAllocator, fields, []any{"a", int64(2023)}, []any{"a", int64(2024)}))
	published := []lake.Publication{{Delivery: d, FirstID: eventID(1)}}
	if _, err := l.Fold(t.Context(), dataset, published, true); err != nil {
		t.Fatal(err)
	}
	ensure(t, l, fields, 0, 1)
	for _, when := range []string{"before fold", "after fold"} {
		got := view(t, l, "kejadian_banjir", published, lake.AsOf{}, "SELECT * FROM %s ORDER BY ALL")
		if diff := cmp.Diff([][]string{{"a", "2023"}, {"a", "2024"}}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", when, diff)
		}
		if r, err := l.Fold(t.Context(), dataset, published, false); err != nil || r.Folded != (when == "before fold") {
			t.Errorf("Fold = %+v, %v", r, err)
		}
	}
}

func TestAsOf(t *testing.T) {
	l := open(t, t.TempDir())
	ensure(t, l, single)
	var published []lake.Publication
	var times []time.Time
	var snapshots, folds []int64
	for i := range 4 {
		d := deliveryID(i)
		land(t, l, int64(i), origin(d, i+1), record(t, memory.DefaultAllocator, single, []any{int64(i)}))
		time.Sleep(3 * time.Millisecond) // snapshots have times in whole milliseconds
		published = append(published, lake.Publication{Delivery: d, FirstID: eventID(i + 1), At: time.Now()})
		if i == 1 {
			if _, err := l.Fold(t.Context(), dataset, published, true); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(3 * time.Millisecond)
		times = append(times, time.Now())
		infos, err := l.Describe(t.Context(), dataset)
		if err != nil {
			t.Fatal(err)
		}
		folds, snapshots = append(folds, infos[0].Snapshot), append(snapshots, infos[1].Snapshot)
		time.Sleep(3 * time.Millisecond)
	}
	tests := []struct {
		name          string
		asOf          lake.AsOf
		current, rows string
	}{
		{"now", lake.AsOf{}, "4 6", "4"},
		{"before all", lake.AsOf{Time: times[0].Add(-time.Hour)}, "0 <nil>", "0"},
		{"after the first", lake.AsOf{Time: times[0]}, "1 0", "1"},
		{"after the fold", lake.AsOf{Time: times[1]}, "2 1", "2"},
		{"after the third", lake.AsOf{Time: times[2]}, "3 3", "3"},
		{"history snapshot", lake.AsOf{Snapshot: snapshots[2]}, "2 1", "3"}, // its own rows were published later
		{"current snapshot", lake.AsOf{Snapshot: folds[2]}, "2 1", "2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := view(t, l, "kejadian_banjir", published, tt.asOf, "SELECT count(*), sum(nilai)::BIGINT FROM %s")
			if s := strings.Join(got[0], " "); s != tt.current {
				t.Errorf("current state has count and sum %s, want %s", s, tt.current)
			}
			got = view(t, l, "kejadian_banjir_riwayat", published, tt.asOf, "SELECT count(*) FROM %s")
			if got[0][0] != tt.rows {
				t.Errorf("history has %s rows, want %s", got[0][0], tt.rows)
			}
		})
	}
	if _, err := l.Views(t.Context(), dataset, published, lake.AsOf{Snapshot: 1}); !errors.Is(err, lake.ErrNoSnapshot) {
		t.Errorf("view of a snapshot that never was: %v, want ErrNoSnapshot", err)
	}
	if _, err := l.Views(t.Context(), "uji.tidak_ada", nil, lake.AsOf{}); !errors.Is(err, lake.ErrNotFound) {
		t.Errorf("view of a dataset that never was: %v, want ErrNotFound", err)
	}
}

func TestRejectsAndCounts(t *testing.T) {
	l := open(t, t.TempDir())
	ensure(t, l, single)
	d1, d2 := deliveryID(1), deliveryID(2)
	rejects := []lake.Reject{
		{Row: 0, SourceRow: 2, Status: lake.StatusRejected, Raw: "a;\"b'", Reasons: `[{"kolom":"nilai"}]`},
		{Row: 3, SourceRow: 5, Status: lake.StatusSetAside, Raw: "TOTAL;9", Reasons: `[]`},
	}
	w, err := l.NewWriter(t.Context(), dataset, lake.Rejected, "r")
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	for _, d := range []int{1, 2} {
		if err := w.WriteRejects(origin(deliveryID(d), d), rejects[:d]); err != nil {
			t.Fatal(err)
		}
	}
	files, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Commit(t.Context(), dataset, lake.Rejected, files, lake.Advance{Batch: "r", From: 0, To: 1}); err != nil {
		t.Fatal(err)
	}
	land(t, l, 0, origin(d1, 1), record(t, memory.DefaultAllocator, single, []any{int64(1)}, []any{int64(2)}))

	got, err := l.Counts(t.Context(), dataset)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]lake.Count{
		d1.String(): {Accepted: 2, Rejected: 1}, d2.String(): {Rejected: 1, SetAside: 1},
	}
	counts := map[string]lake.Count{}
	for id, c := range got {
		counts[id.String()] = c
	}
	if diff := cmp.Diff(want, counts); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	seen := view(t, l, "kejadian_banjir_ditolak", nil, lake.AsOf{}, "SELECT _baris, _baris_sumber, status, mentah, alasan FROM %s WHERE _peristiwa = '"+eventID(2).String()+"' ORDER BY 1")
	if diff := cmp.Diff([][]string{{"0", "2", "ditolak", "a;\"b'", `[{"kolom":"nilai"}]`}, {"3", "5", "disisihkan", "TOTAL;9", "[]"}}, seen); diff != "" {
		t.Errorf("rejected records (-want +got):\n%s", diff)
	}
	names, err := l.Datasets(t.Context())
	if diff := cmp.Diff([]string{dataset}, names); err != nil || diff != "" {
		t.Errorf("Datasets: %v (-want +got):\n%s", err, diff)
	}
}

func TestCheckFindsFaults(t *testing.T) {
	l := open(t, t.TempDir())
	ensure(t, l, single)
	var paths []string
	for i := range 3 {
		rec := record(t, memory.DefaultAllocator, single, []any{int64(i)})
		batch := string(rune('a' + i))
		files := write(t, l, batch, origin(deliveryID(1), i+1), rec)
		rec.Release()
		a := lake.Advance{Batch: batch, From: int64(i), To: int64(i) + 1}
		if err := l.Commit(t.Context(), dataset, lake.History, files, a); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, files[0].Path)
	}
	info, err := os.Stat(paths[2])
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		os.Remove(paths[0]),
		os.Truncate(paths[1], 10),
		os.WriteFile(paths[2], make([]byte, info.Size()), 0o644),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	faults, err := l.Check(t.Context(), dataset)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{paths[0]: "is missing", paths[1]: "has 10 bytes", paths[2]: "is not a Parquet file"}
	for _, f := range faults {
		path := strings.TrimPrefix(f.File, "file://")
		if w, ok := want[path]; !ok || !strings.HasPrefix(f.Problem.EN, w) || f.Problem.ID == "" {
			t.Errorf("%s %s, want %q", path, f.Problem, w)
		}
		delete(want, path)
	}
	if len(want) > 0 {
		t.Errorf("not found: %v", want)
	}
}
