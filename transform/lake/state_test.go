package lake_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"satudata/schemas"
	"satudata/transform/lake"
)

// chunk is part of a delivery in the model: rows of kabupaten, tahun and a value.
type chunk struct {
	event    int
	delivery int
	deleted  bool
	rows     [][3]int64
}

// delivery of the model. Its events are in increasing order.
type delivery struct {
	chunks    []chunk
	full      bool
	replaceBy []string
}

func (d delivery) publication(n int, at time.Time) lake.Publication {
	return lake.Publication{Delivery: deliveryID(n), FirstID: eventID(d.chunks[0].event), Full: d.full, ReplaceBy: d.replaceBy, At: at}
}

// expect replays the published deliveries event by event, as a person would.
func expect(deliveries []delivery, published []int, keyed bool) []string {
	type row struct {
		delivery int
		values   [3]int64
	}
	var events []chunk
	for _, n := range published {
		events = append(events, deliveries[n].chunks...)
	}
	slices.SortFunc(events, func(a, b chunk) int { return a.event - b.event })
	var state []row
	for _, c := range events {
		if d := deliveries[c.delivery]; d.full && c.event == d.chunks[0].event {
			state = slices.DeleteFunc(state, func(r row) bool { return inScope(d, r.values) })
		}
		for _, values := range c.rows {
			if keyed {
				state = slices.DeleteFunc(state, func(r row) bool { return r.values[0] == values[0] })
			}
			if !c.deleted {
				state = append(state, row{c.delivery, values})
			}
		}
	}
	out := []string{}
	for _, r := range state {
		out = append(out, fmt.Sprint(r.values))
	}
	slices.Sort(out)
	return out
}

func inScope(d delivery, values [3]int64) bool {
	if len(d.replaceBy) == 0 {
		return true
	}
	for _, c := range d.chunks {
		if c.deleted {
			continue // it has nothing but its key
		}
		for _, r := range c.rows {
			same := true
			for _, by := range d.replaceBy {
				i := map[string]int{"kabupaten": 0, "tahun": 1}[by]
				same = same && r[i] == values[i]
			}
			if same {
				return true
			}
		}
	}
	return false
}

// randomDeliveries makes deliveries whose events interleave.
func randomDeliveries(r *rand.Rand) []delivery {
	deliveries := make([]delivery, 2+r.IntN(5))
	events := r.Perm(4 * len(deliveries))
	value := int64(0)
	for n := range deliveries {
		d := &deliveries[n]
		if r.IntN(3) == 0 {
			d.full = true
			d.replaceBy = [][]string{nil, {"tahun"}, {"kabupaten", "tahun"}}[r.IntN(3)]
		}
		for range 1 + r.IntN(4) {
			c := chunk{event: events[0] + 1, delivery: n, deleted: r.IntN(5) == 0}
			events = events[1:]
			for range 1 + r.IntN(3) {
				value++
				c.rows = append(c.rows, [3]int64{r.Int64N(4), r.Int64N(3), value})
			}
			d.chunks = append(d.chunks, c)
		}
		slices.SortFunc(d.chunks, func(a, b chunk) int { return a.event - b.event })
	}
	return deliveries
}

// TestStateIsFold lands random deliveries in random order, publishes, withdraws and folds at random
// moments, and compares what a query sees with a replay of the events.
func TestStateIsFold(t *testing.T) {
	fields := []schemas.Field{field("kabupaten", schemas.Integer), field("tahun", schemas.Integer), field("nilai", schemas.Integer)}
	l := open(t, t.TempDir())
	for seed := range uint64(16) {
		for _, keyed := range []bool{true, false} {
			name := fmt.Sprintf("uji.acak_%d_%t", seed, keyed)
			t.Run(name, func(t *testing.T) {
				var key []int
				if keyed {
					key = []int{0}
				}
				w := &world{t: t, l: l, dataset: name, fields: fields}
				if err := l.Ensure(t.Context(), name, fields, key); err != nil {
					t.Fatal(err)
				}
				playRandom(w, rand.New(rand.NewPCG(seed, 1)), keyed)
			})
		}
	}
}

// world is a dataset under test.
type world struct {
	t      *testing.T
	l      *lake.Lake
	data   []delivery
	fields []schemas.Field

	dataset   string
	offset    int64
	published []int
	pubs      []lake.Publication
	folds     int
}

