package exchange_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"gopkg.in/yaml.v3"

	"satudata/schemas"
	"satudata/schemas/exchange"
)

// edited is the workbook of the rich contract after an edit.
func edited(t testing.TB, edit func(x *excelize.File) error) []byte {
	t.Helper()
	book, _ := export(t, parse(t, "../testdata/rich.yaml"), "excel")
	x, err := excelize.OpenReader(bytes.NewReader(book))
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	if err := edit(x); err != nil {
		t.Fatal(err)
	}
	b, err := x.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// find is the cell right of, or below the heading of, a text.
func find(t testing.TB, x *excelize.File, sheet, row, heading string) string {
	t.Helper()
	rows, err := x.GetRows(sheet)
	if err != nil {
		t.Fatal(err)
	}
	for r := range rows {
		for c := range rows[0] {
			if r > 0 && len(rows[r]) > 0 && rows[r][0] == row && rows[0][c] == heading {
				at, err := excelize.CoordinatesToCellName(c+1, r+1)
				if err != nil {
					t.Fatal(err)
				}
				return at
			}
		}
	}
	t.Fatalf("no %q, %q in %s", row, heading, sheet)
	return ""
}

func TestExcelEdit(t *testing.T) {
	for _, tt := range []struct {
		sheet, row, heading string
		value               any
		got                 func(c *schemas.Contract) any
		want                any
	}{
		{"Dataset", "Judul", "Nilai", "Judul baru", func(c *schemas.Contract) any { return c.Title }, "Judul baru"},
		{"Dataset", "Kelas akses", "Nilai", "rahasia", func(c *schemas.Contract) any { return c.Profile.Access }, "rahasia"},
		{"Dataset", "Data prioritas", "Nilai", "Tidak", func(c *schemas.Contract) any { return c.Profile.Priority }, false},
		{"Dataset", "Data prioritas", "Nilai", false, func(c *schemas.Contract) any { return c.Profile.Priority }, false},
		{"Dataset", "Ganti berdasarkan", "Nilai", "tahun", func(c *schemas.Contract) any { return len(c.Profile.Delivery.ReplaceBy) }, 1},
		{"Kolom", "prevalensi", "Maksimum", 0.1, func(c *schemas.Contract) any { return *c.Properties[6].Check.Max }, 0.1},
		{"Kolom", "prevalensi", "Maksimum", "45.5", func(c *schemas.Contract) any { return *c.Properties[6].Check.Max }, 45.5},
		{"Kolom", "kode_puskesmas", "Panjang maksimum", 12, func(c *schemas.Contract) any { return *c.Properties[8].Check.MaxLength }, 12},
		{"Standar Data", "jumlah_balita", "Satuan", "balita", func(c *schemas.Contract) any { return c.Properties[4].Unit }, "balita"},
		{"Aturan", "1", "Ungkapan", "jumlah_stunting < jumlah_balita", func(c *schemas.Contract) any { return c.Rules[0].Expression }, "jumlah_stunting < jumlah_balita"},
		{"Petak", "3", "Sampai", 2026, func(c *schemas.Contract) any { return *c.Profile.Grid[2].To }, 2026},
		{"MS-Keg", "Judul Kegiatan", "Nilai", "Kompilasi lain", func(c *schemas.Contract) any { return c.Profile.Activity["judul_kegiatan"] }, "Kompilasi lain"},
		{"MS-Var", "jenis_kelamin", "Alias", "jk", func(c *schemas.Contract) any { return c.Properties[2].Variable["alias"] }, "jk"},
		{"MS-Ind", "1", "Level estimasi", "Provinsi", func(c *schemas.Contract) any { return c.Profile.Measures[0]["level_estimasi"] }, "Provinsi"},
		{"Nilai", "cara_ukur", "Nilai", "PENGUKURAN LANGSUNG", func(c *schemas.Contract) any { return c.Properties[3].Check.Allowed[0] }, "PENGUKURAN LANGSUNG"},
	} {
		book := edited(t, func(x *excelize.File) error {
			if tt.sheet == "Nilai" { // its value is in petak too
				if err := x.SetCellValue("Petak", find(t, x, "Petak", "4", "Nilai"), "PENDATAAN"); err != nil {
					return err
				}
			}
			return x.SetCellValue(tt.sheet, find(t, x, tt.sheet, tt.row, tt.heading), tt.value)
		})
		doc, _, err := exchange.Import("excel", "k.xlsx", book)
		if err != nil {
			t.Errorf("%s %s %s: %v", tt.sheet, tt.row, tt.heading, err)
			continue
		}
		c, err := schemas.ParseContract("k.xlsx", doc)
		if err != nil {
			t.Fatal(err)
		}
		if got := tt.got(c); got != tt.want {
			t.Errorf("%s %s %s = %v, want %v", tt.sheet, tt.row, tt.heading, got, tt.want)
		}
	}
}

// TestExcelLimits keeps to what Excel takes for the texts of a drop-down list: a workbook beyond it is
// called damaged.
func TestExcelLimits(t *testing.T) {
	book, _ := export(t, parse(t, "../testdata/rich.yaml"), "excel")
	x, err := excelize.OpenReader(bytes.NewReader(book))
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	count := 0
	for _, sheet := range x.GetSheetList() {
		all, err := x.GetDataValidations(sheet)
		if err != nil {
			t.Fatal(err)
		}
		for _, dv := range all {
			count++
			for _, limit := range []struct {
				text *string
				most int
			}{{dv.PromptTitle, 32}, {dv.ErrorTitle, 32}, {dv.Prompt, 255}, {dv.Error, 225}} {
				if limit.text != nil && len([]rune(*limit.text)) > limit.most {
					t.Errorf("%s %s: %q is over %d", sheet, dv.Sqref, *limit.text, limit.most)
				}
			}
		}
	}
	if count < 100 {
		t.Errorf("%d validations", count)
	}
}

// TestExcelRows adds, moves and removes rows.
func TestExcelRows(t *testing.T) {
	book := edited(t, func(x *excelize.File) error {
		return errors.Join(
			x.SetSheetRow("Kolom", "A15", &[]any{"catatan", "Catatan", "", "string"}),
			x.SetSheetRow("Standar Data", "A15", &[]any{"catatan", "", "Catatan petugas."}),
			x.SetSheetRow("Nilai", "A4", &[]any{"catatan", "A"}),
			x.SetSheetRow("Nilai", "A5", &[]any{"catatan", "B"}),
			x.InsertRows("Aturan", 2, 1), // the extra parts of the rules below stay with them
			x.SetSheetRow("Aturan", "A2", &[]any{"9", "ada_balita", "custom", "satudata", "jumlah_balita > 0"}),
		)
	})
	doc, _, err := exchange.Import("excel", "k.xlsx", book)
	if err != nil {
		t.Fatal(err)
	}
	c, err := schemas.ParseContract("k.xlsx", doc)
	if err != nil {
		t.Fatal(err)
	}
	last := c.Properties[len(c.Properties)-1]
	if last.Name != "catatan" || last.Definition != "Catatan petugas." || cmp.Diff([]string{"A", "B"}, last.Check.Allowed) != "" {
		t.Errorf("added column: %+v", last)
	}
	if c.Rules[0].Name != "ada_balita" || c.Rules[1].Name != "stunting_bagian_balita" {
		t.Errorf("rules: %+v", c.Rules)
	}
	var tree struct {
		Schema []struct{ Quality []map[string]any }
	}
	if err := yaml.Unmarshal(doc, &tree); err != nil {
		t.Fatal(err)
	}
	if q := tree.Schema[0].Quality; q[0]["businessImpact"] != nil || q[3]["businessImpact"] != "operational" {
		t.Errorf("businessImpact moved: %v", q)
	}
}

func TestExcelBroken(t *testing.T) {
	set := func(sheet, cell string, value any) func(x *excelize.File) error {
		return func(x *excelize.File) error { return x.SetCellValue(sheet, cell, value) }
	}
	for _, tt := range []struct {
		name string
		edit func(x *excelize.File) error
		want []string // parts of one line
	}{
		{"access class", func(x *excelize.File) error {
			return x.SetCellValue("Dataset", find(t, x, "Dataset", "Kelas akses", "Nilai"), "umum")
		}, []string{"Dataset!B20", "kelasAkses", "publik"}},
		{"missing value", func(x *excelize.File) error {
			return x.SetCellValue("Dataset", find(t, x, "Dataset", "Kelas akses", "Nilai"), "")
		}, []string{"Dataset!B20", "kelas akses wajib"}},
		{"key of a form", set("Dataset", "D5", "nama"), []string{"Dataset!D5", `"nama"`}},
		{"yes or no", set("Kolom", "F3", "mungkin"), []string{"Kolom!F3", "mungkin", "ya, tidak"}},
		{"bound without a type", set("Kolom", "I6", 900), []string{"Kolom!I6", "batas tanpa Jenis"}},
		{"decimal comma", set("Kolom", "I8", "1,5"), []string{"Kolom!I8", "1,5", "1500.5"}},
		{"whole number", set("Kolom", "H2", 1.5), []string{"Kolom!H2", "bilangan bulat"}},
		{"unknown element", set("Kolom", "C3", "waktu.tahunn"), []string{"Kolom!C3", "waktu.tahun?"}},
		{"unknown type", set("Kolom", "D5", "teks"), []string{"Kolom!D5", "teks"}},
		{"bad name", set("Kolom", "A14", "Dimuat"), []string{"Standar Data!A14", "dimuat", "lembar Kolom"}},
		{"name twice", set("Kolom", "A3", "kabupaten_kota"), []string{"Kolom!A3", "Kolom!A2"}},
		{"no name", set("Kolom", "A3", ""), []string{"Kolom!A3", "Nama kosong"}},
		{"heading", set("Kolom", "C1", "Elemennya"), []string{"Kolom!C1", "Elemennya", "Elemen"}},
		{"heading twice", set("Kolom", "C1", "Judul"), []string{"Kolom!C1", "ada dua"}},
		{"text beside the table", set("Kolom", "Z4", "catatan saya"), []string{"Kolom!Z4", "tanpa judul"}},
		{"rule", set("Aturan", "E2", "jumlah_stunting <="), []string{"Aturan!E2", "implementation"}},
		{"rule with an alias", set("Aturan", "E2", "{a: &x 1, b: *x}"), []string{"Aturan!E2", "&"}},
		{"rule number twice", set("Aturan", "A3", "1"), []string{"Aturan!A3", "Aturan!A2"}},
		{"row without content", set("Petak", "A6", "7"), []string{"Petak!A6", "baris tanpa isi"}},
		{"column of a grid", set("Petak", "B4", "thn"), []string{"Petak!B4", "thn"}},
		{"value of an unknown column", set("Nilai", "A2", "cara"), []string{"Nilai!A2", "cara"}},
		{"empty value", set("Nilai", "B2", ""), []string{"Nilai!B2", "nilai kosong"}},
		{"path", set("Lainnya", "A2", "schema["), []string{"Lainnya!A2", "schema["}},
		{"path of an unknown column", set("Lainnya", "A2", "schema[1].properties[tiada].tags[1]"), []string{"Lainnya!", "tiada"}},
		{"path of an unknown rule", set("Lainnya", "A2", "schema[1].quality[8].dimension"), []string{"Lainnya!", "8", "Aturan"}},
		{"path that is said", set("Lainnya", "A2", "name"), []string{"Lainnya!", "Dataset!B5"}},
		{"kind", set("Lainnya", "B2", "angka"), []string{"Lainnya!B2", "angka", "bilangan"}},
		{"unknown key", set("Lainnya", "A2", "stattus"), []string{"Lainnya!C2", "stattus"}},
		{"two ways of metadata", func(x *excelize.File) error {
			return x.SetCellValue("Dataset", find(t, x, "Dataset", "Kode MS-Keg", "Nilai"), "V-1")
		}, []string{"MS-Keg!B2", "Dataset!B34"}},
		{"sheet", func(x *excelize.File) error { _, err := x.NewSheet("Aturann"); return err }, []string{"Aturann", "lembar tidak dikenal"}},
		{"no columns", func(x *excelize.File) error { return x.DeleteSheet("Kolom") }, []string{"Kolom", "lembar tidak ada"}},
	} {
		_, _, err := exchange.Import("excel", "k.xlsx", edited(t, tt.edit))
		var faults schemas.Faults
		if !errors.As(err, &faults) {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		found := false
		for line := range strings.Lines(faults.Error()) {
			all := strings.HasPrefix(line, "k.xlsx: ")
			for _, part := range tt.want {
				all = all && strings.Contains(line, part)
			}
			found = found || all
		}
		if !found {
			t.Errorf("%s: no line has %q:\n%v", tt.name, tt.want, faults)
		}
	}
	var faults schemas.Faults
	if _, _, err := exchange.Import("excel", "k.xlsx", []byte("PK\x03\x04")); !errors.As(err, &faults) {
		t.Errorf("no workbook: %v", err)
	}
}

// TestExcelGenerated takes contracts with whatever ODCS lets stand in them through a workbook.
func TestExcelGenerated(t *testing.T) {
	for seed := range uint64(60) {
		g := generator{rand.New(rand.NewPCG(seed, 7))}
		doc, err := json.Marshal(g.contract()) // which is YAML, once its control characters are escaped
		if err != nil {
			t.Fatal(err)
		}
		doc = []byte(strings.NewReplacer("\x7f", `\u007f`, "\u0085", `\u0085`).Replace(string(doc)))
		c, err := schemas.ParseContract("g.yaml", doc)
		if err != nil {
			t.Fatalf("seed %d: %s", seed, start(err.Error()))
		}
		want, _ := export(t, c, "odcs")
		book, _ := export(t, c, "excel")
		got, _, err := exchange.Import("excel", "g.xlsx", book)
		if err != nil {
			t.Fatalf("seed %d: %s", seed, start(err.Error()))
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Fatalf("seed %d (-want +got):\n%s", seed, start(diff))
		}
		back, err := schemas.ParseContract("g.yaml", got)
		if err != nil {
			t.Fatalf("seed %d: %s", seed, start(err.Error()))
		}
		same(t, c, back)
	}
}

// start is as much of a message as can be read.
func start(message string) string {
	if all := []rune(message); len(all) > 300 {
		return string(all[:300]) + " …"
	}
	return message
}

// generator makes contracts.
type generator struct{ *rand.Rand }

// text is a text that is hard on cells or YAML.
func (g generator) text() string {
	parts := []string{"a", "Kab. Bogor", " ", "\n", "\t", "\r\n", "; ", ":", "- ", "#", "'", `"`, `\`, "=1+1", "@", "_x000D_", "0123", "1.02", "1e3", "ya", "true",
		"null", "~", "2024-01-01", "é", "日本", "\u00a0", "\u200b", "\U0001F600", "\x01", "\x7f", "\u0085", "\u2028", "&lt;<b>", "[x].y", "{", "}", "|", ">", "%"}
	var b strings.Builder
	for range g.IntN(6) {
		b.WriteString(parts[g.IntN(len(parts))])
	}
	return b.String()
}

// said is a text that is not blank.
func (g generator) said() string { return "x" + g.text() + "y" }

// long is a text, now and then one that no cell takes.
func (g generator) long() string {
	s := g.said()
	if g.IntN(8) == 0 {
		s = strings.Repeat(s, 40_000/len([]rune(s)))
	}
	return s
}

// value is anything that YAML holds.
func (g generator) value(depth int) any {
	kinds := 9
	if depth > 2 {
		kinds = 7
	}
	switch g.IntN(kinds) {
	case 0:
		return g.IntN(1000) - 500
	case 1:
		return float64(g.IntN(1000)) / 8
	case 2:
		return g.IntN(2) == 0
	case 3:
		return nil
	case 4:
		return []any{}
	case 5:
		return map[string]any{}
	case 7:
		var out []any
		for range 1 + g.IntN(3) {
			out = append(out, g.value(depth+1))
		}
		return out
	case 8:
		out := map[string]any{}
		for range 1 + g.IntN(3) {
			out[g.text()] = g.value(depth + 1)
		}
		return out
	}
	return g.text()
}

func (g generator) customs(known map[string]any) []any {
	out := []any{}
	for _, name := range slices.Sorted(maps.Keys(known)) {
		out = append(out, map[string]any{"property": name, "value": known[name]})
	}
	for i := range g.IntN(3) {
		v := g.value(0)
		if v == nil {
			v = "ada"
		}
		out = append(out, map[string]any{"property": fmt.Sprintf("x_%d%s", i, g.text()), "value": v, "description": g.text()})
	}
	return out
}

func (g generator) contract() map[string]any {
	var properties []any
	for i := range 1 + g.IntN(4) {
		p := map[string]any{"name": fmt.Sprintf("kolom_%d", i), "description": g.said(), "logicalType": "string", "businessName": g.text(),
			"required": g.IntN(2) == 0, "tags": []any{g.text()}, "transformLogic": g.text(),
			"customProperties": g.customs(map[string]any{"konsep": g.text(), "satuan": g.text(), "msVar": map[string]any{"alias": g.text(), g.text(): g.value(0)}})}
		if g.IntN(2) == 0 {
			p["quality"] = []any{map[string]any{"type": "library", "metric": "invalidValues", "mustBe": 0,
				"arguments": map[string]any{"validValues": []any{"A" + g.text(), "B" + g.text()}}}}
		}
		if g.IntN(3) == 0 {
			p["logicalType"], p["logicalTypeOptions"] = "integer", map[string]any{"minimum": g.IntN(9), "maximum": 9 + float64(g.IntN(9))/7}
			delete(p, "quality")
		}
		properties = append(properties, p)
	}
	quality := []any{map[string]any{"type": "text", "description": g.text(), "dimension": g.pick("accuracy", "completeness", "coverage"), g.pick("method", "businessImpact"): g.text()},
		map[string]any{"type": "custom", "engine": "satudata", "name": "ada", "implementation": "kolom_0 is not null", "tags": []any{g.text(), g.text()}}}
	return map[string]any{"apiVersion": "v3.1.0", "kind": "DataContract", "id": "uji.acak", "name": g.said(), "version": "1.0.0", "status": "draft", "tenant": g.text(),
		"description": map[string]any{"purpose": g.said(), "limitations": g.text()}, "tags": []any{g.text(), g.text()},
		"servers": []any{map[string]any{"server": g.text(), "type": "custom", "port": g.IntN(9999), "path": g.text(), "customProperties": g.customs(nil)}},
		"customProperties": g.customs(map[string]any{"produsenData": "opd", "kelasAkses": "publik", "dasarHukum": g.text(),
			"x_panjang": g.long(), "msKeg": map[string]any{"judul_kegiatan": g.text(), "name": g.value(1), g.text(): g.value(0)}, "msInd": []any{"K-1", map[string]any{"nama": g.text(), "konsep": g.value(1)}}}),
		"schema": []any{map[string]any{"name": "acak", "properties": properties, "quality": quality}}}
}

func (g generator) pick(words ...string) string { return words[g.IntN(len(words))] }
