package normalize

import (
	"bytes"
	"math"
	"math/bits"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow/decimal128"

	"satudata/ingest/event"
	"satudata/schemas"
)

// locale says which marks a column's numbers use.
type locale struct {
	name           string
	decimal, group byte // group 0: digits are not grouped
}

func newLocale(name string) locale {
	switch name {
	case "id":
		return locale{name, ',', '.'}
	case "en":
		return locale{name, '.', ','}
	}
	return locale{"plain", '.', 0}
}

// example is how a number is written in l.
func (l locale) example() string {
	switch l.name {
	case "id":
		return "1.234,5"
	case "en":
		return "1,234.5"
	}
	return "1234.5"
}

// figure is a decimal number taken apart: ±digits × 10^exp. Digits has neither leading nor trailing
// zeros and is empty for 0.
type figure struct {
	negative bool
	digits   []byte
	exp      int
	frac     int  // digits that were written after the decimal mark
	power    bool // was written with an exponent
}

// maxExponent bounds exponents, far beyond what any type here holds.
const maxExponent = 9999

// parse takes apart a number written in l, using scratch for its digits, or says why it cannot. A
// space between groups of three digits is allowed in every locale, because it is a decimal mark in
// none.
func (l locale) parse(scratch, b []byte) (f figure, why *event.Sentence) {
	f.digits = scratch[:0]
	b = f.sign(b)
	mantissa, exponent := b, []byte(nil)
	if i := bytes.IndexAny(b, "eE"); i >= 0 {
		mantissa, exponent, f.power = b[:i], b[i+1:], true
	}
	whole, frac, marked := bytes.Cut(mantissa, []byte{l.decimal})
	group := l.group
	if bytes.IndexByte(whole, ' ') >= 0 {
		group = ' '
	}
	for _, c := range whole {
		if c != group || group == 0 {
			f.digits = append(f.digits, c)
		}
	}
	f.digits = append(f.digits, frac...)
	if len(f.digits) == 0 || marked && len(frac) == 0 || digits(f.digits, 0) != len(f.digits) {
		return f, l.unreadable()
	}
	if group != 0 && bytes.IndexByte(whole, group) >= 0 && !grouped(whole, group) {
		return f, say("pemisah ribuan tidak membagi angka per tiga; kolom ini memakai tulisan seperti %s", "the digits are not grouped by three; this column writes numbers like %s", l.example())
	}
	f.frac, f.exp = len(frac), -len(frac)
	if f.power && !f.scale(exponent) {
		return f, l.unreadable()
	}
	f.tidy()
	return f, nil
}

func (l locale) unreadable() *event.Sentence {
	return say("bukan angka; kolom ini memakai tulisan seperti %s, tanpa satuan", "not a number; this column writes numbers like %s, without a unit", l.example())
}

// sign reads a sign.
func (f *figure) sign(b []byte) []byte {
	switch {
	case len(b) > 0 && b[0] == '-':
		f.negative, b = true, b[1:]
	case len(b) > 0 && b[0] == '+':
		b = b[1:]
	}
	return b
}

// grouped reports whether the digits of whole stand in threes after a first group of one to three
// that does not start with 0: "0.123" is a fraction in another locale.
func grouped(whole []byte, group byte) bool {
	first := bytes.IndexByte(whole, group)
	if first < 1 || first > 3 || whole[0] == '0' || (len(whole)-first)%4 != 0 {
		return false
	}
	for i := first; i < len(whole); i++ {
		if ((i-first)%4 == 0) != (whole[i] == group) {
			return false
		}
	}
	return true
}

// scale applies the exponent b and reports whether it is one.
func (f *figure) scale(b []byte) bool {
	negative := len(b) > 0 && b[0] == '-'
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		b = b[1:]
	}
	if len(b) == 0 || digits(b, 0) != len(b) {
		return false
	}
	n := 0
	for _, c := range b {
		n = min(n*10+int(c-'0'), maxExponent)
	}
	if negative {
		n = -n
	}
	f.exp += n
	return true
}

// tidy removes the zeros around the digits.
func (f *figure) tidy() {
	f.digits = bytes.TrimLeft(f.digits, "0")
	n := len(f.digits)
	f.digits = bytes.TrimRight(f.digits, "0")
	f.exp += n - len(f.digits)
	if len(f.digits) == 0 {
		f.exp, f.negative = 0, false
	}
}

