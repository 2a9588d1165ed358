package exchange_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"satudata/schemas"
	"satudata/schemas/exchange"
)

var update = flag.Bool("update", false, "write the golden files")

// contracts are all contracts in the repository.
func contracts(t testing.TB) []string {
	t.Helper()
	var files []string
	for _, pattern := range []string{"../testdata/contract.yaml", "../testdata/rich.yaml", "../../cmd/satudata/sample/contracts/*.yaml",
		"../../cmd/satudata/testdata/*/contracts/*.yaml", "../../cmd/satudata/testdata/*/contract.yaml"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("no contracts at %s: %v", pattern, err)
		}
		files = append(files, found...)
	}
	return files
}

func parse(t testing.TB, file string) *schemas.Contract {
	t.Helper()
	doc, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	c, err := schemas.ParseContract(filepath.Base(file), doc)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func export(t testing.TB, c *schemas.Contract, format string) ([]byte, string) {
	t.Helper()
	doc, notes, err := exchange.Export(c, format)
	if err != nil {
		t.Fatalf("export %s to %s: %v", c.Dataset, format, err)
	}
	var b strings.Builder
	for _, n := range notes {
		b.WriteString(n.String() + "\n")
	}
	return doc, b.String()
}

// same compares contracts but for where they were read.
func same(t *testing.T, want, got *schemas.Contract) {
	t.Helper()
	where := cmp.FilterPath(func(p cmp.Path) bool {
		field, ok := p.Last().(cmp.StructField)
		return ok && slices.Contains([]string{"File", "Line", "Document"}, field.Name())
	}, cmp.Ignore())
	if diff := cmp.Diff(want, got, where); diff != "" {
		t.Errorf("contract (-want +got):\n%s", diff)
	}
}

func TestGolden(t *testing.T) {
	extension := map[string]string{"odcs": "yaml", "frictionless": "json", "jsonschema": "json", "avro": "avsc", "msvar": "json", "msind": "json",
		"mskeg": "json", "html": "html", "markdown": "md"}
	for format, ext := range extension {
		doc, notes := export(t, parse(t, "../testdata/rich.yaml"), format)
		for name, got := range map[string]string{"rich." + format + "." + ext: string(doc), "rich." + format + ".notes.txt": notes} {
			file := filepath.Join("testdata", name)
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
	}
}

// TestDeterministic exports each contract in each format twice.
func TestDeterministic(t *testing.T) {
	for _, file := range contracts(t) {
		for _, format := range exchange.Formats() {
			first, _ := export(t, parse(t, file), format)
			second, _ := export(t, parse(t, file), format)
			if !bytes.Equal(first, second) {
				t.Errorf("%s: %s differs from one export to the next", file, format)
			}
		}
	}
}

// TestRoundTrip takes every contract through each format that carries all of it.
func TestRoundTrip(t *testing.T) {
	for _, file := range contracts(t) {
		c := parse(t, file)
		canonical, _ := export(t, c, "odcs")
		for _, format := range []string{"odcs", "excel"} {
			doc, _ := export(t, c, format)
			back, notes, err := exchange.Import(format, "kembali", doc)
			if err != nil || len(notes) > 0 {
				t.Errorf("%s by %s: %v %v", file, format, err, notes)
				continue
			}
			if diff := cmp.Diff(string(canonical), string(back)); diff != "" {
				t.Errorf("%s by %s (-want +got):\n%s", file, format, diff)
			}
			got, err := schemas.ParseContract("kembali", back)
			if err != nil {
				t.Fatal(err)
			}
			same(t, parse(t, file), got)
		}
	}
}

// TestCanonical brings documents that say the same in other words to the same text.
func TestCanonical(t *testing.T) {
	c := parse(t, "../testdata/rich.yaml")
	want, _ := export(t, c, "odcs")
	text := string(c.Document)
	for _, edit := range []struct{ old, new string }{
		{"apiVersion: v3.1.0\nkind: DataContract\n", "kind: DataContract\napiVersion: v3.1.0\n"},
		{"  - {property: produsenData, value: dinkes}\n  - {property: kelasAkses, value: internal}\n", "  - {value: internal, property: kelasAkses}\n  - {property: produsenData, value: dinkes}\n"},
		{"domain: kesehatan\n", "# komentar\ndomain: \"kesehatan\"\n"},
		{"tags: [balita, stunting, posyandu]", "tags:\n  - balita\n  - stunting\n  - posyandu"},
		{`dateIn: "2024-01-02"`, "dateIn: 2024-01-02"},
		{`contractCreatedTs: "2026-01-15T08:00:00Z"`, "contractCreatedTs: 2026-01-15T08:00:00Z"},
	} {
		if !strings.Contains(text, edit.old) {
			t.Fatalf("the contract has no %q", edit.old)
		}
		other, err := schemas.ParseContract("lain.yaml", []byte(strings.Replace(text, edit.old, edit.new, 1)))
		if err != nil {
			t.Fatal(err)
		}
		got, _ := export(t, other, "odcs")
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("after %q (-want +got):\n%s", edit.new, diff)
		}
	}
}

func TestUnknownFormat(t *testing.T) {
	if _, _, err := exchange.Export(parse(t, "../testdata/contract.yaml"), "pdf"); err == nil || !strings.Contains(err.Error(), "markdown") {
		t.Errorf("Export to pdf: %v", err)
	}
	if _, _, err := exchange.Import("pdf", "x", nil); err == nil || !strings.Contains(err.Error(), "frictionless") {
		t.Errorf("Import of pdf: %v", err)
	}
	var faults schemas.Faults
	if _, _, err := exchange.Import("odcs", "x.yaml", []byte("id: x")); !errors.As(err, &faults) {
		t.Errorf("Import of a broken contract: %v", err)
	}
}
