package lake_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"satudata/transform/lake"
)

// TestFoldBeyondMemory folds deliveries many times as large as the memory that a fold has: of the same
// keys again and again, in hundreds of files, and with rows that delete and deliveries that replace.
func TestFoldBeyondMemory(t *testing.T) {
	const limit = 64 << 20
	dir := t.TempDir()
	l, err := lake.Open(t.Context(), dir, lake.Options{Memory: limit, Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := l.Ensure(t.Context(), dataset, permits, []int{0}); err != nil {
		t.Fatal(err)
	}
	const deliveries, each, keys = 520, 700, 150_000
	var published []lake.Publication
	for n := range deliveries {
		landUpdates(t, l, n, permitUpdates(t, n, keys, each))
		published = append(published, lake.Publication{Delivery: deliveryID(n), FirstID: eventID(n * 10_000), At: time.UnixMilli(int64(n))})
		if n == deliveries/2 {
			foldAndCompare(t, l, published)
		}
	}
	r := rand.New(rand.NewPCG(1, 1))
	gone := record(t, memory.DefaultAllocator, permits, permit(r, 0), permit(r, 1))
	o := origin(deliveryID(deliveries), deliveries*10_000)
	o.Deleted = true
	land(t, l, deliveries, o, gone)
	published = append(published, lake.Publication{Delivery: o.Delivery, FirstID: o.Event, At: time.UnixMilli(deliveries)})
	full := record(t, memory.DefaultAllocator, permits, permit(r, 2))
	o = origin(deliveryID(deliveries+1), (deliveries+1)*10_000)
	land(t, l, deliveries+1, o, full)
	published = append(published, lake.Publication{Delivery: o.Delivery, FirstID: o.Event, At: time.UnixMilli(deliveries + 1), Full: true, ReplaceBy: []string{"kode_wilayah", "status"}})
	foldAndCompare(t, l, published)
}

func foldAndCompare(t *testing.T, l *lake.Lake, published []lake.Publication) {
	t.Helper()
	const sums = "SELECT count(*), sum(hash(COLUMNS(*)))::VARCHAR FROM %s"
	want := view(t, l, "kejadian_banjir", published, lake.AsOf{}, sums)
	r, err := l.Fold(t.Context(), dataset, published, true)
	if err != nil || !r.Folded {
		t.Fatalf("Fold = %+v, %v; want a fold", r, err)
	}
	if diff := cmp.Diff(want, view(t, l, "kejadian_banjir", published, lake.AsOf{}, sums)); diff != "" {
		t.Errorf("state after the fold (-want +got):\n%s", diff)
	}
}
