package quality

import (
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"satudata/ingest/event"
	"satudata/schemas"
)

// rule is a row expression ready to run over columns.
//
// Integers and decimals are computed as 64-bit multiples of a power of ten that is known beforehand;
// a row whose numbers do not fit is computed again with rational numbers, as are expressions that
// divide. So a result is always exact, and almost always fast.
type rule struct {
	*schemas.RowRule
	plan    *schemas.Plan
	columns string    // it needs, for people
	classes []string  // of those
	fast    condition // nil when every row goes the slow way
	marks   []mark
}

// mark says how a row's result is to be taken.
type mark uint8

const (
	settled mark = iota // as computed
	hard                // did not fit: to be computed the slow way
	exempt              // the rule does not apply
)

func newRule(plan *schemas.Plan, r *schemas.RowRule) *rule {
	names := make([]string, len(r.Needs))
	for i, f := range r.Needs {
		names[i] = plan.Fields[f].Name
	}
	c := compiler{plan}
	return &rule{RowRule: r, plan: plan, columns: strings.Join(names, ", "), classes: classes(plan, r.Needs), fast: c.condition(r.Expr)}
}

// check adds a reason for every row that breaks the rule.
func (r *rule) check(rec arrow.RecordBatch, v *Verdicts) {
	n := int(rec.NumRows())
	if cap(r.marks) < n {
		r.marks = make([]mark, n)
	}
	r.marks = r.marks[:n]
	clear(r.marks)
	for _, f := range r.Needs {
		if col := rec.Column(f); col.NullN() > 0 {
			for obs := range nulls(col) {
				r.marks[obs] = exempt
			}
		}
	}
	if r.fast == nil {
		for obs, m := range r.marks {
			if m == settled {
				r.slowly(rec, obs, v)
			}
		}
		return
	}
	for obs, holds := range r.fast.test(rec, r.marks) {
		switch {
		case r.marks[obs] == hard:
			r.slowly(rec, obs, v)
		case !holds && r.marks[obs] == settled:
			v.Add(obs, r.reason(rec, obs))
		}
	}
}

// slowly checks one row with rational numbers.
func (r *rule) slowly(rec arrow.RecordBatch, obs int, v *Verdicts) {
	e := row{plan: r.plan, rec: rec, obs: obs}
	if !e.holds(r.Expr) && !e.exempt {
		v.Add(obs, r.reason(rec, obs))
	}
}

// reason says that the row of obs breaks the rule, with the values it has.
func (r *rule) reason(rec arrow.RecordBatch, obs int) Reason {
	var values []byte
	for i, f := range r.Needs {
		if i > 0 {
			values = append(values, "; "...)
		}
		values = append(append(values, r.plan.Fields[f].Name...), " = "...)
		if col, ok := rec.Column(f).(*array.Int64); ok && r.classes[i] == "umum" {
			values = strconv.AppendInt(values, col.Value(obs), 10)
		} else {
			values = append(values, Shown(r.classes[i], []byte(display(rec.Column(f), obs)))...)
		}
	}
	all := string(values)
	id := r.Say
	if id == "" {
		id = "aturan baris " + r.Text + " tidak terpenuhi"
	}
	return Reason{Field: r.columns, Rule: RuleRow + r.Name, Value: all, Say: event.Sentence{
		ID: id + " (" + all + ")",
		EN: "row rule " + r.Text + " does not hold (" + all + ")",
	}}
}

// display is a value as people write it.
func display(col arrow.Array, obs int) string {
	if d, ok := col.(*array.Decimal128); ok {
		return d.Value(obs).ToString(d.DataType().(*arrow.Decimal128Type).Scale)
	}
	return col.ValueStr(obs)
}
