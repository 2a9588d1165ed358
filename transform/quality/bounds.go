package quality

import (
	"math"
	"math/big"
	"strconv"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"

	"satudata/ingest/event"
	"satudata/schemas"
)

// bounds is the range or length that the values of one property must have, brought to the type of
// its column so that comparing is exact.
type bounds struct {
	in                 *schemas.Input
	active             bool
	minFloat, maxFloat float64
	minInt, maxInt     int64
	minDec, maxDec     decimal128.Num
	shortest, longest  int // characters
}

func newBounds(plan *schemas.Plan, in *schemas.Input) bounds {
	c := in.Property.Check
	b := bounds{
		in:       in,
		minFloat: math.Inf(-1), maxFloat: math.Inf(1),
		minInt: math.MinInt64, maxInt: math.MaxInt64,
		minDec: decimal128.GetMaxValue(38).Negate(), maxDec: decimal128.GetMaxValue(38),
		longest: math.MaxInt,
	}
	scale := plan.Fields[in.Fields[0]].Type.Scale
	if c.Min != nil {
		b.minFloat = *c.Min
		b.minInt, b.minDec = clamp(scaled(*c.Min, scale, true))
	}
	if c.Max != nil {
		b.maxFloat = *c.Max
		b.maxInt, b.maxDec = clamp(scaled(*c.Max, scale, false))
	}
	if c.MinLength != nil {
		b.shortest = *c.MinLength
	}
	if c.MaxLength != nil {
		b.longest = *c.MaxLength
	}
	ranged, measured := c.Min != nil || c.Max != nil, c.MinLength != nil || c.MaxLength != nil
	b.active = in.Codes == nil && (ranged || measured)
	return b
}

// scaled is limit × 10^scale as its contract wrote it, rounded inwards.
func scaled(limit float64, scale int, up bool) *big.Int {
	r, ok := new(big.Rat).SetString(strconv.FormatFloat(limit, 'g', -1, 64))
	if !ok { // infinite
		r = new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(39), nil))
		if limit < 0 {
			r.Neg(r)
		}
	}
	r.Mul(r, new(big.Rat).SetInt(pow10(scale)))
	n, rest := new(big.Int).DivMod(r.Num(), r.Denom(), new(big.Int)) // floor: the denominator is positive
	if up && rest.Sign() != 0 {
		n.Add(n, big.NewInt(1))
	}
	return n
}

func pow10(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// clamp brings n to the nearest value of either type.
func clamp(n *big.Int) (int64, decimal128.Num) {
	i := int64(math.MaxInt64)
	switch {
	case n.IsInt64():
		i = n.Int64()
	case n.Sign() < 0:
		i = math.MinInt64
	}
	d := decimal128.GetMaxValue(38)
	switch {
	case n.CmpAbs(d.BigInt()) <= 0:
		d = decimal128.FromBigInt(n)
	case n.Sign() < 0:
		d = d.Negate()
	}
	return i, d
}

// check adds a reason for every value of col that is out of bounds.
func (b *bounds) check(col arrow.Array, v *Verdicts) {
	if !b.active {
		return
	}
	switch a := col.(type) {
	case *array.String:
		b.lengths(a, v)
	case *array.Int64:
		for obs, x := range a.Int64Values() {
			if (x < b.minInt || x > b.maxInt) && a.IsValid(obs) {
				v.Add(obs, b.outside(strconv.FormatInt(x, 10)))
			}
		}
	case *array.Float64:
		for obs, x := range a.Float64Values() {
			if (x < b.minFloat || x > b.maxFloat) && a.IsValid(obs) {
				v.Add(obs, b.outside(strconv.FormatFloat(x, 'f', -1, 64)))
			}
		}
	case *array.Decimal128:
		scale := b.in.Property.Type.Scale
		for obs, x := range a.Values() {
			if (x.Less(b.minDec) || x.Greater(b.maxDec)) && a.IsValid(obs) {
				v.Add(obs, b.outside(x.ToString(int32(scale))))
			}
		}
	}
}

// lengths counts characters only where the number of bytes leaves it open.
func (b *bounds) lengths(a *array.String, v *Verdicts) {
	for obs := range a.Len() {
		n := a.ValueLen(obs)
		if n >= b.shortest*utf8.UTFMax && n <= b.longest || a.IsNull(obs) {
			continue
		}
		if n = utf8.RuneCountInString(a.Value(obs)); n < b.shortest || n > b.longest {
			v.Add(obs, b.misfit(a.Value(obs), n))
		}
	}
}

// outside says that value is out of range.
func (b *bounds) outside(value string) Reason {
	id, en := b.words(b.minFloat, b.maxFloat)
	name := b.in.Property.Name
	value = Shown(b.in.Property.Class, []byte(value))
	return Reason{Field: name, Rule: RuleRange, Value: value, Say: event.Sentence{
		ID: "kolom " + name + " bernilai " + value + ", seharusnya " + id,
		EN: "column " + name + " is " + value + ", it should be " + en,
	}}
}

// misfit says that value, of n characters, has a wrong length.
func (b *bounds) misfit(value string, n int) Reason {
	most := math.Inf(1)
	if b.longest < math.MaxInt {
		most = float64(b.longest)
	}
	id, en := b.words(float64(b.shortest), most)
	name, count := b.in.Property.Name, strconv.Itoa(n)
	return Reason{Field: name, Rule: RuleLength, Value: Shown(b.in.Property.Class, []byte(value)), Say: event.Sentence{
		ID: "kolom " + name + " berisi " + count + " karakter, seharusnya " + id,
		EN: "column " + name + " has " + count + " characters, it should have " + en,
	}}
}

// words names a range in both languages.
func (b *bounds) words(least, most float64) (id, en string) {
	lo, hi := strconv.FormatFloat(least, 'f', -1, 64), strconv.FormatFloat(most, 'f', -1, 64)
	switch {
	case math.IsInf(most, 1):
		return "paling sedikit " + lo, "at least " + lo
	case math.IsInf(least, -1):
		return "paling banyak " + hi, "at most " + hi
	}
	return "dari " + lo + " sampai " + hi, "from " + lo + " to " + hi
}
