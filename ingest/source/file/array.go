package file

import (
	"bytes"
	"errors"
	"io"

	"satudata/ingest/event"
)

// maxDepth is how deeply the values of a JSON array may nest.
const maxDepth = 512

// arrayCutter cuts a JSON array into one element per line, without the white space between tokens.
// It finds where elements begin and end and checks that brackets match; whether what is between
// them is sound is for whoever decodes it, record by record. Rows are elements, counted from 1.
type arrayCutter struct {
	in    *input
	max   int
	out   []byte // elements, each with LF
	spare []byte // for the next out
	carry []byte // the element that did not fit in the batch before
	depth []byte // the brackets that are open
	row   int64  // elements handed out
	begun bool
	done  bool
}

func newArray(in *input, max int) (*arrayCutter, error) {
	t, err := firstText(in)
	if err != nil {
		return nil, err
	}
	switch t[0] {
	case '[':
	case '{':
		return nil, refuse("berkas ini dimulai dengan objek JSON, bukan larik; bila tiap baris satu objek, nyatakan `type: ndjson`; bila lariknya ada di dalam objek, kirim larik itu saja",
			"this file begins with a JSON object, not an array; if every line is one object, declare `type: ndjson`; if the array is inside the object, deliver only the array")
	default:
		return nil, refuse("berkas ini bukan larik JSON: dimulai dengan %q", "this file is not a JSON array: it begins with %q", t[:1])
	}
	a := &arrayCutter{in: in, max: max}
	if _, err := a.token(); err != nil {
		return nil, err
	}
	in.take(1) // the bracket
	return a, nil
}

func (a *arrayCutter) format() event.Format { return event.Format{Type: event.ContentTypeNDJSON} }

func (a *arrayCutter) next() (batch, error) {
	b := batch{first: a.row + 1}
	a.out, a.spare = append(a.spare[:0], a.carry...), a.out
	if len(a.carry) > 0 {
		b.rows, a.carry = 1, a.carry[:0]
	}
	for len(a.out) < a.max {
		whole := len(a.out)
		if err := a.element(b.first + int64(b.rows)); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return b, err
		}
		if len(a.out) > a.max && b.rows > 0 {
			a.carry = append(a.carry, a.out[whole:]...)
			a.out = a.out[:whole]
			break
		}
		b.rows++
	}
	b.data = a.out
	a.row += int64(b.rows)
	if b.rows == 0 {
		return b, io.EOF
	}
	return b, nil
}

// element appends the next element of the array to out. After the last one it checks that nothing
// follows the array, and returns io.EOF.
func (a *arrayCutter) element(row int64) error {
	if a.done {
		return io.EOF
	}
	c, err := a.token()
	if err != nil {
		return err
	}
	if c == ']' {
		a.in.take(1)
		a.done = true
		return a.nothingFollows()
	}
	if a.begun {
		if c != ',' {
			return a.broken(row)
		}
		a.in.take(1)
		if c, err = a.token(); err != nil {
			return err
		}
	}
	a.begun = true
	if c == ',' || c == ']' || c == '}' || c == ':' {
		return a.broken(row)
	}
	if err := a.value(row); err != nil {
		return err
	}
	a.out = append(a.out, '\n')
	return nil
}

// token skips white space and returns the byte behind it, which is not taken.
func (a *arrayCutter) token() (byte, error) {
	for {
		t, err := a.in.peek(1)
		if err != nil {
			return 0, err
		}
		if len(t) == 0 {
			return 0, a.truncated()
		}
		n := 0
		for n < len(t) && class[t[n]] == space {
			n++
		}
		a.in.take(n)
		if n < len(t) {
			return t[n], nil
		}
	}
}

func (a *arrayCutter) nothingFollows() error {
	t, err := a.in.peek(4096)
	if err != nil {
		return err
	}
	if len(bytes.TrimLeft(t, " \t\r\n")) > 0 {
		return refuse("setelah larik JSON berakhir masih ada isi lain", "something else follows after the JSON array")
	}
	return io.EOF
}

func (a *arrayCutter) broken(row int64) error {
	return refuse("susunan larik JSON rusak pada elemen ke-%d", "the JSON array is malformed at element %d", row)
}

