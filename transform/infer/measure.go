package infer

import (
	"strings"

	"satudata/schemas"
)

// Words of names that say what kind of figure a column holds.
var (
	indexWords   = []string{"indeks", "index", "ipm", "skor", "score"}
	percentWords = []string{"persen", "persentase", "prosentase", "prevalensi", "percent", "share"}
	ratioWords   = []string{"rasio", "ratio", "rata", "rerata", "mean", "average", "laju", "tingkat", "kepadatan", "angka", "proporsi", "median", "cakupan", "per", "growth", "pertumbuhan", "luas_per", "suhu", "kelembaban", "peringkat", "ranking", "rank", "umur", "usia"}
	moneyWords   = []string{"rupiah", "rp"}
	codeWords    = []string{"kode", "kd", "nomor", "id", "npsn", "nik", "nip", "npwp", "nib", "kk", "telepon", "telp", "hp", "rt", "rw", "pos"}
)

// asNumber recognises figures.
func (d *draft) asNumber(p *property, s stats) bool {
	n := p.column.numerals(d.table.aside, d.missingSet())
	if n.all == 0 || has(p.name, codeWords...) && !has(p.name, "jumlah") || leadingZeros(s) {
		return false
	}
	locale := d.fileLocale()
	if own, _, sure := n.locale(); sure && own != "" && own != locale {
		locale, p.locale = own, own
	}
	numbers, whole, negative, percent := 0, 0, 0, 0
	for i, v := range s.distinct {
		num := readNumeral(v)
		ok, isWhole := num.fits(locale)
		if typed := p.column.typed[p.column.index[text{v, true}]]; typed && num.form != notNumber {
			ok, isWhole = true, num.form == digitsOnly
		}
		if !ok {
			continue
		}
		numbers += s.counts[i]
		if isWhole {
			whole += s.counts[i]
		}
		if num.minus {
			negative += s.counts[i]
		}
		if f, ok := numberIn(v, locale); ok && f >= 0 && f <= 100 {
			percent += s.counts[i]
		}
	}
	if !mostly(numbers, s.all) {
		return false
	}
	p.role, p.confidence = isMeasure, Confidence{numbers, s.all}
	d.measure(p, n, s.all, whole, negative, percent, numbers)
	return true
}

// measure chooses element, type and whether a figure may be summed.
func (d *draft) measure(p *property, n numerals, all, whole, negative, percent, numbers int) {
	isWhole := mostly(whole, numbers)
	if isWhole {
		p.confidence.Agree = whole
	}
	kind, kindEN := "bilangan pecahan", "fractions"
	if isWhole {
		kind, kindEN = "bilangan bulat", "whole numbers"
	}
	switch {
	case (has(p.name, percentWords...) || n.marks["%"]*2 > n.numbers || p.unit == "persen") && mostly(percent, numbers):
		p.element = "umum.persen"
		p.unit = ""
		p.why = sayf("%d dari %d nilai antara 0 dan 100, dan namanya persen; tidak dijumlahkan", "%d of %d values are between 0 and 100 and its name says percent; not summed", percent, all)
	case (has(p.name, moneyWords...) || n.marks["Rp"]*2 > n.numbers || p.unit == "rupiah"):
		p.element, p.unit = "umum.rupiah", ""
		p.why = sayf("%d dari %d nilai adalah uang dalam rupiah", "%d of %d values are money in rupiah", numbers, all)
	case has(p.name, "indeks", "index", "ipm") && negative == 0 && !isWhole:
		p.element = "umum.indeks"
		p.why = sayf("%d dari %d nilai adalah angka, dan namanya indeks; tidak dijumlahkan", "%d of %d values are numbers and its name says index; not summed", numbers, all)
	case isWhole && negative*100 <= numbers && !has(p.name, ratioWords...) && !has(p.name, indexWords...) && !has(p.name, percentWords...):
		p.element = "umum.jumlah"
		p.why = sayf("%d dari %d nilai adalah bilangan bulat yang tidak negatif", "%d of %d values are whole numbers that are not negative", whole, all)
	case isWhole:
		p.logical, p.additive = "integer", "false"
		p.why = sayf("%d dari %d nilai adalah %s; namanya bukan jumlah, jadi tidak dijumlahkan", "%d of %d values are %s; its name is no count, so not summed", whole, all, kind)
		p.why.EN = strings.Replace(p.why.EN, kind, kindEN, 1)
	default:
		p.logical = "number"
		if has(p.name, ratioWords...) || has(p.name, indexWords...) || has(p.name, percentWords...) {
			p.additive = "false"
		} else if has(p.name, "jumlah", "luas", "volume", "produksi", "berat", "panjang", "total") {
			p.additive = "true"
		} else {
			p.additive = "false"
		}
		p.why = sayf("%d dari %d nilai adalah bilangan, sebagian pecahan", "%d of %d values are numbers, some of them fractions", numbers, all)
	}
}

// nameUnits gives counts the unit that their names say, where nothing else does.
func (d *draft) nameUnits() {
	for _, p := range d.props {
		if p.element == "umum.jumlah" && p.unit == "" && strings.HasPrefix(p.name, "jumlah_") {
			p.unit = unitOfName(p.name)
		}
	}
}

// unitOfName is the unit that counting words say.
func unitOfName(name string) string {
	if has(name, "penduduk", "pengunjung", "wisatawan", "siswa", "penumpang", "pegawai", "guru", "pasien", "balita", "peserta", "warga", "jiwa", "orang", "meninggal") {
		return "orang"
	}
	return ""
}

// leadingZeros says whether figures have zeros in front, which numbers do not.
func leadingZeros(s stats) bool {
	zeros := s.fit(func(v string) bool { return len(v) > 1 && v[0] == '0' && formDigits.MatchString(v) })
	return zeros.Agree*20 > zeros.Of
}

// values are the numbers that a property has, row by row; NaN where one is missing, no number, or set aside.
func (d *draft) values(p *property) []float64 {
	missing := d.missingSet()
	locale := p.locale
	if locale == "" {
		locale = d.fileLocale()
	}
	byText := make([]float64, len(p.column.texts))
	for i, s := range p.column.texts {
		byText[i] = nan
		if missing[schemas.Fold(s)] {
			continue
		}
		l := locale
		if p.column.typed[i] {
			l = "plain"
		}
		if f, ok := numberIn(s, l); ok {
			byText[i] = f
		}
	}
	out := make([]float64, len(p.column.codes))
	for row, code := range p.column.codes {
		out[row] = byText[code]
		if d.table.aside[row] {
			out[row] = nan
		}
	}
	return out
}
