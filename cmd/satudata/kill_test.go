package main

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"satudata/catalog"
	"satudata/ingest/eventlog/kafka/kafkatest"
)

// permits is how many rows the kill tests land. Every hundredth is faulty, and the sum of the ids of
// the others is known, so a lost or doubled row shows.
const permits = 200_000

// permitWorkspace makes a workspace for permits from n sources.
func permitWorkspace(t *testing.T, config string, n int) string {
	t.Helper()
	dir := t.TempDir()
	contract, err := os.ReadFile("testdata/izin/contract.yaml")
	if err != nil {
		t.Fatal(err)
	}
	binding, err := os.ReadFile("testdata/izin/binding.yaml")
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, configFile), config)
	writeFile(t, filepath.Join(dir, "contracts", "izin.yaml"), string(contract))
	for i := range n {
		source := fmt.Sprintf("izin%d", i)
		writeFile(t, filepath.Join(dir, "bindings", source+".yaml"), strings.ReplaceAll(string(binding), "SOURCE", source))
	}
	return dir
}

// deliverPermits reads the permits with ids from first up to last into the log, dealt to n sources.
func deliverPermits(t *testing.T, dir string, n, first, last int) {
	t.Helper()
	for i := range n {
		var b strings.Builder
		for id := first + i; id < last; id += n {
			amount := strconv.Itoa(id * 7 % 1000)
			if id%100 == 0 {
				amount = "banyak" // not a number
			}
			fmt.Fprintf(&b, `{"id":%d,"pemohon":"Pemohon %d","kode":"3273","nilai":%q}`+"\n", id, id, amount)
		}
		path := filepath.Join(dir, "data", fmt.Sprintf("izin%d-%d.ndjson", i, first))
		writeFile(t, path, b.String())
		must(t, "-C", dir, "ingest", "--binding", fmt.Sprintf("dpmptsp.izin%d", i), path)
	}
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// checkPermits proves that the tables hold every permit once.
func checkPermits(t *testing.T, dir string) {
	t.Helper()
	must(t, "-C", dir, "verify")
	type sums struct{ N, Different, Sum int64 }
	want := sums{}
	for id := range permits {
		if id%100 != 0 {
			want.N++
			want.Sum += int64(id)
		}
	}
	want.Different = want.N
	for _, table := range []string{"perizinan.izin", "perizinan.izin_riwayat"} {
		if got := ask[sums](t, dir, "SELECT count(*) AS N, count(DISTINCT id) AS Different, sum(id)::BIGINT AS Sum FROM "+table); got != want {
			t.Errorf("%s holds %+v, want %+v", table, got, want)
		}
	}
	type count struct{ N, Different int64 }
	if got, want := ask[count](t, dir, "SELECT count(*) AS N, count(DISTINCT mentah) AS Different FROM perizinan.izin_ditolak"), (count{permits / 100, permits / 100}); got != want {
		t.Errorf("rejected: %+v, want %+v", got, want)
	}
}

// landing is a landing process that reports each batch it has landed.
type landing struct {
	cmd     *exec.Cmd
	batches chan struct{}
	stderr  lockedBuffer
}

type lockedBuffer struct {
	mu sync.Mutex // guards b
	b  strings.Builder
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func startLanding(t *testing.T, dir string, args ...string) *landing {
	t.Helper()
	l := &landing{cmd: process(t, dir, append([]string{"land", "--verbose"}, args...)...), batches: make(chan struct{}, 1<<20)}
	l.cmd.Stderr = &l.stderr
	out, err := l.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := l.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(l.batches)
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if strings.Contains(lines.Text(), "perizinan.izin") {
				l.batches <- struct{}{}
			}
		}
		_, _ = io.Copy(io.Discard, out)
	}()
	t.Cleanup(func() { _ = l.cmd.Process.Kill() })
	return l
}

