package assess

import (
	"regexp"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"

	"satudata/schemas"
)

const (
	formatRule   = "Perpres 39/2019 Ps 9; Permenkominfo 1/2023"
	personalRule = "UU 27/2022 Ps 4"
	codeRule     = "Perpres 39/2019 Ps 10"
)

// interoperability asks whether form, structure and meaning are those that other datasets have, and
// whether it is clear who may read what.
func (s *sheet) interoperability() {
	p := s.c.Profile
	s.ask(slices.ContainsFunc(s.c.Properties, func(p schemas.Property) bool { return p.Key > 0 }), Warning, "schema[0].properties",
		say("tidak ada kunci", "there is no key"), say("primaryKey: true pada kolom yang bersama-sama mengenali satu baris", "primaryKey: true on the columns that together tell rows apart"), formatRule)
	s.ask(p.Basis != "", Warning, custom("dasarHukum"), say("kelas akses %s tanpa dasar hukum", "access class %s without legal basis", p.Access),
		say("{property: dasarHukum, value: UU 14/2008 Ps 9}", "state dasarHukum"), "Perpres 39/2019 Ps 37; UU 14/2008")
	for _, col := range s.columns() {
		at := period(strings.ReplaceAll(col.Name, "_", " "))
		s.ask(at == "" || col.Type.Kind == schemas.Date, Error, col.path+".name", say("nama kolom %q memuat periode %s", "the name of column %q holds the period %s", col.Name, at),
			say("lipat (unpivot) di binding; periode menjadi kolom", "unpivot it in the binding; the period becomes a column"), formatRule)
		s.ask(!strings.HasPrefix(col.Name, "tanggal_") || col.Type.Kind != schemas.String, Warning, col.path, say("tanggal %q bertipe teks", "the date %q is text", col.Name),
			say("logicalType: date, atau elemen waktu.tanggal", "logicalType: date, or element waktu.tanggal"), formatRule)
		s.personal(col)
		if col.Element == "" && !regional(col.Name) {
			e := nearest(col.Property)
			s.ask(e == "", Warning, col.path, say("kolom %q tampak seperti elemen bersama %s", "column %q looks like the shared element %s", col.Name, e),
				say("{property: elemen, value: %s}", "elemen: %s", e), formatRule)
		}
	}
}

// personalNames are names of columns that hold personal data, with the least class that they have.
var personalNames = []struct {
	form  *regexp.Regexp
	class string
}{
	{regexp.MustCompile(`(^|_)(nik|no_?kk|nomor_kk|nkk|nip|npwp|no_ktp|nomor_ktp|paspor|passport)(_|$)`), "pribadi_umum"},
	{regexp.MustCompile(`(^|_)(telepon|telp|no_hp|nomor_hp|handphone|whatsapp|wa|email|e_mail|surel)(_|$)`), "pribadi_umum"},
	{regexp.MustCompile(`^nama_(lengkap|orang|pasien|penduduk|siswa|murid|guru|pegawai|kepala|ibu|ayah|anak|balita|penerima|pemohon|pemilik|warga|peserta|korban|petani|nelayan)`), "pribadi_umum"},
	{regexp.MustCompile(`^(tempat_lahir|tanggal_lahir|tgl_lahir|ttl|alamat_(rumah|lengkap|tinggal|domisili)|status_kawin|status_perkawinan)$`), "pribadi_umum"},
	{regexp.MustCompile(`^(diagnosa|diagnosis|riwayat_penyakit|golongan_darah|sidik_jari|iris|no_rekening|nomor_rekening|gaji|penghasilan|catatan_kejahatan)$`), "pribadi_spesifik"},
}

// personal finds personal data that is not declared as such. A count of people is none.
func (s *sheet) personal(col column) {
	if col.Type.Kind != schemas.String && col.Type.Kind != schemas.Date && col.Type.Kind != schemas.Integer || col.Additive || len(col.Check.Allowed) > 0 {
		return
	}
	if col.Element == "umum.telepon" || col.Element == "umum.surel" {
		return // of an office, says who chose the element
	}
	known, found := knownPersonal(col.Property)
	if !found && slices.Contains(ofPersons, col.Name) && slices.ContainsFunc(s.c.Properties, identifies) {
		known, found = "pribadi_umum", true
	}
	if found {
		s.ask(col.Class != "umum", Error, col.path, say("kolom %q tampak memuat data pribadi tetapi berkelas umum", "column %q looks like personal data but has class umum", col.Name),
			say("classification: %s, dan kelasAkses internal atau rahasia", "classification: %s, with kelasAkses internal or rahasia", known), personalRule)
	}
}

// knownPersonal is the class of personal data that a column's name speaks of.
func knownPersonal(p schemas.Property) (class string, ok bool) {
	for _, known := range personalNames {
		if known.form.MatchString(p.Name) {
			return known.class, true
		}
	}
	return "", false
}

