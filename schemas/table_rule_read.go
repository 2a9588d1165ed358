package schemas

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// ruleReader reads the rules of a table, now that its columns are known.
type ruleReader struct {
	c       *Contract
	fields  []Field
	profile object
	names   map[string]bool
}

// readRules reads what the contract asks of its rows and of its table: the quality sections and
// relationships of the columns and of the table, and what the profile implies. Each rule is either
// carried out or refused: a promise in a contract that nobody keeps is worse than none.
func readRules(table object, properties []object, profile object, c *Contract) {
	r := ruleReader{c: c, fields: c.Fields(), profile: profile, names: map[string]bool{}}
	for i, o := range properties {
		r.ofColumn(o, c.Properties[i])
	}
	for _, q := range table.items("quality") {
		r.ofTable(q)
	}
	for _, o := range table.items("relationships") {
		r.relationship(o, nil)
	}
	r.implied()
}

// add puts a rule in force; at is where its name stands.
func (r *ruleReader) add(at object, key string, rule TableRule) {
	if !r.fresh(at, key, rule.Name) {
		return
	}
	r.c.TableRules = append(r.c.TableRules, rule)
}

// fresh says whether no rule has the name yet.
func (r *ruleReader) fresh(at object, key, name string) bool {
	if r.names[name] && name != "" {
		at.fault(key, sayf("aturan %q ada dua", "there are two rules %q", name), "nama lain/another name")
		return false
	}
	r.names[name] = true
	return name != ""
}

// ruleType is a rule's type, one of those of ODCS: library where it is not stated, "" where it is none.
func ruleType(q object) string {
	known := []string{"text", "library", "sql", "custom"}
	typ := q.text("type")
	switch {
	case slices.Contains(known, typ):
		return typ
	case !q.has("type"):
		return "library"
	}
	remedy := DidYouMean(typ, known)
	if !strings.HasPrefix(remedy, nearSay) {
		remedy += "; " + ownSay
	}
	q.fault("type", sayf("type %q tidak dikenal", "unknown type %q", typ), remedy)
	return ""
}

// ruleKeys are the keys that belong to some types of rules only.
var ruleKeys = map[string][]string{
	"metric": {"library"}, "rule": {}, "arguments": {"library"}, "query": {"sql"}, "engine": {"custom"}, "implementation": {"custom"},
	"unit": {"library", "sql"}, "schedule": {}, "scheduler": {},
}

// suited refuses keys of a rule that its type does not have.
func suited(q object, typ string) {
	if typ == "" {
		return
	}
	for _, key := range q.keys() {
		types, special := ruleKeys[key]
		if slices.ContainsFunc(operators, func(o operator) bool { return o.key == key }) {
			types, special = []string{"library", "sql"}, true
		}
		switch {
		case !special || slices.Contains(types, typ):
		case key == "schedule" || key == "scheduler":
			q.fault(key, Sentence{"aturan dijalankan pada setiap kiriman, bukan menurut jadwal", "rules run at every delivery, not by a schedule"}, "hapus/remove it")
		case key == "rule":
			q.fault(key, Sentence{"rule sudah diganti metric", "rule has been replaced by metric"}, "metric: …")
		default:
			q.fault(key, sayf("%s tidak berlaku untuk aturan %s", "%s does not go with a rule of type %s", key, typ), "type: "+strings.Join(types, ", "))
		}
	}
}

// head reads what every kind of rule has. A rule without a name is called def.
func (r *ruleReader) head(q object, def string, severity Severity) TableRule {
	rule := TableRule{Name: def, Say: q.text("description"), Line: q.node.Line, Severity: readSeverity(q, severity)}
	if q.has("name") || def == "" {
		rule.Name = q.form("name", nameForm, nameSay)
	}
	return rule
}

func readSeverity(q object, def Severity) Severity {
	return Severity(q.oneOf("severity", string(def), string(Reject), string(Warn)))
}

