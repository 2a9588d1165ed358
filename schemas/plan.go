package schemas

import (
	"regexp"
	"time"
)

// Plan is a contract and a binding compiled: what to read and what to make of it. It is immutable
// and may be shared by any number of readers.
type Plan struct {
	Contract *Contract
	Binding  *Binding
	Fields   []Field   // physical fields of the table, in order (= Contract.Fields())
	Key      []int     // indexes into Fields; empty: rows are identified by delivery and row
	Inputs   []Input   // one per property, in contract order
	Rules    []RowRule // row expressions, parsed, columns resolved to indexes of Fields
	Missing  []string  // folded binding-wide missing texts, "" included
	Zone     *time.Location

	Wide     []Column      // the unpivoted columns with their ranges expanded, in order; empty without unpivot
	Totals   []TotalColumn // printed totals among the wide columns
	SetAside []RowFilter   // records that are kept apart
}

// Observations is how many observations one record makes: the number of unpivoted columns, or 1.
func (p *Plan) Observations() int {
	if len(p.Wide) == 0 {
		return 1
	}
	return len(p.Wide)
}

// Input says how one property is read. Exactly one of From, Constant, Cell and Header is set, or
// none: an optional property that the source does not have is always null.
type Input struct {
	Property Property
	Fields   []int             // the Plan.Fields it fills: 4 for a region (Kemendagri code and name, BPS code and name), 2 for a kecamatan or village, else 1
	From     []string          // source column names to try, the first that is there; "#3" is the third column
	Constant *string           // the text that every record has
	Cell     bool              // takes the unpivoted cell
	Header   *Dimension        // takes its value from the wide column's header
	Reading  Reading           // the element's
	Unit     string            // of numbers delivered without one: the binding's, else the property's satuan
	Locale   string            // "id" | "en" | "plain"
	Dates    []string          // layouts beside ISO 8601, see Binding.Dates
	Missing  map[string]bool   // folded; binding-wide and own
	Synonyms map[string]string // folded text → value: the element's, the source's or the header's
	Allowed  map[string]bool   // exact values, nil = any
	Pattern  *regexp.Regexp    // anchored at both ends, nil = any
	Part     *regexp.Regexp    // of a Header with a Pattern: its first group is the value
	Codes    *CodeTable        // region: finds it by the code of the declared system, else nil
}

// TotalColumn is a wide column that prints the sum of others.
type TotalColumn struct {
	Column Column
	Of     []int // indexes into Plan.Wide
}

// RowFilter matches a record when the folded text of Column is one of Equals.
type RowFilter struct {
	Column Column
	Equals map[string]bool // folded
}

// Column names a source column: by header text, or by position where Position is not 0.
type Column struct {
	Name     string // as the binding writes it, "#3" for a position
	Position int    // from 1, or 0: find it by Name, exactly first, then by Fold
}
