package exchange

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"satudata/schemas"
)

// variable is a column as MS-Var describes it.
type variable struct {
	property                                     schemas.Property
	name, alias, definition, time, measure, unit string
	concepts                                     []string
}

// variablesOf describes the columns of a contract; its msVar goes before what follows from the rest.
func variablesOf(c *schemas.Contract) []variable {
	var out []variable
	for _, p := range c.Properties {
		v := variable{property: p, name: cmp.Or(said(p.Variable, "nama"), label(p)), alias: cmp.Or(said(p.Variable, "alias"), "-"),
			definition: cmp.Or(said(p.Variable, "definisi"), p.Definition), time: said(p.Variable, "referensi_waktu"),
			measure: cmp.Or(said(p.Variable, "ukuran"), p.Measure, "-"), unit: cmp.Or(said(p.Variable, "satuan"), p.Unit, "-"),
			concepts: saidList(p.Variable, "konsep")}
		if v.concepts == nil && p.Concept != "" {
			v.concepts = []string{p.Concept}
		}
		if e, ok := schemas.FindElement(p.Element); ok && v.concepts == nil && !strings.HasPrefix(p.Element, "umum.") { // those are measures
			v.concepts = []string{e.Name}
		}
		if v.time == "" && c.Profile.Period != "" {
			v.time = "Menurut kolom " + c.Profile.Period
		}
		out = append(out, v)
	}
	return out
}

// label is what people call a column: its title, but for the title of an element that means another
// word than the column's name, as "Jumlah" of jumlah_kasus.
func label(p schemas.Property) string {
	spaced := strings.ReplaceAll(p.Name, "_", " ")
	if e, ok := schemas.FindElement(p.Element); p.Title != "" && (!ok || p.Title != e.Name || strings.EqualFold(strings.ReplaceAll(p.Title, "/", " "), spaced)) {
		return p.Title
	}
	return strings.ToUpper(spaced[:1]) + spaced[1:]
}

// said is a text of statistical metadata, or "".
func said(m schemas.Metadata, key string) string {
	if m[key] == nil {
		return ""
	}
	return fmt.Sprint(m[key])
}

// saidList is a list of texts of statistical metadata; one text is a list of one.
func saidList(m schemas.Metadata, key string) []string {
	items, ok := m[key].([]any)
	if !ok {
		if s := said(m, key); s != "" {
			return []string{s}
		}
		return nil
	}
	var out []string
	for _, item := range items {
		out = append(out, fmt.Sprint(item))
	}
	return out
}

// saidFlag is a yes or no of statistical metadata, def when it is not said.
func saidFlag(m schemas.Metadata, key string, def bool) bool {
	switch strings.ToLower(said(m, key)) {
	case "true", "ya", "1":
		return true
	case "false", "tidak", "2", "0":
		return false
	}
	return def
}

// unknownKeys are the keys of statistical metadata that INDAH does not have.
func unknownKeys(c *schemas.Contract, path string, m schemas.Metadata, known []string) schemas.Faults {
	var faults schemas.Faults
	for key := range m {
		if key != "kode" && !slices.Contains(known, key) {
			faults = append(faults, note(c, path+"."+key, "kunci ini tidak ada di INDAH v2", "INDAH v2 has no such key", strings.Join(known, ", ")))
		}
	}
	slices.SortFunc(faults, func(a, b schemas.Fault) int { return cmp.Compare(a.Path, b.Path) })
	return faults
}

// envelope is what INDAH wraps around MS-Var and MS-Ind.
func envelope(data object) object {
	return object{{"data", data}, {"reviews", []any{}}, {"changes", []any{}}, {"status", "DRAFT"}, {"rejection_note", null}, {"version", "v2"}}
}

