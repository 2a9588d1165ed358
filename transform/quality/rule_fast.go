package quality

import (
	"math"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"satudata/schemas"
)

// condition is a compiled part of a rule that is true or false for each row. What it returns is
// valid until the next call; marks takes the rows that it could not settle.
type condition interface {
	test(rec arrow.RecordBatch, marks []mark) []bool
}

// exact is a compiled part that gives a number for each row, as a multiple of 10^-scale.
type exact interface {
	exact(rec arrow.RecordBatch, marks []mark) []int64
	scale() int
}

// approx is a compiled part that gives a double for each row.
type approx interface {
	approx(rec arrow.RecordBatch, marks []mark) []float64
}

// maxScale is the largest scale that 64 bits are used for.
const maxScale = 18

// powers are the powers of ten that an int64 holds.
var powers = [maxScale + 1]int64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18}

// compiler turns expressions into parts; it returns nil for what only the slow way can do.
type compiler struct{ plan *schemas.Plan }

func (c compiler) kind(field int) schemas.Kind { return c.plan.Fields[field].Type.Kind }

// condition compiles e where it is a condition.
func (c compiler) condition(e schemas.Expr) condition {
	switch e := e.(type) {
	case *schemas.Binary:
		if e.Op != schemas.And && e.Op != schemas.Or {
			return c.comparison(e)
		}
		l, r := c.condition(e.L), c.condition(e.R)
		if l != nil && r != nil {
			return &both{and: e.Op == schemas.And, l: l, r: r}
		}
	case *schemas.Not:
		if x := c.condition(e.X); x != nil {
			return &not{x: x}
		}
	case schemas.IsNull:
		return &isNull{field: e.Field, negated: e.Negated}
	case schemas.FieldRef:
		return &isTrue{field: e.Field}
	}
	return nil
}

// comparison compiles l op r: as text, as doubles where one takes part, else exactly.
func (c compiler) comparison(e *schemas.Binary) condition {
	switch {
	case c.isText(e.L):
		return &compareText{op: e.Op, l: e.L, r: e.R}
	case c.hasDouble(e.L) || c.hasDouble(e.R):
		return &compareApprox{op: e.Op, l: c.approx(e.L), r: c.approx(e.R)}
	}
	l, r := c.exact(e.L), c.exact(e.R)
	if l == nil || r == nil {
		return nil
	}
	scale := max(l.scale(), r.scale())
	return &compareExact{op: e.Op, l: rescale(l, scale), r: rescale(r, scale)}
}

func (c compiler) isText(e schemas.Expr) bool {
	switch e := e.(type) {
	case schemas.Text:
		return true
	case schemas.FieldRef:
		return c.kind(e.Field) == schemas.String
	}
	return false
}

// hasDouble reports whether a double takes part in the arithmetic of e.
func (c compiler) hasDouble(e schemas.Expr) bool {
	switch e := e.(type) {
	case schemas.FieldRef:
		return c.kind(e.Field) == schemas.Double
	case *schemas.Binary:
		return c.hasDouble(e.L) || c.hasDouble(e.R)
	}
	return false
}

// exact compiles e, which has no double in it.
func (c compiler) exact(e schemas.Expr) exact {
	switch e := e.(type) {
	case schemas.FieldRef:
		if t := c.plan.Fields[e.Field].Type; t.Scale <= maxScale {
			return &exactField{field: e.Field, digits: t.Scale}
		}
	case schemas.Number:
		if n, digits, ok := literal(e); ok {
			return &exactConstant{n: n, digits: digits}
		}
	case *schemas.Binary:
		l, r := c.exact(e.L), c.exact(e.R)
		if l == nil || r == nil || e.Op == schemas.Div {
			return nil
		}
		digits := max(l.scale(), r.scale())
		if e.Op == schemas.Mul {
			if digits = l.scale() + r.scale(); digits > maxScale {
				return nil
			}
			return &exactBinary{op: e.Op, l: l, r: r, digits: digits}
		}
		return &exactBinary{op: e.Op, l: rescale(l, digits), r: rescale(r, digits), digits: digits}
	}
	return nil
}

// literal is n as a multiple of 10^-digits.
func literal(n schemas.Number) (v int64, digits int, ok bool) {
	if n.Whole {
		return n.Int, 0, true
	}
	whole, frac, _ := strings.Cut(strings.TrimPrefix(n.Text, "-"), ".")
	if len(whole)+len(frac) > maxScale {
		return 0, 0, false
	}
	for _, d := range whole + frac {
		if d < '0' || d > '9' {
			return 0, 0, false
		}
		v = v*10 + int64(d-'0')
	}
	if strings.HasPrefix(n.Text, "-") {
		v = -v
	}
	return v, len(frac), true
}

// rescale brings x to a larger scale.
func rescale(x exact, scale int) exact {
	if x.scale() == scale {
		return x
	}
	by := &exactConstant{n: powers[scale-x.scale()], digits: scale - x.scale()}
	return &exactBinary{op: schemas.Mul, l: x, r: by, digits: scale}
}