// checkedByRow says whether a rule of a column is checked on every row while it is read, so that the
// row is rejected and not the delivery: see readQuality.
func checkedByRow(q object) bool {
	metric := q.text("metric")
	return ruleType(q) == "library" && readSeverity(q, Reject) == Reject &&
		(metric == "nullValues" || metric == "invalidValues") && q.text("mustBe") == "0"
}

// ofColumn reads the rules of a column that are over the table.
func (r *ruleReader) ofColumn(o object, p Property) {
	column := p.fields()[0].Name
	for _, q := range o.items("quality") {
		typ := ruleType(q)
		suited(q, typ)
		switch typ {
		case "", "text":
		case "sql":
			r.query(q, column)
		case "custom":
			q.fault("type", Sentence{"aturan satudata ditulis di quality tabel, bukan kolom", "rules of satudata stand in the table's quality, not a column's"}, "schema[0].quality")
		default:
			if !checkedByRow(q) {
				r.metric(q, []string{column})
			}
		}
	}
	if o.bool("unique") && (p.Key == 0 || len(r.c.Key()) > 1) {
		r.add(o, "unique", TableRule{Name: "unik_" + p.Name, Severity: Reject, Line: o.line("unique"), Check: Unique{[]string{column}}})
	}
	for _, rel := range o.items("relationships") {
		r.relationship(rel, []string{column})
	}
}

// ofTable reads one rule of the table's quality section.
func (r *ruleReader) ofTable(q object) {
	typ := ruleType(q)
	suited(q, typ)
	switch typ {
	case "library":
		r.metric(q, nil)
	case "sql":
		r.query(q, "")
	case "custom":
		r.custom(q)
	}
}

// custom reads a rule of satudata's own: a condition over a row as text, or a mapping.
func (r *ruleReader) custom(q object) {
	if engine := q.text("engine"); engine != "satudata" {
		q.fault("engine", sayf("aturan untuk %q tidak dijalankan satudata", "satudata does not carry out a rule for %q", engine),
			"type: custom, engine: satudata, implementation: a + b = c; type: sql; atau/or type: text")
		return
	}
	if v := q.value("implementation"); v != nil && v.Kind == yaml.MappingNode {
		r.own(q, q.child("implementation"))
		return
	}
	head := r.head(q, "", Reject)
	rule := Rule{Name: head.Name, Severity: head.Severity, Say: head.Say, Expression: q.need("implementation", "a + b = c"), Line: q.line("implementation")}
	if rule.Expression == "" {
		return
	}
	compiled, err := parseRule(rule, r.fields)
	if err != nil {
		q.fault("implementation", err.say, err.expected)
		return
	}
	if rule.Severity == Warn {
		head.Check = RowCheck{compiled}
		r.add(q, "name", head)
	} else if r.fresh(q, "name", rule.Name) {
		r.c.Rules = append(r.c.Rules, rule)
	}
}

// metrics are the library metrics of ODCS.
var metrics = []string{"nullValues", "missingValues", "invalidValues", "duplicateValues", "rowCount"}

