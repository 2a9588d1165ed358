package normalize_test

import (
	"strings"
	"testing"
)

// TestOlderCodes: codes of an older vintage land as those of today, and a region that was split since is
// rejected with what it became.
func TestOlderCodes(t *testing.T) {
	plan := compile(t,
		`- {name: desa, required: true, description: uji, customProperties: [{property: elemen, value: wilayah.desa_kelurahan}]}
- {name: kecamatan, required: true, description: uji, customProperties: [{property: elemen, value: wilayah.kecamatan}]}
- {name: kota, required: true, description: uji, customProperties: [{property: elemen, value: wilayah.kabupaten_kota}]}
`,
		`format: {type: csv}
codeSystem: kemendagri@2018
columns:
  - {to: desa, from: desa}
  - {to: kecamatan, from: kecamatan}
  - {to: kota, from: kota}
`)
	names := make([]string, len(plan.Fields))
	for i, f := range plan.Fields {
		names[i] = f.Name
	}
	if got := strings.Join(names, " "); got != "kemendagri_kode_desa_kelurahan kemendagri_nama_desa_kelurahan kemendagri_kode_kecamatan kemendagri_nama_kecamatan "+
		"kemendagri_kode_kabupaten_kota kemendagri_nama_kabupaten_kota bps_kode_kabupaten_kota bps_nama_kabupaten_kota" {
		t.Errorf("columns: %s", got)
	}
	res := run(t, plan, csvFormat, "desa,kecamatan,kota\n"+
		"91.01.01.1002,910101,9101\n"+
		"9101011002,12.19.04,91.01\n"+
		"12.19.04.2007,91.01.01,93.01\n"+
		"12.19.04,91.01,91\n", 4)
	if got, want := values(res, 0), "93.01.01.1002|Samkai|93.01.01|Merauke|93.01|Kabupaten Merauke|9401|KABUPATEN MERAUKE"; got != want {
		t.Errorf("first row %s, want %s", got, want)
	}
	for row, want := range map[int][]string{
		1: {"12.19.04 Lima Puluh, 12.19.09 Lima Puluh Pesisir, 12.19.10 Datuk Lima Puluh"},
		2: {"tidak memiliki padanan yang terbukti", "baru ada sejak 2023"},
		3: {"10 angka", "6 angka", "4 angka"},
	} {
		reasons := res.Verdicts.Reasons(row)
		if len(reasons) < len(want) {
			t.Fatalf("row %d: %+v", row, reasons)
		}
		for i, w := range want {
			if !strings.Contains(reasons[i].Say.ID, w) || reasons[i].Say.EN == "" {
				t.Errorf("row %d: %q, want %q in it", row, reasons[i].Say.ID, w)
			}
		}
	}
}
