package assess

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"satudata/schemas"
)

const (
	metadataRule = "Perpres 39/2019 Ps 7-8"
	listRule     = "Perpres 39/2019 Ps 27(3), Daftar Data"
	formRule     = "Peraturan BPS 5/2020"
)

// metadata asks for what makes data easy to find and to understand.
func (s *sheet) metadata() {
	c, p := s.c, s.c.Profile
	title := func(ok bool, found, mend schemas.Sentence) { s.ask(ok, Error, "name", found, mend, metadataRule) }
	s.ask(schemas.Written(c.Purpose) != "", Error, "description.purpose", say("kegunaan data belum ditulis", "what the data is for is not written yet"),
		say("sebut untuk apa data ini dan siapa yang memakainya", "say what the data is for and who uses it"), metadataRule)
	s.definitions()
	title(!alike(c.Title, c.Purpose) && !alike(c.Title, p.Definition), say("judul sama dengan penjelasannya", "the title is the same as its explanation"),
		say("jelaskan isi dan kegunaannya di description.purpose", "explain content and use in description.purpose"))
	title(!yearForm.MatchString(c.Title), say("judul memuat tahun", "the title holds a year"),
		say("hapus; satu deret untuk semua tahun, tahunnya kolom", "drop it; one series for all years, with the year as a column"))
	title(!capitals(c.Title), say("judul seluruhnya huruf besar", "the title is all capitals"), say("tulis seperti kalimat", "write it like a sentence"))
	taken := slices.IndexFunc(s.others, func(o *schemas.Contract) bool { return alike(o.Title, c.Title) })
	if taken >= 0 {
		title(false, say("judul sudah dipakai %s", "the title is taken by %s", s.others[taken].Dataset),
			say("bedakan judulnya, atau gabungkan datasetnya", "tell them apart, or merge the datasets"))
	}
	s.ask(p.Schedule != "", Error, custom("jadwalPemutakhiran"), say("jadwal pemutakhiran belum dinyatakan", "the jadwal pemutakhiran is not stated"),
		say("{property: jadwalPemutakhiran, value: tahunan}", "one of %s", strings.Join(schemas.Schedules(), ", ")), listRule)
	s.ask(p.License != "", Warning, custom("lisensi"), say("lisensi belum dinyatakan", "the licence is not stated"),
		say("{property: lisensi, value: CC-BY-4.0}", "state lisensi"), "UU 14/2008; Portal SDI")
	s.periodColumn()
	measures := slices.ContainsFunc(c.Properties, measured)
	s.ask(p.Activity != nil, Error, custom("msKeg"), say("metadata kegiatan (MS-Keg) belum ada", "there is no metadata of the activity (MS-Keg)"),
		say("{property: msKeg, value: kode kegiatan atau isinya}", "state its code, or fill it in"), formRule)
	if measures {
		s.ask(len(p.Measures) > 0, Error, custom("msInd"), say("metadata indikator (MS-Ind) belum ada", "there is no metadata of the indicators (MS-Ind)"),
			say("{property: msInd, value: [kode indikator atau isinya]}", "state their codes, or fill them in"), formRule)
	}
	s.variables()
	s.forms(s.field)
	s.activity()
}

// definitions asks for those of columns that the contract was proposed with.
func (s *sheet) definitions() {
	var missing []string
	at := "schema[0].properties"
	for _, col := range s.columns() {
		if schemas.Written(col.Definition) != "" {
			continue
		}
		if missing == nil {
			at = col.path + ".description"
		}
		missing = append(missing, col.Name)
	}
	s.ask(len(missing) == 0, Error, at, say("definisi kolom belum ditulis: %s", "definitions of columns are not written yet: %s", strings.Join(missing, ", ")),
		say("description: apa yang dihitung atau diterangkan kolom itu", "description: what the column counts or tells"), metadataRule)
}

// capitals says whether a text of several letters has no small one.
func capitals(text string) bool {
	return strings.ToUpper(text) == text && len(words(text)) > 1
}

