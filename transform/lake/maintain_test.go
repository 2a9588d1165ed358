package lake_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"satudata/transform/lake"
)

// thorough is a policy that does everything at once and lets nothing lie.
var thorough = lake.Policy{KeepSnapshots: 1, KeepCurrent: 1, Grace: -1, OrphanAge: 1, Sweep: true, Force: true}

// landMany lands n deliveries of a row each, with keys that grow, and returns their publications.
func landMany(t testing.TB, l *lake.Lake, first, n int) (published []lake.Publication) {
	t.Helper()
	for i := first; i < first+n; i++ {
		rec := record(t, memory.DefaultAllocator, keyed, []any{fmt.Sprintf("k%06d", i), int64(i)})
		land(t, l, int64(i), origin(deliveryID(i), i+1), rec)
		published = append(published, lake.Publication{Delivery: deliveryID(i), FirstID: eventID(i + 1), At: time.UnixMilli(int64(i)), Key: []string{"kode"}})
	}
	return published
}

// content is every column of the history, in the order in which rows lie in it.
func content(t testing.TB, l *lake.Lake) [][]string {
	t.Helper()
	return view(t, l, "kejadian_banjir_riwayat", nil, lake.AsOf{}, "SELECT * REPLACE (_dicatat::VARCHAR AS _dicatat) FROM %s ORDER BY _peristiwa, _baris")
}

func filesOnDisk(t testing.TB, dir string) (n int) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(dir, "publik"), func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			n++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestMaintain(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	ensure(t, l, keyed, 0)
	published := landMany(t, l, 0, 40)
	before := content(t, l)
	at, err := l.Positions(t.Context(), dataset, lake.History)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * time.Millisecond)
	m, err := l.Maintain(t.Context(), dataset, thorough)
	if err != nil {
		t.Fatal(err)
	}
	if m.Compacted != 40 || m.Into != 1 || m.Expired != 40 || m.Removed < 100 {
		t.Errorf("%+v, want 40 files in one, 40 of 41 snapshots expired, and their files removed", m)
	}
	if diff := cmp.Diff(before, content(t, l)); diff != "" {
		t.Errorf("history (-before +after):\n%s", diff)
	}
	after, err := l.Positions(t.Context(), dataset, lake.History)
	if diff := cmp.Diff(at, after); diff != "" || err != nil {
		t.Errorf("positions (-before +after), %v:\n%s", err, diff)
	}
	if m, err = l.Maintain(t.Context(), dataset, lake.Policy{}); err != nil || m != (lake.Maintenance{}) {
		t.Errorf("nothing to do: %+v, %v", m, err)
	}
	published = append(published, landMany(t, l, 40, 1)...)
	got := view(t, l, "kejadian_banjir", published, lake.AsOf{}, "SELECT count(*), sum(nilai)::BIGINT FROM %s")
	if diff := cmp.Diff([][]string{{"41", "820"}}, got); diff != "" {
		t.Errorf("current state (-want +got):\n%s", diff)
	}
}

// TestMaintainInTiers lands more and more, and says how often rows are written by the way and how
// many files and snapshots there are in the end.
func TestMaintainInTiers(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	ensure(t, l, keyed, 0)
	p := lake.Policy{KeepSnapshots: 10, MinFiles: 1, Grace: -1}
	compacted := 0
	for n := range 100 {
		landMany(t, l, n, 1)
		m, err := l.Maintain(t.Context(), dataset, p)
		if err != nil {
			t.Fatal(err)
		}
		compacted += m.Compacted
	}
	infos, err := l.Describe(t.Context(), dataset)
	if err != nil {
		t.Fatal(err)
	}
	if h := infos[1]; h.Files > 8 || h.Snapshots > 16 || h.Rows != 100 || compacted == 0 {
		t.Errorf("%+v, %d files compacted; want few files and snapshots, and all rows", h, compacted)
	}
	if n := filesOnDisk(t, dir); n > 120 {
		t.Errorf("%d files on disk", n)
	}
}

