// Package overlap finds datasets, applications and columns that overlap in meaning, and says why. A
// region asks for it before it lets an OPD build or collect anything again.
//
// A pair's score is the weighted mean of its evidence, from 0 to 1. Evidence that one side cannot give
// (no definition, nothing landed yet) is left out, so that a proposed contract is compared by what it
// says. The score ranks what people should look at; it decides nothing.
package overlap

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"satudata/ingest/event"
)

// textf formats both languages with the same arguments.
func textf(id, en string, args ...any) event.Sentence {
	return event.Sentence{ID: fmt.Sprintf(id, args...), EN: fmt.Sprintf(en, args...)}
}

// Dataset is what a contract says, as far as it matters here.
type Dataset struct {
	ID         string // "bencana.kejadian_banjir"
	Title      string
	Definition string // konsep, definisi and purpose together
	SDS        string // kode Standar Data Statistik
	Producer   string // OPD
	Columns    []Column
}

// Column is a column of a dataset.
type Column struct {
	Name, Title, Definition string
	Element                 string  // id of the shared element, or ""
	SDS, DSSD               string  // codes of the standard and of the e-Walidata indicator
	Key                     bool    // part of the primary key
	Dimension               bool    // region or time, which datasets share on purpose
	Values                  *Sketch // of the current table; nil: not measured
	Basis                   string  // what a value in Values is: only those of one basis can be compared
}

// Application is an application that an OPD has registered.
type Application struct {
	ID, Name, OPD, Description string
	Produces, Uses             []string // datasets
}

// Kinds of pairs.
const (
	Datasets     = "dataset"
	Columns      = "kolom"
	Applications = "aplikasi"
	Served       = "dataset_aplikasi" // a dataset, and an application that may collect it already
)

// Pair is two things that may be one.
type Pair struct {
	Kind  string  `json:"jenis"`
	A     string  `json:"a"` // dataset, dataset.column or application
	B     string  `json:"b"`
	OPDA  string  `json:"opd_a,omitempty"` // whose they are: who should talk to whom
	OPDB  string  `json:"opd_b,omitempty"`
	Score float64 `json:"skor"` // 0 … 1
	Parts []Part  `json:"bagian"`
}

// Part is one piece of evidence.
type Part struct {
	Name   string         `json:"bukti"`
	Value  float64        `json:"nilai"` // 0 … 1
	Weight float64        `json:"bobot"`
	Why    event.Sentence `json:"alasan"`
}

// Options say what to look for.
type Options struct {
	Least float64 // pairs below this score are left out
	Only  string  // only pairs with this dataset and its columns; "" is all
}

// Find returns the pairs that overlap, the likeliest first.
func Find(datasets []Dataset, applications []Application, o Options) []Pair {
	f := newFinder(datasets, applications)
	var pairs []Pair
	add := func(p Pair) {
		if p.Score >= o.Least && p.Score > 0 {
			pairs = append(pairs, p)
		}
	}
	for i, a := range datasets {
		for _, b := range datasets[i+1:] {
			if o.Only != "" && a.ID != o.Only && b.ID != o.Only {
				continue
			}
			matches := f.columns(a, b)
			add(f.datasets(a, b, matches))
			for _, m := range matches {
				if !m.a.Dimension && !m.b.Dimension {
					add(m.pair(a, b))
				}
			}
		}
	}
	for i, a := range applications {
		for _, d := range datasets {
			if o.Only == "" || d.ID == o.Only {
				add(f.served(d, a))
			}
		}
		for _, b := range applications[i+1:] {
			if o.Only == "" {
				add(f.applications(a, b))
			}
		}
	}
	slices.SortStableFunc(pairs, func(a, b Pair) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), strings.Compare(a.Kind, b.Kind), strings.Compare(a.A, b.A), strings.Compare(a.B, b.B))
	})
	return pairs
}

// finder knows how much each word tells.
type finder struct{ names, definitions, columnWords weights }

func newFinder(datasets []Dataset, applications []Application) finder {
	var names, definitions, columns [][]string
	for _, d := range datasets {
		names = append(names, words(d.Title, nameOf(d.ID)))
		definitions = append(definitions, words(d.Definition))
		for _, c := range d.Columns {
			columns = append(columns, words(c.Name, c.Title, c.Definition))
		}
	}
	for _, a := range applications {
		names = append(names, words(a.Name, a.ID))
		definitions = append(definitions, words(a.Description))
	}
	return finder{weigh(names), weigh(definitions), weigh(columns)}
}

// nameOf is the dataset's name without its topic.
func nameOf(id string) string { return id[strings.LastIndexByte(id, '.')+1:] }

// total is the weighted mean of parts.
func total(parts []Part) (score float64) {
	weight := 0.0
	for _, p := range parts {
		score += p.Value * p.Weight
		weight += p.Weight
	}
	if weight == 0 {
		return 0
	}
	return score / weight
}

// titles adds the likeness of what two things are called. The title may say it, or the technical name,
// or each the half of it: the likest counts.
func (w weights) titles(parts []Part, aTitle, aName, bTitle, bName string) []Part {
	var best []Part
	for _, way := range [][2][]string{
		{words(aTitle), words(bTitle)}, {words(aName), words(bName)}, {words(aTitle, aName), words(bTitle, bName)},
	} {
		if found := w.texts(nil, "nama", 3, way[0], way[1]); len(found) > 0 && (best == nil || found[0].Value > best[0].Value) {
			best = found
		}
	}
	return append(parts, best...)
}

