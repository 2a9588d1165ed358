package file

import "bytes"

// dialect is how a CSV text is read. A field is quoted when its first byte is a quote; inside, two
// quotes stand for one, and delimiters and line ends are text. Anywhere else a quote is an ordinary
// character (5" pipe).
//
// A record goes on over a line end only inside quotes, and that is where one stray quote can
// swallow the records behind it. So a record of several lines is believed only when
//
//   - its quotes close before the text ends and within maxRecord, each followed by a delimiter or a
//     line end, and
//   - it has as many fields as the header, and
//   - its lines, each read by itself with quotes as ordinary characters, do not look like records
//     themselves (see lookAlike).
//
// Otherwise the quote is stray and the record ends with its first line.
type dialect struct {
	delim   byte
	columns int // fields of the last header row; 0 while the header is read
}

// measure is what was found at the start of a text.
type measure struct {
	n     int  // bytes of the record with its line end; 0: the text ends before the record does
	stray bool // it has a quote that opens and does not close
}

// measure finds the end of the record at the start of t, where every line ends with LF. final says
// that nothing comes after t.
func (d dialect) measure(t []byte, final bool) measure {
	first := bytes.IndexByte(t, '\n')
	if first < 0 {
		return measure{}
	}
	eol, at := first, 0
	for {
		q := bytes.IndexByte(t[at:eol], '"')
		if q < 0 {
			break
		}
		if q += at; q > 0 && t[q-1] != d.delim {
			at = q + 1
			continue
		}
		if at = closing(t, q+1); at <= eol && at > 0 {
			continue
		}
		if at < 0 || at == len(t) {
			return d.open(t, first, final)
		}
		if t[at] != d.delim && t[at] != '\n' {
			return measure{first + 1, true}
		}
		n := bytes.IndexByte(t[at:], '\n')
		if n < 0 {
			return d.open(t, first, final)
		}
		eol = at + n
	}
	if eol != first && d.columns > 0 && !d.believable(t[:eol+1]) {
		return measure{first + 1, true}
	}
	return measure{n: eol + 1}
}

// open is the measure of a record whose end t does not show.
func (d dialect) open(t []byte, first int, final bool) measure {
	if final || len(t) >= maxRecord {
		return measure{first + 1, true}
	}
	return measure{}
}

// closing returns the place behind the quote that closes the field whose text starts at from, or -1.
func closing(t []byte, from int) int {
	for {
		n := bytes.IndexByte(t[from:], '"')
		if n < 0 {
			return -1
		}
		from += n + 1
		if from == len(t) || t[from] != '"' {
			return from
		}
		from++
	}
}

// believable says whether a record of several lines is one record.
func (d dialect) believable(record []byte) bool {
	return d.fields(record) == d.columns && !d.lookAlike(record)
}

// lookAlike says whether every line of a record has exactly as many columns as the header. Texts
// of an address have line breaks, and now and then as many delimiters as a narrow table; but the
// wider the table and the more lines, the less can that be chance: from six coinciding delimiters
// on, two stray quotes are the likelier story.
func (d dialect) lookAlike(record []byte) bool {
	lines := bytes.Count(record, []byte{'\n'})
	if (lines-1)*(d.columns-1) < 6 {
		return false
	}
	for len(record) > 0 {
		n := bytes.IndexByte(record, '\n') + 1
		if bytes.Count(record[:n], []byte{d.delim}) != d.columns-1 {
			return false
		}
		record = record[n:]
	}
	return true
}

// fields counts the fields of a record that ends with LF and whose quotes close.
func (d dialect) fields(record []byte) int {
	n, start := 1, true
	for i := 0; i < len(record); i++ {
		switch c := record[i]; {
		case c == '"' && start:
			if i = closing(record, i+1) - 1; i < 0 {
				return n
			}
			start = false
		case c == d.delim:
			n++
			start = true
		default:
			start = false
		}
	}
	return n
}
