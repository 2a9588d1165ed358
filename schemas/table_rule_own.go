package schemas

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// ownRules are the kinds of table rules of satudata, which stand in the quality section of the table
// as type custom, engine satudata, and an implementation that is one of these mappings. Columns are
// named by property or by field; a list of one may be written without brackets.
//
//	{aturan: kunciTamu, kolom: […], dataset: topik.nama, keKolom: […]}     keKolom: default the other's key
//	{aturan: unik, kolom: […]}
//	{aturan: jumlah, kolom: a, per: […], di: {kolom: [nilai, …]}, toleransi: 0.5 | 1%,
//	    samaDengan: {kolom: b | nilai: b, di: {…}, dataset: …, per: […]}}  kolom: the sum of b; nilai: the value of b in every row
//	{aturan: turunan, kolom: a, rumus: b / c * 100, per: […], di: {…}, toleransi: …}
//	{aturan: lonjakan, kolom: a, faktor: 20, periode: tahun, per: […], dasar: 1}
//	{aturan: takBerubah, kolom: […], batas: 50%, periode: tahun, per: […]}
//	{aturan: petak}                                                        as the profile declares it
//	{aturan: mutakhir, periode: tahun, jadwal: tahunan, tenggang: 90}      tenggang: days
//
// periode is kolomPeriode by default, and per of lonjakan and takBerubah the rest of the key.
var ownRules = map[string]ownRule{
	"kunciTamu":  {[]string{"kolom", "dataset", "keKolom"}, (*ruleReader).foreignKey},
	"unik":       {[]string{"kolom"}, (*ruleReader).unique},
	"jumlah":     {[]string{"kolom", "per", "di", "samaDengan", "toleransi"}, (*ruleReader).equal},
	"turunan":    {[]string{"kolom", "rumus", "per", "di", "toleransi"}, (*ruleReader).derived},
	"lonjakan":   {[]string{"kolom", "faktor", "periode", "per", "dasar"}, (*ruleReader).jump},
	"takBerubah": {[]string{"kolom", "batas", "periode", "per"}, (*ruleReader).unchanged},
	"petak":      {nil, (*ruleReader).holes},
	"mutakhir":   {[]string{"periode", "jadwal", "tenggang"}, (*ruleReader).freshness},
}

// ownRule is the keys of a kind of table rule beside aturan, and how it is read.
type ownRule struct {
	keys []string
	read func(r *ruleReader, o object) TableCheck
}

// ownSay is how a table rule of satudata is written.
const ownSay = "aturan satudata/rules of satudata: {type: custom, engine: satudata, name: …, implementation: {aturan: lonjakan, kolom: jumlah, faktor: 20}}"

// own reads a table rule of satudata. What asks for an explanation is a warning by default.
func (r *ruleReader) own(q, o object) {
	kinds := slices.Sorted(maps.Keys(ownRules))
	o.need("aturan", strings.Join(kinds, ", "))
	kind := o.oneOf("aturan", "", kinds...)
	if kind == "" {
		return
	}
	severity := Reject
	if slices.Contains([]string{"lonjakan", "takBerubah", "petak", "mutakhir"}, kind) {
		severity = Warn
	}
	rule := r.head(q, "", severity)
	before := len(o.r.faults)
	o.only(append([]string{"aturan"}, ownRules[kind].keys...)...)
	rule.Check = ownRules[kind].read(r, o)
	if len(o.r.faults) == before {
		r.add(q, "name", rule)
	}
}

func (r *ruleReader) foreignKey(o object) TableCheck {
	key := ForeignKey{Columns: r.needColumns(o, "kolom"), Dataset: o.form("dataset", datasetForm, datasetSay), To: o.list("keKolom")}
	if key.To != nil && len(key.To) != len(key.Columns) {
		o.fault("keKolom", sayf("%d kolom merujuk %d kolom", "%d columns refer to %d columns", len(key.Columns), len(key.To)), "sama banyak/as many of each")
	}
	if key.Dataset == r.c.Dataset {
		key.To = r.columns(o, "keKolom")
	}
	return key
}

// needColumns reads the columns that key must name.
func (r *ruleReader) needColumns(o object, key string) []string {
	names := r.columns(o, key)
	if len(o.list(key)) == 0 {
		o.fault(key, sayf("%s wajib diisi", "%s is required", key), "[kolom, …]")
	}
	return names
}

func (r *ruleReader) unique(o object) TableCheck {
	return Unique{r.needColumns(o, "kolom")}
}

