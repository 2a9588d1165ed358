package schemas_test

import (
	"fmt"
	"strings"
	"testing"

	"satudata/schemas"
)

// evolving is a contract that has one of everything that can change.
const evolving = `apiVersion: v3.1.0
kind: DataContract
id: x.y
name: Uji
version: 1.0.0
status: active
description: {purpose: uji}
customProperties:
  - {property: produsenData, value: a}
  - {property: kelasAkses, value: internal}
  - {property: dasarHukum, value: uji}
  - {property: konsep, value: Panen}
  - {property: jadwalPemutakhiran, value: tahunan}
  - {property: modePengiriman, value: delta}
schema:
  - name: y
    properties:
      - {name: nomor, logicalType: integer, required: true, primaryKey: true, description: Nomor}
      - name: panen
        description: Hasil panen.
        logicalType: number
        physicalType: decimal(10,2)
        logicalTypeOptions: {minimum: 0, maximum: 100}
        customProperties: [{property: satuan, value: ton}, {property: aditif, value: true}]
      - {name: mutu, logicalType: string, description: Mutu, quality: [{metric: invalidValues, mustBe: 0, arguments: {validValues: [A, B]}}]}
      - {name: petani, logicalType: string, description: Petani}
      - {name: catatan, logicalType: string, description: Catatan}
    quality:
      - {type: custom, engine: satudata, name: ada, implementation: panen > 0}
`

