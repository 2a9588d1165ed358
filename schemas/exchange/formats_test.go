package exchange_test

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"satudata/schemas"
	"satudata/schemas/exchange"
)

// changed is the rich contract after an edit of its text.
func changed(t testing.TB, old, replacement string) *schemas.Contract {
	t.Helper()
	doc, err := os.ReadFile("../testdata/rich.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(doc), old) {
		t.Fatalf("the contract has no %q", old)
	}
	c, err := schemas.ParseContract("rich.yaml", []byte(strings.Replace(string(doc), old, replacement, 1)))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestActivityCodes(t *testing.T) {
	for _, tt := range []struct {
		old, new string
		want     string // in the document
	}{
		{"cara_pengumpulan_data: 3", "cara_pengumpulan_data: Pencacahan lengkap", `"cara_pengumpulan_data": "PENCACAHAN_LENGKAP"`},
		{"sektor_kegiatan: Kesehatan", "sektor_kegiatan: 18", `"sektor_kegiatan": "SEKTOR_PUBLIK_PERPAJAKAN_DAN_REGULASI_PASAR"`},
		{"sektor_kegiatan: Kesehatan", "sektor_kegiatan: \"Sektor Publik, Perpajakan, dan Regulasi Pasar\"", `"sektor_kegiatan": "SEKTOR_PUBLIK_PERPAJAKAN_DAN_REGULASI_PASAR"`},
		{"metode_pengumpulan_data: 8", "metode_pengumpulan_data: 9", `"wawancara": true`},
		{"metode_pengumpulan_data: 8", "metode_pengumpulan_data: 9", `"pengumpulan_data_sekunder": true`},
		{"metode_pengumpulan_data: 8", "metode_pengumpulan_data: 9", `"pengamatan": false`},
		{"apakah_melakukan_uji_coba: false", "apakah_melakukan_uji_coba: Ya", `"apakah_melakukan_uji_coba": true`},
		{"apakah_melakukan_uji_coba: false", "apakah_melakukan_uji_coba: 2", `"apakah_melakukan_uji_coba": false`},
		{"jadwalPemutakhiran, value: tahunan", "jadwalPemutakhiran, value: semesteran", `"frekuensi_penyelanggara": "SEMESTERAN"`},
	} {
		doc, _ := export(t, changed(t, tt.old, tt.new), "mskeg")
		if !strings.Contains(string(doc), tt.want) {
			t.Errorf("after %q: no %s in\n%s", tt.new, tt.want, doc)
		}
	}
}

func TestActivityWrong(t *testing.T) {
	for _, tt := range []struct{ format, old, new, want string }{
		{"mskeg", "cara_pengumpulan_data: 3", "cara_pengumpulan_data: 5", "PENCACAHAN_LENGKAP, SURVEI"},
		{"mskeg", "tipe_pengumpulan_data: LONGITUDINAL_CROSS_SECTIONAL", "tipe_pengumpulan_data: PANEL", "LONGITUDINAL_PANEL"},
		{"mskeg", "metode_pengumpulan_data: 8", "metode_pengumpulan_data: 32", "1 … 31"},
		{"mskeg", "instansi_penyelanggara:", "instansi_penyelenggara:", "blok_i.instansi_penyelanggara"},
		{"mskeg", "unit_analsis: {individu: true}", "unit_analisis: {individu: true}", "blok_vii.unit_analsis.individu"},
		{"mskeg", "tujuan_kegiatan:", "tujuan:", "tidak ada di INDAH v2"},
		{"mskeg", "tahun: 2025", "tahun: dua ribu", "bukan bilangan bulat"},
		{"mskeg", "apakah_melakukan_uji_coba: false", "apakah_melakukan_uji_coba: mungkin", "bukan ya atau tidak"},
		{"mskeg", `awal: "2025-01-06"`, `awal: "06/01/2025"`, "bukan tanggal"},
		{"msvar", "alias: sex", "aliass: sex", "msVar.aliass"},
		{"msind", "interpretasi:", "arti:", "msInd[0].arti"},
	} {
		var faults schemas.Faults
		if _, _, err := exchange.Export(changed(t, tt.old, tt.new), tt.format); !errors.As(err, &faults) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("after %q: %v, want %q", tt.new, err, tt.want)
		}
	}
}

