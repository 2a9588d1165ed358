package reference_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"satudata/schemas/reference"
)

func load(t testing.TB) *reference.Registry {
	t.Helper()
	r, err := reference.Load()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func level(t testing.TB, system, level string) []reference.Entry {
	t.Helper()
	entries, err := load(t).Level(system, level)
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

func codes(entries []reference.Entry) []string {
	out := make([]string, len(entries))
	for i, e := range entries {
		out[i] = e.Code
	}
	return out
}

// TestCounts holds the lists against the counts of the decrees, as the lists of each year have them.
func TestCounts(t *testing.T) {
	for system, want := range map[string][4]int{
		"kemendagri@2018": {34, 514, 7201, 83436},
		"kemendagri@2020": {34, 514, 7230, 83449},
		"kemendagri@2022": {34, 514, 7266, 83467},
		"kemendagri@2023": {37, 514, 7277, 83763},
		"kemendagri@2025": {38, 514, 7285, 83762},
		"bps@2023":        {34, 514, 0, 0},
	} {
		for i, l := range reference.Levels() {
			if got := len(level(t, system, l)); got != want[i] {
				t.Errorf("%s has %d %s, want %d", system, got, l, want[i])
			}
		}
	}
}

// TestKinds counts kabupaten, kota, kelurahan, desa and desa adat of the decree of 2025 by their digits.
func TestKinds(t *testing.T) {
	kinds := map[string]int{}
	for _, e := range level(t, reference.Kemendagri, reference.Regency) {
		if e.Code[3] >= '7' {
			kinds["kota"]++
		} else {
			kinds["kabupaten"]++
		}
	}
	for _, e := range level(t, reference.Kemendagri, reference.Village) {
		kinds[map[byte]string{'1': "kelurahan", '2': "desa", '3': "desa adat"}[e.Code[9]]]++
	}
	for kind, want := range map[string]int{"kabupaten": 416, "kota": 98, "kelurahan": 8496, "desa": 75252, "desa adat": 14} {
		if kinds[kind] != want {
			t.Errorf("%d %s, want %d", kinds[kind], kind, want)
		}
	}
}

// TestMovement holds codes removed and added between vintages against domain.md 3.1.
func TestMovement(t *testing.T) {
	for _, tt := range []struct {
		from, to, level string
		removed, added  int
	}{
		{"kemendagri@2018", "kemendagri@2020", reference.Village, 284, 297},
		{"kemendagri@2018", "kemendagri@2020", reference.District, 0, 29},
		{"kemendagri@2020", "kemendagri@2022", reference.Village, 332, 350},
		{"kemendagri@2020", "kemendagri@2022", reference.District, 0, 36},
		{"kemendagri@2022", "kemendagri@2023", reference.Village, 4661, 4957},
		{"kemendagri@2022", "kemendagri@2023", reference.District, 462, 473},
		{"kemendagri@2022", "kemendagri@2023", reference.Regency, 20, 20},
		{"kemendagri@2022", "kemendagri@2023", reference.Province, 0, 3},
		{"kemendagri@2023", "kemendagri@2025", reference.Village, 1112, 1111},
		{"kemendagri@2023", "kemendagri@2025", reference.District, 132, 140},
		{"kemendagri@2023", "kemendagri@2025", reference.Regency, 6, 6},
		{"kemendagri@2023", "kemendagri@2025", reference.Province, 0, 1},
	} {
		older, newer := codes(level(t, tt.from, tt.level)), codes(level(t, tt.to, tt.level))
		if removed, added := missing(older, newer), missing(newer, older); removed != tt.removed || added != tt.added {
			t.Errorf("%s to %s, %s: %d removed, %d added; want %d, %d", tt.from, tt.to, tt.level, removed, added, tt.removed, tt.added)
		}
	}
}

// missing counts the codes of a that are not in b, which is sorted.
func missing(a, b []string) (n int) {
	for _, c := range a {
		if _, ok := slices.BinarySearch(b, c); !ok {
			n++
		}
	}
	return n
}

func TestLookup(t *testing.T) {
	for _, tt := range []struct{ system, code, want, name string }{
		{"kemendagri@2025", "31.71", "31.71", "Kota Administrasi Jakarta Pusat"},
		{"kemendagri@2025", "3171", "31.71", "Kota Administrasi Jakarta Pusat"},
		{"bps@2023", "3171", "3171", "KOTA JAKARTA SELATAN"},
		{"kemendagri@2025", "94", "94", "Papua Tengah"},
		{"kemendagri@2022", "91", "91", "PAPUA"},
		{"kemendagri@2018", "91", "91", "P A P U A"},
		{"kemendagri@2025", "3171011001", "31.71.01.1001", "Gambir"},
		{"kemendagri@2018", "327301", "32.73.01", "Sukasari"},
		{"kemendagri@2022", "94", "", ""},
		{"kemendagri@2025", "91.01", "", ""},
		{"kemendagri@2025", "3.171", "", ""},
		{"kemendagri@2025", "31-71", "", ""},
		{"kemendagri@2025", "31.71.", "", ""},
		{"kemendagri@2025", "", "", ""},
		{"bps@2023", "31.71", "", ""},
		{"bps@2023", "3171011001", "", ""},
		{"bps", "3171", "", ""},
		{"", "3171", "", ""},
	} {
		got, ok := load(t).Lookup(tt.system, tt.code)
		if got.Code != tt.want || got.Name != tt.name || ok != (tt.want != "") {
			t.Errorf("Lookup(%q, %q) = %+v, %v, want %q %q", tt.system, tt.code, got, ok, tt.want, tt.name)
		}
	}
}

// TestFindExplains: an answer that is refused says what is known.
func TestFindExplains(t *testing.T) {
	for _, tt := range []struct {
		system, code string
		kind         error
		want         []string
	}{
		{"", "3171", reference.ErrSystem, []string{"31.71 Kota Administrasi Jakarta Pusat", "3171 KOTA JAKARTA SELATAN", "bps@2023, kemendagri@2018"}},
		{"", "3171011001", reference.ErrSystem, []string{"31.71.01.1001 Gambir", "sebutkan sistemnya"}},
		{"kemendagri", "3171", reference.ErrSystem, []string{`"kemendagri" tidak dikenal`, "kemendagri@2025"}},
		{"bps@2023", "3171011001", reference.ErrCode, []string{"tidak memuat tingkat desa_kelurahan", "kemendagri@2018–2025: 31.71.01.1001 Gambir"}},
		{"bps@2023", "3171010", reference.ErrCode, []string{"tidak memuat tingkat kecamatan"}},
		{"bps@2023", "31.71", reference.ErrCode, []string{"bukan bentuk kode bps@2023", "Jakarta Pusat"}},
		{"kemendagri@2025", "91.01", reference.ErrCode, []string{"terakhir ada di kemendagri@2022", "93.01 Kabupaten Merauke"}},
		{"kemendagri@2018", "94", reference.ErrCode, []string{"baru ada sejak 2023", "94 PAPUA"}},
		{"kemendagri@2025", "12.19.04.2007", reference.ErrCode, []string{"Guntung", "terakhir ada di kemendagri@2018", "tanpa pengganti yang terbukti"}},
		{"kemendagri@2025", "99", reference.ErrCode, []string{"tidak ada di kemendagri@2025"}},
	} {
		_, err := load(t).Find(tt.system, tt.code)
		if !errors.Is(err, tt.kind) {
			t.Errorf("Find(%q, %q): %v, want %v", tt.system, tt.code, err, tt.kind)
			continue
		}
		for _, want := range tt.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("Find(%q, %q): %v, want %q in it", tt.system, tt.code, err, want)
			}
		}
	}
}

