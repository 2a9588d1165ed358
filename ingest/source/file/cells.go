package file

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// sheetRows reads the rows of a sheet from its XML.
type sheetRows struct {
	io.Closer
	d     *tokens
	book  *workbook
	row   int64    // the row that cells is of
	cells []string // JSON values, "" for none, without empty ones at the end
	end   bool     // the sheet's data ended
}

// rows begins reading the sheet.
func (w *workbook) rows() (*sheetRows, error) {
	r, err := openPart(w.sheet)
	if err != nil {
		return nil, packingFault(err)
	}
	return &sheetRows{Closer: r, d: newTokens(r), book: w}, nil
}

// next reads the next row that has a value and returns its number.
func (s *sheetRows) next() (int64, error) {
	for !s.end {
		token, err := s.d.next()
		if err != nil {
			return 0, packingFault(unexpected(err))
		}
		switch t := token.(type) {
		case xml.StartElement:
			if t.Name.Local == "row" {
				if err := s.read(t); err != nil {
					return 0, packingFault(err)
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
		if err != nil || n < at || n > maxRows {
			return refuse("berkas Excel rusak: nomor baris %q setelah baris %d", "the Excel file is damaged: row number %q after row %d", r, s.row)
		}
		at = n
	}
	s.row = at
	s.cells = s.cells[:0]
	column, size := 0, 0
	for {
		token, err := s.d.next()
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
			if size += len(value); size > maxRecord {
				return s.tooLong()
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
		token, err := s.d.next()
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
			if len(value)+len(formula)+len(inline) > maxRecord {
				return "", s.tooLong()
			}
		}
	}
}

func (s *sheetRows) tooLong() error {
	return refuse("baris %d lebih panjang dari %d MiB; periksa tanda kutip yang tidak ditutup, atau bagi rekamannya", "row %d is longer than %d MiB: look for a quote that is not closed, or divide the record", s.row, maxRecord>>20)
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
