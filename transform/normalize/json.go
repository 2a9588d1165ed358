package normalize

import (
	"encoding/binary"
	"math/bits"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"satudata/ingest/event"
)

// maxDepth bounds how deep JSON may nest.
const maxDepth = 64

// scanner reads JSON tokens from a grid's payload. Every method takes the position to read at and
// returns the position after what it read, or -1 when the text is not JSON; why is in bad.
//
// A line feed is white space nowhere: it ends the record, wherever it stands.
type scanner struct {
	*grid
	bad struct {
		pos int
		say event.Sentence
	}
}

func (s *scanner) fail(pos int, id, en string) int {
	s.bad.pos, s.bad.say = pos, event.Sentence{ID: id, EN: en}
	return -1
}

// failure is the fault of a record that begins at start.
func (s *scanner) failure(start int) event.Sentence {
	at := strconv.Itoa(s.bad.pos - start + 1)
	return event.Sentence{
		ID: "JSON tidak sah pada bita ke-" + at + ": " + s.bad.say.ID,
		EN: "invalid JSON at byte " + at + ": " + s.bad.say.EN,
	}
}

// space skips white space inside a record.
func (s *scanner) space(i int) int {
	for i < len(s.data) && (s.data[i] == ' ' || s.data[i] == '\t' || s.data[i] == '\r') {
		i++
	}
	return i
}

// value reads any value. Objects and arrays become nested cells.
func (s *scanner) value(i, depth int) (cell, int) {
	if i >= len(s.data) {
		return 0, s.fail(i, "catatan terputus", "the record is cut off")
	}
	switch s.data[i] {
	case '"':
		return s.str(i)
	case '{', '[':
		return s.nest(i, depth)
	case 't':
		return s.word(i, "true", truth)
	case 'f':
		return s.word(i, "false", truth)
	case 'n':
		return s.word(i, "null", null)
	}
	return s.num(i)
}

func (s *scanner) word(i int, w string, k kind) (cell, int) {
	if len(s.data)-i < len(w) || string(s.data[i:i+len(w)]) != w {
		return 0, s.fail(i, "nilai tidak dikenal", "unknown value")
	}
	return newCell(k, i, i+len(w)) | plain, i + len(w)
}

// Patterns for looking at eight bytes at once.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// odd marks, by its high bit, each byte of w that is a control character, DEL or not ASCII. Marks
// above the lowest one may be false.
func odd(w uint64) uint64 { return ((w-ones*0x20)&^w | (w + ones) | w) & highs }

// equal marks each byte of w that is c. Marks above the lowest one may be false.
func equal(w uint64, c byte) uint64 {
	w ^= ones * uint64(c)
	return (w - ones) &^ w & highs
}

// str reads the string whose opening quote is at i.
func (s *scanner) str(i int) (cell, int) {
	start, d := i+1, s.data
	j := start
	for ; j+8 <= len(d); j += 8 {
		w := binary.LittleEndian.Uint64(d[j:])
		m := odd(w) | equal(w, '"') | equal(w, '\\')
		if m == 0 {
			continue
		}
		j += bits.TrailingZeros64(m) >> 3
		if d[j] == '"' {
			return newCell(text, start, j) | plain, j + 1
		}
		break
	}
	return s.strOdd(start, j)
}

// strOdd reads on from j in the string that starts at start.
func (s *scanner) strOdd(start, j int) (cell, int) {
	mark := plain
	for d := s.data; j < len(d); j++ {
		switch c := d[j]; {
		case c == '"':
			if mark == 0 && !utf8.Valid(d[start:j]) {
				return 0, s.fail(start, "teks bukan UTF-8", "text is not UTF-8")
			}
			return newCell(text, start, j) | mark, j + 1
		case c == '\\':
			return s.strEscaped(start, j)
		case c < ' ':
			return 0, s.fail(j, "karakter kendali di dalam teks", "control character inside text")
		case c >= 0x7f:
			mark = 0
		}
	}
	return 0, s.fail(j, "tanda kutip penutup tidak ada", "closing quote is missing")
}

// strEscaped reads on from the first backslash, at j, into the side buffer.
func (s *scanner) strEscaped(start, j int) (cell, int) {
	d, off := s.data, len(s.side)
	s.side = append(s.side, d[start:j]...)
	for j < len(d) {
		c := d[j]
		switch {
		case c == '"':
			if !utf8.Valid(s.side[off:]) {
				return 0, s.fail(start, "teks bukan UTF-8", "text is not UTF-8")
			}
			return newCell(text, off, len(s.side)) | aside, j + 1
		case c == '\\':
			if j = s.escape(j); j < 0 {
				return 0, j
			}
			continue
		case c < ' ':
			return 0, s.fail(j, "karakter kendali di dalam teks", "control character inside text")
		}
		s.side = append(s.side, c)
		j++
	}
	return 0, s.fail(j, "tanda kutip penutup tidak ada", "closing quote is missing")
}

