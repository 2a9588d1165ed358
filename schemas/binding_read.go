package schemas

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // zones are there on machines without a zone database too
)

// ParseBinding reads a source binding; the keys are described at [Binding]. file is its name in
// messages. A document with anything wrong gives [Faults], all of them, and no binding. Whether it
// fits its contract is for [Compile] to say.
func ParseBinding(file string, doc []byte) (*Binding, error) {
	r := &reader{file: file}
	top := r.document(doc, bindingShape())
	if top == nil {
		return nil, r.sorted()
	}
	b := readBinding(object{r: r, node: top, near: top})
	if err := r.sorted().err(); err != nil {
		return nil, err
	}
	b.File, b.Document = file, slices.Clone(doc)
	return b, nil
}

func bindingShape() shape {
	return shape{
		"apiVersion": nil, "kind": nil, "id": nil, "version": nil, "dataset": nil, "contract": nil, "opd": nil, "title": nil,
		"format": {"type": nil, "delimiter": nil, "encoding": nil, "headers": nil, "skip": nil, "sheet": nil},
		"locale": nil, "zone": nil, "dates": nil, "missing": nil, "codeSystem": nil,
		"columns": {"to": nil, "from": nil, "any": nil, "value": nil, "locale": nil, "dates": nil, "missing": nil,
			"synonyms": nil, "codeSystem": nil, "unit": nil},
		"unpivot": {"columns": nil, "value": nil, "unit": nil,
			"names":  {"to": nil, "header": nil, "fill": nil, "synonyms": nil, "pattern": nil},
			"totals": {"column": nil, "of": nil}},
		"setAside": {"column": nil, "equals": nil},
	}
}

func readBinding(o object) *Binding {
	o.need("apiVersion", "satudata/v1")
	o.oneOf("apiVersion", "", "satudata/v1")
	o.need("kind", "Binding")
	o.oneOf("kind", "", "Binding")
	b := &Binding{
		APIVersion: o.text("apiVersion"), Kind: o.text("kind"),
		ID:         o.form("id", datasetForm, "opd.sumber, contoh/example bpbd.kejadian_banjir"),
		Version:    o.version("version"),
		Dataset:    o.datasetID("dataset"),
		Contract:   o.version("contract"),
		OPD:        o.text("opd"),
		Title:      o.text("title"),
		Format:     readFormat(o.child("format")),
		Locale:     o.oneOf("locale", "plain", locales()...),
		Zone:       o.zone("zone"),
		Dates:      o.layouts("dates"),
		Missing:    o.texts("missing"),
		CodeSystem: o.text("codeSystem"),
	}
	b.Dataset = DatasetName(b.Dataset, b.Contract)
	opd, _, _ := strings.Cut(b.ID, ".")
	if b.OPD == "" {
		b.OPD = opd
	} else if opd != "" && b.OPD != opd {
		o.fault("opd", sayf("opd %q berbeda dari id %q", "opd %q differs from id %q", b.OPD, b.ID), opd)
	}
	if !o.has("format") {
		o.fault("format", Sentence{"format wajib diisi", "format is required"}, "format: {type: csv}")
	}
	seen := map[string]bool{}
	for _, item := range o.items("columns") {
		b.Columns = append(b.Columns, readSource(item, b.Format, seen))
	}
	if o.has("unpivot") {
		b.Unpivot = readUnpivot(o.child("unpivot"), b.Format, seen)
	}
	if len(b.Columns) == 0 && b.Unpivot == nil {
		o.fault("columns", Sentence{"binding tanpa kolom", "the binding has no columns"}, "columns: [{to: …, from: …}]")
	}
	for _, item := range o.items("setAside") {
		b.SetAside = append(b.SetAside, readFilter(item, b.Format))
	}
	return b
}

func locales() []string { return []string{"id", "en", "plain"} }

// zone reads an IANA zone, the western one when absent.
func (o object) zone(key string) string {
	s := o.text(key)
	if s == "" {
		return defaultZone
	}
	if _, err := time.LoadLocation(s); err != nil || s == "Local" { // which is another one on every machine
		o.fault(key, sayf("zona waktu %q tidak dikenal", "unknown time zone %q", s), "Asia/Jakarta, Asia/Makassar, Asia/Jayapura")
	}
	return s
}

const defaultZone = "Asia/Jakarta"

// layouts reads a list of date layouts.
func (o object) layouts(key string) []string {
	list := o.texts(key)
	for _, layout := range list {
		if err := checkLayout(layout); err != nil {
			o.fault(key, sayf("pola tanggal %q tidak dapat dipakai", "date layout %q is not usable", layout).because(err), "DD/MM/YYYY, D MMMM YYYY, YYYY-MM-DD HH:mm")
		}
	}
	return list
}

