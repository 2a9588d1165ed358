package normalize_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/memory"

	"satudata/ingest/event"
	"satudata/schemas"
	"satudata/transform/normalize"
	"satudata/transform/quality"
)

// compile makes a plan of the properties of a contract (YAML list items) and the part of a binding
// behind its head; rules are row expressions.
func compile(t testing.TB, properties, binding string, rules ...string) *schemas.Plan {
	t.Helper()
	contract := `apiVersion: v3.1.0
kind: DataContract
id: uji.coba
name: Coba
version: 1.0.0
status: active
domain: uji
description: {purpose: "uji", limitations: "uji", usage: "uji"}
customProperties:
  - {property: produsenData, value: uji}
  - {property: kelasAkses, value: internal}
  - {property: dasarHukum, value: "uji"}
  - {property: jadwalPemutakhiran, value: tahunan}
  - {property: modePengiriman, value: delta}
schema:
  - name: coba
    physicalType: table
    logicalType: object
    properties:
` + indent(properties, "      ")
	for i, r := range rules {
		if i == 0 {
			contract += "    quality:\n"
		}
		contract += fmt.Sprintf("      - {type: custom, engine: satudata, name: aturan_%d, implementation: %q}\n", i+1, r)
	}
	head := "apiVersion: satudata/v1\nkind: Binding\nid: uji.coba\nversion: 1.0.0\ntitle: Coba\ndataset: uji.coba\ncontract: 1.0.0\n"
	c, err := schemas.ParseContract("contract.yaml", []byte(contract))
	if err != nil {
		t.Fatal(err)
	}
	b, err := schemas.ParseBinding("binding.yaml", []byte(head+binding))
	if err != nil {
		t.Fatal(err)
	}
	ref, err := schemas.LoadReference()
	if err != nil {
		t.Fatal(err)
	}
	plan, err := schemas.Compile(c, b, ref)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func indent(s, by string) string {
	lines := strings.Split(strings.Trim(s, "\n"), "\n")
	return by + strings.Join(lines, "\n"+by) + "\n"
}

// common is in every property: what a complete contract says.
const common = `description: uji, customProperties: [{property: x_uji, value: 1}]`

// property is a contract property; extra is more of its YAML.
func property(name, kind, extra string) string {
	if extra != "" {
		extra = ", " + extra
	}
	return fmt.Sprintf("- {name: %s, businessName: %s, logicalType: %s, %s%s}\n", name, name, kind, common, extra)
}

var (
	csvFormat  = event.Format{Type: event.ContentTypeCSV, Delimiter: ',', Headers: 1}
	jsonFormat = event.Format{Type: event.ContentTypeNDJSON}
	rowsFormat = event.Format{Type: event.ContentTypeRows, Headers: 1}
)

// run decodes data as one chunk of rows records and applies the rules.
func run(t testing.TB, plan *schemas.Plan, f event.Format, data string, rows int) *normalize.Result {
	t.Helper()
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	res, err := normalize.New(plan, mem).Chunk(event.Chunk{ContentType: f.String(), Data: []byte(data), Rows: rows, Op: event.Upsert})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		res.Record.Release()
		mem.AssertSize(t, 0)
	})
	if got, want := res.Record.NumRows(), int64(rows*plan.Observations()); got != want || res.Verdicts.Len() != int(want) {
		t.Fatalf("%d observations and %d verdicts, want %d", got, res.Verdicts.Len(), want)
	}
	quality.NewChecker(plan).Check(res.Record, res.Verdicts)
	return res
}

// rules lists the rules that an observation breaks, as "kolom:aturan".
func rules(res *normalize.Result, obs int) string {
	var out []string
	for _, r := range res.Verdicts.Reasons(obs) {
		out = append(out, r.Field+":"+r.Rule)
	}
	return strings.Join(out, " ")
}

// values lists the values of an observation.
func values(res *normalize.Result, obs int) string {
	var out []string
	for _, c := range res.Record.Columns() {
		if c.IsNull(obs) {
			out = append(out, "-")
		} else {
			out = append(out, c.ValueStr(obs))
		}
	}
	return strings.Join(out, "|")
}
