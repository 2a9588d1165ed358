package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"satudata/schemas"
)

// TestEarly: a source that was begun early gives what it would give otherwise, and may be closed
// whether its first delivery was taken or not.
func TestEarly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "banjir.csv")
	if err := os.WriteFile(path, []byte("kode,jumlah\n32.73,1\n32.04,2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := feed{binding: &schemas.Binding{ID: "bpbd.banjir", Format: schemas.Format{Type: "csv"}}, paths: []string{path}}
	ctx := t.Context()

	taken := f.begin(ctx)
	d, err := taken.Next(ctx)
	if err != nil || d.Info().Records != 2 {
		t.Fatalf("Next = %+v, %v, want a delivery of 2 records", d, err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if _, err := taken.Next(ctx); !errors.Is(err, io.EOF) {
		t.Errorf("after the only file Next says %v, want the end", err)
	}
	left := f.begin(ctx)
	ended, end := context.WithCancel(ctx)
	end()
	if _, err := left.Next(ended); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("Next of one who has given up says %v", err)
	}
	for _, e := range []*early{taken, left, f.begin(ctx)} {
		if err := errors.Join(e.Close(), e.Close()); err != nil {
			t.Error(err)
		}
	}
	f.paths = []string{path + ".gone"}
	if e := f.begin(ctx); e != nil {
		t.Error("a source that cannot be opened was begun")
	}
}
