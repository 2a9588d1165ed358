package normalize

import (
	"strconv"
	"time"

	"github.com/apache/arrow-go/v18/arrow/decimal128"

	"satudata/ingest/event"
	"satudata/schemas"
	"satudata/transform/quality"
)

// maxText bounds the bytes of text that one column of a chunk takes up.
const maxText = 1 << 30

// input decodes the cells of one property.
type input struct {
	*schemas.Input
	locale  locale
	missing *texts
	dates   *dates
	columns []column
	region  []*words // the columns of a region
	checked bool     // has more to it than its type: the short ways of decoding do not do
	memo    *memo    // nil where decoding a cell is cheaper than looking it up
	last    verdict
	digits  []byte // scratch
	cells   []cell // scratch: cells that stand in more than one slot
}

// report takes a reason against the cell at i.
type report func(i int, r quality.Reason)

func newInput(plan *schemas.Plan, in *schemas.Input) *input {
	d := &input{
		Input:   in,
		locale:  newLocale(in.Locale),
		missing: newTexts(in.Missing),
		dates:   newDates(in.Dates, plan.Zone),
		digits:  make([]byte, 0, 64),
	}
	for part, f := range in.Fields {
		d.columns = append(d.columns, newColumn(plan.Fields[f].Type))
		if w, ok := d.columns[part].(*words); ok {
			d.region = append(d.region, w)
		}
	}
	kind := in.Property.Type.Kind
	d.checked = in.Codes != nil || len(in.Synonyms) > 0 || in.Allowed != nil || in.Pattern != nil || in.Part != nil
	if d.checked || kind == schemas.Boolean || kind == schemas.Date && len(in.Dates) > 0 {
		d.memo = new(memo)
	}
	return d
}

// decode fills the columns with what cells hold, each to be stored copies times. A cell that cannot
// be read is null and reported.
func (in *input) decode(g *grid, cells []cell, copies int, rep report) {
	for _, c := range in.columns {
		c.reset(len(cells))
	}
	if in.memo != nil && in.memo.vain() {
		in.memo = nil
	}
	switch {
	case in.memo != nil:
		in.repeating(g, cells, rep)
	case in.checked:
		for i, c := range cells {
			in.single(g, i, c, rep)
		}
	default:
		in.direct(g, cells, rep)
	}
	if c, ok := in.columns[0].(*words); ok && in.Codes == nil {
		in.fit(c, copies, rep)
	}
}

// direct decodes cells of a property that has nothing but a type.
func (in *input) direct(g *grid, cells []cell, rep report) {
	switch c := in.columns[0].(type) {
	case *words:
		in.words(g, c, cells, rep)
	case *fixed[float64]:
		values(in, g, c, cells, rep, func(b []byte, k kind) (float64, bool) { return fastDouble(b, in.mark(k)) })
	case *fixed[decimal128.Num]:
		t := in.Property.Type
		values(in, g, c, cells, rep, func(b []byte, k kind) (decimal128.Num, bool) { return fastDecimal(b, in.mark(k), t) })
	case *fixed[int32]:
		values(in, g, c, cells, rep, fastDate)
	case *fixed[int64]:
		if in.Property.Type.Kind == schemas.Timestamp {
			values(in, g, c, cells, rep, in.dates.fastTimestamp)
		} else {
			values(in, g, c, cells, rep, func(b []byte, _ kind) (int64, bool) { return fastInteger(b) })
		}
	default:
		for i, c := range cells {
			in.single(g, i, c, rep)
		}
	}
}

// mark is the decimal mark of a number written as k.
func (in *input) mark(k kind) byte {
	if k == number {
		return '.'
	}
	return in.locale.decimal
}

// repeating decodes each distinct cell once.
func (in *input) repeating(g *grid, cells []cell, rep report) {
	for i, c := range cells {
		if c.empty() || c.size() == 0 {
			in.nothing(i)
			continue
		}
		raw := g.bytes(c)
		v := in.memo.find(c.kind(), raw)
		if v == nil {
			in.last = in.read(raw, c.kind())
			in.memo.keep(c.kind(), raw, in.last)
			v = &in.last
		}
		in.store(i, v, rep)
	}
}

