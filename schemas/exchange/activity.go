package exchange

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"satudata/schemas"
)

// activity makes MS-Keg of a contract.
type activity struct {
	c      *schemas.Contract
	given  *tree // msKeg of the contract, or nil
	out    *sheetReader
	faults schemas.Faults
	notes  []schemas.Fault
}

// exportActivity writes MS-Keg: what the contract's msKeg says under INDAH's keys, and what follows
// from the rest of the contract. Codes of the form (3, or 9 for 1 + 8) become INDAH's words. What the
// form asks for and nobody says is left out and noted.
func exportActivity(c *schemas.Contract) ([]byte, []schemas.Fault, error) {
	t, err := parseTree(c.Document)
	if err != nil {
		return nil, nil, err
	}
	a := &activity{c: c, given: t.find(mustPath(custom("msKeg"))), out: &sheetReader{root: &tree{kind: mapping}}}
	if a.given != nil && a.given.kind == mapping {
		a.take()
	}
	a.derive()
	if len(a.faults) > 0 {
		return nil, nil, a.faults
	}
	a.check()
	data := a.out.root
	data.sortBy(activityOrder())
	doc, err := encodeJSON(object{{"base_id", null}, {"submission_period", a.period()}, {"data", data.jsonValue()}, {"reviews", null},
		{"status", "DRAFT"}, {"rejection_note", null}, {"version", "v2"}, {"changes", null}})
	return doc, a.notes, err
}

// period is the year that the metadata are submitted for, or nothing.
func (a *activity) period() any {
	if n := a.at("tahun"); n != nil {
		return n.jsonValue()
	}
	return nil
}

func (a *activity) at(p string) *tree { return a.out.root.find(mustPath(p)) }

func (a *activity) set(p string, n *tree) {
	if a.at(p) == nil {
		a.out.set(mustPath(p), n, "")
	}
}

func (a *activity) wrong(p, id, en, expected string) {
	a.faults = append(a.faults, note(a.c, "customProperties.msKeg."+p, id, en, expected))
}

func (a *activity) warn(p, id, en, expected string) {
	a.notes = append(a.notes, note(a.c, "customProperties.msKeg."+p, id, en, expected))
}

var itemNumber = regexp.MustCompile(`\[\d+\]`)

// take copies the contract's msKeg, its codes as INDAH's words. A key that INDAH does not have is wrong.
func (a *activity) take() {
	keys := map[string]indahKey{}
	for _, k := range activityKeys() {
		keys[itemNumber.ReplaceAllString(k.path, "[]")] = k
	}
	for list, names := range activityLists() {
		for _, name := range names {
			keys[list+"[]."+name] = indahKey{}
		}
	}
	for _, l := range a.given.leaves(nil, nil) {
		p := l.path.String()
		if l.node.tag == "!!null" || l.node.kind != scalar {
			continue
		}
		if a.takeSet(p, l.node) {
			continue
		}
		k, ok := keys[itemNumber.ReplaceAllString(p, "[]")]
		switch {
		case p == "kode":
			// of INDAH, which knows it
		case !ok:
			a.wrong(p, "kunci ini tidak ada di INDAH v2", "INDAH v2 has no such key", nearest(p, keys))
		default:
			a.takeValue(p, l.node, k)
		}
	}
}

