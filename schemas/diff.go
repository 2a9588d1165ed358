package schemas

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Level is the part of a semantic version that a change asks to raise.
type Level int

// The levels, from least to most.
const (
	Patch Level = iota + 1 // wording only
	Minor                  // what worked goes on working
	Major                  // something that worked no longer does, or means something else
)

// String is the level in words.
func (l Level) String() string {
	return [...]string{"-", "tambalan (patch)", "minor", "mayor (major)"}[l]
}

// Harm is whom a breaking change breaks.
type Harm string

// Whom a change may break.
const (
	Nobody    Harm = ""
	Tables    Harm = "tabel"    // rows from before and after cannot stand in one table
	Consumers Harm = "konsumen" // queries, applications: an answer is missing or means something else
	Producers Harm = "produsen" // deliveries that were accepted may come back
)

// Change is one difference between two versions of a contract.
type Change struct {
	Column string // the property it is about, as next calls it; "" for the dataset as a whole
	Path   string // place in next
	Line   int    // of Path in next, 0 when next was never text
	Say    Sentence
	Why    Sentence // why it breaks, or why it does not
	Harm   Harm
	Needs  Level

	Gone    []string // physical columns of old that next does not have by these names
	Meaning bool     // values of the column mean something else than before
}

// Breaking says whether something that worked with the old version no longer does.
func (c Change) Breaking() bool { return c.Harm != Nobody }

// Needed is the level of the version that changes ask for; 0 for none.
func Needed(changes []Change) Level {
	need := Level(0)
	for _, c := range changes {
		need = max(need, c.Needs)
	}
	return need
}

// Raised is the level by which next's version is over old's, 0 when it is not over it.
func Raised(old, next *Contract) Level {
	a, _ := parseVersion(old.Version) // parsed with the contract
	b, _ := parseVersion(next.Version)
	switch {
	case b.compare(a) <= 0:
		return 0
	case b.major > a.major:
		return Major
	case b.minor > a.minor:
		return Minor
	}
	return Patch
}

// Diff compares two versions of a contract: what changed, in the order of the document, whom it
// breaks, and which version it needs. It is the one place that says so; [CheckSuccessor] asks it.
//
//	breaks the tables     a column gone, of a type that does not hold the old values, of another unit,
//	                      measure or element; another key
//	breaks consumers      another konsep or klasifikasi, no longer additive, stricter access or class
//	breaks producers      required, a narrower check, a new or other rule, another delivery mode
//	breaks nobody: minor  columns added, renamed (namaLama), widened; looser checks; another definition
//	breaks nobody: patch  titles, codes, metadata, examples, order
//
// A rename breaks no table and no old delivery; queries and bindings that use the old name are found
// by trying them, see [Change.Gone].
func Diff(old, next *Contract) []Change {
	d := &differ{old: old, next: next, places: NewPlaces(next.Document)}
	d.profile()
	d.columns()
	d.key()
	d.rules()
	slices.SortStableFunc(d.changes, func(a, b Change) int { return a.Line - b.Line })
	return d.changes
}

type differ struct {
	old, next *Contract
	places    Places
	changes   []Change
	column    string            // being compared
	names     map[string]string // of next's columns, by what they were called; see renamed
}

func (d *differ) add(path string, c Change) {
	c.Column, c.Path, c.Line = d.column, path, d.places.Line(path)
	if c.Harm != Nobody {
		c.Needs = Major
	}
	d.changes = append(d.changes, c)
}

// words of changes that several comparisons share.
var (
	onlyWords  = Sentence{"hanya keterangan", "wording only"}
	freer      = Sentence{"yang diterima sebelumnya tetap diterima; konsumen dapat menemui nilai yang belum pernah ada", "what was accepted still is; consumers may meet values they never saw"}
	stricter   = Sentence{"kiriman yang sampai sekarang diterima dapat dikembalikan", "deliveries that were accepted until now may come back"}
	mixed      = Sentence{"baris lama dan baru dalam satu tabel tidak lagi berarti sama", "old and new rows of one table would not mean the same"}
	otherWords = Sentence{"data yang sama dibaca dengan arti lain", "the same data is read with another meaning"}
)

