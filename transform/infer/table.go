package infer

import (
	"strconv"
	"strings"

	"satudata/schemas"
	"satudata/transform/normalize"
)

// table is what was seen of the files, column by column.
type table struct {
	format  schemas.Format
	columns []*column
	rows    int
	numbers []int64 // source row of each row
	aside   []bool  // rows that are printed totals
}

// column is one column of the source, or of the table after unpivoting.
type column struct {
	at      int      // position in the source from 0; -1 for what unpivoting makes
	from    string   // as a binding names it: its title, or "#3"
	title   string   // for people, "" where it has none
	headers []string // text in each header row, merged cells repeated
	texts   []string // distinct, trimmed; texts[0] is the empty one
	typed   []bool   // was a JSON number or truth value; one text may be there twice
	codes   []int32  // per row, index into texts
	index   map[text]int32
	deep    bool // held JSON objects or arrays
}

type text struct {
	s     string
	typed bool
}

func newColumn(at int) *column {
	return &column{at: at, texts: []string{""}, typed: []bool{false}, index: map[text]int32{{}: 0}}
}

// add appends the cell of the next row.
func (c *column) add(s string, typed bool) {
	t := text{strings.TrimSpace(strings.Trim(s, "\uFEFF\u200B")), typed}
	code, ok := c.index[t]
	if !ok {
		code = int32(len(c.texts))
		t.s = strings.Clone(t.s)
		c.index[t] = code
		c.texts, c.typed = append(c.texts, t.s), append(c.typed, typed)
	}
	c.codes = append(c.codes, code)
}

// fill appends empty cells up to rows.
func (c *column) fill(rows int) {
	for len(c.codes) < rows {
		c.codes = append(c.codes, 0)
	}
}

func (c *column) cell(row int) string { return c.texts[c.codes[row]] }

// label is what a report calls the column.
func (c *column) label() string {
	if c.title != "" {
		return c.title
	}
	return c.from
}

// counts is how often each distinct text stands in the rows that keep lets through.
func (c *column) counts(skip []bool) []int {
	n := make([]int, len(c.texts))
	for row, code := range c.codes {
		if skip == nil || !skip[row] {
			n[code]++
		}
	}
	return n
}

// add appends a record to the table.
func (t *table) add(r normalize.Record, row int64, byName map[string]*column) {
	for i, cell := range r.Cells {
		var c *column
		switch {
		case r.Names != nil:
			c = byName[r.Names[i]]
			if c == nil {
				c = newColumn(len(t.columns))
				c.title, c.from = r.Names[i], r.Names[i]
				c.headers = []string{c.title}
				byName[r.Names[i]] = c
				t.columns = append(t.columns, c)
			}
		case i < len(t.columns):
			c = t.columns[i]
		default:
			continue // more cells than the header has: such a row is rejected
		}
		if c.fill(t.rows); len(c.codes) > t.rows {
			continue // the same name twice: such a record is rejected
		}
		c.deep = c.deep || cell.Deep
		c.add(cell.Text, cell.Typed)
	}
	t.rows++
	t.numbers = append(t.numbers, row)
	for _, c := range t.columns {
		c.fill(t.rows)
	}
}

// head gives the table its columns from header rows.
func (t *table) head(titles [][]string) {
	width := 0
	for _, row := range titles {
		width = max(width, len(row))
	}
	last := titles[len(titles)-1]
	times := map[string]int{}
	for _, s := range last {
		times[schemas.Fold(s)]++
	}
	for at := range width {
		c := newColumn(at)
		c.from = "#" + strconv.Itoa(at+1)
		for _, row := range titles {
			s := ""
			if at < len(row) {
				s = strings.TrimSpace(row[at])
			}
			c.headers = append(c.headers, s)
			if s != "" {
				c.title = s
			}
		}
		if name := c.headers[len(c.headers)-1]; name != "" && at < len(last) && times[schemas.Fold(name)] == 1 && !strings.HasPrefix(name, "#") && len(titles) == 1 {
			c.from = name
		}
		t.columns = append(t.columns, c)
	}
}
