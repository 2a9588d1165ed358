package normalize_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/memory"

	"satudata/ingest/event"
	"satudata/ingest/source"
	"satudata/ingest/source/file"
	"satudata/schemas"
	"satudata/transform/normalize"
)

// FuzzCut reads files with the file source and decodes what it cuts: both must agree on where a
// record ends, whatever the file holds, or good records are rejected for their neighbours.
func FuzzCut(f *testing.F) {
	for _, c := range structures {
		f.Add([]byte(c.data))
	}
	f.Add([]byte("Nama,Jumlah\n\"a\"\"\nb\",1\n\"c,2\nd\"e\",3\n\"f\"g\"\nh,4\n"))
	f.Add([]byte("Nama;Jumlah\n\"a;b\n;\"\";\n\"\"\"\";1\n"))
	f.Add([]byte("[{\"Nama\":\"a\nb\"},\n{\"Nama\":\"\\\"}\"}, [1 ,2]\n, {\"Nama\" : \"c\"}]"))
	plan, dir := pair(f), f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, kind := range []string{"csv", "ndjson", "json"} {
			path := filepath.Join(dir, "f."+kind)
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			s, err := file.Open([]string{path}, file.Options{Format: schemas.Format{Type: kind}})
			if err != nil {
				t.Fatal(err)
			}
			readAll(t, s, plan)
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}

// readAll decodes every delivery of s; a file that is refused as a whole is in order.
func readAll(t *testing.T, s source.Source, plan *schemas.Plan) {
	t.Helper()
	for {
		d, err := s.Next(t.Context())
		var refusal *source.Refusal
		switch {
		case errors.Is(err, io.EOF):
			return
		case errors.As(err, &refusal):
			continue
		case err != nil:
			t.Fatal(err)
		}
		for {
			b, err := d.Read(t.Context())
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			checkBatch(t, plan, b)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
}

func checkBatch(t *testing.T, plan *schemas.Plan, b source.Batch) {
	t.Helper()
	res, err := normalize.New(plan, memory.NewGoAllocator()).Chunk(event.Chunk{ContentType: b.ContentType, Data: b.Data, Rows: b.Rows, Op: event.Upsert})
	if err != nil {
		t.Fatalf("%d records in %q: %v", b.Rows, b.Data, err)
	}
	defer res.Record.Release()
	for obs := range res.Verdicts.Len() {
		for _, r := range res.Verdicts.Reasons(obs) {
			if strings.Contains(r.Say.ID, "potongan data") {
				t.Fatalf("%d records in %q: %s", b.Rows, b.Data, r.Say.ID)
			}
		}
	}
}