// TestMaintainBesideLandings lands, folds and maintains at once, through several handles.
func TestMaintainBesideLandings(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	ensure(t, l, keyed, 0)
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	errs := make(chan error, 100)
	for range 2 {
		other := open(t, dir)
		wg.Go(func() {
			for ctx.Err() == nil {
				if _, err := other.Maintain(ctx, dataset, lake.Policy{KeepSnapshots: 30, MinFiles: 4, Force: true, Grace: time.Minute, Sweep: true}); err != nil && ctx.Err() == nil {
					errs <- err
				}
			}
		})
	}
	var published []lake.Publication
	for n := range 40 {
		published = append(published, landMany(t, l, n, 1)...)
		if n%5 == 0 {
			if _, err := l.Fold(t.Context(), dataset, published, true); err != nil && !errors.Is(err, lake.ErrMoved) {
				t.Fatal(err)
			}
		}
	}
	stop()
	wg.Wait()
	close(errs)
	for err := range errs {
		t.Error(err)
	}
	got := view(t, l, "kejadian_banjir", published, lake.AsOf{}, "SELECT count(*), count(DISTINCT kode), sum(nilai)::BIGINT FROM %s")
	if diff := cmp.Diff([][]string{{"40", "40", "780"}}, got); diff != "" {
		t.Errorf("current state (-want +got):\n%s", diff)
	}
	if n := len(content(t, l)); n != 40 {
		t.Errorf("%d rows in the history, want 40", n)
	}
	if faults, err := l.Check(t.Context(), dataset); err != nil || len(faults) > 0 {
		t.Errorf("Check = %v, %v", faults, err)
	}
}

// TestMaintainCutShort lets every commit fail after its files were written, as if the process had
// been killed there, and later goes on.
func TestMaintainCutShort(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	ensure(t, l, keyed, 0)
	landMany(t, l, 0, 10)
	before := content(t, l)
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "catalog.db")+"?_pragma=busy_timeout(20000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(`CREATE TRIGGER cut BEFORE UPDATE ON iceberg_tables BEGIN SELECT RAISE(ABORT, 'cut'); END`); err != nil {
		t.Fatal(err)
	}
	files := filesOnDisk(t, dir)
	if _, err := l.Maintain(t.Context(), dataset, thorough); err == nil {
		t.Fatal("Maintain succeeded although nothing can be committed")
	}
	if n := filesOnDisk(t, dir); n <= files {
		t.Fatalf("%d files, %d before: it was not cut between files and commit", n, files)
	}
	if diff := cmp.Diff(before, content(t, open(t, dir))); diff != "" {
		t.Errorf("history (-before +after):\n%s", diff)
	}
	if _, err := db.Exec(`DROP TRIGGER cut`); err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * time.Millisecond)
	m, err := l.Maintain(t.Context(), dataset, thorough)
	if err != nil || m.Leftovers == 0 || m.Into != 1 {
		t.Errorf("%+v, %v; want one file and no leftovers", m, err)
	}
	if diff := cmp.Diff(before, content(t, l)); diff != "" {
		t.Errorf("history (-before +after):\n%s", diff)
	}
	if m, err := l.Maintain(t.Context(), dataset, thorough); err != nil || m.Compacted > 0 {
		t.Errorf("once more: %+v, %v", m, err)
	}
}

// TestMaintainKeepsReferences compacts a history whose files the current table holds, too.
func TestMaintainKeepsReferences(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	ensure(t, l, keyed, 0)
	published := landMany(t, l, 0, 5)
	if r, err := l.Fold(t.Context(), dataset, published, true); err != nil || r.Referenced != 5 {
		t.Fatalf("%+v, %v; want 5 files referenced", r, err)
	}
	maintain := func(p lake.Policy) lake.Maintenance {
		t.Helper()
		time.Sleep(2 * time.Millisecond)
		m, err := l.Maintain(t.Context(), dataset, p)
		if err != nil {
			t.Fatal(err)
		}
		got := view(t, l, "kejadian_banjir", published, lake.AsOf{}, "SELECT count(*), sum(nilai)::BIGINT FROM %s")
		if diff := cmp.Diff([][]string{{"5", "10"}}, got); diff != "" {
			t.Errorf("current state (-want +got):\n%s", diff)
		}
		return m
	}
	parquet := func(table string) int {
		t.Helper()
		found, err := filepath.Glob(filepath.Join(dir, "publik", "bencana", table, "data", "*.parquet"))
		if err != nil {
			t.Fatal(err)
		}
		return len(found)
	}
	maintain(thorough)
	if n := parquet("kejadian_banjir_riwayat"); n != 6 {
		t.Errorf("%d files of the history, want the 5 that the current table holds and the one that the history does", n)
	}
	sorted := thorough
	sorted.Sort = true
	maintain(sorted)
	if n, own := parquet("kejadian_banjir_riwayat"), parquet("kejadian_banjir"); n != 1 || own != 1 {
		t.Errorf("%d files of the history and %d of the current table, want one each", n, own)
	}
	if ok, err := l.CheckCurrent(t.Context(), dataset, published); !ok || err != nil {
		t.Errorf("CheckCurrent = %t, %v", ok, err)
	}
}

