package main

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
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

// permitWorkspace makes a workspace whose log holds the permits, read from n sources.
func permitWorkspace(t *testing.T, config string, n int) string {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(configFile, config)
	contract, err := os.ReadFile("testdata/izin/contract.yaml")
	if err != nil {
		t.Fatal(err)
	}
	binding, err := os.ReadFile("testdata/izin/binding.yaml")
	if err != nil {
		t.Fatal(err)
	}
	write("contracts/izin.yaml", string(contract))
	for i := range n {
		source := fmt.Sprintf("izin%d", i)
		write("bindings/"+source+".yaml", strings.ReplaceAll(string(binding), "SOURCE", source))
		var b strings.Builder
		for id := i; id < permits; id += n {
			amount := fmt.Sprint(id * 7 % 1000)
			if id%100 == 0 {
				amount = "banyak" // not a number
			}
			fmt.Fprintf(&b, `{"id":%d,"pemohon":"Pemohon %d","kode":"3273","nilai":%q}`+"\n", id, id, amount)
		}
		write("data/"+source+".ndjson", b.String())
		must(t, "-C", dir, "ingest", "--binding", "dpmptsp."+source, filepath.Join(dir, "data", source+".ndjson"))
	}
	return dir
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
	time.Sleep(time.Duration(rand.IntN(40_000)) * time.Microsecond)
	_ = l.cmd.Process.Kill()
	_ = l.cmd.Wait()
	return true
}

func TestKilledLandingEmbedded(t *testing.T) {
	kills := 50
	if testing.Short() {
		kills = 10
	}
	// Small batches, so that there are more commits than kills.
	dir := permitWorkspace(t, "log: {kind: embedded, chunkBytes: 40000}\nlake: {batchBytes: 60000}\n", 1)
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

func TestKilledLandingKafka(t *testing.T) {
	brokers := kafkatest.Start(t, kafkatest.Options{}).Brokers
	kills := 10
	if testing.Short() {
		kills = 2
	}
	config := fmt.Sprintf("log: {kind: kafka, partitions: 4, chunkBytes: 40000, kafka: {brokers: [%q], prefix: kill%d, sessionTimeout: 6s}}\nlake: {batchBytes: 40000}\n",
		strings.Join(brokers, `","`), time.Now().UnixNano())
	dir := permitWorkspace(t, config, 4)
	workers := []*landing{startLanding(t, dir), startLanding(t, dir)}
	for range kills {
		i := rand.IntN(len(workers))
		if !workers[i].killAfter(t, 1+rand.IntN(3)) {
			t.Fatalf("a landing that keeps running ended\n%s", workers[i].stderr.String())
		}
		workers[i] = startLanding(t, dir)
	}
	awaitPublished(t, dir, 4)
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
