package file

import (
	"errors"
	"io"
	"os"
	"slices"

	"satudata/ingest/event"
)

// maxPlaces is how many batches are remembered, for a file of 32 GiB. Of a file with more, as one
// of which every second line is empty, none are.
const maxPlaces = 1 << 16

// places gathers where the batches of a text are stored, while it is inspected.
type places struct {
	d     *delivery
	text  *textCutter // nil when they cannot be told
	found []place
}

// place is where the records of a batch are stored.
type place struct {
	at    int64
	n     int
	rows  int
	first int64
}

// newPlaces gathers what c cuts, when it is a text that is neither packed nor transcoded.
func newPlaces(d *delivery, c cutter) *places {
	text, ok := c.(*textCutter)
	if !ok || d.origin.packed || *d.set != utf8Text {
		return &places{}
	}
	return &places{d: d, text: text}
}

func (p *places) add(b batch) {
	if p.text == nil {
		return
	}
	if p.text.in.altered || len(p.found) == maxPlaces {
		p.text, p.found = nil, nil
		return
	}
	p.found = append(p.found, place{at: b.at, n: len(b.data) - b.head, rows: b.rows, first: b.first})
}

// done returns what reads the batches again, or nil.
func (p *places) done() *again {
	if p.text == nil || p.text.in.altered {
		return nil
	}
	return &again{file: p.d.origin.file, form: p.text.format(), head: p.text.head, places: p.found}
}

// again is a cutter that reads batches where inspection has found them: text that is stored as it is
// handed out, whose line ends are LF.
type again struct {
	file   *os.File
	form   event.Format
	head   []byte
	places []place // that were not read yet
	out    []byte
	spare  []byte // for the next out
}

func (a *again) format() event.Format { return a.form }

func (a *again) next() (b batch, err error) {
	a.out, a.spare = a.spare, a.out
	a.out, b, err = a.append(a.out[:0])
	return b, err
}

// append reads the next batch behind to. A file that is shorter than it was is io.EOF before the end.
func (a *again) append(to []byte) ([]byte, batch, error) {
	if len(a.places) == 0 {
		return to, batch{}, io.EOF
	}
	p, from := a.places[0], len(to)
	to = append(to, a.head...)
	to = slices.Grow(to, p.n)[:len(to)+p.n]
	records := to[len(to)-p.n:]
	switch n, err := a.file.ReadAt(records, p.at); {
	case errors.Is(err, io.EOF) && n == p.n-1 && len(a.places) == 1:
		records[n] = '\n' // the last line has none
	case err != nil:
		return to[:from], batch{}, err
	}
	a.places = a.places[1:]
	return to, batch{data: to[from:], head: len(a.head), first: p.first, rows: p.rows}, nil
}
