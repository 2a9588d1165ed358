package schemas_test

import (
	"strings"
	"testing"

	"satudata/schemas"
)

func table(t testing.TB, level, system string) *schemas.CodeTable {
	t.Helper()
	table, err := reference(t).Table(level, system)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestLookup(t *testing.T) {
	for _, tt := range []struct{ level, system, code, want string }{
		{"kabupaten_kota", "bps@2023", "3171", "31.74"},
		{"kabupaten_kota", "kemendagri@2025", "31.71", "31.71"},
		{"kabupaten_kota", "kemendagri@2025", "3171", "31.71"},
		{"kabupaten_kota", "bps@2023", "1101", "11.09"},
		{"kabupaten_kota", "bps@2023", "1673", "16.72"},
		{"kabupaten_kota", "bps@2023", "31.71", ""},
		{"kabupaten_kota", "bps@2023", "3179", ""},
		{"kabupaten_kota", "kemendagri@2025", "32", ""},
		{"kabupaten_kota", "kemendagri@2025", "91.01", ""},
		{"kabupaten_kota", "kemendagri@2022", "91.01", "93.01"},
		{"kecamatan", "kemendagri@2018", "12.19.04", ""},
		{"provinsi", "kemendagri@2022", "91", ""},
		{"provinsi", "bps@2023", "32", "32"},
		{"provinsi", "bps@2023", "94", ""},
		{"provinsi", "bps@2023", "91", ""},
		{"provinsi", "kemendagri@2025", "94", "94"},
		{"provinsi", "kemendagri@2025", "", ""},
	} {
		got, ok := table(t, tt.level, tt.system).Lookup(tt.code)
		if got.KemendagriCode != tt.want || ok != (tt.want != "") {
			t.Errorf("%s %s Lookup(%q) = %v, %v, want %q", tt.level, tt.system, tt.code, got, ok, tt.want)
		}
	}
}

// TestRegion: a region carries both systems where BPS has it, and Kemendagri only where it has not.
func TestRegion(t *testing.T) {
	for _, tt := range []struct {
		level, system, code string
		want                schemas.Region
	}{
		{"provinsi", "kemendagri@2025", "31", schemas.Region{"31", "Daerah Khusus Ibukota Jakarta", "31", "DKI JAKARTA"}},
		{"provinsi", "kemendagri@2025", "94", schemas.Region{KemendagriCode: "94", KemendagriName: "Papua Tengah"}},
		{"kabupaten_kota", "bps@2023", "3171", schemas.Region{"31.74", "Kota Administrasi Jakarta Selatan", "3171", "KOTA JAKARTA SELATAN"}},
		{"kabupaten_kota", "kemendagri@2018", "9101", schemas.Region{"93.01", "Kabupaten Merauke", "9401", "KABUPATEN MERAUKE"}},
		{"kabupaten_kota", "kemendagri@2023", "92.71", schemas.Region{"96.71", "Kota Sorong", "9171", "KOTA SORONG"}},
		{"kecamatan", "kemendagri@2025", "327301", schemas.Region{KemendagriCode: "32.73.01", KemendagriName: "Sukasari"}},
		{"desa_kelurahan", "kemendagri@2018", "91.01.01.1002", schemas.Region{KemendagriCode: "93.01.01.1002", KemendagriName: "Samkai"}},
	} {
		if got, ok := table(t, tt.level, tt.system).Lookup(tt.code); !ok || got != tt.want {
			t.Errorf("%s %s Lookup(%q) = %v, %v, want %v", tt.level, tt.system, tt.code, got, ok, tt.want)
		}
	}
}

func TestRegions(t *testing.T) {
	for _, tt := range []struct {
		level, system string
		n             int
	}{
		{"provinsi", "kemendagri@2025", 38},
		{"provinsi", "bps@2023", 32}, // two on Papua are several provinces today
		{"provinsi", "kemendagri@2022", 32},
		{"kabupaten_kota", "kemendagri@2018", 514},
		{"kabupaten_kota", "bps@2023", 514},
		{"kecamatan", "kemendagri@2025", 7285},
	} {
		regions := table(t, tt.level, tt.system).Regions()
		if len(regions) != tt.n || regions[0].KemendagriName == "" {
			t.Errorf("%s of %s: %d regions, want %d", tt.level, tt.system, len(regions), tt.n)
		}
	}
}

func TestExplain(t *testing.T) {
	for _, tt := range []struct{ level, system, code, want string }{
		{"provinsi", "bps@2023", "94", "91 Papua, 93 Papua Selatan, 94 Papua Tengah, 95 Papua Pegunungan"},
		{"provinsi", "bps@2023", "91", "92 Papua Barat, 96 Papua Barat Daya"},
		{"kabupaten_kota", "bps@2023", "31.74", "Kota Administrasi Jakarta Selatan"},
		{"kabupaten_kota", "kemendagri@2025", "9108", "KABUPATEN RAJA AMPAT"},
		{"kabupaten_kota", "kemendagri@2025", "99.99", "tidak ada di kemendagri@2025"},
		{"kabupaten_kota", "kemendagri@2025", "32", "adalah provinsi, bukan kabupaten_kota"},
		{"kabupaten_kota", "kemendagri@2025", "91.01", "terakhir ada di kemendagri@2022, lalu menjadi 93.01 Kabupaten Merauke"},
		{"kabupaten_kota", "kemendagri@2018", "93.01", "baru ada sejak 2023"},
		{"provinsi", "kemendagri@2022", "91", "91 Papua, 93 Papua Selatan, 94 Papua Tengah, 95 Papua Pegunungan"},
		{"kecamatan", "kemendagri@2018", "12.19.04", "12.19.04 Lima Puluh, 12.19.09 Lima Puluh Pesisir, 12.19.10 Datuk Lima Puluh"},
	} {
		if got := table(t, tt.level, tt.system).Explain(tt.code); !strings.Contains(got.ID, tt.want) || got.EN == "" {
			t.Errorf("Explain(%q) = %v, want %q", tt.code, got, tt.want)
		}
	}
}

func TestUnknownSystem(t *testing.T) {
	ref := reference(t)
	if _, err := ref.Table("kabupaten_kota", "bps"); err == nil || !strings.Contains(err.Error(), "bps@2023 or kemendagri@2018 or") {
		t.Errorf("unknown system: %v", err)
	}
	if _, err := ref.Table("kecamatan", "bps@2023"); err == nil || !strings.Contains(err.Error(), "kemendagri@2018 or") || strings.Contains(err.Error(), "or bps") {
		t.Errorf("level that a system does not have: %v", err)
	}
	if _, err := ref.Table("desa", "bps@2023"); err == nil || !strings.Contains(err.Error(), "kabupaten_kota") {
		t.Errorf("unknown level: %v", err)
	}
}

func BenchmarkCodeTable(b *testing.B) {
	for _, tt := range []struct{ level, system, code string }{
		{"kabupaten_kota", "bps@2023", "3171"},
		{"kabupaten_kota", "kemendagri@2025", "3171"},
		{"desa_kelurahan", "kemendagri@2025", "3273011001"},
		{"desa_kelurahan", "kemendagri@2018", "91.01.01.1002"},
	} {
		b.Run(tt.level+"/"+tt.system, func(b *testing.B) {
			codes := table(b, tt.level, tt.system)
			for b.Loop() {
				if _, ok := codes.Lookup(tt.code); !ok {
					b.Fatal(tt.code)
				}
			}
		})
	}
}
