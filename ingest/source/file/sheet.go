package file

import (
	"errors"
	"io"

	"satudata/ingest/event"
	"satudata/schemas"
)

// maxColumns is how many columns a sheet has at most (XFD).
const maxColumns = 16384

// sheetCutter cuts the rows of a sheet: each a JSON array of cells, header rows first. Column A is
// always the first cell, and a row has at least as many as the header. Rows without a value are not
// records; as with empty lines, a batch ends where they are.
type sheetCutter struct {
	rows  *sheetRows
	max   int
	head  []byte
	heads int
	width int
	out   []byte
	spare []byte // for the next out
	ahead int64  // row that rows holds and that was not taken yet; 0 for none
}

// newSheet reads the header rows: the rows from the first that has a value, after the skipped ones.
func newSheet(rows *sheetRows, f schemas.Format, max int, merged []area) (*sheetCutter, error) {
	c := &sheetCutter{rows: rows, max: max, heads: headers(f)}
	var header [][]string
	var first int64
	for {
		row, err := rows.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if row <= int64(f.Skip) {
			continue
		}
		if first == 0 {
			first, header = row, make([][]string, c.heads)
		}
		if row >= first+int64(c.heads) {
			c.ahead = row
			break
		}
		header[row-first] = rows.texts()
	}
	if first == 0 {
		if rows.row == 0 {
			return nil, refuse("lembar kosong", "the sheet is empty")
		}
		return nil, refuseFewRows(rows.row, f)
	}
	if c.ahead == 0 {
		return nil, refuse("lembar hanya berisi kepala tabel, tanpa satu baris data pun", "the sheet holds only the header and not one row of data")
	}
	if err := fill(header, int(first), merged); err != nil {
		return nil, err
	}
	return c, c.writeHead(header)
}

// area is a range of merged cells, from 1, ends included.
type area struct{ row1, col1, row2, col2 int }

// fill repeats the text of merged header cells over their range. Areas do not overlap, so no cell is
// filled twice.
func fill(header [][]string, first int, merged []area) error {
	last, cells := first+len(header)-1, 0
	for _, m := range merged {
		if m.row1 < first || m.row1 > last || m.col1 > len(header[m.row1-first]) {
			continue
		}
		if cells += (min(m.row2, last) - m.row1 + 1) * (m.col2 - m.col1 + 1); cells > len(header)*maxColumns {
			return refuse("berkas Excel rusak: sel gabungan di kepala tabel bertumpang tindih", "the Excel file is damaged: merged cells of the header overlap")
		}
		text := header[m.row1-first][m.col1-1]
		for row := m.row1; row <= min(m.row2, last); row++ {
			line := &header[row-first]
			if text != "" && len(*line) < m.col2 {
				*line = append(*line, make([]string, m.col2-len(*line))...)
			}
			for col := m.col1; col <= min(m.col2, len(*line)); col++ {
				(*line)[col-1] = text
			}
		}
	}
	return nil
}

func (c *sheetCutter) writeHead(header [][]string) error {
	for _, line := range header {
		c.width = max(c.width, len(line))
	}
	for _, line := range header {
		c.head = append(c.head, '[')
		for i := range c.width {
			if len(c.head) > c.max/2 {
				return refuse("kepala tabel terlalu panjang: lebih dari %d byte; periksa jumlah baris kepala", "the header is too long: more than %d bytes; check the number of header rows", c.max/2)
			}
			if i > 0 {
				c.head = append(c.head, ',')
			}
			if i < len(line) && line[i] != "" {
				c.head = appendText(c.head, line[i])
			} else {
				c.head = append(c.head, "null"...)
			}
		}
		c.head = append(c.head, "]\n"...)
	}
	return nil
}

func (c *sheetCutter) format() event.Format {
	return event.Format{Type: event.ContentTypeRows, Headers: c.heads}
}

func (c *sheetCutter) next() (batch, error) {
	b := batch{head: len(c.head)}
	c.out, c.spare = append(c.spare[:0], c.head...), c.out
	for {
		if c.ahead == 0 {
			row, err := c.rows.next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return b, err
			}
			c.ahead = row
		}
		if b.rows == 0 {
			b.first = c.ahead
		} else if c.ahead != b.first+int64(b.rows) {
			break
		}
		whole := len(c.out)
		c.out = c.rows.appendJSON(c.out, c.width)
		if len(c.out) > c.max && b.rows > 0 {
			c.out = c.out[:whole]
			break
		}
		c.ahead = 0
		b.rows++
	}
	b.data = c.out
	if b.rows == 0 {
		return b, io.EOF
	}
	return b, nil
}
