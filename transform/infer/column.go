package infer

import (
	"slices"
	"strings"

	"satudata/ingest/event"
	"satudata/schemas"
)

// role is what a property is for.
type role int

const (
	isText role = iota
	isRegion
	isTime
	isCategory
	isCode // identifies a thing, though no shared element
	isMeasure
)

// property is a column of the proposed contract with what feeds it.
type property struct {
	column      *column
	name        string
	title       string
	description string
	element     string
	logical     string // string, integer, number, boolean, date, timestamp; "" leaves it to the element
	role        role
	required    bool
	key         int
	allowed     []string
	unit        string
	additive    string // "true", "false", "" leaves it to the element
	class       string
	synonyms    map[string]string
	locale      string
	dates       []string
	system      string            // code system of a region column where it is not the file's
	code        map[string]string // of a region: its Kemendagri code by delivered text

	canon []int32 // see canonical

	confidence Confidence
	why        event.Sentence
	empty      int // rows without a value
}

// tolerance is how many of a hundred values may not fit a column's type: those are dirty rows, which
// landing rejects.
const tolerance = 5

func mostly(agree, of int) bool { return of > 0 && agree*100 >= of*(100-tolerance) }

// columns decides about every column in turn.
func (d *draft) columns() {
	d.personal = d.holdsPersons()
	for _, c := range d.table.columns {
		if why, ok := d.useless(c); ok {
			d.drop(c, why)
			continue
		}
		p := d.propertyOf(c)
		d.props = append(d.props, p)
		if d.wide != nil {
			if c == d.wide.value {
				d.wide.prop = p
			}
			for _, dim := range d.wide.dims {
				if dim.column == c {
					dim.prop = p
				}
			}
		}
	}
	d.foldUnit()
	d.nameUnits()
	for _, p := range d.props {
		d.note("kolom "+p.column.label(), p.name+": "+p.kind(), p.confidence, false, p.why)
	}
}

func (d *draft) drop(c *column, why event.Sentence) {
	d.dropped = append(d.dropped, drop{c, why})
	d.note("kolom "+c.label(), "tidak dipakai", onName, false, why)
}

// kind is how a report calls the type.
func (p *property) kind() string {
	switch {
	case p.element != "":
		return p.element
	case p.allowed != nil:
		return "kategori"
	}
	return p.logical
}

// useless says why the contract should not have column c.
func (d *draft) useless(c *column) (event.Sentence, bool) {
	if d.wide != nil && (c == d.wide.value || slices.ContainsFunc(d.wide.dims, func(dim *dimension) bool { return dim.column == c })) {
		return event.Sentence{}, false
	}
	for _, r := range d.regions {
		if r.name == c {
			return sayf("nama wilayah di samping kodenya (%s); nama resmi diisikan dari kode", "names of regions beside their code (%s); official names are filled in from the code", r.column.label()), true
		}
	}
	switch {
	case c.deep:
		return sayf("berisi objek atau larik JSON; ambil anggotanya dengan nama seperti induk.anggota", "holds JSON objects or arrays; take a member by a name such as parent.member"), true
	case c.given(d.missingSet()) == 0 || !slices.ContainsFunc(c.texts, func(s string) bool { return s != "" && !missingWord(s) }):
		return sayf("kosong di semua baris", "empty in every row"), true
	case d.running(c):
		return sayf("nomor urut baris, bukan tanda pengenal", "a running number of the rows, no identity"), true
	}
	return event.Sentence{}, false
}

// running says whether the column counts the rows.
func (d *draft) running(c *column) bool {
	list, _ := words(c.title)
	name := slug(list)
	if name != "" && !slices.Contains([]string{"nomor", "id", "nomor_urut", "urut", "urutan", "index", "indeks", "row", "baris", "kolom_0"}, name) && !strings.HasSuffix(name, "_id") {
		return false
	}
	next, last := 0, int32(-1)
	for row, code := range c.codes {
		if d.table.aside[row] || code == last || code == 0 {
			continue
		}
		last = code
		if s := c.texts[code]; s != itoa(next+1) && !(next == 0 && s == "0") {
			return false
		}
		next++
	}
	return next >= 3
}

// stats is what a column holds, aside rows and missing words left out.
type stats struct {
	all, empty int
	distinct   []string // in order of first occurrence
	counts     []int    // of distinct
}

// In an unpivoted table a cell of the source stands in many rows; it counts once.
func (d *draft) stats(c *column) (s stats) {
	missing := d.missingSet()
	spread := d.spread(c)
	for i, n := range c.counts(d.table.aside) {
		if n > 0 {
			n = max(n/spread, 1)
		}
		switch {
		case n == 0:
		case missing[schemas.Fold(c.texts[i])]:
			s.empty += n
		default:
			s.all += n
			s.distinct, s.counts = append(s.distinct, c.texts[i]), append(s.counts, n)
		}
	}
	return s
}