func TestActivityNotes(t *testing.T) {
	for _, tt := range []struct{ format, old, new, want string }{
		{"mskeg", "judul_kegiatan: Kompilasi Layanan Kesehatan Balita", "judul_kegiatan: Balita", "kurang dari 10"},
		{"mskeg", "      tahun: 2025\n", "      tahun: 2018\n", "sebelum 2019"},
		{"mskeg", "      tahun: 2025\n", "", "Tahun Kegiatan wajib diisi"},
		{"mskeg", `akhir: "2025-02-14"`, `akhir: "2025-01-14"`, "sebelum awalnya"},
		{"mskeg", "cara_pengumpulan_data: 3", "cara_pengumpulan_data: 2", "5.1 Jenis Rancangan Sampel wajib diisi"},
		{"mskeg", "{lainnya: true, sarana_pengumpulan_lainnya: Unggahan berkas ke satudata}", "{papi: true}", "6.4 Petugas Pengumpulan Data wajib diisi"},
		{"mskeg", "{lainnya: true, sarana_pengumpulan_lainnya: Unggahan berkas ke satudata}", "{lainnya: true}", "sebutkan lainnya wajib diisi"},
		{"mskeg", "unit_pengumpulan_data: {individu: true}", "unit_pengumpulan_data: {individu: false}", "pilih paling sedikit satu"},
		{"mskeg", "{supervisi: true}", "{supervisi: true}\n        jumlah_petugas_supervisor: 3\n        jumlah_petugas_enumerator: 2", "supervisor lebih banyak"},
		{"mskeg", `        rencana_jadwal_rilis_produk_digital: ["2025-12-19"]`, "", "8.2 Rencana Rilis Digital (softcopy) wajib diisi"},
		{"msind", "        interpretasi: Semakin kecil semakin baik.\n", "", "interpretasi wajib diisi"},
		{"msind", "apakah_indikator_komposit: false", "apakah_indikator_komposit: true", "indikator_pembangun wajib diisi"},
		{"msvar", "referensi_pemilihan: [SDS Nasional], ", "", "jenis_kelamin.msVar.referensi_pemilihan"},
	} {
		if _, notes := export(t, changed(t, tt.old, tt.new), tt.format); !strings.Contains(notes, tt.want) {
			t.Errorf("after %q: no %q in\n%s", tt.new, tt.want, notes)
		}
	}
	if _, notes := export(t, parse(t, "../testdata/contract.yaml"), "msind"); !strings.Contains(notes, "tidak ada indikator") {
		t.Errorf("msind of a contract without: %s", notes)
	}
}

// TestFrictionlessBack imports what was exported: the columns come back as Table Schema can say them.
func TestFrictionlessBack(t *testing.T) {
	for _, file := range contracts(t) {
		want := parse(t, file)
		doc, _ := export(t, want, "frictionless")
		draft, notes, err := exchange.Import("frictionless", "datapackage.json", doc)
		if err != nil {
			t.Fatal(err)
		}
		var missing bool
		for _, n := range notes {
			missing = missing || strings.Contains(n.Path, "kelasAkses")
		}
		if !missing {
			t.Errorf("%s: the notes do not say that kelasAkses is missing: %v", file, notes)
		}
		filled := strings.Replace(string(draft), "customProperties:\n", "customProperties:\n  - {property: kelasAkses, value: rahasia}\n  - {property: dasarHukum, value: uji}\n", 1)
		got, err := schemas.ParseContract("draft.yaml", []byte(filled))
		if err != nil {
			t.Errorf("%s: %v\n%s", file, err, filled)
			continue
		}
		if got.Dataset != want.Dataset || got.Version != want.Version || got.Title != want.Title || got.Purpose != want.Purpose || got.Profile.Producer != want.Profile.Producer {
			t.Errorf("%s: head %q %q %q %q", file, got.Dataset, got.Version, got.Title, got.Purpose)
		}
		for i, p := range got.Properties {
			q := want.Properties[i]
			if p.Name != q.Name || p.Type.Kind != q.Type.Kind && q.Type.Kind != schemas.Decimal || p.Required != q.Required || p.Key != q.Key || p.Region() != q.Region() {
				t.Errorf("%s: column %+v, want %+v", file, p, q)
			}
			a, _ := json.Marshal(p.Check)
			b, _ := json.Marshal(q.Check)
			if strings.Trim(string(a), "()") != string(b) && q.Check.Pattern == "" {
				t.Errorf("%s: check of %s %s, want %s", file, p.Name, a, b)
			}
		}
	}
}

