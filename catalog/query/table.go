package query

import (
	"bufio"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

const (
	sampleRows = 500 // rows whose values decide how wide the columns are
	maxWidth   = 48  // characters of a value that are shown
	nullMark   = "∅"
)

// tableWriter writes [Table]. The first rows are kept until the widths are known; a later value
// that is wider than its column pushes the rest of its row aside.
type tableWriter struct {
	w       *bufio.Writer
	names   []string
	numeric []bool
	widths  []int
	rows    [][]string // kept, until printing
	printed bool
	cell    []byte
}

func newTableWriter(w *bufio.Writer, r *Result) *tableWriter {
	t := &tableWriter{w: w}
	for _, f := range r.Schema().Fields() {
		name := shown([]byte(f.Name))
		t.names = append(t.names, name)
		t.numeric = append(t.numeric, isNumeric(f.Type))
		t.widths = append(t.widths, utf8.RuneCountInString(name))
	}
	return t
}

func isNumeric(t arrow.DataType) bool {
	return arrow.IsInteger(t.ID()) || arrow.IsFloating(t.ID()) || arrow.IsDecimal(t.ID())
}

func (t *tableWriter) write(r *Result) error {
	batch := r.Batch()
	columns := make([]render, batch.NumCols())
	for i, a := range batch.Columns() {
		columns[i] = texts(a, r.zone)
	}
	for row := range int(batch.NumRows()) {
		cells := make([]string, len(columns))
		for i, column := range columns {
			cells[i] = nullMark
			if !isNull(batch.Column(i), row) {
				t.cell = column(t.cell[:0], row)
				cells[i] = shown(t.cell)
			}
		}
		if err := t.add(cells); err != nil {
			return err
		}
	}
	return nil
}

func (t *tableWriter) add(cells []string) error {
	if t.printed {
		return t.line(cells)
	}
	for i, c := range cells {
		t.widths[i] = max(t.widths[i], utf8.RuneCountInString(c))
	}
	t.rows = append(t.rows, cells)
	if len(t.rows) < sampleRows {
		return nil
	}
	return t.print()
}

// print writes the header and the kept rows.
func (t *tableWriter) print() error {
	t.printed = true
	if err := t.line(t.names); err != nil {
		return err
	}
	rules := make([]string, len(t.widths))
	for i, width := range t.widths {
		rules[i] = strings.Repeat("-", width+2)
	}
	if _, err := t.w.WriteString(strings.Join(rules, "+") + "\n"); err != nil {
		return err
	}
	for _, cells := range t.rows {
		if err := t.line(cells); err != nil {
			return err
		}
	}
	t.rows = nil
	return nil
}

// line writes one row: " text | number", without spaces at its end.
func (t *tableWriter) line(cells []string) error {
	var b strings.Builder
	for i, c := range cells {
		if i > 0 {
			b.WriteString(" |")
		}
		pad := strings.Repeat(" ", max(0, t.widths[i]-utf8.RuneCountInString(c)))
		if t.numeric[i] {
			b.WriteString(" " + pad + c)
		} else {
			b.WriteString(" " + c + pad)
		}
	}
	_, err := t.w.WriteString(strings.TrimRight(b.String(), " ") + "\n")
	return err
}

func (t *tableWriter) close(r *Result) error {
	if !t.printed {
		if err := t.print(); err != nil {
			return err
		}
	}
	_, err := t.w.WriteString(footer(r))
	return err
}

func footer(r *Result) string {
	if r.Truncated() {
		return fmt.Sprintf("(%s baris pertama; masih ada lagi)\n", thousands(r.Rows()))
	}
	return fmt.Sprintf("(%s baris)\n", thousands(r.Rows()))
}

// thousands writes a count as Indonesian does: 1.234.567.
func thousands(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "." + digits[i:]
	}
	return digits
}

// shown makes a value fit for a terminal: one line of at most maxWidth characters, without the
// control and direction characters by which data could forge or hide what is on the screen.
func shown(value []byte) string {
	var b strings.Builder
	n := 0
	for len(value) > 0 {
		r, size := utf8.DecodeRune(value)
		value = value[size:]
		if n++; n == maxWidth && len(value) > 0 {
			b.WriteRune('…')
			break
		}
		b.WriteRune(printable(r))
	}
	return b.String()
}

func printable(r rune) rune {
	switch {
	case unicode.IsSpace(r):
		return ' '
	case !unicode.IsPrint(r):
		return '·'
	}
	return r
}

// planWriter writes the answer of EXPLAIN, which DuckDB has drawn already.
type planWriter struct{ w *bufio.Writer }

func (p *planWriter) write(r *Result) error {
	text, ok := r.Batch().Column(int(r.Batch().NumCols()) - 1).(*array.String)
	if !ok {
		return fmt.Errorf("plan is %s", r.Schema())
	}
	for i := range text.Len() {
		plan := strings.Map(func(c rune) rune {
			if c == '\n' {
				return c
			}
			return printable(c)
		}, text.Value(i))
		if _, err := p.w.WriteString(plan); err != nil {
			return err
		}
	}
	return nil
}

func (p *planWriter) close(*Result) error { return nil }
