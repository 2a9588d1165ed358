package quality

import (
	"iter"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/bitutil"

	"satudata/ingest/event"
	"satudata/schemas"
)

// Checker applies a plan's rules to record batches. It keeps scratch memory, so it is not safe for
// concurrent use; workers have one each.
type Checker struct {
	plan   *schemas.Plan
	bounds []bounds // per Plan.Inputs
	rules  []*rule
}

// NewChecker returns a checker for plan.
func NewChecker(plan *schemas.Plan) *Checker {
	c := &Checker{plan: plan}
	for i := range plan.Inputs {
		c.bounds = append(c.bounds, newBounds(plan, &plan.Inputs[i]))
	}
	for i := range plan.Rules {
		c.rules = append(c.rules, newRule(plan, &plan.Rules[i]))
	}
	return c
}

// Check adds to v what is wrong with the observations of rec, which has the plan's fields: required
// values that are missing, values out of range or of a wrong length, row expressions that are false.
// A value that decoding already found faulty is null in rec and not reported again.
func (c *Checker) Check(rec arrow.RecordBatch, v *Verdicts) {
	for i := range c.plan.Inputs {
		in := &c.plan.Inputs[i]
		col := rec.Column(in.Fields[0])
		if in.Property.Required || in.Property.Key > 0 {
			required(in, col, v)
		}
		c.bounds[i].check(col, v)
	}
	for _, r := range c.rules {
		r.check(rec, v)
	}
}

// CheckDeletion is Check for records that delete: of these only the key counts.
func (c *Checker) CheckDeletion(rec arrow.RecordBatch, v *Verdicts) {
	for i := range c.plan.Inputs {
		if in := &c.plan.Inputs[i]; in.Property.Key > 0 {
			required(in, rec.Column(in.Fields[0]), v)
		}
	}
}

// required finds nulls that nothing explains yet.
func required(in *schemas.Input, col arrow.Array, v *Verdicts) {
	if col.NullN() == 0 {
		return
	}
	name := in.Property.Name
	r := Reason{Field: name, Rule: RuleRequired, Say: event.Sentence{
		ID: "kolom " + name + " wajib diisi, tetapi kosong",
		EN: "column " + name + " is required but empty",
	}}
	for obs := range nulls(col) {
		if !v.explained(obs, name) {
			v.Add(obs, r)
		}
	}
}

// nulls are the observations in which col, which has some, is null.
func nulls(col arrow.Array) iter.Seq[int] {
	bits, from := col.NullBitmapBytes(), col.Data().Offset()
	return func(yield func(int) bool) {
		for obs := range col.Len() {
			if bitutil.BitIsNotSet(bits, from+obs) && !yield(obs) {
				return
			}
		}
	}
}
