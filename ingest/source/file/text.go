package file

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"satudata/ingest/event"
	"satudata/schemas"
)

// maxStrays is how many stray quotes a file may have. Each is looked for up to maxRecord ahead, and
// a file with more does not use quotes as CSV does.
const maxStrays = 1000

// batch is what a cutter cuts: header lines, then whole records.
type batch struct {
	data  []byte
	head  int   // bytes of header lines at the start of data
	first int64 // row of the first record
	rows  int
	at    int64 // place of the first record in what is stored, where that is known
}

// cutter cuts a file into batches. A *source.Refusal without subject says why the file as a whole
// cannot be taken.
type cutter interface {
	format() event.Format
	next() (batch, error) // io.EOF after the last; the batch is valid until the next call but one
}

// textCutter cuts CSV and NDJSON on record boundaries. Batches end where empty lines are, so that a
// record's row is always the batch's first row and its place in the batch added up.
type textCutter struct {
	in     *input
	csv    *dialect // nil: one record per line
	head   []byte
	heads  int
	max    int
	row    int64 // rows taken, as a spreadsheet counts them
	out    []byte
	spare  []byte  // for the next out
	ahead  measure // of the record that comes next, when it was measured
	strays int
}

// newNDJSON cuts text into lines.
func newNDJSON(in *input, max int) (*textCutter, error) {
	t, err := firstText(in)
	if err != nil {
		return nil, err
	}
	if t[0] == '[' {
		return nil, refuse("berkas ini satu larik JSON, bukan satu objek per baris; nyatakan `type: json` di binding",
			"this file is one JSON array, not one object per line; declare `type: json` in the binding")
	}
	return &textCutter{in: in, max: max}, nil
}

// newCSV reads the rows above the records.
func newCSV(in *input, f schemas.Format, max int) (*textCutter, error) {
	if _, err := firstText(in); err != nil {
		return nil, err
	}
	c := &textCutter{in: in, csv: &dialect{delim: delimiter(f)}, max: max, heads: headers(f)}
	if err := c.chooseDelimiter(f); err != nil {
		return nil, err
	}
	for range f.Skip {
		if _, _, err := c.header(); err != nil {
			return nil, c.noHeader(err, f)
		}
	}
	for range c.heads {
		var line []byte
		for len(line) <= 1 { // empty lines are never header rows
			var stray bool
			var err error
			if line, stray, err = c.header(); err != nil {
				return nil, c.noHeader(err, f)
			}
			if stray {
				return nil, refuse("tanda kutip (\") di baris kepala tabel %d dibuka tetapi tidak ditutup",
					"the quote (\") in header row %d opens and does not close", c.row)
			}
		}
		c.csv.columns = c.csv.fields(line)
		c.head = append(c.head, line...)
	}
	if len(c.head) > max/2 {
		return nil, refuse("kepala tabel terlalu panjang: %d byte; periksa pembatas kolom dan jumlah baris kepala",
			"the header is too long: %d bytes; check the delimiter and the number of header rows", len(c.head))
	}
	return c, nil
}

func (c *textCutter) format() event.Format {
	if c.csv == nil {
		return event.Format{Type: event.ContentTypeNDJSON}
	}
	return event.Format{Type: event.ContentTypeCSV, Delimiter: c.csv.delim, Headers: c.heads}
}

// noHeader turns the end of the text among the header rows into a refusal.
func (c *textCutter) noHeader(err error, f schemas.Format) error {
	if !errors.Is(err, io.EOF) {
		return err
	}
	return refuseFewRows(c.row, f)
}

// header takes a row above the records, an empty one too.
func (c *textCutter) header() (line []byte, stray bool, err error) {
	m := measure{n: 1}
	t, err := c.in.peek(1)
	if err != nil {
		return nil, false, err
	}
	if len(t) == 0 {
		return nil, false, io.EOF
	}
	if t[0] != '\n' {
		if m, err = c.record(); err != nil {
			return nil, false, err
		}
	}
	line = bytes.Clone(c.in.text()[:m.n])
	c.advance(m.n, 1)
	return line, m.stray, nil
}

// next cuts as many consecutive records as fit.
func (c *textCutter) next() (batch, error) {
	b := batch{head: len(c.head), first: c.row + 1}
	c.out, c.spare = append(c.spare[:0], c.head...), c.out
	for {
		room := c.max - len(c.out)
		t, err := c.in.peek(max(room, 1))
		if err != nil {
			return b, err
		}
		if len(t) == 0 {
			break
		}
		if t[0] == '\n' {
			if b.rows > 0 {
				break
			}
			c.advance(1, 1)
			b.first++
			continue
		}
		if b.rows == 0 {
			b.at = c.in.at
		}
		n, rows := c.plain(t[:min(len(t), max(room, 0))])
		alone := false
		if rows == 0 {
			m, err := c.record()
			if err != nil {
				return b, err
			}
			if alone = m.stray || m.n > room; alone && b.rows > 0 {
				break
			}
			n, rows = m.n, 1
			c.count(m)
		}
		c.out = append(c.out, c.in.text()[:n]...)
		c.advance(n, rows)
		b.rows += rows
		if alone {
			break
		}
	}
	b.data = c.out
	if b.rows == 0 {
		return b, io.EOF
	}
	if c.strays > maxStrays {
		return b, refuse("lebih dari %d tanda kutip (\") dibuka tanpa ditutup, sampai baris %d; tulis kutip di dalam teks sebagai dua kutip (\"\")",
			"more than %d quotes (\") open without closing, up to row %d; write quotes inside texts as two quotes (\"\")", maxStrays, c.row)
	}
	return b, nil
}

