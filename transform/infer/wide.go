package infer

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"satudata/schemas"
)

// unpivot says which columns of periods become rows.
type unpivot struct {
	columns []*column
	value   *column // of the table after unpivoting
	prop    *property
	dims    []*dimension
	totals  []wideTotal
}

// dimension is read from a header row above the wide columns.
type dimension struct {
	header  int // from 1
	fill    bool
	pattern string
	column  *column
	prop    *property
}

type wideTotal struct {
	column *column
	of     []*column
}

var (
	yearPart    = regexp.MustCompile(`(?:19|20)\d\d`)
	timeWord    = regexp.MustCompile(`(?i)\b(?:tahun|thn|th|ta)\b[. :]*`)
	quarterForm = regexp.MustCompile(`(?i)^(?:triwulan|tribulan|tw|kuartal|q)[ .-]*(IV|I{1,3}|[1-4])$`)
	totalTitle  = foldSet("total", "jumlah", "tahunan", "setahun", "jumlah total", "jml", "total tahun", "jumlah/total", "rata-rata", "jan-des", "januari-desember")
)

// period is what a header text says of time: "tahun", "bulan", "triwulan", or "".
func period(s string) string {
	years := yearPart.FindAllString(s, -1)
	switch {
	case monthOf(s) > 0:
		return "bulan"
	case quarterForm.MatchString(s):
		return "triwulan"
	case len(years) == 1 && isYear(years[0]):
		return "tahun"
	}
	return ""
}

// fillHeaders repeats merged header texts to the right. In the last header row every column stands
// for itself.
func (t *table) fillHeaders() [][]string {
	if len(t.columns) == 0 {
		return nil
	}
	rows := make([][]string, len(t.columns[0].headers))
	for h := range rows {
		text := ""
		for _, c := range t.columns {
			s := ""
			if h < len(c.headers) {
				s = c.headers[h]
			}
			if s != "" {
				text = s
			}
			if h < len(rows)-1 {
				s = text
			}
			rows[h] = append(rows[h], s)
		}
	}
	return rows
}

// findWide finds columns whose headers are periods, and makes the table of what they are rows of.
func (d *draft) findWide() {
	t := d.table
	titles := t.fillHeaders()
	if titles == nil {
		return
	}
	last := len(titles) - 1
	wide := d.periods(titles)
	if wide == nil {
		return
	}
	u := &unpivot{}
	for _, at := range wide {
		u.columns = append(u.columns, t.columns[at])
	}
	d.wide = u
	d.wideTotals(titles[last], wide)
	value := d.dimensions(titles, wide)
	d.melt(titles, wide)
	u.value.title = strings.Join(value, " ")
	d.decide("unpivot", u.ranges(), Confidence{len(wide), len(wide)}, false, "%d kolom berjudul periode menjadi baris: satu pengamatan tiap sel", "%d columns are titled by periods and become rows: one observation for each cell", len(wide))
}

// periods are the columns that the lowest header row with several periods names by them, nil when there
// is none. Above the last row one period alone says only what the whole table is about.
func (d *draft) periods(titles [][]string) []int {
	for h := len(titles) - 1; h >= 0; h-- {
		var wide []int
		months, texts := 0, map[string]bool{}
		for at, c := range d.table.columns {
			p := period(titles[h][at])
			if p == "" || !c.mostlyFigures(d.missingSet()) && c.given(d.missingSet()) > 0 {
				continue
			}
			if p != "tahun" {
				months++
			}
			wide = append(wide, at)
			texts[titles[h][at]] = true
		}
		if h == len(titles)-1 {
			wide = alike(titles[h], wide)
		}
		if len(wide) >= 2 && len(texts) >= 2 && (months == 0 || months == len(wide) && len(texts) >= 3) {
			return wide
		}
	}
	return nil
}

// alike leaves, of columns titled by years, those that may be figures of the same kind: where the text
// around the years makes groups with different years, the largest group.
func alike(titles []string, wide []int) []int {
	groups, years := map[string][]int{}, map[string]string{}
	for _, at := range wide {
		around := strings.TrimSpace(yearPart.ReplaceAllString(titles[at], "…"))
		groups[around] = append(groups[around], at)
		years[around] += " " + yearPart.FindString(titles[at])
	}
	var best string
	same := true
	for _, around := range sortedKeys(groups) {
		if len(groups[around]) > len(groups[best]) {
			best = around
		}
	}
	for _, list := range years {
		same = same && list == years[best]
	}
	if same || strings.Trim(years[best], " ") == "" {
		return wide
	}
	return groups[best]
}

// given is how many distinct texts the column has that are not missing.
func (c *column) given(missing map[string]bool) (n int) {
	for _, s := range c.texts {
		if s != "" && !missing[schemas.Fold(s)] {
			n++
		}
	}
	return n
}

// wideTotals finds the columns that print totals of the wide ones before them.
func (d *draft) wideTotals(last []string, wide []int) {
	from := 0
	for at, s := range last {
		if !totalTitle[schemas.Fold(s)] || at < wide[0] {
			continue
		}
		var of []*column
		for ; from < len(wide) && wide[from] < at; from++ {
			of = append(of, d.table.columns[wide[from]])
		}
		if len(of) == 0 {
			continue
		}
		c := d.table.columns[at]
		d.wide.totals = append(d.wide.totals, wideTotal{c, of})
		d.decide("kolom "+c.label(), "totals", onName, false, "total tercetak dari %d kolom di kirinya: diperiksa, tidak disimpan", "a printed total of the %d columns to its left: checked, not stored", len(of))
	}
}

