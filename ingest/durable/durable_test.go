package durable_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"satudata/ingest/durable"
)

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func TestFileAppearsAtCommit(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	path := filepath.Join(dir, "f.txt")
	f, err := durable.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("isi"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("the file is there before its commit: %v", err)
	}
	if err := f.Commit(); err != nil {
		t.Fatal(err)
	}
	f.Abort() // does nothing after the commit
	if data, err := os.ReadFile(path); err != nil || string(data) != "isi" {
		t.Errorf("file holds %q, %v", data, err)
	}
	if got := names(t, dir); len(got) != 1 {
		t.Errorf("folder holds %q, want the file only", got)
	}
}

func TestAbortLeavesTheOldFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f.txt")
	if err := durable.WriteFile(path, []byte("lama")); err != nil {
		t.Fatal(err)
	}
	f, err := durable.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("baru"); err != nil {
		t.Fatal(err)
	}
	f.Abort()
	if data, err := os.ReadFile(path); err != nil || string(data) != "lama" {
		t.Errorf("file holds %q, %v, want the old content", data, err)
	}
	if got := names(t, dir); len(got) != 1 {
		t.Errorf("folder holds %q, want no leftovers", got)
	}
}

func TestNameLeavesWhatIsThere(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	for _, name := range []string{"first", "second"} {
		if err := os.WriteFile(path(name), []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := durable.Name(path("first"), path("file")); err != nil {
		t.Fatal(err)
	}
	if err := durable.Name(path("second"), path("file")); !errors.Is(err, os.ErrExist) {
		t.Errorf("Name where there is a file = %v, want %v", err, os.ErrExist)
	}
	if got, err := os.ReadFile(path("file")); err != nil || string(got) != "first" {
		t.Errorf("the file holds %q, %v", got, err)
	}
}

func TestMkdirAllRefusesAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	if err := durable.WriteFile(path, nil); err != nil {
		t.Fatal(err)
	}
	if err := durable.MkdirAll(filepath.Join(path, "b")); err == nil {
		t.Error("a folder was made inside a file")
	}
}

func TestWritable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	if err := durable.Writable(path); err != nil {
		t.Errorf("a file that is not there: %v", err)
	}
	if err := durable.WriteFile(path, []byte("isi")); err != nil {
		t.Fatal(err)
	}
	if err := durable.Writable(path); err != nil {
		t.Errorf("a file of ours: %v", err)
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != "isi" {
		t.Errorf("the file holds %q, %v afterwards", data, err)
	}
	if err := durable.Writable(filepath.Dir(path)); err == nil {
		t.Error("a folder is a file")
	}
}
