package rules_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"satudata/schemas"
	"satudata/transform/quality"
)

// TestRowRulesAgree: a row rule counts as a warning exactly the rows that it would reject.
func TestRowRulesAgree(t *testing.T) {
	const seed = 3
	r := rand.New(rand.NewPCG(seed, seed))
	expressions := []string{
		"n = b", "n <> b and b > 1", "not (n < b) or total is null", "n + b = total", "n - b * 2 <= total",
		"n / b = total", "n / b >= 0.5", "(n + b) / (total - 1) < 2", "persen * 2 = 0.2", "persen + 0.2 = 0.3", "persen < 0.3",
		"uang = 1.10", "uang * 3 = 3.30", "uang + n > 2.5", "uang - persen <> 1", "kota = 'A' or jk <> 'L'", "kota < jk", "n is not null and -n = -1",
		"uang * uang = 1.21", "n * b * total >= 8", "persen >= uang", "n = 1 or b / total = 2",
	}
	pick := func(values ...string) string { return values[r.IntN(len(values))] }
	var rows []string
	for i := range 400 {
		rows = append(rows, fmt.Sprintf(`{"kota": %q, "jk": %q, "tahun": %d, "n": %s, "b": %s, "total": %s, "persen": %s, "uang": %s}`,
			pick("A", "B", "L"), pick("L", "P"), 2000+i%40, pick("0", "1", "2", "4", "null"), pick("0", "1", "2", "3"), pick("1", "2", "3", "null"),
			pick("0.1", "0.2", "0.3", "null"), pick(`"1.10"`, `"0.55"`, `"2.00"`, "null")))
	}
	rejecting, warning := newWorld(t), newWorld(t)
	var strict, lax []string
	for i, e := range expressions {
		name := "r" + strconv.Itoa(i)
		strict = append(strict, custom(name, "error", strconv.Quote(e)))
		lax = append(lax, custom(name, "warning", strconv.Quote(e)))
	}
	rejecting.register("uji.orang", "", people, strings.Join(strict, "\n"))
	warning.register("uji.orang", "", people, strings.Join(lax, "\n"))
	want := rejected(t, rejecting.contracts["uji.orang"], rows)
	got := map[string]int64{}
	for _, f := range warning.find(warning.deliver("uji.orang", rows...)) {
		got[f.Rule] = f.Count
		if f.Failed {
			t.Errorf("%s cannot be run: %s", f.Rule, f.Say.EN)
		}
	}
	if len(want) < len(expressions)-2 {
		t.Errorf("only %d of %d rules are broken by any row", len(want), len(expressions))
	}
	for i, e := range expressions {
		if name := "r" + strconv.Itoa(i); got[name] != want[name] {
			t.Errorf("%s: %d rows are counted, %d would be rejected", e, got[name], want[name])
		}
	}
}

// rejected counts the rows that each rule of a contract rejects.
func rejected(t *testing.T, c *schemas.Contract, rows []string) map[string]int64 {
	t.Helper()
	binding := &schemas.Binding{File: "b.yaml", Dataset: c.Dataset, Contract: c.Version, CodeSystem: "kemendagri@2025"}
	for _, p := range c.Properties {
		binding.Columns = append(binding.Columns, schemas.Source{To: p.Name, From: p.Name})
	}
	ref, err := schemas.LoadReference()
	if err != nil {
		t.Fatal(err)
	}
	plan, err := schemas.Compile(c, binding, ref)
	if err != nil {
		t.Fatal(err)
	}
	fields := make([]arrow.Field, len(plan.Fields))
	for i, f := range plan.Fields {
		fields[i] = arrow.Field{Name: f.Name, Type: arrowType(f.Type), Nullable: true}
	}
	rec, _, err := array.RecordFromJSON(memory.DefaultAllocator, arrow.NewSchema(fields, nil), strings.NewReader("["+strings.Join(rows, ",")+"]"))
	if err != nil {
		t.Fatal(err)
	}
	defer rec.Release()
	v := quality.NewVerdicts(int(rec.NumRows()))
	quality.NewChecker(plan).Check(rec, v)
	out := map[string]int64{}
	for obs := range v.Len() {
		for _, reason := range v.Reasons(obs) {
			if name, ok := strings.CutPrefix(reason.Rule, quality.RuleRow); ok {
				out[name]++
			}
		}
	}
	return out
}
