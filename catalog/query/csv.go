package query

import (
	"bufio"
	"bytes"
)

// csvWriter writes CSV, see [CSV].
type csvWriter struct {
	w    *bufio.Writer
	line []byte
	cell []byte
}

func newCSVWriter(w *bufio.Writer, r *Result) *csvWriter {
	c := &csvWriter{w: w}
	for i, f := range r.Schema().Fields() {
		c.field(i, []byte(f.Name))
	}
	c.line = append(c.line, '\n')
	return c
}

func (c *csvWriter) write(r *Result) error {
	batch := r.Batch()
	columns := make([]render, batch.NumCols())
	for i, a := range batch.Columns() {
		columns[i] = texts(a, nil)
	}
	for row := range int(batch.NumRows()) {
		for i, column := range columns {
			if isNull(batch.Column(i), row) {
				c.null(i, len(columns))
				continue
			}
			c.cell = column(c.cell[:0], row)
			c.field(i, c.cell)
		}
		if err := c.end(); err != nil {
			return err
		}
	}
	return nil
}

// null writes no value: nothing, except where that would make the whole line empty, which readers
// skip as if it were no row.
func (c *csvWriter) null(i, columns int) {
	if columns == 1 {
		c.line = append(c.line, `""`...)
	} else if i > 0 {
		c.line = append(c.line, ',')
	}
}

// field writes a value, in quotes where its characters or its emptiness could be mistaken.
func (c *csvWriter) field(i int, value []byte) {
	if i > 0 {
		c.line = append(c.line, ',')
	}
	if len(value) > 0 && !bytes.ContainsAny(value, ",\"\r\n") && value[0] != ' ' && value[len(value)-1] != ' ' {
		c.line = append(c.line, value...)
		return
	}
	c.line = append(c.line, '"')
	for _, b := range value {
		if b == '"' {
			c.line = append(c.line, '"')
		}
		c.line = append(c.line, b)
	}
	c.line = append(c.line, '"')
}

func (c *csvWriter) end() error {
	c.line = append(c.line, '\n')
	_, err := c.w.Write(c.line)
	c.line = c.line[:0]
	return err
}

// close writes the header line of a result without rows; with rows it went out with the first.
func (c *csvWriter) close(*Result) error {
	_, err := c.w.Write(c.line)
	return err
}