func (c *textCutter) count(m measure) {
	if m.stray {
		c.strays++
	}
}

// advance takes n bytes that are rows rows.
func (c *textCutter) advance(n, rows int) {
	c.in.take(n)
	c.row += int64(rows)
	c.ahead = measure{}
}

// plain measures the records at the start of t that need no look at their fields: no quotes, no
// empty line between them.
func (c *textCutter) plain(t []byte) (n, rows int) {
	if c.csv != nil {
		if q := bytes.IndexByte(t, '"'); q >= 0 {
			t = t[:q]
		}
	}
	if gap := bytes.Index(t, []byte("\n\n")); gap >= 0 {
		t = t[:gap+1]
	}
	n = bytes.LastIndexByte(t, '\n') + 1
	return n, bytes.Count(t[:n], []byte{'\n'})
}

// record measures the record that comes next. There is one.
func (c *textCutter) record() (measure, error) {
	for want := blockSize / 4; c.ahead.n == 0; want *= 2 {
		t, err := c.in.peek(want)
		if err != nil {
			return measure{}, err
		}
		if c.csv != nil {
			c.ahead = c.csv.measure(t, c.in.whole())
		} else {
			c.ahead.n = bytes.IndexByte(t, '\n') + 1
		}
		if c.ahead.n == 0 && len(t) >= maxRecord || c.ahead.n > maxRecord {
			return measure{}, refuse("baris %d lebih panjang dari %d MiB; periksa tanda kutip yang tidak ditutup, atau bagi rekamannya", "row %d is longer than %d MiB: look for a quote that is not closed, or divide the record", c.row+1, maxRecord>>20)
		}
	}
	return c.ahead, nil
}

// delimiters are what is looked for in a header, the likeliest first.
var delimiters = []byte{',', ';', '\t', '|'}

// chooseDelimiter reads Excel's "sep=;" line, and takes the delimiter that the last header row
// holds most of when the binding does not name one.
func (c *textCutter) chooseDelimiter(f schemas.Format) error {
	t, err := c.in.peek(blockSize)
	if err != nil {
		return err
	}
	if len(t) >= 6 && bytes.EqualFold(t[:4], []byte("sep=")) && t[5] == '\n' {
		c.in.take(6) // a spreadsheet does not show it, so it is not a row
		if c.csv.delim == 0 {
			c.csv.delim = t[4]
		}
		return nil
	}
	if c.csv.delim != 0 {
		return nil
	}
	c.csv.delim = delimiters[0]
	most := 1
	for _, delim := range delimiters {
		if n := (dialect{delim: delim}).headerFields(t, c.in.whole(), f.Skip, c.heads); n > most {
			c.csv.delim, most = delim, n
		}
	}
	return nil
}

// headerFields counts the fields of the last header row at the start of t.
func (d dialect) headerFields(t []byte, final bool, skip, heads int) int {
	n := 0
	for heads > 0 && len(t) > 0 {
		empty := t[0] == '\n'
		m := measure{n: 1}
		if !empty {
			m = d.measure(t, final)
		}
		if m.n == 0 {
			return 0
		}
		switch {
		case skip > 0:
			skip--
		case !empty:
			n = d.fields(t[:m.n])
			heads--
		}
		t = t[m.n:]
	}
	return n
}

// firstText returns the start of the text, or a refusal when there is none or it is a web page.
func firstText(in *input) ([]byte, error) {
	for n := 4096; ; n *= 2 {
		t, err := in.peek(n)
		if err != nil {
			return nil, err
		}
		if text := bytes.TrimLeft(t, " \t\r\n"); len(text) > 0 {
			return text, refusePage(text)
		}
		if in.whole() || n > maxRecord {
			return nil, refuse("berkas kosong; ekspor ulang dari aplikasinya, lalu kirim lagi", "the file is empty: export it anew and deliver it again")
		}
	}
}

// headers is the number of header rows.
func headers(f schemas.Format) int { return max(f.Headers, 1) }

// delimiter is the declared delimiter, 0 for none.
func delimiter(f schemas.Format) byte {
	switch f.Delimiter {
	case "":
		return 0
	case "tab", "TAB", `\t`:
		return '\t'
	}
	return f.Delimiter[0]
}

// checkFormat reports settings that cannot be meant.
func checkFormat(f schemas.Format) error {
	if d := delimiter(f); d == '"' || d == '\n' || d == '\r' || d >= 0x80 || len(f.Delimiter) > 1 && d != '\t' {
		return fmt.Errorf("delimiter is %q, want one ASCII character or \"tab\"", f.Delimiter)
	}
	if f.Headers < 0 || f.Headers > 100 || f.Skip < 0 {
		return fmt.Errorf("headers is %d and skip is %d, want up to 100 header rows behind any number of skipped ones", f.Headers, f.Skip)
	}
	if _, err := parseEncoding(f.Encoding); err != nil {
		return err
	}
	switch f.Type {
	case "", typeCSV, typeNDJSON, typeJSON, typeXLSX:
		return nil
	}
	return fmt.Errorf("format type is %q, want csv, ndjson, json or xlsx", f.Type)
}