// text compares a text of the document; harm is whom another text breaks, when there was one before.
func (d *differ) text(path, what, old, next string, harm Harm, why Sentence) {
	switch {
	case old == next:
	case old == "":
		d.add(path, Change{Say: sayf("%s dinyatakan: %q", "%s is stated: %q", what, next), Why: onlyWords, Needs: Patch})
	case next == "":
		d.add(path, Change{Say: sayf("%s %q tidak lagi dinyatakan", "%s %q is no longer stated", what, old), Why: onlyWords, Needs: Minor})
	default:
		c := Change{Say: sayf("%s berubah dari %q menjadi %q", "%s changed from %q to %q", what, old, next), Why: why, Harm: harm, Needs: Patch}
		c.Meaning = harm != Nobody
		d.add(path, c)
	}
}

func (d *differ) profile() {
	a, b := d.old.Profile, d.next.Profile
	at := func(key string) string { return "customProperties." + key }
	d.text("name", "judul", d.old.Title, d.next.Title, Nobody, onlyWords)
	d.text("description.purpose", "kegunaan", d.old.Purpose, d.next.Purpose, Nobody, onlyWords)
	d.text("status", "status", d.old.Status, d.next.Status, Nobody, onlyWords)
	d.standard(at, a.Standard, b.Standard)
	if a.Definition != b.Definition && d.old.Purpose != a.Definition { // else it was never written
		d.definition(at("definisi"), a.Definition, b.Definition)
	}
	d.text(at("produsenData"), "produsenData", a.Producer, b.Producer, Nobody, Sentence{"penanggung jawabnya lain, datanya tidak", "another OPD answers for the same data"})
	d.access(at("kelasAkses"), a.Access, b.Access)
	d.text(at("dasarHukum"), "dasarHukum", a.Basis, b.Basis, Nobody, onlyWords)
	d.text(at("lisensi"), "lisensi", a.License, b.License, Consumers, Sentence{"syarat pemakaian yang sudah disetujui konsumen berubah", "the terms that consumers agreed to change"})
	d.text(at("jadwalPemutakhiran"), "jadwalPemutakhiran", a.Schedule, b.Schedule, Nobody, Sentence{"data terbit pada waktu lain; isinya tidak berubah", "published at other times; the content is the same"})
	d.text(at("bidangUrusan"), "bidangUrusan", a.Affair, b.Affair, Nobody, onlyWords)
	d.text(at("kolomPeriode"), "kolomPeriode", a.Period, b.Period, Consumers, otherWords)
	if a.Priority != b.Priority {
		d.add(at("dataPrioritas"), Change{Say: sayf("dataPrioritas menjadi %t", "dataPrioritas becomes %t", b.Priority), Why: Sentence{"pemeriksaannya berubah, isinya tidak", "who checks it changes, not its content"}, Needs: Minor})
	}
	if mode(a.Delivery) != mode(b.Delivery) {
		d.add(at("modePengiriman"), Change{Say: sayf("cara kiriman mengganti data berubah dari %s menjadi %s", "how a delivery replaces data changed from %s to %s", mode(a.Delivery), mode(b.Delivery)),
			Why: Sentence{"kiriman yang sama mengganti baris lain", "the same delivery replaces other rows"}, Harm: Producers})
	}
	if fmt.Sprint(grid(a.Grid)) != fmt.Sprint(grid(b.Grid)) {
		d.add(at("petak"), Change{Say: Sentence{"petak berubah", "the grid changed"},
			Why: Sentence{"yang kosong dilaporkan, tidak ditolak", "what is missing is reported, not rejected"}, Needs: Minor})
	}
	if fmt.Sprint(a.Activity, a.Measures) != fmt.Sprint(b.Activity, b.Measures) {
		d.add(at("msKeg"), Change{Say: Sentence{"metadata kegiatan atau indikator berubah", "the metadata of activity or indicators changed"}, Why: onlyWords, Needs: Patch})
	}
}

// mode writes a delivery mode as people would.
func mode(m DeliveryMode) string {
	if m.Mode != "full" || len(m.ReplaceBy) == 0 {
		return m.Mode
	}
	return m.Mode + " (" + strings.Join(m.ReplaceBy, ", ") + ")"
}

// grid writes axes so that they compare.
func grid(axes []Axis) []string {
	var out []string
	for _, a := range axes {
		text := a.Column + " " + a.Within + fmt.Sprintf(" %q", a.Values)
		if a.From != nil && a.To != nil {
			text += fmt.Sprintf(" %d-%d", *a.From, *a.To)
		}
		out = append(out, text)
	}
	slices.Sort(out)
	return out
}

