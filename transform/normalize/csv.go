package normalize

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// fields reads delimiter-separated text (RFC 4180) field by field. A field that starts with a quote
// ends with one, and "" inside it is a quote; in any other field a quote is an ordinary character. A
// line that holds nothing is not a record.
type fields struct {
	*grid
	delimiter byte
	at        int  // position of the next field, or of the next record when the last is done
	torn      bool // a quoted field of this record was not closed, or went on behind its closing quote
	last      bool // the field just read is the last of its record
}

// record moves to the next record and reports whether there is one.
func (f *fields) record() bool {
	f.at = filledLine(f.data, f.at)
	f.torn, f.last = false, false
	return f.at < len(f.data)
}

// next reads a field. After the last one of a record, at is behind its line end.
func (f *fields) next() cell {
	if f.at < len(f.data) && f.data[f.at] == '"' {
		return f.quoted(f.at + 1)
	}
	return f.bare(f.at)
}

// bare reads a field in which quotes are ordinary characters.
func (f *fields) bare(start int) cell {
	d, mark := f.data, plain
	for j := start; ; j++ {
		j = f.skip(j)
		if j == len(d) {
			return f.finish(start, j, j, mark, true)
		}
		switch c := d[j]; {
		case c == f.delimiter:
			return f.finish(start, j, j+1, mark, false)
		case c == '\n':
			return f.finish(start, j, j+1, mark, true)
		case c == '\r' && j+1 == len(d):
			return f.finish(start, j, j+1, mark, true)
		case c == '\r' && d[j+1] == '\n':
			return f.finish(start, j, j+2, mark, true)
		}
		mark = 0
	}
}

// skip returns the position of the next byte at or after j that is a delimiter or not plain.
func (f *fields) skip(j int) int {
	d := f.data
	for ; j+8 <= len(d); j += 8 {
		w := binary.LittleEndian.Uint64(d[j:])
		if m := odd(w) | equal(w, f.delimiter); m != 0 {
			return j + bits.TrailingZeros64(m)>>3
		}
	}
	for j < len(d) && d[j] != f.delimiter && d[j] >= ' ' && d[j] < 0x7f {
		j++
	}
	return j
}

func (f *fields) finish(start, end, at int, mark cell, last bool) cell {
	f.at, f.last = at, last
	return newCell(text, start, end) | mark
}

// quoted reads the field whose opening quote is before start.
func (f *fields) quoted(start int) cell {
	d, off, from := f.data, len(f.side), start
	for {
		n := bytes.IndexByte(d[from:], '"')
		if n < 0 {
			f.torn, f.last, f.at = true, true, len(d)
			return 0
		}
		end := from + n
		if end+1 < len(d) && d[end+1] == '"' {
			f.side = append(f.side, d[from:end+1]...)
			from = end + 2
			continue
		}
		c := newCell(text, start, end)
		if from > start {
			f.side = append(f.side, d[from:end]...)
			c = newCell(text, off, len(f.side)) | aside
		}
		if isPlain(f.bytes(c)) {
			c |= plain
		}
		if rest := f.bare(end + 1); rest.size() > 0 {
			f.torn = true
		}
		return c
	}
}

// isPlain reports whether b is printable ASCII.
func isPlain(b []byte) bool {
	for len(b) >= 8 {
		if odd(binary.LittleEndian.Uint64(b)) != 0 {
			return false
		}
		b = b[8:]
	}
	for _, c := range b {
		if c < ' ' || c >= 0x7f {
			return false
		}
	}
	return true
}
