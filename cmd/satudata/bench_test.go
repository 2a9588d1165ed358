package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"satudata/cmd/satudata/bench"
)

// TestBench: the benchmark runs, proves its rows, and leaves nothing but its file.
func TestBench(t *testing.T) {
	t.Setenv(asSatudata, "1") // the processes it starts are this program
	for _, input := range []string{"ndjson", "csv"} {
		dir := t.TempDir()
		var got bench.Result
		out := must(t, "bench", "--rows", "5000", "--input", input, "--runs", "2", "--tmp", dir, "--json")
		if err := json.Unmarshal([]byte(out), &got); err != nil {
			t.Fatalf("%v in %s", err, out)
		}
		if got.RowsVerified != 5000 || len(got.Runs) != 6 || got.RoadRowsPerSecond <= 0 || got.LandRowsPerSecond <= 0 || got.DuckDBRowsPerSecond <= 0 ||
			got.Ratio <= 0 || got.LandRatio <= 0 || got.PeakRSS <= 0 || got.Versions["duckdb"] == "" {
			t.Errorf("%s: %s", input, out)
		}
		for _, m := range got.Runs {
			if m.TableBytes == 0 || (m.LogBytes == 0) != (m.Kind == "duckdb") {
				t.Errorf("%s: run without bytes: %+v", input, m)
			}
		}
		left, err := os.ReadDir(dir)
		if err != nil || len(left) != 2 {
			t.Errorf("%s: left behind: %v, %v", input, left, err)
		}
	}
}

// TestBenchCountsRight: rows that are not what was made end the benchmark with the exit code of counts.
func TestBenchCountsRight(t *testing.T) {
	t.Setenv(asSatudata, "1")
	dir := t.TempDir()
	path, _, err := bench.File(dir, bench.CSV, 100)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text[:len(text)-200], 0o644); err != nil { // the last records are cut off
		t.Fatal(err)
	}
	if r := satudata(t, "bench", "--rows", "100", "--input", "csv", "--runs", "1", "--tmp", dir); r.code != exitUnproven {
		t.Errorf("exit code %d, want %d\n%s%s", r.code, exitUnproven, r.stdout, r.stderr)
	}
}

// TestIngestLand: reading and landing in one process comes to what one after the other does.
func TestIngestLand(t *testing.T) {
	dir := t.TempDir()
	must(t, "init", "--sample", dir)
	r := satudata(t, "-C", dir, "ingest", "--land")
	if r.code != exitRefused { // one file of the sample is refused
		t.Fatalf("exit code %d, want %d\n%s%s", r.code, exitRefused, r.stdout, r.stderr)
	}
	type tables struct{ Flood, Dengue int64 }
	got := ask[tables](t, dir, "SELECT (SELECT count(*) FROM bencana.kejadian_banjir) AS Flood, (SELECT count(*) FROM kesehatan.kasus_dbd) AS Dengue")
	if want := (tables{59, 399}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	must(t, "-C", dir, "verify")
	if out := must(t, "-C", dir, "land", "--once"); out != "Tidak ada yang baru di log (nothing new in the log)\n" {
		t.Errorf("something was left to land: %s", out)
	}
}

// TestIngestLandBroken: what was read before a source breaks is landed, and the trouble is reported.
func TestIngestLandBroken(t *testing.T) {
	dir := t.TempDir()
	if err := bench.Workspace(dir, bench.NDJSON, 1, ""); err != nil {
		t.Fatal(err)
	}
	path, _, err := bench.File(dir, bench.NDJSON, 1000)
	if err != nil {
		t.Fatal(err)
	}
	r := satudata(t, "-C", dir, "ingest", "--land", "--binding", bench.Binding(0), path, filepath.Join(dir, "tidak-ada.ndjson"))
	if r.code != exitUsage {
		t.Errorf("a missing file: exit code %d, want %d\n%s", r.code, exitUsage, r.stderr)
	}
	broken := filepath.Join(dir, "rusak.ndjson")
	if err := os.WriteFile(broken, []byte("<html><body>Tidak ada</body></html>\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	r = satudata(t, "-C", dir, "ingest", "--land", "--json", "--binding", bench.Binding(0), path, broken)
	if r.code != exitRefused {
		t.Errorf("a broken file: exit code %d, want %d\n%s", r.code, exitRefused, r.stderr)
	}
	var done []outcome
	if err := json.Unmarshal([]byte(r.stdout), &done); err != nil || len(done) != 2 {
		t.Errorf("outcomes: %v in %s", err, r.stdout)
	}
	type rows struct{ N int64 }
	if got := ask[rows](t, dir, "SELECT count(*) AS N FROM "+bench.Dataset); got.N != 1000 {
		t.Errorf("%d rows, want 1000", got.N)
	}
}

// TestBenchFreshness: what is streamed in past a running `up` is found by queries, all of it.
func TestBenchFreshness(t *testing.T) {
	t.Setenv(asSatudata, "1")
	dir := t.TempDir()
	var got freshnessResult
	out := must(t, "bench", "freshness", "--rate", "1000", "--for", "2s", "--every", "500ms", "--tmp", dir, "--json")
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	if got.Rows != 2000 || got.Verified != 2000 || got.Deliveries != 4 || len(got.Series) != 4 || got.Probes == 0 ||
		got.P50 <= 0 || got.P50 > got.P99 || got.P99 > got.Max || got.Up.PeakRSS == 0 {
		t.Errorf("%s", out)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if r := satudata(t, "bench", "freshness", "--rate", "1", "--every", "100ms", "--tmp", dir); r.code != exitUsage {
		t.Errorf("less than one record a delivery: exit code %d, want %d\n%s", r.code, exitUsage, r.stderr)
	}
}

// TestBenchMany: a workspace of many datasets is filled and published, and an idle `up` on it is measured.
func TestBenchMany(t *testing.T) {
	t.Setenv(asSatudata, "1")
	dir := t.TempDir()
	r := satudata(t, "bench", "many", "--datasets", "3", "--deliveries", "2", "--idle", "500ms", "--tmp", dir, "--json")
	if runtime.GOOS != "linux" {
		t.Skip("processor time of another process is read from Linux's /proc")
	}
	var got manyResult
	if err := json.Unmarshal([]byte(r.stdout), &got); err != nil || r.code != exitOK {
		t.Fatalf("exit code %d, %v in %s\n%s", r.code, err, r.stdout, r.stderr)
	}
	if got.Published != 6 || got.ReadySecond <= 0 || got.ReadyCPU <= 0 || got.IdleSeconds < 0.5 || got.IdleCPU < 0 || got.IdleRSS == 0 || got.Load == "" || got.Up.PeakRSS == 0 {
		t.Errorf("%s", r.stdout)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if r := satudata(t, "bench", "many", "--datasets", "0", "--tmp", dir); r.code != exitUsage {
		t.Errorf("no dataset: exit code %d, want %d\n%s", r.code, exitUsage, r.stderr)
	}
}
