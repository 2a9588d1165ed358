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

// TestFoldWhileSorting: a fold that is committed while the current table is being sorted stays folded. A
// state that forgot it would hold its rows and count them among those to come.
func TestFoldWhileSorting(t *testing.T) {
	for _, tt := range []struct {
		name string
		key  []int
	}{{"keyed", []int{0}}, {"without a key", nil}} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			l, sorter := open(t, dir), open(t, dir)
			ensure(t, l, keyed, tt.key...)
			published := landMany(t, l, 0, 3)
			fold := func() {
				if r, err := l.Fold(t.Context(), dataset, published, true); err != nil || r.Referenced == 0 {
					t.Fatalf("Fold = %+v, %v", r, err)
				}
			}
			fold()
			woken := lake.BeforeFoldCommit(sorter, func() {
				published = append(published, landMany(t, l, 3, 2)...)
				fold()
			})
			if _, err := sorter.Maintain(t.Context(), dataset, lake.Policy{Sort: true}); err != nil || !*woken {
				t.Fatalf("Maintain: %v", err)
			}
			for _, when := range []string{"sorted", "folded again"} {
				got := view(t, l, "kejadian_banjir", published, lake.AsOf{}, "SELECT count(*), count(DISTINCT kode) FROM %s")
				if diff := cmp.Diff([][]string{{"5", "5"}}, got); diff != "" {
					t.Errorf("%s: rows, keys (-want +got):\n%s", when, diff)
				}
				if r, err := l.Fold(t.Context(), dataset, published, true); err != nil || r.Folded || r.Rows != 5 {
					t.Errorf("%s: Fold = %+v, %v; want nothing to fold and 5 rows", when, r, err)
				}
			}
		})
	}
}

// TestSleptTooLong: who sleeps between writing files and committing them until they pass for leftovers
// must not commit them: they are gone.
func TestSleptTooLong(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(t *testing.T, l *lake.Lake, published []lake.Publication) error
	}{
		{"fold", func(t *testing.T, l *lake.Lake, published []lake.Publication) error {
			_, err := l.Fold(t.Context(), dataset, published, true)
			return err
		}},
		{"compaction", func(t *testing.T, l *lake.Lake, _ []lake.Publication) error {
			m, err := l.Maintain(t.Context(), dataset, lake.Policy{Force: true})
			if m.Conflicts == 0 {
				t.Errorf("Maintain = %+v, want a conflict", m)
			}
			return err
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			l, sleeper := open(t, dir), open(t, dir)
			ensure(t, l, keyed, 0)
			var published []lake.Publication
			for n := range 3 {
				published = append(published, landKeys(t, l, n, 1000*n, 1))
			}
			woken := lake.BeforeFoldCommit(sleeper, func() {
				m, err := l.Maintain(t.Context(), dataset, lake.Policy{OrphanAge: 1, Sweep: true})
				if err != nil || m.Leftovers == 0 {
					t.Fatalf("Maintain = %+v, %v; want leftovers removed", m, err)
				}
			})
			if err := tt.do(t, sleeper, published); !*woken || err != nil && !errors.Is(err, lake.ErrMoved) {
				t.Fatal(err)
			}
			if faults, err := l.Check(t.Context(), dataset); err != nil || len(faults) > 0 {
				t.Errorf("Check = %v, %v", faults, err)
			}
			got := view(t, l, "kejadian_banjir", published, lake.AsOf{}, "SELECT count(*) FROM %s")
			if diff := cmp.Diff([][]string{{"3"}}, got); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
		})
	}
}
