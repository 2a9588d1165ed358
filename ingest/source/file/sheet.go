package file

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

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
	ahead int64 // row that rows holds and that was not taken yet; 0 for none
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
	fill(header, int(first), merged)
	return c, c.writeHead(header)
}

// area is a range of merged cells, from 1, ends included.
type area struct{ row1, col1, row2, col2 int }

// fill repeats the text of merged header cells over their range.
func fill(header [][]string, first int, merged []area) {
	last := first + len(header) - 1
	for _, m := range merged {
		if m.row1 < first || m.row1 > last || m.col1 > len(header[m.row1-first]) {
			continue
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
}

func (c *sheetCutter) writeHead(header [][]string) error {
	for _, line := range header {
		c.width = max(c.width, len(line))
	}
	for _, line := range header {
		c.head = append(c.head, '[')
		for i := range c.width {
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
	if len(c.head) > c.max/2 {
		return refuse("kepala tabel terlalu panjang: %d byte; periksa jumlah baris kepala", "the header is too long: %d bytes; check the number of header rows", len(c.head))
	}
	return nil
}

func (c *sheetCutter) format() event.Format {
	return event.Format{Type: event.ContentTypeRows, Headers: c.heads}
}

func (c *sheetCutter) next() (batch, error) {
	b := batch{head: len(c.head)}
	c.out = append(c.out[:0], c.head...)
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

// sheetRows reads the rows of a sheet from its XML.
type sheetRows struct {
	io.Closer
	d     *xml.Decoder
	book  *workbook
	row   int64    // the row that cells is of
	cells []string // JSON values, "" for none, without empty ones at the end
	end   bool     // the sheet's data ended
}

// rows begins reading the sheet.
func (w *workbook) rows() (*sheetRows, error) {
	r, err := openPart(w.sheet)
	if err != nil {
		return nil, sheetFault(err)
	}
	return &sheetRows{Closer: r, d: xml.NewDecoder(bufio.NewReaderSize(r, blockSize)), book: w}, nil
}

// openPart unpacks a part, and refuses bombs.
func openPart(part *zip.File) (io.ReadCloser, error) {
	r, err := part.Open()
	if err != nil {
		return nil, err
	}
	return &unpacked{r: r, c: r, packed: int64(part.CompressedSize64)}, nil
}

// next reads the next row that has a value and returns its number.
func (s *sheetRows) next() (int64, error) {
	for !s.end {
		token, err := s.d.RawToken()
		if err != nil {
			return 0, sheetFault(unexpected(err))
		}
		switch t := token.(type) {
		case xml.StartElement:
			if t.Name.Local == "row" {
				if err := s.read(t); err != nil {
					return 0, sheetFault(err)
				}
				if len(s.cells) > 0 {
					return s.row, nil
				}
			}
		case xml.EndElement:
			s.end = t.Name.Local == "sheetData"
		}
	}
	return 0, io.EOF
}

// read reads a row's cells.
func (s *sheetRows) read(row xml.StartElement) error {
	at := s.row + 1
	if r := attr(row, "r"); r != "" {
		n, err := strconv.ParseInt(r, 10, 64)
		if err != nil || n < at {
			return refuse("berkas Excel rusak: nomor baris %q setelah baris %d", "the Excel file is damaged: row number %q after row %d", r, s.row)
		}
		at = n
	}
	s.row = at
	s.cells = s.cells[:0]
	column := 0
	for {
		token, err := s.d.RawToken()
		if err != nil {
			return unexpected(err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			if t.Name.Local != "c" {
				continue
			}
			if column = columnOf(attr(t, "r"), column+1); column > maxColumns {
				return refuse("berkas Excel rusak: kolom ke-%d di baris %d", "the Excel file is damaged: column %d in row %d", column, s.row)
			}
			value, err := s.cell(t)
			if err != nil {
				return err
			}
			if value == "" {
				continue
			}
			for len(s.cells) < column {
				s.cells = append(s.cells, "")
			}
			s.cells[column-1] = value
		case xml.EndElement:
			if t.Name.Local == "row" {
				return nil
			}
		}
	}
}

// cell reads a cell and returns its value as JSON, "" for none.
func (s *sheetRows) cell(c xml.StartElement) (string, error) {
	kind, style := attr(c, "t"), attr(c, "s")
	var value, formula, inline []byte
	var in, phonetic string // the element that text belongs to
	for {
		token, err := s.d.RawToken()
		if err != nil {
			return "", unexpected(err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			in = t.Name.Local
			if in == "rPh" {
				phonetic = in
			}
		case xml.EndElement:
			if t.Name.Local == "c" {
				return s.value(kind, style, value, formula, inline), nil
			}
			if in = ""; t.Name.Local == "rPh" {
				phonetic = ""
			}
		case xml.CharData:
			switch {
			case in == "v":
				value = append(value, t...)
			case in == "f":
				formula = append(formula, t...)
			case in == "t" && phonetic == "":
				inline = append(inline, t...)
			}
		}
	}
}

// value renders a cell as JSON. A formula whose result was not stored is handed out as its text, so
// that it is seen and not taken for an empty cell.
func (s *sheetRows) value(kind, style string, value, formula, inline []byte) string {
	text := string(value)
	switch {
	case kind == "inlineStr":
		text = unescape(string(inline))
	case kind == "s":
		text = s.book.strings.at(strings.TrimSpace(text))
	case kind == "str":
		text = unescape(text)
	case len(value) == 0 && len(formula) > 0:
		text = "=" + string(formula)
	case kind == "b":
		return strconv.FormatBool(strings.TrimSpace(text) == "1")
	case (kind == "" || kind == "n") && len(value) > 0:
		if n, err := strconv.ParseFloat(strings.TrimSpace(text), 64); err == nil && !math.IsInf(n, 0) && !math.IsNaN(n) {
			return s.number(n, style)
		}
	}
	if text == "" {
		return ""
	}
	return string(appendText(nil, text))
}

// number renders a number or, by its style, a date.
func (s *sheetRows) number(n float64, style string) string {
	if i, err := strconv.Atoi(style); err == nil && i >= 0 && i < len(s.book.formats) && s.book.formats[i] != showsNumber {
		if out, ok := appendDate(nil, n, s.book.formats[i], s.book.date1904); ok {
			return string(out)
		}
	}
	return string(appendNumber(nil, n))
}

// texts returns the cells as plain texts, for a header.
func (s *sheetRows) texts() []string {
	out := make([]string, len(s.cells))
	for i, c := range s.cells {
		out[i] = c
		if strings.HasPrefix(c, `"`) {
			out[i] = plainText(c)
		}
	}
	return out
}

// appendJSON appends the row with at least width cells.
func (s *sheetRows) appendJSON(out []byte, width int) []byte {
	out = append(out, '[')
	for i := range max(width, len(s.cells)) {
		if i > 0 {
			out = append(out, ',')
		}
		if i < len(s.cells) && s.cells[i] != "" {
			out = append(out, s.cells[i]...)
		} else {
			out = append(out, "null"...)
		}
	}
	return append(out, "]\n"...)
}

func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name && a.Name.Space == "" {
			return a.Value
		}
	}
	return ""
}

// unexpected is the end of the XML where there should have been more.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return refuse("berkas Excel rusak: lembar berakhir di tengah", "the Excel file is damaged: the sheet ends in the middle")
	}
	return err
}

// columnOf returns the column of a cell reference like "AB12", or next when there is none.
func columnOf(ref string, next int) int {
	n := 0
	for i := 0; i < len(ref) && ref[i] >= 'A' && n <= maxColumns; i++ {
		n = n*26 + int(ref[i]|0x20-'a') + 1
	}
	if n == 0 {
		return next
	}
	return n
}

// appendNumber appends a number as JSON in its shortest form.
func appendNumber(out []byte, n float64) []byte {
	if n == 0 {
		return append(out, '0') // not -0
	}
	if a := math.Abs(n); a >= 1e21 || a < 1e-6 {
		return strconv.AppendFloat(out, n, 'e', -1, 64)
	}
	return strconv.AppendFloat(out, n, 'f', -1, 64)
}

// appendText appends a text as JSON.
func appendText(out []byte, s string) []byte {
	const hex = "0123456789abcdef"
	out = append(out, '"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			out = append(out, '\\', c)
		case c == '\n':
			out = append(out, `\n`...)
		case c == '\t':
			out = append(out, `\t`...)
		case c == '\r':
			out = append(out, `\r`...)
		case c < 0x20:
			out = append(out, `\u00`...)
			out = append(out, hex[c>>4], hex[c&15])
		default:
			out = append(out, c)
		}
	}
	return append(out, '"')
}

// plainText is the text that appendText wrote.
func plainText(quoted string) string {
	s, err := strconv.Unquote(quoted) // the escapes above are Go's too
	if err != nil {
		return quoted
	}
	return s
}

// unescape resolves the _xHHHH_ with which spreadsheets write characters that XML does not have.
func unescape(s string) string {
	if !strings.Contains(s, "_x") {
		return s
	}
	var out []byte
	for i := 0; i < len(s); i++ {
		if i+7 <= len(s) && s[i] == '_' && s[i+1] == 'x' && s[i+6] == '_' {
			if n, err := strconv.ParseUint(s[i+2:i+6], 16, 16); err == nil {
				out = utf8.AppendRune(out, rune(n))
				i += 6
				continue
			}
		}
		out = append(out, s[i])
	}
	return string(out)
}

// stringTable holds the shared strings of a workbook.
type stringTable struct {
	text []byte
	ends []int
}

// at returns the string of that index; what is not in the table is returned as it is.
func (t *stringTable) at(index string) string {
	i, err := strconv.Atoi(index)
	if err != nil || t == nil || i < 0 || i >= len(t.ends) {
		return index
	}
	start := 0
	if i > 0 {
		start = t.ends[i-1]
	}
	return string(t.text[start:t.ends[i]])
}

// readStrings reads the shared strings; a workbook may have none.
func readStrings(part *zip.File) (table *stringTable, err error) {
	if part == nil {
		return nil, nil
	}
	r, err := openPart(part)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	d := xml.NewDecoder(bufio.NewReaderSize(r, blockSize))
	table = &stringTable{}
	var item []byte
	var in, phonetic bool
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return table, nil
		}
		if err != nil {
			return nil, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			in = t.Name.Local == "t"
			phonetic = phonetic || t.Name.Local == "rPh"
		case xml.CharData:
			if in && !phonetic {
				item = append(item, t...)
			}
		case xml.EndElement:
			in = false
			switch t.Name.Local {
			case "rPh":
				phonetic = false
			case "si":
				table.text = append(table.text, unescape(string(item))...)
				table.ends = append(table.ends, len(table.text))
				item = item[:0]
			}
		}
		if len(table.text)+len(item) > maxStrings {
			return nil, refuse("teks di berkas Excel melebihi %d MiB", "the texts of the Excel file exceed %d MiB", maxStrings>>20)
		}
	}
}

