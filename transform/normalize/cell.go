package normalize

import (
	"bytes"

	"satudata/ingest/event"
)

// kind says how a cell was written, which matters: a JSON number is unambiguous, the same
// characters as text are read by the column's locale.
type kind uint8

const (
	absent kind = iota // the record does not have it
	null               // a JSON null
	text
	number // a JSON number, as written
	truth  // a JSON true or false
	nested // a JSON object or array, as written
	kinds  // how many there are
)

// cell says where one value of a record stands, without quotes and with escapes resolved.
type cell struct {
	off, size uint32
	kind      kind
	side      bool // in the side buffer, not in the payload
	plain     bool // printable ASCII only
	loose     bool // found under a name that is not written exactly as wanted
}

// span is a record's place in the payload, line end excluded.
type span struct{ start, end int }

// grid holds the cells of a chunk column by column. It is reused from chunk to chunk.
type grid struct {
	data   []byte // the payload
	side   []byte // unescaped text, header texts, constants
	rows   int    // records that the envelope announces
	found  int    // records that are there; at most rows+1 are counted
	cells  []cell // slot after slot, rows each
	spans  []span // per record
	faults []fault
}

// fault says why the record in row cannot be taken apart.
type fault struct {
	row int
	say event.Sentence
}

// reset prepares g for rows records of slots wanted columns, all absent.
func (g *grid) reset(data []byte, rows, slots int) {
	g.data, g.side, g.rows, g.found = data, g.side[:0], rows, 0
	g.cells = resize(g.cells, rows*slots)
	clear(g.cells)
	g.spans = resize(g.spans, rows)
	clear(g.spans)
	g.faults = g.faults[:0]
}

// slot returns the cells of a wanted column, one per record.
func (g *grid) slot(s int) []cell { return g.cells[s*g.rows : (s+1)*g.rows] }

// bytes returns what c holds.
func (g *grid) bytes(c cell) []byte {
	if c.side {
		return g.side[c.off : c.off+c.size]
	}
	return g.data[c.off : c.off+c.size]
}

// text puts s into the side buffer.
func (g *grid) text(s string) cell {
	c := cell{off: uint32(len(g.side)), size: uint32(len(s)), kind: text, side: true}
	g.side = append(g.side, s...)
	return c
}

// begin notes that a record starts at start, and reports whether there is room for it.
func (g *grid) begin(start int) (row int, ok bool) {
	row = g.found
	g.found++
	if row >= g.rows {
		return row, false
	}
	g.spans[row].start = start
	return row, true
}

// end notes where the record in row ends; its line end is not part of it.
func (g *grid) end(row, end int) {
	start := g.spans[row].start
	g.spans[row].end = start + len(bytes.TrimRight(g.data[start:end], "\r\n"))
}

// spoil makes the record in row faulty: none of its cells counts.
func (g *grid) spoil(row int, say event.Sentence) {
	for i := row; i < len(g.cells); i += g.rows {
		g.cells[i] = cell{}
	}
	g.faults = append(g.faults, fault{row, say})
}

// resize returns s with length n; what it holds is unspecified.
func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, n+n/4)
	}
	return s[:n]
}