// words takes text as it is.
func (in *input) words(g *grid, col *words, cells []cell, rep report) {
	for i, c := range cells {
		if c.empty() {
			col.null(i)
			continue
		}
		b := g.bytes(c)
		if n := len(b); c.is(plain) && n > 0 && b[0] != ' ' && b[n-1] != ' ' && !in.missing.first[b[0]] {
			col.set(i, b)
		} else {
			in.single(g, i, c, rep)
		}
	}
}

// fit drops texts that would make the column larger than maxText once each is stored copies times.
func (in *input) fit(col *words, copies int, rep report) {
	if len(col.bytes) <= maxText/copies {
		return
	}
	kept := col.bytes[:0]
	for i, from := 0, int32(0); i < len(col.ends); i++ {
		b := col.bytes[from:col.ends[i]]
		from = col.ends[i]
		if len(kept)+len(b) > maxText/copies {
			rep(i, in.reason(quality.RuleLength, b, say("teks terlalu panjang untuk disimpan", "the text is too long to be stored")))
			col.holes.add(i)
			b = nil
		}
		kept = append(kept, b...)
		col.ends[i] = int32(len(kept))
	}
	col.bytes = kept
}

// values decodes cells by read, which knows the common forms; what it does not know goes the long
// way.
func values[T int32 | int64 | float64 | decimal128.Num](in *input, g *grid, col *fixed[T], cells []cell, rep report, read func([]byte, kind) (T, bool)) {
	for i, c := range cells {
		if c.empty() {
			col.null(i)
			continue
		}
		b := trim(g.bytes(c))
		if len(b) > 0 && !in.missing.first[b[0]] {
			if v, ok := read(b, c.kind()); ok {
				col.v[i] = v
				continue
			}
		}
		in.single(g, i, c, rep)
	}
}

// single decodes one cell the long way.
func (in *input) single(g *grid, i int, c cell, rep report) {
	if c.empty() {
		in.nothing(i)
		return
	}
	in.last = in.read(g.bytes(c), c.kind())
	in.store(i, &in.last, rep)
}

func (in *input) nothing(i int) {
	for _, c := range in.columns {
		c.null(i)
	}
}

func (in *input) store(i int, v *verdict, rep report) {
	if v.fault != nil {
		rep(i, *v.fault)
	}
	if v.null || v.fault != nil {
		in.nothing(i)
		return
	}
	if in.Codes != nil {
		for part, text := range [...]string{v.region.KemendagriCode, v.region.KemendagriName, v.region.BPSCode, v.region.BPSName} {
			in.region[part].word(i, text)
		}
		return
	}
	in.columns[0].put(i, &v.value)
}

// read decodes a cell: white space off, missing texts, header part, synonyms, type, allowed values,
// pattern. The value may alias raw.
func (in *input) read(raw []byte, k kind) (v verdict) {
	b := trim(raw)
	if len(b) == 0 || in.missing.has(b) {
		v.null = true
		return v
	}
	shown := b
	if in.Part != nil {
		m := in.Part.FindSubmatch(b)
		if m == nil {
			v.fault = in.fault(quality.RulePattern, shown, say("judul kolom tidak sesuai pola %s", "the column header does not match pattern %s", in.Part))
			return v
		}
		b = trim(m[1])
	}
	if s, ok := in.synonym(b); ok {
		b, k = []byte(s), number // contracts write values plainly, as JSON does
		if in.Property.Type.Kind == schemas.String {
			k = text
		}
	}
	if k == nested {
		v.fault = in.fault(quality.RuleType, shown, say("berisi objek atau larik JSON, seharusnya satu nilai", "holds a JSON object or array, it should be a single value"))
		return v
	}
	rule, why := in.convert(b, k, &v.value)
	if why == nil {
		rule, why = in.check(&v.value)
	}
	if why != nil {
		v.fault = in.fault(rule, shown, why)
	}
	return v
}