// standard compares the standar data of the dataset or of a column.
func (d *differ) standard(at func(string) string, a, b Standard) {
	unit := Consumers
	if d.column != "" {
		unit = Tables
	}
	d.text(at("konsep"), "konsep", a.Concept, b.Concept, Consumers, otherWords)
	d.text(at("klasifikasi"), "klasifikasi", a.Classification, b.Classification, Consumers, otherWords)
	d.text(at("ukuran"), "ukuran", a.Measure, b.Measure, unit, mixed)
	d.text(at("satuan"), "satuan", a.Unit, b.Unit, unit, mixed)
	d.text(at("kodeSDS"), "kodeSDS", a.SDS, b.SDS, Nobody, onlyWords)
}

func (d *differ) definition(path, old, next string) {
	if Fold(old) != Fold(next) {
		d.add(path, Change{Say: Sentence{"definisi berubah", "the definition changed"},
			Why: Sentence{"pembaca perlu membacanya; bila artinya lain, naikkan versi mayor", "readers should read it; if it means something else, raise the major version"}, Needs: Minor})
	}
}

func (d *differ) access(path, old, next string) {
	order := []string{"publik", "internal", "rahasia"}
	switch a, b := slices.Index(order, old), slices.Index(order, next); {
	case b > a:
		d.add(path, Change{Say: sayf("kelas akses diperketat dari %s menjadi %s", "access is stricter: %s became %s", old, next),
			Why: Sentence{"sebagian konsumen tidak dapat membaca lagi", "some consumers can no longer read it"}, Harm: Consumers})
	case b < a:
		d.add(path, Change{Say: sayf("kelas akses dilonggarkan dari %s menjadi %s", "access is freer: %s became %s", old, next),
			Why: Sentence{"yang dapat membaca tetap dapat", "who could read still can"}, Needs: Minor})
	}
}

// columns pairs the properties by name, old name, or, for a region, its level.
func (d *differ) columns() {
	defer func() { d.column = "" }()
	taken := map[int]bool{}
	var kept []int // places in next of the old columns, in their order
	for _, p := range d.old.Properties {
		i := d.counterpart(p)
		d.column = p.Name
		if i < 0 {
			var gone []string
			for _, f := range p.fields() {
				gone = append(gone, f.Name)
			}
			d.add("schema[0].properties", Change{Say: sayf("kolom %q hilang", "column %q is gone", p.Name), Gone: gone, Harm: Tables,
				Why: Sentence{"baris yang sudah ada memuatnya; kueri yang menyebutnya gagal. Biarkan kolomnya kosong, atau nyatakan namaLama", "rows hold it and queries that name it fail. Leave it empty, or state namaLama"}})
			continue
		}
		taken[i] = true
		kept = append(kept, i)
		d.property(i, p, d.next.Properties[i])
	}
	for i, p := range d.next.Properties {
		if !taken[i] {
			d.added(i, p)
		}
	}
	if !slices.IsSorted(kept) {
		d.column = ""
		d.add("schema[0].properties", Change{Say: Sentence{"urutan kolom berubah", "the columns are in another order"}, Why: Sentence{"kolom dibaca menurut nama", "columns are read by name"}, Needs: Patch})
	}
}

func (d *differ) counterpart(p Property) int {
	find := func(same func(Property) bool) int { return slices.IndexFunc(d.next.Properties, same) }
	i := find(func(q Property) bool { return q.Name == p.Name })
	if i < 0 { // a column that was there before keeps its own values, as the tables do
		i = find(func(q Property) bool { return q.RenamedFrom == p.Name && !d.had(q.Name) })
	}
	if region := p.Region(); i < 0 && region != "" {
		i = find(func(q Property) bool { return q.Region() == region })
	}
	return i
}

