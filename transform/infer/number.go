package infer

import (
	"regexp"
	"strings"

	"satudata/schemas"
)

// numeral is how a text writes a number.
type numeral struct {
	form  form
	whole bool // no decimals, as far as the form tells
	minus bool
	mark  string // "%" or "Rp" that stood beside it
}

// form says which marks a numeral has and what they can mean.
type form int

const (
	notNumber  form = iota
	digitsOnly      // 1234
	idOnly          // 1.234.567  1.234,5  12,5
	enOnly          // 1,234,567  1,234.5
	point           // 12.5: decimals, plain or English
	pointThree      // 1.234: Indonesian thousands, or three decimals
	commaThree      // 1,234: English thousands, or three Indonesian decimals
)

var (
	formDigits = regexp.MustCompile(`^\d+$`)
	formID     = regexp.MustCompile(`^(?:[1-9]\d{0,2}(?:\.\d{3}){2,}|[1-9]\d{0,2}(?:\.\d{3})+,\d+|\d+,\d+)$`)
	formEN     = regexp.MustCompile(`^(?:[1-9]\d{0,2}(?:,\d{3}){2,}|[1-9]\d{0,2}(?:,\d{3})+\.\d+)$`)
	formPoint  = regexp.MustCompile(`^\d+\.\d+(?:[eE][+-]?\d+)?$`)
	threePoint = regexp.MustCompile(`^[1-9]\d{0,2}\.\d{3}$`)
	threeComma = regexp.MustCompile(`^[1-9]\d{0,2},\d{3}$`)
	wholeID    = regexp.MustCompile(`^[\d.]+$`)
	wholeEN    = regexp.MustCompile(`^[\d,]+$`)
)

func readNumeral(s string) (n numeral) {
	if t, ok := strings.CutSuffix(s, "%"); ok {
		s, n.mark = strings.TrimSpace(t), "%"
	} else if len(s) > 2 && strings.EqualFold(s[:2], "Rp") {
		s, n.mark = strings.TrimSpace(strings.TrimPrefix(s[2:], ".")), "Rp"
	}
	if s == "" || len(s) > 40 {
		return n
	}
	switch t := strings.TrimPrefix(s, "−"); {
	case s[0] == '-' || s[0] == '+':
		n.minus, s = s[0] == '-', s[1:]
	case t != s:
		n.minus, s = true, t
	}
	switch {
	case formDigits.MatchString(s):
		n.form, n.whole = digitsOnly, true
	case threePoint.MatchString(s):
		n.form = pointThree
	case threeComma.MatchString(s):
		n.form = commaThree
	case formID.MatchString(s):
		n.form, n.whole = idOnly, wholeID.MatchString(s)
	case formEN.MatchString(s):
		n.form, n.whole = enOnly, wholeEN.MatchString(s)
	case formPoint.MatchString(s):
		n.form = point
	}
	return n
}

// fits says whether a column of the locale reads the numeral, and whether as a whole number.
func (n numeral) fits(locale string) (ok, whole bool) {
	switch n.form {
	case digitsOnly:
		return true, true
	case idOnly:
		return locale == "id", n.whole
	case enOnly:
		return locale == "en", n.whole
	case point:
		return locale != "id", false
	case pointThree:
		return true, locale == "id"
	case commaThree:
		return locale != "plain", locale == "en"
	}
	return false, false
}

// numerals is how the texts of a column write numbers, counted.
type numerals struct {
	all     int // given values
	numbers int
	typed   int // JSON numbers
	forms   [commaThree + 1]int
	marks   map[string]int
}

func (c *column) numerals(skip []bool, missing map[string]bool) (n numerals) {
	n.marks = map[string]int{}
	for i, k := range c.counts(skip) {
		s := c.texts[i]
		if k == 0 || s == "" || missing[schemas.Fold(s)] {
			continue
		}
		n.all += k
		v := readNumeral(s)
		if v.form == notNumber {
			continue
		}
		n.numbers += k
		n.marks[v.mark] += k
		if c.typed[i] {
			n.typed += k
		} else {
			n.forms[v.form] += k
		}
	}
	return n
}

// locale is what the marks of a column's numbers say: a locale when they can mean only one thing,
// with how many said so; "" when there are no marks; sure is false when every mark can be read in
// two ways.
func (n numerals) locale() (locale string, c Confidence, sure bool) {
	id, en, dot := n.forms[idOnly], n.forms[enOnly], n.forms[point]
	three := n.forms[pointThree]
	switch {
	case id == 0 && en == 0 && three > 0 && mostly(three, three+dot):
		// Decimals have three digits now and then, not always.
		return "id", Confidence{three, three + dot}, false
	case id > 0 && id >= en && id >= dot:
		return "id", Confidence{id, id + en + dot}, true
	case en > 0: // 12.5 is English as well
		return "en", Confidence{en + dot, id + en + dot}, true
	case dot > 0:
		return "plain", Confidence{dot, id + en + dot}, true
	case n.forms[commaThree] > 0:
		return "en", Confidence{0, 0}, false
	}
	return "", Confidence{}, true
}

// chooseLocale settles how numbers are written, for the file and for columns that differ.
func (d *draft) chooseLocale() {
	votes := map[string]int{}
	var unsure []*column
	for _, c := range d.table.columns {
		if d.isRegion(c) {
			continue // "16.01" is a code
		}
		n := c.numerals(d.table.aside, d.missingSet())
		if n.numbers == 0 || n.numbers*20 < n.all*19 {
			continue
		}
		l, conf, sure := n.locale()
		if sure && l != "" {
			votes[l] += conf.Agree
			if l == "plain" && n.forms[pointThree] > 0 {
				votes[l] += n.forms[pointThree]
			}
		}
		if !sure {
			unsure = append(unsure, c)
		}
	}
	total := votes["id"] + votes["en"] + votes["plain"]
	for _, l := range []string{"id", "en", "plain"} {
		if votes[l] > votes[d.locale] || d.locale == "" && votes[l] > 0 {
			d.locale = l
		}
	}
	if total > 0 {
		if d.locale != "plain" {
			d.decide("locale", d.locale, Confidence{votes[d.locale], total}, false, "angka yang hanya dapat dibaca dengan satu cara", "numbers that can be read in one way only")
		}
		return
	}
	if len(unsure) > 0 {
		c := unsure[0]
		l, conf, _ := c.numerals(d.table.aside, d.missingSet()).locale()
		d.locale = l
		example := ""
		for _, s := range c.texts {
			if f := readNumeral(s).form; f == pointThree || f == commaThree {
				example = s
				break
			}
		}
		d.decide("locale", l, conf, true,
			"angka bertanda dapat dibaca dengan dua cara, misalnya %q di kolom %q: ribuan atau tiga angka desimal? Diusulkan ribuan; tanyakan kepada OPD",
			"numbers with a mark can be read in two ways, such as %q in column %q: thousands, or three decimals? Thousands are proposed; ask the OPD", example, c.label())
	}
}
