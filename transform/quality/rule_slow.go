package quality

import (
	"math/big"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"satudata/schemas"
)

// row evaluates an expression for one observation, none of whose needed values is null. It says
// what the compiled parts must say too, only slower.
type row struct {
	plan   *schemas.Plan
	rec    arrow.RecordBatch
	obs    int
	exempt bool // a divisor is 0
}

// holds evaluates a condition.
func (r *row) holds(e schemas.Expr) bool {
	switch e := e.(type) {
	case *schemas.Not:
		return !r.holds(e.X)
	case schemas.IsNull:
		return r.rec.Column(e.Field).IsNull(r.obs) != e.Negated
	case schemas.FieldRef:
		return r.rec.Column(e.Field).(*array.Boolean).Value(r.obs)
	case *schemas.Binary:
		switch e.Op {
		case schemas.And:
			l, right := r.holds(e.L), r.holds(e.R) // both, because either may divide by 0
			return l && right
		case schemas.Or:
			l, right := r.holds(e.L), r.holds(e.R)
			return l || right
		}
		return r.compare(e)
	}
	return false
}

func (r *row) compare(e *schemas.Binary) bool {
	c := compiler{r.plan}
	switch {
	case c.isText(e.L):
		return ordered(e.Op, strings.Compare(texts(e.L, r.rec)(r.obs), texts(e.R, r.rec)(r.obs)))
	case c.hasDouble(e.L) || c.hasDouble(e.R):
		return near(e.Op, r.double(e.L), r.double(e.R))
	}
	return ordered(e.Op, r.rational(e.L).Cmp(r.rational(e.R)))
}

// double evaluates arithmetic in which a double takes part.
func (r *row) double(e schemas.Expr) float64 {
	b, ok := e.(*schemas.Binary)
	if !ok {
		x, _ := r.rational(e).Float64()
		return x
	}
	x, y := r.double(b.L), r.double(b.R)
	switch b.Op {
	case schemas.Add:
		return x + y
	case schemas.Sub:
		return x - y
	case schemas.Mul:
		return x * y
	}
	if y == 0 {
		r.exempt = true
	}
	return x / y
}

// rational evaluates arithmetic exactly.
func (r *row) rational(e schemas.Expr) *big.Rat {
	out := new(big.Rat)
	switch e := e.(type) {
	case schemas.Number:
		out.SetString(e.Text)
	case schemas.FieldRef:
		r.field(out, e.Field)
	case *schemas.Binary:
		x, y := r.rational(e.L), r.rational(e.R)
		switch {
		case e.Op == schemas.Add:
			out.Add(x, y)
		case e.Op == schemas.Sub:
			out.Sub(x, y)
		case e.Op == schemas.Mul:
			out.Mul(x, y)
		case y.Sign() == 0:
			r.exempt = true
		default:
			out.Quo(x, y)
		}
	}
	return out
}

func (r *row) field(out *big.Rat, field int) {
	switch a := r.rec.Column(field).(type) {
	case *array.Int64:
		out.SetInt64(a.Value(r.obs))
	case *array.Date32:
		out.SetInt64(int64(a.Value(r.obs)))
	case *array.Timestamp:
		out.SetInt64(int64(a.Value(r.obs)))
	case *array.Float64:
		out.SetFloat64(a.Value(r.obs))
	case *array.Decimal128:
		scale := int(a.DataType().(*arrow.Decimal128Type).Scale)
		out.SetFrac(a.Value(r.obs).BigInt(), pow10(scale))
	}
}