// mergedAreas returns the merged cells of a sheet, which its XML names behind the rows.
func mergedAreas(sheet *zip.File) (merged []area, err error) {
	r, err := openPart(sheet)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	rest, err := afterRows(r)
	if err != nil || rest == nil {
		return nil, err
	}
	d := xml.NewDecoder(rest)
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return merged, nil
		}
		if err != nil {
			return nil, err
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "mergeCell" {
			if a, ok := parseArea(attr(e, "ref")); ok {
				merged = append(merged, a)
			}
		}
	}
}

// afterRows skips to what follows a sheet's rows; nil when nothing does. In XML a "<" is always
// markup, so the end tag can be looked for as bytes, whatever prefix its name has.
func afterRows(r io.Reader) (io.Reader, error) {
	const tag = "sheetData>"
	buf, n := make([]byte, blockSize), 0
	for {
		m, err := io.ReadFull(r, buf[n:])
		n += m
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, err
		}
		for t, at := buf[:n], 0; ; {
			i := bytes.Index(t[at:], []byte(tag))
			if i < 0 {
				break
			}
			at += i
			if open := bytes.LastIndexByte(t[:at], '<'); open >= 0 && open+1 < at+1 && t[open+1] == '/' {
				return io.MultiReader(bytes.NewReader(slices.Clone(t[at+len(tag):])), r), nil
			}
			at += len(tag)
		}
		if err != nil {
			return nil, nil
		}
		n = copy(buf, buf[n-64:n])
	}
}

// parseArea reads "A1:C2".
func parseArea(ref string) (area, bool) {
	from, to, ok := strings.Cut(ref, ":")
	if !ok {
		return area{}, false
	}
	row := func(ref string) int {
		n, _ := strconv.Atoi(strings.TrimLeft(ref, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"))
		return n
	}
	a := area{row(from), columnOf(from, 0), row(to), columnOf(to, 0)}
	return a, a.row1 > 0 && a.col1 > 0 && a.row2 >= a.row1 && a.col2 >= a.col1 && a.col2 <= maxColumns
}