func (s *sheet) periodColumn() {
	severity, near := Warning, ""
	for _, p := range s.c.Properties {
		if measured(p) {
			severity = Error
		}
		if near == "" && strings.HasPrefix(p.Element, "waktu.") {
			near = p.Name
		}
	}
	mend := say("tambah kolom dengan elemen waktu.tahun dan sebut di kolomPeriode", "add a column of element waktu.tahun and name it in kolomPeriode")
	if near != "" {
		mend = say("{property: kolomPeriode, value: %s}", "kolomPeriode: %s", near)
	}
	s.ask(s.c.Profile.Period != "", severity, custom("kolomPeriode"), say("kolom periode belum dinyatakan", "the period column is not stated"), mend, metadataRule)
}

// variables asks each column for its metadata. A column of a shared element has the element's.
func (s *sheet) variables() {
	var missing []string
	filled, sameRule := 0, 0
	for _, col := range s.columns() {
		if col.Variable == nil && col.Element == "" {
			missing = append(missing, col.Name)
		}
		if rule := entry(col.Variable, "aturan_validasi"); rule != "" {
			filled++
			if schemas.Fold(rule) == "harus terisi" || schemas.Fold(rule) == "wajib diisi" {
				sameRule++
			}
		}
		if kind := strings.ToUpper(entry(col.Variable, "tipe_data")); kind != "" {
			s.ask(!strings.Contains(kind, "CHAR") || !measured(col.Property), Error, col.custom("msVar"), say("MS-Var menyebut kolom angka %q bertipe %s", "MS-Var says that the number %q is %s", col.Name, kind),
				say("tipe_data: INTEGER atau FLOAT", "tipe_data: INTEGER or FLOAT"), formRule)
		}
	}
	s.ask(len(missing) == 0, Warning, "schema[0].properties", say("kolom tanpa metadata variabel (MS-Var): %s", "columns without metadata of the variable (MS-Var): %s", strings.Join(missing, ", ")),
		say("{property: msVar, value: …} atau elemen", "msVar, or a shared element"), formRule)
	if filled > 0 {
		s.ask(filled < 3 || sameRule < filled, Warning, "schema[0].properties", say("aturan validasi setiap variabel hanya \"harus terisi\"", "the only validation rule of every variable is \"must be filled\""),
			say("sebut batas atau daftar nilainya", "state bounds or a list of values"), formRule)
	}
}

// entry is the text of a key of statistical metadata, or "".
func entry(m schemas.Metadata, key string) string {
	switch v := m[key].(type) {
	case string:
		return v
	case []any:
		if len(v) == 1 {
			return fmt.Sprint(v[0])
		}
		return strings.Trim(fmt.Sprint(v), "[]")
	}
	return ""
}

// forms calls visit for every entry of the statistical metadata that is filled in, with its place.
func (s *sheet) forms(visit func(path, key string, value any)) {
	walk(custom("msKeg"), "", map[string]any(s.c.Profile.Activity), visit)
	for i, m := range s.c.Profile.Measures {
		walk(fmt.Sprintf("%s[%d]", custom("msInd"), i), "", map[string]any(m), visit)
	}
	for _, col := range s.columns() {
		walk(col.custom("msVar"), "", map[string]any(col.Variable), visit)
	}
}

func walk(path, key string, value any, visit func(path, key string, value any)) {
	visit(path, key, value)
	switch v := value.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			walk(path+"."+k, strings.ToLower(k), v[k], visit)
		}
	case []any:
		for i, item := range v {
			walk(fmt.Sprintf("%s[%d]", path, i), key, item, visit)
		}
	}
}

// field asks one entry of the forms what real ones got wrong.
func (s *sheet) field(path, key string, value any) {
	if form, ok := value.(map[string]any); ok {
		s.interval(path, form)
		return
	}
	text := strings.TrimSpace(fmt.Sprint(value))
	if value == nil || text == "" || text == "-" {
		return
	}
	switch {
	case strings.Contains(key, "telepon") || strings.Contains(key, "telp") || strings.Contains(key, "faks"):
		s.ask(phone(text), Error, path, say("nomor %s kehilangan angka 0 di depan", "number %s has lost its leading 0", text),
			say("beri tanda kutip: \"0%s\"", "quote it: \"0%s\"", text), formRule+", Blok I-II")
	case strings.Contains(key, "eselon"):
		s.ask(!person(text), Error, path, say("%q tampak seperti nama orang di isian unit eselon", "%q looks like a person in a field for a unit", text),
			say("tulis nama unitnya: Bidang Kedaruratan", "write the unit's name"), formRule+", Blok II")
	case key == "satuan":
		s.unit(path, text)
	case key == "rumus" || key == "metode_perhitungan":
		s.ask(strings.Contains(text, " ") || len(text) < 25 || strings.ContainsRune(text, '\\'), Warning, path, say("rumus kehilangan spasi", "the formula has lost its spaces"),
			say("tulis ulang dengan spasi", "write it again with spaces"), formRule+", MS-Ind")
	}
}