// exportVariables writes MS-Var: one variable per column, a region being one. "-" is what INDAH wants
// for what a variable does not have; what the form asks for and nobody says is left out and noted.
func exportVariables(c *schemas.Contract) ([]byte, []schemas.Fault, error) {
	known := []string{"nama", "alias", "definisi", "konsep", "referensi_pemilihan", "referensi_waktu", "ukuran", "satuan", "tipe_data",
		"klasifikasi_rujukan_value_domain", "value_domain", "aturan_validasi", "kalimat_pertanyaan", "apakah_variabel_bisa_diakses_umum", "id_sds"}
	all, err := rules(c, false)
	if err != nil {
		return nil, nil, err
	}
	out, notes, faults := []object{}, []schemas.Fault{}, schemas.Faults{}
	for _, v := range variablesOf(c) {
		p := v.property
		at := "schema[0].properties." + p.Name + ".msVar"
		faults = append(faults, unknownKeys(c, at, p.Variable, known)...)
		kind := said(p.Variable, "tipe_data")
		if kind == "" && p.Type.Kind == schemas.String {
			kind = "CHARACTER"
		}
		reasons := saidList(p.Variable, "referensi_pemilihan")
		classes := cmp.Or(said(p.Variable, "klasifikasi_rujukan_value_domain"), p.Classification)
		if classes == "" && p.Region() != "" {
			classes = "Kode wilayah Kemendagri"
		}
		for _, need := range []struct {
			missing  bool
			key, say string
		}{{v.concepts == nil, "konsep", "Konsep"}, {reasons == nil, "referensi_pemilihan", "Referensi Pemilihan"},
			{v.time == "", "referensi_waktu", "Referensi Waktu"}, {kind == "", "tipe_data", "Tipe Data"}} {
			if need.missing {
				notes = append(notes, note(c, at+"."+need.key, need.say+" wajib diisi", "is required", "msVar: {"+need.key+": …}"))
			}
		}
		out = append(out, envelope(object{{"nama", v.name}, {"alias", v.alias}, {"definisi", v.definition}, {"konsep", optList(v.concepts)},
			{"referensi_pemilihan", optList(reasons)}, {"referensi_waktu", opt(v.time)}, {"ukuran", v.measure}, {"satuan", v.unit},
			{"tipe_data", opt(kind)}, {"klasifikasi_rujukan_value_domain", cmp.Or(classes, "-")}, {"value_domain", valueDomain(p)},
			{"aturan_validasi", validations(all, p)}, {"kalimat_pertanyaan", cmp.Or(said(p.Variable, "kalimat_pertanyaan"), "-")},
			{"apakah_variabel_bisa_diakses_umum", saidFlag(p.Variable, "apakah_variabel_bisa_diakses_umum", c.Profile.Access == "publik" && p.Class == "umum")},
			{"id_sds", opt(p.Variable["id_sds"])}}))
	}
	if len(faults) > 0 {
		return nil, nil, faults
	}
	doc, err := encodeJSON(out)
	return doc, notes, err
}

// valueDomain is Klasifikasi Isian: the values that a column may have.
func valueDomain(p schemas.Property) any {
	if given, ok := p.Variable["value_domain"].([]any); ok {
		return given
	}
	out := []object{}
	for _, v := range p.Check.Allowed {
		out = append(out, object{{"kode", v}, {"nilai", v}})
	}
	if len(out) == 0 {
		return []object{{{"kode", "-"}, {"nilai", "-"}}}
	}
	return out
}

// validations says in words what the program checks of a column.
func validations(all []rule, p schemas.Property) []string {
	out := saidList(p.Variable, "aturan_validasi")
	if out != nil {
		return out
	}
	if p.Required {
		out = append(out, "Wajib diisi")
	}
	out = append(out, checksInWords(p)...)
	for _, r := range all {
		if slices.Contains(strings.FieldsFunc(r.Text, func(r rune) bool {
			return r != '_' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9')
		}), p.Name) {
			out = append(out, cmp.Or(r.Say, r.Text))
		}
	}
	if len(out) == 0 {
		return []string{"-"}
	}
	return out
}