// escape reads the escape at i into the side buffer.
func (s *scanner) escape(i int) int {
	if i+1 >= len(s.data) {
		return s.fail(i, "catatan terputus", "the record is cut off")
	}
	c := s.data[i+1]
	switch c {
	case '"', '\\', '/':
	case 'b':
		c = '\b'
	case 'f':
		c = '\f'
	case 'n':
		c = '\n'
	case 'r':
		c = '\r'
	case 't':
		c = '\t'
	case 'u':
		return s.unicode(i)
	default:
		return s.fail(i, "urutan \\ tidak dikenal", "unknown escape")
	}
	s.side = append(s.side, c)
	return i + 2
}

// unicode reads the \uXXXX at i, with its other half when it is a surrogate.
func (s *scanner) unicode(i int) int {
	r, ok := hex4(s.data, i)
	if !ok {
		return s.fail(i, "\\u tanpa empat angka heksadesimal", "\\u without four hexadecimal digits")
	}
	next := i + 6
	if utf16.IsSurrogate(r) {
		low, ok := hex4(s.data, next)
		if r = utf16.DecodeRune(r, low); !ok || r == utf8.RuneError {
			return s.fail(i, "separuh karakter (surrogate) tanpa pasangan", "lone surrogate")
		}
		next += 6
	}
	s.side = utf8.AppendRune(s.side, r)
	return next
}

// hex4 is the value of the \uXXXX at i.
func hex4(d []byte, i int) (r rune, ok bool) {
	if len(d)-i < 6 || d[i] != '\\' || d[i+1] != 'u' {
		return 0, false
	}
	for _, c := range d[i+2 : i+6] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// num reads a number by the grammar of RFC 8259, section 6.
func (s *scanner) num(i int) (cell, int) {
	d, j := s.data, i
	if j < len(d) && d[j] == '-' {
		j++
	}
	whole := digits(d, j)
	if whole == j || d[j] == '0' && whole > j+1 {
		return 0, s.fail(i, "nilai tidak dikenal", "unknown value")
	}
	j = whole
	if j < len(d) && d[j] == '.' {
		frac := digits(d, j+1)
		if frac == j+1 {
			return 0, s.fail(j, "angka di belakang titik tidak ada", "no digits after the point")
		}
		j = frac
	}
	if j < len(d) && d[j]|0x20 == 'e' {
		k := j + 1
		if k < len(d) && (d[k] == '+' || d[k] == '-') {
			k++
		}
		if j = digits(d, k); j == k {
			return 0, s.fail(k, "pangkat tidak ada", "no digits in the exponent")
		}
	}
	return newCell(number, i, j) | plain, j
}

// digits returns the position after the digits at i.
func digits(d []byte, i int) int {
	for i < len(d) && d[i]-'0' < 10 {
		i++
	}
	return i
}

// nest reads the object or array at i and checks that it is one.
func (s *scanner) nest(i, depth int) (cell, int) {
	if depth >= maxDepth {
		return 0, s.fail(i, "bersarang terlalu dalam", "nested too deep")
	}
	object, side := s.data[i] == '{', len(s.side)
	defer func() { s.side = s.side[:side] }() // what was unescaped on the way is of no use
	end := byte(']')
	if object {
		end = '}'
	}
	j := s.space(i + 1)
	if j < len(s.data) && s.data[j] == end {
		return newCell(nested, i, j+1), j + 1
	}
	for {
		if object {
			if j = s.name(j); j < 0 {
				return 0, j
			}
		}
		if _, j = s.value(j, depth+1); j < 0 {
			return 0, j
		}
		more := false
		if j, more = s.comma(j, end); j < 0 {
			return 0, j
		} else if !more {
			return newCell(nested, i, j), j
		}
	}
}

// name skips a member's name and colon.
func (s *scanner) name(i int) int {
	if i >= len(s.data) || s.data[i] != '"' {
		return s.fail(i, "nama kolom berkutip diharapkan", "a quoted name is expected")
	}
	if _, i = s.str(i); i < 0 {
		return i
	}
	return s.colon(i)
}

// colon reads the colon at i and the white space around it.
func (s *scanner) colon(i int) int {
	if i = s.space(i); i >= len(s.data) || s.data[i] != ':' {
		return s.fail(i, "titik dua diharapkan", "a colon is expected")
	}
	return s.space(i + 1)
}

// comma reads what follows a value: a comma, then more is true and the next item is at the position
// returned; or end, and the position is behind it.
func (s *scanner) comma(i int, end byte) (next int, more bool) {
	i = s.space(i)
	switch {
	case i < len(s.data) && s.data[i] == ',':
		return s.space(i + 1), true
	case i < len(s.data) && s.data[i] == end:
		return i + 1, false
	}
	return s.fail(i, "koma atau '"+string(end)+"' diharapkan", "a comma or '"+string(end)+"' is expected"), false
}
