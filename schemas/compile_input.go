package schemas

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// input compiles how property p is read.
func (m *compiler) input(p Property) Input {
	in := Input{Property: p, Locale: cmp.Or(m.b.Locale, "plain"), Dates: m.b.Dates, Missing: map[string]bool{}}
	for _, text := range m.plan.Missing {
		in.Missing[text] = true
	}
	if p.Check.Pattern != "" {
		re, err := compilePattern(p.Check.Pattern)
		if err != nil {
			m.fault("columns", sayf("pola kolom %q tidak dapat dibaca", "pattern of column %q is not readable", p.Name).because(err), patternSay)
		}
		in.Pattern = re
	}
	f, fed := m.feeds[p.Name]
	switch {
	case !fed && p.Required:
		m.fault("columns", sayf("kolom wajib %q tidak memiliki asal", "required column %q has no source", p.Name), "{to: "+p.Name+", from: …}")
	case f.source != nil:
		m.fromSource(&in, f)
	case f.dimension != nil:
		in.Header = f.dimension
		m.headerPart(&in, f)
	case fed:
		in.Cell = true
	}
	m.values(&in, f)
	m.unit(&in, f)
	if fed {
		m.codes(&in, f)
		m.checkConstant(in, f)
		m.checkDates(in, f)
	}
	return in
}

// fromSource takes over what a source says.
func (m *compiler) fromSource(in *Input, f feed) {
	s := f.source
	in.From, in.Constant = s.Any, s.Value
	if s.From != "" {
		in.From = []string{s.From}
	}
	in.Locale = cmp.Or(s.Locale, in.Locale)
	if len(s.Dates) > 0 {
		in.Dates = s.Dates
	}
	for _, text := range s.Missing {
		in.Missing[Fold(text)] = true
	}
}

func (m *compiler) headerPart(in *Input, f feed) {
	if f.dimension.Pattern == "" {
		return
	}
	re, err := regexp.Compile(f.dimension.Pattern)
	if err != nil || re.NumSubexp() != 1 {
		m.fault(f.path+".pattern", sayf("pola judul %q tidak dapat dipakai", "header pattern %q is not usable", f.dimension.Pattern), "satu kelompok/one group")
		return
	}
	in.Part = re
}

// values gathers the allowed values and the texts that stand for them: the element's synonyms, the
// allowed values written in another case or spacing, and over both the binding's own.
func (m *compiler) values(in *Input, f feed) {
	p := in.Property
	synonyms := map[string]string{}
	if e, ok := FindElement(p.Element); ok {
		in.Reading = e.Reading
		for text, value := range e.Synonyms {
			synonyms[Fold(text)] = value
		}
	}
	if p.Check.Allowed != nil {
		in.Allowed = map[string]bool{}
	}
	for _, v := range p.Check.Allowed {
		in.Allowed[v] = true
		synonyms[Fold(v)] = v
	}
	var own map[string]string
	if f.source != nil {
		own = f.source.Synonyms
	} else if f.dimension != nil {
		own = f.dimension.Synonyms
	}
	for _, text := range sortedKeys(own) {
		path, value := f.path+".synonyms."+text, own[text]
		if in.Missing[Fold(text)] {
			m.fault(path, sayf("%q dinyatakan kosong dan juga padanan %q", "%q is declared missing and also a synonym of %q", text, value), "hapus dari missing atau dari synonyms/remove it from missing or from synonyms")
		}
		if p.Region() == "" {
			if expected, ok := accepts(p, value); !ok {
				m.fault(path, sayf("padanan %q → %q bukan nilai kolom %q", "synonym %q → %q is not a value of column %q", text, value, p.Name), expected)
			}
		}
		synonyms[Fold(text)] = value
	}
	if len(synonyms) > 0 {
		in.Synonyms = synonyms
	}
}

// unit finds the unit of numbers that are delivered without one. It must convert into the property's.
func (m *compiler) unit(in *Input, f feed) {
	p := in.Property
	in.Unit = p.Unit
	declared := ""
	if f.source != nil {
		declared = f.source.Unit
	} else if in.Cell {
		declared = m.b.Unpivot.Unit
	}
	if declared == "" {
		return
	}
	in.Unit = declared
	if !in.Reading.measured() {
		m.fault(f.path+".unit", sayf("kolom %q tidak berisi besaran bersatuan", "column %q does not hold a quantity with a unit", p.Name),
			"elemen dengan bacaan besaran, persen atau rupiah/element read as one of these")
		return
	}
	from, ok := FindUnit(declared)
	if !ok {
		m.fault(f.path+".unit", sayf("satuan %q tidak dikenal", "unknown unit %q", declared), p.Unit)
		return
	}
	if to, ok := FindUnit(p.Unit); ok {
		if _, ok := from.To(to); ok {
			return
		}
	}
	m.fault(f.path+".unit", sayf("satuan %q tidak dapat diubah ke satuan kolom %q, %q", "unit %q does not convert into that of column %q, %q", declared, p.Name, p.Unit), p.Unit)
}

