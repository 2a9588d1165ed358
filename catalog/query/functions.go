package query

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

//go:embed functions.txt
var functionsText string

// reviewed is functions.txt: which functions of DuckDB a statement may call, and which were
// decided against.
type reviewed struct {
	functions, tables, refused map[string]bool // by lower-case name; refused may end in "*"
}

// reviewedFunctions parses functions.txt once.
var reviewedFunctions = sync.OnceValue(func() reviewed {
	r := reviewed{functions: map[string]bool{}, tables: map[string]bool{}, refused: map[string]bool{}}
	var section map[string]bool
	for line := range strings.Lines(functionsText) {
		switch line = strings.TrimSpace(line); {
		case strings.HasPrefix(line, "# "):
		case line == "[functions]":
			section = r.functions
		case line == "[table functions]":
			section = r.tables
		case line == "[refused]":
			section = r.refused
		default:
			for name := range strings.FieldsSeq(line) {
				section[strings.ToLower(name)] = true
			}
		}
	}
	return r
})

// closed says why a function may not be called: it was decided against, or there is none of that
// name, which is more often a slip of the keyboard.
func (r reviewed) closed(name string) error {
	if r.refused[name] || r.tables[name] || strings.HasPrefix(name, "icu_collate_") {
		return refuse(fmt.Sprintf("Fungsi %q tidak dibuka untuk kueri.", name), fmt.Sprintf("The function %q is not open to queries.", name))
	}
	best, off := "", 1+len(name)/4
	for _, known := range slices.Sorted(maps.Keys(r.functions)) {
		if d := distance(name, known); d <= off && (best == "" || d < off) {
			best, off = known, d
		}
	}
	if best == "" {
		return invalid(fmt.Sprintf("fungsi %q tidak dikenal", name), fmt.Sprintf("the function %q is not known", name))
	}
	return invalid(fmt.Sprintf("fungsi %q tidak dikenal; maksudnya %s", name, best), fmt.Sprintf("the function %q is not known; did you mean %s", name, best))
}

// longest is the most that a function which makes a text or list of a given length may be asked
// for. DuckDB builds such values outside its memory limit: repeat('x', 1000000000) took 4 GB and
// 18 seconds in which it could not be interrupted.
const longest = 100_000

// lengthArgument names the argument that gives the length, counted from 0.
var lengthArgument = map[string]int{"repeat": 1, "lpad": 1, "rpad": 1, "list_resize": 1, "array_resize": 1}