func (r *ruleReader) equal(o object) TableCheck {
	rule := Equal{Part: GroupTotal{By: r.columns(o, "per"), Where: r.where(o)}, Tolerance: readTolerance(o)}
	if f, ok := r.column(o, "kolom", numeric...); ok && r.additive(o, "kolom", f.Name) {
		rule.Part.Column = f.Name
	}
	w := o.child("samaDengan")
	if w.node == nil {
		o.fault("samaDengan", Sentence{"jumlah dibandingkan dengan apa?", "what is the sum compared with?"}, "{kolom: …}, {nilai: …}")
		return rule
	}
	w.only("kolom", "nilai", "di", "dataset", "per")
	key := "kolom"
	if rule.Whole.Same = w.has("nilai"); rule.Whole.Same {
		key = "nilai"
	}
	switch {
	case w.has("kolom") == w.has("nilai"):
		w.fault("kolom", Sentence{"sebutkan kolom atau nilai, salah satu", "give kolom or nilai, one of them"}, "{kolom: …}, {nilai: …}")
	case w.has("dataset") && w.text("dataset") != r.c.Dataset:
		rule.Whole.Dataset, rule.Whole.Column = w.form("dataset", datasetForm, datasetSay), w.need(key, "kolom/column")
		rule.Whole.By, rule.Whole.Where = w.list("per"), readFilters(w)
		if !w.has("per") {
			rule.Whole.By = o.list("per")
		}
	default:
		f, ok := r.column(w, key, numeric...)
		if ok && (rule.Whole.Same || r.additive(w, key, f.Name)) {
			rule.Whole.Column = f.Name
		}
		rule.Whole.By, rule.Whole.Where = r.columns(w, "per"), r.where(w)
		if !w.has("per") {
			rule.Whole.By = rule.Part.By
		}
	}
	if len(rule.Whole.By) != len(rule.Part.By) {
		w.fault("per", sayf("%d kolom dibandingkan dengan %d kolom", "%d columns are compared with %d columns", len(rule.Part.By), len(rule.Whole.By)), "sama banyak/as many of each")
	}
	return rule
}

// numeric are the kinds that can be summed and compared by size.
var numeric = []Kind{Integer, Decimal, Double}

// where reads the rows that count, in columns of this table.
func (r *ruleReader) where(o object) []ValueFilter {
	filters := readFilters(o)
	for i, f := range filters {
		if name, ok := r.named(o.child("di"), f.Column, f.Column); ok {
			filters[i].Column = name
			r.canHold(o, f.Column, name, f.Values)
		}
	}
	return filters
}

// canHold refuses values that the column cannot have.
func (r *ruleReader) canHold(o object, key, field string, values []string) {
	f, _ := r.c.FieldOf(field)
	p, _ := r.c.PropertyOf(field)
	for _, v := range values {
		_, err := strconv.ParseInt(v, 10, 64)
		if f.Type.Kind == Integer && err != nil || p.Region() == "" && p.Check.Allowed != nil && !slices.Contains(p.Check.Allowed, v) {
			o.child("di").fault(key, sayf("kolom %q tidak pernah bernilai %q", "column %q is never %q", key, v), cmp.Or(DidYouMean(v, p.Check.Allowed), "bilangan bulat/whole number"))
		}
	}
}

// readFilters reads {column: value or [values]} under di.
func readFilters(o object) []ValueFilter {
	var out []ValueFilter
	di := o.child("di")
	for _, column := range di.keys() {
		f := ValueFilter{Column: column, Values: di.list(column)}
		if len(f.Values) == 0 {
			di.fault(column, sayf("kolom %q tanpa nilai", "column %q without a value", column), "[nilai, …]")
		}
		out = append(out, f)
	}
	return out
}

// readTolerance reads "0.5" or "1%" under toleransi.
func readTolerance(o object) Tolerance {
	share, percent := o.share("toleransi")
	return Tolerance{Value: share, Percent: percent}
}

// share reads a number from 0 upward, which may be a percentage.
func (o object) share(key string) (n float64, percent bool) {
	text := o.text(key)
	if text == "" {
		return 0, false
	}
	digits, percent := strings.CutSuffix(text, "%")
	n, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
	if err != nil || !(n >= 0 && n <= 1e15) {
		o.fault(key, sayf("%q bukan bilangan atau persen", "%q is neither a number nor a percentage", text), "0.5, 1%")
		return 0, false
	}
	return n, percent
}

