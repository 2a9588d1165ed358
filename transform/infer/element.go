package infer

import (
	"cmp"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"satudata/schemas"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// aliases are column names of shared elements beside their own.
var aliases = map[string][]string{
	"waktu.tahun":       {"tahun", "year", "periode", "tahun_data", "tahun_anggaran"},
	"waktu.bulan":       {"bulan", "month", "bulan_data"},
	"waktu.triwulan":    {"triwulan", "tribulan", "tw", "kuartal"},
	"koordinat.lintang": {"lintang", "latitude", "lat", "koordinat_lintang"},
	"koordinat.bujur":   {"bujur", "longitude", "long", "lon", "lng", "koordinat_bujur"},
	"jenis_kelamin":     {"jk", "kelamin", "jenis_kelamin", "sex", "gender", "lp"},
}

// asTime recognises periods by name and values.
func (d *draft) asTime(p *property, s stats) bool {
	for _, id := range []string{"waktu.tahun", "waktu.bulan", "waktu.triwulan"} {
		e, ok := schemas.FindElement(id)
		if !ok {
			continue
		}
		c := s.fit(matcher(e))
		named := slices.Contains(aliases[id], p.name) || id == "waktu.tahun" && strings.HasPrefix(p.name, "tahun_")
		months := id == "waktu.bulan" && len(s.distinct) > 1 && s.fit(func(v string) bool { return monthOf(v) > 0 }).Agree == c.Of
		if !named && !months || !mostly(c.Agree, c.Of) {
			continue
		}
		if id == "waktu.tahun" && !mostly(s.fit(isYear).Agree, s.all) {
			continue
		}
		_, p.name, _ = strings.Cut(id, ".")
		if d.taken(p.name) {
			list, _ := words(p.column.title)
			p.name = d.propertyName(list, "kolom_"+itoa(p.column.at+1))
		}
		p.element, p.role, p.confidence = id, isTime, c
		p.why = sayf("%d dari %d nilai adalah %s", "%d of %d values are %s", c.Agree, c.Of, strings.ToLower(e.Name))
		return true
	}
	return false
}

func (d *draft) taken(name string) bool {
	return slices.ContainsFunc(d.props, func(o *property) bool { return o.name == name })
}

// generic are elements that say how something is measured, not what it is.
func generic(id string) bool {
	return strings.HasPrefix(id, "umum.") || strings.HasPrefix(id, "wilayah.") || strings.HasPrefix(id, "waktu.")
}

// asElement recognises a shared element by its name when the values fit, or by its list of values.
func (d *draft) asElement(p *property, s stats) bool {
	if s.all == 0 {
		return false
	}
	class := cmp.Or(p.class, "umum")
	elements := schemas.Elements()
	slices.SortStableFunc(elements, func(a, b schemas.Element) int { return cmp.Compare(unlike(a, class), unlike(b, class)) })
	for _, e := range elements {
		if generic(e.ID) || e.Region != "" || e.Class != "umum" && class == "umum" {
			continue
		}
		named := nameOf(e, p.name)
		listed := len(e.Check.Allowed) > 1 && len(s.distinct) > 1 && len(s.distinct) <= maxCategories
		if !named && !listed {
			continue
		}
		synonyms := map[string]string{}
		if e.ID == "jenis_kelamin" && named {
			synonyms = sexes(s)
		}
		match := matcher(e)
		c := s.fit(func(v string) bool {
			for text, to := range synonyms {
				if schemas.Fold(v) == schemas.Fold(text) {
					v = to
					break
				}
			}
			return match(v)
		})
		if !mostly(c.Agree, c.Of) {
			continue
		}
		p.element, p.confidence = e.ID, c
		if len(synonyms) > 0 {
			p.synonyms = synonyms
		}
		switch {
		case e.Check.Allowed != nil:
			p.role = isCategory
		case e.Type.Kind == schemas.Double || e.Type.Kind == schemas.Decimal:
			p.role = isMeasure
		default:
			p.role = isCode
		}
		if e.ID == "jenis_kelamin" && !d.taken(e.ID) {
			p.name = e.ID
		}
		if l, _, _ := p.column.numerals(d.table.aside, d.missingSet()).locale(); l != "" && l != d.fileLocale() && p.role == isMeasure {
			p.locale = l
		}
		p.why = sayf("%d dari %d nilai sesuai elemen %s", "%d of %d values fit element %s", c.Agree, c.Of, e.ID)
		return true
	}
	return false
}

// unlike is 0 for elements of a personal-data class, else 1: a person's own trait and a heading of counts
// have the same values.
func unlike(e schemas.Element, class string) int {
	if e.Class == class {
		return 0
	}
	return 1
}

func (d *draft) fileLocale() string {
	if d.locale == "" {
		return "plain"
	}
	return d.locale
}

// nameOf says whether name is one of e's.
func nameOf(e schemas.Element, name string) bool {
	if slices.Contains(aliases[e.ID], name) {
		return true
	}
	last := e.ID[strings.LastIndexByte(e.ID, '.')+1:]
	own, _ := words(e.Name)
	return name == last || name == slug(own)
}

// sexes are the synonyms of one-letter codes, where both letters say which pair it is.
func sexes(s stats) map[string]string {
	folded := map[string]string{}
	for _, v := range s.distinct {
		if f := schemas.Fold(v); folded[f] == "" {
			folded[f] = v
		}
	}
	out := map[string]string{}
	pair := func(man, woman string) {
		m, ok1 := folded[man]
		w, ok2 := folded[woman]
		if ok1 && ok2 {
			out[m], out[w] = "LAKI-LAKI", "PEREMPUAN"
		}
	}
	pair("l", "p")
	pair("p", "w")
	pair("m", "f")
	return out
}

// matcher says of a value as delivered whether it can be one of e: by its list and synonyms, pattern,
// range.
func matcher(e schemas.Element) func(string) bool {
	synonyms, allowed := map[string]string{}, foldSet(e.Check.Allowed...)
	for text, to := range e.Synonyms {
		synonyms[schemas.Fold(text)] = to
	}
	if e.Reading.Identifies() {
		return func(v string) bool {
			_, _, ok := schemas.CheckIdentifier(e.Reading, v)
			return ok
		}
	}
	var pattern *regexp.Regexp
	if e.Check.Pattern != "" {
		pattern = regexp.MustCompile(`^(?:` + e.Check.Pattern + `)$`)
	}
	return func(v string) bool {
		if to, ok := synonyms[schemas.Fold(v)]; ok {
			v = to
		}
		switch {
		case len(allowed) > 0:
			return allowed[schemas.Fold(v)]
		case pattern != nil:
			return pattern.MatchString(v)
		case e.Type.Kind == schemas.String:
			return (e.Check.MinLength == nil || len(v) >= *e.Check.MinLength) && (e.Check.MaxLength == nil || len(v) <= *e.Check.MaxLength)
		}
		f, ok := number(v)
		if !ok || e.Type.Kind == schemas.Integer && f != math.Trunc(f) {
			return false
		}
		return (e.Check.Min == nil || f >= *e.Check.Min) && (e.Check.Max == nil || f <= *e.Check.Max)
	}
}

// number reads a numeral whose marks can mean one thing only.
func number(v string) (float64, bool) {
	n := readNumeral(v)
	switch n.form {
	case notNumber:
		return 0, false
	case idOnly:
		return numberIn(v, "id")
	case enOnly, commaThree:
		return numberIn(v, "en")
	}
	return numberIn(v, "plain")
}

// numberIn reads a numeral in a locale.
func numberIn(v, locale string) (float64, bool) {
	n := readNumeral(v)
	if ok, _ := n.fits(locale); !ok {
		return 0, false
	}
	v = strings.Trim(strings.TrimPrefix(strings.TrimPrefix(v, "Rp"), "."), " %")
	switch {
	case locale == "id" && n.form != digitsOnly:
		v = strings.ReplaceAll(strings.ReplaceAll(v, ".", ""), ",", ".")
	case locale == "en":
		v = strings.ReplaceAll(v, ",", "")
	}
	f, err := strconv.ParseFloat(strings.ReplaceAll(v, "−", "-"), 64)
	return f, err == nil
}
