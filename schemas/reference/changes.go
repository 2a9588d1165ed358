package reference

import (
	"slices"
	"strings"
)

// Kinds of changes between two vintages.
const (
	Recoded = "kode_berganti" // the same region under another code
	Renamed = "nama_berganti" // the same code with another name, not only another spelling
	Split   = "dipecah"       // parts of it are now other regions
	Began   = "baru"          // no code of the older vintage is known to have become it
	Ended   = "berakhir"      // no code of the newer vintage is known to have come of it
	Unclear = "tidak_jelas"   // the lists contradict one another
)

// Change is what became of a code between two vintages.
type Change struct {
	Kind string  `json:"perubahan"`
	From *Entry  `json:"dari,omitempty"` // nil for one that began
	To   []Entry `json:"menjadi"`        // empty for one that ended
}

// Level is the level of the region that changed.
func (c Change) Level() string {
	if c.From != nil {
		return c.From.Level
	}
	return c.To[0].Level
}

// Changes lists what changed between two vintages, by code; within limits it to a region and what lies
// in it, by its code in either vintage ("91"), with what came into it from elsewhere; "" is all.
func (r *Registry) Changes(from, to, within string) ([]Change, error) {
	older, err := r.members(from, within)
	if err != nil {
		return nil, err
	}
	newer, err := r.members(to, within)
	if err != nil {
		return nil, err
	}
	if within != "" && len(older)+len(newer) == 0 {
		_, err := r.Find(from, within)
		return nil, err
	}
	if !r.Bridged(from, to) {
		return nil, problem(ErrSystem, "tidak ada padanan antara %s dan %s", "there is no bridge between %s and %s", from, to)
	}
	var out []Change
	told := map[string]bool{}
	for _, e := range older {
		told[e.Code] = true
		if c := r.change(e, to); c.Kind != "" {
			out = append(out, c)
		}
	}
	for _, e := range newer {
		t, err := r.Translate(e.Code, to, from)
		if err != nil {
			out = append(out, Change{Kind: Began, To: []Entry{e}})
			continue
		}
		for _, o := range t.Targets {
			if c := r.change(o, to); c.Kind != "" && !told[o.Code] {
				out = append(out, c)
			}
			told[o.Code] = true
		}
	}
	slices.SortStableFunc(out, func(a, b Change) int { return strings.Compare(a.code(), b.code()) })
	return out, nil
}

func (c Change) code() string {
	if c.From != nil {
		return c.From.Code
	}
	return c.To[0].Code
}

// change says what became of e, with no kind when it stayed what it was.
func (r *Registry) change(e Entry, to string) Change {
	c := Change{From: &e}
	t, err := r.Translate(e.Code, e.System, to)
	if err != nil {
		c.Kind = Ended
		return c
	}
	c.To = t.Targets
	switch {
	case t.Unclear:
		c.Kind = Unclear
	case len(t.Targets) > 1:
		c.Kind = Split
	case t.Targets[0].Code != e.Code:
		c.Kind = Recoded
	case NameKey(t.Targets[0].Name) != NameKey(e.Name):
		c.Kind = Renamed
	}
	return c
}

// members lists the codes of a system that are, or lie in, the region that within is in it.
func (r *Registry) members(system, within string) ([]Entry, error) {
	v, ok := r.vintages[system]
	if !ok {
		return nil, r.unknownSystem(system)
	}
	canonical, ok := v.form(within)
	if within != "" && !ok {
		return nil, nil
	}
	tables := []*table{v.upper}
	if v.lower != nil {
		tables = append(tables, v.lower())
	}
	var out []Entry
	for _, t := range tables {
		for _, row := range t.rows {
			if row.in(v.at) && v.inside(row.code, canonical) {
				out = append(out, v.describe(row))
			}
		}
	}
	return out, nil
}

// inside says whether code is region or lies in it.
func (s *store) inside(code, region string) bool {
	for at := code; at != ""; at = s.parent(at) {
		if at == region {
			return true
		}
	}
	return region == ""
}
