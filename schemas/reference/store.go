package reference

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// store holds the codes of one system in all its vintages: each code once, with the first and the last
// vintage that has it, the names it had, and what it became where that is not simply itself.
type store struct {
	system   string
	vintages []string // oldest first
	form     func(code string) (canonical string, ok bool)
	level    func(code string) string
	parent   func(code string) string
	upper    *table        // provinces and kabupaten/kota: always there
	lower    func() *table // kecamatan and villages, read when first needed; nil: they are in upper, or there are none
	own      *List         // the list that was imported, nil for what the program carries
}

// table is rows sorted by code.
type table struct {
	rows []row
	// changes are the steps at which a code did not simply stay what it was: its row's changes, and
	// backward what led to a code.
	backward func() map[stepCode][]string
}

type row struct {
	code, name  string
	first, last uint8    // indexes into the store's vintages
	more        *history // nil for most: the same name in all vintages, and no change
}

type history struct {
	names   []rename // later names, oldest first
	changes []change // oldest first
}

type rename struct {
	from uint8 // the vintage that brought the name
	name string
}

// change says what a code became in the vintage after at.
type change struct {
	at      uint8
	unclear bool // the lists contradict one another: the name went one way and the code another
	became  []string
}

type stepCode struct {
	at   uint8
	code string
}

func newTable(rows []row) *table {
	return &table{rows: rows, backward: sync.OnceValue(func() map[stepCode][]string {
		m := map[stepCode][]string{}
		for _, r := range rows {
			for _, c := range r.changes() {
				for _, to := range c.became {
					m[stepCode{c.at, to}] = append(m[stepCode{c.at, to}], r.code)
				}
			}
		}
		return m
	})}
}

// of returns the table that a canonical code is in if it is anywhere.
func (s *store) of(code string) *table { return s.tableOf(s.level(code)) }

// tableOf returns the table that has the codes of a level.
func (s *store) tableOf(level string) *table {
	if s.lower != nil && (level == District || level == Village) {
		return s.lower()
	}
	return s.upper
}

// find returns the row of a canonical code, in whichever vintages it is.
func (s *store) find(code string) (row, bool) {
	t := s.of(code)
	i, ok := t.search(code)
	if !ok {
		return row{}, false
	}
	return t.rows[i], true
}

func (t *table) search(code string) (int, bool) {
	return slices.BinarySearchFunc(t.rows, code, func(r row, code string) int { return strings.Compare(r.code, code) })
}

func (r row) in(vintage uint8) bool { return r.first <= vintage && vintage <= r.last }

// called is the name of r in a vintage.
func (r row) called(vintage uint8) string {
	name := r.name
	if r.more == nil {
		return name
	}
	for _, n := range r.more.names {
		if n.from <= vintage {
			name = n.name
		}
	}
	return name
}

func (r row) changes() []change {
	if r.more == nil {
		return nil
	}
	return r.more.changes
}

func (r row) change(at uint8) (change, bool) {
	for _, c := range r.changes() {
		if c.at == at {
			return c, true
		}
	}
	return change{}, false
}

// forward returns what code of vintage at became in the next one: itself, other codes, or nothing that
// can be proven.
func (s *store) forward(code string, at uint8) (became []string, unclear bool) {
	r, ok := s.find(code)
	if !ok || !r.in(at) {
		return nil, false
	}
	if c, ok := r.change(at); ok {
		return c.became, c.unclear
	}
	if r.in(at + 1) {
		return []string{code}, false
	}
	return nil, false
}

// back returns which codes of vintage at became code, or part of it, in the next one.
func (s *store) back(code string, at uint8) (was []string, unclear bool) {
	r, ok := s.find(code)
	if !ok || !r.in(at+1) {
		return nil, false
	}
	for _, from := range s.of(code).backward()[stepCode{at, code}] {
		was = append(was, from)
		source, _ := s.find(from)
		c, _ := source.change(at)
		unclear = unclear || c.unclear
	}
	if _, changed := r.change(at); r.in(at) && !changed {
		was = append(was, code)
	}
	slices.Sort(was)
	return was, unclear
}

// readTable reads the lines that the build program writes: code, first and last vintage, name, later
// names ("2025=Aceh;…") and changes ("2022>93.01", "2022>91,93", "2022?a,b" where unclear), with a tab
// between.
func readTable(text string, vintages []string) (*table, error) {
	index := make(map[string]uint8, len(vintages))
	for i, v := range vintages {
		index[v] = uint8(i)
	}
	rows := make([]row, 0, strings.Count(text, "\n"))
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		r, err := readRow(strings.TrimSuffix(line, "\n"), index)
		if err != nil {
			return nil, fmt.Errorf("read code list: %q: %w", line, err)
		}
		rows = append(rows, r)
	}
	return newTable(rows), nil
}

func readRow(line string, index map[string]uint8) (row, error) {
	var field [6]string
	for i := range field {
		field[i], line, _ = strings.Cut(line, "\t")
	}
	first, ok := index[field[1]]
	last, ok2 := index[field[2]]
	if !ok || !ok2 || field[0] == "" || field[3] == "" || line != "" {
		return row{}, errors.New("not a row of a code list")
	}
	r := row{code: field[0], first: first, last: last, name: field[3]}
	if field[4] == "" && field[5] == "" {
		return r, nil
	}
	names, err := readNames(field[4], index)
	if err != nil {
		return row{}, err
	}
	changes, err := readChanges(field[5], index)
	r.more = &history{names, changes}
	return r, err
}

func readNames(text string, index map[string]uint8) ([]rename, error) {
	var names []rename
	for text != "" {
		var one string
		one, text, _ = strings.Cut(text, ";")
		vintage, name, _ := strings.Cut(one, "=")
		from, ok := index[vintage]
		if !ok || name == "" {
			return nil, fmt.Errorf("not a later name: %q", one)
		}
		names = append(names, rename{from, name})
	}
	return names, nil
}

func readChanges(text string, index map[string]uint8) ([]change, error) {
	var changes []change
	for text != "" {
		var one string
		one, text, _ = strings.Cut(text, ";")
		vintage, became, ok := strings.Cut(one, ">")
		unclear := !ok
		if unclear {
			vintage, became, ok = strings.Cut(one, "?")
		}
		at, known := index[vintage]
		if !ok || !known || became == "" {
			return nil, fmt.Errorf("not a change: %q", one)
		}
		changes = append(changes, change{at: at, unclear: unclear, became: strings.Split(became, ",")})
	}
	return changes, nil
}
