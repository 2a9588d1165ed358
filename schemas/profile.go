package schemas

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// profileKeys are the customProperties of the SDI profile that are about a contract as a whole:
//
//	produsenData, kelasAkses, dasarHukum, jadwalPemutakhiran, dataPrioritas, bidangUrusan
//	konsep, definisi, klasifikasi, ukuran, satuan, kodeSDS    standar data of what the table measures
//	kolomPeriode                                              the property that holds the period
//	petak                                                     the grid: [{kolom, nilai | dalam | dari, sampai}]
//	modePengiriman, gantiBerdasarkan                          delta | full, and the scope that full replaces
//	msKeg, msInd                                              statistical metadata, or the code of it
//	lisensi                                                   under which the data may be used: "CC-BY-4.0"
func profileKeys() []string {
	return []string{"produsenData", "kelasAkses", "dasarHukum", "jadwalPemutakhiran", "dataPrioritas", "bidangUrusan",
		"konsep", "definisi", "klasifikasi", "ukuran", "satuan", "kodeSDS", "kolomPeriode", "petak",
		"modePengiriman", "gantiBerdasarkan", "msKeg", "msInd", "lisensi"}
}

// propertyKeys are the customProperties of the SDI profile that are about one column.
func propertyKeys() []string {
	return []string{"elemen", "konsep", "klasifikasi", "ukuran", "satuan", "kodeSDS", "kodeDSSD", "aditif", "namaLama", "nilaiLama", "msVar"}
}

// Schedules are the words of jadwalPemutakhiran.
func Schedules() []string {
	return []string{"harian", "mingguan", "bulanan", "triwulanan", "empat_bulanan", "semesteran", "tahunan", "dua_tahunan", "sekali"}
}

var (
	sdsForm    = regexp.MustCompile(`^[A-Z]{1,2}[0-9]{5}\.[0-9]{2}\.[0-9]{2}$`)
	dssdForm   = regexp.MustCompile(`^[0-9]\.[0-9]{2}\.[0-9]{6}$`)
	affairForm = regexp.MustCompile(`^[0-9]\.[0-9]{2}$`)
)

func readProfile(o object) Profile {
	p := Profile{
		Standard: readStandard(o),
		Producer: o.form("produsenData", nameForm, "id OPD, contoh/example bpbd"),
		Access:   o.oneOf("kelasAkses", "", "publik", "internal", "rahasia"),
		Basis:    o.text("dasarHukum"),
		License:  o.text("lisensi"),
		Schedule: o.oneOf("jadwalPemutakhiran", "", Schedules()...),
		Priority: o.bool("dataPrioritas"),
		Affair:   o.matching("bidangUrusan", affairForm, "1.02"),
		Period:   o.text("kolomPeriode"),
		Delivery: DeliveryMode{Mode: o.oneOf("modePengiriman", "delta", "delta", "full")},
		Activity: o.metadata("msKeg"),
	}
	p.Definition = o.text("definisi")
	for i, n := range o.sequence("msInd") {
		p.Measures = append(p.Measures, o.decodeMetadata(fmt.Sprintf("msInd[%d]", i), n))
	}
	if !o.has("kelasAkses") {
		o.fault("kelasAkses", Sentence{"kelas akses wajib dinyatakan", "the access class must be stated"}, "publik, internal, rahasia")
	}
	if p.Basis == "" && (p.Access == "internal" || p.Access == "rahasia") {
		o.fault("dasarHukum", sayf("kelas akses %s memerlukan dasar hukum", "access class %s needs a legal basis", p.Access), "dasarHukum: …")
	}
	return p
}

// readStandard reads what the standar data of a dataset and of a column have in common.
func readStandard(o object) Standard {
	return Standard{
		Concept:        o.text("konsep"),
		Classification: o.text("klasifikasi"),
		Measure:        o.text("ukuran"),
		Unit:           o.text("satuan"),
		SDS:            o.matching("kodeSDS", sdsForm, "SD00123.01.00"),
	}
}

func readDSSD(o object) string { return o.matching("kodeDSSD", dssdForm, "1.01.000474") }

// matching reads a text that may be absent and else matches a pattern.
func (o object) matching(key string, form *regexp.Regexp, expected string) string {
	s := o.text(key)
	if s != "" && !form.MatchString(s) {
		o.fault(key, sayf("%s %q tidak sesuai bentuknya", "%s %q does not have the right form", key, s), expected)
		return ""
	}
	return s
}

// metadata reads statistical metadata under key: a code, or keys and values.
func (o object) metadata(key string) Metadata {
	n := o.value(key)
	if n == nil {
		return nil
	}
	return o.decodeMetadata(key, n)
}

func (o object) decodeMetadata(key string, n *yaml.Node) Metadata {
	const expected = "kode/code, {judul_kegiatan: …}"
	path := join(o.path, key)
	if n.Kind == yaml.ScalarNode && strings.TrimSpace(n.Value) != "" && n.Tag != "!!null" {
		return Metadata{"kode": n.Value}
	}
	if n.Kind == yaml.ScalarNode || n.Kind == yaml.MappingNode && len(n.Content) == 0 {
		o.r.fault(n, path, sayf("%s kosong", "%s is empty", key), expected)
		return nil
	}
	if n.Kind == yaml.MappingNode && !o.r.asJSON(n, path) {
		return nil
	}
	var m map[string]any
	if n.Kind != yaml.MappingNode || n.Decode(&m) != nil {
		o.r.fault(n, path, Sentence{"bukan kode atau pasangan kunci dan nilai", "neither a code nor keys and values"}, expected)
		return nil
	}
	return m
}