// codes finds the code list of a region input. A bare region code is never trusted: a binding
// that does not declare its system is refused.
func (m *compiler) codes(in *Input, f feed) {
	system := m.b.CodeSystem
	if f.source != nil {
		system = cmp.Or(f.source.CodeSystem, system)
	}
	level := in.Property.Region()
	if level == "" {
		if f.source != nil && f.source.CodeSystem != "" {
			m.fault(f.path+".codeSystem", sayf("kolom %q bukan kolom wilayah", "column %q is not a region", in.Property.Name), "hapus codeSystem/remove codeSystem")
		}
		return
	}
	if system == "" {
		m.fault(f.path, sayf("sistem kode kolom wilayah %q tidak dinyatakan; 164 dari 514 kode kabupaten/kota berarti tempat lain di sistem lain",
			"the code system of region column %q is not declared; 164 of 514 regency codes mean another place in the other system", in.Property.Name),
			"codeSystem: "+strings.Join(m.ref.systemsOf(level), " atau/or "))
		return
	}
	table, err := m.ref.Table(level, system)
	if err != nil {
		path := "codeSystem"
		if f.source != nil && f.source.CodeSystem != "" {
			path = f.path + ".codeSystem"
		}
		m.fault(path, sayf("sistem kode %q tidak dikenal untuk %s", "unknown code system %q for %s", system, level), strings.Join(m.ref.systemsOf(level), ", "))
		return
	}
	in.Codes = table
	for _, text := range sortedKeys(in.Synonyms) {
		if _, ok := table.Lookup(in.Synonyms[text]); !ok {
			m.fault(f.path+".synonyms", table.Explain(in.Synonyms[text]), system)
		}
	}
}

// checkConstant finds a constant that no row could be accepted with.
func (m *compiler) checkConstant(in Input, f feed) {
	if in.Constant == nil {
		return
	}
	text := *in.Constant
	if value, ok := in.Synonyms[Fold(text)]; ok {
		text = value
	}
	switch {
	case in.Missing[Fold(text)]:
		if in.Property.Required {
			m.fault(f.path+".value", sayf("kolom wajib %q diisi nilai kosong", "required column %q is fed a missing value", in.Property.Name), "nilai yang tidak ada di missing/a value that is not in missing")
		}
	case in.Codes != nil:
		if _, ok := in.Codes.Lookup(text); !ok {
			m.fault(f.path+".value", in.Codes.Explain(text), in.Codes.System())
		}
	case in.Property.Type.Kind == String || in.Property.Type.Kind == Integer:
		if expected, ok := accepts(in.Property, text); !ok {
			m.fault(f.path+".value", sayf("%q bukan nilai kolom %q", "%q is not a value of column %q", text, in.Property.Name), expected)
		}
	}
}

// checkDates finds layouts that would read one text as two dates, 3 April and 4 March.
func (m *compiler) checkDates(in Input, f feed) {
	if in.Property.Type.Kind != Date && in.Property.Type.Kind != Timestamp {
		return
	}
	order := map[string]string{} // shape of the text → layout
	for _, layout := range in.Dates {
		shape := layoutShape.Replace(layout)
		before, seen := order[shape]
		if seen && strings.Index(before, "D") < strings.Index(before, "M") != (strings.Index(layout, "D") < strings.Index(layout, "M")) {
			m.fault(cmp.Or(f.path, "dates"), sayf("pola tanggal %q dan %q membaca teks yang sama secara berbeda", "date layouts %q and %q read the same text differently", before, layout), "hapus yang tidak dipakai sumber ini/remove the one that this source does not use")
		}
		order[shape] = layout
	}
}

// layoutShape maps layouts to what their texts look like: a day and a month in digits look alike.
var layoutShape = strings.NewReplacer("YYYY", "y", "MMMM", "a", "MMM", "a", "MM", "n", "M", "n", "DD", "n", "D", "n")

// accepts reports whether text, written plainly, is a value that p's type and checks let through;
// expected says which ones are.
func accepts(p Property, text string) (expected string, ok bool) {
	c := p.Check
	if len(c.Allowed) > 0 {
		return strings.Join(c.Allowed, ", "), slices.Contains(c.Allowed, text)
	}
	switch p.Type.Kind {
	case Integer, Double, Decimal:
		f, err := strconv.ParseFloat(text, 64)
		if _, whole := strconv.ParseInt(text, 10, 64); p.Type.Kind == Integer && whole != nil {
			return "bilangan bulat/whole number", false
		}
		finite := err == nil && !math.IsNaN(f) && !math.IsInf(f, 0)
		return "bilangan dalam batas/number in range", finite && (c.Min == nil || f >= *c.Min) && (c.Max == nil || f <= *c.Max)
	case Boolean:
		return "true, false", text == "true" || text == "false"
	case Date:
		_, err := time.Parse(time.DateOnly, text)
		return "2006-01-02", err == nil
	case Timestamp:
		_, err := time.Parse(time.RFC3339, text)
		return "2006-01-02T15:04:05Z", err == nil
	}
	n := utf8.RuneCountInString(text)
	if c.MinLength != nil && n < *c.MinLength {
		return fmt.Sprintf(">= %d huruf/characters", *c.MinLength), false
	}
	if c.MaxLength != nil && n > *c.MaxLength {
		return fmt.Sprintf("<= %d huruf/characters", *c.MaxLength), false
	}
	if c.Pattern != "" {
		re, err := compilePattern(c.Pattern)
		return c.Pattern, err == nil && re.MatchString(text)
	}
	return "", true
}
