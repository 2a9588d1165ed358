package normalize

import (
	"bytes"
	"fmt"

	"satudata/ingest/event"
	"satudata/schemas"
)

// maxLayouts bounds how many different headers are remembered.
const maxLayouts = 64

// tables splits records whose cells stand in the order of a header: delimited text, or one JSON
// array per line.
//
// A record must have as many cells as the header. Cells too many are tolerated when they are empty
// (spreadsheets save such); cells too few are not, because which one is missing would be a guess. A
// spreadsheet's row (a JSON array) ends at its last filled cell, so there the rest is empty.
type tables struct {
	plan    *schemas.Plan
	layouts map[string]*layout // by header lines as received
	titles  [][]cell           // scratch
}

// split fills g, whose data is a chunk of format f, and returns the layout of its header. It wraps
// event.ErrMalformed when the header lines are not there.
func (t *tables) split(g *grid, f event.Format, data []byte, rows int) (*layout, error) {
	if f.Headers < 1 {
		return nil, fmt.Errorf("%w: content type %s needs headers", event.ErrMalformed, f)
	}
	g.reset(data, 0, 0)
	if f.Type == event.ContentTypeRows {
		a := arrays{scanner: scanner{grid: g}, at: len(bom(data))}
		l, err := t.header(g, f.Headers, a.titles)
		if err == nil {
			at := a.at
			g.reset(data, rows, l.count)
			a.at = at
			a.split(l)
		}
		return l, err
	}
	d := fields{grid: g, delimiter: f.Delimiter, at: len(bom(data))}
	l, err := t.header(g, f.Headers, d.titles)
	if err == nil {
		g.reset(data, rows, l.count)
		d.split(l)
	}
	return l, err
}

// bom returns the byte order mark that data starts with, if it does.
func bom(data []byte) []byte {
	if mark := []byte("\xef\xbb\xbf"); bytes.HasPrefix(data, mark) {
		return mark
	}
	return nil
}

// header reads n header records with read, which appends the cells of one and returns where it ends.
func (t *tables) header(g *grid, n int, read func([]cell) (row []cell, end int, ok bool)) (*layout, error) {
	t.titles = resize(t.titles, n)
	end := 0
	for i := range t.titles {
		var ok bool
		if t.titles[i], end, ok = read(t.titles[i][:0]); !ok {
			return nil, fmt.Errorf("%w: %d of %d header records can be read", event.ErrMalformed, i, n)
		}
	}
	if l := t.layouts[string(g.data[:end])]; l != nil {
		return l, nil
	}
	texts := make([][]string, n)
	for i, row := range t.titles {
		for _, c := range row {
			s := ""
			if !c.empty() {
				s = string(g.bytes(c))
			}
			texts[i] = append(texts[i], s)
		}
	}
	l := newLayout(t.plan, texts)
	if len(t.layouts) < maxLayouts {
		t.layouts[string(g.data[:end])] = l
	}
	return l, nil
}

// ragged is the fault of a record with got cells where the header has want.
func ragged(got, want int) event.Sentence {
	return *say("baris punya %d kolom, seharusnya %d seperti baris judul", "the row has %d columns, it should have %d like the header", got, want)
}

// titles reads a header record.
func (f *fields) titles(row []cell) ([]cell, int, bool) {
	if !f.record() {
		return nil, 0, false
	}
	for row = append(row, f.next()); !f.last; {
		row = append(row, f.next())
	}
	return row, f.at, true // torn or not: names that cannot be used show as lacking columns
}

// split reads every record into the slots of l.
func (f *fields) split(l *layout) {
	width := len(l.slots)
	for f.record() {
		row, ok := f.begin(f.at)
		if !ok {
			return
		}
		n, filled := 0, 0 // cells, and cells up to the last that is not empty
		for {
			c := f.next()
			if n < width {
				if s := l.slots[n]; s >= 0 {
					f.cells[s*f.rows+row] = c
				}
			} else if len(trim(f.bytes(c))) > 0 {
				filled = n + 1
			}
			n++
			if f.last {
				break
			}
		}
		f.end(row, f.at)
		switch {
		case f.torn:
			f.spoil(row, *say("tanda kutip tidak berpasangan", "quotes do not match"))
		case n < width || filled > width:
			f.spoil(row, ragged(n, width))
		}
	}
}

// arrays reads one JSON array of cells per line. Empty lines are not records.
type arrays struct {
	scanner
	at int
}

// record moves to the next record and reports whether there is one.
func (a *arrays) record() bool {
	a.at = filledLine(a.data, a.at)
	return a.at < len(a.data)
}

// titles reads a header record.
func (a *arrays) titles(row []cell) ([]cell, int, bool) {
	if !a.record() {
		return nil, 0, false
	}
	end := a.array(a.at, func(_ int, c cell) { row = append(row, c) })
	a.at = end
	return row, end, end >= 0
}

// split reads every record into the slots of l.
func (a *arrays) split(l *layout) {
	width := len(l.slots)
	for a.record() {
		row, ok := a.begin(a.at)
		if !ok {
			return
		}
		n, filled := 0, 0
		end := a.array(a.at, func(i int, c cell) {
			n = i + 1
			if i < width {
				if s := l.slots[i]; s >= 0 {
					a.cells[s*a.rows+row] = c
				}
			} else if !c.empty() && len(trim(a.bytes(c))) > 0 {
				filled = n
			}
		})
		start := a.at
		a.at = end
		if end < 0 {
			a.at = lineEnd(a.data, start)
		}
		a.end(row, a.at)
		switch {
		case end < 0:
			a.spoil(row, a.failure(start))
		case filled > width:
			a.spoil(row, ragged(n, width))
		}
	}
}

// array reads the line at i, an array, gives its cells to put, and returns the position of its end.
func (a *arrays) array(i int, put func(int, cell)) int {
	if i = a.space(i); i >= len(a.data) || a.data[i] != '[' {
		return a.fail(i, "setiap baris harus satu larik […]", "each line must be one array […]")
	}
	i = a.space(i + 1)
	more := i >= len(a.data) || a.data[i] != ']'
	if !more {
		i++
	}
	for n := 0; more; n++ {
		var c cell
		if c, i = a.value(i, 1); i < 0 {
			return i
		}
		put(n, c)
		if i, more = a.comma(i, ']'); i < 0 {
			return i
		}
	}
	if i = a.space(i); i < len(a.data) && a.data[i] != '\n' {
		return a.fail(i, "ada teks sesudah akhir larik", "there is text after the end of the array")
	}
	return i
}
