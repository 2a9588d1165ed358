package schemas_test

import (
	"strings"
	"testing"

	"satudata/schemas"
)

const succession = `
apiVersion: v3.1.0
kind: DataContract
id: x.y
name: Uji
version: 1.0.0
status: active
domain: x
description: {purpose: uji}
customProperties:
  - {property: produsenData, value: a}
  - {property: kelasAkses, value: publik}
  - {property: dasarHukum, value: uji}
  - {property: jadwalPemutakhiran, value: tahunan}
  - {property: modePengiriman, value: delta}
schema:
  - name: y
    physicalType: table
    logicalType: object
    properties:
      - {name: nomor, logicalType: integer, required: true, primaryKey: true, primaryKeyPosition: 1, description: Nomor}
      - {name: nilai, logicalType: number, physicalType: "decimal(10,2)", description: Nilai}
      - {name: catatan, logicalType: string, description: Catatan}
`

func TestCheckSuccessor(t *testing.T) {
	const note = "      - {name: catatan, logicalType: string, description: Catatan}\n"
	for _, tt := range []struct {
		name     string
		old, new string // what of the contract changes
		says     string // "" for a version that tables can follow
	}{
		{"the same", "", "", ""},
		{"added", note, note + "      - {name: baru, logicalType: string, description: Baru}\n", ""},
		{"renamed", "{name: catatan, logicalType: string,", "{name: keterangan, logicalType: string, customProperties: [{property: namaLama, value: catatan}],", ""},
		{"widened", "decimal(10,2)", "decimal(18,2)", ""},
		{"narrowed", "decimal(10,2)", "decimal(8,2)", "nilai"},
		{"rescaled", "decimal(10,2)", "decimal(18,4)", "nilai"},
		{"dropped", note, "", "catatan"},
		{"retyped", "{name: catatan, logicalType: string", "{name: catatan, logicalType: integer", "catatan"},
		{"another key", note, "      - {name: catatan, logicalType: string, required: true, primaryKey: true, primaryKeyPosition: 2, description: Catatan}\n", "kunci"},
		{"another major version", "version: 1.0.0", "version: 2.0.0", "mayor"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			parse := func(text string) *schemas.Contract {
				c, err := schemas.ParseContract("y.yaml", []byte(text))
				if err != nil {
					t.Fatal(err)
				}
				return c
			}
			next := strings.Replace(succession, "version: 1.0.0", "version: 1.1.0", 1)
			if strings.HasPrefix(tt.old, "version") {
				next = succession
			}
			next = strings.Replace(next, tt.old, tt.new, 1)
			err := schemas.CheckSuccessor(parse(succession), parse(next))
			switch {
			case tt.says == "" && err != nil:
				t.Errorf("refused: %v", err)
			case tt.says != "" && (err == nil || !strings.Contains(err.Error(), tt.says)):
				t.Errorf("says %v, want a fault about %s", err, tt.says)
			}
		})
	}
}

func TestCompareVersions(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{{"1.2.0", "1.10.0", -1}, {"2.0.0", "1.9.9", 1}, {"1.0.0", "1.0.0", 0}, {"lain", "0.0.1", -1}} {
		got := schemas.CompareVersions(tt.a, tt.b)
		if got < 0 != (tt.want < 0) || got > 0 != (tt.want > 0) {
			t.Errorf("CompareVersions(%q, %q) = %d, want the sign of %d", tt.a, tt.b, got, tt.want)
		}
	}
}
