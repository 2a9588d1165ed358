package lake_test

import (
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/memory"

	"satudata/schemas"
	"satudata/transform/lake"
)

// TestTablesOfTheFuture: tables that were changed while the clock was ahead are landed in, folded and maintained
// when it has been set back, and are then of the present.
func TestTablesOfTheFuture(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	fields := []schemas.Field{field("kode", schemas.String)}
	ensure(t, l, fields, 0)
	var published []lake.Publication
	for i, kode := range []string{"a", "b", "c"} {
		if i > 0 {
			for _, k := range []lake.Kind{lake.History, lake.Current} {
				if err := l.MadeIn(t.Context(), dataset, k, 48*time.Hour); err != nil {
					t.Fatal(err)
				}
			}
		}
		if i == 2 { // by somebody who has not seen them before
			l = open(t, dir)
		}
		land(t, l, int64(i), origin(deliveryID(i+1), i+1), record(t, memory.DefaultAllocator, fields, []any{kode}))
		published = append(published, lake.Publication{Delivery: deliveryID(i + 1), FirstID: eventID(i + 1), At: time.UnixMilli(int64(i))})
		if _, err := l.Fold(t.Context(), dataset, published, true); err != nil {
			t.Fatal(err)
		}
		if _, err := l.Maintain(t.Context(), dataset, lake.Policy{KeepSnapshots: 1, MinFiles: 2, Force: true, Grace: -1}); err != nil {
			t.Fatal(err)
		}
		if got := view(t, l, "kejadian_banjir", published, lake.AsOf{}, "SELECT * FROM %s"); len(got) != i+1 {
			t.Errorf("rows %v after %d landings", got, i+1)
		}
	}
	infos, err := l.Describe(t.Context(), dataset)
	if err != nil {
		t.Fatal(err)
	}
	for _, info := range infos {
		if info.At.After(time.Now().Add(time.Minute)) {
			t.Errorf("%+v is of the future", info)
		}
	}
}
