package lake_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"satudata/schemas"
	"satudata/transform/lake"
)

var cells = []schemas.Field{field("kabupaten", schemas.Integer), field("tahun", schemas.Integer), field("nilai", schemas.Integer)}

// TestFoldByReference lands deliveries of many kinds, one after the other and each in files of its
// own, folds after each, and compares the current state with a replay of the events. Folds that
// write and folds that only refer must both occur.
func TestFoldByReference(t *testing.T) {
	l := open(t, t.TempDir())
	referenced, written := 0, 0
	for seed := range uint64(5) {
		for _, keyed := range []bool{true, false} {
			name := fmt.Sprintf("uji.rujuk_%d_%t", seed, keyed)
			var key []int
			if keyed {
				key = []int{0, 1}
			}
			if err := l.Ensure(t.Context(), name, cells, key); err != nil {
				t.Fatal(err)
			}
			w := &world{t: t, l: l, dataset: name, fields: cells}
			for n, r := 0, rand.New(rand.NewPCG(seed, 2)); n < 8; n++ {
				res := w.deliverAndFold(r, keyed)
				if res.Referenced > 0 {
					referenced++
				} else if res.Folded {
					written++
				}
			}
		}
	}
	if referenced < 10 || written < 10 {
		t.Errorf("%d folds referred to files of the history and %d wrote, want many of both", referenced, written)
	}
}

// deliverAndFold lands the next delivery, of keys that are new or not, publishes it and folds.
func (w *world) deliverAndFold(r *rand.Rand, keyed bool) lake.FoldResult {
	w.t.Helper()
	n := len(w.data)
	d := delivery{}
	if r.IntN(5) == 0 {
		d.full = true
		d.replaceBy = [][]string{nil, {"tahun"}}[r.IntN(2)]
	}
	first := int64(100 * n) // keys grow
	if r.IntN(3) == 0 {
		first = 100*r.Int64N(int64(n)+1) + 1 // they lie between those of another delivery, or are its own
	}
	row := int64(0)
	for c := range 1 + r.IntN(3) {
		part := chunk{event: 10*n + c + 1, delivery: n, deleted: n > 0 && r.IntN(12) == 0}
		for range 1 + r.IntN(4) {
			part.rows = append(part.rows, [3]int64{first + 2*row, row % 3, int64(n)})
			row++
		}
		d.chunks = append(d.chunks, part)
	}
	w.data = append(w.data, d)
	for _, c := range d.chunks {
		w.land([]chunk{c})
	}
	p := d.publication(n, time.UnixMilli(int64(1_700_000_000_000+n)))
	if keyed {
		p.Key = []string{"kabupaten", "tahun"}
	}
	if r.IntN(7) > 0 { // or it is never published
		w.pubs, w.published = append(w.pubs, p), append(w.published, n)
	}
	w.check("before fold", keyed)
	res, err := w.l.Fold(w.t.Context(), w.dataset, w.pubs, true)
	if err != nil {
		w.t.Fatal(err)
	}
	w.check("after fold", keyed)
	if ok, err := w.l.CheckCurrent(w.t.Context(), w.dataset, w.pubs); !ok || err != nil {
		w.t.Fatalf("CheckCurrent = %t, %v", ok, err)
	}
	return res
}

// TestReferences says when a fold writes nothing, on a table that has grown a column since.
func TestReferences(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	ensure(t, l, keyed, 0)
	var published []lake.Publication
	publish := func(full bool, keys ...string) lake.FoldResult {
		t.Helper()
		n := len(published)
		var values [][]any
		for _, k := range keys {
			values = append(values, []any{k, int64(n)})
		}
		land(t, l, int64(n), origin(deliveryID(n), n+1), record(t, memory.DefaultAllocator, keyed, values...))
		published = append(published, lake.Publication{Delivery: deliveryID(n), FirstID: eventID(n + 1), At: time.UnixMilli(int64(n)), Full: full, Key: []string{"kode"}})
		r, err := l.Fold(t.Context(), dataset, published, true)
		if err != nil || !r.Folded {
			t.Fatal(r, err)
		}
		return r
	}
	steps := []struct {
		name       string
		full       bool
		keys       string
		referenced int
		rows       int64
	}{
		{"first", false, "b d f", 1, 3},
		{"later keys", false, "g h", 1, 5},
		{"keys between", false, "a c e", 1, 8},
		{"a key that is there", false, "c i", 0, 9},
		{"everything anew", true, "b c", 1, 2},
		{"nothing of it", true, "y z", 1, 2},
	}
	for _, s := range steps {
		got := publish(s.full, strings.Fields(s.keys)...)
		if got.Referenced != s.referenced || got.Rows != s.rows || got.Bytes > 0 != (s.referenced == 0) {
			t.Errorf("%s: %+v, want %d files referenced and %d rows", s.name, got, s.referenced, s.rows)
		}
	}
	ensure(t, l, append(keyed[:2:2], field("luas", schemas.Double)), 0)
	if got := publish(false, "zz"); got.Referenced != 1 {
		t.Errorf("after a new column: %+v, want a file referenced", got)
	}
	got := view(t, l, "kejadian_banjir", published, lake.AsOf{}, "SELECT kode, nilai, luas FROM %s ORDER BY kode")
	if diff := cmp.Diff([][]string{{"y", "5", "<nil>"}, {"z", "5", "<nil>"}, {"zz", "6", "<nil>"}}, got); diff != "" {
		t.Errorf("current state (-want +got):\n%s", diff)
	}
	if faults, err := l.Check(t.Context(), dataset); err != nil || len(faults) > 0 {
		t.Errorf("Check = %v, %v", faults, err)
	}
	own, err := filepath.Glob(filepath.Join(dir, "publik", "bencana", "kejadian_banjir", "data", "*.parquet"))
	if err != nil || len(own) != 1 {
		t.Errorf("files of the current table: %v, %v; want the one that a fold had to write", own, err)
	}
}