// approx compiles e for doubles.
func (c compiler) approx(e schemas.Expr) approx {
	switch e := e.(type) {
	case schemas.FieldRef:
		return &approxField{field: e.Field}
	case *schemas.Binary:
		return &approxBinary{op: e.Op, l: c.approx(e.L), r: c.approx(e.R)}
	case schemas.Number:
		return &approxConstant{x: e.Float}
	}
	return &approxConstant{x: math.NaN()}
}

// grow returns s with length n.
func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, n+n/4)
	}
	return s[:n]
}

type both struct {
	and  bool
	l, r condition
	out  []bool
}

func (c *both) test(rec arrow.RecordBatch, marks []mark) []bool {
	l, r := c.l.test(rec, marks), c.r.test(rec, marks)
	c.out = grow(c.out, len(l))
	for i := range l {
		if c.and {
			c.out[i] = l[i] && r[i]
		} else {
			c.out[i] = l[i] || r[i]
		}
	}
	return c.out
}

type not struct {
	x   condition
	out []bool
}

func (c *not) test(rec arrow.RecordBatch, marks []mark) []bool {
	x := c.x.test(rec, marks)
	c.out = grow(c.out, len(x))
	for i := range x {
		c.out[i] = !x[i]
	}
	return c.out
}

type isNull struct {
	field   int
	negated bool
	out     []bool
}

func (c *isNull) test(rec arrow.RecordBatch, _ []mark) []bool {
	col := rec.Column(c.field)
	c.out = grow(c.out, col.Len())
	for i := range c.out {
		c.out[i] = col.IsNull(i) != c.negated
	}
	return c.out
}

type isTrue struct {
	field int
	out   []bool
}

func (c *isTrue) test(rec arrow.RecordBatch, _ []mark) []bool {
	col := rec.Column(c.field).(*array.Boolean)
	c.out = grow(c.out, col.Len())
	for i := range c.out {
		c.out[i] = col.Value(i)
	}
	return c.out
}

type compareText struct {
	op   schemas.Op
	l, r schemas.Expr
	out  []bool
}

func (c *compareText) test(rec arrow.RecordBatch, _ []mark) []bool {
	l, r := texts(c.l, rec), texts(c.r, rec)
	c.out = grow(c.out, int(rec.NumRows()))
	for i := range c.out {
		c.out[i] = ordered(c.op, strings.Compare(l(i), r(i)))
	}
	return c.out
}

// texts returns the text of e for each row.
func texts(e schemas.Expr, rec arrow.RecordBatch) func(int) string {
	if t, ok := e.(schemas.Text); ok {
		return func(int) string { return t.Value }
	}
	return rec.Column(e.(schemas.FieldRef).Field).(*array.String).Value
}

// ordered reports whether two values that compare as cmp satisfy op.
func ordered(op schemas.Op, cmp int) bool {
	switch op {
	case schemas.Eq:
		return cmp == 0
	case schemas.Ne:
		return cmp != 0
	case schemas.Lt:
		return cmp < 0
	case schemas.Le:
		return cmp <= 0
	case schemas.Gt:
		return cmp > 0
	}
	return cmp >= 0
}

type compareExact struct {
	op   schemas.Op
	l, r exact
	out  []bool
}

func (c *compareExact) test(rec arrow.RecordBatch, marks []mark) []bool {
	l, r := c.l.exact(rec, marks), c.r.exact(rec, marks)
	c.out = grow(c.out, len(l))
	out := c.out
	r = r[:len(l)]
	switch c.op {
	case schemas.Eq, schemas.Ne:
		for i, x := range l {
			out[i] = (x == r[i]) == (c.op == schemas.Eq)
		}
	case schemas.Lt, schemas.Ge:
		for i, x := range l {
			out[i] = (x < r[i]) == (c.op == schemas.Lt)
		}
	default:
		for i, x := range l {
			out[i] = (x > r[i]) == (c.op == schemas.Gt)
		}
	}
	return out
}

type compareApprox struct {
	op   schemas.Op
	l, r approx
	out  []bool
}

func (c *compareApprox) test(rec arrow.RecordBatch, marks []mark) []bool {
	l, r := c.l.approx(rec, marks), c.r.approx(rec, marks)
	c.out = grow(c.out, len(l))
	for i, x := range l {
		c.out[i] = near(c.op, x, r[i])
	}
	return c.out
}

// near compares doubles; a billionth of the larger magnitude (of 1, below 1) makes no difference.
func near(op schemas.Op, x, y float64) bool {
	switch {
	case x == y || math.Abs(x-y) <= 1e-9*max(1, math.Abs(x), math.Abs(y)):
		return ordered(op, 0)
	case x < y:
		return ordered(op, -1)
	case x > y:
		return ordered(op, 1)
	}
	return op == schemas.Ne // not a number
}
