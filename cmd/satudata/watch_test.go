package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
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

// TestUpWithoutAFolder: of two places one is not there. The other is read, and it is not said that all were
// looked at.
func TestUpWithoutAFolder(t *testing.T) {
	dir := permitWorkspace(t, "log: {kind: embedded}\nops: {minFree: 1MB}\nsources: [{binding: dpmptsp.izin0, paths: [data]}, {binding: dpmptsp.izin1, paths: [tidak/ada]}]\n", 2)
	up := startUp(t, dir)
	drop(t, dir, 1, 11)
	up.await("the rows", func() bool {
		return up.metric(`satudata_rows_total{dataset="perizinan.izin",verdict="accepted"}`) == 10
	})
	up.await("what was seen", func() bool { return strings.Contains(up.stdout.String(), "1 dari 2 sumber sudah dilihat") })
	if said := up.stdout.String(); strings.Contains(said, allSeen) || !strings.Contains(said, "dpmptsp.izin1: TIDAK ADA") {
		t.Errorf("up says %s", said)
	}
}

// TestIgnoredFiles: what no source reads is named once, with what to do about it; what another source reads is not.
func TestIgnoredFiles(t *testing.T) {
	dir := permitWorkspace(t, "log: {kind: embedded}\nops: {minFree: 1MB}\nsources: [{binding: dpmptsp.izin0, paths: [data/a*]}, {binding: dpmptsp.izin1, paths: [data/b*]}]\n", 2)
	writeFile(t, filepath.Join(dir, "data", ".sembunyi"), "x")
	drop(t, dir, 1, 11)
	rename(t, filepath.Join(dir, "data"), "izin-1.ndjson", "a.ndjson")
	writeFile(t, filepath.Join(dir, "data", "b.ndjson"), "{}\n")
	old := filepath.Join(dir, "data", "penduduk.xls")
	writeFile(t, old, "x")
	want := fmt.Sprintf("%q: TIDAK DIBACA (not read): Excel lama (.xls)", old)
	once := func(who, said string) {
		t.Helper()
		if strings.Count(said, want) != 1 || strings.Count(said, "TIDAK DIBACA") != 1 {
			t.Errorf("%s does not say %q once and no more: %s", who, want, said)
		}
	}
	once("ingest", satudata(t, "-C", dir, "ingest").stdout)
	if said := satudata(t, "-C", dir, "ingest", "--binding", "dpmptsp.izin0").stdout; strings.Contains(said, "TIDAK DIBACA") {
		t.Errorf("ingest of one source tells of the files of others: %s", said)
	}
	if _, found := diagnose(t, dir); !slices.ContainsFunc(found, func(s symptom) bool {
		return s.Condition == warning && strings.Contains(s.Say.ID, old) && strings.Contains(s.Remedy.ID, ".xls")
	}) {
		t.Errorf("doctor does not name it: %+v", found)
	}
	up := startUp(t, dir)
	up.await("the file's name", func() bool { return strings.Contains(up.stdout.String(), want) })
	time.Sleep(lookTold + time.Second)
	once("up", up.stdout.String())
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
