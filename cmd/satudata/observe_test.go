package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"satudata/cmd/satudata/ops"
	"satudata/schemas/schemastest"
)

const watchedConfig = "log: {kind: embedded}\nops: {minFree: 1MB}\nsources: [{binding: dpmptsp.izin0, paths: [data]}]\n"

// upProcess is an `up` that works in this process.
type upProcess struct {
	t      *testing.T
	addr   string
	stdout lockedBuffer
	stderr lockedBuffer
	stop   func()
	code   int // with which it is to end
}

// lockedBuffer is a buffer that one goroutine may read while another writes.
type lockedBuffer struct {
	mu  sync.Mutex // guards buf
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// startUp runs `up` with an operations listener until the test ends or stop is called.
func startUp(t *testing.T, dir string, args ...string) *upProcess {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(dir, "data"), 0o755); err != nil {
		t.Fatal(err)
	}
	r := &upProcess{t: t}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, append([]string{"-C", dir, "up", "--ops-listen", "127.0.0.1:0"}, args...), strings.NewReader(""), &r.stdout, &r.stderr)
	}()
	stopped := false
	r.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if code := <-done; code != r.code {
			t.Errorf("up ended with %d: %s", code, r.stderr.String())
		}
	}
	t.Cleanup(r.stop)
	address := regexp.MustCompile(`http://(127\.0\.0\.1:\d+)/metrics`)
	r.await("the operations listener", func() bool {
		if m := address.FindStringSubmatch(r.stdout.String()); m != nil {
			r.addr = m[1]
		}
		return r.addr != ""
	})
	return r
}

// await waits until something is so.
func (r *upProcess) await(what string, so func() bool) {
	r.t.Helper()
	for range 12000 {
		if so() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	r.t.Fatalf("%s is still to come after ten minutes\n%s%s", what, r.stdout.String(), r.stderr.String())
}

// get asks the operations listener.
func (r *upProcess) get(path string) (int, string) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, "http://"+r.addr+path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(res.Body); err != nil {
		r.t.Fatal(err)
	}
	return res.StatusCode, body.String()
}

// ready waits until /readyz says of one check what it should, and of itself accordingly.
func (r *upProcess) ready(check string, want bool) ops.Result {
	r.t.Helper()
	var found ops.Result
	r.await(fmt.Sprintf("%s %t in /readyz", check, want), func() bool {
		status, body := r.get("/readyz")
		var report ops.Report
		if err := json.Unmarshal([]byte(body), &report); err != nil {
			r.t.Fatalf("%v in %s", err, body)
		}
		if report.OK != (status == http.StatusOK) || !report.OK && status != http.StatusServiceUnavailable {
			r.t.Fatalf("status %d of %s", status, body)
		}
		for _, c := range report.Checks {
			if c.Name == check {
				found = c
			}
			if !c.OK && report.OK {
				r.t.Fatalf("ready, although %s is not", c.Name)
			}
		}
		return found.Name != "" && found.OK == want && (report.OK || !want)
	})
	if found.Say.ID == "" || found.Say.EN == "" {
		r.t.Errorf("%s says nothing in one language: %+v", check, found)
	}
	return found
}

// metric is the value of a series, as it is written in /metrics; NaN-free and 0 when it is not there.
func (r *upProcess) metric(series string) float64 {
	r.t.Helper()
	_, body := r.get("/metrics")
	for line := range strings.Lines(body) {
		if rest, ok := strings.CutPrefix(line, series+" "); ok {
			v, err := strconv.ParseFloat(strings.TrimSpace(rest), 64)
			if err != nil {
				r.t.Fatal(err)
			}
			return v
		}
	}
	return 0
}

// drop puts permits where up watches.
func drop(t *testing.T, dir string, first, last int) {
	t.Helper()
	var b strings.Builder
	for id := first; id < last; id++ {
		fmt.Fprintf(&b, `{"id":%d,"pemohon":"Pemohon %d","kode":"3273","nilai":"%d"}`+"\n", id, id, id)
	}
	tmp := filepath.Join(dir, "menunggu")
	writeFile(t, tmp, b.String())
	if err := os.Rename(tmp, filepath.Join(dir, "data", fmt.Sprintf("izin-%d.ndjson", first))); err != nil {
		t.Fatal(err)
	}
}