func readFormat(o object) Format {
	f := Format{
		Type:     o.oneOf("type", "", "csv", "ndjson", "json", "xlsx"),
		Encoding: o.oneOf("encoding", "", "utf-8", "windows-1252", "utf-16le", "utf-16be"),
		Skip:     o.int("skip", 0, 0),
		Sheet:    o.text("sheet"),
	}
	if !o.has("type") && o.node != nil {
		o.fault("type", Sentence{"jenis berkas wajib diisi", "the type of file is required"}, "csv, ndjson, json, xlsx")
	}
	if f.tabular() {
		f.Headers = o.int("headers", 1, 1)
	}
	f.Delimiter = readDelimiter(o)
	onlyFor := map[string][]string{"delimiter": {"csv"}, "encoding": {"csv", "ndjson", "json"}, "headers": {"csv", "xlsx"},
		"skip": {"csv", "xlsx"}, "sheet": {"xlsx"}}
	for _, key := range []string{"delimiter", "encoding", "headers", "skip", "sheet"} {
		if f.Type != "" && o.has(key) && !slices.Contains(onlyFor[key], f.Type) {
			o.fault(key, sayf("%s tidak berlaku untuk %s", "%s does not apply to %s", key, f.Type), strings.Join(onlyFor[key], ", "))
		}
	}
	if f.Headers > 100 {
		o.fault("headers", sayf("%d baris judul", "%d header rows", f.Headers), "<= 100")
	}
	return f
}

// tabular reports whether the format has columns in an order, under header rows.
func (f Format) tabular() bool { return f.Type == "csv" || f.Type == "xlsx" }

func readDelimiter(o object) string {
	s := o.text("delimiter")
	if s == "tab" {
		s = "\t"
	}
	if s != "" && (len(s) != 1 || strings.Contains(letters+digits+"\"\r\n ", s) || s[0] < ' ' && s != "\t" || s[0] > '~') {
		o.fault("delimiter", sayf("pemisah %q tidak dapat dipakai", "delimiter %q is not usable", s), `satu tanda/one character: "," ";" "|" "\t" tab`)
	}
	return s
}

// once notes a property that is fed twice.
func (o object) once(to string, seen map[string]bool) {
	if seen[to] && to != "" {
		o.fault("to", sayf("kolom %q diisi dua kali", "column %q is fed twice", to), twiceSay)
	}
	seen[to] = true
}

func readSource(o object, f Format, seen map[string]bool) Source {
	s := Source{
		To:         o.form("to", nameForm, nameSay),
		From:       o.column("from", f),
		Any:        o.texts("any"),
		Locale:     o.oneOf("locale", "", locales()...),
		Dates:      o.layouts("dates"),
		Missing:    o.texts("missing"),
		Synonyms:   o.synonyms("synonyms"),
		CodeSystem: o.text("codeSystem"),
		Unit:       o.text("unit"),
		Line:       o.node.Line,
	}
	o.once(s.To, seen)
	for _, column := range s.Any {
		o.checkColumn("any", column, f)
	}
	if o.has("any") && len(s.Any) == 0 {
		o.fault("any", sayf("%s wajib diisi", "%s is required", "any"), "[nama/name, …]")
	}
	if o.has("value") {
		v := o.text("value")
		s.Value = &v
	}
	given := 0
	for _, key := range []string{"from", "any", "value"} {
		if o.has(key) {
			given++
		}
	}
	if given != 1 {
		o.fault("to", sayf("kolom %q memiliki %d asal, bukan satu", "column %q has %d sources, not one", s.To, given), "tepat satu dari/exactly one of from, any, value")
	}
	return s
}

// column reads one source column that need not be there.
func (o object) column(key string, f Format) string {
	s, ok := o.scalar(key, "kolom/column")
	if ok {
		o.checkColumn(key, s, f)
	}
	return s
}

func (o object) checkColumn(key, s string, f Format) {
	c, err := parseColumn(s)
	switch {
	case err != nil:
		o.fault(key, sayf("kolom %q tidak dapat dipakai", "column %q is not usable", s).because(err), "nama/name, #3")
	case Fold(s) == "":
		o.fault(key, Sentence{"nama kolom kosong", "the column name is empty"}, "nama/name, #3")
	case c.Position > 0 && f.Type != "" && !f.tabular():
		o.fault(key, sayf("%s tidak memiliki urutan kolom, %q tidak berlaku", "%s has no order of columns, %q does not apply", f.Type, s), "nama/name")
	}
}

