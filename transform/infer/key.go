package infer

import (
	"cmp"
	"slices"
	"strings"

	"satudata/schemas"
)

// relate finds what columns have to do with each other: the key, sums, the grid, the rhythm.
func (d *draft) relate() {
	d.findPeriod()
	d.findKey()
	d.findDelivery()
	d.findSums()
	d.findGrid()
}

// maxKey is how many columns a key is looked for in.
const maxKey = 4

// findKey takes the smallest combination of dimensions that tells all rows apart, and the period with
// it: another delivery has the same regions and categories for another period.
func (d *draft) findKey() {
	var candidates []*property
	for _, p := range d.props {
		if p.role != isMeasure && p.role != isText && p.logical != "timestamp" && p.required && !p.constant(d) {
			candidates = append(candidates, p)
		}
	}
	if first := d.firstText(); first != nil {
		candidates = append(candidates, first)
	}
	slices.SortStableFunc(candidates, func(a, b *property) int { return cmp.Compare(rank(a), rank(b)) })
	// A date beside a period says when something was reported; it is looked at only when nothing else does.
	undated := slices.DeleteFunc(slices.Clone(candidates), func(p *property) bool { return p.element == "waktu.tanggal" && d.period != "" && d.period != p.name })
	for _, list := range [][]*property{undated, candidates} {
		list = list[:min(len(list), 12)]
		for size := 1; size <= min(maxKey, len(list)); size++ {
			if d.tryKeys(list, size) {
				return
			}
		}
	}
	d.decide("kunci", "tidak ada", Confidence{0, 0}, true, "tidak ada gabungan kolom dimensi yang membedakan semua baris; baris dikenali dari kiriman dan nomornya",
		"no combination of dimensions tells all rows apart; rows are identified by delivery and number")
}

// findDelivery settles what a delivery does to the rows that are there. Rows with a key replace their
// like. Without one a corrected file would double the table, so that a delivery replaces its periods, or all.
func (d *draft) findDelivery() {
	if len(d.key) > 0 {
		return
	}
	for _, p := range d.props {
		if p.required && p.role == isTime && (p.name == d.period || p.element != "waktu.tanggal") && p.logical != "timestamp" {
			d.scope = append(d.scope, p.name)
		}
	}
	if !slices.Contains(d.scope, d.period) || slices.ContainsFunc(d.props, func(p *property) bool { return p.name == d.period && yearly(p.element) }) {
		d.scope = nil // "March" comes again in another year
	}
	const again, againEN = "tanpa kunci, berkas yang dikoreksi akan menggandakan baris bila ditambahkan", "without a key a corrected file would double the rows if it were added"
	if d.scope == nil {
		d.decide("modePengiriman", "full", Confidence{0, 0}, true, again+"; jadi setiap kiriman mengganti seluruh tabel. Bila satu kiriman hanya sebagian data, beri kunci atau gantiBerdasarkan",
			againEN+"; so every delivery replaces the whole table. If one holds only a part of the data, give it a key or gantiBerdasarkan")
		return
	}
	scope := strings.Join(d.scope, ", ")
	d.decide("modePengiriman", "full, gantiBerdasarkan: "+scope, Confidence{0, 0}, true, again+"; jadi setiap kiriman mengganti semua baris dengan %s yang sama. Benarkah satu kiriman memuatnya lengkap?",
		againEN+"; so every delivery replaces all rows of the same %s. Does one delivery hold all of them?", scope)
}

// yearly says whether the periods of an element come again every year.
func yearly(element string) bool {
	return slices.Contains([]string{"waktu.bulan", "waktu.triwulan", "waktu.semester"}, element)
}

// rank orders candidates: what other datasets join by comes first.
func rank(p *property) int {
	switch {
	case p.role == isRegion && strings.HasSuffix(p.element, "kabupaten_kota"):
		return 0
	case p.role == isRegion:
		return 1
	case p.role == isCode && p.element != "":
		return 2
	case p.role == isCategory:
		return 3
	case p.element == "waktu.tahun":
		return 4
	case p.role == isTime && p.element != "waktu.tanggal":
		return 5
	case p.role == isCode:
		return 6
	case p.role == isTime:
		return 7
	}
	return 8
}

// firstText is the column of names that the table begins with, where it has no code.
func (d *draft) firstText() *property {
	for _, p := range d.props {
		if p.role == isMeasure {
			return nil
		}
		if p.role == isText && p.required && p.class == "" && !p.constant(d) {
			return p
		}
	}
	return nil
}

func (p *property) constant(d *draft) bool { return len(d.stats(p.column).distinct) <= 1 }

