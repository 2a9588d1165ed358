package normalize

import (
	"regexp"
	"strconv"
	"time"

	"github.com/apache/arrow-go/v18/arrow/decimal128"

	"satudata/ingest/event"
	"satudata/schemas"
	"satudata/transform/quality"
)

// What is stored of texts: bytes that one column of a chunk takes up, and bytes of one value. Whoever
// reads a table holds a few thousand rows of it at a time, however long they are.
const (
	maxText  = 128 << 20
	maxValue = 1 << 20
)

// input decodes the cells of one property.
type input struct {
	*schemas.Input
	convert  normaliser
	pattern  *regexp.Regexp // nil where the reading lets nothing else through
	prose    bool           // texts are kept as they are written
	direct   bool           // has a short way of decoding: nothing is asked but a type
	locale   locale
	measure  measure
	missing  *texts[bool]
	synonyms *texts[string]
	dates    *dates
	columns  []column
	memo     *memo // for what the short ways do not know; nil where it is of no use
	last     verdict
	digits   []byte // scratch
	narrowed []byte // scratch
	scratch  []byte // scratch: text that is not as delivered
	cells    []cell // scratch: cells that stand in more than one slot
}

// report takes a reason against the cell at i.
type report func(i int, r quality.Reason)

func newInput(plan *schemas.Plan, in *schemas.Input) *input {
	d := &input{
		Input:    in,
		convert:  normaliserOf(in),
		prose:    prose(in),
		locale:   newLocale(in.Locale),
		measure:  newMeasure(in),
		missing:  newTexts(in.Missing),
		synonyms: newTexts(in.Synonyms),
		dates:    newDates(in.Dates, plan.Zone),
		digits:   make([]byte, 0, 64),
	}
	if in.Codes != nil {
		d.columns = regionParts()[:len(in.Fields)]
	} else {
		d.columns = []column{newColumn(plan.Fields[in.Fields[0]].Type)}
	}
	if p := in.Property.Check.Pattern; !in.Reading.Identifies() || p != elementPattern(in.Property) {
		d.pattern = in.Pattern
	}
	kind := in.Property.Type.Kind
	checked := in.Codes != nil || len(in.Synonyms) > 0 || in.Allowed != nil || d.pattern != nil || in.Part != nil
	d.direct = !checked && bare(in) && kind != schemas.Boolean
	if !d.direct || kind != schemas.String {
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
	if in.direct {
		in.typed(g, cells, rep)
	} else {
		for i, c := range cells {
			if c.empty() || c.size() == 0 {
				in.nothing(i)
			} else {
				in.single(g, i, c, rep)
			}
		}
	}
	if c, ok := in.columns[0].(*words); ok && in.Codes == nil {
		in.fit(c, copies, rep)
	}
}

// typed decodes cells of a property that has nothing but a type.
func (in *input) typed(g *grid, cells []cell, rep report) {
	switch c := in.columns[0].(type) {
	case *words:
		in.words(g, c, cells, rep)
	case *fixed[float64]:
		values(in, g, c, cells, rep, func(b []byte, k kind) (float64, bool) { return in.marks(k).fastDouble(b) })
	case *fixed[decimal128.Num]:
		t := in.Property.Type
		values(in, g, c, cells, rep, func(b []byte, k kind) (decimal128.Num, bool) { return in.marks(k).fastDecimal(b, t) })
	case *fixed[int32]:
		values(in, g, c, cells, rep, fastDate)
	case *fixed[int64]:
		if in.Property.Type.Kind == schemas.Timestamp {
			values(in, g, c, cells, rep, in.dates.fastTimestamp)
		} else {
			values(in, g, c, cells, rep, func(b []byte, k kind) (int64, bool) { return in.marks(k).fastInteger(b) })
		}
	}
}

// marks is the locale of a number written as k.
func (in *input) marks(k kind) *locale {
	if k == number {
		return &plainLocale
	}
	return &in.locale
}

var plainLocale = newLocale("plain")

// words takes text as it is.
func (in *input) words(g *grid, col *words, cells []cell, rep report) {
	for i, c := range cells {
		n := c.size()
		if n == 0 {
			col.null(i)
			continue
		}
		b := g.bytes(c)
		if c.is(plain) && b[0] != ' ' && b[n-1] != ' ' && !in.missing.first[b[0]] {
			col.set(i, b)
		} else {
			in.single(g, i, c, rep)
		}
	}
}

// fit drops texts that are longer than maxValue, or would make the column larger than maxText once
// each is stored copies times.
func (in *input) fit(col *words, copies int, rep report) {
	if len(col.bytes) <= min(maxText/copies, maxValue) {
		return
	}
	kept := col.bytes[:0]
	for i, from := 0, int32(0); i < len(col.ends); i++ {
		b := col.bytes[from:col.ends[i]]
		from = col.ends[i]
		if len(b) > maxValue || len(kept)+len(b) > maxText/copies {
			rep(i, in.reason(quality.RuleLength, b, say("teks terlalu panjang untuk disimpan; paling banyak %d byte", "the text is too long to be stored; %d bytes at most", maxValue)))
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
		b := g.bytes(c)
		if n := len(b); n > 0 && (b[0] <= ' ' || b[n-1] <= ' ' || !c.is(plain)) {
			b = trim(b)
		}
		if len(b) > 0 && !in.missing.first[b[0]] {
			if v, ok := read(b, c.kind()); ok {
				col.v[i] = v
				continue
			}
		}
		in.single(g, i, c, rep)
	}
}

// single decodes one cell the long way, each distinct one once where there is a memo.
func (in *input) single(g *grid, i int, c cell, rep report) {
	if c.empty() || c.size() == 0 {
		in.nothing(i)
		return
	}
	raw := g.bytes(c)
	if in.memo == nil {
		in.store(i, in.read(raw, c.kind()), rep)
		return
	}
	v := in.memo.find(c.kind(), raw)
	if v == nil {
		v = in.read(raw, c.kind())
		in.memo.keep(c.kind(), raw, in.last)
	}
	in.store(i, v, rep)
}

// nothing stores null; the columns of a region are one list.
func (in *input) nothing(i int) { in.columns[0].null(i) }

func (in *input) store(i int, v *verdict, rep report) {
	if v.fault != nil {
		rep(i, *v.fault)
	}
	if v.null || v.fault != nil {
		in.nothing(i)
		return
	}
	in.columns[0].put(i, &v.value)
}

// read decodes a cell: white space off, missing texts, header part, synonyms, type, allowed values,
// pattern. The verdict is good until the next is asked for, and may alias raw.
func (in *input) read(raw []byte, k kind) *verdict {
	v := &in.last
	*v = verdict{}
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
	if s, ok := in.synonyms.find(b); ok {
		b, k = []byte(s), number // contracts write values plainly, as JSON does
		if in.Property.Type.Kind == schemas.String {
			k = text
		}
	} else if !in.prose {
		b = narrow(&in.narrowed, b)
	}
	if k == nested {
		v.fault = in.fault(quality.RuleType, shown, say("berisi objek atau larik JSON, seharusnya satu nilai", "holds a JSON object or array, it should be a single value"))
		return v
	}
	rule, why := in.convert(in, b, k, &v.value)
	if why == nil {
		rule, why = in.check(&v.value)
	}
	if why != nil {
		v.fault = in.fault(rule, shown, why)
	}
	return v
}

// check applies the allowed values and the pattern.
func (in *input) check(v *value) (rule string, why *event.Sentence) {
	if in.Allowed != nil && !in.allows(v) {
		list := listing(in.Property.Check.Allowed)
		return quality.RuleAllowed, say("bukan nilai yang diizinkan; yang diizinkan: %s", "not an allowed value; allowed are: %s", list)
	}
	if in.pattern != nil && in.Property.Type.Kind == schemas.String && in.Codes == nil && !in.pattern.Match(v.s) {
		return quality.RulePattern, say("tidak sesuai pola %s", "does not match pattern %s", in.Property.Check.Pattern)
	}
	return "", nil
}

// allows reports whether v is one of the allowed values.
func (in *input) allows(v *value) bool {
	if in.Property.Type.Kind == schemas.String && in.Codes == nil {
		return in.Allowed[string(v.s)]
	}
	return in.Allowed[in.canonical(v)]
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
		return in.columns[0].(*regionPart).list[v.region].KemendagriCode
	}
	return string(v.s)
}

// shown is text that a sentence takes from a delivered value, as far as it may be told: see [quality.Shown].
func (in *input) shown(text string) string { return quality.Shown(in.Property.Class, []byte(text)) }

// discreet is why, which names the value or what it may have meant, or in a column about persons the
// sentence that does not.
func (in *input) discreet(why *event.Sentence, id, en string, args ...any) *event.Sentence {
	if in.Property.Class == "umum" {
		return why
	}
	return say(id, en, args...)
}

// quoted is what sentences repeat of a value.
var quoted = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

// reason tells what is wrong with the delivered text b.
func (in *input) reason(rule string, b []byte, why *event.Sentence) quality.Reason {
	shown := in.shown(string(b))
	if shown == quality.Masked {
		why = &event.Sentence{ID: quoted.ReplaceAllString(why.ID, shown), EN: quoted.ReplaceAllString(why.EN, shown)}
	}
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
