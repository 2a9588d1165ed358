package normalize

import (
	"strings"
	"testing"

	"satudata/schemas"
	"satudata/transform/quality"
)

// Long texts that many observations share must not exhaust the memory.
func TestFit(t *testing.T) {
	in := newInput(&schemas.Plan{Fields: []schemas.Field{{Type: schemas.Type{Kind: schemas.String}}}},
		&schemas.Input{Property: schemas.Property{Name: "catatan", Type: schemas.Type{Kind: schemas.String}}, Fields: []int{0}})
	g := &grid{}
	cells := []cell{g.text(strings.Repeat("a", 100)), g.text(strings.Repeat("b", 1000)), 0, g.text("c")}
	var long []int
	in.decode(g, cells, maxText/500, func(i int, r quality.Reason) {
		long = append(long, i)
		if r.Rule != quality.RuleLength || r.Field != "catatan" {
			t.Errorf("got %+v", r)
		}
	})
	col := in.columns[0].(*words)
	if len(long) != 1 || long[0] != 1 || col.holes.count != 2 || !col.holes.is[1] {
		t.Errorf("dropped %v, %d null", long, col.holes.count)
	}
	for i, want := range []string{strings.Repeat("a", 100), "", "", "c"} {
		if got := string(col.text(i)); got != want {
			t.Errorf("text %d is %q, want %q", i, got, want)
		}
	}
}

// One text may be as long as maxValue, wherever it is delivered.
func TestLongest(t *testing.T) {
	in := newInput(&schemas.Plan{Fields: []schemas.Field{{Type: schemas.Type{Kind: schemas.String}}}},
		&schemas.Input{Property: schemas.Property{Name: "catatan", Type: schemas.Type{Kind: schemas.String}}, Fields: []int{0}})
	g := &grid{}
	cells := []cell{g.text(strings.Repeat("a", maxValue)), g.text(strings.Repeat("b", maxValue+1)), g.text("c")}
	var long []int
	in.decode(g, cells, 1, func(i int, r quality.Reason) { long = append(long, i) })
	col := in.columns[0].(*words)
	if len(long) != 1 || long[0] != 1 || len(col.text(0)) != maxValue || string(col.text(2)) != "c" {
		t.Errorf("dropped %v; %d and %q are left", long, len(col.text(0)), col.text(2))
	}
}
