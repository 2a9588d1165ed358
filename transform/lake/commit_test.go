package lake_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"satudata/schemas"
	"satudata/transform/lake"
)

var single = []schemas.Field{field("nilai", schemas.Integer)}

func ensure(t testing.TB, l *lake.Lake, fields []schemas.Field, key ...int) {
	t.Helper()
	if err := l.Ensure(t.Context(), dataset, fields, key); err != nil {
		t.Fatal(err)
	}
}

func TestPositions(t *testing.T) {
	l := open(t, t.TempDir())
	ensure(t, l, single)
	empty, err := l.Positions(t.Context(), dataset, lake.History)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(lake.Positions{Offsets: map[int]int64{}, Streams: map[string]int64{}}, empty); diff != "" {
		t.Errorf("positions of an empty table (-want +got):\n%s", diff)
	}
	commits := []lake.Advance{
		{Batch: "a", Partition: 0, From: 0, To: 10, Streams: map[string]int64{"x#0": 4}},
		{Batch: "b", Partition: 3, From: 7, To: 9, Streams: map[string]int64{"y#0": 1}},
		{Batch: "c", Partition: 0, From: 10, To: 11, Streams: map[string]int64{"x#0": 5, "z#0": 2}},
	}
	for _, a := range commits {
		if err := l.Commit(t.Context(), dataset, lake.History, nil, a); err != nil {
			t.Fatal(err)
		}
	}
	reader := open(t, l.Dir())
	got, err := reader.Positions(t.Context(), dataset, lake.History)
	if err != nil {
		t.Fatal(err)
	}
	want := lake.Positions{Offsets: map[int]int64{0: 11, 3: 9}, Streams: map[string]int64{"x#0": 5, "y#0": 1, "z#0": 2}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("positions (-want +got):\n%s", diff)
	}
	infos, err := l.Describe(t.Context(), dataset)
	if err != nil {
		t.Fatal(err)
	}
	if infos[1].Snapshots != 0 {
		t.Errorf("commits without files made %d snapshots", infos[1].Snapshots)
	}
}

func TestCommitWhereTheTableIs(t *testing.T) {
	first := lake.Advance{Batch: "first", From: 100, To: 200}
	tests := []struct {
		name  string
		kind  lake.Kind
		next  lake.Advance
		moved bool
	}{
		{"next range", lake.History, lake.Advance{Batch: "b", From: 200, To: 300}, false},
		{"other partition", lake.History, lake.Advance{Batch: "b", Partition: 1, From: 5, To: 6}, false},
		{"the same again", lake.History, first, false},
		{"the same range otherwise planned", lake.History, lake.Advance{Batch: "b", From: 100, To: 200}, true},
		{"overlap", lake.History, lake.Advance{Batch: "b", From: 150, To: 250}, true},
		{"gap", lake.History, lake.Advance{Batch: "b", From: 201, To: 250}, true},
		{"gap without rejects", lake.Rejected, lake.Advance{Batch: "b", From: 250, To: 260}, false},
		{"overlap of rejects", lake.Rejected, lake.Advance{Batch: "b", From: 199, To: 260}, true},
	}
	l := open(t, t.TempDir())
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			name := fmt.Sprintf("uji.posisi_%d", i)
			if err := l.Ensure(t.Context(), name, single, nil); err != nil {
				t.Fatal(err)
			}
			if err := l.Commit(t.Context(), name, tt.kind, nil, first); err != nil {
				t.Fatal(err)
			}
			err := l.Commit(t.Context(), name, tt.kind, nil, tt.next)
			if tt.moved != errors.Is(err, lake.ErrMoved) || !tt.moved && err != nil {
				t.Errorf("Commit(%+v) = %v, want ErrMoved: %t", tt.next, err, tt.moved)
			}
		})
	}
}

// TestOvertakenRejects commits rejects of a range whose rows another worker landed meanwhile.
func TestOvertakenRejects(t *testing.T) {
	l := open(t, t.TempDir())
	ensure(t, l, single)
	steps := []struct {
		kind     lake.Kind
		from, to int64
		moved    bool
	}{
		{lake.Rejected, 0, 10, false},
		{lake.History, 0, 10, false},
		{lake.History, 10, 20, false},  // it had no rejects
		{lake.Rejected, 10, 20, true},  // found by a worker that was late
		{lake.Rejected, 20, 25, false}, // the next range
	}
	for _, s := range steps {
		a := lake.Advance{Batch: fmt.Sprint(s.from), From: s.from, To: s.to}
		err := l.Commit(t.Context(), dataset, s.kind, nil, a)
		if s.moved != errors.Is(err, lake.ErrMoved) || !s.moved && err != nil {
			t.Errorf("Commit of %s from %d = %v, want ErrMoved: %t", s.kind, s.from, err, s.moved)
		}
	}
}