// TestFilesOfDeliveries writes rows of deliveries one after the other, many and few of each, in calls
// that do not end where the deliveries do, and looks how often the delivery changes within a file.
func TestFilesOfDeliveries(t *testing.T) {
	l := open(t, t.TempDir())
	ensure(t, l, keyed, 0)
	type call [][2]int // deliveries, and rows of each
	for _, tt := range []struct {
		name  string
		calls []call
		want  []int // deliveries in turn in each file
	}{
		{"one", []call{{{1, 3000}}, {{1, 5}}}, []int{1}},
		{"many rows each", []call{{{1, 3000}}, {{2, 3000}}, {{2, 10}}}, []int{1, 1}},
		{"few after many", []call{{{1, 3000}}, {{2, 3}}, {{3, 3}}}, []int{1, 2}},
		{"many after few", []call{{{1, 3}}, {{2, 3000}}}, []int{1, 1}},
		{"in one call", []call{{{1, 3}, {2, 3000}, {3, 1}}}, []int{1, 1, 1}},
		{"in turn", []call{{{1, 900}, {2, 900}, {1, 900}}, {{3, 2}, {1, 900}}, {{2, 999}}}, []int{6}},
		{"many after turns", []call{{{1, 900}, {2, 900}}, {{3, 1000}}}, []int{2, 1}},
	} {
		w, err := l.NewWriter(t.Context(), dataset, lake.History, tt.name)
		if err != nil {
			t.Fatal(err)
		}
		defer w.Abort()
		left := int64(0)
		for _, deliveries := range tt.calls {
			var parts []lake.Part
			var values [][]any
			for _, d := range deliveries {
				parts = append(parts, lake.Part{Origin: origin(deliveryID(d[0]), d[0]), Rows: d[1]})
				for range d[1] {
					values = append(values, []any{fmt.Sprint("k", len(values)), int64(1)})
				}
			}
			n := int64(len(values))
			rec := record(t, memory.DefaultAllocator, keyed, values...)
			if err := w.WriteParts(rec, parts, lake.Rows{Row: numbers(0, n), SourceRow: numbers(0, n)}); err != nil {
				t.Fatal(err)
			}
			left += n
		}
		files, err := w.Close()
		if err != nil {
			t.Fatal(err)
		}
		var got []int
		for _, f := range files {
			turns := rows(t, `SELECT count(*)::INTEGER FROM (SELECT _pengiriman, lag(_pengiriman) OVER (ORDER BY file_row_number) AS before
				FROM read_parquet('`+f.Path+`', file_row_number = true)) WHERE before IS DISTINCT FROM _pengiriman`)
			n, err := strconv.Atoi(turns[0][0])
			if err != nil {
				t.Fatal(err)
			}
			got, left = append(got, n), left-f.Rows
		}
		if !cmp.Equal(tt.want, got) || left != 0 {
			t.Errorf("%s: deliveries in turn in each file: %v, want %v; %d rows missing", tt.name, got, tt.want, left)
		}
	}
}

// TestFoldOfManySmallFiles: deliveries of new keys that are many and small are written together as they
// become too many, and what is large is not written again.
func TestFoldOfManySmallFiles(t *testing.T) {
	const large = 60_000
	r := rand.New(rand.NewPCG(1, 2)) // what does not pack well is large
	l := open(t, t.TempDir())
	ensure(t, l, keyed, 0)
	var published []lake.Publication
	rows, written := int64(0), 0
	for n := range 40 {
		size := 3
		if n == 0 {
			size = large
		}
		var values [][]any
		for i := range size {
			values = append(values, []any{fmt.Sprintf("k%03d-%06d-%016x", n, i, r.Uint64()), r.Int64()})
		}
		land(t, l, int64(n), origin(deliveryID(n), n+1), record(t, memory.DefaultAllocator, keyed, values...))
		published = append(published, lake.Publication{Delivery: deliveryID(n), FirstID: eventID(n + 1), At: time.UnixMilli(int64(n)), Key: []string{"kode"}})
		seen := view(t, l, "kejadian_banjir", published, lake.AsOf{}, "SELECT count(*), count(DISTINCT kode) FROM %s")
		r, err := l.Fold(t.Context(), dataset, published, true)
		if err != nil || !r.Folded {
			t.Fatal(r, err)
		}
		rows += int64(size)
		if want := [][]string{{fmt.Sprint(rows), fmt.Sprint(rows)}}; !cmp.Equal(want, seen) || r.Rows != rows {
			t.Fatalf("delivery %d: rows and keys %v before the fold, %d rows after it, want %v", n, seen, r.Rows, want)
		}
		if r.Bytes > 0 {
			if written++; r.Bytes > large {
				t.Errorf("delivery %d: %d bytes written, want the large file to stay as it is", n, r.Bytes)
			}
		}
	}
	if written < 2 || written > 4 {
		t.Errorf("%d folds wrote, want one for every 16 small files", written)
	}
	if ok, err := l.CheckCurrent(t.Context(), dataset, published); !ok || err != nil {
		t.Errorf("CheckCurrent = %t, %v", ok, err)
	}
	infos, err := l.Describe(t.Context(), dataset)
	if err != nil || infos[0].Files > 20 {
		t.Errorf("tables %+v, %v, want few files", infos, err)
	}
}
