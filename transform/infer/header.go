package infer

import (
	"errors"
	"strconv"
	"strings"

	"satudata/ingest/event"
	"satudata/ingest/source"
)

// header is where the header rows of a file are.
type header struct {
	skip, rows int
	first      int64 // row of the first record
	title      string
	confidence Confidence // rows below the header that look like data
}

// noHeader is the error of a file whose first row is data.
type noHeader struct{ event.Sentence }

func (n noHeader) Error() string { return n.ID + " (" + n.EN + ")" }

// about makes an error about the files a refusal of them.
func about(paths []string, err error) error {
	var n noHeader
	if errors.As(err, &n) {
		return &source.Refusal{Subject: strings.Join(paths, ", "), Reason: n.Sentence}
	}
	return err
}

// maxHeader is in how many rows the header is looked for.
const maxHeader = 30

// findHeader tells the rows above the header, the header rows and the records apart. A row is a header
// while it has a text where the column below holds figures, years where the column below does not, or
// hardly any cell at all.
func findHeader(rows []rawRow) (header, error) {
	bulk := bulkOf(rows)
	first := 0
	for first < len(rows) && first < maxHeader && !bulk.isData(rows[first]) {
		first++
	}
	if bulk.figures == 0 && first < len(rows) {
		first = max(first, 1) // texts only: the first full row is the header
	}
	if first == 0 {
		return header{}, noHeader{sayf("baris pertama sudah berisi data; binding memerlukan baris judul kolom di atasnya. Tambahkan baris judul, atau minta OPD mengirim dengan judul",
			"the first row is data already; a binding needs a row of column titles above it. Add one, or ask the OPD to deliver with titles")}
	}
	if first == len(rows) || first == maxHeader {
		return header{}, noHeader{sayf("tidak ditemukan baris data di %d baris pertama", "no row of data was found in the first %d rows", first)}
	}
	start := titles(rows[:first])
	h := header{rows: first - start, first: rows[first].number}
	if start > 0 {
		h.skip = int(rows[start].number) - 1
		h.title = firstText(rows[:start])
	}
	for _, r := range rows[first:] {
		h.confidence.Of++
		if bulk.isData(r) {
			h.confidence.Agree++
		}
	}
	return h, nil
}

// titles is how many of the rows above the records are titles and not part of the header: rows with one
// text, as long as the column where it stands has another below it.
func titles(above []rawRow) int {
	start := 0
	for start < len(above)-1 && above[start].distinct() <= 1 {
		if at := firstCell(above[start]); at >= 0 && !textBelow(above[start+1:], at) {
			break
		}
		start++
	}
	return start
}

func firstCell(r rawRow) int {
	for i, c := range r.cells {
		if strings.TrimSpace(c) != "" {
			return i
		}
	}
	return -1
}

func firstText(rows []rawRow) string {
	for _, r := range rows {
		if at := firstCell(r); at >= 0 {
			return strings.TrimSpace(r.cells[at])
		}
	}
	return ""
}

func textBelow(rows []rawRow, at int) bool {
	for _, r := range rows {
		if at < len(r.cells) && strings.TrimSpace(r.cells[at]) != "" {
			return true
		}
	}
	return false
}

// bulk is what the columns mostly hold in the lower part of a file.
type bulk struct {
	figure  []bool // columns of figures
	year    []bool // of these, columns of years
	figures int
	width   int // cells that a row mostly fills
}

func bulkOf(rows []rawRow) bulk {
	body := rows[min(len(rows)/2, maxHeader):]
	if len(rows) > 2 && len(body) == len(rows) {
		body = rows[1:]
	}
	b := bulk{}
	n := width(rows)
	b.figure, b.year = make([]bool, n), make([]bool, n)
	filled := 0
	for at := range n {
		figures, years, all := 0, 0, 0
		for _, r := range body {
			if at >= len(r.cells) {
				continue
			}
			s := strings.TrimSpace(r.cells[at])
			if s == "" || missingWord(s) {
				continue
			}
			all++
			if isFigure(s) {
				figures++
			}
			if isYear(s) {
				years++
			}
		}
		filled += all
		b.figure[at] = all > 0 && figures*4 >= all*3
		b.year[at] = b.figure[at] && years*4 >= all*3
		if b.figure[at] {
			b.figures++
		}
	}
	if len(body) > 0 {
		b.width = filled / len(body)
	}
	return b
}

// isData says whether r is a record.
func (b bulk) isData(r rawRow) bool {
	if n := r.filled(); n == 0 || n*2 < b.width {
		return false
	}
	if b.figures == 0 {
		return true
	}
	figures, texts, years := 0, 0, 0
	for at, c := range r.cells {
		s := strings.TrimSpace(c)
		if at >= len(b.figure) || !b.figure[at] || s == "" || missingWord(s) {
			continue
		}
		switch {
		case !isFigure(s):
			texts++
		case isYear(s) && !b.year[at]:
			years++
		default:
			figures++
		}
	}
	if years >= 2 && figures == 0 {
		return false
	}
	return texts*2 <= figures+years+texts && (texts == 0 || figures > 0) || texts+figures+years == 0
}

// isFigure says whether s is a number in some way of writing.
func isFigure(s string) bool {
	n := readNumeral(s)
	return n.form != notNumber
}

// isYear says whether s is a year of the time that data is about.
func isYear(s string) bool {
	if len(s) != 4 {
		return false
	}
	n, err := strconv.Atoi(s)
	return err == nil && n >= 1945 && n <= 2060
}

func itoa(n int) string { return strconv.Itoa(n) }
