package infer

import (
	"cmp"
	"slices"
	"strings"

	"satudata/schemas"
	"satudata/schemas/reference"
)

// aside is a condition under which a record is a printed total.
type aside struct {
	column *column
	equals []string
}

// totalWords stand where a name of a region or a category would, in rows that print totals.
var totalWords = foldSet("total", "jumlah", "jumlah total", "total jumlah", "jumlah/total", "grand total", "sub total", "subtotal", "sub jumlah",
	"jumlah keseluruhan", "total keseluruhan", "keseluruhan", "rata-rata", "rata rata", "rerata", "jml")

// findAside finds the records that print totals: by a word in a column of names, or by the code of a
// region one level up.
func (d *draft) findAside(regions []regionColumn) {
	t := d.table
	t.aside = make([]bool, t.rows)
	for _, c := range t.columns {
		figures := c.mostlyFigures(d.missingSet())
		for i, n := range c.counts(nil) {
			s := c.texts[i]
			exact := totalWords[schemas.Fold(s)] && !(figures && schemas.Fold(s) == schemas.Fold(c.title)) // a header printed again
			if figures && !exact {
				continue // of codes, say: below them the word alone
			}
			if n == 0 || n*3 > t.rows || !exact && !d.totalOf(c, int32(i), n, regions) {
				continue
			}
			d.putAside(c, s, n, sayText{"baris total tercetak, bukan pengamatan: %d baris bertulisan %q di kolom %q", "printed totals, no observations: %d rows say %q in column %q"})
		}
	}
	d.findNotes()
	for _, r := range regions {
		if r.level() != reference.Regency {
			continue
		}
		for i, n := range r.column.counts(nil) {
			s := r.column.texts[i]
			code := strings.ReplaceAll(s, ".", "")
			if n == 0 || n*3 > t.rows || len(code) != 2 && !(len(code) == 4 && strings.HasSuffix(code, "00")) {
				continue
			}
			if e, ok := d.registry.Lookup(cmp.Or(r.system, d.system), code[:2]); ok && e.Level == reference.Province {
				d.putAside(r.column, s, n, sayText{"%d baris berkode provinsi (%q) di kolom kabupaten/kota %q: total tercetak", "%d rows have a province's code (%q) in the column of regencies %q: printed totals"})
			}
		}
	}
}

// noteWords begin the notes that agencies write below their tables.
var noteWords = []string{"sumber", "catatan", "keterangan", "ket.", "note", "source", "*"}

// findNotes finds notes below the table: rows near the end with one filled cell of several.
func (d *draft) findNotes() {
	const near = 10
	t := d.table
	for row := max(0, t.rows-near); row < t.rows && len(t.columns) > 2; row++ {
		var only *column
		filled := 0
		for _, c := range t.columns {
			if c.codes[row] != 0 {
				filled++
				only = c
			}
		}
		if filled != 1 || t.aside[row] {
			continue
		}
		s := only.cell(row)
		if slices.ContainsFunc(noteWords, func(w string) bool { return strings.HasPrefix(schemas.Fold(s), w) }) {
			d.putAside(only, s, 1, sayText{"catatan kaki di bawah tabel: %d baris berisi %q saja, di kolom %q", "a note below the table: %d row holds %q only, in column %q"})
		}
	}
}

// totalOf says whether text i of column c begins like a total and stands where no code does.
func (d *draft) totalOf(c *column, i int32, n int, regions []regionColumn) bool {
	s := schemas.Fold(c.texts[i])
	begins := strings.HasPrefix(s, "total ") || strings.HasPrefix(s, "jumlah ") || s == "provinsi" || s == "kabupaten" || s == "kota"
	if !begins || len(regions) == 0 {
		return false
	}
	for row, code := range c.codes {
		if code != i {
			continue
		}
		for _, r := range regions {
			if r.column == c || r.column.cell(row) != "" && !missingWord(r.column.cell(row)) {
				return false
			}
		}
	}
	return n > 0
}

type sayText struct{ id, en string }

func (d *draft) putAside(c *column, s string, n int, say sayText) {
	fresh := 0
	for row := range c.codes {
		if c.cell(row) == s && !d.table.aside[row] {
			d.table.aside[row] = true
			fresh++
		}
	}
	if fresh == 0 {
		return // another column says so already
	}
	at := slices.IndexFunc(d.aside, func(a aside) bool { return a.column == c })
	if at < 0 {
		d.aside = append(d.aside, aside{column: c})
		at = len(d.aside) - 1
	}
	if !slices.ContainsFunc(d.aside[at].equals, func(e string) bool { return schemas.Fold(e) == schemas.Fold(s) }) {
		d.aside[at].equals = append(d.aside[at].equals, s)
	}
	d.decide("setAside", s, onName, false, say.id, say.en, n, s, c.label())
}

// mostlyFigures says whether most of what the column holds are numbers.
func (c *column) mostlyFigures(missing map[string]bool) bool {
	n := c.numerals(nil, missing)
	return n.numbers*2 > n.all
}
