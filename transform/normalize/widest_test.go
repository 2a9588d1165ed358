package normalize_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/memory"

	"satudata/ingest/event"
	"satudata/schemas"
	"satudata/transform/normalize"
	"satudata/transform/quality"
)

// sampleDir is the sample that the program carries.
const sampleDir = "../../cmd/satudata/sample"

// widestPlan finds the table of the sample with the most columns, and the plan of the delimited
// delivery that fills most of them.
func widestPlan(t testing.TB) *schemas.Plan {
	t.Helper()
	ref, err := schemas.LoadReference()
	if err != nil {
		t.Fatal(err)
	}
	var widest *schemas.Plan
	for _, file := range glob(t, "bindings/*.yaml") {
		b, err := schemas.ParseBinding(file, readFile(t, file))
		if err != nil {
			t.Fatal(err)
		}
		c, err := schemas.ParseContract(b.Dataset, readFile(t, filepath.Join(sampleDir, "contracts", b.Dataset+".yaml")))
		if err != nil {
			t.Fatal(err)
		}
		plan, err := schemas.Compile(c, b, ref)
		if err != nil {
			t.Fatal(err)
		}
		wider := widest == nil || len(plan.Fields) > len(widest.Fields) ||
			len(plan.Fields) == len(widest.Fields) && len(b.Columns) > len(widest.Binding.Columns)
		if b.Format.Type == "csv" && wider {
			widest = plan
		}
	}
	return widest
}

func glob(t testing.TB, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(sampleDir, pattern))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %d files, %v", pattern, len(files), err)
	}
	return files
}

func readFile(t testing.TB, file string) []byte {
	t.Helper()
	doc, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// stringsPlan reads the same source columns as plan does, each as text and nothing else: no types, no
// codes, no checks, no missing values but the empty one, no totals set aside.
func stringsPlan(t testing.TB, plan *schemas.Plan) *schemas.Plan {
	t.Helper()
	var properties, columns strings.Builder
	for i, c := range plan.Binding.Columns {
		if c.From != "" {
			name := fmt.Sprintf("kolom_%d", i)
			properties.WriteString(property(name, "string", ""))
			fmt.Fprintf(&columns, "  - {to: %s, from: %s}\n", name, c.From)
		}
	}
	return compile(t, properties.String(), "format: {type: csv}\ncolumns:\n"+columns.String())
}

// widestChunk repeats the sample's delivery for plan up to the size of a chunk.
func widestChunk(t testing.TB, plan *schemas.Plan) event.Chunk {
	t.Helper()
	dataset := strings.TrimPrefix(plan.Binding.ID, plan.Binding.OPD+".")
	data := readFile(t, filepath.Join(sampleDir, "deliveries", plan.Binding.OPD, dataset+".csv"))
	data = bytes.ToValidUTF8(data, []byte("é")) // the only letter beyond ASCII in it, which is Windows-1252
	head, body, _ := bytes.Cut(data, []byte("\n"))
	if !bytes.HasSuffix(body, []byte("\n")) {
		body = append(body, '\n')
	}
	out := append(bytes.Clone(head), '\n')
	rows := 0
	for len(out)+len(body) <= event.MaxChunk {
		out = append(out, body...)
		rows += bytes.Count(body, []byte("\n"))
	}
	f := event.Format{Type: event.ContentTypeCSV, Delimiter: ',', Headers: 1}
	return event.Chunk{ContentType: f.String(), Data: out, Rows: rows, Op: event.Upsert}
}

// BenchmarkWidest compares the whole plan (split, normalise, check) of the sample's widest table with
// decoding alone: the same bytes split by the same code into one column of strings for every source
// column that the plan reads. The plan makes ten columns of seven: a code becomes codes and names in
// two systems. Both are measured in turns and the median turn counts, so that what else the machine
// does spoils neither; plan/decode is the ratio of their rows/s.
func BenchmarkWidest(b *testing.B) {
	plan := widestPlan(b)
	chunk := widestChunk(b, plan)
	whole, alone := normalize.New(plan, memory.DefaultAllocator), normalize.New(stringsPlan(b, plan), memory.DefaultAllocator)
	checker := quality.NewChecker(plan)
	turn := func(n *normalize.Normalizer, check bool) float64 {
		start := time.Now()
		res, err := n.Chunk(chunk)
		if err != nil {
			b.Fatal(err)
		}
		if check {
			checker.Check(res.Record, res.Verdicts)
		}
		if share := float64(res.Verdicts.Rejected()) / float64(chunk.Rows); share > 0.1 {
			b.Fatalf("%.2f of the rows are rejected", share)
		}
		res.Record.Release()
		return time.Since(start).Seconds()
	}
	var planned, decoded []float64
	for b.Loop() {
		for range 100 {
			planned = append(planned, turn(whole, true))
			decoded = append(decoded, turn(alone, false))
		}
	}
	rows := float64(chunk.Rows)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(rows/median(planned), "plan-rows/s")
	b.ReportMetric(rows/median(decoded), "decode-rows/s")
	b.ReportMetric(median(decoded)/median(planned), "plan/decode")
}

func median(of []float64) float64 {
	slices.Sort(of)
	return of[len(of)/2]
}
