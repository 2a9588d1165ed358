package normalize

import (
	"math"
	"math/big"

	"github.com/apache/arrow-go/v18/arrow/decimal128"

	"satudata/schemas"
	"satudata/transform/quality"
)

// checkTotals compares each printed total with the sum of the cells it is of, which in has just
// decoded. An empty total says nothing, nor does one of which no part, or an unreadable one, is
// there; otherwise a difference speaks against every part, since any may be the wrong one.
func (n *Normalizer) checkTotals(l *layout, in *input, rows, across int) {
	for i, t := range n.plan.Totals {
		if l.totals[i] < 0 {
			continue
		}
		for row, c := range n.grid.slot(l.totals[i]) {
			if c.empty() || n.verdicts.IsAside(row*across) {
				continue
			}
			raw := n.grid.bytes(c)
			printed := in.read(raw, c.kind())
			if printed.null {
				continue
			}
			if printed.fault != nil {
				r := in.reason(quality.RuleTotal, raw, say("total %s tidak terbaca sebagai angka", "total %s cannot be read as a number", t.Column.Name))
				n.against(t, row, across, r)
				continue
			}
			if sum, ok := n.sum(in, t, row, across); ok && !in.same(sum, in.rational(&printed.value)) {
				n.against(t, row, across, in.reason(quality.RuleTotal, raw,
					say("total tercetak %s tidak sama dengan jumlah bagiannya, %s; perbaiki total atau bagiannya",
						"the printed total %s differs from the sum of its parts, %s; mend the total or the parts", t.Column.Name, sum.FloatString(in.Property.Type.Scale))))
			}
		}
	}
}

func (n *Normalizer) against(t schemas.TotalColumn, row, across int, r quality.Reason) {
	for _, at := range t.Of {
		n.verdicts.Add(row*across+at, r)
	}
}

// sum adds the parts of t in row; ok is false when there is nothing to compare with.
func (n *Normalizer) sum(in *input, t schemas.TotalColumn, row, across int) (sum *big.Rat, ok bool) {
	sum = new(big.Rat)
	for _, at := range t.Of {
		obs := row*across + at
		var v value
		switch c := in.columns[0].(type) {
		case *fixed[int64]:
			v.null, v.i = c.holes.is[obs], c.v[obs]
		case *fixed[float64]:
			v.null, v.f = c.holes.is[obs], c.v[obs]
		case *fixed[decimal128.Num]:
			v.null, v.d = c.holes.is[obs], c.v[obs]
		default:
			return sum, false
		}
		if v.null && n.verdicts.IsRejected(obs) {
			return sum, false
		}
		if !v.null {
			ok = true
			sum.Add(sum, in.rational(&v))
		}
	}
	return sum, ok
}

// rational is the exact value of v.
func (in *input) rational(v *value) *big.Rat {
	switch t := in.Property.Type; t.Kind {
	case schemas.Double:
		r := new(big.Rat)
		r.SetFloat64(v.f)
		return r
	case schemas.Decimal:
		unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(t.Scale)), nil)
		return new(big.Rat).SetFrac(v.d.BigInt(), unit)
	}
	return new(big.Rat).SetInt64(v.i)
}

// same compares exactly, doubles to a billionth.
func (in *input) same(a, b *big.Rat) bool {
	if in.Property.Type.Kind != schemas.Double {
		return a.Cmp(b) == 0
	}
	x, _ := a.Float64()
	y, _ := b.Float64()
	return math.Abs(x-y) <= 1e-9*max(1, math.Abs(x), math.Abs(y))
}
