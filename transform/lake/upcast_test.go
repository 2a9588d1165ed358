package lake_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"satudata/schemas"
	"satudata/transform/lake"
)

// dataFiles are the data files of a lake with their bytes.
func dataFiles(t *testing.T, dir string) map[string]string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*/*/*/data/*.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = string(data)
	}
	return out
}

// TestEvolutionKeepsFiles: columns are added, renamed and widened without touching a data file.
func TestEvolutionKeepsFiles(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	v1 := []schemas.Field{field("kode", schemas.String), field("jumlah", schemas.Integer), decimal("rugi", 9, 2)}
	ensure(t, l, v1, 0)
	land(t, l, 0, origin(deliveryID(1), 1), record(t, memory.DefaultAllocator, v1, []any{"a", int64(1), decimal128.FromI64(100)}))
	published := []lake.Publication{{Delivery: deliveryID(1), FirstID: eventID(1)}}
	if _, err := l.Fold(t.Context(), dataset, published, true); err != nil {
		t.Fatal(err)
	}
	before := dataFiles(t, dir)
	renamed := field("jumlah_kejadian", schemas.Integer)
	renamed.RenamedFrom = "jumlah"
	ensure(t, l, []schemas.Field{v1[0], renamed, decimal("rugi", 18, 2), field("sebab", schemas.String)}, 0)
	if _, err := l.Fold(t.Context(), dataset, published, false); err != nil {
		t.Fatal(err)
	}
	got := view(t, l, "kejadian_banjir", published, lake.AsOf{}, "SELECT kode, jumlah_kejadian, rugi::VARCHAR, sebab FROM %s")
	if d := cmp.Diff([][]string{{"a", "1", "1.00", "<nil>"}}, got); d != "" {
		t.Errorf("rows (-want +got):\n%s", d)
	}
	if after := dataFiles(t, dir); len(before) != 2 || !cmp.Equal(before, after) {
		t.Errorf("%d data files became %d, or others", len(before), len(after))
	}
}

// TestUpcastWhenever: rows of older versions get the values that later versions give them, whether
// the state was folded before, between or after these versions, or never; the history does not.
func TestUpcastWhenever(t *testing.T) {
	text := func(s string) *string { return &s }
	v1 := []schemas.Field{field("kode", schemas.String), field("kelamin", schemas.String)}
	v2 := append(v1[:2:2], field("sumber", schemas.String), field("kelompok", schemas.String))
	renamed := field("asal", schemas.String)
	renamed.RenamedFrom = "sumber"
	v3 := append(v1[:2:2], renamed, v2[3], field("jumlah", schemas.Integer))
	str, whole := schemas.Type{Kind: schemas.String}, schemas.Type{Kind: schemas.Integer}
	v4 := append(v3[:5:5], field("sumber", schemas.String)) // another column than the one that was called so
	two := lake.Upcast{Version: "1.2.0", Fields: v2, Columns: []schemas.Upcast{
		{Column: "kelamin", Type: str, Map: map[string]string{"L": "LAKI-LAKI", "P'": "PEREMPUAN"}},
		{Column: "sumber", Type: str, Constant: text("LAMA")},
		{Column: "kelompok", Type: str, From: "kelamin", Map: map[string]string{"L": "A"}},
	}}
	ten := lake.Upcast{Version: "1.10.0", Fields: v3, Columns: []schemas.Upcast{ // after 1.2.0, although not as text
		{Column: "kelompok", Type: str, Map: map[string]string{"A": "B"}},
		{Column: "jumlah", Type: whole, Constant: text("1")},
	}}
	want := [][]string{
		{"a", "LAKI-LAKI", "LAMA", "B", "1", "<nil>"}, {"b", "PEREMPUAN", "LAMA", "P'", "1", "<nil>"},
		{"c", "L", "baru", "B", "1", "<nil>"}, {"d", "X", "<nil>", "<nil>", "7", "<nil>"}, {"e", "L", "<nil>", "A", "<nil>", "sini"},
	}
	for _, folds := range []string{"", "1", "2", "3", "123"} {
		t.Run("folded after "+folds, func(t *testing.T) {
			dir := t.TempDir()
			l := open(t, dir)
			var published []lake.Publication
			step := func(n int, fields []schemas.Field, rows [][]any, concerns []lake.Upcast) {
				ensure(t, l, fields, 0)
				d := deliveryID(n)
				land(t, l, int64(n-1), origin(d, n), record(t, memory.DefaultAllocator, fields, rows...))
				for i := range published {
					published[i].Upcasts = append(published[i].Upcasts, concerns...)
				}
				published = append(published, lake.Publication{Delivery: d, FirstID: eventID(n), At: time.UnixMilli(int64(n))})
				for _, f := range folds {
					if int(f-'0') == n {
						if _, err := l.Fold(t.Context(), dataset, published, true); err != nil {
							t.Fatal(err)
						}
					}
				}
			}
			step(1, v1, [][]any{{"a", "L"}, {"b", "P'"}}, nil)
			step(2, v2, [][]any{{"c", "L", "baru", "A"}}, []lake.Upcast{two})
			step(3, v3, [][]any{{"d", "X", nil, nil, int64(7)}}, []lake.Upcast{ten})
			step(4, v4, [][]any{{"e", "L", nil, "A", nil, "sini"}}, nil)
			for _, when := range []string{"as it is", "folded again"} {
				got := view(t, l, "kejadian_banjir", published, lake.AsOf{}, "SELECT * FROM %s ORDER BY kode")
				if d := cmp.Diff(want, got); d != "" {
					t.Errorf("%s (-want +got):\n%s", when, d)
				}
				if same, err := l.CheckCurrent(t.Context(), dataset, published); err != nil || !same {
					t.Errorf("%s: the state differs from its recomputation: %v", when, err)
				}
				if _, err := l.Fold(t.Context(), dataset, published, true); err != nil {
					t.Fatal(err)
				}
			}
			history := view(t, l, "kejadian_banjir_riwayat", published, lake.AsOf{}, "SELECT kelamin, asal FROM %s WHERE kode = 'a'")
			if d := cmp.Diff([][]string{{"L", "<nil>"}}, history); d != "" {
				t.Errorf("history (-want +got):\n%s", d)
			}
		})
	}
}

// TestUpcastBeforeItsColumns: a version that is in force but of which nothing has landed yet.
func TestUpcastBeforeItsColumns(t *testing.T) {
	l := open(t, t.TempDir())
	ensure(t, l, single)
	land(t, l, 0, origin(deliveryID(1), 1), record(t, memory.DefaultAllocator, single, []any{int64(4)}))
	zero := "0"
	published := []lake.Publication{{Delivery: deliveryID(1), FirstID: eventID(1), Upcasts: []lake.Upcast{{Version: "1.1.0",
		Fields: append(single[:len(single):len(single)], field("baru", schemas.Integer)), Columns: []schemas.Upcast{{Column: "baru", Type: schemas.Type{Kind: schemas.Integer}, Constant: &zero}}}}}}
	if _, err := l.Fold(t.Context(), dataset, published, true); err != nil {
		t.Fatal(err)
	}
	ensure(t, l, append(single[:len(single):len(single)], field("baru", schemas.Integer)))
	got := view(t, l, "kejadian_banjir", published, lake.AsOf{}, "SELECT nilai, baru FROM %s")
	if d := cmp.Diff([][]string{{"4", "0"}}, got); d != "" {
		t.Errorf("rows (-want +got):\n%s", d)
	}
}