// TestReadyTellsTheTruth breaks what work needs, one thing after the other, sees it in /readyz, mends it
// and sees that too.
func TestReadyTellsTheTruth(t *testing.T) {
	dir := permitWorkspace(t, watchedConfig, 1)
	up := startUp(t, dir)
	for _, check := range []string{"log", "catalog", "lake", "lake_disk", "state_disk", "log_disk", "landing", "settling", "upkeep", "sources"} {
		up.ready(check, true)
	}
	t.Run("locked catalogs", func(t *testing.T) {
		for check, path := range map[string]string{"lake": "lake/catalog.db", "catalog": "state/catalog.db"} {
			unlock := lockSQLite(t, filepath.Join(dir, path))
			up.ready(check, false)
			unlock()
			up.ready(check, true)
		}
	})
	t.Run("held-up dataset", func(t *testing.T) {
		obstacle := filepath.Join(dir, "lake", "publik", "perizinan")
		writeFile(t, obstacle, "a file where the folder of the dataset belongs")
		drop(t, dir, 1, 51)
		if say := up.ready("landing", false).Say; !strings.Contains(say.ID, "perizinan.izin tertahan") || !strings.Contains(say.EN, "perizinan.izin is held up") {
			t.Errorf("it does not name the dataset: %+v", say)
		}
		up.await("the metric", func() bool { return up.metric(`satudata_held_up{part="landing perizinan.izin"}`) == 1 })
		if lag := up.metric(`satudata_lag_records{dataset="perizinan.izin",partition="0"}`); lag < 1 {
			t.Errorf("nothing lags, although nothing lands: %v", lag)
		}
		if age := up.metric(`satudata_lag_seconds{dataset="perizinan.izin",partition="0"}`); age <= 0 {
			t.Errorf("the oldest message has no age: %v", age)
		}
		if err := os.Remove(obstacle); err != nil {
			t.Fatal(err)
		}
		up.ready("landing", true)
		up.await("the rows", func() bool {
			return up.metric(`satudata_rows_total{dataset="perizinan.izin",verdict="accepted"}`) == 50
		})
	})
	t.Run("missing source", func(t *testing.T) {
		data := filepath.Join(dir, "data")
		if err := os.Rename(data, data+"-lain"); err != nil {
			t.Fatal(err)
		}
		if say := up.ready("sources", false).Say; !strings.Contains(say.ID, data+": berkas atau folder tidak ada") || !strings.Contains(say.EN, "mount or make it") {
			t.Errorf("it does not say what is missing: %+v", say)
		}
		if err := os.Rename(data+"-lain", data); err != nil {
			t.Fatal(err)
		}
		up.ready("sources", true)
		for _, said := range []string{"dpmptsp.izin0: TIDAK ADA, ditunggu (is not there, waiting): ", "dpmptsp.izin0: kini ada (is there now)"} {
			if !strings.Contains(up.stdout.String(), said) {
				t.Errorf("up does not say %q: %s", said, up.stdout.String())
			}
		}
	})
	t.Run("unreadable source", func(t *testing.T) {
		data := filepath.Join(dir, "data")
		if err := os.Rename(data, data+"-lain"); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink("data", data); err != nil { // that leads nowhere but to itself
			t.Fatal(err)
		}
		up.ready("sources", false)
		if n := up.metric(`satudata_source_errors_total{source="/opd/dpmptsp/izin0"}`); n < 1 {
			t.Errorf("%v errors of the source", n)
		}
		if err := os.Remove(data); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(data+"-lain", data); err != nil {
			t.Fatal(err)
		}
		up.ready("sources", true)
	})
	status, body := up.get("/healthz")
	if status != http.StatusOK || !strings.Contains(body, `"landing"`) || !strings.Contains(body, `"settling"`) ||
		!strings.Contains(body, `"upkeep"`) || !strings.Contains(body, `"watch"`) {
		t.Errorf("/healthz: %d %s", status, body)
	}
	up.stop()
	if _, err := net.DialTimeout("tcp", up.addr, time.Second); err == nil {
		t.Error("the listener outlives up")
	}
	must(t, "-C", dir, "verify")
}

// lockSQLite takes the write lock of a database, as another program may.
func lockSQLite(t *testing.T, path string) (unlock func()) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate&_pragma=busy_timeout(20000)")
	if err != nil {
		t.Fatal(err)
	}
	tx, err := db.BeginTx(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := tx.Rollback(); err != nil {
			t.Error(err)
		}
		db.Close()
	}
}

// mountTmpfs makes dir a file system of its own of so many MiB, until the test ends.
func mountTmpfs(t *testing.T, dir string, mib int) {
	t.Helper()
	if os.Getuid() != 0 {
		schemastest.Without(t, "the right to mount a small disk, which root has: a full and a read-only disk")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	command(t, "mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=%dm", mib), "tmpfs", dir)
	t.Cleanup(func() { command(t, "umount", "-l", dir) })
}

func command(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

// TestReadyOnBadDisks: a full and a read-only disk show, and so does that they are mended.
func TestReadyOnBadDisks(t *testing.T) {
	dir := permitWorkspace(t, watchedConfig, 1)
	lake := filepath.Join(dir, "lake")
	mountTmpfs(t, lake, 16)
	up := startUp(t, dir)
	up.ready("lake_disk", true)

	ballast := filepath.Join(lake, "penuh")
	f, err := os.Create(ballast)
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = f.Write(make([]byte, 64<<10))
	}
	f.Close()
	up.ready("lake_disk", false)
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	up.ready("lake_disk", true)

	command(t, "mount", "--bind", lake, lake)
	command(t, "mount", "-o", "remount,ro,bind", lake)
	up.ready("lake_disk", false)
	command(t, "umount", lake)
	up.ready("lake_disk", true)
	drop(t, dir, 1, 11)
	up.await("the rows", func() bool {
		return up.metric(`satudata_rows_total{dataset="perizinan.izin",verdict="accepted"}`) == 10
	})
}

