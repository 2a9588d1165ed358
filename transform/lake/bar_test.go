package lake_test

import (
	"errors"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"satudata/transform/lake"
)

// TestSleepingFold: folds that sleep between their last look and their commit, while upkeep removes
// files that the history does not need any more, must not commit a state of which files are missing.
func TestSleepingFold(t *testing.T) {
	for _, tt := range []struct {
		name   string
		key    []string // of the deliveries: with it, the fold refers to files of the history
		commit bool
	}{
		{"refers", []string{"kode"}, false},
		{"writes", nil, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			l, sleeper := open(t, dir), open(t, dir)
			ensure(t, l, keyed, 0)
			var published []lake.Publication
			for n := range 4 {
				published = append(published, landKeys(t, l, n, 1000*n, 1))
				published[n].Key = tt.key
			}
			woken := lake.BeforeFoldCommit(sleeper, func() {
				land(t, l, 4, origin(deliveryID(4), 5), record(t, memory.DefaultAllocator, keyed, []any{"k", int64(4)}))
				m, err := l.Maintain(t.Context(), dataset, lake.Policy{KeepSnapshots: 1, Grace: -1, Force: true})
				if err != nil || m.Removed == 0 {
					t.Fatalf("Maintain = %+v, %v; want files removed", m, err)
				}
			})
			r, err := sleeper.Fold(t.Context(), dataset, published, true)
			if !*woken || r.Folded != tt.commit || !tt.commit && !errors.Is(err, lake.ErrMoved) || tt.commit && err != nil {
				t.Errorf("Fold = %+v, %v", r, err)
			}
			if faults, err := l.Check(t.Context(), dataset); err != nil || len(faults) > 0 {
				t.Errorf("Check = %v, %v", faults, err)
			}
			got := view(t, l, "kejadian_banjir", published, lake.AsOf{Time: time.Time{}}, "SELECT count(*) FROM %s")
			if diff := cmp.Diff([][]string{{"4"}}, got); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
		})
	}
}
