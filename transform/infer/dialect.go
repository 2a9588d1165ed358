package infer

import (
	"bytes"
	"strings"

	"satudata/ingest/event"
	"satudata/schemas"
	"satudata/transform/normalize"
)

// dialect completes f with delimiter and header rows.
func dialect(paths []string, f schemas.Format, rows []rawRow) (schemas.Format, []Decision, error) {
	var d []Decision
	note := func(about, choice string, c Confidence, ask bool, id, en string, args ...any) {
		d = append(d, Decision{about, choice, c, ask, sayf(id, en, args...)})
	}
	if f.Encoding != "" {
		note("format", "encoding: "+f.Encoding, Confidence{1, 1}, false, "berkas bukan UTF-8; dengan %s seluruhnya terbaca", "the file is not UTF-8; with %s all of it can be read", f.Encoding)
	}
	if f.Type == "csv" {
		delim, c := delimiter(rows)
		f.Delimiter = string(delim)
		rows = split(rows, delim)
		if width(rows) == 1 {
			note("format", "delimiter: "+f.Delimiter, Confidence{0, len(rows)}, true, "hanya ada satu kolom; tidak satu pun pemisah yang dikenal membagi baris", "there is one column only; no known delimiter divides the rows")
		} else {
			note("format", "delimiter: "+named(f.Delimiter), c, false, "baris yang terbagi menjadi %d kolom dengan pemisah ini", "rows that this delimiter divides into %d columns", width(rows))
		}
	}
	if f.Type != "csv" && f.Type != "xlsx" {
		return f, d, nil
	}
	h, err := findHeader(rows)
	if err != nil {
		return f, nil, about(paths, err)
	}
	f.Skip, f.Headers = h.skip, h.rows
	if h.skip > 0 {
		note("format", "skip: "+itoa(h.skip), Confidence{h.skip, h.skip}, false, "baris judul di atas kepala tabel: %q", "rows of title above the header: %q", h.title)
	}
	note("format", "headers: "+itoa(h.rows), h.confidence, h.rows > 1, "baris data pertama adalah baris %d: di situ kolom angka mulai berisi angka", "the first row of data is row %d: there the columns of figures begin to hold figures", h.first)
	return f, d, nil
}

func named(delimiter string) string {
	if delimiter == "\t" {
		return "tab"
	}
	return delimiter
}

// delimiter is the one that divides most rows into the same number of columns, more than one.
func delimiter(rows []rawRow) (byte, Confidence) {
	best, most, wide := byte(','), 0, 1
	for _, delim := range []byte{',', ';', '\t', '|'} {
		times := map[int]int{}
		for _, r := range split(rows, delim) {
			times[len(r.cells)]++
		}
		for n, k := range times {
			if n > 1 && (k > most || k == most && n > wide) {
				best, most, wide = delim, k, n
			}
		}
	}
	return best, Confidence{most, len(rows)}
}

// split takes the lines of rows apart.
func split(rows []rawRow, delim byte) (out []rawRow) {
	var all bytes.Buffer
	for _, r := range rows {
		all.Write(bytes.TrimRight(r.line, "\r\n"))
		all.WriteByte('\n')
	}
	titles, records, err := normalize.Look(event.Format{Type: event.ContentTypeCSV, Delimiter: delim, Headers: 1}, all.Bytes())
	if err != nil || len(rows) == 0 {
		return nil
	}
	out = append(out, rawRow{number: rows[0].number, cells: titles[0], typed: make([]bool, len(titles[0]))})
	for i, r := range records {
		// Line ends inside quotes make fewer records than lines; then numbers are those of earlier lines.
		row := rawRow{number: rows[min(i+1, len(rows)-1)].number}
		for _, c := range r.Cells {
			row.cells, row.typed = append(row.cells, c.Text), append(row.typed, false)
		}
		out = append(out, row)
	}
	return out
}

// width is the most frequent number of columns.
func width(rows []rawRow) int {
	times := map[int]int{}
	best := 0
	for _, r := range rows {
		times[len(r.cells)]++
		if n := len(r.cells); times[n] > times[best] || times[n] == times[best] && n > best {
			best = n
		}
	}
	return best
}

// filled is how many cells of the row hold something.
func (r rawRow) filled() int {
	n := 0
	for _, c := range r.cells {
		if strings.TrimSpace(c) != "" {
			n++
		}
	}
	return n
}

// distinct is how many different texts the row has.
func (r rawRow) distinct() int {
	seen := map[string]bool{}
	for _, c := range r.cells {
		if c = schemas.Fold(c); c != "" {
			seen[c] = true
		}
	}
	return len(seen)
}