// TestReadyWithoutBrokers: when Kafka is gone /readyz says so, and when it is back too.
func TestReadyWithoutBrokers(t *testing.T) {
	port := freePort(t)
	start := func() *kfake.Cluster {
		c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.Ports(port))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	c := start()
	dir := permitWorkspace(t, fmt.Sprintf("log: {kind: kafka, kafka: {brokers: [%q]}}\nops: {minFree: 1MB}\nsources: [{binding: dpmptsp.izin0, paths: [data]}]\n",
		c.ListenAddrs()[0]), 1)
	up := startUp(t, dir)
	up.ready("log", true)
	c.Close()
	up.ready("log", false)
	c = start()
	defer c.Close()
	up.await("the log", func() bool {
		_, body := up.get("/readyz")
		var report ops.Report
		return json.Unmarshal([]byte(body), &report) == nil && len(report.Checks) > 0 && report.Checks[0].OK
	})
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// TestMetrics: what was delivered shows, in every kind of metric.
func TestMetrics(t *testing.T) {
	dir := permitWorkspace(t, watchedConfig, 1)
	up := startUp(t, dir)
	drop(t, dir, 1, 101)
	writeFile(t, filepath.Join(dir, "data", "rusak.ndjson"), `{"id":900,"pemohon":"A","kode":"3273","nilai":"banyak"}`+"\n"+`{"id":901,"pemohon":"B","kode":"3273","nilai":"7"}`+"\n")
	writeFile(t, filepath.Join(dir, "data", "kosong.ndjson"), "")
	up.await("two publications", func() bool {
		return up.metric(`satudata_deliveries{dataset="perizinan.izin",status="published"}`) == 2 &&
			up.metric(`satudata_deliveries{dataset="perizinan.izin",status="refused"}`) == 1
	})
	for series, least := range map[string]float64{
		`satudata_rows_total{dataset="perizinan.izin",verdict="accepted"}`:                 101,
		`satudata_rows_total{dataset="perizinan.izin",verdict="rejected"}`:                 1,
		`satudata_landed_bytes_total{dataset="perizinan.izin"}`:                            5000,
		`satudata_stage_seconds_total{dataset="perizinan.izin",stage="decode"}`:            1e-9,
		`satudata_stage_seconds_total{dataset="perizinan.izin",stage="read"}`:              1e-9,
		`satudata_stage_seconds_total{dataset="perizinan.izin",stage="check"}`:             1e-9,
		`satudata_stage_seconds_total{dataset="perizinan.izin",stage="write"}`:             1e-9,
		`satudata_stage_seconds_total{dataset="perizinan.izin",stage="commit"}`:            1e-9,
		`satudata_commit_duration_seconds_count{dataset="perizinan.izin"}`:                 1,
		`satudata_fold_duration_seconds_count{dataset="perizinan.izin"}`:                   1,
		`satudata_reject_reasons_total{dataset="perizinan.izin",rule="tipe"}`:              1,
		`satudata_deliveries_decided_total{dataset="perizinan.izin",decision="published"}`: 2,
		`satudata_source_records_total{source="/opd/dpmptsp/izin0"}`:                       102,
		`satudata_source_read_bytes_total{source="/opd/dpmptsp/izin0"}`:                    5000,
		`satudata_source_deliveries_total{source="/opd/dpmptsp/izin0",status="refused"}`:   1,
		`satudata_table_rows{dataset="perizinan.izin",table="history"}`:                    101,
		`satudata_table_files{dataset="perizinan.izin",table="history"}`:                   1,
		`satudata_table_size_bytes{dataset="perizinan.izin",table="history"}`:              100,
		`satudata_table_snapshots{dataset="perizinan.izin",table="rejected"}`:              1,
		`satudata_log_size_bytes`: 1000,
		`satudata_log_end_offset{partition="0",topic="perizinan.izin"}`: 2,
		`satudata_disk_free_bytes{folder="lake"}`:                       1,
		`satudata_loop_step_timestamp_seconds{loop="landing"}`:          1,
		`satudata_loop_step_timestamp_seconds{loop="settling"}`:         1,
		`satudata_loop_step_timestamp_seconds{loop="upkeep"}`:           1,
		`process_resident_memory_bytes`:                                 1,
		`go_goroutines`:                                                 1,
	} {
		up.await(series, func() bool { return up.metric(series) >= least })
	}
	if n := up.metric("satudata_collect_errors"); n != 0 {
		t.Errorf("%v places could not be asked", n)
	}
}

// TestListenerInUse: two processes on one address are a mistake of whoever configured them.
func TestListenerInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dir := permitWorkspace(t, "log: {kind: embedded}\n", 0)
	if r := satudata(t, "-C", dir, "land", "--ops-listen", l.Addr().String()); r.code != exitUsage || !strings.Contains(r.stderr, "ops.listen") {
		t.Errorf("exit code %d: %s", r.code, r.stderr)
	}
}
