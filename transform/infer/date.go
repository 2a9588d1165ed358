package infer

import (
	"regexp"
	"strconv"
	"strings"

	"satudata/schemas"
)

// dateShape is how the dates of a column are written.
type dateShape struct {
	count  int
	first  int  // values whose first number cannot be a month
	second int  // values whose second number cannot be a month
	two    bool // day and month always have two digits
}

var (
	isoForm     = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}(:?\d{2})?)?)?$`)
	numericForm = regexp.MustCompile(`^(\d{1,2})([/.\-])(\d{1,2})([/.\-])(\d{4})((?: \d{2}:\d{2}(?::\d{2})?)?)$`)
	yearForm    = regexp.MustCompile(`^(\d{4})([/.])(\d{1,2})([/.])(\d{1,2})((?: \d{2}:\d{2}(?::\d{2})?)?)$`)
	namedForm   = regexp.MustCompile(`^(\d{1,2})([ \-/])(\pL{3,9})([ \-/])(\d{4})$`)
)

func looksDated(s string) bool {
	return isoForm.MatchString(s) || numericForm.MatchString(s) || yearForm.MatchString(s) || namedForm.MatchString(s) && monthOf(namedForm.FindStringSubmatch(s)[3]) > 0
}

// clockLayout is the layout of a time of day behind a date.
func clockLayout(s string) string {
	switch len(s) {
	case 6:
		return " HH:mm"
	case 9:
		return " HH:mm:ss"
	}
	return ""
}

// dates counts how the texts of a column write dates, by layout with the day as M and the month as N
// where the order is open.
func (c *column) dates(skip []bool, missing map[string]bool) (shapes map[string]*dateShape, dated, all int) {
	shapes = map[string]*dateShape{}
	for i, k := range c.counts(skip) {
		s := c.texts[i]
		if k == 0 || s == "" || missing[schemas.Fold(s)] {
			continue
		}
		all += k
		key, first, second, two := "", 0, 0, true
		switch {
		case isoForm.MatchString(s):
			key = "ISO"
			if len(s) > 10 {
				key = "ISO time"
			}
		case numericForm.MatchString(s):
			m := numericForm.FindStringSubmatch(s)
			key = "?" + m[2] + "?" + m[4] + "YYYY" + clockLayout(m[6])
			first, _ = strconv.Atoi(m[1])
			second, _ = strconv.Atoi(m[3])
			two = len(m[1]) == 2 && len(m[3]) == 2
		case yearForm.MatchString(s):
			m := yearForm.FindStringSubmatch(s)
			key, two = "YYYY"+m[2]+"MM"+m[4]+"DD"+clockLayout(m[6]), len(m[3]) == 2 && len(m[5]) == 2
		case namedForm.MatchString(s) && monthOf(namedForm.FindStringSubmatch(s)[3]) > 0:
			m := namedForm.FindStringSubmatch(s)
			month := "MMMM"
			if len(m[3]) <= 4 && schemas.Fold(m[3]) != "mei" && schemas.Fold(m[3]) != "juni" && schemas.Fold(m[3]) != "juli" {
				month = "MMM"
			}
			key = "D" + m[2] + month + m[4] + "YYYY"
		default:
			continue
		}
		dated += k
		shape := shapes[key]
		if shape == nil {
			shape = &dateShape{two: true}
			shapes[key] = shape
		}
		shape.count += k
		shape.two = shape.two && two
		if first > 12 {
			shape.first += k
		}
		if second > 12 {
			shape.second += k
		}
	}
	return shapes, dated, all
}

// settle settles the order of day and month; sure is false when every date can be read both ways.
func (s *dateShape) settle(key string) (layout string, sure bool) {
	if strings.HasPrefix(key, "ISO") {
		return "", true
	}
	day, month := "DD", "MM"
	if !s.two {
		day, month = "D", "M"
		key = strings.NewReplacer("MMMM", "MMMM", "MMM", "MMM", "MM", "M", "DD", "D").Replace(key)
	}
	if !strings.HasPrefix(key, "?") {
		return key, true
	}
	a, b := day, month
	if s.second > s.first {
		a, b = month, day
	}
	return a + key[1:2] + b + key[3:], s.first+s.second > 0
}

// monthOf is the number of a month's name, 0 for none.
func monthOf(s string) int {
	e, _ := schemas.FindElement("waktu.bulan")
	n, _ := strconv.Atoi(e.Synonyms[schemas.Fold(s)])
	return n
}
