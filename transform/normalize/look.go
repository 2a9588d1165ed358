package normalize

import (
	"slices"

	"satudata/ingest/event"
	"satudata/schemas"
)

// Cell is a value as it was delivered, for whoever looks at data before there is a plan.
type Cell struct {
	Text  string // quotes and escapes resolved, white space kept
	Given bool   // false: the record does not have it, or it is a JSON null
	Typed bool   // a JSON number or truth value, which no locale changes
	Deep  bool   // a JSON object or array, as written
}

// Record is a record taken apart without a plan.
type Record struct {
	Names []string // of an object's members, in their order; nil where the header names the cells
	Cells []Cell
	Fault *event.Sentence // why it cannot be taken apart
}

// Look takes a chunk of format f apart without a plan: its header records, none for objects, and its
// records as they are, however many cells they have. It wraps event.ErrMalformed when the header
// records are not there.
func Look(f event.Format, data []byte) (titles [][]string, records []Record, err error) {
	g := &grid{}
	g.reset(data, 0, 0)
	if f.Type == event.ContentTypeNDJSON {
		return nil, lookAtObjects(g), nil
	}
	t := tables{plan: &schemas.Plan{}, layouts: map[string]*layout{}}
	if f.Type == event.ContentTypeRows {
		a := &arrays{scanner: scanner{grid: g}, at: len(bom(data))}
		if titles, err = t.lookAtTitles(g, f.Headers, a.titles); err != nil {
			return nil, nil, err
		}
		for a.record() {
			records = append(records, a.look())
		}
		return titles, records, nil
	}
	d := &fields{grid: g, delimiter: f.Delimiter, at: len(bom(data))}
	if titles, err = t.lookAtTitles(g, f.Headers, d.titles); err != nil {
		return nil, nil, err
	}
	for d.record() {
		records = append(records, d.look())
	}
	return titles, records, nil
}

func (t *tables) lookAtTitles(g *grid, n int, read func([]cell) ([]cell, int, bool)) ([][]string, error) {
	l, err := t.header(g, n, read)
	if err != nil {
		return nil, err
	}
	return l.titles, nil
}

func (f *fields) look() (r Record) {
	for {
		r.Cells = append(r.Cells, f.open(f.next()))
		if f.last {
			break
		}
	}
	if f.torn {
		r.Fault = say("tanda kutip tidak berpasangan", "quotes do not match")
	}
	return r
}

func (a *arrays) look() (r Record) {
	end := a.array(a.at, func(_ int, c cell) { r.Cells = append(r.Cells, a.open(c)) })
	if end < 0 {
		why := a.failure(a.at)
		r.Fault, end = &why, lineEnd(a.data, a.at)
	}
	a.at = end
	return r
}

// lookAtObjects reads one object per line with all its members.
func lookAtObjects(g *grid) (records []Record) {
	s := &scanner{grid: g}
	for i := filledLine(g.data, len(bom(g.data))); i < len(g.data); i = filledLine(g.data, i) {
		var r Record
		end := s.members(i, func(name string, c cell) {
			r.Names, r.Cells = append(r.Names, name), append(r.Cells, g.open(c))
		})
		if end < 0 {
			why := s.failure(i)
			r, end = Record{Fault: &why}, lineEnd(g.data, i)
		}
		records = append(records, r)
		i = end
	}
	return records
}

// members reads the object in the line at i, gives its members to put, and returns the position of
// its end.
func (s *scanner) members(i int, put func(string, cell)) int {
	if i = s.space(i); i >= len(s.data) || s.data[i] != '{' {
		return s.fail(i, "setiap baris harus satu objek {…}", "each line must be one object {…}")
	}
	i = s.space(i + 1)
	more := i >= len(s.data) || s.data[i] != '}'
	if !more {
		i++
	}
	for more {
		if i >= len(s.data) || s.data[i] != '"' {
			return s.fail(i, "nama kolom berkutip diharapkan", "a quoted name is expected")
		}
		var name, c cell
		if name, i = s.str(i); i < 0 {
			return i
		}
		if i = s.colon(i); i < 0 {
			return i
		}
		if c, i = s.value(i, 1); i < 0 {
			return i
		}
		put(string(s.bytes(name)), c)
		if i, more = s.comma(i, '}'); i < 0 {
			return i
		}
	}
	if i = s.space(i); i < len(s.data) && s.data[i] != '\n' {
		return s.fail(i, "ada teks sesudah akhir objek", "there is text after the end of the object")
	}
	return i
}

// open copies a cell out of the grid.
func (g *grid) open(c cell) Cell {
	if c.empty() {
		return Cell{}
	}
	k := c.kind()
	return Cell{Text: string(g.bytes(c)), Given: true, Typed: k == number || k == truth, Deep: k == nested}
}

// Reads says, for a file with header records titles, which source column feeds each property of
// plan, and which columns, from 0, nothing reads.
func Reads(plan *schemas.Plan, titles [][]string) (from map[string]int, unread []int) {
	l := newLayout(plan, titles)
	from = map[string]int{}
	for i := range plan.Inputs {
		for _, slot := range l.inputs[i] {
			from[plan.Inputs[i].Property.Name] = slices.Index(l.slots, slot)
		}
	}
	for at, slot := range l.slots {
		if slot < 0 {
			unread = append(unread, at)
		}
	}
	return from, unread
}