func TestFrictionlessForeign(t *testing.T) {
	doc, notes, err := exchange.Import("frictionless", "p.json", []byte(`{"name": "uji.sekolah", "title": "Sekolah", "version": "1.0.0", "description": "Daftar sekolah",
		"licenses": [{"name": "CC-BY-4.0"}], "resources": [{"name": "sekolah", "dialect": {"delimiter": ";"}, "schema": {"missingValues": ["-", ""], "primaryKey": "npsn",
		"foreignKeys": [{"fields": "npsn"}], "fields": [{"name": "npsn", "type": "string", "description": "Nomor", "constraints": {"pattern": "[0-9]{8}"}},
		{"name": "murid", "type": "integer", "bareNumber": false, "description": "Murid", "constraints": {"minimum": 0, "exclusiveMaximum": 9000}},
		{"name": "status", "type": "string", "description": "Status", "constraints": {"enum": ["NEGERI", "SWASTA"], "required": true}}]}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"id: uji.sekolah", "pattern: '[0-9]{8}'", "primaryKeyPosition: 1", "validValues: [NEGERI, SWASTA]", "status: draft"} {
		if !strings.Contains(string(doc), want) {
			t.Errorf("no %q in\n%s", want, doc)
		}
	}
	var all strings.Builder
	for _, n := range notes {
		all.WriteString(n.String() + "\n")
	}
	for _, want := range []string{"licenses", "resources[0].dialect", "schema.missingValues", "schema.foreignKeys", "schema.fields[1].bareNumber",
		"constraints.exclusiveMaximum", "kelasAkses", "produsenData"} {
		if !strings.Contains(all.String(), want) {
			t.Errorf("no note of %s in\n%s", want, &all)
		}
	}
	for name, broken := range map[string]string{
		"no JSON": `{`, "two documents": `{} {}`, "a list": `[]`, "no fields": `{"resources": [{"schema": {}}]}`,
		"two tables": `{"resources": [{}, {}]}`, "no name": `{"fields": [{"type": "string"}]}`, "type": `{"fields": [{"name": "a", "type": "geojson"}]}`,
	} {
		var faults schemas.Faults
		if _, _, err := exchange.Import("frictionless", "p.json", []byte(broken)); !errors.As(err, &faults) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestPages writes texts that mean something to HTML and Markdown.
func TestPages(t *testing.T) {
	const evil = `<script>alert(1)</script>|**tebal**[x](javascript:1)`
	c := changed(t, "name: Layanan kesehatan balita per kabupaten/kota", "name: '"+evil+"'")
	page, _ := export(t, c, "html")
	root, err := html.Parse(strings.NewReader(string(page)))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	var walk func(n *html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.ElementNode {
			seen[n.Data]++
			for _, a := range n.Attr {
				switch {
				case n.Data == "html" && a.Key == "lang" && a.Val == "id":
					seen["lang=id"]++
				case a.Key == "src" || a.Key == "href" || strings.HasPrefix(a.Key, "on"):
					t.Errorf("<%s %s=%q>", n.Data, a.Key, a.Val)
				case n.Data == "th" && a.Key == "scope":
					seen["scope"]++
				}
			}
		}
		for kid := n.FirstChild; kid != nil; kid = kid.NextSibling {
			walk(kid)
		}
	}
	walk(root)
	if seen["script"] > 0 || seen["lang=id"] != 1 || seen["h1"] != 1 || seen["main"] != 1 || seen["th"] == 0 || seen["th"] != seen["scope"] || seen["table"] != 3 {
		t.Errorf("page: %v", seen)
	}
	markdown, _ := export(t, c, "markdown")
	if !strings.HasPrefix(string(markdown), `# &lt;script&gt;alert(1)&lt;/script&gt;\|\*\*tebal\*\*\[x\](javascript:1)`+"\n") {
		t.Errorf("markdown: %.200s", markdown)
	}
}

// TestPatternOfOneDialect leaves out a pattern that others read otherwise.
func TestPatternOfOneDialect(t *testing.T) {
	c := changed(t, "pattern: 'P[0-9]{7}|[0-9]{11}'", `pattern: '(?i)p\pN{7}'`)
	for _, format := range []string{"frictionless", "jsonschema"} {
		doc, notes := export(t, c, format)
		if strings.Contains(string(doc), "(?i)") || !strings.Contains(notes, "RE2") {
			t.Errorf("%s: %s", format, notes)
		}
	}
}

func FuzzImport(f *testing.F) {
	book, _ := export(f, parse(f, "../testdata/contract.yaml"), "excel")
	pkg, _ := export(f, parse(f, "../testdata/contract.yaml"), "frictionless")
	f.Add("excel", book)
	f.Add("frictionless", pkg)
	f.Add("odcs", parse(f, "../testdata/contract.yaml").Document)
	f.Fuzz(func(t *testing.T, format string, data []byte) {
		doc, _, err := exchange.Import(format, "f", data)
		if err != nil || format == "frictionless" {
			return
		}
		if _, err := schemas.ParseContract("f", doc); err != nil {
			t.Errorf("%s gives an invalid contract: %v\n%s", format, err, doc)
		}
	})
}