// number reads a number of type t. A JSON number is always written plainly, whatever the column's
// locale.
func (l locale) number(scratch, b []byte, k kind, t schemas.Type, v *value) *event.Sentence {
	if k == number {
		l = newLocale("plain")
	}
	f, why := l.parse(scratch, b)
	if why == nil && k != number {
		why = l.doubt(f, t)
	}
	if why == nil {
		why = f.put(t, v)
	}
	return why
}

// doubt says why f, written as text, is not certain to be what it seems: a whole number may have
// lost digits to an exponent, "1.000" may mean a thousand. ".0" and ".00" are what spreadsheets and
// data frames make of a whole number.
func (l locale) doubt(f figure, t schemas.Type) *event.Sentence {
	switch whole := t.Kind == schemas.Integer; {
	case f.power && whole:
		return say("bilangan bulat tidak boleh ditulis dengan pangkat (e); tulis semua angkanya", "a whole number must not be written with an exponent (e); write all digits")
	case f.power && (l.group != 0 || t.Kind == schemas.Decimal):
		return l.unreadable()
	case l.group == 0 && f.frac == 3 && (whole || t.Kind == schemas.Decimal && f.frac > t.Scale):
		return say("bermakna ganda: bilangan pecahan, atau ribuan? Tulis tanpa pemisah, atau nyatakan locale: id", "ambiguous: a fraction, or thousands? Write it without separators, or declare locale: id")
	case whole && f.exp >= 0 && f.frac > 2:
		return say("bermakna ganda: nol sesudah tanda desimal, atau ribuan? Tulis tanpa pemisah", "ambiguous: zeros after the decimal mark, or thousands? Write it without separators")
	}
	return nil
}

// put stores f in v as type t has it, or says why it does not fit. Nothing is rounded, but for the
// nearest double.
func (f figure) put(t schemas.Type, v *value) (why *event.Sentence) {
	switch t.Kind {
	case schemas.Integer:
		v.i, why = f.integer()
	case schemas.Double:
		v.f, why = f.double()
	default:
		v.d, why = f.decimal(t)
	}
	return why
}

func (f figure) integer() (int64, *event.Sentence) {
	if f.exp < 0 {
		return 0, say("bukan bilangan bulat", "not a whole number")
	}
	v, ok := f.int64()
	if !ok {
		return 0, say("terlalu besar untuk bilangan bulat (64 bit)", "too large for a whole number (64 bits)")
	}
	return v, nil
}

// int64 is the value of f where it is whole and fits.
func (f figure) int64() (int64, bool) {
	if f.exp < 0 || len(f.digits)+f.exp > 19 {
		return 0, false
	}
	var v uint64
	for i := range len(f.digits) + f.exp {
		d := uint64(0)
		if i < len(f.digits) {
			d = uint64(f.digits[i] - '0')
		}
		v = v*10 + d // at most 19 digits: no overflow
	}
	if f.negative {
		return -int64(v), v <= 1<<63
	}
	return int64(v), v < 1<<63
}

// double is the double nearest to f.
func (f figure) double() (float64, *event.Sentence) {
	if len(f.digits) == 0 {
		return 0, nil
	}
	s := append(f.digits, 'e')
	s = strconv.AppendInt(s, int64(f.exp), 10)
	v, err := strconv.ParseFloat(string(s), 64)
	if err != nil {
		return 0, say("terlalu besar", "too large")
	}
	if f.negative {
		v = -v
	}
	return v, nil
}

// decimal is f exactly: one with more decimals than t has is refused, never rounded.
func (f figure) decimal(t schemas.Type) (decimal128.Num, *event.Sentence) {
	switch {
	case len(f.digits) > 0 && f.exp+t.Scale < 0:
		return decimal128.Num{}, say("punya %d angka di belakang tanda desimal, paling banyak %d; nilai tidak dibulatkan diam-diam",
			"has %d digits after the decimal mark, at most %d are kept; values are not rounded silently", -f.exp, t.Scale)
	case len(f.digits)+f.exp+t.Scale > t.Precision && len(f.digits) > 0:
		return decimal128.Num{}, say("terlalu besar: paling banyak %d angka di depan tanda desimal", "too large: at most %d digits before the decimal mark", t.Precision-t.Scale)
	}
	return f.decimal128(t.Scale), nil
}