// tryKeys tries every combination of size candidates and takes the first that is a key.
func (d *draft) tryKeys(candidates []*property, size int) bool {
	pick := make([]int, size)
	for i := range pick {
		pick[i] = i
	}
	for {
		combination := make([]*property, size)
		for i, at := range pick {
			combination[i] = candidates[at]
		}
		if rows, doubles := d.doubles(combination); d.isKey(combination, rows, doubles) {
			d.takeKey(combination, rows, doubles)
			return true
		}
		i := size - 1
		for i >= 0 && pick[i] == len(candidates)-size+i {
			i--
		}
		if i < 0 {
			return false
		}
		pick[i]++
		for j := i + 1; j < size; j++ {
			pick[j] = pick[j-1] + 1
		}
	}
}

// isKey says whether so few doubles make a combination a key. Where a region or a shared code and a
// period are among its columns, a few doubled rows in a hundred are mistakes of the delivery; else
// every row must be told apart.
func (d *draft) isKey(combination []*property, rows, doubles int) bool {
	has := func(roles ...role) bool {
		return slices.ContainsFunc(combination, func(p *property) bool { return slices.Contains(roles, p.role) && p.element != "" })
	}
	if has(isRegion, isCode) && has(isTime) {
		return doubles*50 <= rows
	}
	return doubles == 0 && rows > 1
}

// doubles counts rows whose combination an earlier row has.
func (d *draft) doubles(combination []*property) (rows, doubles int) {
	seen := make(map[[maxKey]int32]bool, d.table.rows)
	values := make([][]int32, len(combination))
	for i, p := range combination {
		values[i] = d.canonical(p)
	}
next:
	for row := range d.table.rows {
		if d.table.aside[row] {
			continue
		}
		var k [maxKey]int32
		for i, p := range combination {
			if k[i] = values[i][p.column.codes[row]]; k[i] == 0 {
				continue next // it will be rejected, and not as a double
			}
		}
		if rows++; seen[k] {
			doubles++
			if doubles*50 > d.table.rows {
				return rows, doubles
			}
		}
		seen[k] = true
	}
	return rows, doubles
}

// canonical numbers the values that the texts of p's column stand for, from 1; 0 is none. "L" and "l"
// are one value, and so are "Januari" and "1".
func (d *draft) canonical(p *property) []int32 {
	if p.canon != nil {
		return p.canon
	}
	missing := d.missingSet()
	synonyms := map[string]string{}
	e, _ := schemas.FindElement(p.element)
	for _, m := range []map[string]string{e.Synonyms, p.synonyms} {
		for text, value := range m {
			synonyms[schemas.Fold(text)] = value
		}
	}
	for _, v := range slices.Concat(e.Check.Allowed, p.allowed) {
		synonyms[schemas.Fold(v)] = v
	}
	number := map[string]int32{}
	p.canon = make([]int32, len(p.column.texts))
	for i, text := range p.column.texts {
		value, known := synonyms[schemas.Fold(text)]
		switch {
		case missing[schemas.Fold(text)]:
			continue
		case p.role == isRegion:
			if value, known = p.code[text]; !known {
				continue
			}
		case !known && (p.allowed != nil || e.Check.Allowed != nil || p.logical == "boolean"):
			continue
		case !known:
			value = text
			if e.Type.Kind == schemas.Integer {
				value = strings.TrimLeft(strings.TrimSuffix(text, ".0"), "0")
			}
		}
		if number[value] == 0 {
			number[value] = int32(len(number) + 1)
		}
		p.canon[i] = number[value]
	}
	return p.canon
}

func (d *draft) takeKey(combination []*property, rows, doubles int) {
	for _, p := range d.props {
		period := p.role == isTime && p.element != "" && p.required
		if period && !slices.Contains(combination, p) && p.element != "waktu.tanggal" {
			combination = append(combination, p)
		}
	}
	d.key = combination
	slices.SortStableFunc(d.key, func(a, b *property) int { return cmp.Compare(rank(a), rank(b)) })
	var names []string
	for i, p := range d.key {
		p.key, p.required = i+1, true
		names = append(names, p.name)
	}
	extra, extraEN := "", ""
	if doubles > 0 {
		extra, extraEN = "; baris ganda akan ditolak", "; the doubled rows will be rejected"
	}
	d.decide("kunci", strings.Join(names, ", "), Confidence{rows - doubles, rows}, doubles > 0, "gabungan terkecil yang membedakan baris, ditambah periodenya: %d ganda dari %d baris"+extra,
		"the smallest combination that tells rows apart, and the period: %d doubled of %d rows"+extraEN, doubles, rows)
}