func (r *ruleReader) derived(o object) TableCheck {
	rule := Derived{Formula: o.need("rumus", "a / b * 100"), By: r.columns(o, "per"), Where: r.where(o), Tolerance: readTolerance(o)}
	f, ok := r.column(o, "kolom", numeric...)
	if !ok || rule.Formula == "" {
		return rule
	}
	rule.Column = f.Name
	parsed, err := parseFormula(rule.Formula, r.fields)
	if err != nil {
		o.fault("rumus", err.say, err.expected)
		return rule
	}
	rule.Expr = parsed.Expr
	if o.has("di") && len(rule.By) == 0 {
		o.fault("di", Sentence{"di hanya berlaku dengan per", "di goes with per only"}, "per: [...]")
	}
	if len(rule.By) > 0 {
		for _, i := range parsed.Needs {
			r.additive(o, "rumus", r.fields[i].Name)
		}
	}
	return rule
}

func (r *ruleReader) jump(o object) TableCheck {
	rule := Jump{}
	f, ok := r.column(o, "kolom", numeric...)
	rule.Column = f.Name
	rule.Period, rule.Series = r.series(o)
	if n := o.number("faktor"); n != nil && *n > 1 {
		rule.Factor = *n
	} else {
		o.fault("faktor", Sentence{"faktor harus lebih dari 1", "the factor must be over 1"}, "faktor: 20")
	}
	if ok && f.Type.Kind == Integer {
		rule.Floor = 1
	}
	if n := o.number("dasar"); n != nil {
		if rule.Floor = *n; *n < 0 {
			o.fault("dasar", Sentence{"dasar tidak boleh negatif", "dasar may not be negative"}, "dasar: 1")
		}
	}
	return rule
}

// series reads the period and what a series has in common: by default the rest of the key. Within a
// series there must be one row of a period.
func (r *ruleReader) series(o object) (period string, series []string) {
	if o.has("periode") || r.c.Profile.Period == "" {
		f, _ := r.column(o, "periode", Integer, Date, Timestamp, String)
		period = f.Name
	} else if f, ok := r.c.FieldOf(r.c.Profile.Period); ok {
		period = f.Name
	}
	series = r.columns(o, "per")
	if period == "" {
		return "", series // what is left of the key is not known either
	}
	var rest []string
	for _, i := range r.c.Key() {
		if name := r.fields[i].Name; name != period {
			rest = append(rest, name)
		}
	}
	if !o.has("per") {
		series = rest
		if len(r.c.Key()) == 0 {
			o.fault("per", Sentence{"tabel tanpa kunci: sebutkan kolom yang membentuk deret", "the table has no key: name the columns that make a series"}, "per: [...]")
		}
	}
	for _, name := range rest {
		if !slices.Contains(series, name) {
			o.fault("per", sayf("kolom kunci %q tidak ada di per: satu deret akan punya beberapa baris setiap periode", "key column %q is not in per: a series would have several rows of a period", name),
				strings.Join(rest, ", "))
		}
	}
	return period, series
}

func (r *ruleReader) unchanged(o object) TableCheck {
	rule := Unchanged{Columns: r.needColumns(o, "kolom")}
	rule.Period, rule.Series = r.series(o)
	share, percent := o.share("batas")
	if percent {
		share /= 100
	}
	if rule.Share = share; !o.has("batas") || share >= 1 {
		o.fault("batas", Sentence{"batas adalah bagian dari deret, di bawah 100%", "batas is a share of the series, below 100%"}, "batas: 50%")
	}
	return rule
}

func (r *ruleReader) holes(o object) TableCheck {
	if !r.profile.has("petak") {
		o.fault("aturan", Sentence{"kontrak tidak menyatakan petak", "the contract declares no grid"}, "customProperties: {property: petak, value: [...]}")
	}
	return Holes{r.c.Profile.Grid}
}

func (r *ruleReader) freshness(o object) TableCheck {
	rule := Fresh{Schedule: o.oneOf("jadwal", r.c.Profile.Schedule, Schedules()...), Grace: o.whole("tenggang")}
	if rule.Schedule == "" || rule.Schedule == "sekali" {
		o.fault("jadwal", Sentence{"tanpa jadwal tidak ada yang terlambat", "nothing is late without a schedule"}, strings.Join(Schedules()[:len(Schedules())-1], ", "))
	}
	name := o.text("periode")
	if name == "" {
		name = r.c.Profile.Period
	}
	if name == "" {
		o.fault("periode", Sentence{"periode wajib diisi", "periode is required"}, "kolomPeriode, periode")
		return rule
	}
	field, ok := r.named(o, "periode", name)
	if f, _ := r.c.FieldOf(field); ok && !r.tellsTime(f) {
		o.fault("periode", sayf("kolom %q bukan tanggal atau tahun", "column %q is neither a date nor a year", name), "date, timestamp, elemen waktu.tahun")
	}
	rule.Period = field
	return rule
}