var phoneForm = regexp.MustCompile(`^(\(?0|\+?62)[0-9 ()./-]+$`)

func phone(text string) bool { return phoneForm.MatchString(text) }

var (
	degree    = regexp.MustCompile(`(?:^|[\s,])(?:Drs|Dra|Dr|dr|drg|Ir|Prof|Hj?)\.\s|,\s*(?:[SM]\.\s?[A-Z]|[A-Z]\.\s?Md|MM|SE|SH|ST|M\.?Si)`)
	unitWords = []string{"dinas", "badan", "bidang", "bagian", "sekretariat", "sekretaris", "kantor", "deputi", "direktorat", "kepala", "subbagian", "seksi", "upt", "asisten",
		"inspektorat", "kecamatan", "kelurahan", "biro", "pusat", "balai", "satuan", "unit", "direktur", "jabatan", "sub"}
)

// person says whether a text is written like the name of a person and not of a unit.
func person(text string) bool {
	if degree.MatchString(text) {
		return true
	}
	w := words(text)
	return len(w) >= 2 && len(w) <= 4 && uncapitalised(text) == "" && !capitals(text) && !hasWord(text, unitWords...) && !strings.ContainsFunc(text, unicode.IsDigit)
}

// interval finds a schedule whose start is after its end.
func (s *sheet) interval(path string, form map[string]any) {
	for _, key := range slices.Sorted(maps.Keys(form)) {
		for _, pair := range [][2]string{{"awal", "akhir"}, {"mulai", "selesai"}, {"start", "end"}} {
			if !strings.Contains(strings.ToLower(key), pair[0]) {
				continue
			}
			end := strings.Replace(key, pair[0], pair[1], 1)
			from, ok1 := day(form[key])
			to, ok2 := day(form[end])
			if ok1 && ok2 {
				s.ask(!from.After(to), Error, path+"."+key, say("jadwal mulai %s sesudah berakhir %s", "the schedule starts on %s, after it ends on %s", from.Format(time.DateOnly), to.Format(time.DateOnly)),
					say("tukar, atau perbaiki tanggalnya", "swap them, or mend the dates"), formRule+", 3.3")
			}
		}
	}
}

// day reads a date of statistical metadata.
func day(value any) (time.Time, bool) {
	if t, ok := value.(time.Time); ok {
		return t, true
	}
	text, _ := value.(string)
	for _, layout := range []string{time.DateOnly, "02/01/2006", "02-01-2006", time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// firstYear is the first year of an activity that the form of BPS takes.
const firstYear = 2019

// activity asks MS-Keg, when it is filled in, for the year and the lengths that the form of BPS wants.
func (s *sheet) activity() {
	if year, ok := s.c.Profile.Activity["tahun"].(int); ok {
		s.ask(year >= firstYear, Error, custom("msKeg")+".tahun", say("tahun kegiatan %d", "the year of the activity is %d", year),
			say("%d atau sesudahnya", "%d or later", firstYear), formRule+", MS-Keg")
	}
	s.forms(func(path, key string, value any) {
		text, ok := value.(string)
		if !ok || !strings.HasPrefix(path, custom("msKeg")) {
			return
		}
		least := map[string]int{"judul_kegiatan": 10, "latar_belakang_kegiatan": 50, "latar_belakang": 50, "tujuan_kegiatan": 50}[key]
		if least > 0 {
			n := len([]rune(text))
			s.ask(n >= least, Error, path, say("%s hanya %d huruf", "%s has only %d letters", key, n),
				say("paling sedikit %d huruf", "at least %d letters", least), formRule+", MS-Keg")
		}
	})
}
