// Package reference is the kode referensi of regions as a registry: every code of a system and a
// vintage, with its name, its level, how long it was valid and what it became.
//
// A code by itself means nothing: 3171 is Jakarta Selatan for BPS and Jakarta Pusat for Kemendagri, and
// 94 was Papua for BPS in 2023 while it is Papua Tengah for Kemendagri. So every question names a
// system with its vintage, "kemendagri@2025" or "bps@2023", and one without is refused with what the
// code could mean.
//
// # What is known
//
// Kemendagri of 2018, 2020, 2022, 2023 and 2025: provinces, kabupaten/kota, kecamatan, desa and kelurahan.
// BPS of 2023: provinces and kabupaten/kota, with the kabupaten/kota that Kemendagri 2025 has for each.
// BPS villages and kecamatan are not known, and no rule makes them from Kemendagri's: an undotted
// Kemendagri village code has ten digits as one of BPS has, and is another place.
// An agency's own lists join by [Registry.With].
//
// Validity and successors come from comparing each vintage of Kemendagri with the next; the program in
// folder build does that, and its compare.go says by which evidence. A code that vanished without
// provable successor has an end (the last vintage that has it) and no successor is guessed. The
// vintages are what is known, so a code "of 2018" may be older than 2018.
package reference

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/klauspost/compress/zstd"
)

//go:generate go run ./build -from ../../../shared/data/reference

//go:embed atas.tsv
var upperKemendagri string

//go:embed bawah.tsv.zst
var lowerKemendagri []byte

//go:embed bps2023.tsv
var upperBPS string

// Newest vintages of the two systems that every region knows.
const (
	Kemendagri = "kemendagri@2025"
	BPS        = "bps@2023"
)

// Registry answers questions about the codes of regions. It is immutable and may be shared.
type Registry struct {
	vintages map[string]vintage // by "kemendagri@2025"
	links    map[string][]link  // which vintages translate into which directly
	paths    map[fromTo][]string
}

// fromTo is a vintage to translate from and one to translate to.
type fromTo struct{ from, to string }

// vintage is one state of a store.
type vintage struct {
	*store
	at uint8
}

// link leads from one vintage to a neighbouring one.
type link struct {
	to   string
	step func(code string) (became []string, unclear bool)
}

// Entry is a code of a system and vintage.
type Entry struct {
	System string `json:"sistem"` // with its vintage: "kemendagri@2025"
	Level  string `json:"tingkat"`
	Code   string `json:"kode"` // as the system writes it: Kemendagri with dots, BPS without
	Name   string `json:"nama"` // as this vintage writes it
	Parent string `json:"induk,omitempty"`
	First  string `json:"sejak"`  // the first vintage that has the code, "2018": or earlier
	Last   string `json:"sampai"` // the last one
}

// Load returns the registry of the lists that the program carries. They are read once: provinces and
// kabupaten/kota now, what is below them when it is first asked for.
func Load() (*Registry, error) { return loaded() }

var loaded = sync.OnceValues(func() (*Registry, error) {
	kemendagri, err := loadKemendagri()
	if err != nil {
		return nil, err
	}
	bps, bridge, err := loadBPS()
	if err != nil {
		return nil, err
	}
	r := &Registry{vintages: map[string]vintage{}, links: map[string][]link{}}
	r.add(kemendagri)
	r.add(bps)
	r.join(Kemendagri, BPS, bridge.toBPS, bridge.toKemendagri)
	r.findPaths()
	return r, nil
})

func loadKemendagri() (*store, error) {
	vintages := []string{"2018", "2020", "2022", "2023", "2025"}
	upper, err := readTable(upperKemendagri, vintages)
	if err != nil {
		return nil, err
	}
	return &store{system: "kemendagri", vintages: vintages, form: dotted, level: dottedLevel, parent: dottedParent,
		upper: upper, lower: sync.OnceValue(func() *table { return mustLower(vintages) })}, nil
}