// texts adds the likeness of two texts as evidence, when both say something.
func (w weights) texts(parts []Part, name string, weight float64, a, b []string) []Part {
	if len(a) == 0 || len(b) == 0 {
		return parts
	}
	share, common := w.likeness(a, b)
	why := textf("tidak ada kata yang sama", "no word in common")
	if len(common) > 0 {
		why = textf("kata yang sama: %s", "words in common: %s", strings.Join(common, ", "))
	}
	return append(parts, Part{name, share, weight, why})
}

// codes adds that two codes are the same. Codes that differ speak against.
func codes(parts []Part, name string, weight float64, a, b string) []Part {
	switch {
	case a == "" || b == "":
		return parts
	case a == b:
		return append(parts, Part{name, 1, weight, textf("kode %s sama", "the same code %s", a)})
	}
	return append(parts, Part{name, 0, weight, textf("kode %s dan %s", "codes %s and %s", a, b)})
}

// datasets compares two datasets, given the columns that match.
func (f finder) datasets(a, b Dataset, matches []match) Pair {
	p := Pair{Kind: Datasets, A: a.ID, B: b.ID, OPDA: a.Producer, OPDB: b.Producer}
	p.Parts = f.names.titles(p.Parts, a.Title, nameOf(a.ID), b.Title, nameOf(b.ID))
	p.Parts = f.definitions.texts(p.Parts, "definisi", 2, words(a.Definition), words(b.Definition))
	p.Parts = codes(p.Parts, "kode_sds", 3, a.SDS, b.SDS)
	p.Parts = sharedColumns(p.Parts, a, b, matches)
	p.Parts = sameKey(p.Parts, a, b)
	p.Parts = sharedValues(p.Parts, matches)
	p.Score = total(p.Parts)
	return p
}

// sharedColumns adds how many of the columns that are no region or time match.
func sharedColumns(parts []Part, a, b Dataset, matches []match) []Part {
	fewer := min(own(a), own(b))
	if fewer == 0 {
		return parts
	}
	var names []string
	sum := 0.0
	for _, m := range matches {
		if !m.a.Dimension && !m.b.Dimension {
			sum += m.score
			names = append(names, m.a.Name+" = "+m.b.Name)
		}
	}
	why := textf("tidak ada kolom yang serupa", "no column is alike")
	if len(names) > 0 {
		why = textf("kolom yang serupa: %s", "columns that are alike: %s", strings.Join(names, ", "))
	}
	return append(parts, Part{"kolom", min(1, sum/float64(fewer)), 3, why})
}

// own counts the columns that are no region or time.
func own(d Dataset) (n int) {
	for _, c := range d.Columns {
		if !c.Dimension {
			n++
		}
	}
	return n
}

// sameKey adds whether rows of both stand for the same.
func sameKey(parts []Part, a, b Dataset) []Part {
	x, y := key(a), key(b)
	switch {
	case len(x) == 0 || len(y) == 0:
		return parts
	case slices.Equal(x, y):
		return append(parts, Part{"kunci", 1, 1, textf("kunci sama: %s", "the same key: %s", strings.Join(x, ", "))})
	}
	return append(parts, Part{"kunci", 0, 1, textf("kunci lain: %s; %s", "other keys: %s; %s", strings.Join(x, ", "), strings.Join(y, ", "))})
}

// key is what the key columns of a dataset are: elements where they have them.
func key(d Dataset) []string {
	var k []string
	for _, c := range d.Columns {
		if c.Key {
			k = append(k, cmp.Or(c.Element, c.Name))
		}
	}
	slices.Sort(k)
	return k
}

// sharedValues adds the largest overlap of values of two columns that are no region or time.
func sharedValues(parts []Part, matches []match) []Part {
	best := Part{}
	for _, m := range matches {
		if v, ok := m.values(); ok && !m.a.Dimension && (best.Name == "" || v.Value > best.Value) {
			both := m.a.Name + ", " + m.b.Name + ": "
			v.Why = event.Sentence{ID: both + v.Why.ID, EN: both + v.Why.EN}
			best = v
		}
	}
	if best.Name == "" {
		return parts
	}
	best.Weight = 3
	return append(parts, best)
}

// applications compares two applications.
func (f finder) applications(a, b Application) Pair {
	p := Pair{Kind: Applications, A: a.ID, B: b.ID, OPDA: a.OPD, OPDB: b.OPD}
	p.Parts = f.names.titles(p.Parts, a.Name, a.ID, b.Name, b.ID)
	p.Parts = f.definitions.texts(p.Parts, "uraian", 2, words(a.Description), words(b.Description))
	if len(a.Produces) > 0 && len(b.Produces) > 0 {
		var both []string
		for _, d := range a.Produces {
			if slices.Contains(b.Produces, d) {
				both = append(both, d)
			}
		}
		share := float64(len(both)) / float64(len(a.Produces)+len(b.Produces)-len(both))
		p.Parts = append(p.Parts, Part{"dataset", share, 3, textf("menghasilkan %d dataset yang sama: %s", "they produce %d datasets in common: %s", len(both), strings.Join(both, ", "))})
	}
	p.Score = total(p.Parts)
	return p
}

// served compares a dataset with an application that may collect the same already. One that is known to
// produce or use the dataset is no news, and scores nothing.
func (f finder) served(d Dataset, a Application) Pair {
	p := Pair{Kind: Served, A: d.ID, B: a.ID, OPDA: d.Producer, OPDB: a.OPD}
	if slices.Contains(a.Produces, d.ID) || slices.Contains(a.Uses, d.ID) {
		return p
	}
	p.Parts = f.names.titles(p.Parts, d.Title, nameOf(d.ID), a.Name, a.ID)
	p.Parts = f.definitions.texts(p.Parts, "uraian", 2, words(d.Definition), words(a.Description))
	p.Score = total(p.Parts)
	return p
}