func (in *input) synonym(b []byte) (string, bool) {
	if len(in.Synonyms) == 0 {
		return "", false
	}
	s, ok := in.Synonyms[schemas.Fold(string(b))]
	return s, ok
}

// convert reads b as the property's type.
func (in *input) convert(b []byte, k kind, v *value) (rule string, why *event.Sentence) {
	if in.Codes != nil {
		v.region, why = region(in.Codes, b)
		return quality.RuleCode, why
	}
	switch t := in.Property.Type; t.Kind {
	case schemas.Integer:
		v.i, why = in.locale.integer(in.digits, b, k)
	case schemas.Double:
		v.f, why = in.locale.double(in.digits, b, k)
	case schemas.Decimal:
		v.d, why = in.locale.decimal128(in.digits, b, k, t)
	case schemas.Boolean:
		v.i, why = boolean(b)
	case schemas.Date:
		var days int
		days, why = in.dates.date(b, k)
		v.i = int64(days)
	case schemas.Timestamp:
		v.i, why = in.dates.timestamp(b, k)
	default:
		v.s, why = b, readable(b)
	}
	return quality.RuleType, why
}

// boolean reads a truth value. Letters alone are refused: "t" is "true" to some and "tidak" to others.
func boolean(b []byte) (int64, *event.Sentence) {
	switch schemas.Fold(string(b)) {
	case "true", "ya", "1":
		return 1, nil
	case "false", "tidak", "0":
		return 0, nil
	}
	return 0, say("bukan ya atau tidak; yang diterima: ya, tidak, true, false, 1, 0", "not yes or no; accepted: ya, tidak, true, false, 1, 0")
}

// check applies the allowed values and the pattern.
func (in *input) check(v *value) (rule string, why *event.Sentence) {
	if in.Allowed != nil && !in.Allowed[in.canonical(v)] {
		list := listing(in.Property.Check.Allowed)
		return quality.RuleAllowed, say("bukan nilai yang diizinkan; yang diizinkan: %s", "not an allowed value; allowed are: %s", list)
	}
	if in.Pattern != nil && in.Property.Type.Kind == schemas.String && in.Codes == nil && !in.Pattern.Match(v.s) {
		return quality.RulePattern, say("tidak sesuai pola %s", "does not match pattern %s", in.Property.Check.Pattern)
	}
	return "", nil
}

// canonical is v as a contract writes it.
func (in *input) canonical(v *value) string {
	switch t := in.Property.Type; t.Kind {
	case schemas.Integer:
		return strconv.FormatInt(v.i, 10)
	case schemas.Double:
		return strconv.FormatFloat(v.f, 'f', -1, 64)
	case schemas.Decimal:
		return v.d.ToString(int32(t.Scale))
	case schemas.Boolean:
		return strconv.FormatBool(v.i != 0)
	case schemas.Date:
		return time.Unix(v.i*86400, 0).UTC().Format(time.DateOnly)
	case schemas.Timestamp:
		return time.UnixMicro(v.i).UTC().Format(time.RFC3339Nano)
	}
	if in.Codes != nil {
		return v.region.KemendagriCode
	}
	return string(v.s)
}

// reason tells what is wrong with the delivered text b.
func (in *input) reason(rule string, b []byte, why *event.Sentence) quality.Reason {
	shown := quality.Excerpt(b)
	return quality.Reason{
		Field: in.Property.Name,
		Rule:  rule,
		Value: shown,
		Say: event.Sentence{
			ID: "kolom " + in.Property.Name + " berisi \"" + shown + "\": " + why.ID,
			EN: "column " + in.Property.Name + " holds \"" + shown + "\": " + why.EN,
		},
	}
}

func (in *input) fault(rule string, b []byte, why *event.Sentence) *quality.Reason {
	r := in.reason(rule, b, why)
	return &r
}
