package schemas

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Severity says what a broken rule does.
type Severity string

// The severities, as ODCS writes them.
const (
	Reject Severity = "error"   // the row is rejected, or the delivery goes back to its OPD
	Warn   Severity = "warning" // it is counted, shown, and to be explained
)

// TableRule is a rule over more than one row: over a delivery, over the table as it will be when
// the delivery is published, or over it and another dataset's table.
type TableRule struct {
	Name     string
	Severity Severity
	Say      string // description, in Bahasa Indonesia, optional
	Line     int
	Check    TableCheck
}

// TableCheck is what a [TableRule] asks for: one of the types below. Columns in them are names of
// [Contract.Fields], those of other datasets are names of their properties or fields. A null is
// never a fault of a check that does not ask for nulls.
type TableCheck interface {
	Kind() string // names the kind in facts; never changes
}

// Metric is a library metric of ODCS over the whole table.
type Metric struct {
	Name    string   // "nullValues" | "missingValues" | "invalidValues" | "duplicateValues" | "rowCount"
	Columns []string // one; several for duplicateValues, none for rowCount
	Missing []string // missingValues: texts that stand for a missing value; null always does
	Valid   []string // invalidValues: the only values, nil = any
	Pattern string   // invalidValues: RE2 that the whole value must match, "" = any
	Limit   Limit
	Percent bool // of the rows of the table
}

// Query is a rule in SQL, whose only value must keep Limit. ${table} and ${object} stand for the
// table as it will be, ${kiriman} for the accepted rows of the delivery, ${column} and ${property}
// for the column whose rule it is.
type Query struct {
	SQL    string
	Column string // or ""
	Limit  Limit
}

// ForeignKey asks that the values of the delivery's Columns are there in To of Dataset. Rows in
// which one of them is null are exempt.
type ForeignKey struct {
	Columns []string
	Dataset string
	To      []string // none: the key of Dataset
}

// Unique asks that no two rows of the table have the same values of Columns.
type Unique struct{ Columns []string }

// Equal asks that two totals agree in every group that both have.
type Equal struct {
	Part, Whole GroupTotal
	Tolerance   Tolerance
}

// GroupTotal is a number of every group of rows.
type GroupTotal struct {
	Dataset string // "": the rule's own
	Column  string
	Same    bool          // the value that all rows of a group have, not their sum
	By      []string      // columns that make the groups; none: the table is one group
	Where   []ValueFilter // rows that count
}

// ValueFilter picks the rows whose Column is one of Values.
type ValueFilter struct {
	Column string
	Values []string
}

// Derived asks that Column is what Formula makes of its parts: row by row, or in groups, where a
// part is the sum of its column and Column has one value in every group.
type Derived struct {
	Column    string
	Formula   string // as written
	Expr      Expr   // over the contract's fields
	By        []string
	Where     []ValueFilter // rows whose parts count, in groups
	Tolerance Tolerance
}

// Tolerance is how far two numbers may be apart: Value, or Value percent of the second. Numbers
// that are doubles may always differ by 1e-9 of the larger magnitude.
type Tolerance struct {
	Value   float64
	Percent bool
}

// Jump finds numbers that are more than Factor times the one of the period before, or less than
// the Factor-th part of it, in the same series.
type Jump struct {
	Column string
	Period string
	Series []string // what a series has in common
	Factor float64
	Floor  float64 // a smaller magnitude counts as this; 0: a change from or to zero has no factor and is not judged
}

// Unchanged finds periods in which more than Share of the series have the values of the period before.
type Unchanged struct {
	Columns []string
	Period  string
	Series  []string
	Share   float64
}

// Holes finds combinations of the declared grid that the table does not have.
type Holes struct{ Grid []Axis }

// Fresh finds that the newest period is older than the schedule lets it be when a delivery comes:
// the period after it has ended, and Grace days more have gone. Without Grace it is as long again as
// a period.
type Fresh struct {
	Period   string
	Schedule string // one of [Schedules] but "sekali"
	Grace    *int   // days
}

// RowCheck counts the rows of a delivery that break a row rule of severity [Warn].
type RowCheck struct{ RowRule }

// Kind implements [TableCheck].
func (m Metric) Kind() string { return m.Name }

// Kind implements [TableCheck].
func (Query) Kind() string { return "sql" }

// Kind implements [TableCheck].
func (ForeignKey) Kind() string { return "kunciTamu" }

// Kind implements [TableCheck].
func (Unique) Kind() string { return "unik" }

// Kind implements [TableCheck].
func (Equal) Kind() string { return "jumlah" }

// Kind implements [TableCheck].
func (Derived) Kind() string { return "turunan" }

