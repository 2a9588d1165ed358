package normalize

import (
	"bytes"

	"satudata/ingest/event"
)

// cell says where one value of a record stands, without quotes and with escapes resolved, and how it
// was written. It is packed, because every record writes one for every column: from the low end, 32
// bits offset, 26 bits size, 3 marks, 3 bits kind. The zero cell is absent.
type cell uint64

// maxData is the size of a payload that cells can point into.
const maxData = 1<<26 - 1

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

// Marks of a cell.
const (
	aside cell = 1 << (58 + iota) // in the side buffer, not in the payload
	plain                         // printable ASCII only
	loose                         // found under a name that is not written exactly as wanted
)

// newCell returns the cell of the bytes from start to end.
func newCell(k kind, start, end int) cell {
	return cell(k)<<61 | cell(end-start)<<32 | cell(start)
}

func (c cell) kind() kind        { return kind(c >> 61) }
func (c cell) size() int         { return int(c >> 32 & maxData) }
func (c cell) is(mark cell) bool { return c&mark != 0 }

// empty reports whether c holds no value at all: absent, or a JSON null.
func (c cell) empty() bool { return c.kind() <= null }

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
	from := g.data
	if c.is(aside) {
		from = g.side
	}
	return from[uint32(c):][:c.size()]
}

// text puts s into the side buffer.
func (g *grid) text(s string) cell {
	start := len(g.side)
	g.side = append(g.side, s...)
	return newCell(text, start, len(g.side)) | aside
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
		g.cells[i] = 0
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