func (a *arrayCutter) truncated() error {
	return refuse("larik JSON terpotong: berkas berakhir sebelum larik ditutup", "the JSON array is cut short: the file ends before the array closes")
}

// Classes of bytes outside strings.
const (
	other byte = iota
	space
	quote
	opens
	closes
	comma
)

var class = [256]byte{' ': space, '\t': space, '\r': space, '\n': space, '"': quote,
	'{': opens, '[': opens, '}': closes, ']': closes, ',': comma}

// value appends a value, up to the comma or bracket behind it, to out.
func (a *arrayCutter) value(row int64) error {
	a.depth = a.depth[:0]
	limit := len(a.out) + maxRecord
	for {
		t, err := a.in.peek(1)
		if err != nil {
			return err
		}
		if len(t) == 0 {
			return a.truncated()
		}
		n, end, err := a.tokens(t, row)
		if err != nil {
			return err
		}
		a.in.take(n)
		if end {
			return nil
		}
		if len(a.out) > limit {
			return refuse("elemen ke-%d lebih panjang dari %d MiB; periksa tanda kutip yang tidak ditutup, atau bagi rekamannya", "element %d is longer than %d MiB: look for a quote that is not closed, or divide the record", row, maxRecord>>20)
		}
		if n < len(t) { // a string begins
			if err := a.text(row, limit); err != nil {
				return err
			}
		}
	}
}

// tokens appends what t holds up to the end of the value or of t, or to a string that t does not
// hold whole.
func (a *arrayCutter) tokens(t []byte, row int64) (n int, end bool, err error) {
	from := 0 // what was not appended yet
	for i := 0; i < len(t); i++ {
		switch class[t[i]] {
		case space:
			a.out = append(a.out, t[from:i]...)
			from = i + 1
		case quote:
			n := stringEnd(t[i+1:])
			if n < 0 {
				a.out = append(a.out, t[from:i]...)
				return i, false, nil
			}
			i += n
		case opens:
			if a.depth = append(a.depth, t[i]+2); len(a.depth) > maxDepth { // '{'+2 is '}', '['+2 is ']'
				return 0, false, a.broken(row)
			}
		case closes:
			if len(a.depth) == 0 {
				a.out = append(a.out, t[from:i]...)
				return i, true, nil
			}
			if a.depth[len(a.depth)-1] != t[i] {
				return 0, false, a.broken(row)
			}
			if a.depth = a.depth[:len(a.depth)-1]; len(a.depth) == 0 {
				a.out = append(a.out, t[from:i+1]...)
				return i + 1, true, nil
			}
		case comma:
			if len(a.depth) == 0 {
				a.out = append(a.out, t[from:i]...)
				return i, true, nil
			}
		}
	}
	a.out = append(a.out, t[from:]...)
	return len(t), false, nil
}

// stringEnd returns how many bytes of t belong to the string whose opening quote is before t, or -1
// when it does not end in t or holds a raw line end.
func stringEnd(t []byte) int {
	for at := 0; ; {
		n := bytes.IndexByte(t[at:], '"')
		if n < 0 || bytes.IndexByte(t[at:at+n], '\n') >= 0 {
			return -1
		}
		back := at + n
		for back > 0 && t[back-1] == '\\' {
			back--
		}
		at += n + 1
		if (at-1-back)%2 == 0 {
			return at
		}
	}
}

// text appends the string that comes next, byte by byte: it goes on in the next block, or holds a
// line end, which JSON does not allow there and which would tear the record apart.
func (a *arrayCutter) text(row int64, limit int) error {
	escaped := false
	for i := 0; ; i++ {
		t, err := a.in.peek(1)
		if err != nil {
			return err
		}
		if len(t) == 0 {
			return a.truncated()
		}
		a.in.take(1)
		if c := t[0]; c == '\n' {
			a.out = append(a.out, `\n`...)
		} else {
			a.out = append(a.out, c)
		}
		switch {
		case escaped:
			escaped = false
		case t[0] == '\\':
			escaped = true
		case t[0] == '"' && i > 0:
			return nil
		}
		if len(a.out) > limit {
			return refuse("elemen ke-%d lebih panjang dari %d MiB; periksa tanda kutip yang tidak ditutup, atau bagi rekamannya", "element %d is longer than %d MiB: look for a quote that is not closed, or divide the record", row, maxRecord>>20)
		}
	}
}