// metric reads a library metric of the table, or of the one column in column.
func (r *ruleReader) metric(q object, column []string) {
	q.need("metric", strings.Join(metrics, ", "))
	m := Metric{Name: q.oneOf("metric", "", metrics...), Columns: column}
	if m.Name == "" {
		return
	}
	arguments := q.child("arguments")
	switch m.Name {
	case "missingValues":
		arguments.only("missingValues")
		for i, n := range arguments.sequence("missingValues") {
			if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
				continue
			}
			if n.Kind != yaml.ScalarNode {
				arguments.fault("missingValues", sayf("nilai ke-%d bukan teks", "value %d is not text", i+1), `["-", "n/a"]`)
				continue
			}
			m.Missing = append(m.Missing, n.Value)
		}
	case "invalidValues":
		arguments.only("validValues", "pattern")
		m.Valid, m.Pattern = readValid(q, arguments)
	case "duplicateValues":
		arguments.only("properties")
		if arguments.has("properties") {
			if column != nil {
				arguments.fault("properties", Sentence{"properties hanya untuk aturan tabel", "properties are for a rule of the table"}, "schema[0].quality")
			}
			m.Columns = r.columns(arguments, "properties")
		}
	default:
		arguments.only()
	}
	if needs := m.Name != "rowCount"; needs && len(m.Columns) == 0 {
		q.fault("metric", sayf("%s memerlukan kolom", "%s needs a column", m.Name), "quality kolom/of a column; duplicateValues: arguments: {properties: [...]}")
		return
	} else if !needs && column != nil {
		q.fault("metric", Sentence{"rowCount adalah aturan tabel, bukan kolom", "rowCount is a rule of the table, not of a column"}, "schema[0].quality")
		return
	}
	m.Percent = q.oneOf("unit", "rows", "rows", "percent") == "percent"
	if m.Percent && m.Name == "rowCount" {
		q.fault("unit", Sentence{"jumlah baris bukan persen", "a number of rows is no percentage"}, "rows")
	}
	m.Limit = readLimit(q)
	name := snake(m.Name)
	if len(m.Columns) > 0 {
		name += "_" + strings.Join(m.Columns, "_")
	}
	rule := r.head(q, name[:min(len(name), 2*longestName)], Reject)
	rule.Check = m
	r.add(q, "name", rule)
}

// readValid reads the arguments of invalidValues.
func readValid(q, arguments object) (valid []string, pattern string) {
	valid, pattern = arguments.texts("validValues"), arguments.text("pattern")
	if len(valid) == 0 && pattern == "" {
		q.fault("arguments", Sentence{"invalidValues tanpa nilai yang sah", "invalidValues has no valid values"}, "arguments: {validValues: [...]}, {pattern: …}")
	}
	if _, err := compilePattern(pattern); err != nil {
		arguments.fault("pattern", sayf("pola tidak dapat dibaca: %v", "pattern is not readable: %v", err), "RE2")
	}
	return valid, pattern
}

// snake writes nullValues as null_values.
func snake(s string) string {
	var b strings.Builder
	for _, c := range s {
		if c >= 'A' && c <= 'Z' {
			b.WriteByte('_')
			c += 'a' - 'A'
		}
		b.WriteRune(c)
	}
	return b.String()
}

// readLimit reads the one mustBe operator of a rule.
func readLimit(q object) Limit {
	var l Limit
	var keys []string
	for _, o := range operators {
		keys = append(keys, o.key)
		if !q.has(o.key) {
			continue
		}
		if l.Operator != "" {
			q.fault(o.key, sayf("%s dan %s sekaligus", "both %s and %s", l.Operator, o.key), "satu/one")
			return l
		}
		l.Operator = o.key
		if !strings.HasSuffix(o.key, "Between") {
			if n := q.number(o.key); n != nil {
				l.A = *n
			}
			continue
		}
		ends := object{r: q.r, node: &yaml.Node{Kind: yaml.MappingNode}, path: join(q.path, o.key), near: q.value(o.key)}
		list := q.sequence(o.key)
		for i, n := range list[:min(len(list), 2)] {
			ends.node.Content = append(ends.node.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: []string{"0", "1"}[i]}, n)
		}
		low, high := ends.number("0"), ends.number("1")
		if len(list) != 2 || low != nil && high != nil && *low > *high {
			q.fault(o.key, sayf("%s bukan dua bilangan, yang kecil dahulu", "%s is not two numbers, the smaller first", o.key), "[1, 10]")
		} else if low != nil && high != nil {
			l.A, l.B = *low, *high
		}
	}
	if l.Operator == "" {
		q.fault("mustBe", Sentence{"aturan tanpa batas", "the rule has no limit"}, strings.Join(keys, ", "))
	}
	return l
}

var placeholder = regexp.MustCompile(`\$\{([^}]*)\}`)