// dimensions says which header rows become values, and returns the words that all wide columns share.
func (d *draft) dimensions(titles [][]string, wide []int) (shared []string) {
	u := d.wide
	last := len(titles) - 1
	hasYear := false
	for h, row := range titles {
		texts := make([]string, len(wide))
		for i, at := range wide {
			texts[i] = row[at]
		}
		if !slices.ContainsFunc(wide, func(at int) bool { return h < len(d.table.columns[at].headers) && d.table.columns[at].headers[h] != "" }) {
			continue // only columns to the left have a text here
		}
		varied := slices.ContainsFunc(texts, func(s string) bool { return s != texts[0] })
		p := period(texts[0])
		for _, s := range texts {
			if period(s) != p {
				p = ""
			}
		}
		dim := &dimension{header: h + 1, fill: h < last && d.table.format.Type == "csv"}
		switch {
		case p == "tahun":
			hasYear = true
			u.dims = append(u.dims, d.yearDimensions(dim, texts)...)
			if rest := strings.TrimSpace(timeWord.ReplaceAllString(yearPart.ReplaceAllString(texts[0], ""), "")); rest != "" {
				shared = append(shared, rest)
			}
		case p != "":
			dim.column = newColumn(-1)
			dim.column.title = p
			u.dims = append(u.dims, dim)
		case varied:
			dim.column = newColumn(-1)
			dim.column.title = "kategori"
			u.dims = append(u.dims, dim)
			d.decide("unpivot", "kategori", Confidence{0, 0}, true, "baris judul ke-%d membedakan kelompok kolom; beri nama yang tepat", "header row %d tells groups of columns apart; give the dimension its proper name", h+1)
		case texts[0] != "":
			shared = append(shared, texts[0])
		}
	}
	if !hasYear {
		d.decide("unpivot", "tahun", Confidence{0, 0}, true, "judul kolom tidak menyebut tahun; tambahkan kolom tahun dengan nilai tetap di binding", "the column titles name no year; add a year with a fixed value in the binding")
	}
	return shared
}

// yearDimensions reads years, and where the text around them varies also that.
func (d *draft) yearDimensions(dim *dimension, texts []string) []*dimension {
	dim.column = newColumn(-1)
	dim.column.title = "tahun"
	around := func(s string) string { return strings.TrimSpace(yearPart.ReplaceAllString(s, "")) }
	bare := !slices.ContainsFunc(texts, func(s string) bool { return around(s) != "" })
	if bare {
		return []*dimension{dim}
	}
	dim.pattern = "((?:19|20)[0-9]{2})"
	if !slices.ContainsFunc(texts, func(s string) bool { return around(s) != around(texts[0]) }) {
		return []*dimension{dim}
	}
	other := &dimension{header: dim.header, fill: dim.fill, pattern: `^(.*?)[ ._-]*(?:19|20)[0-9]{2}`, column: newColumn(-1)}
	other.column.title = "kategori"
	d.decide("unpivot", "kategori", Confidence{0, 0}, true, "teks di sekitar tahun membedakan kelompok kolom; bila itu ukuran yang berbeda, pisahkan menjadi beberapa kolom",
		"the text around the year tells groups of columns apart; if these are different measures, make them separate columns")
	return []*dimension{other, dim}
}

// value is what a dimension reads from header text s.
func (dim *dimension) value(s string) string {
	if dim.pattern == "" {
		return s
	}
	m := regexp.MustCompile(dim.pattern).FindStringSubmatch(s)
	if m == nil {
		return ""
	}
	return m[1]
}

// melt makes one row for each wide column of each row.
func (d *draft) melt(titles [][]string, wide []int) {
	t, u := d.table, d.wide
	out := &table{format: t.format, rows: t.rows * len(wide)}
	out.numbers, out.aside = make([]int64, 0, out.rows), make([]bool, 0, out.rows)
	for row := range t.rows {
		for range wide {
			out.numbers, out.aside = append(out.numbers, t.numbers[row]), append(out.aside, t.aside[row])
		}
	}
	for at, c := range t.columns {
		if slices.Contains(wide, at) || slices.ContainsFunc(u.totals, func(x wideTotal) bool { return x.column == c }) {
			continue
		}
		codes := make([]int32, 0, out.rows)
		for _, code := range c.codes {
			for range wide {
				codes = append(codes, code)
			}
		}
		c.codes = codes
		out.columns = append(out.columns, c)
	}
	for _, dim := range u.dims {
		for range t.rows {
			for _, at := range wide {
				dim.column.add(dim.value(titles[dim.header-1][at]), false)
			}
		}
		out.columns = append(out.columns, dim.column)
	}
	u.value = newColumn(-1)
	for row := range t.rows {
		for _, at := range wide {
			c := t.columns[at]
			u.value.add(c.cell(row), c.typed[c.codes[row]])
		}
	}
	out.columns = append(out.columns, u.value)
	d.table = out
}

// ranges writes the wide columns as a binding does.
func (u *unpivot) ranges() string { return strings.Join(refs(u.columns), ", ") }

// refs names columns, runs of positions as ranges.
func refs(columns []*column) (out []string) {
	for i := 0; i < len(columns); i++ {
		j := i
		for j+1 < len(columns) && columns[j+1].at == columns[j].at+1 && strings.HasPrefix(columns[j+1].from, "#") && strings.HasPrefix(columns[i].from, "#") {
			j++
		}
		if j > i {
			out = append(out, "#"+strconv.Itoa(columns[i].at+1)+"-#"+strconv.Itoa(columns[j].at+1))
		} else {
			out = append(out, columns[i].from)
		}
		i = j
	}
	return out
}

// shape finds missing words, regions, printed totals and wide columns.
func (d *draft) shape() {
	d.findMissing()
	d.regions = d.findRegions()
	d.findAside(d.regions)
	d.chooseLocale()
	d.findWide()
}