func TestChildren(t *testing.T) {
	for _, tt := range []struct {
		system, code string
		n            int
		first        string
	}{
		{"kemendagri@2025", "", 38, "11"},
		{"kemendagri@2025", "32", 27, "32.01"},
		{"kemendagri@2025", "3273", 30, "32.73.01"},
		{"kemendagri@2025", "32.73.01", 4, "32.73.01.1001"},
		{"kemendagri@2022", "91", 29, "91.01"},
		{"bps@2023", "94", 29, "9401"},
	} {
		got, err := load(t).Children(tt.system, tt.code)
		if err != nil || len(got) != tt.n || got[0].Code != tt.first || got[0].Parent != tt.code && !strings.HasPrefix(got[0].Parent, "32.73") {
			t.Errorf("Children(%q, %q) = %d, %v, %v, want %d from %s", tt.system, tt.code, len(got), got[:min(1, len(got))], err, tt.n, tt.first)
		}
	}
	if _, err := load(t).Children("kemendagri@2025", "91.01"); !errors.Is(err, reference.ErrCode) {
		t.Errorf("children of a code that ended: %v", err)
	}
}

func TestSearch(t *testing.T) {
	for _, tt := range []struct{ system, name, first string }{
		{"kemendagri@2025", "Jakarta Selatan", "31.74"},
		{"bps@2023", "dumai", "1473"},
		{"kemendagri@2025", "Kab. Bandung", "32.04"},
		{"kemendagri@2025", "Kota Bandung", "32.73"},
		{"kemendagri@2018", "Merauke", "91.01"},
		{"kemendagri@2025", "Gambir", "31.71.01"},
	} {
		got, err := load(t).Search(tt.system, tt.name)
		if err != nil || len(got) == 0 || got[0].Code != tt.first {
			t.Errorf("Search(%q, %q) = %v, %v, want %s first", tt.system, tt.name, got[:min(3, len(got))], err, tt.first)
		}
	}
	if got, err := load(t).Search("kemendagri@2025", "..."); err != nil || got != nil {
		t.Errorf("search for nothing: %v, %v", got, err)
	}
}

func TestNameKey(t *testing.T) {
	for _, same := range [][]string{
		{"KAB. ACEH SELATAN", "Kabupaten Aceh Selatan", "kabupaten  aceh selatan"},
		{"KOTA ADM. JAKARTA PUSAT", "Kota Administrasi Jakarta Pusat", "KOTA JAKARTA PUSAT"},
		{"KOTA D U M A I", "Kota Dumai"},
		{"KABUPATEN BANYU ASIN", "Kab. Banyuasin"},
		{"KAB. ADM. KEP. SERIBU", "KABUPATEN KEPULAUAN SERIBU"},
		{"Regapu’u", "REGAPU'U"},
		{"Daerah Istimewa Yogyakarta", "D.I. YOGYAKARTA", "DI YOGYAKARTA"},
	} {
		for _, name := range same[1:] {
			if a, b := reference.NameKey(same[0]), reference.NameKey(name); a != b {
				t.Errorf("NameKey(%q) = %s, NameKey(%q) = %s", same[0], a, name, b)
			}
		}
	}
	if reference.NameKey("Kabupaten Bogor") == reference.NameKey("Kota Bogor") {
		t.Error("a kabupaten is not a kota")
	}
}