// ofPersons are names of columns that are personal where a row is about one person, and may be
// those of a place or an agency elsewhere.
var ofPersons = []string{"nama", "alamat", "agama", "pekerjaan", "tempat_tanggal_lahir", "kewarganegaraan"}

// identifies says whether p tells one person from another, so that a row is about one.
func identifies(p schemas.Property) bool {
	return !p.Additive && len(p.Check.Allowed) == 0 && personalNames[0].form.MatchString(p.Name)
}

// nearest is the shared element that a column without one is named like, or "". Elements of umum say
// what kind of value it is, not what; they are nobody's namesake.
func nearest(p schemas.Property) string {
	for _, e := range schemas.Elements() {
		if strings.HasPrefix(e.ID, "umum.") || e.Region != "" || e.Type.Kind != p.Type.Kind && p.Type.Kind != schemas.String {
			continue
		}
		_, last, found := strings.Cut(e.ID, ".")
		if !found {
			last = e.ID
		}
		for _, name := range []string{last, strings.ReplaceAll(schemas.Fold(e.Name), " ", "_")} {
			if near(p.Name, name) || near(strings.ReplaceAll(schemas.Fold(p.Title), " ", "_"), name) {
				return e.ID
			}
		}
	}
	return ""
}

// near says whether two names are the same but for a slip of the keyboard.
func near(a, b string) bool {
	if a == b {
		return true
	}
	return len(a) >= 6 && len(b) >= 6 && len(a) <= 64 && levenshtein.ComputeDistance(a, b) <= 1
}

var regionName = regexp.MustCompile(`^(?:(?:kode|nama|kemendagri|bps|id)_)*(provinsi|propinsi|kabupaten|kota|kabupaten_?kota|kab_?kota|kecamatan|kelurahan|desa|desa_kelurahan|kelurahan_desa|wilayah)$`)

// regional says whether a column is named like a region.
func regional(name string) bool { return regionName.MatchString(name) }

// regionElement is the element for a column that is named like a region.
func regionElement(name string) string {
	switch {
	case strings.Contains(name, "kecamatan"):
		return "wilayah.kecamatan"
	case strings.Contains(name, "desa"), strings.Contains(name, "kelurahan"):
		return "wilayah.desa_kelurahan"
	case strings.Contains(name, "prov") || strings.Contains(name, "prop"):
		return "wilayah.provinsi"
	}
	return "wilayah.kabupaten_kota"
}

var kindName = regexp.MustCompile(`^(jenis|kategori|status|golongan|kelompok|tingkat|klasifikasi|tipe|bidang)(_|$)`)

// references asks whether what has codes uses the common ones.
func (s *sheet) references() {
	p := s.c.Profile
	s.ask(p.Affair != "", Warning, custom("bidangUrusan"), say("bidang urusan belum dinyatakan", "the bidang urusan is not stated"),
		say("{property: bidangUrusan, value: \"1.02\"}", "state bidangUrusan"), codeRule+"; Kepmendagri nomenklatur")
	s.ask(!hasWord(p.Classification, "kbli", "kbji") || yearForm.MatchString(p.Classification), Error, custom("klasifikasi"),
		say("klasifikasi %q tanpa tahun; kodenya berganti arti", "classification %q without its year; its codes change meaning", p.Classification),
		say("KBLI 2020 atau KBLI 2025", "KBLI 2020 or KBLI 2025"), "Peraturan BPS 2/2020 dan 7/2025")
	for _, col := range s.columns() {
		listed := col.Element != "" || len(col.Check.Allowed) > 0
		coded := listed || col.Check.Pattern != "" || col.Classification != ""
		switch {
		case regional(col.Name):
			s.ask(col.Element != "", Error, col.path, say("kolom wilayah %q tanpa elemen; kodenya tidak diketahui dari sistem mana", "region column %q has no element; the system of its codes is unknown", col.Name),
				say("{property: elemen, value: %s}", "elemen: %s", regionElement(col.Name)), codeRule+"; Permendagri 58/2021")
		case strings.HasPrefix(col.Name, "kode_"):
			s.ask(coded, Error, col.path, say("kolom kode %q tanpa daftar kode", "the code column %q has no code list", col.Name),
				say("elemen, klasifikasi, atau validValues", "an element, klasifikasi, or validValues"), codeRule)
		case kindName.MatchString(col.Name) && col.Type.Kind == schemas.String, col.Key > 0 && col.Type.Kind == schemas.String:
			s.ask(coded, Warning, col.path, say("kategori %q tanpa daftar nilai", "the category %q has no list of values", col.Name),
				say("quality: invalidValues dengan validValues, atau elemen", "quality: invalidValues with validValues, or an element"), codeRule)
		}
	}
}