func (d *differ) added(i int, p Property) {
	d.column = p.Name
	c := Change{Say: sayf("kolom %q ditambah", "column %q is added", p.Name), Why: Sentence{"baris lama kosong di kolom itu", "older rows are empty there"}, Needs: Minor}
	switch {
	case p.Required && p.Upcast != nil: // bindings of older versions go on delivering under those
		c.Why = Sentence{"wajib diisi; baris versi lama mendapat nilainya dari nilaiLama", "it is required; rows of older versions get their values by nilaiLama"}
	case p.Required:
		c.Harm, c.Why = Producers, Sentence{"wajib diisi, padahal binding yang ada belum mengisinya; nyatakan nilaiLama", "it is required and the bindings there are do not feed it; state nilaiLama"}
	}
	d.add(fmt.Sprintf("schema[0].properties[%d]", i), c)
}

// had says whether the old version has a property of the name.
func (d *differ) had(name string) bool {
	return slices.ContainsFunc(d.old.Properties, func(p Property) bool { return p.Name == name })
}

// property compares a column with what it was.
func (d *differ) property(i int, a, b Property) {
	d.column = b.Name
	path := fmt.Sprintf("schema[0].properties[%d]", i)
	at := func(key string) string { return path + ".customProperties." + key }
	if a.Name != b.Name {
		c := Change{Say: sayf("kolom %q berganti nama menjadi %q", "column %q is renamed %q", a.Name, b.Name), Needs: Minor,
			Why: Sentence{"tabel dan kiriman lama ikut (namaLama); kueri dan binding yang menyebut nama lama harus diubah", "tables and old deliveries follow (namaLama); queries and bindings that use the old name must change"}}
		if a.Region() == "" {
			c.Gone = []string{a.Name}
		}
		d.add(path+".name", c)
	}
	d.retyped(path, a, b)
	if a.Element != "" && b.Element == "" {
		d.add(path, Change{Say: sayf("elemen %s dilepas", "element %s is let go", a.Element), Why: freer, Needs: Minor})
	} else {
		d.text(at("elemen"), "elemen", a.Element, b.Element, Tables, mixed)
	}
	d.standard(at, a.Standard, b.Standard)
	d.definition(path+".description", a.Definition, b.Definition)
	switch {
	case !a.Required && b.Required && b.Upcast != nil && (b.Upcast.Constant != nil || b.Upcast.From != ""):
		d.add(path+".required", Change{Say: Sentence{"menjadi wajib diisi", "becomes required"},
			Why: Sentence{"baris versi lama yang kosong mendapat nilainya dari nilaiLama", "rows of older versions that are empty get their values by nilaiLama"}, Needs: Minor})
	case !a.Required && b.Required:
		d.add(path+".required", Change{Say: Sentence{"menjadi wajib diisi", "becomes required"}, Why: stricter, Harm: Producers})
	case a.Required && !b.Required:
		d.add(path+".required", Change{Say: Sentence{"tidak lagi wajib diisi", "is no longer required"}, Why: freer, Needs: Minor})
	}
	switch {
	case a.Additive && !b.Additive:
		d.add(at("aditif"), Change{Say: Sentence{"tidak boleh lagi dijumlahkan", "may no longer be summed"}, Meaning: true,
			Why: Sentence{"kueri yang menjumlahkannya ditolak", "queries that sum it are refused"}, Harm: Consumers})
	case !a.Additive && b.Additive:
		d.add(at("aditif"), Change{Say: Sentence{"boleh dijumlahkan", "may be summed"}, Why: Sentence{"kueri yang ada tetap berjalan", "the queries there are go on"}, Needs: Minor})
	}
	d.class(path+".classification", a.Class, b.Class)
	d.checks(path, a.Check, b.Check)
	d.text(path+".businessName", "judul kolom", a.Title, b.Title, Nobody, onlyWords)
	d.text(at("kodeDSSD"), "kodeDSSD", a.DSSD, b.DSSD, Nobody, onlyWords)
	if fmt.Sprint(a.Variable) != fmt.Sprint(b.Variable) || !slices.Equal(a.Examples, b.Examples) {
		d.add(path, Change{Say: Sentence{"metadata variabel atau contoh berubah", "variable metadata or examples changed"}, Why: onlyWords, Needs: Patch})
	}
}

func (d *differ) retyped(path string, a, b Property) {
	switch {
	case a.Type == b.Type:
	case widens(a.Type, b.Type):
		d.add(path+".logicalType", Change{Say: sayf("jenis dilebarkan dari %s menjadi %s", "the type is widened from %s to %s", a.Type, b.Type),
			Why: Sentence{"setiap nilai lama tetap muat", "every old value still fits"}, Needs: Minor})
	default:
		d.add(path+".logicalType", Change{Say: sayf("jenis berubah dari %s menjadi %s", "the type changed from %s to %s", a.Type, b.Type), Meaning: true,
			Why: Sentence{"nilai lama tidak muat di jenis baru", "old values do not fit the new type"}, Harm: Tables})
	}
}

