package file_test

import (
	"bufio"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"satudata/ingest/source/file"
)

// TestMemory reads 200 MB out of a .gz and looks at how much memory that takes.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 200 MB twice")
	}
	path := filepath.Join(t.TempDir(), "a.csv.gz")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewWriterLevel(f, gzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriterSize(z, 1<<20)
	table(w, 200<<20, false, "\r\n")
	if err := errors.Join(w.Flush(), z.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	s, err := file.Open([]string{path}, format("csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	d, err := s.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; ; n++ {
		if _, err := d.Read(t.Context()); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if n%50 == 0 {
			runtime.ReadMemStats(&now)
			if grown := int64(now.HeapAlloc) - int64(before.HeapAlloc); grown > 16<<20 {
				t.Fatalf("after %d batches %d MiB more are in use", n, grown>>20)
			}
		}
	}
	if d.Info().Bytes > 150<<20 || d.Info().Records < 2_000_000 {
		t.Errorf("info is %+v", d.Info())
	}
	runtime.ReadMemStats(&now)
	if total := now.TotalAlloc - before.TotalAlloc; total > 64<<20 {
		t.Errorf("%d MiB were allocated in all", total>>20)
	}
}
