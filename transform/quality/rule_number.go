package quality

import (
	"math"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"satudata/schemas"
)

// exactField is an integer, decimal, date or timestamp column.
type exactField struct {
	field, digits int
	out           []int64
}

func (e *exactField) scale() int { return e.digits }

func (e *exactField) exact(rec arrow.RecordBatch, marks []mark) []int64 {
	switch a := rec.Column(e.field).(type) {
	case *array.Int64:
		return a.Int64Values()
	case *array.Timestamp:
		e.out = grow(e.out, a.Len())
		for i, x := range a.TimestampValues() {
			e.out[i] = int64(x)
		}
	case *array.Date32:
		e.out = grow(e.out, a.Len())
		for i, x := range a.Date32Values() {
			e.out[i] = int64(x)
		}
	case *array.Decimal128:
		e.out = grow(e.out, a.Len())
		for i, x := range a.Values() {
			e.out[i] = int64(x.LowBits())
			if e.out[i]>>63 != x.HighBits() {
				marks[i] = max(marks[i], hard)
			}
		}
	}
	return e.out
}

// exactConstant is a literal.
type exactConstant struct {
	n      int64
	digits int
	out    []int64
}

func (e *exactConstant) scale() int { return e.digits }

func (e *exactConstant) exact(rec arrow.RecordBatch, _ []mark) []int64 {
	for n := int(rec.NumRows()); len(e.out) < n; {
		e.out = append(e.out, e.n)
	}
	return e.out[:rec.NumRows()]
}

// exactBinary is a sum, difference or product. Its operands have the scale that its result needs.
type exactBinary struct {
	op     schemas.Op
	l, r   exact
	digits int
	out    []int64
}

func (e *exactBinary) scale() int { return e.digits }

func (e *exactBinary) exact(rec arrow.RecordBatch, marks []mark) []int64 {
	l, r := e.l.exact(rec, marks), e.r.exact(rec, marks)
	e.out = grow(e.out, len(l))
	out := e.out
	r = r[:len(l)]
	switch e.op {
	case schemas.Add:
		for i, x := range l {
			s := x + r[i]
			if out[i] = s; (x^s)&(r[i]^s) < 0 {
				marks[i] = max(marks[i], hard)
			}
		}
	case schemas.Sub:
		for i, x := range l {
			s := x - r[i]
			if out[i] = s; (x^r[i])&(x^s) < 0 {
				marks[i] = max(marks[i], hard)
			}
		}
	case schemas.Mul:
		for i, x := range l {
			if out[i] = x * r[i]; overflows(x, r[i]) {
				marks[i] = max(marks[i], hard)
			}
		}
	}
	return out
}

// overflows reports whether x × y may not fit into 64 bits.
func overflows(x, y int64) bool {
	if small := int64(math.MaxInt32); -small <= x && x <= small && -small <= y && y <= small || x == 0 || y == 0 {
		return false
	}
	if x == math.MinInt64 || y == math.MinInt64 {
		return true
	}
	return x*y/y != x
}

// approxField is a column of numbers as doubles.
type approxField struct {
	field int
	out   []float64
}

func (e *approxField) approx(rec arrow.RecordBatch, _ []mark) []float64 {
	switch a := rec.Column(e.field).(type) {
	case *array.Float64:
		return a.Float64Values()
	case *array.Int64:
		e.out = grow(e.out, a.Len())
		for i, x := range a.Int64Values() {
			e.out[i] = float64(x)
		}
	case *array.Decimal128:
		e.out = grow(e.out, a.Len())
		scale := a.DataType().(*arrow.Decimal128Type).Scale
		for i, x := range a.Values() {
			e.out[i] = x.ToFloat64(scale)
		}
	}
	return e.out
}

// approxConstant is a literal.
type approxConstant struct {
	x   float64
	out []float64
}

func (e *approxConstant) approx(rec arrow.RecordBatch, _ []mark) []float64 {
	for n := int(rec.NumRows()); len(e.out) < n; {
		e.out = append(e.out, e.x)
	}
	return e.out[:rec.NumRows()]
}

// approxBinary is arithmetic on doubles. A row with a divisor of 0 is exempt.
type approxBinary struct {
	op   schemas.Op
	l, r approx
	out  []float64
}

func (e *approxBinary) approx(rec arrow.RecordBatch, marks []mark) []float64 {
	l, r := e.l.approx(rec, marks), e.r.approx(rec, marks)
	e.out = grow(e.out, len(l))
	for i, x := range l {
		switch e.op {
		case schemas.Add:
			e.out[i] = x + r[i]
		case schemas.Sub:
			e.out[i] = x - r[i]
		case schemas.Mul:
			e.out[i] = x * r[i]
		case schemas.Div:
			if r[i] == 0 {
				marks[i] = exempt
			}
			e.out[i] = x / r[i]
		}
	}
	return e.out
}