// asJSON faults what statistical metadata, which goes to others as JSON, cannot hold: keys that are no
// text, and numbers that are none.
func (r *reader) asJSON(n *yaml.Node, path string) bool {
	ok := true
	for i, child := range n.Content {
		at := path
		switch {
		case n.Kind == yaml.SequenceNode:
			at = fmt.Sprintf("%s[%d]", path, i)
		case i%2 == 0 && child.Kind != yaml.ScalarNode:
			ok = false // said where all keys are read
			continue
		case i%2 == 0 && child.ShortTag() != "!!str":
			r.fault(child, join(path, child.Value), sayf("kunci %q bukan teks", "key %q is not text", child.Value), fmt.Sprintf("beri tanda kutip/quote it: %q", child.Value))
			ok = false
			continue
		case i%2 == 1:
			at = join(path, n.Content[i-1].Value)
		}
		if f := 0.0; child.ShortTag() == "!!float" && child.Decode(&f) == nil && (math.IsNaN(f) || math.IsInf(f, 0)) {
			r.fault(child, at, sayf("%q bukan bilangan", "%q is not a number", child.Value), fmt.Sprintf("beri tanda kutip/quote it: %q", child.Value))
			ok = false
		}
		ok = r.asJSON(child, at) && ok
	}
	return ok
}

// maxAxis is how many whole numbers an axis of the grid may run over: years, ages, days of a year.
const maxAxis = 1000

// checkProfile resolves what the profile says about columns, now that these are known.
func checkProfile(o object, c *Contract) {
	if c.Profile.Period != "" {
		o.property("kolomPeriode", c.Profile.Period, c)
	}
	checkScope(o, c)
	for i, axis := range o.items("petak") {
		axis.only("kolom", "nilai", "dalam", "dari", "sampai")
		a := Axis{Column: axis.need("kolom", "kolom/column"), Values: axis.texts("nilai"), Within: axis.text("dalam"), From: axis.whole("dari"), To: axis.whole("sampai")}
		p, ok := axis.property("kolom", a.Column, c)
		if !ok {
			continue
		}
		c.Profile.Grid = append(c.Profile.Grid, a)
		ways := 0
		for _, set := range []bool{a.Values != nil, a.Within != "", a.From != nil || a.To != nil} {
			if set {
				ways++
			}
		}
		switch {
		case a.From != nil && a.To != nil && *a.From > *a.To:
			axis.fault("dari", sayf("dari %d melebihi sampai %d", "dari %d is over sampai %d", *a.From, *a.To), "dari <= sampai")
		case a.From != nil && a.To != nil && *a.To-*a.From >= maxAxis:
			axis.fault("sampai", sayf("%d nilai dari %d sampai %d", "%d values from %d to %d", *a.To-*a.From+1, *a.From, *a.To), fmt.Sprintf("<= %d nilai/values", maxAxis))
		case ways > 1 || (a.From == nil) != (a.To == nil):
			axis.fault("kolom", sayf("sumbu petak %d tidak jelas", "axis %d of the grid is not clear", i+1), "nilai: [...], dalam: \"32\", atau/or dari … sampai")
		case a.Within != "" && p.Region() == "":
			axis.fault("dalam", sayf("kolom %q bukan wilayah", "column %q is no region", a.Column), "nilai, dari … sampai")
		case a.From != nil && p.Type.Kind != Integer:
			axis.fault("dari", sayf("kolom %q bukan bilangan bulat", "column %q is no whole number", a.Column), "nilai: [...]")
		case ways == 0 && p.Region() == "" && p.Check.Allowed == nil:
			axis.fault("kolom", sayf("kolom %q tidak punya daftar nilai", "column %q has no list of values", a.Column), "nilai: [...], dari … sampai")
		}
	}
}

// property finds the property that key names.
func (o object) property(key, name string, c *Contract) (Property, bool) {
	i := slices.IndexFunc(c.Properties, func(p Property) bool { return p.Name == name })
	if i < 0 {
		o.fault(key, sayf("kolom %q tidak ada", "there is no column %q", name), DidYouMean(name, propertyNames(c)))
		return Property{}, false
	}
	return c.Properties[i], true
}

// only refuses keys other than known: customProperties may hold anything, so that shapes do not help.
func (o object) only(known ...string) {
	for _, key := range o.keys() {
		if !slices.Contains(known, key) {
			o.fault(key, sayf("kunci %q tidak dikenal", "unknown key %q", key), cmp.Or(DidYouMean(key, known), "hapus/remove it"))
		}
	}
}

// whole reads a whole number from 0 upward, nil when absent.
func (o object) whole(key string) *int {
	n := o.int(key, -1, 0)
	if n < 0 {
		return nil
	}
	return &n
}

// checkScope resolves gantiBerdasarkan, names of properties, to the columns that name the scope.
func checkScope(o object, c *Contract) {
	if !o.has("gantiBerdasarkan") {
		return
	}
	if c.Profile.Delivery.Mode != "full" {
		o.fault("gantiBerdasarkan", Sentence{"gantiBerdasarkan hanya untuk modePengiriman full", "gantiBerdasarkan is for modePengiriman full only"}, "hapus, atau/remove it, or modePengiriman: full")
		return
	}
	for _, name := range o.texts("gantiBerdasarkan") {
		i := slices.IndexFunc(c.Properties, func(p Property) bool { return p.Name == name })
		switch {
		case i < 0:
			o.fault("gantiBerdasarkan", sayf("kolom %q tidak ada", "there is no column %q", name), DidYouMean(name, propertyNames(c)))
		case !c.Properties[i].Required:
			o.fault("gantiBerdasarkan", sayf("kolom %q boleh kosong", "column %q may be empty", name), "required: true")
		default:
			c.Profile.Delivery.ReplaceBy = append(c.Profile.Delivery.ReplaceBy, c.Properties[i].fields()[0].Name)
		}
	}
}