func TestDiff(t *testing.T) {
	const note = "      - {name: catatan, logicalType: string, description: Catatan}\n"
	for _, tt := range []struct {
		name     string
		old, new string
		want     string // harm and level of the one change, and a word of what is said
	}{
		{"title", "name: Uji", "name: Ujian", " patch judul"},
		{"added", note, note + "      - {name: baru, logicalType: string, description: Baru}\n", " minor ditambah"},
		{"added, required", note, note + "      - {name: baru, logicalType: string, required: true, description: Baru}\n", "produsen major ditambah"},
		{"removed", note, "", "tabel major hilang"},
		{"renamed", "{name: catatan,", "{name: ket, customProperties: [{property: namaLama, value: catatan}],", " minor berganti nama"},
		{"renamed in a rule", "- name: panen\n        description: Hasil panen.", "- name: hasil\n        description: Hasil panen.", ""},
		{"gone under the old name of another", "      - {name: petani, logicalType: string, description: Petani}\n" + note,
			"      - {name: petani, logicalType: string, description: Petani, customProperties: [{property: namaLama, value: catatan}]}\n", "tabel major hilang"},
		{"widened", "decimal(10,2)", "decimal(12,2)", " minor dilebarkan"},
		{"narrowed type", "decimal(10,2)", "decimal(8,2)", "tabel major jenis"},
		{"required", "{name: catatan,", "{name: catatan, required: true,", "produsen major wajib"},
		{"no longer required", "required: true, primaryKey: true,", "required: true, primaryKey: true, ", ""},
		{"higher minimum", "minimum: 0", "minimum: 1", "produsen major minimum"},
		{"lower minimum", "minimum: 0", "minimum: -1", " minor minimum"},
		{"lower maximum", "maximum: 100", "maximum: 90", "produsen major maximum"},
		{"no maximum", ", maximum: 100", "", " minor maximum"},
		{"length", "{name: catatan,", "{name: catatan, logicalTypeOptions: {maxLength: 9},", "produsen major maxLength"},
		{"pattern", "{name: catatan,", "{name: catatan, logicalTypeOptions: {pattern: a},", "produsen major pola"},
		{"value gone", "[A, B]", "[A]", "produsen major tidak lagi menerima B"},
		{"value more", "[A, B]", "[A, B, C]", " minor juga menerima C"},
		{"other unit", "value: ton", "value: kuintal", "tabel major satuan"},
		{"unit stated", "description: Petani}", "description: Petani, customProperties: [{property: satuan, value: orang}]}", " patch satuan"},
		{"no longer additive", ", {property: aditif, value: true}", "", "konsumen major dijumlahkan"},
		{"element", "{name: petani,", "{name: petani, customProperties: [{property: elemen, value: umum.nama}],", "elemen"},
		{"concept", "value: Panen", "value: Hasil Panen", "konsumen major konsep"},
		{"access", "value: internal", "value: rahasia", "konsumen major kelas akses"},
		{"freer access", "value: internal", "value: publik", " minor kelas akses"},
		{"class", "{name: petani,", "{name: petani, classification: pribadi_umum,", "konsumen major klasifikasi"},
		{"delivery", "value: delta", "value: full", "produsen major cara kiriman"},
		{"schedule", "value: tahunan", "value: bulanan", " patch jadwal"},
		{"rule added", "      - {type: custom, engine: satudata, name: ada,", "      - {type: custom, engine: satudata, name: b, implementation: panen < 9}\n      - {type: custom, engine: satudata, name: ada,", "produsen major aturan b"},
		{"rule changed", "panen > 0", "panen > 1", "produsen major aturan ada"},
		{"rule dropped", "    quality:\n      - {type: custom, engine: satudata, name: ada, implementation: panen > 0}\n", "", " minor aturan ada"},
		{"key", "{name: petani,", "{name: petani, required: true, primaryKey: true, primaryKeyPosition: 2,", "tabel major kunci"},
		{"grid", "  - {property: modePengiriman, value: delta}\n", "  - {property: modePengiriman, value: delta}\n  - {property: petak, value: [{kolom: mutu}]}\n", " minor petak"},
		{"definition", "Hasil panen.", "Hasil panen kering.", " minor definisi"},
		{"order", note, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if !strings.Contains(evolving, tt.old) {
				t.Fatalf("the contract does not have %q", tt.old)
			}
			next := strings.Replace(evolving, tt.old, tt.new, 1)
			if tt.name == "renamed in a rule" {
				next = strings.NewReplacer("value: true}]", "value: true}, {property: namaLama, value: panen}]", "panen > 0", "hasil > 0").Replace(next)
				for _, c := range schemas.Diff(parse(t, evolving), parse(t, next)) {
					if c.Breaking() {
						t.Errorf("a rename breaks: %+v", c)
					}
				}
				return
			}
			if tt.name == "order" {
				next = strings.Replace(next, "      - name: panen\n", note+"      - name: panen\n", 1)
				tt.want = " patch urutan"
			}
			changes := schemas.Diff(parse(t, evolving), parse(t, next))
			if tt.want == "" && len(changes) == 0 {
				return
			}
			var got []string
			for _, c := range changes {
				if c.Line == 0 || c.Why.ID == "" || c.Say.EN == "" || c.Breaking() != (c.Needs == schemas.Major) {
					t.Errorf("change without line, reason or level: %+v", c)
				}
				level := map[schemas.Level]string{schemas.Patch: "patch", schemas.Minor: "minor", schemas.Major: "major"}[c.Needs]
				got = append(got, fmt.Sprintf("%s %s %s", c.Harm, level, c.Say.ID))
			}
			for _, g := range got {
				words := strings.SplitN(tt.want, " ", 3)
				if len(words) < 3 && strings.Contains(g, tt.want) || len(words) == 3 && strings.HasPrefix(g, words[0]+" "+words[1]+" ") && strings.Contains(g, words[2]) {
					return
				}
			}
			t.Errorf("Diff = %q, want %q", got, tt.want)
		})
	}
}

func TestRaised(t *testing.T) {
	for next, want := range map[string]schemas.Level{"1.0.0": 0, "0.9.0": 0, "1.0.1": schemas.Patch, "1.1.0": schemas.Minor, "2.0.0": schemas.Major} {
		if got := schemas.Raised(&schemas.Contract{Version: "1.0.0"}, &schemas.Contract{Version: next}); got != want {
			t.Errorf("Raised(1.0.0, %s) = %v, want %v", next, got, want)
		}
	}
}

func parse(t testing.TB, doc string) *schemas.Contract {
	t.Helper()
	c, err := schemas.ParseContract("y.yaml", []byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	return c
}
