// Package assess says how far a contract meets the four principles of Satu Data Indonesia (Perpres
// 39/2019, Pasal 3): Standar Data, Metadata, Kaidah Interoperabilitas, Kode Referensi/Data Induk.
//
// # Score
//
// Each principle is a list of questions put to the contract, some of them once for each column. A
// question that is not met gives a [Finding]. A principle is passed when none of its findings is an
// error. The score is
//
//	100 × the mean over the four principles of (questions met ÷ questions asked)
//
// so a principle counts the same however many columns a table has.
package assess

import (
	"fmt"
	"math"
	"slices"

	"satudata/schemas"
)

// The four principles, in the order and the words of the Perpres.
const (
	Standard         = "Standar Data"
	Metadata         = "Metadata"
	Interoperability = "Kaidah Interoperabilitas"
	References       = "Kode Referensi/Data Induk"
)

// Severity is how much a finding weighs.
type Severity string

// The severities. An Error fails its principle, a Warning only when the assessment is strict.
const (
	Error   Severity = "galat"
	Warning Severity = "peringatan"
)

// Finding is a question that the contract does not meet.
type Finding struct {
	Severity Severity
	Path     string // place in the contract
	Line     int    // of Path, from 1
	Say      schemas.Sentence
	Mend     schemas.Sentence
	Source   string // the rule that asks it
}

// Principle is what was found about one of the four.
type Principle struct {
	Name       string
	Asked, Met int
	Findings   []Finding
}

// Passed says whether the principle is met.
func (p Principle) Passed(strict bool) bool {
	return !slices.ContainsFunc(p.Findings, func(f Finding) bool { return strict || f.Severity == Error })
}

// Report is the assessment of a contract.
type Report struct {
	File, Dataset, Version string
	Principles             []Principle
	Score                  int // 0 to 100, see the package comment
}

// Passed says whether all four principles are met.
func (r Report) Passed(strict bool) bool {
	return !slices.ContainsFunc(r.Principles, func(p Principle) bool { return !p.Passed(strict) })
}

// Check assesses a contract. others are contracts whose names and concepts it must not take for
// something else; c may be among them.
func Check(c *schemas.Contract, others []*schemas.Contract) Report {
	s := &sheet{c: c, places: schemas.NewPlaces(c.Document)}
	for _, o := range others {
		if o.Dataset != c.Dataset {
			s.others = append(s.others, o)
		}
	}
	r := Report{File: c.File, Dataset: c.Dataset, Version: c.Version}
	for _, part := range []struct {
		name string
		ask  func()
	}{{Standard, s.standard}, {Metadata, s.metadata}, {Interoperability, s.interoperability}, {References, s.references}} {
		s.principle = Principle{Name: part.name}
		part.ask()
		slices.SortStableFunc(s.principle.Findings, func(a, b Finding) int { return a.Line - b.Line })
		r.Principles = append(r.Principles, s.principle)
	}
	r.Score = score(r.Principles)
	return r
}

func score(all []Principle) int {
	sum := 0.0
	for _, p := range all {
		sum += float64(p.Met) / float64(p.Asked)
	}
	return int(math.Round(100 * sum / float64(len(all))))
}

// Answer adds questions of a principle that others have put to the contract, and what they found.
func (r *Report) Answer(principle string, asked int, found []Finding) {
	i := slices.IndexFunc(r.Principles, func(p Principle) bool { return p.Name == principle })
	p := &r.Principles[i]
	p.Asked, p.Met = p.Asked+asked, p.Met+asked-len(found)
	p.Findings = append(p.Findings, found...)
	slices.SortStableFunc(p.Findings, func(a, b Finding) int { return a.Line - b.Line })
	r.Score = score(r.Principles)
}

// sheet is a contract and what has been found about it so far.
type sheet struct {
	c         *schemas.Contract
	others    []*schemas.Contract
	places    schemas.Places
	principle Principle
}

// ask counts one question. When ok is false, say and mend become a finding.
func (s *sheet) ask(ok bool, severity Severity, path string, say, mend schemas.Sentence, source string) {
	s.principle.Asked++
	if ok {
		s.principle.Met++
		return
	}
	s.principle.Findings = append(s.principle.Findings, Finding{severity, path, s.places.Line(path), say, mend, source})
}

// say formats both languages with the same arguments.
func say(id, en string, args ...any) schemas.Sentence {
	return schemas.Sentence{ID: fmt.Sprintf(id, args...), EN: fmt.Sprintf(en, args...)}
}

// custom is the path of a customProperty of the dataset.
func custom(name string) string { return "customProperties." + name }

// column is a property and where it stands.
type column struct {
	schemas.Property
	path string
}

func (c column) custom(name string) string { return c.path + ".customProperties." + name }

func (s *sheet) columns() []column {
	out := make([]column, len(s.c.Properties))
	for i, p := range s.c.Properties {
		out[i] = column{p, fmt.Sprintf("schema[0].properties[%d]", i)}
	}
	return out
}