// spread is how many rows one cell or header text of the source became.
func (d *draft) spread(c *column) int {
	switch {
	case d.wide == nil || c == d.wide.value || len(d.wide.columns) == 0:
		return 1
	case c.at >= 0:
		return len(d.wide.columns)
	}
	return max(d.table.given()/len(d.wide.columns), 1)
}

// given is how many rows are not set aside.
func (t *table) given() (n int) {
	for _, aside := range t.aside {
		if !aside {
			n++
		}
	}
	return n
}

// fit is how many of the values keep accepts.
func (s stats) fit(keep func(string) bool) Confidence {
	c := Confidence{Of: s.all}
	for i, v := range s.distinct {
		if keep(v) {
			c.Agree += s.counts[i]
		}
	}
	return c
}

// propertyOf decides what column c means.
func (d *draft) propertyOf(c *column) *property {
	title := c.title
	if d.wide != nil && c == d.wide.value && title == "" {
		title = "nilai"
	}
	list, unit := words(title)
	s := d.stats(c)
	p := &property{column: c, name: d.propertyName(list, "kolom_"+itoa(c.at+1)), title: d.titleOf(c, list), unit: unitWord(unit), empty: s.empty}
	p.required = s.empty == 0 || s.empty*200 <= s.all+s.empty
	for _, decide := range []func(*property, stats) bool{d.asRegion, d.asPersonal, d.asTime, d.asElement, d.asDate, d.asTruth, d.asNumber} {
		if decide(p, s) {
			d.describe(p)
			return p
		}
	}
	d.asText(p, s)
	d.describe(p)
	return p
}

// titleOf is the businessName of a column, from the header's own words.
func (d *draft) titleOf(c *column, list []string) string {
	return sentence(list)
}

// describe gives a column without an element a description that says what is still to be written.
func (d *draft) describe(p *property) {
	if p.element != "" && p.role != isMeasure {
		return
	}
	from := p.column.title
	if from == "" {
		from = p.column.from
	}
	if p.column.at < 0 && d.wide != nil && p.column == d.wide.value {
		p.description = "Isi sel kolom periode. Definisi " + schemas.ToWrite
		return
	}
	p.description = "Kolom \"" + from + "\" di berkas. Definisi " + schemas.ToWrite
}

func (d *draft) asRegion(p *property, s stats) bool {
	for _, r := range d.regions {
		if r.column != p.column {
			continue
		}
		table, err := d.codeTable(r)
		if err != nil {
			return false
		}
		p.element, p.role, p.code = "wilayah."+r.level(), isRegion, map[string]string{}
		if !d.taken(r.level()) {
			p.name = r.level()
		} else { // a table has one region of a level
			p.element, p.role, p.logical = "", isCode, "string"
		}
		known := 0
		for i, code := range s.distinct {
			if region, ok := table.Lookup(strings.TrimSuffix(code, ".0")); ok {
				p.code[code] = region.KemendagriCode
				known += s.counts[i]
			}
		}
		p.confidence = Confidence{known, s.all}
		p.system = r.system
		p.why = sayf("%d dari %d kode ada di %s", "%d of %d codes are in %s", known, s.all, table.System())
		p.required = mostly(s.all, s.all+s.empty)
		return true
	}
	return false
}

// asDate recognises dates in one way of writing.
func (d *draft) asDate(p *property, s stats) bool {
	shapes, dated, all := p.column.dates(d.table.aside, d.missingSet())
	if !mostly(dated, all) {
		return false
	}
	best, iso, timed := "", 0, 0
	for _, key := range sortedKeys(shapes) {
		if strings.HasPrefix(key, "ISO") {
			iso += shapes[key].count
		} else if best == "" || shapes[key].count > shapes[best].count {
			best = key
		}
		if strings.Contains(key, "time") || strings.Contains(key, "HH") {
			timed += shapes[key].count
		}
	}
	p.logical, p.role, p.element = "date", isTime, "waktu.tanggal"
	if timed*2 > dated {
		p.logical, p.element = "timestamp", ""
	} else {
		p.logical = ""
	}
	p.confidence = Confidence{dated, all}
	p.why = sayf("%d dari %d nilai adalah tanggal", "%d of %d values are dates", dated, all)
	if best == "" {
		return true
	}
	layout, sure := shapes[best].settle(best)
	p.dates = []string{layout}
	p.why = sayf("%d dari %d nilai adalah tanggal, ditulis %s", "%d of %d values are dates, written %s", dated, all, layout)
	if !sure {
		d.decide("kolom "+p.column.label(), "dates: "+layout, Confidence{0, 0}, true, "setiap tanggal dapat dibaca dengan dua cara (hari atau bulan lebih dahulu); tanyakan kepada OPD", "every date can be read in two ways (day or month first); ask the OPD")
	}
	return true
}

// truths are the words for yes and no.
var truths = map[string]string{"ya": "true", "y": "true", "yes": "true", "true": "true", "benar": "true", "ada": "true",
	"tidak": "false", "t": "false", "no": "false", "n": "false", "false": "false", "salah": "false", "bukan": "false", "tdk": "false"}