// mustLower reads the kecamatan and villages. They are part of the program, so a fault in them is the
// programmer's.
func mustLower(vintages []string) *table {
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		panic(err)
	}
	defer dec.Close()
	text, err := dec.DecodeAll(lowerKemendagri, nil)
	if err != nil {
		panic(fmt.Sprintf("embedded code list: %v", err))
	}
	t, err := readTable(string(text), vintages)
	if err != nil {
		panic(err)
	}
	return t
}

// add takes all vintages of s in, each linked with the next.
func (r *Registry) add(s *store) {
	for i, v := range s.vintages {
		at := uint8(i)
		name := s.system + "@" + v
		r.vintages[name] = vintage{s, at}
		if i == 0 {
			continue
		}
		r.join(s.system+"@"+s.vintages[i-1], name,
			func(code string) ([]string, bool) { return s.forward(code, at-1) },
			func(code string) ([]string, bool) { return s.back(code, at-1) })
	}
}

// join links two vintages both ways.
func (r *Registry) join(a, b string, there, back func(string) ([]string, bool)) {
	r.links[a] = append(r.links[a], link{b, there})
	r.links[b] = append(r.links[b], link{a, back})
}

// Systems lists the known systems with their vintages, sorted.
func (r *Registry) Systems() []string { return slices.Sorted(maps.Keys(r.vintages)) }

// Lookup finds a code of a system and vintage. A Kemendagri code may be written with its dots or
// without. Use [Registry.Find] to learn why a code is not found.
func (r *Registry) Lookup(system, code string) (Entry, bool) {
	v, ok := r.vintages[system]
	if !ok {
		return Entry{}, false
	}
	return v.entry(code)
}

func (v vintage) entry(code string) (Entry, bool) {
	code, ok := v.form(code)
	if !ok {
		return Entry{}, false
	}
	found, ok := v.find(code)
	if !ok || !found.in(v.at) {
		return Entry{}, false
	}
	return v.describe(found), true
}

func (v vintage) describe(r row) Entry {
	e := Entry{System: v.name(), Level: v.level(r.code), Code: r.code, Name: r.called(v.at), Parent: v.parent(r.code),
		First: v.store.vintages[r.first], Last: v.store.vintages[r.last]}
	if v.own != nil && v.own.since[r.code] != "" {
		e.First = v.own.since[r.code]
	}
	return e
}

func (v vintage) name() string { return v.system + "@" + v.store.vintages[v.at] }

// Children lists the codes of a system whose parent is code, sorted; of "" the provinces.
func (r *Registry) Children(system, code string) ([]Entry, error) {
	v, ok := r.vintages[system]
	if !ok {
		return nil, r.unknownSystem(system)
	}
	if code != "" {
		e, err := r.Find(system, code)
		if err != nil {
			return nil, err
		}
		code = e.Code
	}
	t := v.upper
	if v.lower != nil && code != "" && v.level(code) != Province {
		t = v.lower()
	}
	var out []Entry
	for _, row := range t.rows {
		if row.in(v.at) && v.parent(row.code) == code {
			out = append(out, v.describe(row))
		}
	}
	return out, nil
}

// Level lists the codes of a system at a level, sorted.
func (r *Registry) Level(system, level string) ([]Entry, error) {
	v, ok := r.vintages[system]
	if !ok {
		return nil, r.unknownSystem(system)
	}
	var out []Entry
	for _, row := range v.tableOf(level).rows {
		if row.in(v.at) && v.level(row.code) == level {
			out = append(out, v.describe(row))
		}
	}
	return out, nil
}

// Bridged says whether codes of one system and vintage can be translated to another.
func (r *Registry) Bridged(from, to string) bool {
	_, known := r.vintages[from]
	return known && r.paths[fromTo{from, to}] != nil
}

// Has says whether a system and vintage has codes of a level.
func (r *Registry) Has(system, level string) bool {
	v, ok := r.vintages[system]
	switch {
	case !ok:
		return false
	case v.lower != nil:
		return slices.Contains(Levels(), level)
	}
	return slices.ContainsFunc(v.upper.rows, func(row row) bool { return v.level(row.code) == level })
}
