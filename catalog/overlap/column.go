package overlap

import (
	"cmp"
	"slices"
)

// Below this many distinct values that two columns share some is chance, not evidence.
const fewValues = 20

// match is two columns of two datasets that may be the same.
type match struct {
	a, b  Column
	score float64
	parts []Part
}

// leastMatch is the score below which two columns do not count as alike.
const leastMatch = 0.5

// columns pairs the columns of two datasets, each with at most one, the likeliest first.
func (f finder) columns(a, b Dataset) []match {
	var all []match
	for _, x := range a.Columns {
		for _, y := range b.Columns {
			if m := f.column(x, y); m.score >= leastMatch {
				all = append(all, m)
			}
		}
	}
	slices.SortStableFunc(all, func(x, y match) int { return cmp.Compare(y.score, x.score) })
	var out []match
	for _, m := range all {
		taken := slices.ContainsFunc(out, func(o match) bool { return o.a.Name == m.a.Name || o.b.Name == m.b.Name })
		if !taken {
			out = append(out, m)
		}
	}
	return out
}

// column compares two columns. Different shared elements are different things, whatever they are called.
func (f finder) column(a, b Column) match {
	m := match{a: a, b: b}
	if a.Element != "" && b.Element != "" && a.Element != b.Element || a.Dimension != b.Dimension {
		return m
	}
	m.parts = f.columnWords.titles(m.parts, a.Title, a.Name, b.Title, b.Name)
	m.parts = f.columnWords.texts(m.parts, "definisi", 1, words(a.Definition), words(b.Definition))
	if a.Element != "" && b.Element != "" {
		m.parts = append(m.parts, Part{"elemen", 1, 3, textf("elemen sama: %s", "the same element: %s", a.Element)})
	}
	m.parts = codes(m.parts, "kode_sds", 2, a.SDS, b.SDS)
	m.parts = codes(m.parts, "kode_dssd", 4, a.DSSD, b.DSSD)
	if v, ok := m.values(); ok {
		m.parts = append(m.parts, v)
	}
	m.score = total(m.parts)
	return m
}

// values compares what is in the columns, as far as that can be compared.
func (m match) values() (Part, bool) {
	a, b := m.a.Values, m.b.Values
	if a == nil || b == nil || m.a.Basis != m.b.Basis || min(a.Distinct(), b.Distinct()) < fewValues {
		return Part{}, false
	}
	share := a.Contained(b)
	return Part{"isi", share, 6, textf("%.0f%% isi yang lebih kecil ada juga di yang lain (sekitar %.0f dan %.0f nilai berbeda; Jaccard %.2f)",
		"%.0f%% of the smaller one's values are in the other, too (about %.0f and %.0f distinct values; Jaccard %.2f)",
		100*share, a.Distinct(), b.Distinct(), a.Jaccard(b))}, true
}

func (m match) pair(a, b Dataset) Pair {
	return Pair{Kind: Columns, A: a.ID + "." + m.a.Name, B: b.ID + "." + m.b.Name, OPDA: a.Producer, OPDB: b.Producer, Score: m.score, Parts: m.parts}
}