func (d *draft) asTruth(p *property, s stats) bool {
	if len(s.distinct) < 2 || len(s.distinct) > 4 {
		return false
	}
	seen := map[string]bool{}
	p.synonyms = map[string]string{}
	for _, v := range s.distinct {
		value, ok := truths[schemas.Fold(v)]
		if !ok {
			p.synonyms = nil
			return false
		}
		seen[value] = true
		if schemas.Fold(v) != value {
			p.synonyms[v] = value
		}
	}
	if len(seen) < 2 {
		p.synonyms = nil
		return false
	}
	if len(p.synonyms) == 0 {
		p.synonyms = nil
	}
	p.logical, p.role = "boolean", isCategory
	p.confidence = Confidence{s.all, s.all}
	p.why = sayf("hanya berisi kata ya atau tidak", "holds words for yes and no only")
	return true
}

// maxCategories is how many different values a category has at most.
const maxCategories = 30

// asText takes what is left: a category when few values repeat, else a text.
func (d *draft) asText(p *property, s stats) {
	p.logical, p.confidence = "string", Confidence{s.all, s.all}
	list, _ := words(p.column.title)
	name := slug(list)
	coded := has(name, "kode", "kd", "nomor", "id", "npwp", "nib", "rt", "rw")
	switch {
	case p.class != "":
		return
	case coded:
		p.role = isCode
		p.why = sayf("kode atau nomor: disimpan sebagai teks, nol di depan ada artinya", "a code or number: kept as text, leading zeros mean something")
	case len(s.distinct) == 1 && s.all > 1:
		p.why = sayf("sama di semua baris", "the same in every row")
	case len(s.distinct) <= maxCategories && (len(s.distinct)*3 <= s.all || p.column.at < 0) && short30(s.distinct) && p.required && distinguishable(s.distinct):
		p.role, p.allowed = isCategory, d.usual(p, s)
		p.why = sayf("%d nilai yang berulang di %d baris; nilai lain akan ditolak", "%d values that repeat in %d rows; another value will be rejected", len(p.allowed), s.all)
	default:
		p.why = sayf("teks dengan %d nilai berbeda di %d baris", "text with %d different values in %d rows", len(s.distinct), s.all)
		if !slices.ContainsFunc(s.distinct, func(v string) bool { return len([]rune(v)) > 200 }) && has(name, "nama", "kecamatan", "desa", "kelurahan") {
			p.element = "umum.nama"
			p.logical = ""
		}
	}
}

// usual are the values of a category without those that stand in hardly a row: slips, or new ones.
func (d *draft) usual(p *property, s stats) (values []string) {
	for i, v := range s.distinct {
		if s.counts[i]*200 >= s.all {
			values = append(values, v)
			continue
		}
		d.decide("kolom "+p.column.label(), "bukan kategori: "+v, Confidence{s.counts[i], s.all}, true, "hanya ada di %d dari %d baris; tambahkan ke daftar nilai bila benar, atau sebagai padanan di binding",
			"it stands in %d of %d rows only; add it to the values if it is right, or as a synonym in the binding", s.counts[i], s.all)
	}
	return values
}

// short30 says whether the values are words and not prose.
func short30(values []string) bool {
	return !slices.ContainsFunc(values, func(v string) bool { return len([]rune(v)) > 60 })
}

// distinguishable says whether people can tell the values apart.
func distinguishable(values []string) bool {
	return len(foldSet(values...)) == len(values)
}

// foldUnit takes a column that only names the unit into the unit of the measures.
func (d *draft) foldUnit() {
	at := slices.IndexFunc(d.props, func(p *property) bool { return has(p.name, "satuan", "unit") && p.logical == "string" })
	if at < 0 {
		return
	}
	p := d.props[at]
	s := d.stats(p.column)
	if len(s.distinct) != 1 || s.empty > 0 {
		return
	}
	unit := unitWord(strings.ToLower(s.distinct[0]))
	measures := 0
	for _, m := range d.props {
		if m.role == isMeasure && (m.unit == "" || m.unit == unit) && m.element != "umum.persen" && m.element != "umum.rupiah" {
			m.unit = unit
			if unit == "persen" && m.additive == "true" {
				m.additive = "false"
			}
			measures++
		}
	}
	if measures == 0 {
		return
	}
	d.props = slices.Delete(d.props, at, at+1)
	d.drop(p.column, sayf("satuan yang sama di semua baris (%s): menjadi satuan kolom ukuran", "the same unit in every row (%s): becomes the unit of the measure", unit))
}

// unitWord is the unit as contracts write it.
func unitWord(s string) string {
	switch s = schemas.Fold(s); s {
	case "jiwa", "org", "orang":
		return "orang"
	case "%", "persen", "percent":
		return "persen"
	case "rp", "rp.", "rupiah", "idr":
		return "rupiah"
	}
	return s
}
