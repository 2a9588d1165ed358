package reference

import (
	"cmp"
	"slices"
	"strings"
)

// Search finds the regions of a system whose name is or contains name, in whatever spelling: those with
// exactly that name first, then those that begin with it; within them by level and code. It is for
// people: identity comes from codes.
func (r *Registry) Search(system, name string) ([]Entry, error) {
	v, ok := r.vintages[system]
	if !ok {
		return nil, r.unknownSystem(system)
	}
	key := NameKey(name)
	if key == "" {
		return nil, nil
	}
	var found []hit
	tables := []*table{v.upper}
	if v.lower != nil {
		tables = append(tables, v.lower())
	}
	for _, t := range tables {
		for _, row := range t.rows {
			if !row.in(v.at) {
				continue
			}
			if rank := likeness(key, row.called(v.at)); rank < noHit {
				found = append(found, hit{rank, v.describe(row)})
			}
		}
	}
	slices.SortFunc(found, func(a, b hit) int {
		return cmp.Or(a.rank-b.rank, len(a.Code)-len(b.Code), strings.Compare(a.Code, b.Code))
	})
	out := make([]Entry, len(found))
	for i, h := range found {
		out[i] = h.Entry
	}
	return out, nil
}

type hit struct {
	rank int
	Entry
}

const noHit = 3

// likeness ranks how name fits key, 0 best.
func likeness(key, name string) int {
	full := NameKey(name)
	bare, _ := bareKey(name)
	switch {
	case full == key || bare == key:
		return 0
	case strings.HasPrefix(full, key) || strings.HasPrefix(bare, key):
		return 1
	case strings.Contains(full, key):
		return 2
	}
	return noHit
}