// columns reads a list of source columns and ranges of positions that must be there.
func (o object) columns(key string, f Format) []string {
	list := o.texts(key)
	if len(list) == 0 {
		o.fault(key, sayf("%s wajib diisi", "%s is required", key), `["#2-#13"], [nama/name, …]`)
	}
	for _, s := range list {
		if positionIntent.MatchString(s) && strings.Contains(s, "-") {
			if _, err := expandColumns([]string{s}); err != nil {
				o.fault(key, sayf("kolom %q tidak dapat dipakai", "columns %q are not usable", s).because(err), "#2-#13")
			}
			s = "#1"
		}
		o.checkColumn(key, s, f)
	}
	if _, err := expandColumns(list); err == nil {
		o.distinct(key, list)
	}
	return list
}

// distinct notes columns that a list names twice.
func (o object) distinct(key string, list []string) {
	all, _ := expandColumns(list)
	seen := map[string]bool{}
	for _, c := range all {
		if seen[Fold(c.Name)] {
			o.fault(key, sayf("kolom %q disebut dua kali", "column %q is named twice", c.Name), twiceSay)
		}
		seen[Fold(c.Name)] = true
	}
}

// synonyms reads a map whose keys people can tell apart.
func (o object) synonyms(key string) map[string]string {
	pairs := o.pairs(key)
	seen := map[string]string{}
	for _, k := range sortedKeys(pairs) {
		if before, twice := seen[Fold(k)]; twice && pairs[before] != pairs[k] {
			o.fault(key, sayf("padanan %q dan %q tidak terbedakan", "synonyms %q and %q cannot be told apart", before, k), alikeSay)
		}
		seen[Fold(k)] = k
	}
	return pairs
}

func readUnpivot(o object, f Format, seen map[string]bool) *Unpivot {
	u := &Unpivot{Columns: o.columns("columns", f), Value: o.form("value", nameForm, nameSay), Unit: o.text("unit")}
	if seen[u.Value] && u.Value != "" {
		o.fault("value", sayf("kolom %q diisi dua kali", "column %q is fed twice", u.Value), twiceSay)
	}
	seen[u.Value] = true
	for _, item := range o.items("names") {
		u.Names = append(u.Names, readDimension(item, f, seen))
	}
	if wide, err := expandColumns(u.Columns); err == nil && len(u.Names) == 0 && len(wide) > 1 {
		o.fault("names", Sentence{"judul kolom yang dilipat tidak menjadi nilai apa pun", "the headers of the unpivoted columns become no value"}, "names: [{to: tahun}]")
	}
	for _, item := range o.items("totals") {
		t := Total{Column: item.need("column", "nama/name, #14"), Of: item.columns("of", f)}
		item.checkColumn("column", t.Column, f)
		u.Totals = append(u.Totals, t)
	}
	return u
}

func readDimension(o object, f Format, seen map[string]bool) Dimension {
	d := Dimension{
		To:       o.form("to", nameForm, nameSay),
		Header:   o.int("header", max(f.Headers, 1), 1),
		Fill:     o.bool("fill"),
		Synonyms: o.synonyms("synonyms"),
		Pattern:  o.text("pattern"),
	}
	o.once(d.To, seen)
	if d.Header > max(f.Headers, 1) {
		o.fault("header", sayf("baris judul ke-%d diminta, format.headers %d", "header row %d is asked for, format.headers is %d", d.Header, max(f.Headers, 1)), fmt.Sprint("1 … ", max(f.Headers, 1)))
	}
	if d.Pattern != "" {
		re, err := regexp.Compile(d.Pattern)
		if err != nil {
			o.fault("pattern", Sentence{"pola tidak dapat dibaca", "the pattern is not readable"}.because(err), patternSay)
		} else if re.NumSubexp() != 1 {
			o.fault("pattern", sayf("pola memiliki %d kelompok, bukan satu", "the pattern has %d groups, not one", re.NumSubexp()), "satu pasang kurung/one pair of brackets: Tahun ([0-9]{4})")
		}
	}
	return d
}

func readFilter(o object, f Format) Filter {
	x := Filter{Column: o.need("column", "nama/name, #1"), Equals: o.texts("equals")}
	o.checkColumn("column", x.Column, f)
	if len(x.Equals) == 0 {
		o.fault("equals", Sentence{"equals wajib diisi", "equals is required"}, "[TOTAL, JUMLAH]")
	}
	return x
}