// query reads a rule in SQL.
func (r *ruleReader) query(q object, column string) {
	text := q.need("query", "SELECT count(*) FROM ${table} WHERE …")
	known := []string{"table", "object", "kiriman"}
	if column != "" {
		known = append(known, "column", "property")
	}
	for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
		if !slices.Contains(known, m[1]) {
			q.fault("query", sayf("${%s} tidak dikenal", "unknown ${%s}", m[1]), DidYouMean(m[1], known))
		}
	}
	if unit := q.oneOf("unit", "rows", "rows", "percent"); unit == "percent" {
		q.fault("unit", Sentence{"kueri menghitung persennya sendiri", "the query computes its own percentage"}, "unit: rows")
	}
	rule := r.head(q, "", Reject)
	rule.Check = Query{SQL: text, Column: column, Limit: readLimit(q)}
	r.add(q, "name", rule)
}

var (
	ofThisTable    = regexp.MustCompile(`^([a-z][a-z0-9_]*)\.([a-z][a-z0-9_]*)$`)
	ofOtherDataset = regexp.MustCompile(`^(?:[^#]*/)?([a-z][a-z0-9_]*\.[a-z][a-z0-9_]*)\.yaml#/?schema/[A-Za-z0-9_-]+/properties/([a-z][a-z0-9_]*)$`)
)

const referenceSay = "tabel.kolom, topik.nama.yaml#/schema/nama/properties/kolom"

// relationship reads a foreign key of ODCS; from is the column that it stands in, nil in the table.
func (r *ruleReader) relationship(o object, from []string) {
	o.only("type", "from", "to", "customProperties")
	o.oneOf("type", "foreignKey", "foreignKey")
	o.customs()
	if from == nil {
		for _, text := range o.list("from") {
			if f, ok := r.reference(o, "from", text); ok && f.Dataset == r.c.Dataset {
				if name, ok := r.named(o, "from", f.To[0]); ok {
					from = append(from, name)
				}
			} else if ok {
				o.fault("from", sayf("%q bukan kolom tabel ini", "%q is no column of this table", text), referenceSay)
			}
		}
	} else if o.has("from") {
		o.fault("from", Sentence{"from tidak ditulis di relasi kolom", "from is not written in a column's relationship"}, "hapus/remove from")
	}
	key := ForeignKey{Columns: from}
	for _, text := range o.list("to") {
		f, ok := r.reference(o, "to", text)
		if !ok {
			return
		}
		if key.Dataset != "" && key.Dataset != f.Dataset {
			o.fault("to", Sentence{"kolom dari dua dataset", "columns of two datasets"}, "satu relasi tiap dataset/one relationship for each dataset")
			return
		}
		key.Dataset, key.To = f.Dataset, append(key.To, f.To...)
	}
	if len(key.To) == 0 || len(key.To) != len(key.Columns) {
		o.fault("to", sayf("%d kolom merujuk %d kolom", "%d columns refer to %d columns", len(key.Columns), len(key.To)), referenceSay)
		return
	}
	r.add(o, "to", TableRule{Name: "kunci_tamu_" + strings.Join(from, "_"), Severity: Reject, Line: o.node.Line, Check: key})
}

// reference reads a column as relationships name it: "table.column" of this contract, or in the
// contract file of another dataset, which is called by its id.
func (r *ruleReader) reference(o object, key, text string) (ForeignKey, bool) {
	if m := ofOtherDataset.FindStringSubmatch(text); m != nil {
		return ForeignKey{Dataset: m[1], To: []string{m[2]}}, true
	}
	_, table, _ := strings.Cut(r.c.ID, ".")
	if m := ofThisTable.FindStringSubmatch(text); m != nil && m[1] == table {
		if _, ok := r.named(o, key, m[2]); ok {
			return ForeignKey{Dataset: r.c.Dataset, To: []string{m[2]}}, true
		}
		return ForeignKey{}, false
	}
	o.fault(key, sayf("rujukan %q tidak dapat dibaca", "reference %q is not readable", text), referenceSay)
	return ForeignKey{}, false
}

