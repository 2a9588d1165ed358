package infer

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"satudata/schemas"
	"satudata/schemas/reference"
)

// axis is one dimension of the grid of combinations that a complete table has.
type axis struct {
	p        *property
	within   string   // every region of this Kemendagri code
	values   []string // or these
	from, to int      // or these whole numbers
	size     int
}

// schedules by the element of the finest period.
var rhythms = []struct{ element, schedule string }{{"waktu.bulan", "bulanan"}, {"waktu.triwulan", "triwulanan"}, {"waktu.tahun", "tahunan"}}

// findPeriod names the column of the period and proposes how often the data is renewed.
func (d *draft) findPeriod() {
	d.schedule = "sekali"
	for _, r := range rhythms {
		if at := slices.IndexFunc(d.props, func(p *property) bool { return p.element == r.element }); at >= 0 {
			p := d.props[at]
			d.schedule = r.schedule
			d.period = p.name
			if year := slices.IndexFunc(d.props, func(p *property) bool { return p.element == "waktu.tahun" }); year >= 0 {
				d.period = d.props[year].name
			}
			n := int(slices.Max(d.canonical(p)))
			d.decide("jadwalPemutakhiran", d.schedule, Confidence{n, n}, n < 2, "kolom %q berisi %d periode", "column %q holds %d periods", p.name, n)
			return
		}
	}
	if at := slices.IndexFunc(d.props, func(p *property) bool { return p.element == "waktu.tanggal" }); at >= 0 {
		p := d.props[at]
		d.period = p.name
		d.schedule = rhythmOf(d.stats(p.column).distinct)
		d.decide("jadwalPemutakhiran", d.schedule, onName, true, "dari jarak antartanggal di kolom %q", "from the distance between the dates in column %q", p.name)
		return
	}
	d.decide("jadwalPemutakhiran", d.schedule, Confidence{0, 0}, true, "tidak ada kolom periode", "there is no column of periods")
}

// rhythmOf goes by the middle distance between the dates that can be read.
func rhythmOf(texts []string) string {
	var days []int
	for _, s := range texts {
		for _, layout := range []string{"2006-01-02", "02/01/2006", "02-01-2006"} {
			if t, err := time.Parse(layout, s[:min(10, len(s))]); err == nil {
				days = append(days, int(t.Unix()/86400))
				break
			}
		}
	}
	slices.Sort(days)
	days = slices.Compact(days)
	var gaps []int
	for i := 1; i < len(days); i++ {
		gaps = append(gaps, days[i]-days[i-1])
	}
	if len(gaps) < 3 {
		return "sekali"
	}
	slices.Sort(gaps)
	switch gap := gaps[len(gaps)/2]; {
	case gap <= 3:
		return "harian"
	case gap <= 12:
		return "mingguan"
	case gap <= 45:
		return "bulanan"
	case gap <= 135:
		return "triwulanan"
	}
	return "tahunan"
}

// findGrid proposes the grid of the key's columns when nearly all its combinations are there.
func (d *draft) findGrid() {
	if len(d.key) < 2 || len(d.key) > 2*maxKey {
		return
	}
	var axes []axis
	size := 1
	for _, p := range d.key {
		a, ok := d.axisOf(p)
		if !ok || size*a.size > 1_000_000 {
			return
		}
		axes = append(axes, a)
		size *= a.size
	}
	c := Confidence{min(d.combinations(), size), size}
	if size < 4 || c.Agree*10 < size*9 {
		return
	}
	d.grid = axes
	d.decide("petak", strconv.Itoa(size)+" gabungan", c, c.Agree < size, "%d dari %d gabungan ada; yang hilang akan dilaporkan", "%d of %d combinations are there; the missing ones will be reported", c.Agree, size)
}

// combinations is how many different keys the table has, those that will be rejected left out.
func (d *draft) combinations() int {
	seen := map[[2 * maxKey]int32]bool{}
next:
	for row := range d.table.rows {
		var k [2 * maxKey]int32
		for i, p := range d.key {
			if k[i] = d.canonical(p)[p.column.codes[row]]; k[i] == 0 || d.table.aside[row] {
				continue next
			}
		}
		seen[k] = true
	}
	return len(seen)
}

// axisOf is the axis of a key column, ok is false where its values are no short list.
func (d *draft) axisOf(p *property) (a axis, ok bool) {
	s := d.stats(p.column)
	a = axis{p: p, size: len(s.distinct)}
	switch {
	case p.role == isRegion:
		return d.regionAxis(a, s)
	case p.allowed != nil:
		a.size = len(p.allowed)
		return a, true
	case p.element == "waktu.tahun":
		for _, v := range s.distinct {
			if !isYear(v) {
				continue // will be rejected, or is to be asked about
			}
			n, _ := strconv.Atoi(v)
			if a.from == 0 || n < a.from {
				a.from = n
			}
			a.to = max(a.to, n)
		}
		a.size = a.to - a.from + 1
		return a, a.from > 0
	case p.element == "waktu.bulan":
		a.from, a.to, a.size = 1, 12, 12
		return a, true
	case p.element == "waktu.triwulan":
		a.from, a.to, a.size = 1, 4, 4
		return a, true
	case p.role == isCategory && p.element != "":
		e, _ := schemas.FindElement(p.element)
		a.size = len(e.Check.Allowed)
		return a, a.size > 0 && a.size <= maxCategories
	case p.role == isText && len(s.distinct) <= maxCategories && p.class == "":
		a.values = s.distinct
		return a, true
	}
	return a, false
}

// regionAxis is every region of a province where all are there, else the ones that are.
func (d *draft) regionAxis(a axis, s stats) (axis, bool) {
	provinces := map[string]bool{}
	for _, code := range s.distinct {
		k, ok := a.p.code[code]
		if !ok {
			continue // will be rejected
		}
		a.values = append(a.values, k)
		provinces[k[:2]] = true
	}
	slices.Sort(a.values)
	a.values = slices.Compact(a.values)
	a.size = len(a.values)
	if len(provinces) == 1 && strings.HasSuffix(a.p.element, reference.Regency) {
		for province := range provinces {
			if all, err := d.registry.Children(reference.Kemendagri, province); err == nil && len(all) == a.size {
				a.within, a.values = province, nil
			}
		}
	}
	return a, a.size > 0 && a.size <= 600
}
