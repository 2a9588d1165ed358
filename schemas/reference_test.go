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

// TestRegenciesRoundTrip goes from each of the 514 to the other system and back.
func TestRegenciesRoundTrip(t *testing.T) {
	kemendagri, bps := table(t, "kabupaten_kota", "kemendagri@2025"), table(t, "kabupaten_kota", "bps@2023")
	if n, m := len(kemendagri.Regions()), len(bps.Regions()); n != 514 || m != 514 {
		t.Fatalf("%d and %d kabupaten/kota, want 514", n, m)
	}
	for _, r := range kemendagri.Regions() {
		there, ok := kemendagri.Lookup(r.KemendagriCode)
		back, ok2 := bps.Lookup(there.BPSCode)
		undotted, ok3 := kemendagri.Lookup(strings.ReplaceAll(r.KemendagriCode, ".", ""))
		if !ok || !ok2 || !ok3 || back != r || undotted != r {
			t.Errorf("%v: there %v %v, back %v %v, undotted %v %v", r, there, ok, back, ok2, undotted, ok3)
		}
		if len(r.KemendagriCode) != 5 || r.KemendagriCode[2] != '.' || len(r.BPSCode) != 4 || r.KemendagriName == "" || r.BPSName == "" {
			t.Errorf("region is not complete: %+v", r)
		}
	}
}

// TestSameDigits counts the trap that makes a declared system necessary.
func TestSameDigits(t *testing.T) {
	kemendagri, bps := table(t, "kabupaten_kota", "kemendagri@2025"), table(t, "kabupaten_kota", "bps@2023")
	same, other, none := 0, 0, 0
	for _, r := range bps.Regions() {
		switch k, ok := kemendagri.Lookup(r.BPSCode); {
		case !ok:
			none++
		case k == r:
			same++
		default:
			other++
		}
	}
	if same != 315 || other != 164 || none != 35 {
		t.Errorf("same place %d, other place %d, unused %d; want 315, 164, 35", same, other, none)
	}
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

// TestProvinces: 38 provinces, of which the six on Papua have no BPS code of their own.
func TestProvinces(t *testing.T) {
	kemendagri, bps := table(t, "provinsi", "kemendagri@2025"), table(t, "provinsi", "bps@2023")
	if n, m := len(kemendagri.Regions()), len(bps.Regions()); n != 38 || m != 32 {
		t.Fatalf("%d and %d provinces, want 38 and 32", n, m)
	}
	for _, r := range kemendagri.Regions() {
		if papua := r.KemendagriCode[0] == '9'; papua != (r.BPSCode == "") || papua != (r.BPSName == "") {
			t.Errorf("province %+v", r)
		}
	}
	if r, _ := kemendagri.Lookup("31"); r.BPSCode != "31" || r.BPSName != "DKI JAKARTA" || r.KemendagriName != "Daerah Khusus Ibukota Jakarta" {
		t.Errorf("province 31 = %+v", r)
	}
}

func TestExplain(t *testing.T) {
	for _, tt := range []struct{ level, system, code, want string }{
		{"provinsi", "bps@2023", "94", "91 Papua, 93 Papua Selatan, 94 Papua Tengah, 95 Papua Pegunungan"},
		{"provinsi", "bps@2023", "91", "92 Papua Barat, 96 Papua Barat Daya"},
		{"kabupaten_kota", "bps@2023", "31.74", "Kota Administrasi Jakarta Selatan"},
		{"kabupaten_kota", "kemendagri@2025", "9108", "KABUPATEN RAJA AMPAT"},
		{"kabupaten_kota", "kemendagri@2025", "99.99", "tidak ada di daftar"},
	} {
		if got := table(t, tt.level, tt.system).Explain(tt.code); !strings.Contains(got.ID, tt.want) || got.EN == "" {
			t.Errorf("Explain(%q) = %v, want %q", tt.code, got, tt.want)
		}
	}
}

func TestUnknownSystem(t *testing.T) {
	ref := reference(t)
	if _, err := ref.Table("kabupaten_kota", "bps"); err == nil || !strings.Contains(err.Error(), "bps@2023 or kemendagri@2025") {
		t.Errorf("unknown system: %v", err)
	}
	if _, err := ref.Table("desa", "bps@2023"); err == nil || !strings.Contains(err.Error(), "kabupaten_kota") {
		t.Errorf("unknown level: %v", err)
	}
}
