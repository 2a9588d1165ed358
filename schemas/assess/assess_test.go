package assess_test

import (
	"os"
	"strings"
	"testing"

	"satudata/schemas"
	"satudata/schemas/assess"
)

func sound(t *testing.T) string {
	t.Helper()
	doc, err := os.ReadFile("testdata/lengkap.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(doc)
}

func parse(t *testing.T, doc string) *schemas.Contract {
	t.Helper()
	c, err := schemas.ParseContract("k.yaml", []byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestSound wants a contract that lacks nothing to pass, strictly.
func TestSound(t *testing.T) {
	r := assess.Check(parse(t, sound(t)), nil)
	for _, p := range r.Principles {
		for _, f := range p.Findings {
			t.Errorf("%s: line %d: %s", p.Name, f.Line, f.Say.EN)
		}
	}
	if !r.Passed(true) || r.Score != 100 || len(r.Principles) != 4 {
		t.Errorf("passed %v with score %d of %d principles", r.Passed(true), r.Score, len(r.Principles))
	}
}

// TestDefects makes one defect at a time and wants it found, under its principle, at its line.
func TestDefects(t *testing.T) {
	const e, w = assess.Error, assess.Warning
	for _, tt := range []struct {
		name      string
		old, new  string
		principle string
		severity  assess.Severity
		says      string
		at        string // text at whose line it is found
	}{
		{"no konsep", "  - {property: konsep, value: Kejadian Banjir}\n", "", assess.Standard, e, "konsep belum", ""},
		{"no definisi", "  - {property: definisi, value:", "  - {property: x_definisi, value:", assess.Standard, e, "definisi belum", ""},
		{"no klasifikasi", "  - {property: klasifikasi, value: Wilayah administratif}\n", "", assess.Standard, e, "klasifikasi belum", ""},
		{"small letters", "value: Kejadian Banjir}", "value: Kejadian banjir}", assess.Standard, e, `"banjir" tanpa huruf besar`, "Kejadian banjir}"},
		{"abbreviation", "value: Kejadian Banjir}", "value: Kasus DBD}", assess.Standard, e, `singkatan "DBD"`, "Kasus DBD"},
		{"begins with a measure", "value: Kejadian Banjir}", "value: Jumlah Kejadian Banjir}", assess.Standard, e, `diawali ukuran "Jumlah"`, "Jumlah Kejadian"},
		{"holds a year", "value: Kejadian Banjir}", "value: Kejadian Banjir 2024}", assess.Standard, e, `periode "2024"`, "Banjir 2024"},
		{"holds a period", "value: Kejadian Banjir}", "value: Kejadian Banjir Bulanan}", assess.Standard, e, "periode", "Bulanan"},
		{"holds a region", "value: Kejadian Banjir}", "value: Kejadian Banjir Jawa Barat}", assess.Standard, e, `wilayah "jawa barat"`, "Jawa Barat"},
		{"a type for a unit", "{property: satuan, value: kejadian}]", "{property: satuan, value: CHARACTER}]", assess.Standard, e, `"CHARACTER" adalah jenis data`, "CHARACTER"},
		{"people for events", "{property: satuan, value: kejadian}]", "{property: satuan, value: Orang}]", assess.Standard, w, "satuan cacahan kejadian adalah orang", "value: Orang"},
		{"a count in text", "      - name: jumlah_kejadian\n        description: Banyaknya luapan dalam tahun itu.\n        customProperties: [{property: elemen, value: umum.jumlah}, {property: satuan, value: kejadian}]",
			"      - {name: jumlah_kejadian, logicalType: string, description: Banyaknya.}", assess.Standard, e, "bertipe teks", "name: jumlah_kejadian"},
		{"no concept of an index", "value: Indeks Risiko Bencana}", "value: Organisasi}", assess.Standard, w, `"Organisasi" bukan konsep sebuah indeks`, "name: indeks_risiko"},
		{"ratio that is summed", "{property: elemen, value: umum.jumlah}, {property: satuan, value: kejadian}]", "{property: elemen, value: umum.jumlah}, {property: satuan, value: kejadian}, {property: ukuran, value: Rasio}]", assess.Standard, e, "tidak boleh dijumlahkan", "value: Rasio"},
		{"no unit", "  - {property: satuan, value: kejadian}\n", "", assess.Standard, "", "", ""}, // the columns state it
		{"two separators", "value: Wilayah administratif}", "value: Wilayah; Sebab | Tahun}", assess.Standard, w, "dipisah dengan ; dan dengan |", "Wilayah; Sebab"},
		{"title is the purpose", "name: Kejadian banjir per kabupaten/kota", "name: Perencanaan penanggulangan bencana dan evaluasi tanggap darurat.", assess.Metadata, e, "judul sama", "name: Perencanaan"},
		{"purpose to be written", "purpose: Perencanaan penanggulangan bencana dan evaluasi tanggap darurat.", "purpose: Banjir. Tujuan " + schemas.ToWrite, assess.Metadata, e, "kegunaan data belum ditulis", "purpose: Banjir. Tujuan"},
		{"definition to be written", "  - {property: definisi, value: \"", "  - {property: definisi, value: \"Definisi " + schemas.ToWrite + " ", assess.Standard, e, "definisi belum", "property: definisi"},
		{"column to be written", "description: Sebab utama luapan.", "description: Kolom Sebab. Definisi " + schemas.ToWrite, assess.Metadata, e, "definisi kolom belum ditulis: sebab", "description: Kolom Sebab"},
		{"year in the title", "name: Kejadian banjir per kabupaten/kota", "name: Kejadian banjir 2024", assess.Metadata, e, "judul memuat tahun", "banjir 2024"},
		{"title in capitals", "name: Kejadian banjir per kabupaten/kota", "name: KEJADIAN BANJIR", assess.Metadata, e, "huruf besar", "KEJADIAN"},
		{"no schedule", "  - {property: jadwalPemutakhiran, value: tahunan}\n", "", assess.Metadata, e, "jadwal pemutakhiran belum", ""},
		{"no licence", "  - {property: lisensi, value: CC-BY-4.0}\n", "", assess.Metadata, w, "lisensi belum", ""},
		{"no period column", "  - {property: kolomPeriode, value: tahun}\n", "", assess.Metadata, e, "kolom periode belum", ""},
		{"no MS-Ind", "  - property: msInd\n", "  - property: x_ind\n", assess.Metadata, e, "MS-Ind", ""},
		{"no MS-Keg", "  - property: msKeg\n", "  - property: x_keg\n", assess.Metadata, e, "MS-Keg", ""},
		{"no MS-Var", "{property: msVar,", "{property: x_var,", assess.Metadata, w, "MS-Var): sebab", ""},
		{"phone without its 0", `telepon: "0227208756"`, "telepon: 227208756", assess.Metadata, e, "kehilangan angka 0", "227208756"},
		{"a person for a unit", "eselon2: Bidang Kedaruratan dan Logistik", "eselon2: Budi Santoso, S.Sos., M.Si.", assess.Metadata, e, "nama orang", "Budi"},
		{"a person without degree", "eselon2: Bidang Kedaruratan dan Logistik", "eselon2: Budi Santoso", assess.Metadata, e, "nama orang", "Budi"},
		{"schedule runs backward", "{awal: 2024-01-01, akhir: 2024-12-31}", "{awal: 2024-12-31, akhir: 2024-01-01}", assess.Metadata, e, "mulai 2024-12-31 sesudah berakhir", "awal: 2024-12-31"},
		{"type for a unit of an indicator", "satuan: kejadian, rumus", "satuan: CHARACTER, rumus", assess.Metadata, e, "CHARACTER", "satuan: CHARACTER"},
		{"formula without spaces", "jumlah seluruh luapan yang dicatat dalam satu tahun", "jumlahluapan/jumlahpenduduk*100000", assess.Metadata, w, "kehilangan spasi", "jumlahluapan/"},
		{"short purpose of the activity", "tujuan_kegiatan: Menyediakan data kejadian bencana yang dapat dibandingkan antarwilayah dan antartahun.", "tujuan_kegiatan: Mencatat.", assess.Metadata, e, "hanya 9 huruf", "tujuan_kegiatan: Mencatat."},
		{"activity of long ago", "tahun: 2024", "tahun: 2010", assess.Metadata, e, "tahun kegiatan 2010", "tahun: 2010"},
		{"number called CHARACTER", "{property: satuan, value: kejadian}]", "{property: satuan, value: kejadian}, {property: msVar, value: {tipe_data: CHARACTER}}]", assess.Metadata, e, "bertipe CHARACTER", "tipe_data: CHARACTER"},
		{"no legal basis", "  - {property: dasarHukum, value: UU 14/2008 Ps 9}\n", "", assess.Interoperability, w, "tanpa dasar hukum", ""},
		{"year in a column's name", "- name: sebab", "- name: sebab_2024", assess.Interoperability, e, "periode 2024", "name: sebab_2024"},
		{"NIK in public", "- name: sebab\n        description: Sebab utama luapan.\n        logicalType: string\n        quality: [{type: library, metric: invalidValues, mustBe: 0, arguments: {validValues: [HUJAN, ROB]}}]", "- name: nik_pelapor\n        description: Sebab utama luapan.\n        logicalType: string", assess.Interoperability, e, "data pribadi", "name: nik_pelapor"},
		{"telephone of an office", "      - name: sebab\n", "      - name: telepon\n        customProperties: [{property: elemen, value: umum.telepon}]\n      - name: sebab\n", assess.Interoperability, "", "", ""},
		{"name in public", "- name: sebab\n        description: Sebab utama luapan.\n        logicalType: string\n        quality: [{type: library, metric: invalidValues, mustBe: 0, arguments: {validValues: [HUJAN, ROB]}}]", "- name: nama_korban\n        description: Sebab utama luapan.\n        logicalType: string", assess.Interoperability, e, "data pribadi", "name: nama_korban"},
		{"name beside a NIP", "- name: sebab\n        description: Sebab utama luapan.\n        logicalType: string\n        quality: [{type: library, metric: invalidValues, mustBe: 0, arguments: {validValues: [HUJAN, ROB]}}]", "- {name: nip, description: Yang melapor., logicalType: string}\n      - name: nama\n        description: Yang melapor.\n        logicalType: string", assess.Interoperability, e, `"nama" tampak memuat data pribadi`, "name: nama"},
		{"free text for an element", "- name: sebab\n", "- name: jenis_kelamn\n", assess.Interoperability, w, "elemen bersama jenis_kelamin", "name: jenis_kelamn"},
		{"date in text", "- name: sebab\n", "- name: tanggal_lapor\n", assess.Interoperability, w, "bertipe teks", "name: tanggal_lapor"},
		{"no affair", "  - {property: bidangUrusan, value: \"1.05\"}\n", "", assess.References, w, "bidang urusan", ""},
		{"KBLI without year", "value: Wilayah administratif}", "value: KBLI}", assess.References, e, "tanpa tahun", "value: KBLI"},
		{"region without element", "- name: sebab\n", "- name: nama_kecamatan\n", assess.References, e, "kolom wilayah", "name: nama_kecamatan"},
		{"code without list", "- name: sebab\n        description: Sebab utama luapan.\n        logicalType: string\n        quality: [{type: library, metric: invalidValues, mustBe: 0, arguments: {validValues: [HUJAN, ROB]}}]", "- name: kode_sebab\n        description: Sebab utama luapan.\n        logicalType: string", assess.References, e, "tanpa daftar kode", "name: kode_sebab"},
		{"category without list", "- name: sebab\n        description: Sebab utama luapan.\n        logicalType: string\n        quality: [{type: library, metric: invalidValues, mustBe: 0, arguments: {validValues: [HUJAN, ROB]}}]", "- name: jenis_sebab\n        description: Sebab utama luapan.\n        logicalType: string", assess.References, w, "tanpa daftar nilai", "name: jenis_sebab"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			doc := sound(t)
			if !strings.Contains(doc, tt.old) {
				t.Fatalf("the sound contract does not have %q", tt.old)
			}
			doc = strings.Replace(doc, tt.old, tt.new, 1)
			r := assess.Check(parse(t, doc), nil)
			wantFinding(t, r, tt.principle, tt.severity, tt.says, lineOf(doc, tt.at))
		})
	}
}

func lineOf(doc, text string) int {
	if text == "" {
		return 0
	}
	before, _, _ := strings.Cut(doc, text)
	return strings.Count(before, "\n") + 1
}

// wantFinding wants one finding, or none when says is empty, and the verdicts that follow from it.
func wantFinding(t *testing.T, r assess.Report, principle string, severity assess.Severity, says string, line int) {
	t.Helper()
	if says == "" {
		if !r.Passed(true) {
			t.Errorf("not passed: %+v", r)
		}
		return
	}
	for _, p := range r.Principles {
		for _, f := range p.Findings {
			if p.Name != principle || f.Severity != severity || !strings.Contains(f.Say.ID, says) {
				continue
			}
			if line > 0 && f.Line != line || f.Line == 0 || f.Mend.ID == "" || f.Mend.EN == "" || f.Source == "" {
				t.Errorf("found at line %d, want %d, with a remedy and a source: %+v", f.Line, line, f)
			}
			if p.Passed(true) || p.Passed(false) != (severity == assess.Warning) || r.Score >= 100 {
				t.Errorf("verdicts: %v strictly, %v else, score %d", p.Passed(true), p.Passed(false), r.Score)
			}
			return
		}
	}
	t.Errorf("no %s %q under %s in %+v", severity, says, principle, r)
}

// TestOthers wants a concept and a title that mean something else elsewhere to be found.
func TestOthers(t *testing.T) {
	other := strings.NewReplacer("bencana.kejadian_banjir", "sosial.banjir", "- name: kejadian_banjir", "- name: banjir", "Meluapnya air", "Banjir besar").Replace(sound(t))
	r := assess.Check(parse(t, sound(t)), []*schemas.Contract{parse(t, other), parse(t, sound(t))})
	wantFinding(t, r, assess.Standard, assess.Error, `"Kejadian Banjir" didefinisikan lain di sosial.banjir`, 0)
	wantFinding(t, r, assess.Metadata, assess.Error, "judul sudah dipakai sosial.banjir", 0)
}

// TestSameRuleForAll wants the validation rule that says nothing to be found.
func TestSameRuleForAll(t *testing.T) {
	doc := sound(t)
	for _, name := range []string{"wilayah.kabupaten_kota}]", "waktu.tahun}]", "{property: satuan, value: kejadian}]"} {
		doc = strings.Replace(doc, name, strings.TrimSuffix(name, "]")+", {property: msVar, value: {aturan_validasi: HARUS TERISI}}]", 1)
	}
	doc = strings.Replace(doc, "aturan_validasi: HUJAN atau ROB", "aturan_validasi: Harus terisi", 1)
	wantFinding(t, assess.Check(parse(t, doc), nil), assess.Metadata, assess.Warning, "harus terisi", 0)
}

// TestNoKey wants a table whose rows nothing tells apart to be found.
func TestNoKey(t *testing.T) {
	doc := strings.NewReplacer("        primaryKey: true\n", "", "        primaryKeyPosition: 1\n", "", "        primaryKeyPosition: 2\n", "").Replace(sound(t))
	wantFinding(t, assess.Check(parse(t, doc), nil), assess.Interoperability, assess.Warning, "tidak ada kunci", 0)
}

func FuzzCheck(f *testing.F) {
	doc, err := os.ReadFile("testdata/lengkap.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(doc)
	f.Add([]byte(strings.Replace(string(doc), "eselon1: Badan", "1: [{2: 3}], eselon1: Badan", 1)))
	f.Fuzz(func(t *testing.T, doc []byte) {
		c, err := schemas.ParseContract("k.yaml", doc)
		if err != nil {
			return
		}
		r := assess.Check(c, []*schemas.Contract{c})
		if r.Score < 0 || r.Score > 100 || len(r.Principles) != 4 {
			t.Fatalf("report %+v", r)
		}
		for _, p := range r.Principles {
			if p.Met+len(p.Findings) != p.Asked {
				t.Fatalf("%s: %d met and %d found of %d asked", p.Name, p.Met, len(p.Findings), p.Asked)
			}
		}
	})
}
