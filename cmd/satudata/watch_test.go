package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"satudata/cmd/satudata/bench"
)

// TestUpWatches: a running `up` takes in files that are moved to a watched folder and files that are written
// there, also when the folder comes later; what it says to nobody is nothing.
func TestUpWatches(t *testing.T) {
	t.Setenv(asSatudata, "1")
	dir := t.TempDir()
	if err := bench.Workspace(dir, bench.CSV, 1, ""); err != nil {
		t.Fatal(err)
	}
	folder, aside := filepath.Join(dir, "deliveries", "0"), t.TempDir()
	if err := os.Remove(folder); err != nil {
		t.Fatal(err)
	}
	made, _, err := bench.File(aside, bench.CSV, 100)
	if err != nil {
		t.Fatal(err)
	}
	more, _, err := bench.File(aside, bench.CSV, 250)
	if err != nil {
		t.Fatal(err)
	}
	up, err := (&app{}).startUp(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(made)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "ditulis.csv"), text, 0o644); err != nil {
		t.Fatal(err)
	}
	awaitRows(t, dir, 100)
	if err := os.Rename(more, filepath.Join(folder, "dipindah.csv")); err != nil {
		t.Fatal(err)
	}
	awaitRows(t, dir, 250) // the first hundred are the same
	if ended := up.stop(); ended.err != nil {
		t.Error(ended.err)
	}
	must(t, "-C", dir, "verify")
}

// awaitRows waits until the current state has so many rows.
func awaitRows(t *testing.T, dir string, want int) {
	t.Helper()
	var last string
	for begun := time.Now(); time.Since(begun) < 10*time.Minute; time.Sleep(100 * time.Millisecond) {
		r := satudata(t, "-C", dir, "query", "--format", "csv", "SELECT count(*) AS n FROM "+bench.Dataset)
		if last = r.stdout + r.stderr; r.stdout == fmt.Sprintf("n\n%d\n", want) {
			return
		}
	}
	t.Fatalf("%d rows do not come, but %s", want, last)
}
