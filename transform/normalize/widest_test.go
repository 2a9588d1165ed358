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

// stringsPlan reads source columns as text and nothing else: no types, no codes, no checks, no missing
// values but the empty one, no totals set aside.
func stringsPlan(t testing.TB, sources []string) *schemas.Plan {
	t.Helper()
	var properties, columns strings.Builder
	for i, from := range sources {
		name := fmt.Sprintf("kolom_%d", i)
		properties.WriteString(property(name, "string", ""))
		fmt.Fprintf(&columns, "  - {to: %s, from: %s}\n", name, from)
	}
	return compile(t, properties.String(), "format: {type: csv}\ncolumns:\n"+columns.String())
}

// wantedColumns are the source columns that plan reads.
func wantedColumns(plan *schemas.Plan) (sources []string) {
	for _, c := range plan.Binding.Columns {
		if c.From != "" {
			sources = append(sources, c.From)
		}
	}
	return sources
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
// decoding alone: the same bytes, split by the same code, into one Arrow column of strings for every
// column of the delivery. plan/decode is the ratio of their rows/s. The plan makes ten columns of
// seven: a code becomes codes and names in two systems.
//
// plan/wanted is the same against decoding only the columns that the plan reads, which a program
// without a contract could not know. All are measured in turns and the median turn counts, so that
// what else the machine does spoils none.
func BenchmarkWidest(b *testing.B) {
	plan := widestPlan(b)
	chunk := widestChunk(b, plan)
	head, _, _ := strings.Cut(string(chunk.Data), "\n")
	turns := []*widestTurn{
		{plan: plan, checker: quality.NewChecker(plan)},
		{plan: stringsPlan(b, strings.Split(head, ","))},
		{plan: stringsPlan(b, wantedColumns(plan))},
	}
	for _, t := range turns {
		t.normalizer = normalize.New(t.plan, memory.DefaultAllocator)
	}
	for b.Loop() {
		for range 100 {
			for _, t := range turns {
				t.run(b, chunk)
			}
		}
	}
	planned, decoded, wanted := median(turns[0].seconds), median(turns[1].seconds), median(turns[2].seconds)
	rows := float64(chunk.Rows)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(rows/planned, "plan-rows/s")
	b.ReportMetric(rows/decoded, "decode-rows/s")
	b.ReportMetric(decoded/planned, "plan/decode")
	b.ReportMetric(wanted/planned, "plan/wanted")
}

// widestTurn decodes a chunk by one plan, and checks it where there is a checker.
type widestTurn struct {
	plan       *schemas.Plan
	normalizer *normalize.Normalizer
	checker    *quality.Checker
	seconds    []float64
}

func (w *widestTurn) run(b *testing.B, chunk event.Chunk) {
	start := time.Now()
	res, err := w.normalizer.Chunk(chunk)
	if err != nil {
		b.Fatal(err)
	}
	if w.checker != nil {
		w.checker.Check(res.Record, res.Verdicts)
	}
	if share := float64(res.Verdicts.Rejected()) / float64(chunk.Rows); share > 0.1 {
		b.Fatalf("%.2f of the rows are rejected", share)
	}
	res.Record.Release()
	w.seconds = append(w.seconds, time.Since(start).Seconds())
}

func median(of []float64) float64 {
	slices.Sort(of)
	return of[len(of)/2]
}
