package file

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"satudata/ingest/source"
	"satudata/schemas"
)

// batchesOf reads a file's batches with read, as text.
func batchesOf(t testing.TB, path string, o Options, read func(context.Context, *delivery) (source.Batch, error)) []string {
	t.Helper()
	s, err := Open([]string{path}, o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	d, err := s.Next(t.Context())
	var refusal *source.Refusal
	if errors.As(err, &refusal) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for {
		b, err := read(t.Context(), d.(*delivery))
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, fmt.Sprintf("%s row %d, %d rows, %d bytes: %q", b.ContentType, b.FirstRow, b.Rows, b.Bytes, b.Data))
	}
}

// sameAgain checks that batches which are read where they were found are those that cutting gives.
func sameAgain(t *testing.T, kind, text string, size int) (remembered bool) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a."+kind)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	o := Options{Format: schemas.Format{Type: kind}, MaxChunk: size}
	cut := batchesOf(t, path, o, func(ctx context.Context, d *delivery) (source.Batch, error) {
		remembered = remembered || d.again != nil
		d.again = nil
		return d.Read(ctx)
	})
	read := batchesOf(t, path, o, func(ctx context.Context, d *delivery) (source.Batch, error) { return d.Read(ctx) })
	if diff := cmp.Diff(cut, read); diff != "" {
		t.Errorf("Read differs (-cut +read where it was found):\n%s", diff)
	}
	var data []byte
	appended := batchesOf(t, path, o, func(ctx context.Context, d *delivery) (b source.Batch, err error) {
		before := len(data)
		data, b, err = d.AppendBatch(ctx, data)
		if err == nil && string(data[before:]) != string(b.Data) {
			t.Errorf("AppendBatch appended %q, the batch is %q", data[before:], b.Data)
		}
		return b, err
	})
	if diff := cmp.Diff(cut, appended); diff != "" {
		t.Errorf("AppendBatch differs (-cut +appended):\n%s", diff)
	}
	return remembered
}

func TestAgain(t *testing.T) {
	for _, c := range []struct {
		name, kind, text string
		remembered       bool
	}{
		{"lines", typeNDJSON, "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n", true},
		{"no last line end", typeNDJSON, "{\"a\":1}\n{\"a\":2}\n{\"a\":3}", true},
		{"mark and empty lines", typeNDJSON, "\ufeff\n\n{\"a\":1}\n\n\n{\"a\":2}\n{\"a\":3}\n\n", true},
		{"table", typeCSV, "a,b\n1,x\n2,y\n\n3,z", true},
		{"table with a hint", typeCSV, "sep=;\na;b\n1;x\n2;\"y\nz\"\n3;\"\"\n", true},
		{"stray quotes", typeCSV, "\ufeffa,b\n1,\"x\n2,y\n", true},
		{"returns", typeCSV, "a,b\r\n1,x\r\n2,y\r\n", false},
		{"a late return", typeCSV, "a,b\n1,x\n2,y\r\n", false},
		{"wide", typeCSV, "\xff\xfea\x00,\x00b\x00\n\x001\x00,\x00x\x00\n\x00", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := sameAgain(t, c.kind, c.text, 20); got != c.remembered {
				t.Errorf("batches are remembered: %v, want %v", got, c.remembered)
			}
		})
	}
}

func FuzzAgain(f *testing.F) {
	f.Add("a,b\n1,\"x\ny\"\n\n3,4", 20, true)
	f.Add("{\"a\":1}\n\n{\"a\":2}", 8, false)
	f.Fuzz(func(t *testing.T, text string, size int, csv bool) {
		kind := typeNDJSON
		if csv {
			kind = typeCSV
		}
		sameAgain(t, kind, text, min(max(size, 1), 1000))
	})
}

// TestAgainNoticesChange rewrites a file in place, with its size and time as they were: the last
// batch is not handed out.
func TestAgainNoticesChange(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.ndjson")
	for _, change := range []string{"{\"a\":1}\n{\"a\":9}\n", "{\"a\":1}\n{\"a\""} {
		if err := os.WriteFile(path, []byte("{\"a\":1}\n{\"a\":2}\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		s, err := Open([]string{path}, Options{MaxChunk: 8})
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		d := got.(*delivery)
		if err := os.WriteFile(path, []byte(change), 0o644); err != nil {
			t.Fatal(err)
		}
		info, err := d.origin.file.Stat()
		if err != nil {
			t.Fatal(err)
		}
		d.origin.stamp = stampOf(info) // as if size and time had stayed
		if _, err := d.Read(t.Context()); err != nil {
			t.Errorf("first batch: %v", err)
		}
		if b, err := d.Read(t.Context()); !errors.Is(err, ErrChanged) {
			t.Errorf("last batch of a changed file = %q, %v; want ErrChanged", b.Data, err)
		}
		s.Close()
	}
}