// implied adds the rules that the profile asks for: the declared grid has no holes, and the data is
// as new as its schedule says.
func (r *ruleReader) implied() {
	has := func(kind string) bool {
		return slices.ContainsFunc(r.c.TableRules, func(t TableRule) bool { return t.Check.Kind() == kind })
	}
	if len(r.c.Profile.Grid) > 0 && !has("petak") {
		r.add(r.profile, "petak", TableRule{Name: "petak", Severity: Warn, Line: r.profile.line("petak"), Check: Holes{r.c.Profile.Grid}})
	}
	schedule, period := r.c.Profile.Schedule, r.c.Profile.Period
	if schedule == "" || schedule == "sekali" || period == "" || has("mutakhir") {
		return
	}
	if f, ok := r.c.FieldOf(period); ok && r.tellsTime(f) {
		r.add(r.profile, "kolomPeriode", TableRule{Name: "mutakhir", Severity: Warn, Line: r.profile.line("kolomPeriode"), Check: Fresh{Period: f.Name, Schedule: schedule}})
	}
}

// tellsTime says whether a period can be compared with a day: it is a date, or a year.
func (r *ruleReader) tellsTime(f Field) bool {
	p, _ := r.c.PropertyOf(f.Name)
	year := p.Element == "waktu.tahun" || p.Check.Min != nil && *p.Check.Min >= 1000
	return f.Type.Kind == Date || f.Type.Kind == Timestamp || f.Type.Kind == Integer && year
}

// named finds the field that a name stands for.
func (r *ruleReader) named(o object, key, name string) (string, bool) {
	f, ok := r.c.FieldOf(name)
	if !ok {
		known := propertyNames(r.c)
		for _, f := range r.fields {
			if !slices.Contains(known, f.Name) {
				known = append(known, f.Name)
			}
		}
		o.fault(key, sayf("kolom %q tidak ada", "there is no column %q", name), DidYouMean(name, known))
	}
	return f.Name, ok
}

// columns reads the columns that key names, each once.
func (r *ruleReader) columns(o object, key string) []string {
	var out []string
	for _, text := range o.list(key) {
		name, ok := r.named(o, key, text)
		if !ok {
			continue
		}
		if slices.Contains(out, name) {
			o.fault(key, sayf("kolom %q ditulis dua kali", "column %q is written twice", text), "hapus salah satu/remove one")
			continue
		}
		out = append(out, name)
	}
	return out
}

// column reads the one column that key names, which must be of one of kinds when any are given.
func (r *ruleReader) column(o object, key string, kinds ...Kind) (Field, bool) {
	text := o.need(key, "kolom/column")
	if text == "" {
		return Field{}, false
	}
	name, ok := r.named(o, key, text)
	if !ok {
		return Field{}, false
	}
	f, _ := r.c.FieldOf(name)
	if kinds != nil && !slices.Contains(kinds, f.Type.Kind) {
		var expected []string
		for _, k := range kinds {
			expected = append(expected, strings.TrimSuffix(Type{Kind: k}.String(), "(0,0)"))
		}
		o.fault(key, sayf("kolom %q berjenis %s", "column %q is a %s", text, f.Type), strings.Join(expected, ", "))
		return f, false
	}
	return f, true
}

// list is the strings of the sequence under key, or the one string.
func (o object) list(key string) []string {
	if v := o.value(key); v != nil && v.Kind == yaml.ScalarNode {
		return []string{v.Value}
	}
	return o.texts(key)
}

// additive refuses to sum what may not be summed.
func (r *ruleReader) additive(o object, key, field string) bool {
	p, _ := r.c.PropertyOf(field)
	if !p.Additive {
		o.fault(key, sayf("kolom %q tidak boleh dijumlahkan: kontrak tidak menyatakannya aditif", "column %q may not be summed: the contract does not declare it additive", cmp.Or(p.Name, field)),
			"aditif: true; indeks, rasio dan persen dirata-ratakan dengan bobot/an index, rate or percentage is averaged by weight")
	}
	return p.Additive
}
