package normalize_test

import (
	"encoding/csv"
	"strings"
	"testing"

	"satudata/ingest/event"
	"satudata/schemas"
	"satudata/transform/normalize"
)

// yardsticks are the satuan that contracts give elements which have none of their own.
var yardsticks = map[string]string{"umum.luas": "ha", "umum.panjang": "km", "umum.berat": "ton", "umum.isi": "m3"}

// deliver reads texts as one column of the element, by a contract and a binding that say no more than
// they must.
func deliver(t *testing.T, e schemas.Element, texts []string) *normalize.Result {
	t.Helper()
	custom := "{property: elemen, value: " + e.ID + "}"
	if unit := yardsticks[e.ID]; unit != "" {
		custom += ", {property: satuan, value: " + unit + "}"
	}
	binding := "format: {type: csv}\n"
	if e.Region != "" {
		binding += "codeSystem: kemendagri@2025\n"
	}
	plan := compile(t, "- {name: nilai, required: true, customProperties: ["+custom+"]}\n", binding+"columns:\n  - {to: nilai, from: nilai}\n")
	var b strings.Builder
	w := csv.NewWriter(&b)
	for _, text := range append([]string{"nilai"}, texts...) {
		if err := w.Write([]string{text}); err != nil {
			t.Fatal(err)
		}
	}
	w.Flush()
	return run(t, plan, event.Format{Type: event.ContentTypeCSV, Delimiter: ',', Headers: 1}, b.String(), len(texts))
}

// What an element shows as examples is accepted and what it shows as counterexamples is rejected, by
// contract, binding, normalising and rules as any delivery is.
func TestElements(t *testing.T) {
	asserted := 0
	for _, e := range schemas.Elements() {
		t.Run(e.ID, func(t *testing.T) {
			texts := append(append([]string{}, e.Examples...), e.Counterexamples...)
			res := deliver(t, e, texts)
			for i, text := range texts {
				why := rules(res, i)
				if i < len(e.Examples) && why != "" {
					t.Errorf("example %q is rejected: %s %+v", text, why, res.Verdicts.Reasons(i))
				}
				if i >= len(e.Examples) && why == "" {
					t.Errorf("counterexample %q is accepted as %s", text, values(res, i))
				}
			}
		})
		if len(e.Examples) > 0 && (len(e.Counterexamples) > 0) {
			asserted++
		}
	}
	if asserted < 45 {
		t.Errorf("%d elements are shown with examples and counterexamples", asserted)
	}
}