func playRandom(w *world, r *rand.Rand, keyed bool) {
	w.data = randomDeliveries(r)
	var pending []chunk
	left := make([]int, len(w.data)) // chunks to land
	for n, d := range w.data {
		pending = append(pending, d.chunks...)
		left[n] = len(d.chunks)
	}
	r.Shuffle(len(pending), func(i, j int) { pending[i], pending[j] = pending[j], pending[i] })
	clock := time.UnixMilli(1_700_000_000_000)
	for len(pending) > 0 {
		n := min(len(pending), 1+r.IntN(3))
		w.land(pending[:n])
		for _, c := range pending[:n] {
			if left[c.delivery]--; left[c.delivery] == 0 && r.IntN(6) > 0 {
				clock = clock.Add(time.Second)
				w.published = append(w.published, c.delivery)
				w.pubs = append(w.pubs, w.data[c.delivery].publication(c.delivery, clock))
			}
		}
		pending = pending[n:]
		if r.IntN(8) == 0 && len(w.pubs) > 0 { // withdrawn
			i := r.IntN(len(w.pubs))
			w.pubs, w.published = slices.Delete(w.pubs, i, i+1), slices.Delete(w.published, i, i+1)
		}
		w.check("before fold", keyed)
		if r.IntN(2) == 0 {
			res, err := w.l.Fold(w.t.Context(), w.dataset, w.pubs, r.IntN(2) == 0)
			if err != nil {
				w.t.Fatal(err)
			}
			if res.Folded {
				w.folds++
			}
			w.check("after fold", keyed)
		}
	}
}

func (w *world) land(chunks []chunk) {
	w.t.Helper()
	batch := fmt.Sprint("batch ", w.offset)
	out, err := w.l.NewWriter(w.t.Context(), w.dataset, lake.History, batch)
	if err != nil {
		w.t.Fatal(err)
	}
	defer out.Abort()
	for _, c := range chunks {
		var values [][]any
		for _, r := range c.rows {
			values = append(values, []any{r[0], r[1], r[2]})
		}
		rec := record(w.t, memory.DefaultAllocator, w.fields, values...)
		o := origin(deliveryID(c.delivery), c.event)
		o.Deleted = c.deleted
		n := rec.NumRows()
		if err := out.Write(rec, o, lake.Rows{Row: numbers(0, n), SourceRow: numbers(1, n)}); err != nil {
			w.t.Fatal(err)
		}
		rec.Release()
	}
	files, err := out.Close()
	if err != nil {
		w.t.Fatal(err)
	}
	a := lake.Advance{Batch: batch, From: w.offset, To: w.offset + int64(len(chunks))}
	if err := w.l.Commit(w.t.Context(), w.dataset, lake.History, files, a); err != nil {
		w.t.Fatal(err)
	}
	w.offset = a.To
}

func (w *world) check(when string, keyed bool) {
	w.t.Helper()
	views, err := w.l.Views(w.t.Context(), w.dataset, w.pubs, lake.AsOf{})
	if err != nil {
		w.t.Fatal(err)
	}
	got := []string{}
	for _, r := range rows(w.t, views[0].SQL) {
		got = append(got, fmt.Sprintf("[%s %s %s]", r[0], r[1], r[2]))
	}
	slices.Sort(got)
	want := expect(w.data, w.published, keyed)
	if diff := cmp.Diff(want, got); diff != "" {
		w.t.Fatalf("%s, published %v (-want +got):\n%s\n%+v\n%s", when, w.published, diff, w.data, views[0].SQL)
	}
}

// TestDeletionNamesNoScope: of a full delivery that also deletes a row, the scope is what the others of
// its rows say. The row that deletes has no year of its own, and would take those away that have none.
func TestDeletionNamesNoScope(t *testing.T) {
	l := open(t, t.TempDir())
	fields := []schemas.Field{field("kode", schemas.String), field("tahun", schemas.Integer)}
	ensure(t, l, fields, 0)
	landRow := func(at, delivery int, deleted bool, values ...any) {
		o := origin(deliveryID(delivery), at+1)
		o.Deleted = deleted
		land(t, l, int64(at), o, record(t, memory.DefaultAllocator, fields, values))
	}
	landRow(0, 0, false, "A", nil)
	landRow(1, 1, false, "B", int64(2020))
	landRow(2, 1, true, "C", nil)
	published := []lake.Publication{
		{Delivery: deliveryID(0), FirstID: eventID(1), At: time.UnixMilli(1)},
		{Delivery: deliveryID(1), FirstID: eventID(2), At: time.UnixMilli(2), Full: true, ReplaceBy: []string{"tahun"}},
	}
	got := view(t, l, "kejadian_banjir", published, lake.AsOf{}, "SELECT kode FROM %s ORDER BY kode")
	if diff := cmp.Diff([][]string{{"A"}, {"B"}}, got); diff != "" {
		t.Errorf("current state (-want +got):\n%s", diff)
	}
}

var _ = uuid.Nil
