package normalize

import (
	"bytes"
	"math"
	"math/big"
	"strings"

	"satudata/ingest/event"
	"satudata/schemas"
	"satudata/transform/quality"
)

// measure brings numbers with their unit to the unit of a column.
type measure struct {
	unit    schemas.Unit // the column's satuan
	known   bool         // the list of units has it
	bare    factor       // of a number without a unit
	factors map[string]factor
}

// maxFactors bounds how many different texts of units are remembered.
const maxFactors = 256

// factor multiplies exactly: by a power of ten, or by rat where it is none.
type factor struct {
	exp int
	rat *big.Rat // nil: 10^exp
}

func newMeasure(in *schemas.Input) measure {
	name := in.Property.Unit
	if name == "" && in.Reading == schemas.ReadPercent {
		name = "persen"
	} else if name == "" && in.Reading == schemas.ReadRupiah {
		name = "rupiah"
	}
	m := measure{factors: map[string]factor{}}
	m.unit, m.known = schemas.FindUnit(name)
	if from, ok := schemas.FindUnit(in.Unit); ok {
		if r, ok := from.To(m.unit); ok {
			m.bare = newFactor(r)
		}
	}
	return m
}

func newFactor(r *big.Rat) factor {
	ten := func(n *big.Int) (int, bool) {
		s := n.String()
		zeros := strings.TrimLeft(s[1:], "0")
		return len(s) - 1, s[0] == '1' && zeros == ""
	}
	up, ok1 := ten(r.Num())
	down, ok2 := ten(r.Denom())
	if ok1 && ok2 {
		return factor{exp: up - down}
	}
	return factor{rat: r}
}

// of finds the factor from the unit that text names to the column's.
func (m *measure) of(text []byte) (factor, *event.Sentence) {
	if f, ok := m.factors[string(text)]; ok {
		return f, nil
	}
	name := string(text)
	from, ok := schemas.FindUnit(name)
	if !ok {
		return factor{}, say("satuan %q tidak dikenal atau bermakna ganda; tulis angka dalam %s, atau dengan satuan seperti ha, km2, ton", "unit %q is unknown or ambiguous; write the number in %s, or with a unit such as ha, km2, ton", quality.Excerpt(text), m.unit.Symbol)
	}
	r, ok := from.To(m.unit)
	if !ok {
		return factor{}, say("satuan %q (%s) tidak dapat diubah ke satuan kolom, %s", "unit %q (%s) does not convert into the column's unit, %s", quality.Excerpt(text), from.Dimension, m.unit.Symbol)
	}
	f := newFactor(r)
	if len(m.factors) < maxFactors {
		m.factors[name] = f
	}
	return f, nil
}

// quantity reads a number with or without a unit and converts it to the column's. A number alone is
// in the unit that the binding declares, else in the column's: 0.0499 is never taken for 4.99 %.
// People write units, and dots for thousands: "1.250 ha" is in doubt where no locale is declared.
func (in *input) quantity(b []byte, k kind, v *value) (string, *event.Sentence) {
	l, t, as := in.locale, in.Property.Type, in.Property.Type
	by, why := in.measure.bare, (*event.Sentence)(nil)
	if k == number {
		l = newLocale("plain")
	} else if n := bytes.IndexFunc(b, notFigure); n > 0 && in.measure.known {
		by, why = in.measure.of(b[n:])
		b, as = bytes.TrimRight(b[:n], " "), schemas.Type{Kind: schemas.Decimal}
	}
	if why != nil {
		return quality.RuleType, why
	}
	f, why := l.parse(in.digits, b)
	if why == nil && k != number {
		why = l.doubt(f, as)
	}
	if why == nil {
		why = by.put(f, t, v)
	}
	return quality.RuleType, why
}

// notFigure reports whether r is no part of a number.
func notFigure(r rune) bool { return !strings.ContainsRune("0123456789.,+- ", r) }

// put stores f times c in v, exactly but for the nearest double.
func (c factor) put(f figure, t schemas.Type, v *value) *event.Sentence {
	if c.rat == nil {
		f.exp += c.exp
		return f.put(t, v)
	}
	r, ok := new(big.Rat).SetString(f.String())
	if !ok {
		return say("terlalu besar", "too large")
	}
	r.Mul(r, c.rat)
	if t.Kind == schemas.Double {
		if v.f, _ = r.Float64(); math.IsInf(v.f, 0) {
			return say("terlalu besar", "too large")
		}
		return nil
	}
	decimals, exact := r.FloatPrec()
	if !exact {
		return say("tidak dapat diubah ke satuan kolom tanpa pembulatan; kirim dalam satuan kolom", "does not convert into the column's unit without rounding; deliver it in the column's unit")
	}
	f, why := newLocale("plain").parse(nil, []byte(r.FloatString(decimals)))
	if why == nil {
		why = f.put(t, v)
	}
	return why
}
