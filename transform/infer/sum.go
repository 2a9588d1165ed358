package infer

import (
	"math"
	"slices"
	"strings"
)

var nan = math.NaN()

// rowRule is a condition that holds in nearly every row.
type rowRule struct {
	name, expression, say string
	confidence            Confidence
}

// maxSummed is how many columns sums are looked for in, and minRows how many rows must speak for one.
const (
	maxSummed = 40
	minRows   = 10
)

// summed is a measure with its values.
type summed struct {
	p *property
	v []float64
}

// findSums finds measures that are the sum of others in at least 95 rows of a hundred: of a run of
// columns beside them, or of two columns anywhere.
func (d *draft) findSums() {
	var list []summed
	for _, p := range d.props {
		if p.role == isMeasure && p.additive != "false" && p.element != "umum.persen" && p.element != "umum.indeks" && len(list) < maxSummed && !strings.HasPrefix(p.element, "koordinat.") {
			list = append(list, summed{p, d.values(p)})
		}
	}
	for t := range list {
		if parts, c := bestSum(list, t); parts != nil {
			d.addSum(list[t].p, parts, c)
		}
	}
}

// bestSum finds the parts of total t: the longest run of neighbours, else the best pair.
func bestSum(list []summed, t int) (parts []*property, c Confidence) {
	for n := 8; n >= 2; n-- {
		for _, from := range []int{t - n, t + 1} {
			if from < 0 || from+n > len(list) {
				continue
			}
			if c := agreement(list[t], list[from:from+n]); holds(c) {
				return propertiesOf(list[from : from+n]), c
			}
		}
	}
	for i := range list {
		for j := i + 1; j < len(list); j++ {
			if i == t || j == t || !promising(list[t].v, list[i].v, list[j].v) {
				continue
			}
			pair := []summed{list[i], list[j]}
			if n := agreement(list[t], pair); holds(n) && n.Agree > c.Agree {
				parts, c = propertiesOf(pair), n
			}
		}
	}
	return parts, c
}

func propertiesOf(list []summed) (out []*property) {
	for _, s := range list {
		out = append(out, s.p)
	}
	return out
}

func holds(c Confidence) bool { return c.Of >= minRows && c.Agree*100 >= c.Of*95 }

// promising looks at the first rows, so that most pairs are not looked at in full.
func promising(t, a, b []float64) bool {
	seen, equal := 0, 0
	for row := 0; row < len(t) && seen < 40; row++ {
		if s := a[row] + b[row]; !math.IsNaN(s) && !math.IsNaN(t[row]) {
			if seen++; near(s, t[row]) {
				equal++
			}
		}
	}
	return equal*2 > seen
}

// agreement counts the rows in which parts add up to total, among those where all are known. Rows in
// which fewer than two parts are more than zero say nothing and do not count.
func agreement(total summed, parts []summed) (c Confidence) {
	speaking := make([]int, len(parts))
	for row, t := range total.v {
		sum, positive := 0.0, 0
		for _, p := range parts {
			sum += p.v[row]
			if p.v[row] > 0 {
				positive++
			}
		}
		if math.IsNaN(sum) || math.IsNaN(t) || positive < 2 {
			continue
		}
		for i, p := range parts {
			if p.v[row] > 0 {
				speaking[i]++
			}
		}
		if c.Of++; near(sum, t) {
			c.Agree++
		}
	}
	for _, n := range speaking {
		if n*10 < c.Of {
			return Confidence{} // a part that is nearly always zero is not proved to be one
		}
	}
	return c
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-6*max(1, math.Abs(a), math.Abs(b)) }

func (d *draft) addSum(total *property, parts []*property, c Confidence) {
	var names []string
	for _, p := range parts {
		names = append(names, p.name)
	}
	r := rowRule{
		name:       "jumlah_" + total.name,
		expression: strings.Join(names, " + ") + " = " + total.name,
		say:        "Bagian-bagiannya harus sama dengan " + strings.ReplaceAll(total.name, "_", " ") + ".",
		confidence: c,
	}
	if len(r.name) > 60 || slices.ContainsFunc(d.rules, func(o rowRule) bool { return o.name == r.name }) {
		r.name = "jumlah_" + itoa(len(d.rules)+1)
	}
	d.rules = append(d.rules, r)
	d.decide("aturan "+r.name, r.expression, c, c.Agree < c.Of, "berlaku di %d dari %d baris yang dapat diperiksa; baris lainnya akan ditolak", "it holds in %d of %d rows that can be checked; the others will be rejected", c.Agree, c.Of)
}