// Kind implements [TableCheck].
func (Jump) Kind() string { return "lonjakan" }

// Kind implements [TableCheck].
func (Unchanged) Kind() string { return "takBerubah" }

// Kind implements [TableCheck].
func (Holes) Kind() string { return "petak" }

// Kind implements [TableCheck].
func (Fresh) Kind() string { return "mutakhir" }

// Kind implements [TableCheck].
func (RowCheck) Kind() string { return "baris" }

// Limit is what a measured number must keep: one of the mustBe operators of ODCS.
type Limit struct {
	Operator string // "mustBe", "mustBeLessThan", …
	A, B     float64
}

// operator is a mustBe operator, with how people write it.
type operator struct{ key, id, en string }

// operators are the mustBe operators in the order of the standard.
var operators = []operator{
	{"mustBe", "= %s", "= %s"},
	{"mustNotBe", "bukan %s", "not %s"},
	{"mustBeGreaterThan", "> %s", "> %s"},
	{"mustBeGreaterOrEqualTo", ">= %s", ">= %s"},
	{"mustBeLessThan", "< %s", "< %s"},
	{"mustBeLessOrEqualTo", "<= %s", "<= %s"},
	{"mustBeBetween", "dari %s sampai %s", "from %s to %s"},
	{"mustNotBeBetween", "di luar %s sampai %s", "outside %s to %s"},
}

// Holds says whether x keeps the limit. Both ends of a range belong to it.
func (l Limit) Holds(x float64) bool {
	switch l.Operator {
	case "mustBe":
		return x == l.A
	case "mustNotBe":
		return x != l.A
	case "mustBeGreaterThan":
		return x > l.A
	case "mustBeGreaterOrEqualTo":
		return x >= l.A
	case "mustBeLessThan":
		return x < l.A
	case "mustBeLessOrEqualTo":
		return x <= l.A
	case "mustBeBetween":
		return l.A <= x && x <= l.B
	case "mustNotBeBetween":
		return x < l.A || x > l.B
	}
	return false
}

// Say writes the limit for people: "<= 5".
func (l Limit) Say() Sentence {
	for _, o := range operators {
		if o.key == l.Operator {
			return sayf(o.id, o.en, []any{decimalText(l.A), decimalText(l.B)}[:strings.Count(o.id, "%s")]...)
		}
	}
	return Sentence{l.Operator, l.Operator}
}

func decimalText(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// FieldOf finds the field that a rule means by a name: of a property, or of one of its fields. A
// region property stands for its Kemendagri code.
func (c *Contract) FieldOf(name string) (Field, bool) {
	for _, p := range c.Properties {
		if p.Name == name {
			return p.fields()[0], true
		}
	}
	fields := c.Fields()
	if i := slices.IndexFunc(fields, func(f Field) bool { return f.Name == name }); i >= 0 {
		return fields[i], true
	}
	return Field{}, false
}

// PropertyOf finds the property that makes a field.
func (c *Contract) PropertyOf(field string) (Property, bool) {
	for _, p := range c.Properties {
		if slices.ContainsFunc(p.fields(), func(f Field) bool { return f.Name == field }) {
			return p, true
		}
	}
	return Property{}, false
}

// Points are the values of an axis of the contract's grid as its column writes them, and the
// column. It fails where the axis names an area that ref does not have.
func (c *Contract) Points(a Axis, ref *Reference) (Field, []string, error) {
	i := slices.IndexFunc(c.Properties, func(p Property) bool { return p.Name == a.Column })
	if i < 0 {
		return Field{}, nil, fmt.Errorf("petak menyebut kolom %q, yang tidak ada (the grid names column %[1]q, which is not there)", a.Column)
	}
	p := c.Properties[i]
	field := p.fields()[0]
	switch {
	case a.Values != nil:
		return field, a.Values, nil
	case a.From != nil:
		var points []string
		for n := *a.From; n <= *a.To; n++ {
			points = append(points, strconv.Itoa(n))
		}
		return field, points, nil
	case p.Region() == "":
		return field, p.Check.Allowed, nil
	}
	table, err := ref.Table(p.Region(), kemendagri)
	if err != nil {
		return field, nil, err
	}
	var points []string
	for _, r := range table.Regions() {
		if a.Within == "" || r.KemendagriCode == a.Within || strings.HasPrefix(r.KemendagriCode, a.Within+".") {
			points = append(points, r.KemendagriCode)
		}
	}
	if len(points) == 0 {
		return field, nil, worded(sayf("tidak ada %[1]s di dalam %[2]q", "there is no %[1]s within %[2]q", p.Region(), a.Within))
	}
	return field, points, nil
}