// TestFoldAfterCompaction: files written together hold deliveries whose ids lie around those of others, and
// still the next fold takes in the files of new deliveries as they are.
func TestFoldAfterCompaction(t *testing.T) {
	l := open(t, t.TempDir())
	ensure(t, l, keyed, 0)
	published := landMany(t, l, 0, 20)
	if r, err := l.Fold(t.Context(), dataset, published, true); err != nil || !r.Folded {
		t.Fatalf("%+v, %v", r, err)
	}
	if m, err := l.Maintain(t.Context(), dataset, thorough); err != nil || m.Compacted == 0 {
		t.Fatalf("%+v, %v; want files written together", m, err)
	}
	const more = 8
	published = append(published, landMany(t, l, 20, more)...)
	if r, err := l.Fold(t.Context(), dataset, published, true); err != nil || r.Referenced != more || r.Rest != more || r.Bytes > 0 {
		t.Errorf("%+v, %v; want %d files referenced and nothing written", r, err, more)
	}
	if ok, err := l.CheckCurrent(t.Context(), dataset, published); !ok || err != nil {
		t.Errorf("CheckCurrent = %t, %v", ok, err)
	}
}

// TestFirstFoldAfterUpkeep: upkeep leaves what the first fold can take in as it is.
func TestFirstFoldAfterUpkeep(t *testing.T) {
	l := open(t, t.TempDir())
	ensure(t, l, keyed, 0)
	published := landMany(t, l, 0, 20)
	if m, err := l.Maintain(t.Context(), dataset, lake.Policy{MinFiles: 4}); err != nil || m.Compacted > 0 {
		t.Fatalf("%+v, %v; want the files left to the fold", m, err)
	}
	if r, err := l.Fold(t.Context(), dataset, published, false); err != nil || !r.Folded || r.Rows != 20 || r.Rest != 20 {
		t.Fatalf("%+v, %v; want all folded", r, err)
	}
	if m, err := l.Maintain(t.Context(), dataset, lake.Policy{MinFiles: 4}); err != nil || m.Compacted != 20 {
		t.Errorf("%+v, %v; want the files written together, which the fold has", m, err)
	}
}

// TestTimeTravelAfterExpiry asks for every snapshot there ever was.
func TestTimeTravelAfterExpiry(t *testing.T) {
	l := open(t, t.TempDir())
	ensure(t, l, keyed, 0)
	var snapshots []int64
	for n := range 6 {
		landMany(t, l, n, 1)
		infos, err := l.Describe(t.Context(), dataset)
		if err != nil {
			t.Fatal(err)
		}
		snapshots = append(snapshots, infos[1].Snapshot)
	}
	if _, err := l.Maintain(t.Context(), dataset, lake.Policy{KeepSnapshots: 3, MinFiles: 1000, Grace: -1}); err != nil {
		t.Fatal(err)
	}
	for n, id := range snapshots {
		views, err := l.Views(t.Context(), dataset, nil, lake.AsOf{Snapshot: id})
		if n < 3 {
			if !errors.Is(err, lake.ErrNoSnapshot) {
				t.Errorf("snapshot %d of 6: %v, want ErrNoSnapshot", n, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := rows(t, "SELECT count(*) FROM ("+views[1].SQL+")"); got[0][0] != fmt.Sprint(n+1) {
			t.Errorf("snapshot %d of 6 has %s rows", n, got[0][0])
		}
	}
	_, err := l.Views(t.Context(), dataset, nil, lake.AsOf{Time: time.Now().Add(-time.Hour)})
	var expired *lake.ExpiredError
	if !errors.Is(err, lake.ErrNoSnapshot) || !errors.As(err, &expired) || time.Since(expired.Since) > time.Minute {
		t.Errorf("an hour ago: %v, want ErrNoSnapshot and how far back it reaches", err)
	}
}
