package file

import (
	"bytes"
	"errors"
	"io"
)

const (
	blockSize = 64 << 10 // bytes asked of the reader at a time, at least
	maxRecord = 8 << 20  // a longer record is refused: the file is not what it says, and no log takes it
)

// input is a text read in blocks. Line ends become one LF, and the last line gets one when it has
// none, so that a text is the same text however it was stored. Which byte sequences end a line is
// decided by the first one: where it is LF or CR LF, a lone CR further on is data (it would tear a
// record apart); where it is a lone CR, as old Macintosh programs write, every CR ends a line. CR
// CR LF, which programs make that convert line ends twice, counts as one line end.
type input struct {
	r    io.Reader
	raw  bool // leave line ends alone: in JSON they are white space
	buf  []byte
	pos  int  // buf[pos:end] is text that was not taken yet
	end  int  //
	read int  // buf[end:read] are CRs whose meaning the next byte decides
	eol  byte // LF, CR, or 0 before the first line end
	err  error
	last bool // the end was read

	at      int64 // place of pos in what r gave, as long as that was not altered
	altered bool  // there was a CR
}

// newInput reads r, which begins at a place of what is stored.
func newInput(r io.Reader, at int64, raw bool) *input {
	return &input{r: r, at: at, raw: raw, buf: make([]byte, 2*blockSize)}
}

// peek returns text that was not taken yet: at least n bytes unless the end comes first, where it
// may return none. It is valid until the next call.
func (in *input) peek(n int) ([]byte, error) {
	for in.end-in.pos < n {
		if err := in.more(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
	}
	return in.buf[in.pos:in.end], nil
}

// take drops n bytes that peek returned.
func (in *input) take(n int) {
	in.pos += n
	in.at += int64(n)
}

// whole says whether the text that was read reaches to the end.
func (in *input) whole() bool { return in.last }

// more reads a block. After the last one it returns io.EOF.
func (in *input) more() error {
	if in.err != nil {
		return in.err
	}
	in.makeRoom()
	var n int
	for try := 0; n == 0 && in.err == nil; try++ {
		if try == 100 {
			in.err = io.ErrNoProgress
			break
		}
		n, in.err = in.r.Read(in.buf[in.read : len(in.buf)-1]) // one byte is kept for a final LF
	}
	in.read += n
	in.last = errors.Is(in.err, io.EOF)
	if in.err != nil && !in.last {
		return in.err
	}
	before := in.end
	in.settle()
	if in.last && in.end == before {
		return io.EOF
	}
	return nil
}

// makeRoom makes space for a block behind what was read.
func (in *input) makeRoom() {
	if len(in.buf)-in.read > blockSize {
		return
	}
	if in.pos > 0 {
		copy(in.buf, in.buf[in.pos:in.read])
		in.end -= in.pos
		in.read -= in.pos
		in.pos = 0
	}
	if len(in.buf)-in.read <= blockSize {
		grown := make([]byte, 2*len(in.buf))
		copy(grown, in.buf[:in.read])
		in.buf = grown
	}
}

// settle makes text of the bytes behind end.
func (in *input) settle() {
	fresh := in.buf[in.end:in.read]
	switch {
	case in.raw:
		in.end = in.read
		return
	case bytes.IndexByte(fresh, '\r') >= 0:
		in.unifyLineEnds()
	default:
		if in.eol == 0 && bytes.IndexByte(fresh, '\n') >= 0 {
			in.eol = '\n'
		}
		in.end = in.read
	}
	if in.last && in.end > in.pos && in.buf[in.end-1] != '\n' {
		in.buf[in.end] = '\n'
		in.end++
		in.read = in.end
	}
}

// unifyLineEnds closes up buf[end:read] in place.
func (in *input) unifyLineEnds() {
	in.altered = true
	from, to := in.end, in.end // read there, write here
	for {
		n := bytes.IndexByte(in.buf[from:in.read], '\r')
		if n < 0 {
			n = in.read - from
		}
		if in.eol == 0 && bytes.IndexByte(in.buf[from:from+n], '\n') >= 0 {
			in.eol = '\n'
		}
		if from != to {
			copy(in.buf[to:], in.buf[from:from+n])
		}
		from, to = from+n, to+n
		if from == in.read {
			in.end, in.read = to, to
			return
		}
		run := from
		for run < in.read && in.buf[run] == '\r' {
			run++
		}
		if run == in.read && !in.last {
			in.end, in.read = to, to+copy(in.buf[to:], in.buf[from:run])
			return
		}
		to += in.lineEnd(in.buf[to:], run-from, run == in.read || in.buf[run] == '\n')
		if from = run; from < in.read && in.buf[from] == '\n' {
			from++
		}
	}
}

// lineEnd writes what a run of CRs stands for, and how many bytes that takes. ends says that an LF
// or the end of the text follows.
func (in *input) lineEnd(to []byte, run int, ends bool) int {
	if in.eol == 0 {
		in.eol = '\r'
		if ends {
			in.eol = '\n'
		}
	}
	switch {
	case in.eol == '\r': // an LF behind the run belongs to its last CR
		for i := range run {
			to[i] = '\n'
		}
		return run
	case ends:
		to[0] = '\n'
		return 1
	}
	for i := range run {
		to[i] = '\r'
	}
	return run
}

// text returns what peek returned last, less what was taken since.
func (in *input) text() []byte { return in.buf[in.pos:in.end] }