// TestRetryIsOnce writes the files of a batch, dies, and does it again; then commits it twice.
func TestRetryIsOnce(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	ensure(t, l, single)
	d := deliveryID(1)
	rec := func() []any { return []any{int64(1)} }
	batch := record(t, memory.DefaultAllocator, single, rec(), rec())
	defer batch.Release()
	write(t, l, "b", origin(d, 1), batch) // and no commit: the process died here

	for range 2 {
		l = open(t, dir)
		files := write(t, l, "b", origin(d, 1), batch)
		if err := l.Commit(t.Context(), dataset, lake.History, files, lake.Advance{Batch: "b", From: 0, To: 1}); err != nil {
			t.Fatal(err)
		}
	}
	counts, err := l.Counts(t.Context(), dataset)
	if err != nil {
		t.Fatal(err)
	}
	if got := counts[d].Accepted; got != 2 {
		t.Errorf("%d rows after retries, want 2", got)
	}
	found, err := filepath.Glob(filepath.Join(dir, "publik", "bencana", "kejadian_banjir_riwayat", "data", "*"))
	if err != nil || len(found) != 1 {
		t.Errorf("data files %v, %v; want one that each try replaced", found, err)
	}
	if faults, err := l.Check(t.Context(), dataset); err != nil || len(faults) > 0 {
		t.Errorf("Check = %v, %v", faults, err)
	}
}