// killAfter kills the process at a random moment after it has landed n batches. It says whether the
// process was still at work.
func (l *landing) killAfter(t *testing.T, n int) bool {
	t.Helper()
	deadline := time.After(2 * time.Minute)
	for range n {
		select {
		case _, ok := <-l.batches:
			if !ok {
				if err := l.cmd.Wait(); err != nil {
					t.Fatalf("landing ended by itself: %v\n%s", err, l.stderr.String())
				}
				return false
			}
		case <-deadline:
			t.Fatalf("landing does not get on\n%s", l.stderr.String())
		}
	}
	l.kill()
	return true
}

// kill kills the process a random moment from now.
func (l *landing) kill() {
	time.Sleep(time.Duration(rand.IntN(40_000)) * time.Microsecond)
	_ = l.cmd.Process.Kill()
	_ = l.cmd.Wait()
}

// drain forgets the batches reported so far.
func (l *landing) drain() {
	for {
		select {
		case _, ok := <-l.batches:
			if !ok {
				return
			}
		default:
			return
		}
	}
}

func TestKilledLandingEmbedded(t *testing.T) {
	kills := 50
	if testing.Short() {
		kills = 10
	}
	// Small batches, so that there are more commits than kills.
	dir := permitWorkspace(t, "log: {kind: embedded, chunkBytes: 40000}\nlake: {batchBytes: 60000}\n", 1)
	deliverPermits(t, dir, 1, 0, permits)
	done := 0
	for done < kills && startLanding(t, dir, "--once").killAfter(t, rand.IntN(4)) {
		done++
	}
	if done < kills {
		t.Fatalf("everything had landed after %d kills: too few batches for %d", done, kills)
	}
	must(t, "-C", dir, "land", "--once")
	checkPermits(t, dir)
	t.Logf("%d kills", done)
}

// TestKilledLandingKafka kills, ten times, the worker of two that has just landed a batch of a new
// part of the permits, and starts another in its place.
func TestKilledLandingKafka(t *testing.T) {
	brokers := kafkatest.Start(t, kafkatest.Options{}).Brokers
	kills := 10
	if testing.Short() {
		kills = 2
	}
	const sources = 4
	config := fmt.Sprintf("log: {kind: kafka, partitions: 4, chunkBytes: 20000, kafka: {brokers: [%q], prefix: kill%d, sessionTimeout: 6s}}\nlake: {batchBytes: 30000}\n",
		strings.Join(brokers, `","`), time.Now().UnixNano())
	dir := permitWorkspace(t, config, sources)
	workers := [2]*landing{startLanding(t, dir), startLanding(t, dir)}
	for i := range kills {
		deliverPermits(t, dir, sources, i*permits/kills, (i+1)*permits/kills)
		victim := 0
		select {
		case <-workers[0].batches:
		case <-workers[1].batches:
			victim = 1
		case <-time.After(2 * time.Minute):
			t.Fatalf("landing does not get on\n%s\n%s", workers[0].stderr.String(), workers[1].stderr.String())
		}
		workers[victim].kill()
		workers[victim] = startLanding(t, dir)
		for _, w := range workers { // what was landed of this part is not to be taken for the next one's
			w.drain()
		}
	}
	awaitPublished(t, dir, sources*kills)
	for _, w := range workers {
		_ = w.cmd.Process.Signal(os.Interrupt)
	}
	for _, w := range workers {
		if err := w.cmd.Wait(); err != nil {
			t.Errorf("landing did not end well: %v\n%s", err, w.stderr.String())
		}
	}
	checkPermits(t, dir)
}

// awaitPublished waits until the landings that run have published n deliveries.
func awaitPublished(t *testing.T, dir string, n int) {
	t.Helper()
	for range 600 {
		if strings.Count(must(t, "-C", dir, "deliveries", "--json"), string(catalog.Published)) == n {
			return
		}
		time.Sleep(200 * time.Millisecond)
	}
	t.Fatalf("not everything was published:\n%s", must(t, "-C", dir, "deliveries"))
}