// checksInWords are the checks of a column in Bahasa Indonesia.
func checksInWords(p schemas.Property) []string {
	var out []string
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	decimal := func(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
	check := p.Check
	if p.Region() != "" {
		add("Kode %s yang terdaftar", strings.ReplaceAll(p.Region(), "_", "/"))
	}
	if check.Min != nil {
		add("Paling kecil %s", decimal(*check.Min))
	}
	if check.Max != nil {
		add("Paling besar %s", decimal(*check.Max))
	}
	if check.MinLength != nil {
		add("Paling sedikit %d huruf", *check.MinLength)
	}
	if check.MaxLength != nil {
		add("Paling banyak %d huruf", *check.MaxLength)
	}
	if check.Pattern != "" {
		add("Sesuai pola %s", check.Pattern)
	}
	if check.Allowed != nil {
		add("Salah satu dari: %s", strings.Join(check.Allowed, ", "))
	}
	return out
}

// exportIndicators writes MS-Ind: the indicators that the contract's msInd names. Of a contract with one
// indicator the standar data of the dataset fills what msInd does not say.
func exportIndicators(c *schemas.Contract) ([]byte, []schemas.Fault, error) {
	known := []string{"nama", "konsep", "definisi", "interpretasi", "metode_perhitungan", "rumus", "ukuran", "satuan", "variabel_disaggregasi",
		"apakah_indikator_komposit", "indikator_pembangun", "variabel_pembangun", "level_estimasi", "apakah_indikator_bisa_diakses_umum", "id_sds"}
	all, notes, faults := []object{}, []schemas.Fault{}, schemas.Faults{}
	if len(c.Profile.Measures) == 0 {
		notes = append(notes, note(c, "customProperties.msInd", "tidak ada indikator", "there are no indicators", "msInd: [{nama: …, interpretasi: …}]"))
	}
	for i, m := range c.Profile.Measures {
		at := fmt.Sprintf("customProperties.msInd[%d]", i)
		faults = append(faults, unknownKeys(c, at, m, known)...)
		s := schemas.Standard{}
		if len(c.Profile.Measures) == 1 {
			s = c.Profile.Standard
		}
		concepts := saidList(m, "konsep")
		if concepts == nil && s.Concept != "" {
			concepts = []string{s.Concept}
		}
		composite := saidFlag(m, "apakah_indikator_komposit", false)
		data := object{{"nama", opt(said(m, "nama"))}, {"konsep", optList(concepts)}, {"definisi", opt(cmp.Or(said(m, "definisi"), s.Definition))},
			{"interpretasi", opt(said(m, "interpretasi"))}, {"metode_perhitungan", opt(said(m, "metode_perhitungan"))}, {"rumus", cmp.Or(said(m, "rumus"), "-")},
			{"ukuran", cmp.Or(said(m, "ukuran"), s.Measure, "-")}, {"satuan", cmp.Or(said(m, "satuan"), s.Unit, "-")},
			{"variabel_disaggregasi", disaggregation(c, m)}, {"apakah_indikator_komposit", composite},
			{"indikator_pembangun", listOf(m, "indikator_pembangun")}, {"variabel_pembangun", listOf(m, "variabel_pembangun")},
			{"level_estimasi", opt(cmp.Or(said(m, "level_estimasi"), estimationLevel(c)))},
			{"apakah_indikator_bisa_diakses_umum", saidFlag(m, "apakah_indikator_bisa_diakses_umum", c.Profile.Access == "publik")}, {"id_sds", opt(m["id_sds"])}}
		builder := "variabel_pembangun"
		if composite {
			builder = "indikator_pembangun"
		}
		for _, key := range []string{"nama", "konsep", "definisi", "interpretasi", "metode_perhitungan", "level_estimasi", builder} {
			if j := slices.IndexFunc(data, func(m member) bool { return m.key == key }); data[j].value == nil || key == builder && m[builder] == nil {
				notes = append(notes, note(c, at+"."+key, key+" wajib diisi", "is required", "msInd: [{"+key+": …}]"))
			}
		}
		all = append(all, envelope(data))
	}
	if len(faults) > 0 {
		return nil, nil, faults
	}
	doc, err := encodeJSON(all)
	return doc, notes, err
}

func listOf(m schemas.Metadata, key string) any {
	if given, ok := m[key].([]any); ok {
		return given
	}
	return []any{}
}

// disaggregation is Klasifikasi Penyajian: by which columns of the key, the period aside, the indicator
// is given.
func disaggregation(c *schemas.Contract, m schemas.Metadata) any {
	if given, ok := m["variabel_disaggregasi"].([]any); ok {
		return given
	}
	out := []object{}
	for _, p := range c.Properties {
		if p.Key > 0 && p.Name != c.Profile.Period && !strings.HasPrefix(p.Element, "waktu.") {
			out = append(out, object{{"nama", label(p)}, {"sumber", "input-manual"}})
		}
	}
	return out
}

// estimationLevel is the smallest region of the table, in INDAH's words, or "".
func estimationLevel(c *schemas.Contract) string {
	level := ""
	names := []struct{ level, word string }{{"provinsi", "Provinsi"}, {"kabupaten_kota", "Kabupaten/Kota"}, {"kecamatan", "Kecamatan"}, {"desa_kelurahan", "Desa/Kelurahan"}}
	for _, n := range names {
		if slices.ContainsFunc(c.Properties, func(p schemas.Property) bool { return p.Region() == n.level }) {
			level = n.word
		}
	}
	return level
}