// TestLateWriterReplacesNothing lets a worker that slept write a batch otherwise than it was committed.
func TestLateWriterReplacesNothing(t *testing.T) {
	l := open(t, t.TempDir())
	ensure(t, l, single)
	a := lake.Advance{Batch: "b", From: 0, To: 1}
	var files [][]lake.DataFile
	for i := range int64(2) {
		rec := record(t, memory.DefaultAllocator, single, []any{i}, []any{10 * i})
		files = append(files, write(t, l, "b", origin(deliveryID(1), 1), rec))
		rec.Release()
		if i == 0 {
			if err := l.Commit(t.Context(), dataset, lake.History, files[0], a); err != nil {
				t.Fatal(err)
			}
		}
	}
	a.Batch = "b, planned otherwise"
	if err := l.Commit(t.Context(), dataset, lake.History, files[1], a); !errors.Is(err, lake.ErrMoved) {
		t.Errorf("late commit = %v, want ErrMoved", err)
	}
	got := view(t, l, "kejadian_banjir_riwayat", nil, lake.AsOf{}, "SELECT nilai FROM %s")
	if diff := cmp.Diff([][]string{{"0"}, {"0"}}, got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

// landRange lands batches of one partition until it is at the end, from wherever the table is.
func landRange(t testing.TB, l *lake.Lake, partition int, end int64) {
	pos, err := l.Positions(t.Context(), dataset, lake.History)
	if err != nil {
		t.Fatal(err)
	}
	for at := pos.Offsets[partition]; at < end; at++ {
		batch := fmt.Sprintf("%d|%d", partition, at)
		rec := record(t, memory.DefaultAllocator, single, []any{int64(partition)*1_000_000 + at})
		files := write(t, l, batch, origin(deliveryID(partition), int(at)), rec)
		rec.Release()
		a := lake.Advance{Batch: batch, Partition: partition, From: at, To: at + 1,
			Streams: map[string]int64{fmt.Sprintf("s%d#0", partition): at + 1}}
		if err := l.Commit(t.Context(), dataset, lake.History, files, a); err != nil {
			t.Fatal(err)
		}
	}
}

func checkLanded(t *testing.T, l *lake.Lake, partitions int, end int64) {
	t.Helper()
	pos, err := l.Positions(t.Context(), dataset, lake.History)
	if err != nil {
		t.Fatal(err)
	}
	for p := range partitions {
		if pos.Offsets[p] != end || pos.Streams[fmt.Sprintf("s%d#0", p)] != end {
			t.Errorf("partition %d is at %d, stream at %d, want %d", p, pos.Offsets[p], pos.Streams[fmt.Sprintf("s%d#0", p)], end)
		}
	}
	got := view(t, l, "kejadian_banjir_riwayat", nil, lake.AsOf{}, "SELECT count(*), count(DISTINCT nilai) FROM %s")
	n := strconv.FormatInt(int64(partitions)*end, 10)
	if diff := cmp.Diff([][]string{{n, n}}, got); diff != "" {
		t.Errorf("rows and distinct rows (-want +got):\n%s", diff)
	}
	if faults, err := l.Check(t.Context(), dataset); err != nil || len(faults) > 0 {
		t.Errorf("Check = %v, %v", faults, err)
	}
}

func TestConcurrentCommits(t *testing.T) {
	const partitions, end = 4, 12
	dir := t.TempDir()
	ensure(t, open(t, dir), single)
	handles := []*lake.Lake{open(t, dir), open(t, dir)}
	var wg sync.WaitGroup
	for p := range partitions {
		wg.Go(func() { landRange(t, handles[p%2], p, end) })
	}
	wg.Wait()
	checkLanded(t, open(t, dir), partitions, end)
}

// TestConcurrentMoves commits positions alone, which make no snapshot that a conflict would show in.
func TestConcurrentMoves(t *testing.T) {
	const partitions, end = 4, 10
	dir := t.TempDir()
	ensure(t, open(t, dir), single)
	handles := []*lake.Lake{open(t, dir), open(t, dir)}
	var wg sync.WaitGroup
	for p := range partitions {
		wg.Go(func() {
			for at := range int64(end) {
				a := lake.Advance{Batch: fmt.Sprint(at), Partition: p, From: at, To: at + 1}
				if err := handles[p%2].Commit(t.Context(), dataset, lake.History, nil, a); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	pos, err := handles[0].Positions(t.Context(), dataset, lake.History)
	if diff := cmp.Diff(map[int]int64{0: end, 1: end, 2: end, 3: end}, pos.Offsets); err != nil || diff != "" {
		t.Errorf("Positions: %v (-want +got):\n%s", err, diff)
	}
}

// killEnv tells a child process of TestKilled what to do, and in which lake.
const killEnv = "LAKE_TEST_CHILD"

// TestKilled lets two processes land into one table and a third fold it, and kills them at random
// moments, until all have done their work.
func TestKilled(t *testing.T) {
	if job := os.Getenv(killEnv); job != "" {
		killedChild(t, job)
		return
	}
	dir := t.TempDir()
	l := open(t, dir)
	ensure(t, l, single)
	landRange(t, l, 2, 60)
	landRange(t, l, 3, 60)
	var wg sync.WaitGroup
	for _, job := range []string{"0", "1", "fold"} {
		wg.Go(func() { liveAndDie(t, job+" "+dir) })
	}
	wg.Wait()
	checkLanded(t, l, 4, 60)
	for _, n := range []int{4, 1, 2} {
		if _, err := l.Fold(t.Context(), dataset, publishedBut(n), true); err != nil {
			t.Fatal(err)
		}
		got := view(t, l, "kejadian_banjir", publishedBut(n), lake.AsOf{}, "SELECT count(*), count(DISTINCT nilai) FROM %s")
		rows := fmt.Sprint(60 * len(publishedBut(n)))
		if diff := cmp.Diff([][]string{{rows, rows}}, got); diff != "" {
			t.Errorf("current rows and distinct rows (-want +got):\n%s", diff)
		}
	}
}

// publishedBut are the publications of the deliveries 0 to 3 but for one.
func publishedBut(n int) []lake.Publication {
	var out []lake.Publication
	for i := range 4 {
		if i != n {
			out = append(out, lake.Publication{Delivery: deliveryID(i)})
		}
	}
	return out
}

func killedChild(t *testing.T, job string) {
	what, dir, _ := strings.Cut(job, " ")
	l := open(t, dir)
	if what != "fold" {
		partition, _ := strconv.Atoi(what)
		landRange(t, l, partition, 60)
		return
	}
	for i := range 16 { // 2 and 3 in turn, which landed before
		if _, err := l.Fold(t.Context(), dataset, publishedBut(2 + i%2)[2:], true); err != nil {
			t.Fatal(err)
		}
	}
}

// liveAndDie runs a child again and again, killing its first lives.
func liveAndDie(t *testing.T, job string) {
	for life := 0; ; life++ {
		child := exec.Command(os.Args[0], "-test.run=^TestKilled$")
		child.Env = append(os.Environ(), killEnv+"="+job)
		if err := child.Start(); err != nil {
			t.Error(err)
			return
		}
		kill := time.AfterFunc(50*time.Millisecond+rand.N(400*time.Millisecond), func() {
			if life < 10 {
				child.Process.Kill()
			}
		})
		err := child.Wait()
		kill.Stop()
		if err == nil {
			return
		}
		if child.ProcessState.Exited() {
			t.Errorf("child %s: %v", job, err)
			return
		}
	}
}