// nearest is the key most like p: the one whose last word is, with or without INDAH's misspellings.
func nearest(p string, keys map[string]indahKey) string {
	var all []string
	plain := func(s string) string {
		return strings.NewReplacer("penyelenggaraan", "penyelanggara", "penyelenggara", "penyelanggara", "analisis", "analsis").Replace(s)
	}
	last := func(s string) string { return plain(s[strings.LastIndexByte(s, '.')+1:]) }
	for k := range keys {
		if last(k) == last(p) {
			all = append(all, k)
		}
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// takeSet takes a question with several answers that is given as the sum of its codes.
func (a *activity) takeSet(p string, n *tree) bool {
	i := slices.IndexFunc(activitySets(), func(s indahSet) bool { return s.path == p })
	if i < 0 {
		return false
	}
	set := activitySets()[i]
	sum, err := strconv.Atoi(n.text)
	if err != nil || sum < 1 || sum >= 1<<len(set.flags) {
		a.wrong(p, fmt.Sprintf("%q bukan jumlah kode pilihan", n.text), fmt.Sprintf("%q is no sum of the answers' codes", n.text), fmt.Sprintf("1 … %d", 1<<len(set.flags)-1))
		return true
	}
	for bit, flag := range set.flags {
		a.set(set.path+"."+flag, yesNo(sum&(1<<bit) != 0))
	}
	return true
}

func yesNo(b bool) *tree {
	return &tree{kind: scalar, tag: "!!bool", text: strconv.FormatBool(b)}
}

func (a *activity) takeValue(p string, n *tree, k indahKey) {
	switch {
	case k.words != nil:
		word, ok := k.word(n.text)
		if !ok {
			a.wrong(p, fmt.Sprintf("%s: %q tidak ada di daftar", k.label, n.text), fmt.Sprintf("%q is not in the list", n.text), strings.Join(k.words, ", "))
			return
		}
		a.set(p, text(word))
	case k.kind == indahFlag:
		answer, ok := map[string]bool{"true": true, "ya": true, "1": true, "false": false, "tidak": false, "2": false, "0": false}[strings.ToLower(n.text)]
		if !ok {
			a.wrong(p, fmt.Sprintf("%s: %q bukan ya atau tidak", k.label, n.text), fmt.Sprintf("%q is neither yes nor no", n.text), "true, false")
			return
		}
		a.set(p, yesNo(answer))
	case k.kind == indahWhole:
		number, err := strconv.Atoi(n.text)
		if err != nil || number < 0 {
			a.wrong(p, fmt.Sprintf("%s: %q bukan bilangan bulat", k.label, n.text), fmt.Sprintf("%q is no whole number", n.text), "0, 1, 2, …")
			return
		}
		a.set(p, &tree{kind: scalar, tag: "!!int", text: strconv.Itoa(number)})
	case k.kind == indahDate:
		if _, err := time.Parse(time.DateOnly, n.text); err != nil {
			a.wrong(p, fmt.Sprintf("%s: %q bukan tanggal", k.label, n.text), fmt.Sprintf("%q is no date", n.text), "2026-03-31")
			return
		}
		a.set(p, text(n.text))
	default:
		a.set(p, text(n.text))
	}
}

var notWord = regexp.MustCompile(`[^A-Z0-9]+`)

// word is INDAH's word for what a contract says: the word, its label or its code in the form.
func (k indahKey) word(s string) (string, bool) {
	codes := k.codes
	if codes == 0 {
		codes = len(k.words)
	}
	if n, err := strconv.Atoi(s); err == nil && n >= 1 && n <= codes {
		return k.words[n-1], true
	}
	w := strings.Trim(notWord.ReplaceAllString(strings.ToUpper(s), "_"), "_")
	return w, slices.Contains(k.words, w)
}

// derive says what follows from the rest of the contract, where msKeg does not say it.
func (a *activity) derive() {
	a.set("jenis_statistik", text("STATISTIK_SEKTORAL")) // of an instansi daerah: UU 16/1997, Pasal 12
	schedules := map[string]string{"harian": "HARIAN", "mingguan": "MINGGUAN", "bulanan": "BULANAN", "triwulanan": "TRIWULANAN",
		"empat_bulanan": "EMPAT_BULANAN", "semesteran": "SEMESTERAN", "tahunan": "TAHUNAN"}
	switch s := a.c.Profile.Schedule; {
	case s == "sekali":
		a.set("blok_iv.kegiatan_ini_dilakukan", text("HANYA_SEKALI"))
	case s != "":
		a.set("blok_iv.kegiatan_ini_dilakukan", text("BERULANG"))
		if word := schedules[s]; word != "" && a.is("blok_iv.kegiatan_ini_dilakukan", "BERULANG") {
			a.set("blok_iv.frekuensi_penyelanggara", text(word))
		}
	}
	const variables = "blok_iii.variabel_yang_dikumpulkan"
	if a.at(variables) != nil {
		return
	}
	for i, v := range variablesOf(a.c) {
		at := fmt.Sprintf("%s[%d].", variables, i+1)
		for _, m := range []struct{ key, value string }{{"nama", v.name}, {"konsep", strings.Join(v.concepts, "; ")}, {"definisi", v.definition}, {"referensi_waktu", v.time}} {
			if m.value != "" {
				a.set(at+m.key, text(m.value))
			}
		}
	}
}

func (a *activity) is(p, value string) bool {
	n := a.at(p)
	return n != nil && n.text == value
}

// holds says whether the condition of a key is met.
func (a *activity) holds(need string) bool {
	if need == fieldwork {
		for _, tool := range []string{"papi", "capi", "cati"} {
			if a.is("blok_iv.sarana_pengumpulan_data."+tool, "true") {
				return true
			}
		}
		return false
	}
	p, value, conditional := strings.Cut(need, "=")
	return need == "ya" || conditional && a.is(p, value)
}

// check notes what the form asks for and is not said or not long enough.
func (a *activity) check() {
	for _, k := range activityKeys() {
		n := a.at(k.path)
		switch {
		case n == nil && a.holds(k.need):
			a.warn(k.path, k.label+" wajib diisi", "is required", k.expects(a.c))
		case n == nil:
		case k.kind == indahText && k.least > len([]rune(n.text)):
			a.warn(k.path, fmt.Sprintf("%s kurang dari %d huruf", k.label, k.least), fmt.Sprintf("shorter than %d characters", k.least), "")
		case k.kind == indahWhole && k.least > 0:
			if year, _ := strconv.Atoi(n.text); year < k.least {
				a.warn(k.path, fmt.Sprintf("%s sebelum %d", k.label, k.least), fmt.Sprintf("before %d", k.least), "")
			}
		}
	}
	for _, set := range activitySets() {
		if !slices.ContainsFunc(set.flags, func(flag string) bool { return a.is(set.path+"."+flag, "true") }) {
			a.warn(set.path, set.label+": pilih paling sedikit satu", "choose at least one", strings.Join(set.flags, ", "))
		}
	}
	a.checkTogether()
}

// checkTogether notes answers that do not agree with each other.
func (a *activity) checkTogether() {
	for _, k := range activityKeys() {
		if end, ok := strings.CutSuffix(k.path, "akhir"); ok && k.kind == indahDate {
			from, to := a.at(end+"awal"), a.at(k.path)
			if from != nil && to != nil && from.text > to.text {
				a.warn(k.path, k.label+" sebelum awalnya", "ends before it begins", from.text+" …")
			}
		}
	}
	boss, staff := a.at("blok_vi.jumlah_petugas_supervisor"), a.at("blok_vi.jumlah_petugas_enumerator")
	if boss != nil && staff != nil {
		b, _ := strconv.Atoi(boss.text)
		s, _ := strconv.Atoi(staff.text)
		if b > s {
			a.warn("blok_vi.jumlah_petugas_supervisor", "supervisor lebih banyak dari enumerator", "more supervisors than enumerators", "<= "+staff.text)
		}
	}
	if a.is("blok_iv.cakupan_wilayah_pengumpulan_data", "SEBAGIAN_WILAYAH_INDONESIA") && a.at("blok_iv.sebagian_cakupan_wilayah_pengumpulan_data[1]") == nil {
		a.warn("blok_iv.sebagian_cakupan_wilayah_pengumpulan_data", "4.5 Wilayah Kegiatan wajib diisi", "is required", "{kode_provinsi, nama_provinsi, kode_kabupaten_kota, nama_kabupaten_kota}")
	}
}

// expects is what to fill a missing key with.
func (k indahKey) expects(c *schemas.Contract) string {
	switch {
	case k.words != nil:
		return strings.Join(k.words, ", ")
	case k.kind == indahFlag:
		return "true, false"
	case k.kind == indahDate:
		return "YYYY-MM-DD"
	case k.path == "blok_i.instansi_penyelanggara":
		return "nama lengkap/full name: " + c.Profile.Producer
	}
	return "teks/text"
}

// activityOrder is the keys of MS-Keg in the order of the form.
func activityOrder() []string {
	var order []string
	add := func(p string) {
		for part := range strings.SplitSeq(itemNumber.ReplaceAllString(p, ""), ".") {
			if !slices.Contains(order, part) {
				order = append(order, part)
			}
		}
	}
	for _, k := range activityKeys() {
		add(k.path)
	}
	for _, block := range []string{"blok_iii.variabel_yang_dikumpulkan", "blok_iv.sebagian_cakupan_wilayah_pengumpulan_data"} {
		for _, name := range activityLists()[block] {
			add(block + "." + name)
		}
	}
	return order
}