// decimal128 is f as a multiple of 10^-scale; it must fit.
func (f figure) decimal128(scale int) decimal128.Num {
	var hi, lo uint64
	for i := range len(f.digits) + f.exp + scale {
		d := uint64(0)
		if i < len(f.digits) {
			d = uint64(f.digits[i] - '0')
		}
		carry, low := bits.Mul64(lo, 10)
		var c uint64
		lo, c = bits.Add64(low, d, 0)
		hi = hi*10 + carry + c
	}
	n := decimal128.New(int64(hi), lo)
	if f.negative {
		return n.Negate()
	}
	return n
}

// The common forms, without a detour: each agrees with its counterpart above where it says ok.

// fastInteger reads at most 18 digits, in groups of three or not.
func (l *locale) fastInteger(b []byte) (v int64, ok bool) {
	n := len(b)
	if n > 0 && b[0] == '-' {
		b = b[1:]
	}
	if len(b) == 0 || len(b) > 23 {
		return 0, false
	}
	separator, separators := -1, 0
	for i, c := range b {
		if d := c - '0'; d <= 9 {
			v = v*10 + int64(d)
			continue
		}
		if c != l.group || c == 0 || i == 0 || i-separator > 4 || separator >= 0 && i-separator != 4 || b[0] == '0' {
			return 0, false
		}
		separator = i
		separators++
	}
	if len(b) < n {
		v = -v
	}
	return v, len(b)-separators <= 18 && (separators == 0 || len(b)-separator == 4)
}

// fastFixed reads at most 18 digits, in groups of three or not, with at most one decimal mark:
// v × 10^-frac.
func (l *locale) fastFixed(b []byte) (v int64, frac int, ok bool) {
	n := len(b)
	if n > 0 && b[0] == '-' {
		b = b[1:]
	}
	mark, separator, count := -1, -1, 0
	for i, c := range b {
		if d := c - '0'; d <= 9 {
			v = v*10 + int64(d)
			count++
			continue
		}
		switch {
		case mark >= 0 || i == 0 || separator >= 0 && i-separator != 4:
			return 0, 0, false
		case c == l.decimal:
			mark = i
		case c == l.group && c != 0 && i-separator <= 4 && b[0] != '0':
			separator = i
		default:
			return 0, 0, false
		}
	}
	switch {
	case count == 0 || count > 18 || mark == len(b)-1 || mark < 0 && separator >= 0 && len(b)-separator != 4:
		return 0, 0, false
	case mark >= 0:
		frac = len(b) - mark - 1
	}
	if len(b) < n {
		v = -v
	}
	return v, frac, true
}

// pow10 are the powers of ten that a double holds exactly.
var pow10 = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18}

// ipow10 are the powers of ten that an int64 holds.
var ipow10 = [...]int64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18}

// fastDouble divides two doubles that are exact, so the result is the nearest one.
func (l *locale) fastDouble(b []byte) (float64, bool) {
	v, frac, ok := l.fastFixed(b)
	if !ok || v > 1<<53 || v < -1<<53 || v == 0 {
		return 0, ok && v == 0
	}
	return float64(v) / pow10[frac], true
}

// fastDecimal reads a decimal of the given type.
func (l *locale) fastDecimal(b []byte, t schemas.Type) (decimal128.Num, bool) {
	v, frac, ok := l.fastFixed(b)
	if !ok || frac > t.Scale || t.Scale-frac >= len(ipow10) {
		return decimal128.Num{}, false
	}
	p := ipow10[t.Scale-frac]
	hi, lo := bits.Mul64(uint64(max(v, -v)), uint64(p))
	if hi != 0 || lo > math.MaxInt64 || t.Precision < len(ipow10) && lo >= uint64(ipow10[t.Precision]) {
		return decimal128.Num{}, false
	}
	if v < 0 {
		return decimal128.FromI64(-int64(lo)), true
	}
	return decimal128.FromI64(int64(lo)), true
}

// String is f as a plain number with an exponent.
func (f figure) String() string {
	s := "0"
	if len(f.digits) > 0 {
		s = string(f.digits)
	}
	if f.negative {
		s = "-" + s
	}
	return s + "e" + strconv.Itoa(f.exp)
}