func (d *differ) class(path, old, next string) {
	switch a, b := slices.Index(classes(), old), slices.Index(classes(), next); {
	case b > a:
		d.add(path, Change{Say: sayf("klasifikasi data pribadi naik dari %s menjadi %s", "the class of personal data rises from %s to %s", old, next),
			Why: Sentence{"kolom disamarkan bagi konsumen yang tadinya melihatnya", "consumers who saw it get it masked"}, Harm: Consumers})
	case b < a:
		d.add(path, Change{Say: sayf("klasifikasi data pribadi turun dari %s menjadi %s", "the class of personal data falls from %s to %s", old, next),
			Why: Sentence{"yang dapat melihat tetap dapat; pastikan dasar hukumnya", "who could see it still can; make sure of the legal basis"}, Needs: Minor})
	}
}

// checks compares what values must satisfy. A pattern that changed cannot be compared, and counts as
// narrower.
func (d *differ) checks(path string, a, b Check) {
	options := path + ".logicalTypeOptions."
	bound(d, options+"minimum", "minimum", a.Min, b.Min, 1)
	bound(d, options+"maximum", "maximum", a.Max, b.Max, -1)
	bound(d, options+"minLength", "minLength", a.MinLength, b.MinLength, 1)
	bound(d, options+"maxLength", "maxLength", a.MaxLength, b.MaxLength, -1)
	switch {
	case a.Pattern == b.Pattern:
	case b.Pattern == "":
		d.add(options+"pattern", Change{Say: Sentence{"pola dihapus", "the pattern is dropped"}, Why: freer, Needs: Minor})
	default:
		d.add(options+"pattern", Change{Say: sayf("pola menjadi %q", "the pattern becomes %q", b.Pattern), Why: stricter, Harm: Producers})
	}
	removed, gained := missingFrom(b.Allowed, a.Allowed), missingFrom(a.Allowed, b.Allowed)
	switch {
	case a.Allowed == nil && b.Allowed != nil:
		d.add(path+".quality", Change{Say: sayf("hanya menerima %s", "takes only %s", strings.Join(b.Allowed, ", ")), Why: stricter, Harm: Producers})
	case a.Allowed != nil && b.Allowed == nil:
		d.add(path+".quality", Change{Say: Sentence{"daftar nilai dihapus", "the list of values is dropped"}, Why: freer, Needs: Minor})
	default:
		if len(removed) > 0 {
			d.add(path+".quality", Change{Say: sayf("tidak lagi menerima %s", "no longer takes %s", strings.Join(removed, ", ")), Why: stricter, Harm: Producers})
		}
		if len(gained) > 0 {
			d.add(path+".quality", Change{Say: sayf("juga menerima %s", "also takes %s", strings.Join(gained, ", ")), Why: freer, Needs: Minor})
		}
	}
}

// bound compares a bound; up is 1 when raising it narrows, -1 when lowering it does.
func bound[T cmp.Ordered](d *differ, path, what string, a, b *T, up int) {
	switch {
	case a == nil && b == nil || a != nil && b != nil && *a == *b:
	case b == nil:
		d.add(path, Change{Say: sayf("%s %v dihapus", "%s %v is dropped", what, *a), Why: freer, Needs: Minor})
	case a == nil:
		d.add(path, Change{Say: sayf("%s %v ditambah", "%s %v is added", what, *b), Why: stricter, Harm: Producers})
	case cmp.Compare(*b, *a) == up:
		d.add(path, Change{Say: sayf("%s dari %v menjadi %v", "%s from %v to %v", what, *a, *b), Why: stricter, Harm: Producers})
	default:
		d.add(path, Change{Say: sayf("%s dari %v menjadi %v", "%s from %v to %v", what, *a, *b), Why: freer, Needs: Minor})
	}
}

// missingFrom is what of list is not in in.
func missingFrom(in, list []string) []string {
	var out []string
	for _, v := range list {
		if !slices.Contains(in, v) {
			out = append(out, v)
		}
	}
	return out
}

// key compares the primary keys, under the names of next.
func (d *differ) key() {
	names := map[string]string{} // of the table's columns
	for _, f := range d.next.Fields() {
		names[f.RenamedFrom] = f.Name
	}
	was, is := keyText(d.old, names), keyText(d.next, nil)
	if was == is || slices.ContainsFunc(d.changes, func(c Change) bool { return len(c.Gone) > 0 && c.Harm == Tables }) {
		return // a key column that is gone was told of
	}
	d.add("schema[0].properties", Change{Say: sayf("kunci berubah dari (%s) menjadi (%s)", "the key changed from (%s) to (%s)", was, is), Harm: Tables,
		Why: Sentence{"baris dikenali dengan cara lain; keadaan terkini dilipat menurut kunci", "rows are told apart in another way; the current state is folded by key"}})
}

// renamed is a rule of old under the column names of next.
func (d *differ) renamed(expression string) string {
	if d.names == nil {
		d.names = map[string]string{}
		for _, f := range d.next.Fields() {
			if f.RenamedFrom != "" {
				d.names[f.RenamedFrom] = f.Name
			}
		}
	}
	return wordForm.ReplaceAllStringFunc(expression, func(word string) string { return cmp.Or(d.names[word], word) })
}

var wordForm = regexp.MustCompile(`[A-Za-z0-9_]+`)

func (d *differ) rules() {
	index := func(rules []Rule, name string) int {
		return slices.IndexFunc(rules, func(r Rule) bool { return r.Name == name })
	}
	for i, r := range d.next.Rules {
		path := fmt.Sprintf("schema[0].quality[%d]", i)
		j := index(d.old.Rules, r.Name)
		switch {
		case j < 0:
			d.add(path, Change{Say: sayf("aturan %s ditambah: %s", "rule %s is added: %s", r.Name, r.Expression), Why: stricter, Harm: Producers})
		case d.renamed(d.old.Rules[j].Expression) != r.Expression:
			d.add(path, Change{Say: sayf("aturan %s berubah dari %s menjadi %s", "rule %s changed from %s to %s", r.Name, d.old.Rules[j].Expression, r.Expression), Why: stricter, Harm: Producers})
		}
	}
	for _, r := range d.old.Rules {
		if index(d.next.Rules, r.Name) < 0 {
			d.add("schema[0].quality", Change{Say: sayf("aturan %s dihapus", "rule %s is dropped", r.Name), Why: freer, Needs: Minor})
		}
	}
	d.tableRules()
}

// tableRules compares the rules over more than a row. One that only warns holds nobody up.
func (d *differ) tableRules() {
	const path = "schema[0].quality"
	warns := Sentence{"kiriman tetap terbit, dengan peringatan", "deliveries are published all the same, with a warning"}
	index := func(rules []TableRule, name string) int {
		return slices.IndexFunc(rules, func(r TableRule) bool { return r.Name == name })
	}
	for _, r := range d.next.TableRules {
		j := index(d.old.TableRules, r.Name)
		if j >= 0 && d.old.TableRules[j].Severity == r.Severity && d.renamed(ruleText(d.old.TableRules[j].Check)) == ruleText(r.Check) {
			continue
		}
		c := Change{Say: sayf("aturan %s (%s) ditambah", "rule %s (%s) is added", r.Name, r.Check.Kind()), Why: stricter, Harm: Producers}
		if j >= 0 {
			c.Say = sayf("aturan %s (%s) berubah", "rule %s (%s) changed", r.Name, r.Check.Kind())
		}
		if r.Severity == Warn {
			c.Why, c.Harm, c.Needs = warns, "", Minor
		}
		d.add(path, c)
	}
	for _, r := range d.old.TableRules {
		if index(d.next.TableRules, r.Name) < 0 {
			d.add(path, Change{Say: sayf("aturan %s dihapus", "rule %s is dropped", r.Name), Why: freer, Needs: Minor})
		}
	}
}

// ruleText is what a check asks for, as text that is the same for the same check: expressions as
// they are written.
func ruleText(check TableCheck) string {
	switch c := check.(type) {
	case RowCheck:
		return c.Text
	case Derived:
		c.Expr = nil
		check = c
	}
	text, err := json.Marshal(check)
	if err != nil {
		panic(err) // names and finite numbers
	}
	return check.Kind() + string(text)
}
